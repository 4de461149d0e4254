//! `lookalike train`: learns a head from labels on a project's embeddings.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::console::{Console, markdown, table};
use super::match_args::{matcher_ids, parse_matcher_value};
use super::receipts::{Line, describe};
use super::recipes;
use super::session::{DeviceArgs, Session, with_context};
use super::sweep_map;
use crate::jobs::{JobError, LabelSource, SweepDrawing, SweepPlan, SweepRow, TrainPlan, sweep, train_head};
use crate::matching::MatcherRecipe;
use crate::project::{Access, ProjectError, TrainedModels, write_atomic};
use crate::train::{NamedRecipe, with_parameter};

/// Learn from the catalogue's groups and from decisions, and compare with the frozen encoders on postings not learned from.
///
/// Groups are split 60/20/20 into training, validation and test by the seed and their names. The receipt says what was gained.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The project folder.
    #[arg(long, value_name = "DIR")]
    project: PathBuf,
    /// A recipe of `lookalike recipes`, or the path of a recipe file of your own (RON).
    #[arg(long, value_name = "ID", default_value = "lookalike-best")]
    recipe: String,
    /// Change a parameter of the recipe, such as max_epochs=5; may be given again.
    #[arg(long, value_name = "NAME=VALUE", value_parser = parse_setting)]
    set: Vec<(String, String)>,
    #[arg(long, value_name = "ID", help = format!("What makes matches of scores, instead of the recipe's: {}", matcher_ids()))]
    matcher: Option<String>,
    /// Fix a parameter of the matcher, such as stages=2; may be given again. Others are chosen on the validation part.
    #[arg(long, value_name = "NAME=VALUE", value_parser = parse_matcher_value)]
    matcher_set: Vec<(String, f64)>,
    /// Train once for every combination of these values, save nothing, and tell how well each tells pairs apart: such as
    /// margin=0,0.5,0.7 num_neg=1,5,10 modality=image,text,both.
    #[arg(long, value_name = "NAME=V,V...", num_args = 1.., value_parser = parse_sweep)]
    sweep: Vec<(String, Vec<String>)>,
    /// Print a sweep as a Markdown table.
    #[arg(long, requires = "sweep")]
    markdown: bool,
    /// Draw what each combination of a sweep makes of the ten largest groups of the test part (t-SNE), side by side, to an SVG file.
    #[arg(long, value_name = "FILE", requires = "sweep")]
    map: Option<PathBuf>,
    /// Learn from: catalogue (its groups), decisions, both, or look-alikes (answers about looks, with the catalogue's pairs).
    #[arg(long, value_name = "L", default_value = "both", value_parser = parse_labels)]
    labels: LabelSource,
    /// Decides the split and everything random.
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    #[command(flatten)]
    device: DeviceArgs,
}

pub(super) fn run(args: &Args, console: &Console) -> Result<(), JobError> {
    let mut recipe = recipes::find(&args.recipe)?;
    for (name, value) in &args.set {
        recipe = with_parameter(&recipe, name, value)?;
    }
    if let Some(id) = &args.matcher {
        recipe.matcher = MatcherRecipe { id: id.clone(), values: BTreeMap::new(), ..recipe.matcher };
    }
    recipe.matcher.values.extend(args.matcher_set.iter().cloned());
    recipe.check()?;
    recipe.training.seed = args.seed;
    if !args.sweep.is_empty() {
        return run_sweep(args, &recipe, console);
    }
    let line = with_context(|context| {
        let session = Session::open(&args.project, &args.device, context)?;
        if session.project.access() == Access::ReadOnly {
            return Err(ProjectError::ReadOnly { folder: args.project.clone() }.into());
        }
        let models = TrainedModels::new(session.project.trained());
        let review = session.review()?;
        let plan = TrainPlan { recipe: &recipe, labels: args.labels, review: &review, models: &models };
        let receipt = train_head(&session.bench, &plan, context)?;
        let promoted = models.promoted()?.map(|promotion| promotion.id);
        if receipt.is_stopped_early {
            console.warn(&format!("the best so far is kept in {}", session.project.trained().display()));
            return Err(JobError::Cancelled);
        }
        Ok(Line::new(&receipt, promoted.as_deref()))
    })?;
    console.answer(&line, || describe(&line));
    Ok(())
}

