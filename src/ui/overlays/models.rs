//! The Models panel: every model with its size, licence and state; getting, verifying, adding and removing them. One line is
//! under the cursor; the buttons and keys are about it.

use egui::{RichText, vec2};

use crate::app::{Command, ModelsCommand, RunningModel, Said, Which, reads_label};
use crate::encode::{ModelStatus, Place, Presence, bytes_in_words};
use crate::jobs::{ModelAction, Network};
use crate::ui::views::catalogue::focus_when_asked;
use crate::ui::views::table::{Column, Table, cell_text};
use crate::ui::{Outbox, ViewContext, input, widgets};

const NAMES: [&str; 6] = ["Model", "Reads", "Good for", "Size", "Licence", "State"];
const WIDTHS: [f32; 6] = [190.0, 70.0, 380.0, 110.0, 110.0, 210.0];

pub(super) fn show(ui: &mut egui::Ui, context: ViewContext<'_>, out: &mut Outbox) {
    input::overlay_canvas(ui, ui.max_rect(), "Models panel");
    head(ui, context, out);
    let models = &context.app.catalogue.models;
    let Some(statuses) = &models.statuses else {
        ui.label("Looking which models are there\u{2026}");
        return;
    };
    for problem in &models.problems {
        weak(ui, context, format!("\u{26a0} {problem}"));
    }
    ui.add_space(4.0);
    let scale = widgets::text_scale(ui);
    let details_height = 150.0 * scale;
    let height = (ui.ctx().content_rect().height() - 250.0 - details_height).max(120.0);
    ui.allocate_ui(vec2(ui.available_width(), height), |ui| table(ui, context, out));
    ui.add_space(8.0);
    if models.shown.is_empty() {
        ui.label(format!(
            "None of the {} models has these words; clear the filter to see all",
            statuses.len()
        ));
    }
    ui.allocate_ui(vec2(ui.available_width(), details_height), |ui| {
        egui::ScrollArea::vertical().id_salt("model_details").auto_shrink(false).show(ui, |ui| {
            if let Some(status) = models.selected() {
                details(ui, context, status, out);
            }
            adding(ui, context);
        });
    });
}

fn head(ui: &mut egui::Ui, context: ViewContext<'_>, out: &mut Outbox) {
    let models = &context.app.catalogue.models;
    ui.horizontal_wrapped(|ui| {
        let name = ui.label("Filter");
        let mut filter = models.filter.clone();
        let key = context.keymap.keycap("models.filter").unwrap_or_default();
        let field = egui::TextEdit::singleline(&mut filter)
            .hint_text(format!("resnet, titles, absent\u{2026} ({key})"))
            .desired_width(220.0 * widgets::text_scale(ui));
        let response = ui.add(field).labelled_by(name.id);
        focus_when_asked(ui, "models_filter", models.n_filter_calls, &response);
        if filter != models.filter {
            out.push(Command::Models(ModelsCommand::Filter(filter)));
        }
        if ui
            .button("Add files\u{2026}")
            .on_hover_text("Takes weights of your own (safetensors or a PyTorch checkpoint); the architecture is recognised, config and tokenizer beside them are found. Weights may also be dropped on the window")
            .clicked()
        {
            out.push(Command::Models(ModelsCommand::PickFiles(None)));
        }
        let mut offline = context.app.preferences.offline;
        let tooltip = "Nothing is downloaded; everything else works as ever";
        if ui.checkbox(&mut offline, "Work offline").on_hover_text(tooltip).changed() {
            out.push(Command::Models(ModelsCommand::ToggleOffline));
        }
        if let Some(by) = Network::Allowed.is_off_by() {
            ui.label(RichText::new(format!("\u{26a0} offline {by}")).color(context.theme.palette.warning));
        }
        if !context.app.preferences.presentation && !models.folder.as_os_str().is_empty() {
            weak(ui, context, format!("Kept in {}", models.folder.display()));
        }
    });
}

