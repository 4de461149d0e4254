//! All receipts as a table that sorts, and two of them side by side.

use std::collections::BTreeMap;

use egui::{Align2, RichText, vec2};

use super::receipt::{facts_of, labels_label};
use super::{button, clock, send, weak};
use crate::app::{RunColumn, RunId, TrainCommand, TrainSection};
use crate::jobs::{TrainedReceipt, TrainedRun};
use crate::train::Interval;
use crate::ui::views::table::{Column, Sort, Table, cell_text, cell_text_aligned};
use crate::ui::{Outbox, ViewContext, widgets};

/// Height of the pane below the table, points at 100 % text.
const BELOW: f32 = 300.0;

/// Draws the page.
pub(super) fn show(ui: &mut egui::Ui, context: ViewContext<'_>, out: &mut Outbox) {
    let train = &context.app.train;
    if train.trained.runs.is_empty() {
        let height = ui.available_height();
        ui.vertical_centered(|ui| {
            ui.add_space(height * 0.3);
            ui.heading("Nothing was trained yet");
            weak(
                ui,
                context,
                "Every run stays listed here with its scores, also when a later one replaced it",
            );
            ui.add_space(8.0);
            if ui.button("Go to Learn").clicked() {
                send(out, TrainCommand::Section(TrainSection::Learn));
            }
        });
        return;
    }
    let under = train.list.under_cursor();
    let under = under.as_ref().and_then(|id| train.run(id));
    let held = train.list.held.as_ref().and_then(|id| train.run(id));
    let height = (BELOW * widgets::text_scale(ui)).min(ui.available_height() * 0.55);
    let frame = egui::Frame::new().inner_margin(egui::Margin { top: 8, ..egui::Margin::ZERO });
    egui::Panel::bottom("train_compare").exact_size(height).resizable(false).frame(frame).show(ui, |ui| {
        if let Some(under) = under {
            tools(ui, context, under, out);
            egui::ScrollArea::vertical().id_salt("train_compared").auto_shrink(false).show(ui, |ui| {
                compared(ui, context, held, under);
            });
        }
    });
    table(ui, context, out);
}

fn tools(ui: &mut egui::Ui, context: ViewContext<'_>, under: &TrainedRun, out: &mut Outbox) {
    ui.horizontal_wrapped(|ui| {
        let open =
            ui.button(format!("Show receipt  {}", context.keymap.keycap("train.open").unwrap_or_default()));
        open.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, "Show receipt"));
        if open.clicked() {
            send(out, TrainCommand::Show(RunId::of(&under.receipt)));
        }
        button(ui, context, "train.compare", true, out);
        if context.app.train.list.held.is_none() {
            weak(ui, context, "Hold one, then go to another: both stand side by side here");
        }
    });
}

/// The runs side by side: all facts, then the parameters that differ.
fn compared(ui: &mut egui::Ui, context: ViewContext<'_>, held: Option<&TrainedRun>, under: &TrainedRun) {
    let palette = context.theme.palette;
    let held = held.filter(|held| RunId::of(&held.receipt) != RunId::of(&under.receipt));
    let hides = context.app.preferences.presentation;
    let lines = |run: &TrainedRun| {
        let mut lines = scores_of(&run.receipt);
        lines.extend(facts_of(&run.receipt, hides).into_iter().filter(|(name, _)| *name != "After"));
        lines
    };
    ui.spacing_mut().interact_size.y = 0.0;
    egui::Grid::new("train_compared").num_columns(3).spacing(vec2(24.0, 2.0)).show(ui, |ui| {
        ui.label("");
        ui.label(RichText::new("Under the cursor").small().color(palette.text_weak));
        if held.is_some() {
            ui.label(RichText::new("Held").small().color(palette.text_weak));
        }
        ui.end_row();
        let other = held.map(lines).unwrap_or_default();
        for (number, (name, value)) in lines(under).into_iter().enumerate() {
            ui.label(RichText::new(name).color(palette.text_weak));
            let of_held = other.get(number).map(|(_, value)| value);
            let differs = of_held.is_some_and(|held| *held != value);
            ui.label(emphasised(value, differs));
            if let Some(held) = of_held {
                ui.label(emphasised(held.clone(), differs));
            }
            ui.end_row();
        }
        if let Some(held) = held {
            for (name, values) in differing(&under.receipt, &held.receipt) {
                ui.label(RichText::new(name).color(palette.text_weak));
                for value in values {
                    ui.label(RichText::new(value).strong());
                }
                ui.end_row();
            }
        }
    });
}

fn emphasised(text: String, differs: bool) -> RichText {
    if differs { RichText::new(text).strong() } else { RichText::new(text) }
}

fn scores_of(receipt: &TrainedReceipt) -> Vec<(&'static str, String)> {
    let result = &receipt.result;
    let judged = |judged: &crate::train::Judgement| {
        format!("{:.3} ({:.3} to {:.3})", judged.mean_f1, judged.interval.low, judged.interval.high)
    };
    let gain = result.gain_interval;
    vec![
        ("Trained", clock(receipt.at_millis)),
        ("Test F1 before", judged(&result.before)),
        ("Test F1 after", judged(&result.after)),
        ("Gain", format!("{:+.3} ({:+.3} to {:+.3})", result.gain, gain.low, gain.high)),
        ("Pairs fixed, broken", format!("{}, {}", receipt.n_fixed, receipt.n_broken)),
    ]
}

