//! The action bar: verdicts with keycaps, each saying what it would record.

use egui::{RichText, Stroke, vec2};

use crate::app::{Command, DuplicatesCommand, DuplicatesMode, OpenItem, judgement};
use crate::review::Verdict;
use crate::ui::{Outbox, ViewContext, widgets};

/// Draws the bar.
pub(super) fn show(ui: &mut egui::Ui, context: ViewContext<'_>, open: &OpenItem, out: &mut Outbox) {
    ui.add_space(8.0);
    if let DuplicatesMode::Cut(_) = context.app.duplicates.mode {
        return cut(ui, context, out);
    }
    let Some(session) = &context.app.session.open else { return };
    ui.horizontal_wrapped(|ui| {
        for verdict in Verdict::ALL {
            let judgement = judgement(&session.catalog, open, verdict);
            let id = action_id(verdict);
            let keycap = context.keymap.keycap(id).unwrap_or_default();
            if verdict_button(ui, context, verdict, &keycap, &judgement.label, !judgement.claims.is_empty())
                .clicked()
            {
                out.push(Command::Duplicates(DuplicatesCommand::Judge(verdict)));
            }
        }
        for (id, command) in [
            ("duplicates.cut", DuplicatesCommand::StartCut),
            ("duplicates.merge", DuplicatesCommand::MergeQuery(Some(String::new()))),
            ("duplicates.skip", DuplicatesCommand::Skip),
        ] {
            if plain_button(ui, context, id).clicked() {
                out.push(Command::Duplicates(command));
            }
        }
        if open.n_unseen() > 0 {
            let text = format!("{} not seen", open.n_unseen());
            ui.label(RichText::new(text).small().color(context.theme.palette.text_weak));
        }
    });
}

fn action_id(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Same => "duplicates.same",
        Verdict::Different => "duplicates.different",
        Verdict::Variant => "duplicates.variant",
        Verdict::Unsure => "duplicates.unsure",
    }
}

/// A button with the verdict's mark, its keycap and, under its name, what it records.
pub(in crate::ui) fn verdict_button(
    ui: &mut egui::Ui,
    context: ViewContext<'_>,
    verdict: Verdict,
    keycap: &str,
    label: &str,
    is_enabled: bool,
) -> egui::Response {
    let colour = context.theme.verdict_colour(verdict);
    let (name, counts) = label.split_once(": ").unwrap_or((label, ""));
    let text_height = ui.text_style_height(&egui::TextStyle::Button);
    let small_height = ui.text_style_height(&egui::TextStyle::Small);
    let font = egui::TextStyle::Small.resolve(ui.style());
    let counts_galley = ui.painter().layout_no_wrap(counts.to_owned(), font, context.theme.palette.text_weak);
    let name_font = egui::TextStyle::Button.resolve(ui.style());
    let name_galley = ui.painter().layout_no_wrap(name.to_owned(), name_font, context.theme.palette.text);
    let width = (name_galley.size().x + 60.0).max(counts_galley.size().x + 16.0);
    let size = vec2(width, text_height + small_height + 16.0);
    let (rect, response) =
        ui.allocate_exact_size(size, if is_enabled { egui::Sense::click() } else { egui::Sense::hover() });
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, is_enabled, label));
    let fill = if response.hovered() { context.theme.palette.card_hover } else { context.theme.palette.card };
    let stroke = Stroke::new(
        if response.has_focus() { 3.0 } else { 1.5 },
        if is_enabled { colour } else { context.theme.palette.outline },
    );
    ui.painter().rect(rect, f32::from(context.theme.corner_radius), fill, stroke, egui::StrokeKind::Inside);
    let centre = egui::pos2(rect.left() + 18.0, rect.top() + 8.0 + text_height / 2.0);
    widgets::verdict_mark(ui, context.theme, verdict, centre, 8.0);
    ui.painter().galley(
        egui::pos2(rect.left() + 32.0, rect.top() + 7.0),
        name_galley,
        context.theme.palette.text,
    );
    let key_at = egui::pos2(rect.right() - 8.0, rect.top() + 8.0 + text_height / 2.0);
    let key_font = egui::FontId::proportional(small_height * 0.8);
    ui.painter().text(key_at, egui::Align2::RIGHT_CENTER, keycap, key_font, context.theme.palette.text_weak);
    ui.painter().galley(
        egui::pos2(rect.left() + 10.0, rect.bottom() - small_height - 6.0),
        counts_galley,
        context.theme.palette.text_weak,
    );
    response
}

fn plain_button(ui: &mut egui::Ui, context: ViewContext<'_>, id: &str) -> egui::Response {
    let action = crate::app::action(id);
    let label = action.map_or(id, |action| action.label);
    let keycap = context.keymap.keycap(id).unwrap_or_default();
    let text = format!("{label}  {keycap}");
    let response = ui.add(egui::Button::new(text).min_size(vec2(0.0, ui.spacing().interact_size.y * 1.4)));
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, label));
    response.on_hover_text(action.map_or("", |action| action.tooltip))
}

fn cut(ui: &mut egui::Ui, context: ViewContext<'_>, out: &mut Outbox) {
    ui.horizontal_wrapped(|ui| {
        for (id, command) in [
            ("cut.record", DuplicatesCommand::RecordCut),
            ("cut.suggested", DuplicatesCommand::SuggestedCut),
            ("cut.nothing", DuplicatesCommand::CutGroup(0)),
            ("chrome.escape", DuplicatesCommand::Leave),
        ] {
            if plain_button(ui, context, id).clicked() {
                out.push(Command::Duplicates(command));
            }
        }
    });
}
