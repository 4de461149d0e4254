//! The History station: the log newest first, filters, the details of one entry, undo of any gesture.

mod details;
mod log;

use egui::RichText;

use crate::app::{
    ChromeCommand, Command, Dialog, HistoryCommand, HistoryFilter, HistoryKind, SessionCommand, Station,
};
use crate::ui::views::catalogue::focus_when_asked;
use crate::ui::{Outbox, ViewContext, input, widgets};

const DETAILS_WIDTH: f32 = 320.0;

/// Draws the station.
pub(in crate::ui) fn show(ui: &mut egui::Ui, context: ViewContext<'_>, out: &mut Outbox) {
    let palette = context.theme.palette;
    input::canvas(ui, ui.max_rect(), "History");
    let review = &context.app.saving.review;
    let history = &context.app.history;
    let has_entries = !review.entries().is_empty();
    if has_entries && !history.hides_details {
        let width = (DETAILS_WIDTH * widgets::text_scale(ui)).min(ui.available_width() * 0.42);
        let frame = egui::Frame::new().fill(palette.panel).inner_margin(12);
        egui::Panel::right("history_details").exact_size(width).resizable(false).frame(frame).show(
            ui,
            |ui| {
                details::show(ui, context, out);
            },
        );
    }
    let frame = egui::Frame::new().fill(palette.window).inner_margin(12);
    egui::CentralPanel::default().frame(frame).show(ui, |ui| {
        if !has_entries {
            return empty(ui, context, out);
        }
        tools(ui, context, out);
        conflicts(ui, context, out);
        if history.listing.is_outdated(review.entries().len()) {
            out.push(Command::History(HistoryCommand::ScanOn));
            ui.ctx().request_repaint();
        }
        log::show(ui, context, out);
    });
}

/// No decision yet: says what to do next.
fn empty(ui: &mut egui::Ui, context: ViewContext<'_>, out: &mut Outbox) {
    let is_open = context.app.session.open.is_some();
    let height = ui.available_height();
    ui.vertical_centered(|ui| {
        ui.add_space(height * 0.3);
        ui.heading("No decisions yet");
        let hint = if is_open {
            "Every verdict, keeper, note and undo is listed here and can be taken back"
        } else {
            "Open a catalogue; every decision on it is listed here and can be taken back"
        };
        ui.add(egui::Label::new(RichText::new(hint).color(context.theme.palette.text_weak)).wrap());
        ui.add_space(8.0);
        if is_open {
            if ui.button("Start deciding").clicked() {
                out.push(Command::Chrome(ChromeCommand::Go(Station::Duplicates)));
            }
            if ui.button("Import decided pairs\u{2026}").clicked() {
                out.push(Command::History(HistoryCommand::PickImport));
            }
        } else {
            if ui.button("Open\u{2026}").clicked() {
                out.push(Command::Session(SessionCommand::Pick));
            }
            if ui.button("Open the demo").clicked() {
                out.push(Command::Session(SessionCommand::OpenDemo));
            }
        }
    });
}

fn tools(ui: &mut egui::Ui, context: ViewContext<'_>, out: &mut Outbox) {
    let history = &context.app.history;
    let mut filter = history.filter.clone();
    ui.horizontal_wrapped(|ui| {
        let name = ui.label("Filter");
        let key = context.keymap.keycap("history.filter").unwrap_or_default();
        let width = (220.0 * widgets::text_scale(ui)).min(ui.available_width());
        let hint = format!("Title, id or wording ({key})");
        let field = egui::TextEdit::singleline(&mut filter.text).hint_text(hint).desired_width(width);
        let response = ui.add(field).labelled_by(name.id);
        focus_when_asked(ui, "history_filter", history.n_filter_calls, &response);
        kinds(ui, &mut filter);
        reviewers(ui, history.listing.reviewers(), &mut filter);
        let n_entries = context.app.saving.review.entries().len();
        let n_lines = history.listing.n_lines(n_entries);
        let entries = if n_entries == 1 { "entry" } else { "entries" };
        let text = if filter.is_blank() {
            format!("{n_entries} {entries}")
        } else {
            format!("{n_lines} of {n_entries} {entries}")
        };
        ui.label(RichText::new(text).color(context.theme.palette.text_weak));
        if ui.button("Import decided pairs\u{2026}").clicked() {
            out.push(Command::History(HistoryCommand::PickImport));
        }
        if ui.button("Export\u{2026}").clicked() {
            out.push(Command::Chrome(ChromeCommand::Open(Dialog::Export)));
        }
        if history.hides_details {
            let key = context.keymap.keycap("history.details").unwrap_or_default();
            if ui.button(format!("Details ({key})")).clicked() {
                out.push(Command::History(HistoryCommand::ToggleDetails));
            }
        }
    });
    if filter != history.filter {
        out.push(Command::History(HistoryCommand::Filter(filter)));
    }
}

