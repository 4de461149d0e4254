//! What the station asks of the jobs to show: counts of the labels, and the groups of a receipt drawn before and after.

use std::sync::Arc;

use super::super::{AppState, Effect};
use super::TrainState;
use crate::jobs::{GroupMap, LabelCounts, LabelSource, Request, TrainedReceipt};
use crate::train::NamedRecipe;

/// What the counts were asked for.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Counted {
    n_entries: usize,
    labels: LabelSource,
    recipe: NamedRecipe,
}

impl TrainState {
    /// Whether the counts are of other labels than these.
    pub fn is_outdated(&self, app: &AppState) -> bool {
        let is_unread = self.draft.recipes.is_empty();
        app.session.open.is_some() && (is_unread || self.counted != wanted_counts(app))
    }

    /// The picture of a receipt's groups, once it is there.
    pub fn map_of(&self, receipt: &TrainedReceipt) -> Option<&Arc<GroupMap>> {
        self.maps.iter().find(|map| map.digest == receipt.head_digest)
    }
}

fn wanted_counts(app: &AppState) -> Option<Counted> {
    Some(Counted {
        n_entries: app.saving.review.entries().len(),
        labels: app.train.labels,
        recipe: app.train.draft.recipe.clone()?,
    })
}

/// Asks what the labels can feed, and reads the recipes the first time.
pub(super) fn count(state: &mut AppState) -> Vec<Effect> {
    if let Err(message) = state.train.draft.read() {
        return super::super::events::fail(state, message);
    }
    let Some(wanted) = wanted_counts(state).filter(|_| state.session.open.is_some()) else {
        return Vec::new();
    };
    state.train.generation += 1;
    let request = Request::CountLabels {
        recipe: Box::new(wanted.recipe.clone()),
        labels: wanted.labels,
        review: Arc::new(state.saving.review.clone()),
        generation: state.train.generation,
    };
    state.train.counted = Some(wanted);
    vec![Effect::Job(request)]
}

/// The labels are counted.
pub(in super::super) fn counted(state: &mut AppState, counts: LabelCounts, generation: u64) {
    if generation == state.train.generation {
        state.train.counts = Some(counts);
        state.train.counts_refused = None;
    }
}

/// The labels cannot be counted.
pub(in super::super) fn not_counted(state: &mut AppState, message: String) {
    state.train.counts = None;
    state.train.counts_refused = Some(message);
}

/// Asks for the picture of the groups of the receipt in view, where it is not there.
pub(super) fn map(state: &mut AppState) -> Vec<Effect> {
    let Some(run) = state.train.shown_run() else { return Vec::new() };
    let receipt = run.receipt.clone();
    let digest = receipt.head_digest.clone();
    let is_refused = state.train.map_refused.as_ref().is_some_and(|(refused, _)| *refused == digest);
    if is_refused || state.train.map_of(&receipt).is_some() || state.train.mapping.as_ref() == Some(&digest) {
        return Vec::new();
    }
    state.train.mapping = Some(digest);
    vec![Effect::Job(Request::MapGroups { receipt, review: Arc::new(state.saving.review.clone()) })]
}

/// The groups are drawn.
pub(in super::super) fn mapped(state: &mut AppState, map: Arc<GroupMap>) {
    const MOST_MAPS: usize = 16;
    state.train.mapping = None;
    state.train.maps.retain(|known| known.digest != map.digest);
    state.train.maps.push(map);
    if state.train.maps.len() > MOST_MAPS {
        state.train.maps.remove(0);
    }
}

/// The groups are not drawn; the receipt says why (`None`: it was stopped, and may be asked for again).
pub(in super::super) fn not_mapped(state: &mut AppState, message: Option<String>) {
    if let Some(digest) = state.train.mapping.take()
        && let Some(message) = message
    {
        state.train.map_refused = Some((digest, message));
    }
}
