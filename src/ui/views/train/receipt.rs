//! One receipt: what was gained on postings not learned from, what it was made of, and the buttons that follow from it.

use egui::{Align2, Rect, RichText, Sense, Stroke, pos2, vec2};

use super::{button, clock, follow_keys, groups, main_button, pairs, send, weak};
use crate::app::{TrainCommand, TrainSection};
use crate::jobs::{LabelSource, TrainedReceipt, TrainedRun};
use crate::train::{CurvePoint, Interval};
use crate::ui::widgets::{Chart, Line, Mark, Rule};
use crate::ui::{Outbox, ViewContext, widgets};

/// Below this width, points at 100 % text, everything stands in one column.
const NARROW: f32 = 900.0;

/// Draws the page.
pub(super) fn show(ui: &mut egui::Ui, context: ViewContext<'_>, out: &mut Outbox) {
    let Some(run) = context.app.train.shown_run() else { return empty(ui, context, out) };
    header(ui, context, run, out);
    egui::ScrollArea::vertical().id_salt("train_receipt").auto_shrink(false).show(ui, |ui| {
        follow_keys(ui, context, "receipt");
        let receipt = &run.receipt;
        let width = ui.available_width() - 8.0;
        if width > NARROW * widgets::text_scale(ui) {
            let left = (width * 0.4).min(520.0);
            ui.horizontal_top(|ui| {
                ui.allocate_ui(vec2(left, 0.0), |ui| ui.vertical(|ui| scores(ui, context, receipt)));
                ui.vertical(|ui| curves(ui, context, receipt, vec2((width - left - 24.0) / 2.0, 190.0)));
            });
        } else {
            scores(ui, context, receipt);
            curves(ui, context, receipt, vec2((width - 12.0) / 2.0, 170.0));
        }
        ui.add_space(8.0);
        pairs::show(ui, context, receipt, out);
        ui.add_space(8.0);
        groups::show(ui, context, receipt);
        ui.add_space(8.0);
        facts(ui, context, receipt);
    });
}

fn empty(ui: &mut egui::Ui, context: ViewContext<'_>, out: &mut Outbox) {
    let height = ui.available_height();
    ui.vertical_centered(|ui| {
        ui.add_space(height * 0.3);
        ui.heading("No receipt yet");
        weak(
            ui,
            context,
            "Every run leaves one: test scores before and after, the pairs it fixed and broke, seed and data",
        );
        ui.add_space(8.0);
        if ui.button("Go to Learn").clicked() {
            send(out, TrainCommand::Section(TrainSection::Learn));
        }
    });
}

fn header(ui: &mut egui::Ui, context: ViewContext<'_>, run: &TrainedRun, out: &mut Outbox) {
    let palette = context.theme.palette;
    let receipt = &run.receipt;
    let is_promoted = context.app.train.is_promoted(receipt);
    ui.horizontal_wrapped(|ui| {
        ui.heading(&receipt.recipe.label);
        weak(ui, context, clock(receipt.at_millis));
        if is_promoted {
            ui.label(RichText::new("\u{2714} does the matching").color(palette.success));
        }
        if !is_promoted && run.has_weights {
            main_button(ui, context, "train.promote", out);
        }
        let has_promoted = context.app.train.trained.promoted.is_some();
        button(ui, context, "train.roll_back", has_promoted, out);
        button(ui, context, "train.export", run.has_weights, out);
    });
    if !run.has_weights && !is_promoted {
        let seed = receipt.recipe.training.seed;
        let text = format!(
            "\u{26a0} A later run of this recipe replaced these weights; train again with seed {seed} to have them"
        );
        ui.label(RichText::new(text).color(palette.warning));
    }
    if receipt.is_stopped_early {
        let text = "\u{26a0} Stopped before its end; the best so far was kept. Train again to go on";
        ui.label(RichText::new(text).color(palette.warning));
    }
}

