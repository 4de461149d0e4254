//! Floor 7: the window: theme, widgets, views. Draws state, sends commands; decides nothing.

mod fonts;
mod images;
mod input;
mod launch;
mod overlays;
mod preferences;
mod shell;
#[cfg(test)]
mod testing;
mod text_order;
mod theme;
mod views;
mod widgets;

pub use images::{Images, Picture};
pub use launch::{Launch, describe_renderer, run};
pub use shell::LookalikeApp;
pub use theme::{Palette, Theme};

use crate::app::{AppState, Command, Keymap};

/// The narrow, read-only ground of every view: state to draw, and what drawing needs.
#[derive(Clone, Copy)]
pub struct ViewContext<'a> {
    /// Everything the window knows.
    pub app: &'a AppState,
    /// Colours, spacing, text styles; nothing else may name a colour.
    pub theme: &'a Theme,
    /// Pictures, decoded off this thread.
    pub images: &'a Images,
    /// Keys in force, for keycaps.
    pub keymap: &'a Keymap,
}

/// Where a view puts the commands that clicks and keys become; applied after the frame is drawn.
pub type Outbox = Vec<Command>;
