//! `lookalike train`: learns a head from labels on a project's embeddings.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::console::Console;
use super::match_args::{matcher_ids, parse_matcher_value};
use super::receipts::{Line, describe};
use super::recipes;
use super::session::{DeviceArgs, Session, with_context};
use crate::jobs::{JobError, LabelSource, TrainPlan, train_head};
use crate::matching::MatcherRecipe;
use crate::project::{Access, ProjectError, TrainedModels};
use crate::train::with_parameter;

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
    /// Learn from: catalogue (its groups), decisions or both.
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

fn parse_labels(text: &str) -> Result<LabelSource, String> {
    match text {
        "catalogue" | "catalog" => Ok(LabelSource::Catalogue),
        "decisions" => Ok(LabelSource::Decisions),
        "both" => Ok(LabelSource::Both),
        _ => Err("choose catalogue, decisions or both".to_owned()),
    }
}
