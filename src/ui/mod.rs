//! Floor 7: the window: theme, widgets, views. Draws state, sends commands.
