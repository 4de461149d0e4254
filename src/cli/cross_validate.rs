//! `lookalike cross-validate`: how many questions with one right answer among many a recipe answers, on pairs it has not seen.

use std::path::PathBuf;

use super::console::{self, Console, table};
use super::recipes;
use super::session::{DeviceArgs, Session, with_context};
use super::train::parse_setting;
use crate::jobs::{CrossValidated, CrossValidationPlan, Folded, JobError, MeanAndSpread, cross_validate};
use crate::project::TrainedModels;
use crate::train::{NamedRecipe, with_parameter};

/// Hold out every pair once and ask for its right answer among others of the same fold.
///
/// Groups are dealt into folds; the rest of the groups is split again, 80/20, to choose the epoch, shares of a mixture and, of
/// several recipes, the recipe. Wrong candidates are drawn from the fold's own answers. Nothing is saved.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The project folder; its catalogue needs groups, such as a table of pairs with left,right.
    #[arg(long, value_name = "DIR")]
    project: PathBuf,
    /// Recipes of `lookalike recipes`, or paths of recipe files of your own (RON).
    #[arg(long = "recipe", value_name = "ID,ID...", value_delimiter = ',', default_values_t = ["tll-best".to_owned()])]
    recipes: Vec<String>,
    /// Change a parameter of every recipe, such as max_epochs=5; may be given again.
    #[arg(long, value_name = "NAME=VALUE", value_parser = parse_setting)]
    set: Vec<(String, String)>,
    /// Partitions to measure on.
    #[arg(long, value_name = "N,N...", value_delimiter = ',', default_values_t = [1, 2, 3])]
    seeds: Vec<u64>,
    /// Folds of a partition.
    #[arg(long, value_name = "N", default_value_t = 5)]
    folds: usize,
    /// Candidates a question, the right one counted.
    #[arg(long, value_name = "N", default_value_t = 20)]
    candidates: usize,
    /// Print Markdown tables.
    #[arg(long)]
    markdown: bool,
    #[command(flatten)]
    device: DeviceArgs,
}

pub(super) fn run(args: &Args, console: &Console) -> Result<(), JobError> {
    let mut chosen: Vec<NamedRecipe> = Vec::new();
    for id in &args.recipes {
        let mut recipe = recipes::find(id)?;
        for (name, value) in &args.set {
            recipe = with_parameter(&recipe, name, value)?;
        }
        chosen.push(recipe);
    }
    let answer = with_context(|context| {
        let session = Session::open(&args.project, &args.device, context)?;
        let models = TrainedModels::new(session.project.trained());
        let plan = CrossValidationPlan {
            recipes: &chosen,
            seeds: &args.seeds,
            n_folds: args.folds,
            n_candidates: args.candidates,
        };
        cross_validate(&session.bench, &plan, &models, context)
    })?;
    console.answer(&answer, || if args.markdown { markdown(&answer) } else { describe(&answer) });
    Ok(())
}

/// A heading, then a line a system.
fn summary(answer: &CrossValidated) -> Vec<Vec<String>> {
    let heading = [
        "",
        "top-1",
        "top-2",
        "seeds from to",
        "95 % interval",
        "top-2, any draw",
        "top-5",
        "MRR",
        "gain in top-2",
    ];
    let mean = |of: &MeanAndSpread| format!("{:.4} ±{:.4}", of.mean, of.deviation);
    let line = |row: &Folded| {
        let gain = [row.gain_interval.low, row.gain_interval.high].map(|it| 100.0 * it);
        vec![
            row.name.clone(),
            mean(&row.top_1),
            mean(&row.top_2),
            format!("{:.4} to {:.4}", row.top_2.range[0], row.top_2.range[1]),
            format!("{:.4} to {:.4}", row.interval.low, row.interval.high),
            mean(&row.expected_top_2),
            mean(&row.top_5),
            mean(&row.mean_reciprocal_rank),
            format!("{:+.1} to {:+.1}", gain[0], gain[1]),
        ]
    };
    std::iter::once(heading.map(str::to_owned).to_vec()).chain(answer.rows.iter().map(line)).collect()
}

/// A heading, then a line a seed and fold of every trained system.
fn folds(answer: &CrossValidated) -> Vec<Vec<String>> {
    let heading =
        ["system", "seed", "fold", "groups", "questions", "chosen", "inner top-2", "top-1", "top-2"];
    let mut rows = vec![heading.map(str::to_owned).to_vec()];
    for system in answer.rows.iter().filter(|system| !system.name.starts_with("frozen ")) {
        rows.extend(system.folds.iter().map(|fold| {
            let [train, inner, held_out] = fold.n_groups;
            let weights: String = fold.weights.iter().map(|weight| format!(" {weight:.2}")).collect();
            vec![
                system.name.clone(),
                fold.seed.to_string(),
                (fold.fold + 1).to_string(),
                format!("{train} + {inner}, {held_out} held out"),
                fold.n_questions.to_string(),
                format!("{}, epoch {}{weights}", fold.recipe, fold.epoch),
                format!("{:.4}", fold.inner_top_2),
                format!("{:.4}", fold.top_1),
                format!("{:.4}", fold.top_2),
            ]
        }));
    }
    rows
}

fn describe(answer: &CrossValidated) -> String {
    let notes: String = answer.notes.iter().map(|note| format!("note: {note}\n")).collect();
    format!("{}\n{}\n{}{}", table(&summary(answer)), table(&folds(answer)), notes, conditions(answer))
}

fn conditions(answer: &CrossValidated) -> String {
    let seeds = answer.rows.first().map_or(0, |row| row.seeds.len());
    format!(
        "{} questions a seed, one right among {}, {} folds, {seeds} seeds; {:.1} s, embedding left out",
        answer.n_questions, answer.n_candidates, answer.n_folds, answer.secs
    )
}

fn markdown(answer: &CrossValidated) -> String {
    format!(
        "{}\n{}\n{}",
        console::markdown(&summary(answer)),
        console::markdown(&folds(answer)),
        conditions(answer)
    )
}
