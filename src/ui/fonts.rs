//! Fonts: egui's bundled ones first, then whatever the system has for the script. A glyph nobody has is a box.

/// Prepares fonts once.
pub(super) fn install(ctx: &egui::Context) {
    ctx.set_missing_glyph_policy(egui::epaint::text::MissingGlyphPolicy::Tofu);
}
