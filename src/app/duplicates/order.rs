//! The queue's order and one's place in it: frozen while one works, replaced on request, remembered by posting key.

use std::sync::Arc;

use super::super::session::PLACE;
use super::super::{AppState, Cause, Effect, matching};
use super::{DuplicatesMode, OpenItem, item};
use crate::catalog::PostingIdx;
use crate::jobs::Request;
use crate::project::Access;
use crate::review::{Entry, EntryId, Gesture, Queue, QueueKind, QueueSort};

/// What a new queue does to the one in work.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Manner {
    /// Replaces it; the open item is found again by its postings.
    #[default]
    Replace,
    /// Replaces it only while nothing was done on it; else it waits and says how much changes.
    Announce,
}

/// A newer queue that waits for Ctrl+R.
#[derive(Clone, Debug, PartialEq)]
pub struct PendingQueue {
    /// The queue.
    pub queue: Arc<Queue>,
    /// How many of its items are not in the present one.
    pub n_changed: usize,
}

/// Asks for the queue of the open tab.
pub(in super::super) fn request_queue(state: &mut AppState, manner: Manner) -> Vec<Effect> {
    let outcome = if state.matching.is_peeking { &state.matching.previous } else { &state.matching.outcome };
    let Some(matched) = outcome.clone() else { return Vec::new() };
    state.duplicates.generation += 1;
    state.duplicates.is_updating = true;
    state.duplicates.manner = manner;
    vec![Effect::Job(Request::BuildQueue {
        kind: state.duplicates.kind,
        sort: state.duplicates.sort,
        matched,
        review: Arc::new(state.saving.review.clone()),
        generation: state.duplicates.generation,
    })]
}

/// Asks for the queue again and replaces the present one.
pub(in super::super) fn rebuild(state: &mut AppState) -> Vec<Effect> {
    request_queue(state, Manner::Replace)
}

/// A queue is there.
pub(in super::super) fn queued(
    state: &mut AppState,
    kind: QueueKind,
    queue: Arc<Queue>,
    generation: u64,
) -> Vec<Effect> {
    if kind != state.duplicates.kind || generation != state.duplicates.generation {
        return Vec::new();
    }
    state.duplicates.is_updating = false;
    if state.duplicates.manner == Manner::Announce
        && state.duplicates.is_touched
        && let Some(present) = &state.duplicates.queue
    {
        let known: std::collections::HashSet<_> =
            present.items.iter().map(|item| sorted(&item.members)).collect();
        let n_changed = queue.items.iter().filter(|item| !known.contains(&sorted(&item.members))).count();
        state.duplicates.pending = (n_changed > 0).then_some(PendingQueue { queue, n_changed });
        return Vec::new();
    }
    install(state, queue);
    Vec::new()
}

fn sorted(members: &[u32]) -> Vec<u32> {
    let mut members = members.to_vec();
    members.sort_unstable();
    members
}

/// Puts a queue in place and finds the open item (or the remembered place) again.
fn install(state: &mut AppState, queue: Arc<Queue>) {
    // An item nobody has touched has no claim to its place: the remembered one has, else the first.
    let open = state.duplicates.item.take().filter(|_| state.duplicates.is_touched);
    let remembered = state.duplicates.remembered_key.clone();
    let wanted: Vec<PostingIdx> = match (&open, &remembered, &state.session.open) {
        (Some(item), _, _) => item.cards.iter().flat_map(|card| card.postings.clone()).collect(),
        (None, Some(key), Some(session)) => session.catalog.find(key).into_iter().collect(),
        _ => Vec::new(),
    };
    state.duplicates.recorded = vec![None; queue.items.len()];
    state.duplicates.pending = None;
    let shared = |item: &crate::review::QueueItem| {
        wanted.iter().filter(|posting| item.members.contains(&posting.0)).count()
    };
    let best = queue
        .items
        .iter()
        .enumerate()
        .map(|(at, item)| (shared(item), at))
        .filter(|(n, _)| *n > 0)
        .max_by_key(|(n, at)| (*n, usize::MAX - *at));
    let fallback = open.as_ref().map_or(0, |item| item.position.min(queue.items.len().saturating_sub(1)));
    let position = best.map_or(fallback, |(_, at)| at);
    let unchanged = open.as_ref().zip(queue.items.get(position)).is_some_and(|(open, item)| {
        let rows = open
            .cards
            .iter()
            .filter(|card| !card.is_added)
            .flat_map(|card| card.postings.iter().map(|posting| posting.0));
        sorted(&rows.collect::<Vec<_>>()) == sorted(&item.members)
    });
    state.duplicates.queue = Some(queue);
    if let (true, Some(open)) = (unchanged, open) {
        state.duplicates.item = Some(OpenItem { position, ..open });
    } else {
        show(state, position);
    }
    if let DuplicatesMode::Batch(_) = state.duplicates.mode {
        super::batch::start(state);
    }
}