pub(super) fn parse_setting(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("give NAME=VALUE, such as max_epochs=5")?;
    Ok((name.trim().to_owned(), value.trim().to_owned()))
}

/// `NAME=VALUE,VALUE`.
fn parse_sweep(text: &str) -> Result<(String, Vec<String>), String> {
    let (name, values) = text.split_once('=').ok_or("give NAME=VALUE,VALUE, such as margin=0,0.5")?;
    let values: Vec<String> = values.split(',').map(|value| value.trim().to_owned()).collect();
    match values.iter().any(String::is_empty) {
        true => Err(format!("a value of `{}` is empty; give NAME=VALUE,VALUE", name.trim())),
        false => Ok((name.trim().to_owned(), values)),
    }
}

fn run_sweep(args: &Args, recipe: &NamedRecipe, console: &Console) -> Result<(), JobError> {
    let rows = with_context(|context| {
        let session = Session::open(&args.project, &args.device, context)?;
        let models = TrainedModels::new(session.project.trained());
        let review = session.review()?;
        let plan = SweepPlan {
            recipe,
            parameters: &args.sweep,
            labels: args.labels,
            review: &review,
            models: &models,
            drawing: if args.map.is_some() { SweepDrawing::Groups } else { SweepDrawing::Nothing },
        };
        sweep(&session.bench, &plan, context)
    })?;
    if let Some(path) = &args.map {
        write_atomic(path, sweep_map::svg(&rows).as_bytes())
            .map_err(|error| ProjectError::Write { path: path.clone(), reason: error.to_string() })?;
    }
    console.answer(&serde_json::json!({ "sweep": rows, "recipe": recipe.id, "seed": args.seed }), || {
        let cells = sweep_cells(&rows);
        if args.markdown { markdown(&cells) } else { table(&cells) }
    });
    Ok(())
}

/// A heading, then a line a combination: its values, pairs at the loss's own threshold, postings at the tuned one.
fn sweep_cells(rows: &[SweepRow]) -> Vec<Vec<String>> {
    let names = rows.first().map(|row| row.values.iter().map(|(name, _)| name.clone()));
    let mut heading: Vec<String> = names.into_iter().flatten().collect();
    let columns = [
        "loss",
        "accuracy",
        "precision",
        "recall",
        "pair F1",
        "at",
        "AUC",
        "row precision",
        "row recall",
        "row F1",
        "at",
    ];
    heading.extend(columns.map(str::to_owned));
    let line = |row: &SweepRow| {
        let pairs = &row.pairs;
        let mut cells: Vec<String> = row.values.iter().map(|(_, value)| value.clone()).collect();
        cells.push(pairs.loss.map_or_else(|| "-".to_owned(), |loss| format!("{loss:.4}")));
        for number in [pairs.accuracy, pairs.precision, pairs.recall, pairs.f1] {
            cells.push(format!("{number:.4}"));
        }
        cells.push(format!("{:.2}", pairs.threshold));
        for number in [pairs.roc_auc, row.precision, row.recall, row.mean_f1] {
            cells.push(format!("{number:.4}"));
        }
        cells.push(format!("{:.3}", row.threshold));
        cells
    };
    std::iter::once(heading).chain(rows.iter().map(line)).collect()
}

fn parse_labels(text: &str) -> Result<LabelSource, String> {
    match text {
        "catalogue" | "catalog" => Ok(LabelSource::Catalogue),
        "decisions" => Ok(LabelSource::Decisions),
        "both" => Ok(LabelSource::Both),
        "look-alikes" => Ok(LabelSource::LookAlikes),
        _ => Err("choose catalogue, decisions, both or look-alikes".to_owned()),
    }
}
