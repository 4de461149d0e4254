//! A posting's title; where another title is given, the words that differ from it are underlined. Right-to-left words
//! come in the order in which they are read, line by line.

use std::ops::Range;
use std::sync::Arc;

use egui::text::{ByteIndex, LayoutJob, LayoutSection};
use egui::{FontId, Galley, Stroke, TextFormat};
use similar::{Algorithm, DiffOp, capture_diff_slices};
use unicode_segmentation::UnicodeSegmentation;

use crate::ui::Theme;
use crate::ui::text_order::{has_rtl, visual_lines};

/// Lays out a title in at most `max_rows` rows of `width`.
pub(in crate::ui) fn title_galley(
    ui: &egui::Ui,
    theme: &Theme,
    title: &str,
    other: Option<&str>,
    font: FontId,
    width: f32,
    max_rows: usize,
) -> Arc<Galley> {
    let plain = TextFormat::simple(font, theme.palette.text);
    let marked = TextFormat { underline: Stroke::new(2.0, theme.palette.warning), ..plain.clone() };
    let marks = other.map(|other| differing(title, other)).unwrap_or_default();
    let mut setting = Setting { job: LayoutJob::default(), title, marks, plain, marked };
    setting.job.wrap.max_rows = max_rows;
    if has_rtl(title) {
        // Lines are cut before words are put into order, so that wrapping again must not happen.
        setting.job.wrap.max_width = f32::INFINITY;
        setting.right_to_left(ui, width, max_rows);
    } else {
        setting.job.wrap.max_width = width;
        setting.append(0..title.len());
    }
    if setting.job.sections.is_empty() {
        // epaint looks up the height of an empty row in a section.
        setting.job.append("", 0.0, setting.plain);
    }
    ui.painter().layout_job(setting.job)
}

/// A title as a wrapping label.
pub(in crate::ui) fn title(
    ui: &mut egui::Ui,
    theme: &Theme,
    title: &str,
    other: Option<&str>,
) -> egui::Response {
    let font = egui::TextStyle::Body.resolve(ui.style());
    let galley = title_galley(ui, theme, title, other, font, ui.available_width(), usize::MAX);
    let response = ui.add(egui::Label::new(galley));
    // Read aloud as typed, not as ordered for the eye.
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Label, true, title));
    response
}

/// The parts of `title` whose words are not in `other`, bytes. A word that merely stands elsewhere is no difference, nor
/// are case, spaces and punctuation.
fn differing(title: &str, other: &str) -> Vec<Range<usize>> {
    if title == other {
        return Vec::new();
    }
    let words = |text: &str| -> Vec<(usize, String)> {
        text.unicode_word_indices().map(|(at, word)| (at, word.to_lowercase())).collect()
    };
    let (mine, theirs) = (words(title), words(other));
    let texts = |words: &[(usize, String)]| words.iter().map(|(_, word)| word.clone()).collect::<Vec<_>>();
    let (old, new) = (texts(&theirs), texts(&mine));
    let operations = capture_diff_slices(Algorithm::Myers, &old, &new);
    let mut gone: Vec<&str> = Vec::new();
    let mut come: Vec<usize> = Vec::new();
    for operation in &operations {
        if !matches!(operation, DiffOp::Equal { .. }) {
            gone.extend(old.get(operation.old_range()).unwrap_or_default().iter().map(String::as_str));
            come.extend(operation.new_range());
        }
    }
    let mut marks: Vec<Range<usize>> = Vec::new();
    for word in come {
        let Some((start, text)) = mine.get(word) else { continue };
        if let Some(moved) = gone.iter().position(|gone| gone == text) {
            gone.swap_remove(moved);
            continue;
        }
        let length = title.get(*start..).and_then(|rest| rest.unicode_words().next()).map_or(0, str::len);
        let end = start + length;
        match marks.last_mut() {
            Some(last)
                if title
                    .get(last.end..*start)
                    .is_some_and(|between| !between.contains(char::is_alphanumeric)) =>
            {
                last.end = end;
            }
            _ => marks.push(*start..end),
        }
    }
    marks
}

/// A title being set.
struct Setting<'a> {
    job: LayoutJob,
    title: &'a str,
    /// What is underlined, bytes of the title.
    marks: Vec<Range<usize>>,
    plain: TextFormat,
    marked: TextFormat,
}

