//! Colours, spacing and text sizes, light and dark, from assets/theme.ron. Nothing else in ui/ names a colour.

use egui::Color32;
use serde::Deserialize;

use crate::review::Verdict;

/// The colours of one theme, as `#rrggbb` in the file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PaletteSpec {
    window: String,
    panel: String,
    card: String,
    card_hover: String,
    outline: String,
    text: String,
    text_weak: String,
    accent: String,
    on_accent: String,
    same: String,
    different: String,
    variant: String,
    unsure: String,
    warning: String,
    error: String,
    success: String,
    focus: String,
    picture_ground: String,
    rail: String,
}

/// The colours of one theme.
#[derive(Clone, Copy, Debug)]
pub struct Palette {
    /// Behind everything.
    pub window: Color32,
    /// Bars and side panels.
    pub panel: Color32,
    /// Cards and rows.
    pub card: Color32,
    /// A card or row under the pointer or selected.
    pub card_hover: Color32,
    /// Lines and borders, 3:1 against panels.
    pub outline: Color32,
    /// Text, 4.5:1 on every ground.
    pub text: Color32,
    /// Secondary text, 4.5:1 too.
    pub text_weak: Color32,
    /// Selection and primary buttons.
    pub accent: Color32,
    /// Text on the accent.
    pub on_accent: Color32,
    /// Verdict same.
    pub same: Color32,
    /// Verdict different.
    pub different: Color32,
    /// Verdict variant.
    pub variant: Color32,
    /// Verdict unsure.
    pub unsure: Color32,
    /// Warnings and flags.
    pub warning: Color32,
    /// Errors.
    pub error: Color32,
    /// Success.
    pub success: Color32,
    /// The keyboard cursor.
    pub focus: Color32,
    /// Behind pictures.
    pub picture_ground: Color32,
    /// Rails of sliders and progress bars.
    pub rail: Color32,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ThemeFile {
    light: PaletteSpec,
    dark: PaletteSpec,
    spacing: f32,
    text_size: f32,
    small_text_size: f32,
    heading_size: f32,
    corner_radius: u8,
    target_size: f32,
}

/// Everything views need to look alike.
#[derive(Clone, Debug)]
pub struct Theme {
    /// The colours in force.
    pub palette: Palette,
    /// Whether the dark palette is in force.
    pub dark: bool,
    /// The unit of spacing, points.
    pub spacing: f32,
    /// Body text, points.
    pub text_size: f32,
    /// Secondary text, points.
    pub small_text_size: f32,
    /// Headings, points.
    pub heading_size: f32,
    /// Corner radius of cards and buttons, points.
    pub corner_radius: u8,
    /// Smallest side of anything clickable, points.
    pub target_size: f32,
}

fn colour(spec: &str) -> Color32 {
    Color32::from_hex(spec).unwrap_or(Color32::PLACEHOLDER)
}

impl From<&PaletteSpec> for Palette {
    fn from(spec: &PaletteSpec) -> Self {
        Self {
            window: colour(&spec.window),
            panel: colour(&spec.panel),
            card: colour(&spec.card),
            card_hover: colour(&spec.card_hover),
            outline: colour(&spec.outline),
            text: colour(&spec.text),
            text_weak: colour(&spec.text_weak),
            accent: colour(&spec.accent),
            on_accent: colour(&spec.on_accent),
            same: colour(&spec.same),
            different: colour(&spec.different),
            variant: colour(&spec.variant),
            unsure: colour(&spec.unsure),
            warning: colour(&spec.warning),
            error: colour(&spec.error),
            success: colour(&spec.success),
            focus: colour(&spec.focus),
            picture_ground: colour(&spec.picture_ground),
            rail: colour(&spec.rail),
        }
    }
}

impl Theme {
    /// The theme of this program, dark or light.
    ///
    /// # Panics
    /// When the embedded assets/theme.ron is malformed, which a test excludes.
    #[allow(clippy::missing_panics_doc, reason = "documented")]
    pub fn load(dark: bool) -> Self {
        let file: ThemeFile = match ron::from_str(include_str!("../../assets/theme.ron")) {
            Ok(file) => file,
            Err(error) => panic!("assets/theme.ron: {error}"),
        };
        Self {
            palette: Palette::from(if dark { &file.dark } else { &file.light }),
            dark,
            spacing: file.spacing,
            text_size: file.text_size,
            small_text_size: file.small_text_size,
            heading_size: file.heading_size,
            corner_radius: file.corner_radius,
            target_size: file.target_size,
        }
    }