fn kinds(ui: &mut egui::Ui, filter: &mut HistoryFilter) {
    let label = filter.kind.map_or("All gestures", HistoryKind::label);
    let combo = egui::ComboBox::from_id_salt("history_kind").selected_text(label);
    let response = combo.show_ui(ui, |ui| {
        for kind in std::iter::once(None).chain(HistoryKind::ALL.into_iter().map(Some)) {
            ui.selectable_value(&mut filter.kind, kind, kind.map_or("All gestures", HistoryKind::label));
        }
    });
    let name = format!("Kind of gesture: {label}");
    response.response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::ComboBox, true, &name));
}

/// The choice of reviewer, once there are several.
fn reviewers(ui: &mut egui::Ui, reviewers: &[String], filter: &mut HistoryFilter) {
    const EVERYONE: &str = "All reviewers";
    if reviewers.len() < 2 && filter.reviewer.is_none() {
        return;
    }
    let label = filter.reviewer.clone().unwrap_or_else(|| EVERYONE.to_owned());
    let combo = egui::ComboBox::from_id_salt("history_reviewer").selected_text(&label);
    let response = combo.show_ui(ui, |ui| {
        for reviewer in std::iter::once(None).chain(reviewers.iter().cloned().map(Some)) {
            let text = reviewer.clone().unwrap_or_else(|| EVERYONE.to_owned());
            ui.selectable_value(&mut filter.reviewer, reviewer, text);
        }
    });
    let name = format!("Reviewer: {label}");
    response.response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::ComboBox, true, &name));
}

fn conflicts(ui: &mut egui::Ui, context: ViewContext<'_>, out: &mut Outbox) {
    let n_conflicts = context.app.saving.review.conflicts().len();
    if n_conflicts == 0 {
        return;
    }
    ui.horizontal_wrapped(|ui| {
        let text = if n_conflicts == 1 {
            "\u{26a0} 1 pair has contradictory decisions".to_owned()
        } else {
            format!("\u{26a0} {n_conflicts} pairs have contradictory decisions")
        };
        ui.label(RichText::new(text).color(context.theme.palette.warning));
        if ui.button("Show conflicts").clicked() {
            out.push(Command::History(HistoryCommand::GoToConflicts));
        }
    });
}

/// Local date and time of an entry; the date alone is left out where there is no room for it.
fn clock(at_millis: i64) -> String {
    jiff::Timestamp::from_millisecond(at_millis).map_or_else(
        |_| String::new(),
        |time| time.to_zoned(jiff::tz::TimeZone::system()).strftime("%Y-%m-%d %H:%M:%S").to_string(),
    )
}

/// "4.2 s" for what took a while, "380 ms" for what did not.
fn duration(millis: u32) -> String {
    match millis {
        0 => String::new(),
        1..1_000 => format!("{millis} ms"),
        1_000..60_000 => format!("{:.1} s", f64::from(millis) / 1e3),
        _ => format!("{} min {} s", millis / 60_000, millis / 1_000 % 60),
    }
}

#[cfg(test)]
mod tests;
