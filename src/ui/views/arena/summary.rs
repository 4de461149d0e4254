//! Every strategy over all questions: shares with the match first or among the first two as bars, the other measures as numbers.

use egui::{Align2, Rect, RichText, Sense, Stroke, StrokeKind, Vec2, pos2, vec2};

use super::weak;
use crate::jobs::StrategySummary;
use crate::ui::{ViewContext, widgets};

/// Height of one bar, points at 100 % text.
const BAR: f32 = 18.0;
/// Width of the column of names.
const NAME: f32 = 240.0;
/// Width of a column of numbers.
const NUMBER: f32 = 84.0;

/// Draws the page.
pub(super) fn show(ui: &mut egui::Ui, context: ViewContext<'_>) {
    let arena = &context.app.look_alikes.arena;
    let Some(first) = arena.summaries.first() else {
        let height = ui.available_height();
        ui.vertical_centered(|ui| {
            ui.add_space(height * 0.3);
            ui.heading("No match is known");
            weak(ui, context, "The catalogue's groups say which candidates match; open a table of pairs");
        });
        return;
    };
    weak(
        ui,
        context,
        &format!("{} questions with a known match; chance is the same for every row", first.n_questions),
    );
    ui.add_space(6.0);
    egui::ScrollArea::both().id_salt("arena_summary").auto_shrink(false).show(ui, |ui| {
        let scale = widgets::text_scale(ui);
        let numbers = NUMBER * scale * 5.0;
        let bars = (ui.available_width() - NAME * scale - numbers - 24.0).max(160.0);
        heads(ui, context, bars, scale);
        for summary in &arena.summaries {
            line(ui, context, summary, bars, scale);
        }
        ui.add_space(8.0);
        legend(ui, context);
    });
}

fn heads(ui: &mut egui::Ui, context: ViewContext<'_>, bars: f32, scale: f32) {
    ui.horizontal(|ui| {
        let head = |ui: &mut egui::Ui, text: &str, width: f32| {
            let (rect, _) = ui.allocate_exact_size(vec2(width, 20.0 * scale), Sense::hover());
            let font = egui::TextStyle::Small.resolve(ui.style());
            ui.painter().text(
                rect.left_center(),
                Align2::LEFT_CENTER,
                text,
                font,
                context.theme.palette.text_weak,
            );
        };
        ui.spacing_mut().item_spacing.x = 0.0;
        head(ui, "Strategy", NAME * scale);
        head(ui, "Match first, and among the first two", bars);
        for text in ["top-5", "MRR", "questions", "parameters", "ms a query"] {
            head(ui, text, NUMBER * scale);
        }
    });
}

fn line(ui: &mut egui::Ui, context: ViewContext<'_>, summary: &StrategySummary, bars: f32, scale: f32) {
    let palette = context.theme.palette;
    let height = BAR * scale * 2.0 + 12.0;
    let width = NAME * scale + bars + NUMBER * scale * 5.0;
    let (rect, response) = ui.allocate_exact_size(vec2(width, height), Sense::hover());
    let words = format!(
        "{}: match first {:.1} %, among the first two {:.1} %, mean reciprocal rank {:.3}",
        summary.label,
        summary.top_1 * 100.0,
        summary.top_2 * 100.0,
        summary.mean_reciprocal_rank
    );
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Image, true, &words));
    let body = egui::TextStyle::Body.resolve(ui.style());
    let small = egui::TextStyle::Small.resolve(ui.style());
    let mut job =
        egui::text::LayoutJob::simple(summary.label.clone(), body.clone(), palette.text, NAME * scale - 12.0);
    job.wrap.max_rows = 2;
    let galley = ui.painter().layout_job(job);
    ui.painter().galley(pos2(rect.left(), rect.center().y - galley.size().y / 2.0), galley, palette.text);
    let start = rect.left() + NAME * scale;
    // Room for the number behind a full bar.
    let full = bars - 64.0 * scale;
    for (which, share) in [summary.top_1, summary.top_2].into_iter().enumerate() {
        let top = rect.top() + 4.0 + which as f32 * (BAR * scale + 2.0);
        let bar = Rect::from_min_size(pos2(start, top), vec2(full * share as f32, BAR * scale));
        ui.painter().rect(
            bar,
            2.0,
            fill(context, which),
            Stroke::new(1.0, palette.accent),
            StrokeKind::Inside,
        );
        let text = format!("{:.1} %", share * 100.0);
        ui.painter().text(
            bar.right_center() + vec2(6.0, 0.0),
            Align2::LEFT_CENTER,
            text,
            small.clone(),
            palette.text,
        );
    }
    let numbers = [
        format!("{:.1} %", summary.top_5 * 100.0),
        format!("{:.3}", summary.mean_reciprocal_rank),
        summary.n_questions.to_string(),
        summary.n_parameters.map_or_else(|| "?".to_owned(), in_millions),
        summary.millis_per_query.map_or_else(|| "–".to_owned(), |millis| format!("{millis:.1}")),
    ];
    for (column, text) in numbers.into_iter().enumerate() {
        let x = start + bars + column as f32 * NUMBER * scale;
        ui.painter().text(pos2(x, rect.center().y), Align2::LEFT_CENTER, text, body.clone(), palette.text);
    }
    ui.painter().hline(rect.x_range(), rect.bottom(), Stroke::new(1.0, palette.rail));
}

/// Full for the first measure, outlined for the second: not by colour alone.
fn fill(context: ViewContext<'_>, which: usize) -> egui::Color32 {
    if which == 0 { context.theme.palette.accent } else { context.theme.palette.card }
}

fn legend(ui: &mut egui::Ui, context: ViewContext<'_>) {
    ui.horizontal(|ui| {
        for (which, text) in
            ["match ranked first (top-1)", "match among the first two (top-2)"].into_iter().enumerate()
        {
            let (rect, _) = ui.allocate_exact_size(Vec2::splat(14.0), Sense::hover());
            let stroke = Stroke::new(1.0, context.theme.palette.accent);
            ui.painter().rect(rect, 2.0, fill(context, which), stroke, StrokeKind::Inside);
            ui.label(RichText::new(text).small());
        }
        weak(ui, context, "ms a query: embedding one posting and scoring its candidates");
    });
}

fn in_millions(n: u64) -> String {
    if n == 0 { "none".to_owned() } else { format!("{:.1} M", n as f64 / 1e6) }
}
