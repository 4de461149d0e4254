//! Cutting a cluster: same inside the groups, different across, nothing about group 0.

use super::super::{AppState, Effect, saving};
use super::verdicts::{self, Claims};
use super::{Card, DuplicatesMode};
use crate::catalog::PostingIdx;
use crate::review::{Verdict, View};

/// The cut being made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CutState {
    /// Group of each card: 1 to 9; 0 says nothing about it.
    pub groups: Vec<u8>,
}

pub(super) fn start(state: &mut AppState) -> Vec<Effect> {
    let Some(item) = &state.duplicates.item else { return Vec::new() };
    if item.cards.len() < 2 {
        return state.chrome.refuse(state.now, "There is nothing to cut");
    }
    state.duplicates.mode = DuplicatesMode::Cut(CutState { groups: vec![1; item.cards.len()] });
    Vec::new()
}

pub(super) fn set_group(state: &mut AppState, group: u8) -> Vec<Effect> {
    let Some(item) = &mut state.duplicates.item else { return Vec::new() };
    if let DuplicatesMode::Cut(cut) = &mut state.duplicates.mode {
        cut.groups.resize(item.cards.len(), 1);
        if let Some(place) = cut.groups.get_mut(item.cursor) {
            *place = group.min(9);
        }
        item.cursor = (item.cursor + 1).min(item.cards.len().saturating_sub(1));
    }
    Vec::new()
}

/// Splits the cards where the strongest links that hold them together are weakest: single linkage until two groups are left.
pub(super) fn suggest(state: &mut AppState) -> Vec<Effect> {
    let Some(item) = &state.duplicates.item else { return Vec::new() };
    let groups = suggested(state, &item.cards);
    if let DuplicatesMode::Cut(cut) = &mut state.duplicates.mode {
        cut.groups = groups;
    }
    Vec::new()
}

fn suggested(state: &AppState, cards: &[Card]) -> Vec<u8> {
    let score = |a: &Card, b: &Card| {
        let pairs = a.postings.iter().flat_map(|left| b.postings.iter().map(move |right| (*left, *right)));
        pairs.filter_map(|(left, right)| state.matching.score(left, right)).fold(f32::NEG_INFINITY, f32::max)
    };
    let mut links: Vec<(f32, usize, usize)> = Vec::new();
    for (at, a) in cards.iter().enumerate() {
        links.extend(cards.iter().enumerate().skip(at + 1).map(|(other, b)| (score(a, b), at, other)));
    }
    links.sort_by(|a, b| b.0.total_cmp(&a.0).then((a.1, a.2).cmp(&(b.1, b.2))));
    let mut group: Vec<usize> = (0..cards.len()).collect();
    let mut n_groups = cards.len();
    for (_, a, b) in links {
        if n_groups <= 2 {
            break;
        }
        let (into, from) = (group[a].min(group[b]), group[a].max(group[b]));
        if into != from {
            group.iter_mut().filter(|number| **number == from).for_each(|number| *number = into);
            n_groups -= 1;
        }
    }
    let first = group.first().copied().unwrap_or(0);
    group.into_iter().map(|number| if number == first { 1 } else { 2 }).collect()
}

pub(super) fn record(state: &mut AppState) -> Vec<Effect> {
    let DuplicatesMode::Cut(cut) = state.duplicates.mode.clone() else { return Vec::new() };
    let Some((item, session)) = state.duplicates.item.clone().zip(state.session.open.as_ref()) else {
        return Vec::new();
    };
    if let Some(reason) = verdicts::refusal(state, &item, None).or_else(|| saving::refusal(state)) {
        return state.chrome.refuse(state.now, reason);
    }
    let group = |number: u8| -> Vec<PostingIdx> {
        let cards = item.cards.iter().zip(&cut.groups).filter(|(_, place)| **place == number);
        cards.flat_map(|(card, _)| card.postings.clone()).collect()
    };
    let groups: Vec<Vec<PostingIdx>> = (1..=9).map(group).filter(|postings| !postings.is_empty()).collect();
    let mut claims = Claims::default();
    for (at, left) in groups.iter().enumerate() {
        claims.within(&session.catalog, left, Verdict::Same);
        for right in groups.iter().skip(at + 1) {
            claims.across(&session.catalog, left, right, Verdict::Different);
        }
    }
    if claims.claims.is_empty() {
        return state.chrome.refuse(state.now, "Every card is in group 0: nothing would be recorded");
    }
    let label = format!("Cut: {} groups, {} pairs", groups.len(), claims.n_pairs);
    let verdict = if groups.len() > 1 { Verdict::Different } else { Verdict::Same };
    state.duplicates.mode = DuplicatesMode::Review;
    verdicts::record(state, &item, claims.claims, verdict, View::Cut, &label)
}
