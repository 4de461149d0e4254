//! `lookalike measure`: what a recipe is worth against the best frozen fusion of its encoders, over several splits.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Serialize;

use super::console::{self, Console, table};
use super::recipes;
use super::session::{DeviceArgs, Session, with_context};
use super::train::parse_setting;
use crate::jobs::{JobError, MeasurePlan, Measured, Measurement, Scored, measure};
use crate::project::TrainedModels;
use crate::train::{built_in_recipes, with_parameter};

/// Stands for every built-in recipe.
const ALL: &str = "all";

/// Compare a trained recipe with the best frozen fusion of the same encoders, on groups that neither was chosen on.
///
/// For every seed groups are split 60/20/20; weights, matcher and threshold of both come from the validation groups, and the test
/// groups are read once. The pool is the test part alone. Nothing is saved.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The project folder; its catalogue needs groups.
    #[arg(long, value_name = "DIR")]
    project: PathBuf,
    /// A recipe of `lookalike recipes`, the path of a recipe file of your own (RON), or all: every recipe, a row each.
    #[arg(long, value_name = "ID", default_value = "lookalike-best")]
    recipe: String,
    /// Change a parameter of the recipe, such as max_epochs=5; may be given again.
    #[arg(long, value_name = "NAME=VALUE", value_parser = parse_setting)]
    set: Vec<(String, String)>,
    /// Splits to measure on.
    #[arg(long, value_name = "N,N...", value_delimiter = ',', default_values_t = [1, 2, 3])]
    seeds: Vec<u64>,
    /// Column of the catalogue whose values are reported apart.
    #[arg(long, value_name = "COLUMN", default_value = "source")]
    by: String,
    /// Report these values of that column together too.
    #[arg(long, value_name = "VALUE,VALUE...", value_delimiter = ',')]
    together: Vec<String>,
    /// Print a Markdown table.
    #[arg(long)]
    markdown: bool,
    #[command(flatten)]
    device: DeviceArgs,
}

#[derive(Serialize)]
struct Answer {
    #[serde(flatten)]
    measured: Measured,
    /// Mean F1 over the rows of the values asked for together, a mean over the seeds.
    together: Option<Together>,
}

/// The values of the column asked for together, each system.
#[derive(Serialize)]
struct Together {
    values: Vec<String>,
    frozen: f64,
    frozen_matched: f64,
    trained: f64,
    trained_matched: f64,
}

pub(super) fn run(args: &Args, console: &Console) -> Result<(), JobError> {
    if args.recipe == ALL {
        return run_all(args, console);
    }
    let mut recipe = recipes::find(&args.recipe)?;
    for (name, value) in &args.set {
        recipe = with_parameter(&recipe, name, value)?;
    }
    let measured = with_context(|context| {
        let session = Session::open(&args.project, &args.device, context)?;
        let models = TrainedModels::new(session.project.trained());
        let plan = MeasurePlan { recipe: &recipe, seeds: &args.seeds, by_column: Some(&args.by) };
        measure(&session.bench, &plan, &models, context)
    })?;
    let together = (!args.together.is_empty()).then(|| together_of(&measured, &args.together));
    let answer = Answer { measured, together };
    console.answer(&answer, || if args.markdown { markdown(&answer) } else { describe(&answer) });
    Ok(())
}

/// One recipe of all: what it gave, or why it gave nothing.
#[derive(Serialize)]
struct Line {
    recipe: String,
    measured: Option<Measured>,
    together: Option<Together>,
    error: Option<String>,
}

/// Every built-in recipe with the parameters it has in common set; one that cannot run here says why in its row.
fn run_all(args: &Args, console: &Console) -> Result<(), JobError> {
    let recipes = built_in_recipes()?;
    let lines = with_context(|context| {
        let session = Session::open(&args.project, &args.device, context)?;
        let models = TrainedModels::new(session.project.trained());
        let mut lines = Vec::new();
        for mut recipe in recipes {
            for (name, value) in &args.set {
                recipe = with_parameter(&recipe, name, value)?;
            }
            let plan = MeasurePlan { recipe: &recipe, seeds: &args.seeds, by_column: Some(&args.by) };
            let (measured, error) = match measure(&session.bench, &plan, &models, context) {
                Ok(measured) => (Some(measured), None),
                Err(JobError::Cancelled) => return Err(JobError::Cancelled),
                Err(error) => (None, Some(error.to_string())),
            };
            let together = measured.as_ref().filter(|_| !args.together.is_empty());
            let together = together.map(|measured| together_of(measured, &args.together));
            lines.push(Line { recipe: recipe.id, measured, together, error });
        }
        Ok(lines)
    })?;
    console.answer(&serde_json::json!({ "recipes": lines, "seeds": args.seeds }), || {
        let cells = all_cells(&lines);
        if args.markdown { console::markdown(&cells) } else { table(&cells) }
    });
    Ok(())
}

