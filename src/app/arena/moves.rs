//! In which order questions stand, and moving among them, their rows and ranks.

use super::super::{AppState, Effect};
use super::{ArenaOrder, ArenaState, asking};
use crate::catalog::PostingIdx;
use crate::jobs::RankedQuestions;
use crate::matching::rank_order;
use crate::metrics::rank_of_best;

/// Ranks, from 1, of a question's match by each strategy; `None` where a strategy has no score for it.
pub(super) fn ranks(ranked: &RankedQuestions, question: usize) -> Vec<Option<usize>> {
    let Some(truths) = ranked.truths.get(question) else { return Vec::new() };
    let rank = |scores: &Vec<Vec<f32>>| rank_of_best(scores.get(question)?, truths);
    ranked.strategies.iter().map(|strategy| rank(&strategy.scores)).collect()
}

/// Lists the questions in the order in force.
pub(super) fn list(arena: &mut ArenaState) {
    let Some(ranked) = &arena.ranked else {
        arena.listed.clear();
        return;
    };
    let worst = |question: usize| ranked.questions[question].candidates.len() + 1;
    let mut listed: Vec<(usize, u32)> = (0..ranked.questions.len())
        .map(|question| {
            // A match without a score stands behind all.
            let ranks: Vec<usize> = ranks(ranked, question)
                .into_iter()
                .map(|rank| rank.unwrap_or_else(|| worst(question)))
                .collect();
            let known = ranked.has_truth(question);
            let weight = match arena.order {
                ArenaOrder::AsAsked => 0,
                _ if !known => 0,
                ArenaOrder::MostMoved => {
                    ranks.iter().max().zip(ranks.iter().min()).map_or(0, |(most, least)| most - least)
                }
                ArenaOrder::Worst => ranks.first().copied().unwrap_or(0),
            };
            (weight, question as u32)
        })
        .collect();
    listed.sort_by_key(|&(weight, question)| (std::cmp::Reverse(weight), question));
    arena.listed = listed.into_iter().map(|(_, question)| question).collect();
}

/// Where the question about a row stands.
pub(super) fn place_of(arena: &ArenaState, query: u32) -> Option<usize> {
    let ranked = arena.ranked.as_ref()?;
    arena.listed.iter().position(|question| ranked.questions[*question as usize].query == query)
}

pub(super) fn set_order(state: &mut AppState, order: ArenaOrder) {
    let arena = &mut state.look_alikes.arena;
    arena.order = order;
    list(arena);
    arena.at = 0;
    arena.rank = 0;
}

pub(super) fn step(state: &mut AppState, by: i64) {
    let arena = &mut state.look_alikes.arena;
    arena.at = super::super::catalogue::moved(arena.at, by, arena.listed.len());
    arena.rank = 0;
}

/// Goes to the question about a posting; its whole key is looked for first, then a key that ends so.
pub(super) fn go_to(state: &mut AppState, key: &str) -> Vec<Effect> {
    let key = key.trim();
    let Some(session) = &state.session.open else { return Vec::new() };
    let catalog = &session.catalog;
    let arena = &state.look_alikes.arena;
    let Some(ranked) = arena.ranked.as_ref().filter(|_| !key.is_empty()) else { return Vec::new() };
    let key_of = |question: u32| catalog.key(PostingIdx(ranked.questions[question as usize].query));
    let whole = arena.listed.iter().position(|question| key_of(*question) == key);
    let place =
        whole.or_else(|| arena.listed.iter().position(|question| asking::short(key_of(*question)) == key));
    match place {
        Some(place) => {
            state.look_alikes.arena.at = place;
            state.look_alikes.arena.rank = 0;
            Vec::new()
        }
        None => {
            let text = format!(
                "No question is about {key}; only postings with a known match and a picture are asked about"
            );
            state.chrome.refuse(state.now, &text)
        }
    }
}

pub(super) fn move_rank(state: &mut AppState, by: i64) {
    let arena = &mut state.look_alikes.arena;
    let n = arena.question().and_then(|at| Some(arena.ranked.as_ref()?.questions.get(at)?.candidates.len()));
    arena.rank = super::super::catalogue::moved(arena.rank, by, n.unwrap_or(0));
}

/// Moves to another row; the cursor stays on the candidate.
pub(super) fn move_row(state: &mut AppState, by: i64) {
    let arena = &mut state.look_alikes.arena;
    let Some((ranked, question)) = arena.ranked.clone().zip(arena.question()) else { return };
    let candidate = arena.candidate(arena.row, arena.rank);
    arena.row = super::super::catalogue::moved(arena.row, by, ranked.strategies.len());
    let Some(scores) = ranked.strategies.get(arena.row).and_then(|strategy| strategy.scores.get(question))
    else {
        return;
    };
    let rank = rank_order(scores).into_iter().position(|place| Some(place) == candidate);
    arena.rank = rank.unwrap_or(0);
}

impl ArenaState {
    /// The place among its question's candidates of what a row has at a rank (from 0).
    pub fn candidate(&self, row: usize, rank: usize) -> Option<usize> {
        let scores = self.ranked.as_ref()?.strategies.get(row)?.scores.get(self.question()?)?;
        rank_order(scores).get(rank).copied()
    }
}

/// Opens the query and the candidate under the cursor in Compare; the match is the other partner.
pub(super) fn compare(state: &mut AppState) -> Vec<Effect> {
    let arena = &state.look_alikes.arena;
    let found = arena.ranked.as_ref().zip(arena.question()).and_then(|(ranked, at)| {
        let question = ranked.questions.get(at)?;
        let candidate = *question.candidates.get(arena.candidate(arena.row, arena.rank)?)?;
        let truths = ranked.truths.get(at)?.iter().zip(&question.candidates);
        let matches = truths
            .filter(|(is_match, row)| **is_match && **row != candidate)
            .map(|(_, row)| PostingIdx(*row));
        let partners: Vec<PostingIdx> = [PostingIdx(candidate)].into_iter().chain(matches).collect();
        Some((PostingIdx(question.query), PostingIdx(candidate), partners))
    });
    match found {
        Some((query, candidate, partners)) => super::super::compare::open(state, query, candidate, partners),
        None => state.chrome.refuse(state.now, "There is no candidate under the cursor"),
    }
}
