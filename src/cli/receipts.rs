//! `lookalike receipts`, `promote` and `rollback`: what has been trained, and which of it matches.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::console::Console;
use crate::jobs::{JobError, TrainedModel, TrainedReceipt, promoted_model};
use crate::project::{Access, Project, ProjectError, ProjectSettings, TrainedModels};

/// List what has been trained in a project: scores before and after on postings not learned from.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The project folder.
    #[arg(long, value_name = "DIR")]
    project: PathBuf,
}

/// Let a trained model do the matching from now on.
#[derive(Debug, clap::Args)]
pub(super) struct PromoteArgs {
    /// The recipe's id.
    #[arg(value_name = "ID")]
    id: String,
    /// The project folder.
    #[arg(long, value_name = "DIR")]
    project: PathBuf,
}

/// Go back to the model promoted before, or to none.
#[derive(Debug, clap::Args)]
pub(super) struct RollbackArgs {
    /// The project folder.
    #[arg(long, value_name = "DIR")]
    project: PathBuf,
}

/// A receipt in short.
#[derive(Serialize)]
pub(super) struct Line {
    id: String,
    is_promoted: bool,
    seed: u64,
    log_position: u64,
    encoders: Vec<String>,
    notes: Vec<String>,
    is_stopped_early: bool,
    train_rows: usize,
    validation_rows: usize,
    test_rows: usize,
    test_groups: usize,
    f1_before: f64,
    f1_before_interval: [f64; 2],
    f1_after: f64,
    f1_after_interval: [f64; 2],
    gain: f64,
    gain_interval: [f64; 2],
    threshold: f32,
    best_epoch: usize,
    epochs: usize,
    pairs_fixed: usize,
    pairs_broken: usize,
}

impl Line {
    pub(super) fn new(receipt: &TrainedReceipt, promoted: Option<&str>) -> Self {
        let result = &receipt.result;
        let [train_rows, validation_rows, test_rows] = result.n_rows;
        let [_, _, test_groups] = result.n_groups;
        Self {
            id: receipt.recipe.id.clone(),
            is_promoted: promoted == Some(receipt.recipe.id.as_str()),
            seed: result.split_seed,
            log_position: result.data.log_position,
            encoders: result.data.encoders.clone(),
            notes: receipt.notes.clone(),
            is_stopped_early: receipt.is_stopped_early,
            train_rows,
            validation_rows,
            test_rows,
            test_groups,
            f1_before: result.before.mean_f1,
            f1_before_interval: [result.before.interval.low, result.before.interval.high],
            f1_after: result.after.mean_f1,
            f1_after_interval: [result.after.interval.low, result.after.interval.high],
            gain: result.gain,
            gain_interval: [result.gain_interval.low, result.gain_interval.high],
            threshold: result.after.threshold,
            best_epoch: result.best.epoch,
            epochs: result.history.last().map_or(0, |record| record.epoch),
            pairs_fixed: receipt.n_fixed,
            pairs_broken: receipt.n_broken,
        }
    }
}

/// A receipt for people.
pub(super) fn describe(line: &Line) -> String {
    let promoted = if line.is_promoted { ", promoted" } else { "" };
    let stopped = if line.is_stopped_early { ", stopped early" } else { "" };
    let notes: String = line.notes.iter().map(|note| format!("\n  note: {note}")).collect();
    let [low, high] = line.f1_before_interval;
    let [after_low, after_high] = line.f1_after_interval;
    let [gain_low, gain_high] = line.gain_interval;
    format!(
        "{} (seed {}, {} of {} epochs{stopped}{promoted}) on {}\n  \
         test F1  frozen {:.4} ({low:.4} to {high:.4}), trained {:.4} ({after_low:.4} to {after_high:.4}), \
         gain {:+.4} ({gain_low:+.4} to {gain_high:+.4})\n  \
         {} test postings of {} groups, {} learned from; {} pairs fixed, {} broken; threshold {:.3}{notes}",
        line.id,
        line.seed,
        line.best_epoch,
        line.epochs,
        line.encoders.join(" and "),
        line.f1_before,
        line.f1_after,
        line.gain,
        line.test_rows,
        line.test_groups,
        line.train_rows,
        line.pairs_fixed,
        line.pairs_broken,
        line.threshold,
    )
}

pub(super) fn run(args: &Args, console: &Console) -> Result<(), JobError> {
    let models = models(&args.project)?.1;
    let promoted = models.promoted()?;
    let mut lines = Vec::new();
    for id in models.ids()? {
        let receipt = TrainedReceipt::from_ron(&id, &models.load(&id)?.receipt)?;
        lines.push(Line::new(&receipt, promoted.as_ref().map(|promotion| promotion.id.as_str())));
    }
    let answer = serde_json::json!({ "receipts": lines, "promoted": promoted });
    console.answer(&answer, || {
        if lines.is_empty() {
            return "nothing has been trained yet; `lookalike train` does".to_owned();
        }
        lines.iter().map(describe).collect::<Vec<_>>().join("\n")
    });
    Ok(())
}

pub(super) fn promote(args: &PromoteArgs, console: &Console) -> Result<(), JobError> {
    let (mut project, models) = writable(&args.project)?;
    // A model that cannot be used is not put to use.
    let model = TrainedModel::new(models.load(&args.id)?)?;
    let promotion = models.promote(&args.id)?;
    matches_by(&mut project, Some(&model))?;
    console.answer(&serde_json::json!({ "promoted": promotion }), || {
        format!("{} does the matching from now on; `lookalike rollback` goes back", promotion.id)
    });
    Ok(())
}

pub(super) fn roll_back(args: &RollbackArgs, console: &Console) -> Result<(), JobError> {
    let (mut project, models) = writable(&args.project)?;
    let promotion = models.roll_back()?;
    let model = promoted_model(&models)?.map(|(_, model)| model);
    matches_by(&mut project, model.as_ref())?;
    console.answer(&serde_json::json!({ "promoted": promotion }), || match &promotion {
        Some(promotion) => format!("{} does the matching again", promotion.id),
        None => "no trained model is in use; the frozen encoders do the matching again".to_owned(),
    });
    Ok(())
}

fn models(folder: &Path) -> Result<(Project, TrainedModels), JobError> {
    let project = Project::open(folder)?;
    let models = TrainedModels::new(project.trained());
    Ok((project, models))
}

/// The window matches by what is in use, too.
fn matches_by(project: &mut Project, model: Option<&TrainedModel>) -> Result<(), JobError> {
    let settings = project.settings().clone();
    let matching = match model {
        Some(TrainedModel { id, receipt, .. }) => {
            let encoders = [receipt.image_encoder.clone(), receipt.text_encoder.clone()];
            settings.matching.by_trained(id, encoders, receipt.result.after.threshold)
        }
        None => settings.matching.frozen(),
    };
    Ok(project.save_settings(ProjectSettings { matching, ..settings })?)
}

fn writable(folder: &Path) -> Result<(Project, TrainedModels), JobError> {
    let (project, models) = models(folder)?;
    if project.access() == Access::ReadOnly {
        return Err(ProjectError::ReadOnly { folder: folder.to_owned() }.into());
    }
    Ok((project, models))
}
