//! Widgets shared by several views, one file each.

mod chart;
mod keycap;
mod mark;
mod picture;
mod title;
mod verdict_mark;

pub(super) use chart::{Chart, Line, Rule};
pub(super) use keycap::keycap;
pub(super) use mark::{Mark, group_colour};
pub(super) use picture::{Drawn, paint_picture, paint_picture_with, picture};
pub(super) use title::{title, title_galley};
pub(super) use verdict_mark::verdict_mark;

/// How much larger than the default the text is, 1.0 to 2.0.
pub(super) fn text_scale(ui: &egui::Ui) -> f32 {
    const DEFAULT_SIZE: f32 = 14.0;
    egui::TextStyle::Body.resolve(ui.style()).size / DEFAULT_SIZE
}

/// Seconds as people say them.
pub(super) fn duration(secs: f64) -> String {
    let secs = secs.ceil().max(0.0) as u64;
    match (secs / 3600, secs / 60 % 60, secs % 60) {
        (0, 0, secs) => format!("{secs} s"),
        (0, minutes, secs) => format!("{minutes} min {secs} s"),
        (hours, minutes, _) => format!("{hours} h {minutes} min"),
    }
}

/// A whole number with its digits in threes: 1,204.
pub(super) fn grouped(n: impl std::fmt::Display) -> String {
    let digits = n.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
