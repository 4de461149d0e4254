//! `lookalike match`: from embeddings to matches and clusters.

use std::path::PathBuf;

use serde::Serialize;

use super::console::Console;
use super::match_args::MatchArgs;
use super::session::with_context;
use crate::index::SearchReport;
use crate::jobs::{EXPORT_SUBMISSION, JobError, export};
use crate::matching::row_matches;

/// Match a project's postings and write submission.csv (posting_id,matches).
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    matching: MatchArgs,
    /// Where to write each posting's matches.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

#[derive(Serialize)]
struct Answer {
    rows: usize,
    /// Matches besides the posting itself, over all rows.
    matches: usize,
    /// Postings with at least one match besides themselves.
    matched_rows: usize,
    clusters: usize,
    largest_cluster: usize,
    largest_before_guard: usize,
    cut_by_guard: usize,
    weakest_link: Option<f32>,
    threshold: f32,
    tuned_on: Option<String>,
    /// How neighbours were found; null for a modality that was not compared.
    image_neighbors: Option<SearchReport>,
    /// Likewise.
    text_neighbors: Option<SearchReport>,
    /// Recipe of the trained model that matched.
    trained: Option<String>,
    out: Option<PathBuf>,
    seconds: f64,
}

pub(super) fn run(args: &Args, console: &Console) -> Result<(), JobError> {
    let start = std::time::Instant::now();
    let answer = with_context(|context| {
        let (session, matched, review) = args.matching.run(context)?;
        let trained = args.matching.trained_model(&session)?.map(|model| model.id);
        let rule = args.matching.row_rule();
        let matches = row_matches(&matched.neighbors, &rule.options(&matched));
        if let Some(out) = &args.out {
            export(EXPORT_SUBMISSION, out, &session.bench.catalog, Some(&matched), rule, &review)?;
        }
        let n_besides =
            |row: usize| matches.list(row).0.iter().filter(|&&other| other as usize != row).count();
        let besides: Vec<usize> = (0..matches.n_rows()).map(n_besides).collect();
        let clusters = &matched.clusters;
        Ok(Answer {
            rows: matches.n_rows(),
            matches: besides.iter().sum(),
            matched_rows: besides.iter().filter(|&&n| n > 0).count(),
            clusters: clusters.clusters.len(),
            largest_cluster: clusters.clusters.iter().map(|cluster| cluster.members.len()).max().unwrap_or(0),
            largest_before_guard: clusters.largest_before_guard,
            cut_by_guard: clusters.n_cut_by_guard,
            weakest_link: clusters.clusters.iter().map(|cluster| cluster.weakest_score).reduce(f32::min),
            threshold: matched.settings.threshold,
            trained,
            image_neighbors: matched.grounds.image.as_ref().map(|side| side.search),
            text_neighbors: matched.grounds.text.as_ref().map(|side| side.search),
            tuned_on: matched.tuned.as_ref().map(|tuned| format!("{} labelled rows", tuned.n_labelled_rows)),
            out: args.out.clone(),
            seconds: start.elapsed().as_secs_f64(),
        })
    })?;
    console.answer(&answer, || {
        let mut text = format!(
            "{} of {} postings have matches ({} in all) at threshold {:.3}{}\n{} clusters, the largest of {}",
            answer.matched_rows,
            answer.rows,
            answer.matches,
            answer.threshold,
            answer.tuned_on.as_ref().map_or_else(String::new, |on| format!(", tuned on {on}")),
            answer.clusters,
            answer.largest_cluster,
        );
        if answer.cut_by_guard > 0 {
            text.push_str(&format!(
                "; {} larger ones (up to {}) were cut at their weakest links",
                answer.cut_by_guard, answer.largest_before_guard
            ));
        }
        for (modality, search) in [("picture", answer.image_neighbors), ("title", answer.text_neighbors)] {
            if let Some(search @ SearchReport::Approximate { .. }) = search {
                text.push_str(&format!("\n{modality} neighbours: {search}"));
            }
        }
        if let Some(out) = &answer.out {
            text.push_str(&format!("\nwritten: {}", out.display()));
        }
        text
    });
    Ok(())
}
