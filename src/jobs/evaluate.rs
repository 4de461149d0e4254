//! How good a matching is, on a catalogue whose groups are known. Uses each row's own matches, before clustering.

use std::collections::BTreeSet;

use super::{JobError, MatchOutcome};
use crate::matching::{MatchOptions, row_matches};
use crate::metrics::{ClusterScores, PairScores, RowScores, cluster_scores, pair_scores, threshold_curve};

/// How each row's ranked neighbours are cut to its matches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RowRule {
    /// Fewest matches a row, itself included (2 = "at least two").
    pub min_matches: usize,
    /// Whether the threshold counts; otherwise the plain top k.
    pub is_thresholded: bool,
}

impl Default for RowRule {
    fn default() -> Self {
        Self { min_matches: 1, is_thresholded: true }
    }
}

impl RowRule {
    /// The rule at the threshold and k of a matching; its matcher may fill up answers too.
    pub fn options(self, matched: &MatchOutcome) -> MatchOptions {
        MatchOptions {
            threshold: self.is_thresholded.then_some(matched.settings.threshold),
            min_matches: self.min_matches.max(matched.min_matches),
            max_matches: matched.settings.k,
        }
    }
}

/// Scores of one matching.
#[derive(Clone, Debug, PartialEq)]
pub struct Evaluation {
    /// Means over rows: the competition's measure.
    pub rows: RowScores,
    /// Over the unordered pairs that either row's matches name.
    pub pairs: PairScores,
    /// Of the clusters.
    pub clusters: ClusterScores,
    /// Rows.
    pub n_rows: usize,
    /// Labelled groups.
    pub n_groups: usize,
    /// Threshold in force, `None` for the plain top k.
    pub threshold: Option<f32>,
    /// What the threshold was tuned on; `None` when it was given.
    pub tuned_on: Option<String>,
    /// Clusters of at least two.
    pub n_clusters: usize,
    /// Size of the largest component before the guard.
    pub largest_before_guard: usize,
}

/// Scores `matched` against the labels of its catalogue.
///
/// # Errors
/// [`JobError::Refused`] when the catalogue has no labels.
pub fn evaluate(matched: &MatchOutcome, rule: RowRule) -> Result<Evaluation, JobError> {
    let catalog = &matched.grounds.catalog;
    if !catalog.has_groups() {
        return Err(JobError::Refused(
            "the catalogue has no group labels to compare with. Name their column with --map group=... when indexing".to_owned(),
        ));
    }
    let groups = catalog.group_ids();
    let neighbors = &matched.neighbors;
    let options = rule.options(matched);
    let curve = threshold_curve(
        &neighbors.offsets,
        &neighbors.rows,
        &neighbors.scores,
        &groups,
        &[options.threshold.unwrap_or(f32::NEG_INFINITY)],
        options.min_matches,
        options.max_matches,
    );
    let matches = row_matches(neighbors, &options);
    let mut pairs = BTreeSet::new();
    for row in 0..matches.n_rows() {
        let row_id = row as u32;
        pairs.extend(
            matches
                .list(row)
                .0
                .iter()
                .filter(|&&other| other != row_id)
                .map(|&other| (row_id.min(other), row_id.max(other))),
        );
    }
    let n_groups = groups.iter().flatten().max().map_or(0, |&last| last as usize + 1);
    Ok(Evaluation {
        rows: curve.first().map_or_else(RowScores::default, |point| point.scores),
        pairs: pair_scores(pairs.into_iter(), &groups),
        clusters: cluster_scores(&matched.clusters.cluster_of, &groups),
        n_rows: catalog.n_postings(),
        n_groups,
        threshold: options.threshold,
        tuned_on: matched
            .tuned
            .as_ref()
            .map(|tuned| format!("the {} labelled rows it is reported on", tuned.n_labelled_rows)),
        n_clusters: matched.clusters.clusters.len(),
        largest_before_guard: matched.clusters.largest_before_guard,
    })
}
