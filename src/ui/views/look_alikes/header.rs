//! Above the page: tabs, what answers are for, which question this is, and the counters of the session.

use egui::RichText;

use super::{button, send};
use crate::app::{
    LookAlikesCommand, LookAlikesMode, LookAlikesSection, PlayScore, is_blind, look_alikes_page,
};
use crate::ui::{Outbox, ViewContext};

/// Draws the line.
pub(super) fn show(ui: &mut egui::Ui, context: ViewContext<'_>, out: &mut Outbox) {
    let page = look_alikes_page(context.app);
    ui.horizontal_wrapped(|ui| {
        tabs(ui, context, page, out);
        if page == LookAlikesSection::Grid {
            ui.separator();
            modes(ui, context, out);
            ui.separator();
            counters(ui, context);
        }
        updating(ui, context);
    });
    ui.add_space(2.0);
}

fn tabs(ui: &mut egui::Ui, context: ViewContext<'_>, page: LookAlikesSection, out: &mut Outbox) {
    let has_questions = context.app.look_alikes.questions.is_some();
    for section in LookAlikesSection::ALL {
        let is_open = page == section;
        let is_possible = has_questions || section == LookAlikesSection::Questions;
        let tab = egui::Button::selectable(is_open, section.label());
        let response = ui.add_enabled(is_possible, tab);
        response.widget_info(|| {
            egui::WidgetInfo::selected(egui::Role::Tab, is_possible, is_open, section.label())
        });
        let key = match section {
            LookAlikesSection::Grid => "chrome.escape",
            LookAlikesSection::HardNegatives => "look_alikes.hard_negatives",
            LookAlikesSection::Questions => "look_alikes.questions",
        };
        let key = context.keymap.keycap(key).unwrap_or_default();
        let response = response.on_hover_text(format!("Key {key}"));
        if response.on_disabled_hover_text("There are no questions yet").clicked() {
            send(out, LookAlikesCommand::Section(section));
        }
    }
}

fn modes(ui: &mut egui::Ui, context: ViewContext<'_>, out: &mut Outbox) {
    let key = context.keymap.keycap("look_alikes.mode").unwrap_or_default();
    for mode in LookAlikesMode::ALL {
        let is_chosen = context.app.look_alikes.mode == mode;
        let response = ui.selectable_label(is_chosen, mode.label());
        response.widget_info(|| {
            egui::WidgetInfo::selected(egui::Role::RadioButton, true, is_chosen, mode.label())
        });
        let tooltip = match mode {
            LookAlikesMode::Annotate => "Makes labels",
            LookAlikesMode::Play => "You against the model; the truth is shown after each answer",
            LookAlikesMode::Demo => "Shows scores and truth; records nothing",
        };
        if response.on_hover_text(format!("{tooltip} ({key} goes through them)")).clicked() {
            send(out, LookAlikesCommand::Mode(mode));
        }
    }
    if context.app.look_alikes.mode != LookAlikesMode::Demo {
        let mut blind = is_blind(context.app);
        let key = context.keymap.keycap("look_alikes.blind").unwrap_or_default();
        let response = ui.checkbox(&mut blind, "Blind");
        if response.on_hover_text(format!("Scores hidden, order shuffled ({key})")).changed() {
            send(out, LookAlikesCommand::ToggleBlind);
        }
    }
}

fn counters(ui: &mut egui::Ui, context: ViewContext<'_>) {
    let look_alikes = &context.app.look_alikes;
    let palette = context.theme.palette;
    let n = look_alikes.questions.as_ref().map_or(0, |questions| questions.questions.len());
    let known = &look_alikes.known;
    match look_alikes.mode {
        LookAlikesMode::Annotate => {
            let goal = context.app.session.open.as_ref().map_or(0, |open| open.settings.look_alikes.goal);
            let n_session = look_alikes.n_session(context.app);
            if goal > 0 {
                let text = RichText::new(format!("{n_session} of {goal}")).strong();
                let colour = if n_session >= goal { palette.success } else { palette.text };
                let tooltip = "Answers of this session, and its goal (set on the Questions page)";
                ui.label(text.color(colour)).on_hover_text(tooltip);
                bar(ui, context, (n_session as f32 / goal as f32).min(1.0));
            } else {
                ui.label(RichText::new(format!("{n_session} in this session")).strong());
            }
        }
        LookAlikesMode::Play => {
            let text = RichText::new(play_score(known.score())).strong();
            let tooltip =
                "First pick right, and one of the first two right, on the questions answered in play";
            ui.label(text).on_hover_text(tooltip);
        }
        LookAlikesMode::Demo => {
            ui.label(RichText::new("Nothing is recorded").color(palette.text_weak));
        }
    }
    let mut text = format!("{} of {n} questions answered", known.n_answered());
    if look_alikes.mode == LookAlikesMode::Annotate
        && let Some(agreement) = agreement(context)
    {
        text.push_str(&format!(" \u{b7} {agreement}"));
    }
    ui.label(RichText::new(text).small().color(palette.text_weak));
}

/// A share of the goal.
fn bar(ui: &mut egui::Ui, context: ViewContext<'_>, share: f32) {
    let palette = context.theme.palette;
    let (rect, _) = ui.allocate_exact_size(egui::vec2(72.0, 8.0), egui::Sense::hover());
    ui.painter().rect_filled(rect, 4.0, palette.rail);
    let done = egui::Rect::from_min_size(rect.min, egui::vec2(rect.width() * share, rect.height()));
    ui.painter().rect_filled(done, 4.0, palette.accent);
}

/// "After 20: you top 1 60 %, top 2 75 %; model top 1 45 %, top 2 60 %".
fn play_score(score: PlayScore) -> String {
    let PlayScore { n, n_you_top1, n_you_top2, n_model_top1, n_model_top2 } = score;
    if n == 0 {
        return "You against the model: no round yet".to_owned();
    }
    let share = |right: usize| format!("{:.0} %", right as f64 * 100.0 / n as f64);
    format!(
        "After {n}: you top 1 {}, top 2 {}; model top 1 {}, top 2 {}",
        share(n_you_top1),
        share(n_you_top2),
        share(n_model_top1),
        share(n_model_top2)
    )
}

/// How far the reviewer agrees with themselves, in words.
pub(super) fn agreement(context: ViewContext<'_>) -> Option<String> {
    let agreement = context.app.look_alikes.known.agreement()?;
    let questions = if agreement.n_questions == 1 { "question" } else { "questions" };
    Some(format!(
        "agreement with yourself \u{3ba} {:.2} on {} repeated {questions}",
        agreement.kappa, agreement.n_questions
    ))
}

/// A line while newer rankings are made; nothing before 300 ms.
fn updating(ui: &mut egui::Ui, context: ViewContext<'_>) {
    let look_alikes = &context.app.look_alikes;
    let is_slow = look_alikes.asking_since.is_some_and(|since| context.app.now.secs - since > 0.3);
    if is_slow && look_alikes.questions.is_some() {
        let text = "Ranking\u{2026} the questions on screen stay until the new ones are there";
        ui.label(RichText::new(text).small().color(context.theme.palette.warning));
    }
}

/// Buttons of the studio's head; here so that both heads look alike.
pub(super) fn studio_buttons(ui: &mut egui::Ui, context: ViewContext<'_>, out: &mut Outbox) {
    for id in ["hard_negatives.export", "hard_negatives.train", "hard_negatives.list_again"] {
        button(ui, context, id, true, out);
    }
}