/// The item at `position` as the decisions stand now.
pub(super) fn item_at(state: &AppState, position: usize) -> Option<OpenItem> {
    let queued = state.duplicates.queue.as_ref()?.items.get(position)?;
    let session = state.session.open.as_ref()?;
    Some(OpenItem::new(position, queued, &session.catalog, &state.saving.review, state.now.secs))
}

/// Whether earlier answers have settled the item, so that it need not be asked; second looks and conflicts are always asked.
fn is_settled(state: &AppState, position: usize) -> bool {
    let is_asked_anyway = matches!(state.duplicates.kind, QueueKind::SecondLook | QueueKind::Conflicts);
    !is_asked_anyway
        && item_at(state, position)
            .zip(state.session.open.as_ref())
            .is_some_and(|(item, session)| item.is_settled(&session.catalog, &state.saving.review))
}

/// Opens item `position` without asking whether it exists.
fn show(state: &mut AppState, position: usize) {
    item::close_modes(state);
    state.duplicates.item = item_at(state, position);
}

pub(super) fn open(state: &mut AppState, position: usize) -> Vec<Effect> {
    let n_items = state.duplicates.queue.as_ref().map_or(0, |queue| queue.items.len());
    if position >= n_items {
        return Vec::new();
    }
    state.duplicates.mode = DuplicatesMode::Review;
    state.duplicates.outlined.clear();
    show(state, position);
    remember(state)
}

/// Whether an item passes the filter.
pub(super) fn passes_filter(state: &AppState, members: &[u32]) -> bool {
    let filter = state.duplicates.filter.trim().to_lowercase();
    let Some(session) = state.session.open.as_ref().filter(|_| !filter.is_empty()) else { return true };
    members.iter().map(|row| PostingIdx(*row)).any(|posting| {
        session.catalog.title(posting).to_lowercase().contains(&filter)
            || session.catalog.key(posting).to_lowercase().contains(&filter)
    })
}

/// Goes to the next (1) or previous (-1) item that passes the filter.
pub(super) fn step(state: &mut AppState, by: i32) -> Vec<Effect> {
    let Some((queue, item)) = state.duplicates.queue.clone().zip(state.duplicates.item.as_ref()) else {
        return Vec::new();
    };
    let mut position = item.position;
    loop {
        let Some(next) = position.checked_add_signed(by as isize).filter(|next| *next < queue.items.len())
        else {
            return Vec::new();
        };
        position = next;
        if queue.items.get(position).is_some_and(|item| passes_filter(state, &item.members)) {
            return open(state, position);
        }
    }
}

/// After a verdict: the next item that is neither decided nor settled by what follows and passes the filter, from here on,
/// then from the start; else none.
pub(super) fn next_open(state: &mut AppState) -> Vec<Effect> {
    let Some((queue, item)) = state.duplicates.queue.clone().zip(state.duplicates.item.as_ref()) else {
        return Vec::new();
    };
    let n_items = queue.items.len();
    let next = (1..n_items).map(|by| (item.position + by) % n_items).find(|position| {
        state.duplicates.recorded.get(*position).is_some_and(Option::is_none)
            && queue.items.get(*position).is_some_and(|item| passes_filter(state, &item.members))
            && !is_settled(state, *position)
    });
    match next {
        Some(position) => open(state, position),
        None => {
            state.duplicates.item = None;
            state.duplicates.mode = DuplicatesMode::Review;
            Vec::new()
        }
    }
}

pub(super) fn open_tab(state: &mut AppState, kind: QueueKind) -> Vec<Effect> {
    if state.duplicates.kind == kind && state.duplicates.queue.is_some() {
        return Vec::new();
    }
    state.duplicates.kind = kind;
    state.duplicates.queue = None;
    state.duplicates.item = None;
    state.duplicates.pending = None;
    state.duplicates.recorded.clear();
    state.duplicates.mode = DuplicatesMode::Review;
    rebuild(state)
}

pub(super) fn set_sort(state: &mut AppState, sort: QueueSort) -> Vec<Effect> {
    state.duplicates.sort = sort;
    rebuild(state)
}

