//! The posting asked about, large, and under it what is said of it and of the candidate under the cursor.

use egui::{Rect, RichText, Sense, vec2};

use super::weak;
use crate::app::{Asked, LookAlikesMode, OpenQuestion, Phase, shows_truth};
use crate::catalog::{Catalog, PostingIdx};
use crate::ui::views::duplicates::is_private;
use crate::ui::{ViewContext, widgets};

/// Draws the pane; tells whether the picture is on screen.
pub(super) fn show(
    ui: &mut egui::Ui,
    context: ViewContext<'_>,
    item: &OpenQuestion,
    side: f32,
) -> widgets::Drawn {
    let Some(session) = &context.app.session.open else { return widgets::Drawn::NotYet };
    let catalog = &session.catalog;
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), side), Sense::hover());
    let picture = Rect::from_center_size(rect.center(), vec2(side.min(rect.width()), side));
    let title = catalog.title(item.query);
    response.widget_info(|| {
        egui::WidgetInfo::labeled(egui::Role::Image, true, format!("What looks like this? {title}"))
    });
    let drawn = widgets::paint_picture(ui, context, item.query, picture);
    ui.add_space(4.0);
    egui::ScrollArea::vertical().id_salt("look_alikes_query").auto_shrink(false).show(ui, |ui| {
        about(ui, context, catalog, item);
        if context.app.look_alikes.shows_info {
            info(ui, context, catalog, "The posting", item.query);
            if let Some(candidate) = current(context, item) {
                info(ui, context, catalog, &format!("Candidate {}", item.cursor + 1), candidate);
            }
        }
    });
    drawn
}

/// The posting of the candidate under the cursor.
pub(super) fn current(context: ViewContext<'_>, item: &OpenQuestion) -> Option<PostingIdx> {
    let questions = context.app.look_alikes.questions.as_ref()?;
    let row = questions.questions.get(item.number)?.candidates.get(item.current()?)?;
    Some(PostingIdx(*row))
}

fn about(ui: &mut egui::Ui, context: ViewContext<'_>, catalog: &Catalog, item: &OpenQuestion) {
    let n = context.app.look_alikes.questions.as_ref().map_or(0, |questions| questions.questions.len());
    let palette = context.theme.palette;
    // While labels are made no number is shown: it would tell a question that returns from a new one.
    let is_numbered =
        context.app.look_alikes.mode != LookAlikesMode::Annotate || matches!(item.asked, Asked::Revisited(_));
    let heading = if is_numbered {
        format!("Question {} of {n}", item.number + 1)
    } else {
        "What looks like this?".to_owned()
    };
    ui.label(RichText::new(heading).strong());
    let title = catalog.title(item.query);
    if !title.is_empty() {
        widgets::title(ui, context.theme, title, None);
    }
    if item.n_pages() > 1 {
        let text = format!("Page {} of {}, {} not seen", item.page + 1, item.n_pages(), item.n_unseen());
        ui.label(RichText::new(text).color(palette.accent));
        let keys = ["look_alikes.page_previous", "look_alikes.page_next"]
            .map(|id| context.keymap.keycap(id).unwrap_or_default());
        weak(ui, context, format!("{} and {} turn pages", keys[0], keys[1]));
    }
    if let Asked::Revisited(_) = item.asked {
        ui.label(RichText::new("\u{2714} answered").color(palette.success));
    }
    if item.phase == Phase::Revealed && context.app.look_alikes.mode == LookAlikesMode::Play {
        verdict_of_play(ui, context, item);
    }
    if shows_truth(context.app) && !context.app.look_alikes.shows_info {
        rankings(ui, context, item);
    }
}

/// Who was right.
fn verdict_of_play(ui: &mut egui::Ui, context: ViewContext<'_>, item: &OpenQuestion) {
    let Some(questions) = &context.app.look_alikes.questions else { return };
    let palette = context.theme.palette;
    let Some(truths) = questions.truths.get(item.number).filter(|_| questions.has_truth(item.number)) else {
        return weak(ui, context, "The match of this one is not known; it does not count");
    };
    let is_right = |candidate: &usize| truths.get(*candidate).copied().unwrap_or_default();
    let best = item.ranks.iter().position(|rank| *rank == 0);
    for (who, is_right) in [
        ("You", item.picks.first().is_some_and(is_right)),
        ("The model", best.as_ref().is_some_and(is_right)),
    ] {
        let (text, colour) = match is_right {
            true => (format!("\u{2714} {who}: right"), palette.success),
            false => (format!("\u{2716} {who}: wrong"), palette.error),
        };
        ui.label(RichText::new(text).strong().color(colour));
    }
    let key = context.keymap.keycap("look_alikes.record").unwrap_or_default();
    weak(ui, context, format!("{key} goes on"));
}

/// The rank of the match by each strategy.
fn rankings(ui: &mut egui::Ui, context: ViewContext<'_>, item: &OpenQuestion) {
    let Some(questions) = &context.app.look_alikes.questions else { return };
    let Some(truths) = questions.truths.get(item.number) else { return };
    for strategy in &questions.strategies {
        let Some(scores) = strategy.scores.get(item.number) else { continue };
        let right = scores.iter().zip(truths).filter(|(_, truth)| **truth).map(|(score, _)| *score);
        let best = right.filter(|score| !score.is_nan()).fold(f32::NEG_INFINITY, f32::max);
        let text = if best.is_finite() {
            let n_above = scores.iter().filter(|score| **score > best).count();
            format!("{}: the match is #{}, {best:.2}", strategy.label, n_above + 1)
        } else {
            format!("{}: no score for the match", strategy.label)
        };
        weak(ui, context, text);
    }
}

fn info(ui: &mut egui::Ui, context: ViewContext<'_>, catalog: &Catalog, name: &str, posting: PostingIdx) {
    ui.separator();
    ui.strong(name);
    let hides = context.app.preferences.presentation;
    for (number, column) in catalog.columns().iter().enumerate() {
        let cell = catalog.cell(posting, number);
        // A group's label would give the answer away.
        let is_answer = catalog.group(posting) == Some(cell) && !shows_truth(context.app);
        if cell.is_empty() || is_answer || hides && is_private(column) {
            continue;
        }
        ui.label(RichText::new(column).small().color(context.theme.palette.text_weak));
        ui.add(egui::Label::new(cell).wrap());
    }
    if let Some([width, height]) = context.images.size(posting) {
        weak(ui, context, format!("{width} \u{d7} {height} pixels"));
    }
}
