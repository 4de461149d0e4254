//! The compare overlay.

use crate::ui::{Outbox, ViewContext};

/// Draws the overlay in place of the station.
pub(in crate::ui) fn show(ui: &mut egui::Ui, context: ViewContext<'_>, out: &mut Outbox) {
    let _ = (context, out);
    ui.label("Compare");
}
