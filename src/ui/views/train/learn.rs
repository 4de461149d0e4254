//! What there is to learn from, the button that learns, and the run as it goes on.

use egui::{RichText, vec2};

use super::{button, follow_keys, main_button, send, weak};
use crate::app::{ChromeCommand, Command, Run, Said, Station, TrainCommand};
use crate::jobs::{Feed, LabelCounts, LabelSource};
use crate::train::Unreviewed;
use crate::ui::views::catalogue::focus_when_asked;
use crate::ui::widgets::{Chart, Line, Mark};
use crate::ui::{Outbox, ViewContext, widgets};

/// Test postings below which a receipt's interval is too wide to decide by.
const FEW_ROWS: u64 = 50;

/// Draws the page: labels and run on the left, the recipe on the right.
pub(super) fn show(ui: &mut egui::Ui, context: ViewContext<'_>, out: &mut Outbox) {
    let width = ui.available_width();
    let right = (width * 0.46).min(620.0 * widgets::text_scale(ui));
    let frame = egui::Frame::new().inner_margin(egui::Margin { left: 16, ..egui::Margin::ZERO });
    egui::Panel::right("train_recipe").exact_size(right).resizable(false).frame(frame).show(ui, |ui| {
        super::recipe::show(ui, context, out);
    });
    egui::ScrollArea::vertical().id_salt("train_learn").auto_shrink(false).show(ui, |ui| {
        follow_keys(ui, context, "learn");
        match &context.app.train.running {
            Some(run) => {
                running(ui, context, run, out);
                ui.add_space(12.0);
                labels(ui, context, out);
            }
            None => {
                labels(ui, context, out);
                ui.add_space(8.0);
                start(ui, context, out);
            }
        }
    });
}

fn labels(ui: &mut egui::Ui, context: ViewContext<'_>, out: &mut Outbox) {
    let train = &context.app.train;
    ui.strong("What there is to learn from");
    ui.horizontal_wrapped(|ui| {
        for (source, label, tooltip) in [
            (
                LabelSource::Both,
                "Labels and decisions",
                "The catalogue's groups; decisions join and part them",
            ),
            (
                LabelSource::Decisions,
                "Decisions",
                "What was said to be the same and different, and what follows",
            ),
            (LabelSource::Catalogue, "Labels", "The catalogue's groups alone"),
            (
                LabelSource::LookAlikes,
                "Look-alikes",
                "Picks and hard negatives of the Look-alikes station, with the catalogue's pairs",
            ),
        ] {
            let is_chosen = train.labels == source;
            let response = ui.selectable_label(is_chosen, label);
            let name = format!("Learn from: {label}");
            response
                .widget_info(|| egui::WidgetInfo::selected(egui::Role::RadioButton, true, is_chosen, &name));
            let key = context.keymap.keycap("train.labels").unwrap_or_default();
            if response.on_hover_text(format!("{tooltip} (key {key})")).clicked() {
                send(out, TrainCommand::Labels(source));
            }
        }
    });
    if let Some(message) = &train.counts_refused {
        problem(ui, context, message);
        to_the_queue(ui, out);
        return;
    }
    let Some(counts) = &train.counts else {
        weak(ui, context, "Counting\u{2026}");
        return;
    };
    feed(ui, context, counts);
    let text = match counts.unreviewed {
        Unreviewed::Different => {
            "Postings of two groups count as different, reviewed or not: the labels are complete, or the recipe says so"
        }
        Unreviewed::Unknown => {
            "Only pairs said to be different are negatives; what nobody has reviewed is not used"
        }
    };
    weak(ui, context, text);
    for note in &counts.notes {
        weak(ui, context, format!("Note: {note}"));
    }
    for message in &counts.missing {
        problem(ui, context, message);
    }
    if !counts.missing.is_empty() {
        to_the_queue(ui, out);
    } else if counts.parts[2].n_rows < FEW_ROWS {
        let text = format!(
            "\u{26a0} Only {} postings to test on: the receipt will be unsure. More decisions make it surer",
            counts.parts[2].n_rows
        );
        ui.add(egui::Label::new(RichText::new(text).color(context.theme.palette.warning)).wrap());
    }
}

/// The table of counts.
fn feed(ui: &mut egui::Ui, context: ViewContext<'_>, counts: &LabelCounts) {
    let palette = context.theme.palette;
    let head = |ui: &mut egui::Ui, text: &str| {
        ui.label(RichText::new(text).small().color(palette.text_weak));
    };
    let row_height = ui.text_style_height(&egui::TextStyle::Body) + 4.0;
    let grid =
        egui::Grid::new("train_feed").num_columns(5).spacing(vec2(20.0, 2.0)).min_row_height(row_height);
    let before = ui.spacing().interact_size.y;
    ui.spacing_mut().interact_size.y = 0.0;
    grid.show(ui, |ui| {
        head(ui, "");
        for title in ["In all", "Training", "Validation", "Test"] {
            head(ui, title);
        }
        ui.end_row();
        let lines: [(&str, &str, Count); 6] = [
            ("Same pairs", "Pairs known to be the same", |feed| feed.n_same),
            ("Different pairs", "Pairs known to be different", |feed| feed.n_different),
            ("Triplets", "A posting with one that is the same and one that is different", |feed| {
                feed.n_triplets
            }),
            ("Classes", "Groups, also those of one posting", |feed| feed.n_classes),
            ("Groups of two and more", "Groups that hold a pair", |feed| feed.n_groups),
            ("Postings with a group", "Each is split with its whole group", |feed| feed.n_rows),
        ];
        for (label, tooltip, count) in lines {
            ui.label(label).on_hover_text(tooltip);
            for feed in std::iter::once(&counts.all).chain(&counts.parts) {
                ui.label(widgets::grouped(count(feed)));
            }
            ui.end_row();
        }
    });
    ui.spacing_mut().interact_size.y = before;
}