fn scores(ui: &mut egui::Ui, context: ViewContext<'_>, receipt: &TrainedReceipt) {
    let palette = context.theme.palette;
    let result = &receipt.result;
    let [_, _, n_rows] = result.n_rows;
    let [_, _, n_groups] = result.n_groups;
    ui.strong("On postings it has not learned from");
    weak(ui, context, format!("{n_rows} postings of {n_groups} groups; mean F1 a posting, 95 % intervals"));
    let width = ui.available_width().min(520.0);
    let (before, after) = (&result.before, &result.after);
    let bars = [
        ("Before", before.mean_f1, before.interval, Mark::Ring, palette.text_weak),
        ("After", after.mean_f1, after.interval, Mark::Disc, palette.accent),
    ];
    let low = before.interval.low.min(after.interval.low);
    let high = before.interval.high.max(after.interval.high);
    for (name, mean, interval, mark, colour) in bars {
        bar(ui, context, width, Bar { name, mean, interval, mark, colour, range: [low, high] });
    }
    let Interval { low, high } = result.gain_interval;
    let (sign, sentence, colour) = if low > 0.0 {
        ("\u{2714}", "the gain is no chance of these postings", palette.success)
    } else if high < 0.0 {
        ("\u{26a0}", "it got worse; do not promote", palette.error)
    } else {
        ("\u{26a0}", "the interval holds 0: it may be chance", palette.warning)
    };
    let text = format!("{sign} Gain {:+.3} ({low:+.3} to {high:+.3}): {sentence}", result.gain);
    ui.add(egui::Label::new(RichText::new(text).color(colour)).wrap());
    let spacing = ui.spacing().interact_size.y;
    ui.spacing_mut().interact_size.y = 0.0;
    egui::Grid::new("train_scores").num_columns(3).spacing(vec2(20.0, 2.0)).show(ui, |ui| {
        for title in ["", "Before", "After"] {
            ui.label(RichText::new(title).small().color(palette.text_weak));
        }
        ui.end_row();
        for (name, before, after) in [
            ("Precision", before.precision, after.precision),
            ("Recall", before.recall, after.recall),
            ("Threshold", f64::from(before.threshold), f64::from(after.threshold)),
        ] {
            ui.label(name);
            ui.label(format!("{before:.3}"));
            ui.label(format!("{after:.3}"));
            ui.end_row();
        }
    });
    ui.spacing_mut().interact_size.y = spacing;
    for note in &receipt.notes {
        let text = RichText::new(format!("Note: {note}")).small().color(palette.text_weak);
        ui.add(egui::Label::new(text).wrap());
    }
}

/// A mean with its interval on a line from the lowest to the highest of all.
struct Bar<'a> {
    name: &'a str,
    mean: f64,
    interval: Interval,
    mark: Mark,
    colour: egui::Color32,
    range: [f64; 2],
}

fn bar(ui: &mut egui::Ui, context: ViewContext<'_>, width: f32, bar: Bar<'_>) {
    let Bar { name, mean, interval: Interval { low, high }, mark, colour, range } = bar;
    let palette = context.theme.palette;
    let font = egui::TextStyle::Body.resolve(ui.style());
    let (rect, response) = ui.allocate_exact_size(vec2(width, font.size * 1.9), Sense::hover());
    let spoken = format!("F1 {}: {mean:.3}, between {low:.3} and {high:.3}", name.to_lowercase());
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Label, true, &spoken));
    let text = format!("{mean:.3}  ({low:.3} to {high:.3})");
    let galley = ui.painter().layout_no_wrap(text, font.clone(), palette.text);
    let name_width = font.size * 4.0;
    let text_left = rect.right() - galley.size().x;
    let middle = rect.center().y;
    ui.painter().text(pos2(rect.left(), middle), Align2::LEFT_CENTER, name, font, palette.text_weak);
    let ground = Rect::from_x_y_ranges((rect.left() + name_width)..=(text_left - 12.0), rect.y_range());
    ui.painter().galley(pos2(text_left, middle - galley.size().y / 2.0), galley, palette.text);
    if !ground.is_positive() {
        return;
    }
    let span = (range[1] - range[0]).max(1e-9);
    let x = |value: f64| ground.left() + ((value - range[0]) / span) as f32 * ground.width();
    ui.painter().hline(ground.x_range(), middle, Stroke::new(1.0, palette.rail));
    ui.painter().hline(x(low)..=x(high), middle, Stroke::new(3.0, colour));
    for end in [low, high] {
        ui.painter().vline(x(end), (middle - 4.0)..=(middle + 4.0), Stroke::new(2.0, colour));
    }
    ui.painter().circle_filled(pos2(x(mean), middle), 6.5, palette.window);
    mark.paint(ui.painter(), pos2(x(mean), middle), 5.0, colour);
}

