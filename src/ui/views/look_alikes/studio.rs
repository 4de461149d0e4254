//! The hard-negative studio: what the model ranks above a match, widest margin first; on the left the list, in the centre the
//! posting, its match and the candidate, and under them what can be said of it.

use egui::{Align2, FontId, Rect, RichText, Sense, Stroke, StrokeKind, pos2, vec2};

use super::{header, send, weak};
use crate::app::{HardNegative, LookAlikesCommand};
use crate::catalog::{Catalog, PostingIdx};
use crate::jobs::RankedQuestions;
use crate::review::CandidateVerdict;
use crate::ui::{Outbox, ViewContext, input, widgets};

const ROW: f32 = 60.0;
const LIST_WIDTH: f32 = 280.0;

/// Draws the page.
pub(super) fn show(ui: &mut egui::Ui, context: ViewContext<'_>, out: &mut Outbox) {
    let studio = &context.app.look_alikes.studio;
    input::canvas(ui, ui.available_rect_before_wrap(), "Hard negatives");
    let (Some(questions), Some(session)) = (&context.app.look_alikes.questions, &context.app.session.open)
    else {
        return;
    };
    head(ui, context, out);
    if studio.list.is_empty() {
        return super::centred(ui, |ui| {
            ui.heading("Nothing stands above a match");
            let text = if questions.truths.iter().flatten().any(|truth| *truth) {
                "The model ranks every known match first"
            } else {
                "No match is known yet: answer questions, and what the model ranks above your picks comes here"
            };
            weak(ui, context, text);
        });
    }
    let scale = widgets::text_scale(ui);
    let is_narrow = ui.available_width() < 1100.0 * scale;
    let width = if is_narrow { 200.0 } else { LIST_WIDTH } * scale;
    let left = egui::Panel::left("hard_negatives_list").resizable(false).frame(egui::Frame::NONE);
    left.exact_size(width).show(ui, |ui| list(ui, context, questions, &session.catalog, out));
    let centre = egui::Frame::new().inner_margin(egui::Margin { left: 12, ..egui::Margin::ZERO });
    egui::CentralPanel::default().frame(centre).show(ui, |ui| {
        if let Some(line) = studio.current() {
            let bar = egui::Panel::bottom("hard_negatives_bar").resizable(false).frame(egui::Frame::NONE);
            bar.show(ui, |ui| verdicts(ui, context, line, out));
            prefetch(ui, context, questions);
            three(ui, context, questions, &session.catalog, line, out);
        }
    });
}

/// "118 candidates above their match, 34 decided: ...".
fn head(ui: &mut egui::Ui, context: ViewContext<'_>, out: &mut Outbox) {
    let look_alikes = &context.app.look_alikes;
    let studio = &look_alikes.studio;
    let mut counts = [0_usize; 4];
    for line in studio.list.iter() {
        if let Some(verdict) = studio.verdict(context.app, line)
            && let Some(count) =
                CandidateVerdict::ALL.iter().position(|it| *it == verdict).and_then(|at| counts.get_mut(at))
        {
            *count += 1;
        }
    }
    let [n_negative, n_match, n_variant, n_left_out] = counts;
    let n_decided: usize = counts.iter().sum();
    ui.horizontal_wrapped(|ui| {
        let candidates = if studio.list.len() == 1 { "candidate" } else { "candidates" };
        ui.strong(format!("{} {candidates} above their match, {n_decided} decided", studio.list.len()));
        let text = format!(
            "{n_negative} negative, {n_match} actually a match, {n_variant} variants, {n_left_out} left out \u{b7} {} triplets",
            look_alikes.known.n_triplets()
        );
        ui.label(RichText::new(text).color(context.theme.palette.text_weak));
        header::studio_buttons(ui, context, out);
    });
    ui.add_space(4.0);
}

/// The three postings of a line: asked about, its match, the candidate.
fn postings(questions: &RankedQuestions, line: &HardNegative) -> Option<[PostingIdx; 3]> {
    let question = questions.questions.get(line.number)?;
    let row = |candidate: usize| question.candidates.get(candidate).copied().map(PostingIdx);
    Some([PostingIdx(question.query), row(line.best_match)?, row(line.candidate)?])
}

fn list(
    ui: &mut egui::Ui,
    context: ViewContext<'_>,
    questions: &RankedQuestions,
    catalog: &Catalog,
    out: &mut Outbox,
) {
    let studio = &context.app.look_alikes.studio;
    let height = ROW * widgets::text_scale(ui).min(1.5);
    let mut area = egui::ScrollArea::vertical().id_salt("hard_negatives").auto_shrink(false);
    // Keys move the cursor: the list follows it.
    let id = egui::Id::unique("hard_negatives_cursor");
    let last: Option<usize> = ui.data(|data| data.get_temp(id));
    if last != Some(studio.cursor) {
        let top = studio.cursor as f32 * height - (ui.available_height() - height) / 2.0;
        area = area.vertical_scroll_offset(top.max(0.0));
        ui.data_mut(|data| data.insert_temp(id, studio.cursor));
    }
    ui.spacing_mut().item_spacing.y = 0.0;
    area.show_rows(ui, height, studio.list.len(), |ui, shown| {
        for number in shown {
            let Some(line) = studio.list.get(number) else { continue };
            row(ui, context, questions, catalog, number, line, height, out);
        }
    });
}