/// Reads one number of what can be fed.
type Count = fn(&Feed) -> u64;

fn problem(ui: &mut egui::Ui, context: ViewContext<'_>, message: &str) {
    let text = RichText::new(format!("\u{26a0} {message}")).color(context.theme.palette.error);
    ui.add(egui::Label::new(text).wrap());
}

fn to_the_queue(ui: &mut egui::Ui, out: &mut Outbox) {
    if ui.button("Decide more duplicates").clicked() {
        out.push(Command::Chrome(ChromeCommand::Go(Station::Duplicates)));
    }
}

fn start(ui: &mut egui::Ui, context: ViewContext<'_>, out: &mut Outbox) {
    seed(ui, context, out);
    ui.horizontal_wrapped(|ui| {
        main_button(ui, context, "train.start", out);
        let promoted = context.app.train.trained.promoted.as_ref();
        let text = match promoted {
            Some(promoted) => {
                format!("{} stays in use until you promote another", promoted.receipt.recipe.label)
            }
            None => "Nothing in use changes until you promote what was learned".to_owned(),
        };
        weak(ui, context, text);
    });
    if matches!(context.app.train.said, Some(Said::Bad(_))) {
        weak(ui, context, "The run above ended without a model; change what it names and train again");
    }
}

fn seed(ui: &mut egui::Ui, context: ViewContext<'_>, out: &mut Outbox) {
    let draft = &context.app.train.draft;
    let id = egui::Id::unique("train_seed");
    let mut text: String = ui.data(|data| data.get_temp(id)).unwrap_or_else(|| draft.seed().to_string());
    ui.horizontal_wrapped(|ui| {
        let name = ui.label("Seed");
        let field = egui::TextEdit::singleline(&mut text).desired_width(90.0);
        let response = ui.add(field).labelled_by(name.id);
        focus_when_asked(ui, "train_seed", draft.n_seed_calls, &response);
        if response.changed() {
            ui.data_mut(|data| data.insert_temp(id, text.clone()));
        }
        if response.lost_focus() {
            ui.data_mut(|data| data.remove::<String>(id));
            if text.trim() != draft.seed().to_string() {
                send(out, TrainCommand::Set { name: "seed".to_owned(), value: text.clone() });
            }
        }
        let key = context.keymap.keycap("train.seed").unwrap_or_default();
        let hint = format!("decides the split and everything random ({key})");
        ui.label(RichText::new(hint).small().color(context.theme.palette.text_weak));
    });
    if let Some((_, _, why)) = draft.refused.as_ref().filter(|(name, _, _)| name == "seed") {
        problem(ui, context, why);
    }
}

fn running(ui: &mut egui::Ui, context: ViewContext<'_>, run: &Run, out: &mut Outbox) {
    let progress = &run.progress;
    ui.horizontal_wrapped(|ui| {
        ui.strong(&run.label);
        button(ui, context, "train.cancel", !run.is_stopping, out);
    });
    let stage = if run.is_stopping {
        "Stopping; the best so far is judged and kept".to_owned()
    } else if progress.stage.is_empty() {
        "Waiting for other work to end\u{2026}".to_owned()
    } else {
        let left =
            progress.secs_left.map_or_else(String::new, |secs| format!(", {} left", widgets::duration(secs)));
        format!("{} {}{left}", progress.stage, progress.counts())
    };
    ui.label(stage);
    if progress.n_total > 0 {
        let share = progress.n_done as f32 / progress.n_total as f32;
        let bar = egui::ProgressBar::new(share).desired_width(ui.available_width().min(480.0));
        ui.add(bar.desired_height(8.0));
    }
    let moments = run.curve.moments();
    if let Some(last) = moments.last() {
        weak(ui, context, format!("Round {} of {} at most", last.epoch, last.n_epochs));
    }
    let palette = context.theme.palette;
    let by_step = |value: fn(&crate::jobs::TrainingMoment) -> Option<f64>| -> Vec<[f64; 2]> {
        moments.iter().filter_map(|moment| Some([moment.step as f64, value(moment)?])).collect()
    };
    let size = vec2(ui.available_width() - 8.0, 170.0);
    let f1 = [
        Line {
            name: "validation",
            points: by_step(|moment| moment.validation_f1),
            colour: palette.accent,
            mark: Mark::Disc,
        },
        Line {
            name: "training sample",
            points: by_step(|moment| moment.training_f1),
            colour: palette.unsure,
            mark: Mark::Diamond,
        },
    ];
    Chart { name: "F1", x_name: "step", lines: &f1, rules: &[] }.show(ui, context, size);
    let loss = [Line {
        name: "training",
        points: by_step(|moment| Some(moment.loss)),
        colour: palette.unsure,
        mark: Mark::Diamond,
    }];
    Chart { name: "Loss", x_name: "step", lines: &loss, rules: &[] }.show(ui, context, size);
    let rate = [Line {
        name: "of the last step",
        points: by_step(|moment| Some(moment.learning_rate)),
        colour: palette.text_weak,
        mark: Mark::Frame,
    }];
    let size = vec2(size.x, 120.0);
    Chart { name: "Learning rate", x_name: "step", lines: &rate, rules: &[] }.show(ui, context, size);
}
