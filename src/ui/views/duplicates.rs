//! The Duplicates station.

use crate::ui::{Outbox, ViewContext};

/// Draws the station.
pub(in crate::ui) fn show(ui: &mut egui::Ui, context: ViewContext<'_>, out: &mut Outbox) {
    let _ = (context, out);
    ui.label("Duplicates");
}
