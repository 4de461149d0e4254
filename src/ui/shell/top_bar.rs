//! The top bar: project, fusion and threshold, the running job with its time left, the saved mark.

use egui::{Align, Layout, RichText};

use crate::app::{ChromeCommand, Command, MatchCommand, PickFor, SaveStatus, SessionCommand, strategies};
use crate::fuse::{FusionParams, fusion_spec};
use crate::project::Access;
use crate::ui::{Outbox, ViewContext, widgets};

const HEIGHT: f32 = 40.0;

/// Draws the bar, and the bar of a failed write under it.
pub(super) fn show(ui: &mut egui::Ui, context: ViewContext<'_>, out: &mut Outbox) {
    let scale = ui.text_style_height(&egui::TextStyle::Body) / 17.0;
    let frame = egui::Frame::new()
        .fill(context.theme.palette.panel)
        .inner_margin(egui::Margin::symmetric(context.theme.spacing as i8, 0));
    egui::Panel::top("top_bar").exact_size(HEIGHT * scale.max(1.0)).frame(frame).show(ui, |ui| {
        // What must always be read stands on the right and takes its room first; the controls scroll in what is left.
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            saved(ui, context);
            jobs(ui, context, out);
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                egui::ScrollArea::horizontal().id_salt("controls").auto_shrink(false).show(ui, |ui| {
                    ui.horizontal_centered(|ui| {
                        project(ui, context, out);
                        if context.app.session.open.is_some() {
                            fusion(ui, context, out);
                            threshold(ui, context, out);
                        }
                    });
                });
            });
        });
    });
    failed_write(ui, context, out);
}

fn project(ui: &mut egui::Ui, context: ViewContext<'_>, out: &mut Outbox) {
    let Some(session) = &context.app.session.open else {
        let opening = context.app.session.opening.as_ref();
        let text = opening
            .map_or_else(|| "Lookalike".to_owned(), |path| format!("Opening {}\u{2026}", path.display()));
        ui.strong(text);
        return;
    };
    let name = egui::Button::new(RichText::new(&session.name).strong()).frame(false);
    let tooltip = format!("{} postings. Open another catalogue (Ctrl+O)", session.catalog.n_postings());
    if ui.add(name).on_hover_text(tooltip).clicked() {
        out.push(Command::Session(SessionCommand::Pick));
    }
    if session.access == Access::ReadOnly {
        let text = RichText::new("Read-only").color(context.theme.palette.warning);
        ui.label(text);
        if ui.button("Take over").on_hover_text("Asks the other window to become read-only").clicked() {
            out.push(Command::Session(SessionCommand::TakeOver));
        }
    }
    ui.separator();
}

fn fusion(ui: &mut egui::Ui, context: ViewContext<'_>, out: &mut Outbox) {
    let settings = &context.app.matching.settings;
    let label = strategy_label(context, &settings.fusion);
    let combo = egui::ComboBox::from_id_salt("fusion").selected_text(&label).width(110.0);
    let response = combo.show_ui(ui, |ui| {
        for id in strategies(context.app) {
            let summary = fusion_spec(id).map_or(TRAINED_SUMMARY, |spec| spec.summary);
            let label = strategy_label(context, id);
            if ui.selectable_label(settings.fusion == id, label).on_hover_text(summary).clicked() {
                out.push(Command::Match(MatchCommand::Fusion(id.to_owned())));
            }
        }
    });
    let text = format!("Fusion: {label}");
    response.response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::ComboBox, true, &text));
    response.response.on_hover_text("How picture and title similarity become one (Alt+Up, Alt+Down)");
    let Some(spec) = fusion_spec(&settings.fusion) else { return };
    let mut params = settings.params;
    if spec.uses_weight {
        slider(
            ui,
            "Picture weight",
            &mut params.image_weight,
            "Share of the picture's similarity; the title has the rest",
        );
    }
    if spec.uses_two_thresholds {
        slider(ui, "Picture threshold", &mut params.image_threshold, "Pictures at least this similar match");
        slider(ui, "Title threshold", &mut params.text_threshold, "Titles at least this similar match");
    }
    if params != settings.params {
        let FusionParams { image_weight, image_threshold, text_threshold } = params;
        let clean = |value: f32| (value * 200.0).round() / 200.0;
        let params = FusionParams {
            image_weight: clean(image_weight),
            image_threshold: clean(image_threshold),
            text_threshold: clean(text_threshold),
        };
        out.push(Command::Match(MatchCommand::Params(params)));
    }
}

/// Said of the promoted model among the strategies.
const TRAINED_SUMMARY: &str = "The promoted model's own measure of pairs, learned from labels and decisions";

/// Name of a fusion, or of the promoted model.
fn strategy_label(context: ViewContext<'_>, id: &str) -> String {
    match fusion_spec(id) {
        Some(spec) => spec.label.to_owned(),
        None => {
            let promoted = context.app.train.trained.promoted.as_ref();
            let name = promoted.map_or(id, |promoted| &promoted.promotion.id);
            format!("Trained: {name}")
        }
    }
}