#[expect(clippy::too_many_arguments, reason = "one line of one list; a struct would be named once")]
fn row(
    ui: &mut egui::Ui,
    context: ViewContext<'_>,
    questions: &RankedQuestions,
    catalog: &Catalog,
    number: usize,
    line: &HardNegative,
    height: f32,
    out: &mut Outbox,
) {
    let palette = context.theme.palette;
    let studio = &context.app.look_alikes.studio;
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), height), Sense::click());
    let is_cursor = studio.cursor == number;
    let said = studio.verdict(context.app, line);
    let Some([query, _, candidate]) = postings(questions, line) else { return };
    response.widget_info(|| {
        let mut name =
            format!("{} of {}, above its match by {:.2}", number + 1, studio.list.len(), line.margin);
        if let Some(verdict) = said {
            name.push_str(&format!(", {}", verdict.label()));
        }
        if line.warning.is_some() {
            name.push_str(", probably no negative");
        }
        name.push_str(&format!(", {}", catalog.title(candidate)));
        egui::WidgetInfo::selected(egui::Role::ListItem, true, is_cursor, name)
    });
    if response.clicked() {
        send(out, LookAlikesCommand::StudioCursor(number));
    }
    let fill = if is_cursor || response.hovered() { palette.card_hover } else { palette.window };
    let is_outlined = studio.outlined == Some(number);
    let stroke = match (is_cursor, is_outlined) {
        (_, true) => Stroke::new(2.5, palette.warning),
        (true, false) => Stroke::new(1.5, palette.focus),
        (false, false) => Stroke::NONE,
    };
    ui.painter().rect(rect.shrink(1.0), 4.0, fill, stroke, StrokeKind::Inside);
    let side = height - 12.0;
    let first = Rect::from_min_size(rect.min + vec2(6.0, 6.0), vec2(side, side));
    widgets::paint_picture(ui, context, query, first);
    let second = first.translate(vec2(side + 4.0, 0.0));
    widgets::paint_picture(ui, context, candidate, second);
    let left = second.right() + 8.0;
    let font = FontId::proportional(egui::TextStyle::Small.resolve(ui.style()).size);
    let painter = ui.painter().with_clip_rect(rect);
    let text = format!("+{:.2}", line.margin);
    painter.text(pos2(left, first.top()), Align2::LEFT_TOP, text, font.clone(), palette.text);
    let text = format!("#{} over #{}", line.rank + 1, line.match_rank + 1);
    let at = pos2(left, first.top() + font.size * 1.25);
    painter.text(at, Align2::LEFT_TOP, text, font.clone(), palette.text_weak);
    let middle = pos2(left, first.top() + font.size * 2.5);
    match (said, line.warning) {
        (Some(verdict), _) => {
            let (sign, colour) = sign(context, verdict);
            painter.text(middle, Align2::LEFT_TOP, format!("{sign} {}", verdict.label()), font, colour);
        }
        (None, Some(_)) => {
            painter.text(middle, Align2::LEFT_TOP, "\u{26a0} look twice", font, palette.warning);
        }
        (None, None) => {}
    }
}

/// A verdict's letter and colour.
fn sign(context: ViewContext<'_>, verdict: CandidateVerdict) -> (&'static str, egui::Color32) {
    let palette = context.theme.palette;
    match verdict {
        CandidateVerdict::Negative => ("D", palette.different),
        CandidateVerdict::Match => ("S", palette.same),
        CandidateVerdict::Variant => ("V", palette.variant),
        CandidateVerdict::LeftOut => ("U", palette.text_weak),
    }
}

/// Side of the three pictures in the room that is left.
fn side_of_three(ui: &egui::Ui) -> f32 {
    const GAP: f32 = 12.0;
    let captions = ui.text_style_height(&egui::TextStyle::Body) * 5.5;
    let room = ui.available_size();
    ((room.x - 2.0 * GAP) / 3.0).min(room.y - captions).max(40.0)
}

