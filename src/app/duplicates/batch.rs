//! The batch page: the clusters the model is surest of, twelve at once, recorded as one gesture.

use super::super::{AppState, Effect, Politeness, saving};
use super::verdicts::{self, Claims};
use super::{DuplicatesMode, OpenItem, order};
use crate::catalog::PostingIdx;
use crate::matching::title_flags;
use crate::review::{Gesture, QueueItem, QueueKind, Seen, Verdict, View};

/// Clusters on one page.
pub const BATCH_SIZE: usize = 12;

/// How far above the threshold the weakest link must be, as a share of the way from the threshold to 1.
const MARGIN: f32 = 0.25;

/// The page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BatchState {
    /// Numbers of the items in the queue.
    pub positions: Vec<usize>,
    /// Which are excluded.
    pub excluded: Vec<bool>,
    /// The one under the cursor.
    pub cursor: usize,
    /// When the page appeared, milliseconds of [`super::super::Now::secs`].
    pub shown_millis: u64,
}

/// Fills the page with undecided items far above the threshold whose titles disagree in no number.
pub(super) fn start(state: &mut AppState) -> Vec<Effect> {
    if state.duplicates.kind != QueueKind::Clusters {
        return state.chrome.refuse(state.now, "The batch page works on clusters; open that tab first");
    }
    let Some(queue) = state.duplicates.queue.clone() else { return Vec::new() };
    let positions: Vec<usize> = queue
        .items
        .iter()
        .enumerate()
        .filter(|(at, item)| {
            state.duplicates.recorded.get(*at).is_some_and(Option::is_none) && is_sure(state, item)
        })
        .map(|(at, _)| at)
        .take(BATCH_SIZE)
        .collect();
    if positions.is_empty() {
        state.duplicates.mode = DuplicatesMode::Review;
        let reason = "No undecided cluster is far above the threshold and free of flags";
        return state.chrome.refuse(state.now, reason);
    }
    let excluded = vec![false; positions.len()];
    let shown_millis = (state.now.secs * 1000.0) as u64;
    state.duplicates.mode =
        DuplicatesMode::Batch(BatchState { positions, excluded, cursor: 0, shown_millis });
    Vec::new()
}

fn is_sure(state: &AppState, item: &QueueItem) -> bool {
    let Some(session) = &state.session.open else { return false };
    let threshold = state.matching.settings.threshold;
    let far = threshold + (1.0 - threshold) * MARGIN;
    let title = |row: u32| session.catalog.title(PostingIdx(row));
    let Some((first, others)) = item.members.split_first() else { return false };
    item.members.len() <= BATCH_SIZE
        && item.weakest.is_some_and(|(_, _, score)| score >= far)
        && others.iter().all(|other| title_flags(title(*first), title(*other)).is_empty())
}

fn with_page(state: &mut AppState, change: impl FnOnce(&mut BatchState)) -> Vec<Effect> {
    if let DuplicatesMode::Batch(page) = &mut state.duplicates.mode {
        change(page);
    }
    Vec::new()
}

pub(super) fn move_cursor(state: &mut AppState, by: i32) -> Vec<Effect> {
    with_page(state, |page| {
        let last = page.positions.len().saturating_sub(1);
        page.cursor = page.cursor.saturating_add_signed(by as isize).min(last);
    })
}

pub(super) fn toggle(state: &mut AppState, at: Option<usize>) -> Vec<Effect> {
    with_page(state, |page| {
        page.cursor = at.unwrap_or(page.cursor).min(page.positions.len().saturating_sub(1));
        if let Some(excluded) = page.excluded.get_mut(page.cursor) {
            *excluded = !*excluded;
        }
    })
}

pub(super) fn record(state: &mut AppState) -> Vec<Effect> {
    let DuplicatesMode::Batch(page) = state.duplicates.mode.clone() else { return Vec::new() };
    let (Some(queue), Some(session)) = (state.duplicates.queue.clone(), &state.session.open) else {
        return Vec::new();
    };
    if let Some(reason) = saving::refusal(state) {
        return state.chrome.refuse(state.now, reason);
    }
    let now_secs = state.now.secs;
    let taken: Vec<(usize, OpenItem)> = page
        .positions
        .iter()
        .zip(&page.excluded)
        .filter(|(_, excluded)| !**excluded)
        .filter_map(|(at, _)| Some((*at, order::item_at(state, *at)?)))
        .filter(|(_, item)| !item.is_outdated(state, &state.saving.review))
        .collect();
    let mut claims = Claims::default();
    let mut postings = Vec::new();
    for (_, item) in &taken {
        let members: Vec<PostingIdx> = item.cards.iter().flat_map(|card| card.postings.clone()).collect();
        claims.within(&session.catalog, &members, Verdict::Same);
        postings.extend(verdicts::keys(&session.catalog, &members));
    }
    if claims.claims.is_empty() {
        return state.chrome.refuse(state.now, "Every cluster is excluded: nothing would be recorded");
    }
    let weakest = taken.iter().filter_map(|(at, _)| queue.items.get(*at)?.weakest).map(|(_, _, score)| score);
    let score =
        weakest.fold(None, |least: Option<f32>, score| Some(least.map_or(score, |least| least.min(score))));
    let millis = ((now_secs * 1000.0) as u64).saturating_sub(page.shown_millis);
    let base = taken.first().map(|(_, item)| verdicts::seen(state, item, View::Batch)).unwrap_or_default();
    let seen = Seen {
        postings,
        without_picture: Vec::new(),
        score,
        rank: None,
        millis: u32::try_from(millis).unwrap_or(u32::MAX),
        ..base
    };
    let label = format!("Same: {} clusters, {} pairs", taken.len(), claims.n_pairs);
    let (entry, mut effects) = saving::record(state, Gesture::Judge { claims: claims.claims }, seen);
    for (at, _) in taken {
        if let Some(recorded) = state.duplicates.recorded.get_mut(at) {
            *recorded = Some((Verdict::Same, entry));
        }
    }
    effects.push(Effect::Announce(label, Politeness::Polite));
    effects.extend(start(state));
    effects
}