/// A heading, then a line a recipe.
fn all_cells(lines: &[Line]) -> Vec<Vec<String>> {
    let heading = ["recipe", "encoders here", "frozen", "trained", "gain", "matcher", "seconds a seed"];
    let line = |line: &Line| {
        let mut cells = vec![line.recipe.clone()];
        let Some(measured) = &line.measured else {
            cells.push(line.error.clone().unwrap_or_default());
            cells.resize(heading.len(), String::new());
            return cells;
        };
        let mean = &measured.mean;
        let (frozen, trained) = (mean.frozen_matched.mean_f1, mean.trained_matched.mean_f1);
        let stands_in =
            if measured.notes.iter().any(|note| note.contains("stands in")) { " (stand-ins)" } else { "" };
        cells.push(format!("{}{stands_in}", measured.encoders.join(", ")));
        cells.push(format!("{frozen:.4}"));
        cells.push(format!("{trained:.4}"));
        cells.push(format!("{:+.1}", 100.0 * (trained - frozen)));
        cells.push(measured.matcher.clone());
        cells.push(format!("{:.0}", measured.secs / measured.seeds.len().max(1) as f64));
        cells
    };
    std::iter::once(heading.map(str::to_owned).to_vec()).chain(lines.iter().map(line)).collect()
}

fn together_of(measured: &Measured, values: &[String]) -> Together {
    let of = |pick: fn(&Measurement) -> &Scored| {
        let seeds = measured.seeds.iter().filter_map(|seed| {
            let scored = pick(&seed.scores);
            let (mut sum, mut n_rows) = (0.0, 0.0);
            for value in values {
                let number = |of: &BTreeMap<String, f64>| of.get(value).copied().unwrap_or_default();
                sum += number(&scored.by_column) * number(&scored.column_rows);
                n_rows += number(&scored.column_rows);
            }
            (n_rows > 0.0).then(|| sum / n_rows)
        });
        let means: Vec<f64> = seeds.collect();
        means.iter().sum::<f64>() / means.len().max(1) as f64
    };
    Together {
        values: values.to_vec(),
        frozen: of(|it| &it.frozen),
        frozen_matched: of(|it| &it.frozen_matched),
        trained: of(|it| &it.trained),
        trained_matched: of(|it| &it.trained_matched),
    }
}

/// A row a seed, the mean, and a row a value of the column: name, then the four systems and the gain of the last two.
fn rows(answer: &Answer) -> Vec<Vec<String>> {
    let numbers = |name: String, four: [f64; 4]| {
        let [frozen, frozen_matched, trained, trained_matched] = four;
        let mut row = vec![name];
        row.extend(four.iter().map(|f1| format!("{f1:.4}")));
        row.push(format!("{:+.1}", 100.0 * (trained - frozen)));
        row.push(format!("{:+.1}", 100.0 * (trained_matched - frozen_matched)));
        row
    };
    let four = |scores: &Measurement| {
        [&scores.frozen, &scores.frozen_matched, &scores.trained, &scores.trained_matched]
            .map(|scored| scored.mean_f1)
    };
    let measured = &answer.measured;
    let mut rows: Vec<Vec<String>> = measured
        .seeds
        .iter()
        .map(|seed| {
            let mut row = numbers(format!("seed {}", seed.seed), four(&seed.scores));
            if let Some(last) = row.last_mut() {
                let [low, high] = [seed.gain_interval.low, seed.gain_interval.high].map(|it| 100.0 * it);
                *last = format!("{last} ({low:+.1} to {high:+.1})");
            }
            row
        })
        .collect();
    rows.push(numbers("mean".to_owned(), four(&measured.mean)));
    for value in measured.mean.trained.by_column.keys() {
        let of = |scored: &Scored| scored.by_column.get(value).copied().unwrap_or_default();
        let mean = &measured.mean;
        let four = [&mean.frozen, &mean.frozen_matched, &mean.trained, &mean.trained_matched].map(of);
        rows.push(numbers(value.clone(), four));
    }
    if let Some(it) = &answer.together {
        let four = [it.frozen, it.frozen_matched, it.trained, it.trained_matched];
        rows.push(numbers(it.values.join(" + "), four));
    }
    rows
}

const HEADER: [&str; 7] =
    ["test groups", "frozen", "frozen, matcher", "trained", "trained, matcher", "gain", "gain, matcher"];

fn describe(answer: &Answer) -> String {
    let measured = &answer.measured;
    let mut all = vec![HEADER.map(str::to_owned).to_vec()];
    all.extend(rows(answer));
    let notes: String = measured.notes.iter().map(|note| format!("note: {note}\n")).collect();
    let weights = |scored: &Scored| {
        scored.weights.iter().map(|weight| format!("{weight:.2}")).collect::<Vec<_>>().join(" ")
    };
    format!(
        "{} on {}; mean per-row F1 on test groups, gains in points\n{}weights, mean: frozen {}; trained {}\n\
         chosen by F1 on validation groups, mean: frozen {:.4}, {:.4} with the matcher; trained {:.4}, {:.4} with it\n\
         {notes}{:.1} s for {} seeds, embedding left out",
        measured.recipe,
        measured.encoders.join(", "),
        table(&all),
        weights(&measured.mean.frozen),
        weights(&measured.mean.trained),
        measured.mean.frozen.validation_f1,
        measured.mean.frozen_matched.validation_f1,
        measured.mean.trained.validation_f1,
        measured.mean.trained_matched.validation_f1,
        measured.secs,
        measured.seeds.len(),
    )
}

fn markdown(answer: &Answer) -> String {
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let mut text = line(&HEADER.map(str::to_owned));
    text.push_str(&line(&HEADER.map(|_| "---".to_owned())));
    rows(answer).iter().for_each(|row| text.push_str(&line(row)));
    text
}