impl Setting<'_> {
    /// Appends a part of the title, its marked words underlined.
    fn append(&mut self, range: Range<usize>) {
        let mut at = range.start;
        for mark in &self.marks {
            let (start, end) = (mark.start.max(range.start), mark.end.min(range.end));
            if start >= end {
                continue;
            }
            push(&mut self.job, self.title.get(at..start).unwrap_or(""), &self.plain);
            push(&mut self.job, self.title.get(start..end).unwrap_or(""), &self.marked);
            at = end;
        }
        push(&mut self.job, self.title.get(at..range.end).unwrap_or(""), &self.plain);
    }

    fn sign(&mut self, sign: &str) {
        push(&mut self.job, sign, &self.plain);
    }

    /// Appends the title line by line, the words of each line in the order in which they are seen.
    fn right_to_left(&mut self, ui: &egui::Ui, width: f32, max_rows: usize) {
        let measure = |text: &str| {
            let font = self.plain.font_id.clone();
            ui.painter().layout_no_wrap(text.to_owned(), font, self.plain.color).size().x
        };
        let (lines, is_cut) = cut_lines(self.title, width, max_rows, measure);
        let n_lines = lines.len();
        for (number, pieces) in visual_lines(self.title, &lines).into_iter().enumerate() {
            if number > 0 {
                self.sign("\n");
            }
            if is_cut && number + 1 == n_lines {
                self.sign("\u{2026}");
            }
            for piece in pieces {
                match piece.mirrored {
                    Some(sign) => self.sign(sign.encode_utf8(&mut [0; 4])),
                    // A section of its own, so that no two pieces are shaped as one word.
                    None => self.append(piece.range),
                }
            }
        }
    }
}

/// Appends text as a section of its own (`LayoutJob::append` joins sections of one format, and with them words).
fn push(job: &mut LayoutJob, text: &str, format: &TextFormat) {
    if text.is_empty() {
        return;
    }
    let start = ByteIndex(job.text.len());
    job.text.push_str(text);
    let byte_range = start..ByteIndex(job.text.len());
    job.sections.push(LayoutSection { leading_space: 0.0, byte_range, format: format.clone() });
}

/// Cuts a text at spaces into lines of at most `width`; whether something was left out.
fn cut_lines(
    text: &str,
    width: f32,
    max_rows: usize,
    measure: impl Fn(&str) -> f32,
) -> (Vec<Range<usize>>, bool) {
    let space = measure(" ");
    let mut lines: Vec<Range<usize>> = Vec::new();
    let mut used = 0.0;
    let mut at = 0;
    for word in text.split_inclusive(char::is_whitespace) {
        let trimmed = word.trim_end();
        let (start, end) = (at, at + trimmed.len());
        at += word.len();
        if trimmed.is_empty() {
            continue;
        }
        let wide = measure(trimmed);
        match lines.last_mut() {
            Some(line) if used + space + wide <= width => {
                line.end = end;
                used += space + wide;
            }
            _ => {
                if lines.len() == max_rows {
                    return (lines, true);
                }
                lines.push(start..end);
                used = wide;
            }
        }
    }
    (lines, false)
}

#[cfg(test)]
mod tests {
    use super::{cut_lines, differing};

    fn check(title: &str, other: &str, expected: &[&str]) {
        let found: Vec<&str> = differing(title, other).into_iter().map(|range| &title[range]).collect();
        assert_eq!(found, expected, "{title} | {other}");
    }

    #[test]
    fn words_that_differ() {
        check("Green tea 400 ml", "Green tea 400 ml", &[]);
        check("Green tea 400 ml", "GREEN TEA, 400 ml!", &[]);
        check("Green tea 400 ml", "Green tea 800 ml", &["400"]);
        check("Green tea fresh mint 400 ml", "Green tea 400 ml", &["fresh mint"]);
        check("Green tea 400 ml", "400 ml tea green", &[]);
        check("Tas Abu-abu", "Tas", &["Abu-abu"]);
        check("tea tea", "tea", &["tea"]);
        check("شاي أخضر 400 ml", "شاي أسود 400 ml", &["أخضر"]);
        check("", "tea", &[]);
    }

    #[test]
    fn pieces_are_sections_of_their_own() {
        let ctx = egui::Context::default();
        let theme = crate::ui::Theme::load(false);
        let mut shown = Vec::new();
        let _ = ctx.run_ui(egui::RawInput::default(), |ui| {
            let font = egui::FontId::proportional(14.0);
            let galley = super::title_galley(ui, &theme, "٤٠٠مل شاي", None, font, 500.0, 3);
            let text = |section: &egui::text::LayoutSection| {
                galley.job.text[section.byte_range.start.0..section.byte_range.end.0].to_owned()
            };
            shown = galley.job.sections.iter().map(text).collect();
            for empty in ["", "  ", "\u{200f}"] {
                let font = egui::FontId::proportional(14.0);
                super::title_galley(ui, &theme, empty, Some("tea"), font, 50.0, 1);
            }
        });
        assert_eq!(shown, ["شاي", " ", "مل", "٤٠٠"]);
    }

    #[test]
    fn lines_are_cut_at_spaces() {
        let cut = |text: &str, width: f32, rows: usize| {
            let (lines, is_cut) = cut_lines(text, width, rows, |text| text.chars().count() as f32);
            (lines.into_iter().map(|line| text[line].to_owned()).collect::<Vec<_>>(), is_cut)
        };
        let own = |lines: &[&str]| lines.iter().map(|line| (*line).to_owned()).collect::<Vec<_>>();
        assert_eq!(cut("aa bb cc", 5.0, 9), (own(&["aa bb", "cc"]), false));
        assert_eq!(cut("aa bb cc", 5.0, 1), (own(&["aa bb"]), true));
        assert_eq!(cut("aaaaaaaa b", 3.0, 9), (own(&["aaaaaaaa", "b"]), false));
        assert_eq!(cut("  ", 3.0, 9), (Vec::new(), false));
    }
}