pub(super) fn set_filter(state: &mut AppState, filter: String) -> Vec<Effect> {
    state.duplicates.filter = filter;
    Vec::new()
}

/// Applies what waits and asks for a matching that knows every decision made since.
pub(super) fn apply_new(state: &mut AppState) -> Vec<Effect> {
    if let Some(pending) = state.duplicates.pending.take() {
        install(state, pending.queue);
    }
    if state.session.open.is_none() {
        return Vec::new();
    }
    matching::rematch(state, Cause::Refresh)
}

/// Goes to the item that holds the posting.
pub(super) fn go_to(state: &mut AppState, posting: PostingIdx) -> Vec<Effect> {
    let position = state
        .duplicates
        .queue
        .as_ref()
        .and_then(|queue| queue.items.iter().position(|item| item.members.contains(&posting.0)));
    match position {
        Some(position) => {
            state.chrome.station = super::super::Station::Duplicates;
            state.chrome.dialog = None;
            open(state, position)
        }
        None => {
            state.chrome.refuse(state.now, "That posting is not in this queue; nothing about it is open here")
        }
    }
}

/// Remembers the place by the key of the open item's first posting.
fn remember(state: &AppState) -> Vec<Effect> {
    let (Some(session), Some(item)) = (&state.session.open, &state.duplicates.item) else {
        return Vec::new();
    };
    let Some(card) = item.cards.first().filter(|_| session.access == Access::Write) else {
        return Vec::new();
    };
    vec![Effect::Job(Request::SetPlace {
        reviewer: state.preferences.reviewer.clone(),
        name: PLACE.to_owned(),
        place: session.catalog.key(card.front()).to_owned(),
    })]
}

/// The remembered place is there: goes to it, now or once the queue is there.
pub(in super::super) fn recall(state: &mut AppState, place: Option<&str>) {
    let Some(key) = place else { return };
    let posting = state.session.open.as_ref().and_then(|session| session.catalog.find(key));
    let position =
        state.duplicates.queue.as_ref().zip(posting).and_then(|(queue, posting)| {
            queue.items.iter().position(|item| item.members.contains(&posting.0))
        });
    state.duplicates.remembered_key = Some(key.to_owned());
    if let Some(position) = position.filter(|_| !state.duplicates.is_touched) {
        show(state, position);
    }
}

/// After an undo or redo of `entry`: jumps to the item it was about, marks it as it stands now and outlines its postings.
pub(in super::super) fn show_change(state: &mut AppState, entry: EntryId) -> Vec<Effect> {
    let Some(target) = undone_gesture(state, entry) else { return rebuild(state) };
    let is_active = state.saving.review.is_active(target.id);
    let named = named_postings(state, &target);
    let recorded =
        state.duplicates.recorded.iter().position(|mark| mark.is_some_and(|(_, id)| id == target.id));
    let listed = state.duplicates.queue.as_ref().and_then(|queue| {
        queue.items.iter().position(|item| named.iter().all(|posting| item.members.contains(&posting.0)))
    });
    if !is_active {
        let marks = state.duplicates.recorded.iter_mut();
        marks.filter(|mark| mark.is_some_and(|(_, id)| id == target.id)).for_each(|mark| *mark = None);
    }
    let Some(position) = recorded.or(listed) else { return rebuild(state) };
    let mode = state.duplicates.mode.clone();
    let effects = open(state, position);
    if matches!(mode, DuplicatesMode::Batch(_)) {
        state.duplicates.mode = mode;
    }
    if let (true, Gesture::Judge { claims }) = (is_active, &target.gesture)
        && let Some(mark) = state.duplicates.recorded.get_mut(position)
    {
        *mark = claims.first().map(|claim| (claim.verdict(), target.id));
    }
    state.duplicates.outlined = named;
    effects
}

/// The gesture that a chain of retractions is about in the end.
fn undone_gesture(state: &AppState, entry: EntryId) -> Option<Entry> {
    let mut found = state.saving.review.entry(entry)?;
    while let Gesture::Retract { entry } = &found.gesture {
        found = state.saving.review.entry(*entry)?;
    }
    Some(found.clone())
}

/// The postings of the catalogue that an entry names.
fn named_postings(state: &AppState, entry: &Entry) -> Vec<PostingIdx> {
    let Some(session) = &state.session.open else { return Vec::new() };
    let keys = entry.gesture.postings();
    keys.into_iter().filter_map(|key| session.catalog.find(key)).collect()
}