    /// Colour of a verdict; always shown with its letter and shape too.
    pub fn verdict_colour(&self, verdict: Verdict) -> Color32 {
        match verdict {
            Verdict::Same => self.palette.same,
            Verdict::Different => self.palette.different,
            Verdict::Variant => self.palette.variant,
            Verdict::Unsure => self.palette.unsure,
        }
    }

    /// Puts the theme into egui: visuals, spacing, text styles (scaled by `text_scale`).
    pub fn install(&self, ctx: &egui::Context, text_scale: f32) {
        use egui::{FontFamily, FontId, Stroke, TextStyle};
        let palette = self.palette;
        let radius = egui::CornerRadius::same(self.corner_radius);
        let kind = if self.dark { egui::Theme::Dark } else { egui::Theme::Light };
        ctx.set_theme(kind);
        ctx.style_mut_of(kind, |style| {
            let size = |points: f32| FontId::new(points * text_scale, FontFamily::Proportional);
            style.text_styles.insert(TextStyle::Body, size(self.text_size));
            style.text_styles.insert(TextStyle::Button, size(self.text_size));
            style.text_styles.insert(TextStyle::Small, size(self.small_text_size));
            style.text_styles.insert(TextStyle::Heading, size(self.heading_size));
            style.text_styles.insert(
                TextStyle::Monospace,
                FontId::new(self.text_size * text_scale, FontFamily::Monospace),
            );
            style.spacing.item_spacing = egui::vec2(self.spacing, self.spacing);
            style.spacing.button_padding = egui::vec2(self.spacing * 1.25, self.spacing * 0.5);
            style.spacing.interact_size = egui::vec2(self.target_size, self.target_size);
            style.animation_time = 0.08;
            let visuals = &mut style.visuals;
            visuals.dark_mode = self.dark;
            visuals.panel_fill = palette.panel;
            visuals.window_fill = palette.panel;
            visuals.extreme_bg_color = palette.window;
            visuals.faint_bg_color = palette.card;
            visuals.window_stroke = Stroke::new(1.0, palette.outline);
            visuals.hyperlink_color = palette.accent;
            visuals.warn_fg_color = palette.warning;
            visuals.error_fg_color = palette.error;
            visuals.selection.bg_fill = palette.accent;
            visuals.selection.stroke = Stroke::new(1.0, palette.on_accent);
            visuals.weak_text_color = Some(palette.text_weak);
            for (widget, fill) in [
                (&mut visuals.widgets.noninteractive, palette.panel),
                (&mut visuals.widgets.inactive, palette.card),
                (&mut visuals.widgets.hovered, palette.card_hover),
                (&mut visuals.widgets.active, palette.card_hover),
                (&mut visuals.widgets.open, palette.card_hover),
            ] {
                // Rails of sliders and progress bars take `bg_fill`, buttons the weak one.
                widget.bg_fill = palette.rail;
                widget.weak_bg_fill = fill;
                widget.fg_stroke = Stroke::new(1.0, palette.text);
                widget.bg_stroke = Stroke::new(1.0, palette.outline);
                widget.corner_radius = radius;
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn luminance(colour: Color32) -> f32 {
        let linear = |channel: u8| {
            let value = f32::from(channel) / 255.0;
            if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * linear(colour.r()) + 0.7152 * linear(colour.g()) + 0.0722 * linear(colour.b())
    }

    fn contrast(a: Color32, b: Color32) -> f32 {
        let (high, low) = (luminance(a).max(luminance(b)), luminance(a).min(luminance(b)));
        (high + 0.05) / (low + 0.05)
    }

    #[test]
    fn text_and_marks_can_be_read_in_both_themes() {
        for dark in [false, true] {
            let palette = Theme::load(dark).palette;
            for ground in [palette.window, palette.panel, palette.card, palette.card_hover] {
                for text in [palette.text, palette.text_weak, palette.warning, palette.error, palette.success]
                {
                    assert!(
                        contrast(text, ground) >= 4.5,
                        "dark {dark}: {text:?} on {ground:?}: {}",
                        contrast(text, ground)
                    );
                }
                for mark in [
                    palette.same,
                    palette.different,
                    palette.variant,
                    palette.unsure,
                    palette.focus,
                    palette.accent,
                    palette.outline,
                ] {
                    assert!(
                        contrast(mark, ground) >= 3.0,
                        "dark {dark}: {mark:?} on {ground:?}: {}",
                        contrast(mark, ground)
                    );
                }
            }
            assert!(contrast(palette.on_accent, palette.accent) >= 4.5, "dark {dark}");
        }
    }
}
