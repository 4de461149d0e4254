//! The demo's whole job without a window: open, embed, match, score, say how to see it.

use std::sync::Arc;

use serde::Serialize;

use super::console::Console;
use super::progress::duration;
use super::session::{DeviceArgs, Session, with_context};
use crate::catalog::{CatalogSource, OpenOptions, demo};
use crate::jobs::{
    Context, Grounds, JobError, MatchPlan, RowRule, ThresholdRule, evaluate, load_catalog, match_with,
    open_catalog_project,
};
use crate::nn::DeviceChoice;

#[derive(Serialize)]
struct Answer {
    window: String,
    postings: usize,
    groups: usize,
    clusters: usize,
    threshold: f32,
    mean_f1: f64,
    project: std::path::PathBuf,
    seconds: f64,
}

/// Runs the demo and prints its summary; `no_window` says why no window is shown.
pub(super) fn run(no_window: &str, console: &Console) -> Result<(), JobError> {
    let answer = with_context(|context| demo_job(no_window, context))?;
    console.answer(&answer, || {
        format!(
            "The demo, without a window: {} postings of {} products.\n\
             {} clusters of look-alikes at threshold {:.2} (tuned on the demo's own labels), mean F1 {:.3}, in {}.\n\
             project: {}\n\n\
             To see the window: {no_window}.\n\
             Next: `lookalike evaluate --project '{}'`, or `lookalike --help`",
            answer.postings,
            answer.groups,
            answer.clusters,
            answer.threshold,
            answer.mean_f1,
            duration(answer.seconds),
            answer.project.display(),
            answer.project.display(),
        )
    });
    Ok(())
}

fn demo_job(no_window: &str, context: &Context<'_>) -> Result<Answer, JobError> {
    let start = std::time::Instant::now();
    let source = CatalogSource::Demo { n_products: demo::DEFAULT_N_PRODUCTS, seed: demo::DEFAULT_SEED };
    let options = OpenOptions::default();
    let catalog = load_catalog(&source, &options, context)?;
    let project = open_catalog_project(&source, &options, None)?;
    let device = DeviceArgs { models: None, device: DeviceChoice::Auto };
    let session = Session::with(project, catalog, &device);
    let review = session.review()?;
    let settings = session.project.settings().matching.clone();
    let grounds = Arc::new(Grounds::lay(&session.bench, &settings, context)?);
    let plan = MatchPlan {
        settings: &settings,
        rule: ThresholdRule::Tuned { min_matches: 1 },
        review: Some(&review),
    };
    let matched = match_with(&grounds, &plan)?;
    let scores = evaluate(&matched, RowRule::default())?;
    Ok(Answer {
        window: no_window.to_owned(),
        postings: scores.n_rows,
        groups: scores.n_groups,
        clusters: scores.n_clusters,
        threshold: matched.settings.threshold,
        mean_f1: scores.rows.mean_f1,
        project: session.project.folder().to_path_buf(),
        seconds: start.elapsed().as_secs_f64(),
    })
}
