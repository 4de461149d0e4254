//! Floor 6: the brain of the window: state, commands, effects. No pixel, no thread, no file.
