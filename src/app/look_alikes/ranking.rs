//! What the scores of a question say: the order of its candidates, which of them stand above a match, and which of those are
//! probably no negatives at all.

use crate::jobs::RankedQuestions;
use crate::matching::rank_order;

/// Why a candidate ranked above a match is probably not a negative.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Warning {
    /// It looks the same as a true match.
    NearDuplicate,
    /// Every one of so many strategies ranks it first.
    Agreement(usize),
}

impl Warning {
    /// One sentence for people.
    pub fn text(self) -> String {
        match self {
            Self::NearDuplicate => "Looks the same as the match: probably a match too".to_owned(),
            Self::Agreement(n) => format!("All {n} rankings put it first: look twice"),
        }
    }
}

/// Candidates of a question by the first strategy's score, best first; those without a score last. Ties keep their order.
pub(super) fn ranking(questions: &RankedQuestions, number: usize) -> Vec<usize> {
    let n = questions.questions.get(number).map_or(0, |question| question.candidates.len());
    ranking_of(questions, 0, number, n)
}

fn ranking_of(questions: &RankedQuestions, strategy: usize, number: usize, n: usize) -> Vec<usize> {
    let scores = questions.strategies.get(strategy).and_then(|strategy| strategy.scores.get(number));
    scores.map_or_else(|| (0..n).collect(), |scores| rank_order(scores))
}

/// The score a strategy gives a candidate; NaN where one of the two has no picture.
pub(super) fn score(
    questions: &RankedQuestions,
    strategy: usize,
    number: usize,
    candidate: usize,
) -> Option<f32> {
    questions.strategies.get(strategy)?.scores.get(number)?.get(candidate).copied()
}

/// Whether the candidate is a true match, as far as that is known.
pub(super) fn is_true(questions: &RankedQuestions, number: usize, candidate: usize) -> bool {
    questions.truths.get(number).and_then(|truths| truths.get(candidate)).copied().unwrap_or_default()
}

/// Tells candidates that are probably no negatives from the others of one question.
pub(super) struct Guard<'a> {
    questions: &'a RankedQuestions,
    number: usize,
    /// What is known or said to match.
    matches: Vec<usize>,
    /// What every one of several strategies ranks first.
    first_of_all: Option<usize>,
}

impl<'a> Guard<'a> {
    /// The guard of a question; `matches` are those said to match, the true ones are added.
    pub(super) fn of(questions: &'a RankedQuestions, number: usize, matches: &[usize]) -> Self {
        let n = questions.questions.get(number).map_or(0, |question| question.candidates.len());
        let truths = (0..n).filter(|other| is_true(questions, number, *other));
        let matches = matches.iter().copied().chain(truths).collect();
        let best = |strategy: usize| {
            (0..n)
                .filter_map(|other| Some((other, score(questions, strategy, number, other)?)))
                .filter(|(_, score)| !score.is_nan())
                .max_by(|a, b| a.1.total_cmp(&b.1).then(b.0.cmp(&a.0)))
                .map(|(best, _)| best)
        };
        let n_strategies = questions.strategies.len();
        let first = best(0).filter(|first| (1..n_strategies).all(|other| best(other) == Some(*first)));
        Self { questions, number, matches, first_of_all: first.filter(|_| n_strategies > 1) }
    }

    /// Why the candidate is probably no negative, if it is so.
    pub(super) fn warning(&self, candidate: usize) -> Option<Warning> {
        let looks_the_same = |other: &usize| {
            *other != candidate && self.questions.are_near_duplicates(self.number, candidate, *other)
        };
        if self.matches.iter().any(looks_the_same) {
            return Some(Warning::NearDuplicate);
        }
        let is_first = self.first_of_all == Some(candidate);
        is_first.then_some(Warning::Agreement(self.questions.strategies.len()))
    }
}

/// Candidates ranked above at least one pick by the first strategy and clear of every warning, best first. `is_known` says of
/// which candidates something else was decided already.
pub(super) fn hard_negatives(
    questions: &RankedQuestions,
    number: usize,
    picks: &[usize],
    is_known: impl Fn(usize) -> bool,
) -> Vec<usize> {
    let ranking = ranking(questions, number);
    let Some(lowest) = ranking.iter().rposition(|candidate| picks.contains(candidate)) else {
        return Vec::new();
    };
    let has_score = |candidate: usize| score(questions, 0, number, candidate).is_some_and(|it| !it.is_nan());
    // A pick without a picture has no rank to stand above of.
    let has_rank = ranking.get(lowest).is_some_and(|pick| has_score(*pick));
    let guard = Guard::of(questions, number, picks);
    ranking
        .iter()
        .take(if has_rank { lowest } else { 0 })
        .copied()
        .filter(|candidate| {
            !picks.contains(candidate)
                && !is_known(*candidate)
                && !is_true(questions, number, *candidate)
                && guard.warning(*candidate).is_none()
        })
        .collect()
}
