//! Under the pictures: both titles with their differing words underlined, numbers that disagree, columns that differ, and the
//! verdict bar.

use egui::{RichText, vec2};

use crate::app::{Command, CompareCommand, Purpose};
use crate::catalog::{Catalog, PostingIdx};
use crate::matching::title_flags;
use crate::review::{PairStanding, Verdict};
use crate::ui::text_order::visual_order;
use crate::ui::views::duplicates::{is_private, verdict_button};
use crate::ui::{Outbox, ViewContext, widgets};

/// Draws everything under the pictures.
pub(super) fn show(
    ui: &mut egui::Ui,
    context: ViewContext<'_>,
    pair: (PostingIdx, PostingIdx),
    out: &mut Outbox,
) {
    let Some(session) = &context.app.session.open else { return };
    let catalog = &session.catalog;
    ui.columns(2, |columns| {
        let sides = [(pair.0, pair.1, "Left"), (pair.1, pair.0, "Right")];
        for (ui, (posting, other, name)) in columns.iter_mut().zip(sides) {
            side(ui, context, catalog, posting, other, name);
        }
    });
    flags(ui, context, catalog, pair);
    columns(ui, context, catalog, pair);
    if context.app.compare.purpose == Purpose::Deciding {
        ui.separator();
        verdicts(ui, context, catalog, pair, out);
    }
}

/// One title, and how large the picture is.
fn side(
    ui: &mut egui::Ui,
    context: ViewContext<'_>,
    catalog: &Catalog,
    posting: PostingIdx,
    other: PostingIdx,
    name: &str,
) {
    let weak = context.theme.palette.text_weak;
    let size = |posting| context.images.size(posting);
    let mut line = name.to_owned();
    if !context.app.preferences.presentation {
        line.push_str(&format!(" \u{b7} {}", catalog.key(posting)));
    }
    if let Some([width, height]) = size(posting) {
        line.push_str(&format!(" \u{b7} {width} \u{d7} {height} pixels"));
        let pixels = |[width, height]: [u32; 2]| u64::from(width) * u64::from(height);
        if size(other).is_some_and(|other| pixels(other) < pixels([width, height])) {
            line.push_str(" (larger)");
        }
    }
    ui.add(egui::Label::new(RichText::new(line).small().color(weak)).truncate());
    let title = catalog.title(posting);
    if title.is_empty() {
        ui.label(RichText::new("No title").color(weak));
    } else {
        widgets::title(ui, context.theme, title, Some(catalog.title(other)));
    }
}

fn flags(ui: &mut egui::Ui, context: ViewContext<'_>, catalog: &Catalog, pair: (PostingIdx, PostingIdx)) {
    let flags = title_flags(catalog.title(pair.0), catalog.title(pair.1));
    if flags.is_empty() {
        return;
    }
    ui.horizontal_wrapped(|ui| {
        for flag in &flags {
            let text = format!("\u{26a0} {} differs: {} / {}", flag.kind, flag.left, flag.right);
            let text = RichText::new(text).strong().color(context.theme.palette.warning);
            ui.label(text);
        }
    });
}

/// The columns in which the two differ. Title and key stand above already, and a picture's path always differs.
fn columns(ui: &mut egui::Ui, context: ViewContext<'_>, catalog: &Catalog, pair: (PostingIdx, PostingIdx)) {
    let hides = context.app.preferences.presentation;
    let is_shown = |column: &str| {
        let lower = column.to_lowercase();
        !(lower.contains("title") || lower.contains("image") || hides && is_private(column))
    };
    let differing: Vec<(&str, &str, &str)> = catalog
        .columns()
        .iter()
        .enumerate()
        .map(|(at, column)| (column.as_str(), catalog.cell(pair.0, at), catalog.cell(pair.1, at)))
        .filter(|(column, left, right)| left != right && is_shown(column))
        .filter(|(_, left, _)| *left != catalog.key(pair.0))
        .collect();
    if differing.is_empty() {
        return;
    }
    let weak = context.theme.palette.text_weak;
    let row = ui.text_style_height(&egui::TextStyle::Small) + 4.0;
    let height = row * (differing.len() as f32).min(n_rows(ui)) + 2.0;
    let area = egui::ScrollArea::vertical().id_salt("compare_columns").max_height(height);
    area.min_scrolled_height(height).show(ui, |ui| {
        ui.spacing_mut().interact_size.y = row;
        ui.spacing_mut().item_spacing.y = 0.0;
        // The right values stand under the right title.
        let half = (ui.available_width() + ui.spacing().item_spacing.x) / 2.0;
        let gap = ui.spacing().item_spacing.x;
        let name_width = (110.0 * widgets::text_scale(ui)).min(half / 2.0);
        for (column, left, right) in differing {
            ui.horizontal(|ui| {
                let mut cell = |width: f32, text: RichText| {
                    let width = width - gap;
                    ui.allocate_ui(vec2(width, row), |ui| {
                        ui.set_width(width);
                        ui.add(egui::Label::new(text.small()).truncate());
                    });
                };
                cell(name_width, RichText::new(format!("\u{2260} {column}")).color(weak));
                for (text, width) in [(left, half - name_width), (right, half)] {
                    let shown = if text.is_empty() { "nothing" } else { text };
                    cell(width, RichText::new(visual_order(shown)));
                }
            });
        }
    });
}

/// Rows of the table that leave the pictures most of the window; the rest scrolls.
fn n_rows(ui: &egui::Ui) -> f32 {
    match ui.ctx().content_rect().height() / widgets::text_scale(ui) {
        high if high >= 800.0 => 5.0,
        middle if middle >= 650.0 => 3.0,
        _ => 1.0,
    }
}

fn verdicts(
    ui: &mut egui::Ui,
    context: ViewContext<'_>,
    catalog: &Catalog,
    pair: (PostingIdx, PostingIdx),
    out: &mut Outbox,
) {
    let has_room = ui.available_width() > 800.0 * widgets::text_scale(ui);
    ui.horizontal_wrapped(|ui| {
        for verdict in Verdict::ALL {
            let id = match verdict {
                Verdict::Same => "compare.same",
                Verdict::Different => "compare.different",
                Verdict::Variant => "compare.variant",
                Verdict::Unsure => "compare.unsure",
            };
            let keycap = context.keymap.keycap(id).unwrap_or_default();
            let label = format!("{}: this pair", verdict.label());
            if verdict_button(ui, context, verdict, &keycap, &label, true).clicked() {
                out.push(Command::Compare(CompareCommand::Judge(verdict)));
            }
        }
        for (id, command) in [
            ("compare.previous", CompareCommand::Partner(-1)),
            ("compare.next", CompareCommand::Partner(1)),
            ("compare.undo", CompareCommand::Undo),
        ] {
            // Where a second row of buttons would cost the pictures their place, the key and the palette remain.
            if id == "compare.undo" && !has_room {
                continue;
            }
            if super::button(ui, context, id).clicked() {
                out.push(Command::Compare(command));
            }
        }
        let review = &context.app.saving.review;
        let (text, colour) = match review.standing(catalog.key(pair.0), catalog.key(pair.1)) {
            PairStanding::Open => return,
            PairStanding::Decided(verdict) => {
                (format!("\u{2714} decided: {}", verdict.label()), context.theme.verdict_colour(verdict))
            }
            PairStanding::Conflicted => {
                ("\u{26a0} decisions contradict each other".to_owned(), context.theme.palette.error)
            }
        };
        ui.label(RichText::new(text).color(colour));
    });
}