fn table(ui: &mut egui::Ui, context: ViewContext<'_>, out: &mut Outbox) {
    let models = &context.app.catalogue.models;
    let scale = widgets::text_scale(ui);
    // "Good for" takes what the others leave.
    let others: f32 = WIDTHS.iter().sum::<f32>() - WIDTHS[2];
    let good_for = (ui.available_width() / scale - others - 16.0).max(180.0);
    let columns: Vec<Column> = NAMES
        .into_iter()
        .zip(WIDTHS)
        .map(|(name, width)| Column::new(name, if name == NAMES[2] { good_for } else { width }))
        .collect();
    let line_height = (scale * 7.0).round() * 4.0;
    let table = Table {
        id: "models",
        columns: &columns,
        n_lines: models.shown.len(),
        line_height,
        cursor: models.cursor,
    };
    let name = |line: usize| {
        models.status_at(line).map_or_else(String::new, |status| {
            format!(
                "{}, reads {}, {}, {}",
                status.entry.label,
                reads_label(status),
                size_text(status),
                state_text(context, status)
            )
        })
    };
    let palette = context.theme.palette;
    let clicks = table.show(ui, context, name, |ui, line, column, rect| {
        let Some(status) = models.status_at(line) else { return };
        let entry = &status.entry;
        match column {
            0 => cell_text(ui, rect, &entry.label, palette.text),
            1 => cell_text(ui, rect, reads_label(status), palette.text),
            2 => cell_text(ui, rect, &entry.summary, palette.text_weak),
            3 => cell_text(ui, rect, &size_text(status), palette.text),
            4 => cell_text(ui, rect, &entry.licence, palette.text_weak),
            _ => state_cell(ui, context, status, rect),
        }
    });
    if let Some(line) = clicks.line {
        out.push(Command::Models(ModelsCommand::SetCursor(line)));
    }
    if clicks.line_twice.is_some() {
        out.push(Command::Models(ModelsCommand::Get(Which::Selected)));
    }
}

fn running<'a>(context: ViewContext<'a>, status: &ModelStatus) -> Option<&'a RunningModel> {
    context.app.catalogue.models.running.get(&status.entry.id)
}

/// Exact where the files are there or their sizes known, else about.
fn size_text(status: &ModelStatus) -> String {
    if status.is_ready() {
        return bytes_in_words(status.n_bytes);
    }
    status.entry.size().map_or_else(String::new, |size| size.to_string())
}

/// The state in words, with the progress of what runs.
fn state_text(context: ViewContext<'_>, status: &ModelStatus) -> String {
    if let Some(running) = running(context, status) {
        return running_text(running);
    }
    if matches!(context.app.catalogue.models.said.get(&status.entry.id), Some(Said::Bad(_))) {
        return "\u{26a0} failed, see below".to_owned();
    }
    match status.presence {
        Presence::Present(Place::Folder) => "\u{2714} ready".to_owned(),
        Presence::Present(place) => format!("\u{2714} ready, {}", place.label()),
        Presence::Partial => format!("unfinished, {} there", bytes_in_words(status.n_bytes)),
        Presence::Absent if status.entry.source.is_some() => "can be downloaded".to_owned(),
        Presence::Absent => "bring its files".to_owned(),
    }
}

fn running_text(running: &RunningModel) -> String {
    if running.is_stopping {
        return "stopping\u{2026}".to_owned();
    }
    let progress = &running.progress;
    match running.action {
        ModelAction::Get if progress.n_total > 0 => {
            let share = 100.0 * progress.n_done as f64 / progress.n_total as f64;
            let left = progress
                .secs_left
                .map_or_else(String::new, |secs| format!(", {} left", widgets::duration(secs)));
            format!("{share:.0} %{left}")
        }
        ModelAction::Get => "waiting\u{2026}".to_owned(),
        ModelAction::Verify => "verifying\u{2026}".to_owned(),
        ModelAction::Add => "adding\u{2026}".to_owned(),
        ModelAction::Remove => "removing\u{2026}".to_owned(),
    }
}

fn state_cell(ui: &egui::Ui, context: ViewContext<'_>, status: &ModelStatus, rect: egui::Rect) {
    let palette = context.theme.palette;
    let running = running(context, status);
    if let Some(running) = running.filter(|running| running.progress.n_total > 0) {
        let share = (running.progress.n_done as f32 / running.progress.n_total as f32).clamp(0.0, 1.0);
        let bar =
            egui::Rect::from_min_size(rect.left_bottom() - vec2(0.0, 4.0), vec2(rect.width() * share, 3.0));
        ui.painter().rect_filled(bar, 1.0, palette.accent);
    }
    let has_failed = matches!(context.app.catalogue.models.said.get(&status.entry.id), Some(Said::Bad(_)));
    let colour = match status.presence {
        _ if running.is_some() => palette.text,
        _ if has_failed => palette.error,
        Presence::Present(_) => palette.success,
        Presence::Partial => palette.warning,
        Presence::Absent => palette.text_weak,
    };
    cell_text(ui, rect, &state_text(context, status), colour);
}