fn three(
    ui: &mut egui::Ui,
    context: ViewContext<'_>,
    questions: &RankedQuestions,
    catalog: &Catalog,
    line: &HardNegative,
    out: &mut Outbox,
) {
    let palette = context.theme.palette;
    let Some(shown) = postings(questions, line) else { return };
    let side = side_of_three(ui);
    let score = |candidate: usize| {
        let strategy = questions.strategies.first()?;
        strategy.scores.get(line.number)?.get(candidate).copied()
    };
    let said = |candidate: usize| score(candidate).map_or_else(String::new, |score| format!(", {score:.2}"));
    let names = [
        "Asked about".to_owned(),
        format!("Its match{}", said(line.best_match)),
        format!("The candidate{}", said(line.candidate)),
    ];
    let colours = [palette.text, palette.success, palette.warning];
    let mut n_drawn = 0;
    ui.horizontal_top(|ui| {
        ui.spacing_mut().item_spacing.x = 12.0;
        for ((posting, name), colour) in shown.into_iter().zip(&names).zip(colours) {
            ui.vertical(|ui| {
                ui.set_width(side);
                ui.label(RichText::new(name).strong().color(colour));
                let drawn = widgets::picture(ui, context, posting, vec2(side, side));
                n_drawn += usize::from(drawn == widgets::Drawn::Yes);
                let title = catalog.title(posting);
                if !title.is_empty() {
                    let font = egui::TextStyle::Small.resolve(ui.style());
                    let galley = widgets::title_galley(ui, context.theme, title, None, font, side, 2);
                    ui.label(galley);
                }
            });
        }
    });
    let studio = &context.app.look_alikes.studio;
    if n_drawn == shown.len() && !studio.is_drawn {
        send(out, LookAlikesCommand::StudioDrawn(studio.cursor));
        ui.ctx().request_repaint();
    }
    ui.add_space(4.0);
    if let Some(warning) = line.warning {
        let text = format!("\u{26a0} {}", warning.text());
        ui.label(RichText::new(text).strong().color(palette.warning));
    }
    let by: Vec<String> =
        questions.strategies.iter().filter_map(|strategy| difference(strategy, line)).collect();
    weak(ui, context, by.join(" \u{b7} "));
    if let Some(verdict) = studio.verdict(context.app, line) {
        let (letter, colour) = sign(context, verdict);
        ui.label(RichText::new(format!("\u{2714} recorded: {letter} {}", verdict.label())).color(colour));
    }
}

/// How far the candidate stands above the match by one strategy.
fn difference(strategy: &crate::jobs::StrategyScores, line: &HardNegative) -> Option<String> {
    let scores = strategy.scores.get(line.number)?;
    let margin = scores.get(line.candidate)? - scores.get(line.best_match)?;
    let word = if margin > 0.0 { "above" } else { "below" };
    margin.is_finite().then(|| format!("{}: {:.2} {word}", strategy.label, margin.abs()))
}

/// Decodes the pictures of the lines one will see next.
fn prefetch(ui: &egui::Ui, context: ViewContext<'_>, questions: &RankedQuestions) {
    const N_AHEAD: usize = 8;
    let studio = &context.app.look_alikes.studio;
    let side = (side_of_three(ui) * ui.ctx().pixels_per_point()).ceil() as u32;
    let ahead = studio.list.iter().skip(studio.cursor + 1).take(N_AHEAD);
    let wanted: Vec<PostingIdx> = ahead.filter_map(|line| postings(questions, line)).flatten().collect();
    context.images.prefetch(ui.ctx(), &wanted, side);
}

fn verdicts(ui: &mut egui::Ui, context: ViewContext<'_>, line: &HardNegative, out: &mut Outbox) {
    ui.add_space(6.0);
    let said = context.app.look_alikes.studio.verdict(context.app, line);
    ui.horizontal_wrapped(|ui| {
        for verdict in CandidateVerdict::ALL {
            let id = match verdict {
                CandidateVerdict::Negative => "hard_negatives.negative",
                CandidateVerdict::Match => "hard_negatives.match",
                CandidateVerdict::Variant => "hard_negatives.variant",
                CandidateVerdict::LeftOut => "hard_negatives.leave_out",
            };
            let Some(action) = crate::app::action(id) else { continue };
            let key = context.keymap.keycap(id).unwrap_or_default();
            let (_, colour) = sign(context, verdict);
            let is_said = said == Some(verdict);
            let text = RichText::new(format!("{}  {key}", action.label));
            let text = if is_said { text.strong() } else { text };
            let button = egui::Button::new(text).stroke(Stroke::new(if is_said { 3.0 } else { 1.5 }, colour));
            let size = vec2(0.0, ui.spacing().interact_size.y * 1.3);
            let response = ui.add(button.min_size(size));
            response
                .widget_info(|| egui::WidgetInfo::selected(egui::Role::Button, true, is_said, action.label));
            if response.on_hover_text(action.tooltip).clicked() {
                out.push((action.command)());
            }
        }
        super::button(ui, context, "hard_negatives.undo", true, out);
        super::button(ui, context, "hard_negatives.compare", true, out);
    });
}
