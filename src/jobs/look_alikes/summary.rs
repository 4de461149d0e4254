//! How good each strategy is on questions whose match is known.

use serde::Serialize;

use super::super::{Context, JobError, Workbench};
use super::questions::rows_of;
use super::rank::RankedQuestions;
use super::strategy::Strategy;
use crate::catalog::Side;
use crate::matching::Question;
use crate::metrics::{mean_reciprocal_rank, rank_of_best};

/// Queries whose whole pool is scored at once, so that memory stays small however large the pool is.
const QUERIES_A_PIECE: usize = 256;
/// Catalogues of more possible answers are not ranked whole.
const MOST_IN_POOL: usize = 50_000;

/// Scores of one strategy.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StrategySummary {
    /// As it was asked for.
    pub id: String,
    /// Name shown to people.
    pub label: String,
    /// Questions whose match is among the candidates.
    pub n_questions: usize,
    /// Share of them with a match ranked first.
    pub top_1: f64,
    /// Share with a match among the first two.
    pub top_2: f64,
    /// Share with a match among the first five.
    pub top_5: f64,
    /// Mean reciprocal rank of the best match.
    pub mean_reciprocal_rank: f64,
    /// Share with a match first among all possible answers of the catalogue, where that was asked for.
    pub recall_at_1: Option<f64>,
    /// Share with a match among the first ten of them.
    pub recall_at_10: Option<f64>,
    /// As in [`super::StrategyScores`].
    pub n_parameters: Option<u64>,
    /// As in [`super::StrategyScores`].
    pub millis_per_query: Option<f64>,
}

/// One summary a strategy, over the questions whose match is among their candidates; empty where no question has one.
pub fn summarise(ranked: &RankedQuestions) -> Vec<StrategySummary> {
    let known: Vec<usize> = (0..ranked.questions.len()).filter(|at| ranked.has_truth(*at)).collect();
    if known.is_empty() {
        return Vec::new();
    }
    let of = |strategy: &super::StrategyScores| {
        let ranks: Vec<Option<usize>> =
            known.iter().map(|&at| rank_of_best(&strategy.scores[at], &ranked.truths[at])).collect();
        let within = |k: usize| share_within(&ranks, k);
        StrategySummary {
            id: strategy.id.clone(),
            label: strategy.label.clone(),
            n_questions: known.len(),
            top_1: within(1),
            top_2: within(2),
            top_5: within(5),
            mean_reciprocal_rank: mean_reciprocal_rank(&ranks).unwrap_or_default(),
            recall_at_1: None,
            recall_at_10: None,
            n_parameters: strategy.n_parameters,
            millis_per_query: strategy.millis_per_query,
        }
    };
    ranked.strategies.iter().map(of).collect()
}

/// Adds R@1 and R@10 over all possible answers of the catalogue (its right side, or every other posting).
///
/// # Errors
/// [`JobError::Refused`] where there are more than can be ranked; when embedding fails, or cancelled.
pub(crate) fn add_recall(
    bench: &Workbench,
    ranked: &RankedQuestions,
    summaries: &mut [StrategySummary],
    context: &Context<'_>,
) -> Result<(), JobError> {
    let pool = rows_of(&bench.catalog, Side::Right);
    if pool.len() > MOST_IN_POOL {
        return Err(JobError::Refused(format!(
            "{} possible answers are too many to rank whole, at most {MOST_IN_POOL} are",
            pool.len()
        )));
    }
    let groups = bench.catalog.group_ids();
    for summary in summaries {
        let strategy = Strategy::prepare(bench, &summary.id, context)?;
        let known: Vec<usize> = (0..ranked.questions.len()).filter(|at| ranked.has_truth(*at)).collect();
        let mut ranks = Vec::with_capacity(known.len());
        for piece in known.chunks(QUERIES_A_PIECE) {
            let whole = |at: &usize| {
                let query = ranked.questions[*at].query;
                Question { query, candidates: pool.iter().copied().filter(|row| *row != query).collect() }
            };
            let wholes: Vec<Question> = piece.iter().map(whole).collect();
            let scores = strategy.score_all(bench, &wholes, context)?;
            for (whole, scores) in wholes.iter().zip(&scores) {
                let group_of = |row: u32| groups.get(row as usize).copied().flatten();
                let is_match = |row: &u32| group_of(*row) == group_of(whole.query);
                let truths: Vec<bool> = whole.candidates.iter().map(is_match).collect();
                ranks.push(rank_of_best(scores, &truths));
            }
        }
        summary.recall_at_1 = Some(share_within(&ranks, 1));
        summary.recall_at_10 = Some(share_within(&ranks, 10));
    }
    Ok(())
}

fn share_within(ranks: &[Option<usize>], k: usize) -> f64 {
    let n_within = ranks.iter().filter(|rank| rank.is_some_and(|rank| rank <= k)).count();
    n_within as f64 / ranks.len().max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::super::StrategyScores;
    use super::{RankedQuestions, summarise};
    use crate::matching::Question;

    #[test]
    fn only_questions_with_a_match_count() {
        let question = |query| Question { query, candidates: vec![7, 8, 9] };
        let scores = vec![vec![0.9, 0.5, 0.1], vec![0.1, 0.5, 0.9], vec![0.9, 0.5, 0.1]];
        let strategy = StrategyScores {
            id: "e".to_owned(),
            label: "E".to_owned(),
            scores,
            n_parameters: Some(3),
            millis_per_query: Some(1.0),
        };
        let ranked = RankedQuestions {
            questions: vec![question(0), question(1), question(2)],
            truths: vec![vec![true, false, false], vec![false, true, false], vec![false; 3]],
            strategies: vec![strategy],
            ..RankedQuestions::default()
        };
        let summaries = summarise(&ranked);
        let summary = &summaries[0];
        assert_eq!((summary.n_questions, summary.top_1, summary.top_2), (2, 0.5, 1.0));
        assert_eq!(summary.mean_reciprocal_rank, 0.75);
        let unknown = RankedQuestions { truths: vec![vec![false; 3]; 3], ..ranked };
        assert_eq!(summarise(&unknown), []);
    }
}