fn details(ui: &mut egui::Ui, context: ViewContext<'_>, status: &ModelStatus, out: &mut Outbox) {
    let entry = &status.entry;
    let is_running = running(context, status).is_some();
    ui.horizontal_wrapped(|ui| {
        ui.strong(&entry.label);
        let mut button = |id: &str, label: &str, is_possible: bool, command: fn(Which) -> ModelsCommand| {
            let keycap = context.keymap.keycap(id).unwrap_or_default();
            let response = ui.add_enabled(is_possible, egui::Button::new(format!("{label} ({keycap})")));
            let name = format!("{label} {}", entry.label);
            response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, is_possible, &name));
            if response.clicked() {
                out.push(Command::Models(command(Which::Id(entry.id.clone()))));
            }
        };
        let is_ready = status.is_ready();
        let get = if status.presence == Presence::Partial { "Go on" } else { "Get" };
        button("models.get", get, !is_running && !is_ready && entry.source.is_some(), ModelsCommand::Get);
        button("models.cancel", "Cancel", is_running, ModelsCommand::Cancel);
        button("models.verify", "Verify", !is_running && is_ready, ModelsCommand::Verify);
        let has_own = !matches!(status.presence, Presence::Absent | Presence::Present(Place::HubCache));
        button("models.remove", "Remove", !is_running && has_own, ModelsCommand::Remove);
        if !is_ready && !is_running {
            let add = ui.button("Add its files\u{2026}");
            let name = format!("Add files of {}", entry.label);
            add.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, &name));
            if add.on_hover_text("Takes its weights from a file you have").clicked() {
                out.push(Command::Models(ModelsCommand::PickFiles(Some(entry.id.clone()))));
            }
        }
    });
    said(ui, context, &entry.id);
    if let Some(running) = running(context, status).filter(|running| running.progress.n_total > 0) {
        ui.label(format!("{} {}", running.progress.stage, running.progress.counts()));
    }
    let from = entry.source.as_ref().map_or_else(
        || "Not on a hub: you bring the files".to_owned(),
        |source| format!("From {} on the Hugging Face hub, {}", source.repository, source.revision),
    );
    weak(ui, context, format!("{}. {from}", entry.summary));
    let digest = match (status.is_ready(), status.is_pinned) {
        (true, true) => ". Digests are recorded and checked",
        (true, false) => ". No digest is recorded",
        (false, _) => "",
    };
    let files: Vec<&str> = entry.files.iter().map(|file| file.name.as_str()).collect();
    let text = format!(
        "{} \u{00b7} {} numbers a row \u{00b7} licence {} \u{00b7} {}{digest}",
        entry.id,
        entry.width,
        entry.licence,
        files.join(", ")
    );
    weak(ui, context, text);
}

fn said(ui: &mut egui::Ui, context: ViewContext<'_>, id: &str) {
    let palette = context.theme.palette;
    let (text, colour) = match context.app.catalogue.models.said.get(id) {
        Some(Said::Good(text)) => (format!("\u{2714} {text}"), palette.success),
        Some(Said::Bad(text)) => (format!("\u{26a0} {text}"), palette.error),
        None => return,
    };
    ui.add(egui::Label::new(RichText::new(text).color(colour)).wrap());
}

/// What was said about files that belong to no listed model, such as ones that could not be added.
fn adding(ui: &mut egui::Ui, context: ViewContext<'_>) {
    let models = &context.app.catalogue.models;
    for id in models.running.keys().chain(models.said.keys()).filter(|id| models.status(id).is_none()) {
        if models.running.contains_key(id) {
            ui.label(format!("{id}: being added\u{2026}"));
        } else {
            ui.label(RichText::new(id).strong());
            said(ui, context, id);
        }
    }
}

fn weak(ui: &mut egui::Ui, context: ViewContext<'_>, text: impl Into<String>) {
    let text = RichText::new(text.into()).small().color(context.theme.palette.text_weak);
    ui.add(egui::Label::new(text).wrap());
}