/// Parameters in which two recipes differ, with both values; a dash where one has none.
fn differing(a: &TrainedReceipt, b: &TrainedReceipt) -> Vec<(String, [String; 2])> {
    let all = |receipt: &TrainedReceipt| -> BTreeMap<String, String> {
        // A receipt's recipe was written down once; where that fails now there is nothing to compare.
        let parameters = crate::train::parameters(&receipt.recipe).unwrap_or_default();
        parameters.into_iter().map(|parameter| (parameter.name, parameter.value.to_string())).collect()
    };
    let (a, b) = (all(a), all(b));
    let names: std::collections::BTreeSet<&String> = a.keys().chain(b.keys()).collect();
    let value = |of: &BTreeMap<String, String>, name: &String| {
        of.get(name).cloned().unwrap_or_else(|| "\u{2013}".to_owned())
    };
    let differs = names.into_iter().filter(|name| **name != "seed" && a.get(*name) != b.get(*name));
    differs.map(|name| (name.clone(), [value(&a, name), value(&b, name)])).collect()
}

fn table(ui: &mut egui::Ui, context: ViewContext<'_>, out: &mut Outbox) {
    let train = &context.app.train;
    let list = &train.list;
    let widths = [136.0, 190.0, 146.0, 52.0, 80.0, 76.0, 204.0, 64.0, 64.0, 72.0];
    let columns: Vec<Column> = RunColumn::ALL
        .into_iter()
        .zip(widths)
        .map(|(column, width)| {
            let sort = match (list.column == column, list.is_ascending) {
                (false, _) => Sort::Possible,
                (true, true) => Sort::Ascending,
                (true, false) => Sort::Descending,
            };
            Column { name: column.label().to_owned(), width, sort }
        })
        .collect();
    let line_height = (widgets::text_scale(ui) * 8.0).round() * 4.0;
    let table = Table {
        id: "train_runs",
        columns: &columns,
        n_lines: list.order.len(),
        line_height,
        cursor: list.cursor,
    };
    let run_at = |line: usize| list.order.get(line).and_then(|id| train.run(id));
    let name = |line: usize| {
        run_at(line).map_or_else(String::new, |run| {
            let receipt = &run.receipt;
            format!(
                "{}, seed {}, {}, test F1 {:.3} before, {:.3} after{}",
                receipt.recipe.label,
                receipt.recipe.training.seed,
                clock(receipt.at_millis),
                receipt.result.before.mean_f1,
                receipt.result.after.mean_f1,
                if train.is_promoted(receipt) { ", in use" } else { "" }
            )
        })
    };
    let palette = context.theme.palette;
    let clicks = table.show(ui, context, name, |ui, line, column, rect| {
        let Some(run) = run_at(line) else { return };
        let receipt = &run.receipt;
        let result = &receipt.result;
        let ink = if run.has_weights { palette.text } else { palette.text_weak };
        let Some(kind) = RunColumn::ALL.get(column) else { return };
        let text = match kind {
            RunColumn::Time => clock(receipt.at_millis),
            RunColumn::Recipe => {
                let held = if list.held.as_ref() == Some(&RunId::of(receipt)) { "\u{25c6} " } else { "" };
                let used = if train.is_promoted(receipt) { "\u{2714} " } else { "" };
                format!("{held}{used}{}", receipt.recipe.label)
            }
            RunColumn::Labels => labels_label(receipt.labels).to_owned(),
            RunColumn::Seed => receipt.recipe.training.seed.to_string(),
            RunColumn::Before => format!("{:.3}", result.before.mean_f1),
            RunColumn::After => format!("{:.3}", result.after.mean_f1),
            RunColumn::Gain => {
                let Interval { low, high } = result.gain_interval;
                format!("{:+.3} ({low:+.3} to {high:+.3})", result.gain)
            }
            RunColumn::Fixed => receipt.n_fixed.to_string(),
            RunColumn::Broken => receipt.n_broken.to_string(),
            RunColumn::Took => format!("{:.1} s", receipt.secs),
        };
        match kind {
            RunColumn::Time | RunColumn::Recipe | RunColumn::Labels => cell_text(ui, rect, &text, ink),
            _ => cell_text_aligned(ui, rect, &text, ink, Align2::RIGHT_CENTER),
        }
    });
    if let Some(line) = clicks.line {
        send(out, TrainCommand::SetCursor(line));
    }
    if let Some(line) = clicks.line_twice
        && let Some(id) = list.order.get(line)
    {
        send(out, TrainCommand::Show(id.clone()));
    }
    if let Some(column) = clicks.header.and_then(|number| RunColumn::ALL.get(number)) {
        send(out, TrainCommand::Sort(*column));
    }
}