fn curves(ui: &mut egui::Ui, context: ViewContext<'_>, receipt: &TrainedReceipt, size: egui::Vec2) {
    let palette = context.theme.palette;
    let result = &receipt.result;
    let points = |curve: &[CurvePoint]| -> Vec<[f64; 2]> {
        curve.iter().map(|point| [f64::from(point.threshold), point.mean_f1]).collect()
    };
    let by_threshold = [
        Line {
            name: "before",
            points: points(&receipt.curves.before),
            colour: palette.text_weak,
            mark: Mark::Ring,
        },
        Line {
            name: "after",
            points: points(&receipt.curves.after),
            colour: palette.accent,
            mark: Mark::Disc,
        },
    ];
    let rules = [(result.before.threshold, palette.text_weak), (result.after.threshold, palette.accent)]
        .map(|(x, colour)| Rule { x: f64::from(x), colour });
    let history = |value: fn(&crate::train::EpochRecord) -> Option<f64>| -> Vec<[f64; 2]> {
        let points = result.history.iter().filter_map(|record| Some([record.epoch as f64, value(record)?]));
        points.collect()
    };
    let f1 = [Line {
        name: "validation",
        points: history(|record| Some(record.metric)),
        colour: palette.accent,
        mark: Mark::Disc,
    }];
    let loss = [Line {
        name: "training",
        points: history(|record| record.loss),
        colour: palette.unsure,
        mark: Mark::Diamond,
    }];
    let rate = [Line {
        name: "of the last step",
        points: history(|record| record.loss.map(|_| record.learning_rate)),
        colour: palette.text_weak,
        mark: Mark::Frame,
    }];
    let best = [Rule { x: result.best.epoch as f64, colour: palette.success }];
    ui.spacing_mut().item_spacing = vec2(8.0, 8.0);
    ui.horizontal_top(|ui| {
        let name = "Test F1 by threshold";
        Chart { name, x_name: "threshold", lines: &by_threshold, rules: &rules }.show(ui, context, size);
        Chart { name: "F1", x_name: "round", lines: &f1, rules: &best }.show(ui, context, size);
    });
    ui.horizontal_top(|ui| {
        Chart { name: "Loss", x_name: "round", lines: &loss, rules: &best }.show(ui, context, size);
        Chart { name: "Learning rate", x_name: "round", lines: &rate, rules: &[] }.show(ui, context, size);
    });
    let text = format!(
        "Dashed: the thresholds in force, chosen on the validation part; round {}, which was kept",
        result.best.epoch
    );
    ui.label(RichText::new(text).small().color(palette.text_weak));
}

/// What the run was made of.
fn facts(ui: &mut egui::Ui, context: ViewContext<'_>, receipt: &TrainedReceipt) {
    let palette = context.theme.palette;
    ui.strong("What it was made of");
    let spacing = ui.spacing().interact_size.y;
    ui.spacing_mut().interact_size.y = 0.0;
    egui::Grid::new("train_facts").num_columns(2).spacing(vec2(20.0, 2.0)).show(ui, |ui| {
        for (name, value) in facts_of(receipt, context.app.preferences.presentation) {
            ui.label(RichText::new(name).color(palette.text_weak));
            ui.add(egui::Label::new(value).wrap());
            ui.end_row();
        }
    });
    ui.spacing_mut().interact_size.y = spacing;
}

/// Name and value of every fact of a receipt.
pub(super) fn facts_of(receipt: &TrainedReceipt, hides_ids: bool) -> Vec<(&'static str, String)> {
    let result = &receipt.result;
    let parts = |numbers: [usize; 3]| {
        let [train, validation, test] = numbers;
        format!("{train} training, {validation} validation, {test} test")
    };
    let mut facts = vec![
        ("Recipe", format!("{} ({})", receipt.recipe.label, receipt.recipe.id)),
        ("After", receipt.recipe.source.clone()),
        ("Encoders", result.data.encoders.join(", ")),
        ("Labels", labels_label(receipt.labels).to_owned()),
        ("Seed", receipt.recipe.training.seed.to_string()),
        ("Position in the log", format!("{} entries", result.data.log_position)),
        ("Postings", parts(result.n_rows)),
        ("Groups", parts(result.n_groups)),
        (
            "Rounds",
            format!("{} run, number {} kept", result.history.len().saturating_sub(1), result.best.epoch),
        ),
        ("Took", format!("{:.1} s", receipt.secs)),
    ];
    if !hides_ids {
        facts.insert(2, ("Catalogue", result.data.catalog.clone()));
        facts.push(("Digest of the head (BLAKE3)", receipt.head_digest.clone()));
    }
    facts
}

/// Where labels came from, in words.
pub(super) fn labels_label(labels: LabelSource) -> &'static str {
    match labels {
        LabelSource::Both => "labels and decisions",
        LabelSource::Decisions => "decisions",
        LabelSource::Catalogue => "labels",
        LabelSource::LookAlikes => "answers about looks",
    }
}
