//! `lookalike evaluate`: how good the matches are, on a catalogue whose groups are known, or how well candidates are ranked.

use std::collections::BTreeMap;

use serde::Serialize;

use super::console::Console;
use super::match_args::MatchArgs;
use super::rank::{self, QuestionArgs};
use super::session::with_context;
use crate::jobs::{JobError, evaluate};

/// Said beside the scores of a trained model.
const LEARNED_FROM: &str =
    "these rows include those the model has learned from; `lookalike receipts` has its scores on the rest";

/// What is scored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Task {
    /// Each posting's matches.
    Duplicates,
    /// "Totally Looks Like": one posting against its candidates.
    Tll,
}

/// Score a project's matches against the catalogue's group labels (mean F1, precision, recall over rows; pairs; clusters), or, with
/// --task tll, how well strategies rank candidates (top-1, top-2, R@k).
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// What is scored.
    #[arg(long, value_enum, default_value = "duplicates")]
    task: Task,
    #[command(flatten)]
    questions: QuestionArgs,
    #[command(flatten)]
    matching: MatchArgs,
}

#[derive(Serialize)]
struct Answer {
    mean_f1: f64,
    precision: f64,
    recall: f64,
    rows: usize,
    groups: usize,
    threshold: Option<f32>,
    image_threshold: f32,
    text_threshold: f32,
    tuned_on: Option<String>,
    /// The matcher that was run, with its parameters.
    matcher: Option<Matcher>,
    /// Recipe of the trained model that matched.
    trained: Option<String>,
    /// What to mind when reading the scores.
    note: Option<&'static str>,
    pairs: Pairs,
    clusters: Clusters,
    match_seconds: f64,
    seconds: f64,
}

#[derive(Serialize)]
struct Matcher {
    id: String,
    values: BTreeMap<String, f64>,
}

#[derive(Serialize)]
struct Pairs {
    f1: f64,
    precision: f64,
    recall: f64,
    predicted: u64,
    #[serde(rename = "true")]
    n_true: u64,
}

#[derive(Serialize)]
struct Clusters {
    count: usize,
    largest_before_guard: usize,
    pair_f1: f64,
    pair_precision: f64,
    pair_recall: f64,
    bcubed_f1: f64,
    bcubed_precision: f64,
    bcubed_recall: f64,
}

pub(super) fn run(args: &Args, console: &Console) -> Result<(), JobError> {
    if args.task == Task::Tll {
        return rank::evaluate(&args.matching.project, &args.questions, &args.matching.device, console);
    }
    let start = std::time::Instant::now();
    let answer = with_context(|context| {
        let (session, matched, _) = args.matching.run(context)?;
        let trained = args.matching.trained_model(&session)?.map(|model| model.id);
        let rule = args.matching.row_rule();
        let it = evaluate(&matched, rule)?;
        Ok(Answer {
            mean_f1: it.rows.mean_f1,
            precision: it.rows.precision,
            recall: it.rows.recall,
            rows: it.n_rows,
            groups: it.n_groups,
            threshold: it.threshold,
            image_threshold: matched.settings.params.image_threshold,
            text_threshold: matched.settings.params.text_threshold,
            tuned_on: it.tuned_on,
            matcher: matched
                .matcher
                .as_ref()
                .map(|fitted| Matcher { id: fitted.id.clone(), values: fitted.values.clone() }),
            note: trained.as_ref().map(|_| LEARNED_FROM),
            trained,
            pairs: Pairs {
                f1: it.pairs.f1,
                precision: it.pairs.precision,
                recall: it.pairs.recall,
                predicted: it.pairs.n_predicted,
                n_true: it.pairs.n_true,
            },
            clusters: Clusters {
                count: it.n_clusters,
                largest_before_guard: it.largest_before_guard,
                pair_f1: it.clusters.pairs.f1,
                pair_precision: it.clusters.pairs.precision,
                pair_recall: it.clusters.pairs.recall,
                bcubed_f1: it.clusters.bcubed_f1,
                bcubed_precision: it.clusters.bcubed_precision,
                bcubed_recall: it.clusters.bcubed_recall,
            },
            match_seconds: matched.secs,
            seconds: start.elapsed().as_secs_f64(),
        })
    })?;
    console.answer(&answer, || {
        let threshold = match (&answer.threshold, &answer.tuned_on) {
            (None, _) => "without threshold".to_owned(),
            (Some(threshold), None) => format!("at threshold {threshold:.3}"),
            (Some(threshold), Some(on)) => format!("at threshold {threshold:.3}, tuned on {on}"),
        };
        let matcher = answer.matcher.as_ref().filter(|matcher| matcher.id != "threshold").map(|matcher| {
            let values: Vec<String> =
                matcher.values.iter().map(|(name, value)| format!("{name} {value}")).collect();
            format!("\nmatcher   {} ({})", matcher.id, values.join(", "))
        });
        let matcher = matcher.unwrap_or_default();
        let trained = answer.trained.as_deref().unwrap_or_default();
        let note =
            answer.note.map(|note| format!("\nby the trained model {trained}: {note}")).unwrap_or_default();
        format!(
            "rows      mean F1 {:.4}, precision {:.4}, recall {:.4} ({} rows, {} groups, {threshold})\n\
             pairs     F1 {:.4}, precision {:.4}, recall {:.4}\n\
             clusters  pair F1 {:.4}, B-cubed F1 {:.4} ({} clusters){matcher}{note}",
            answer.mean_f1,
            answer.precision,
            answer.recall,
            answer.rows,
            answer.groups,
            answer.pairs.f1,
            answer.pairs.precision,
            answer.pairs.recall,
            answer.clusters.pair_f1,
            answer.clusters.bcubed_f1,
            answer.clusters.count,
        )
    });
    Ok(())
}