fn slider(ui: &mut egui::Ui, label: &str, value: &mut f32, tooltip: &str) {
    let name = ui.label(RichText::new(label).small());
    ui.spacing_mut().slider_width = 80.0;
    // Thresholds move in steps of 0.005, and one that a model brings stays as it is until somebody moves it.
    let slider = egui::Slider::new(value, 0.0..=1.0).fixed_decimals(3).clamping(egui::SliderClamping::Edits);
    ui.add(slider).labelled_by(name.id).on_hover_text(tooltip);
}

fn threshold(ui: &mut egui::Ui, context: ViewContext<'_>, out: &mut Outbox) {
    let two = fusion_spec(&context.app.matching.settings.fusion).is_some_and(|spec| spec.uses_two_thresholds);
    if two {
        return;
    }
    let mut threshold = context.app.matching.settings.threshold;
    let tooltip = "Pairs at least this similar are proposed (Alt+Left, Alt+Right; with Shift in large steps)";
    slider(ui, "Threshold", &mut threshold, tooltip);
    if threshold != context.app.matching.settings.threshold {
        out.push(Command::Match(MatchCommand::Threshold(threshold)));
    }
    if let Some(change) = &context.app.matching.change {
        let text = format!("gained {}, lost {}", change.n_gained, change.n_lost);
        let details = format!(
            "Gained: {}\nLost: {}\nHold Alt+A to see the previous queue",
            list(&change.gained_titles),
            list(&change.lost_titles)
        );
        ui.label(RichText::new(text).small().color(context.theme.palette.text_weak)).on_hover_text(details);
    }
}

fn list(titles: &[String]) -> String {
    if titles.is_empty() { "nothing".to_owned() } else { titles.join("; ") }
}

/// Nothing is shown before a job has run for 300 ms.
fn jobs(ui: &mut egui::Ui, context: ViewContext<'_>, out: &mut Outbox) {
    const PATIENCE_SECS: f64 = 0.3;
    let now = context.app.now.secs;
    let running = context.app.chrome.jobs.iter().rev().find(|job| now - job.since_secs > PATIENCE_SECS);
    let Some(running) = running else {
        ui.label(RichText::new(&context.app.chrome.device).small().color(context.theme.palette.text_weak));
        return;
    };
    if ui.small_button("Stop").on_hover_text("Stops the job; what is finished stays").clicked() {
        out.push(Command::Chrome(ChromeCommand::CancelJob));
    }
    let progress = &running.progress;
    let left =
        progress.secs_left.map_or_else(String::new, |secs| format!(", {} left", widgets::duration(secs)));
    ui.label(RichText::new(format!("{} {}{left}", progress.stage, progress.counts())).small());
    if progress.n_total > 0 {
        let share = progress.n_done as f32 / progress.n_total as f32;
        ui.add(egui::ProgressBar::new(share).desired_width(80.0).desired_height(8.0));
    }
}

/// "214 saved 14:02:33" only after the sync.
fn saved(ui: &mut egui::Ui, context: ViewContext<'_>) {
    let palette = context.theme.palette;
    let saving = &context.app.saving;
    let (text, colour) = match &saving.status {
        SaveStatus::Idle => return,
        SaveStatus::Saving => (format!("Saving {}\u{2026}", saving.n_pending), palette.text_weak),
        SaveStatus::Saved { at_millis } => {
            (format!("\u{2714} {} saved {}", saving.n_saved, clock(*at_millis)), palette.success)
        }
        SaveStatus::Failed { .. } => ("Not saved".to_owned(), palette.error),
    };
    ui.label(RichText::new(text).small().color(colour));
}

fn clock(at_millis: i64) -> String {
    jiff::Timestamp::from_millisecond(at_millis).map_or_else(
        |_| String::new(),
        |time| time.to_zoned(jiff::tz::TimeZone::system()).strftime("%H:%M:%S").to_string(),
    )
}

fn failed_write(ui: &mut egui::Ui, context: ViewContext<'_>, out: &mut Outbox) {
    let SaveStatus::Failed { path, cause } = &context.app.saving.status else { return };
    let frame = egui::Frame::new()
        .fill(context.theme.palette.card)
        .stroke(egui::Stroke::new(2.0, context.theme.palette.error))
        .inner_margin(context.theme.spacing);
    egui::Panel::top("failed_write").frame(frame).show(ui, |ui| {
        ui.horizontal_wrapped(|ui| {
            let n_pending = context.app.saving.n_pending;
            let text = format!(
                "{n_pending} decisions are not saved: {cause}. Nothing more is recorded until they are: {}",
                path.display()
            );
            ui.colored_label(context.theme.palette.error, text);
            if ui.button("Retry").clicked() {
                out.push(Command::Chrome(ChromeCommand::RetryWrite));
            }
            if ui.button("Save a copy elsewhere\u{2026}").clicked() {
                out.push(Command::Chrome(ChromeCommand::Pick(PickFor::LogCopy)));
            }
        });
    });
}
