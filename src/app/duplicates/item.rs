//! The item one works on: cards (single postings, or stacks of postings already united), cursor, marks, additions.

use super::super::{AppState, Effect};
use super::{DuplicatesMode, Large};
use crate::catalog::{Catalog, PostingIdx};
use crate::review::{PairStanding, QueueItem, ReviewState};

/// How a card is marked before the verdict.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mark {
    /// Goes with the rest.
    #[default]
    In,
    /// Is different from all the rest.
    OutDifferent,
    /// Is a variant of all the rest.
    OutVariant,
}

/// One card: postings that are the same product already, the first one shown.
#[derive(Clone, Debug, PartialEq)]
pub struct Card {
    /// The postings; more than one makes a stack.
    pub postings: Vec<PostingIdx>,
    /// The reviewer's mark.
    pub mark: Mark,
    /// Whether the reviewer added it (near miss, merge).
    pub is_added: bool,
    /// Whether it has been on screen with its picture (or the reason why there is none).
    pub is_seen: bool,
}

impl Card {
    /// The posting that stands for the card.
    pub fn front(&self) -> PostingIdx {
        self.postings.first().copied().unwrap_or(PostingIdx(0))
    }
}

/// Measures time spent on an item: gaps between activities, each counted up to a minute, none while the window is away.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Stopwatch {
    spent_secs: f64,
    last_secs: f64,
    is_away: bool,
}

impl Stopwatch {
    const IDLE_SECS: f64 = 60.0;

    /// Starts at `now`.
    pub fn start(now_secs: f64) -> Self {
        Self { spent_secs: 0.0, last_secs: now_secs, is_away: false }
    }

    /// Something was done.
    pub fn touch(&mut self, now_secs: f64) {
        if !self.is_away {
            self.spent_secs += (now_secs - self.last_secs).clamp(0.0, Self::IDLE_SECS);
        }
        self.last_secs = now_secs;
    }

    /// The window lost (or got back) the focus.
    pub fn set_away(&mut self, is_away: bool, now_secs: f64) {
        self.touch(now_secs);
        self.is_away = is_away;
    }

    /// Time spent so far.
    pub fn millis(&self) -> u32 {
        (self.spent_secs * 1000.0) as u32
    }
}

/// The open item.
#[derive(Clone, Debug, PartialEq)]
pub struct OpenItem {
    /// Its number in the queue.
    pub position: usize,
    /// The cards, in the queue's order, additions last.
    pub cards: Vec<Card>,
    /// The card under the cursor.
    pub cursor: usize,
    /// The card the others are compared with.
    pub reference: usize,
    /// [`super::super::Now::secs`] when it came on screen.
    pub shown_secs: f64,
    /// Time spent on it.
    pub watch: Stopwatch,
}

impl OpenItem {
    /// The item as the decisions stand now: members united since the queue was built share a card.
    pub(super) fn new(
        position: usize,
        item: &QueueItem,
        catalog: &Catalog,
        review: &ReviewState,
        now_secs: f64,
    ) -> Self {
        let mut cards: Vec<Card> = Vec::new();
        let is_member = |posting: &PostingIdx| item.members.contains(&posting.0);
        for posting in item.stacks.iter().flatten().copied().map(PostingIdx) {
            if cards.iter().any(|card| card.postings.contains(&posting)) {
                continue;
            }
            let united = review.united_with(catalog.key(posting));
            let mut postings = vec![posting];
            let others = united.iter().filter_map(|key| catalog.find(key));
            postings.extend(others.filter(|other| *other != posting && is_member(other)));
            cards.push(Card { postings, mark: Mark::In, is_added: false, is_seen: false });
        }
        Self {
            position,
            cards,
            cursor: 0,
            reference: 0,
            shown_secs: now_secs,
            watch: Stopwatch::start(now_secs),
        }
    }

    /// Whether something is known of every pair of cards, so that there is nothing left to ask.
    pub(super) fn is_settled(&self, catalog: &Catalog, review: &ReviewState) -> bool {
        let key = |card: &Card| catalog.key(card.front());
        self.cards.iter().enumerate().all(|(at, a)| {
            self.cards.iter().skip(at + 1).all(|b| review.standing(key(a), key(b)) != PairStanding::Open)
        })
    }

    /// The card under the cursor.
    pub fn current(&self) -> Option<&Card> {
        self.cards.get(self.cursor)
    }

    /// The card the others are compared with.
    pub fn reference_card(&self) -> Option<&Card> {
        self.cards.get(self.reference)
    }

    /// Number of cards that have not been on screen yet.
    pub fn n_unseen(&self) -> usize {
        self.cards.iter().filter(|card| !card.is_seen).count()
    }

    /// Whether the log has united or parted members since the item came on screen, so that the cards are out of date.
    pub(super) fn is_outdated(&self, state: &AppState, review: &ReviewState) -> bool {
        let Some(session) = &state.session.open else { return true };
        let catalog = &session.catalog;
        let card_of =
            |posting: PostingIdx| self.cards.iter().position(|card| card.postings.contains(&posting));
        self.cards.iter().enumerate().any(|(number, card)| {
            let Some(front) = card.postings.first() else { return false };
            let united = review.united_with(catalog.key(*front));
            let split =
                card.postings.iter().any(|posting| !united.iter().any(|key| **key == *catalog.key(*posting)));
            let merged = united
                .iter()
                .filter_map(|key| catalog.find(key))
                .any(|posting| card_of(posting).is_some_and(|other| other != number));
            split || merged
        })
    }
}

/// A change to the open item that cannot fail.
fn with_item(state: &mut AppState, change: impl FnOnce(&mut OpenItem)) -> Vec<Effect> {
    if let Some(item) = &mut state.duplicates.item {
        change(item);
    }
    Vec::new()
}

pub(super) fn drawn(state: &mut AppState, position: usize, cards: &[usize]) -> Vec<Effect> {
    with_item(state, |item| {
        if item.position == position {
            for card in cards {
                if let Some(card) = item.cards.get_mut(*card) {
                    card.is_seen = true;
                }
            }
        }
    })
}

pub(super) fn move_cursor(state: &mut AppState, by: i32) -> Vec<Effect> {
    with_item(state, |item| {
        let last = item.cards.len().saturating_sub(1);
        item.cursor = item.cursor.saturating_add_signed(by as isize).min(last);
    })
}

pub(super) fn set_cursor(state: &mut AppState, card: usize) -> Vec<Effect> {
    with_item(state, |item| {
        if card < item.cards.len() {
            item.cursor = card;
        }
    })
}

pub(super) fn mark(state: &mut AppState, mark: Mark) -> Vec<Effect> {
    with_item(state, |item| {
        if let Some(card) = item.cards.get_mut(item.cursor) {
            card.mark = if card.mark == mark { Mark::In } else { mark };
        }
    })
}

pub(super) fn make_reference(state: &mut AppState) -> Vec<Effect> {
    with_item(state, |item| item.reference = item.cursor)
}

/// Adds a posting, with whatever is united with it, as a card; refuses one that is there already.
fn add(state: &mut AppState, postings: Vec<PostingIdx>) -> Vec<Effect> {
    let now = state.now;
    let Some(item) = &mut state.duplicates.item else { return Vec::new() };
    let is_there = |posting: &PostingIdx| item.cards.iter().any(|card| card.postings.contains(posting));
    if postings.iter().any(is_there) {
        return state.chrome.refuse(now, "That posting is in this item already");
    }
    item.cards.push(Card { postings, mark: Mark::In, is_added: true, is_seen: false });
    item.cursor = item.cards.len() - 1;
    Vec::new()
}

/// The posting with everything it is united with, itself first.
fn united(state: &AppState, posting: PostingIdx) -> Vec<PostingIdx> {
    let Some(session) = &state.session.open else { return vec![posting] };
    let group = state.saving.review.united_with(session.catalog.key(posting));
    let others = group.iter().filter_map(|key| session.catalog.find(key)).filter(|other| *other != posting);
    std::iter::once(posting).chain(others).collect()
}

pub(super) fn add_near_miss(state: &mut AppState, row: Option<u32>) -> Vec<Effect> {
    let Some(item) = &state.duplicates.item else { return Vec::new() };
    let queued = state.duplicates.queue.as_ref().and_then(|queue| queue.items.get(item.position));
    let is_there = |row: u32| item.cards.iter().any(|card| card.postings.contains(&PostingIdx(row)));
    let best =
        queued.and_then(|queued| queued.near_misses.iter().map(|near| near.0).find(|row| !is_there(*row)));
    let Some(row) = row.or(best) else {
        return state.chrome.refuse(state.now, "There is no near miss left to add");
    };
    let postings = united(state, PostingIdx(row));
    add(state, postings)
}

pub(super) fn merge_query(state: &mut AppState, query: Option<String>) -> Vec<Effect> {
    if state.duplicates.item.is_some() {
        state.duplicates.merge_query = query;
    }
    Vec::new()
}

/// Adds the posting with the united groups of every other member of its proposed cluster.
pub(super) fn merge_with(state: &mut AppState, posting: PostingIdx) -> Vec<Effect> {
    state.duplicates.merge_query = None;
    let cluster = state.matching.outcome.as_ref().and_then(|outcome| {
        let number = *outcome.clusters.cluster_of.get(posting.at())?;
        outcome.clusters.clusters.get(number as usize)
    });
    let members = cluster
        .map_or_else(|| vec![posting], |cluster| cluster.members.iter().copied().map(PostingIdx).collect());
    let mut effects = add(state, united(state, posting));
    for member in members {
        let is_there = state
            .duplicates
            .item
            .as_ref()
            .is_none_or(|item| item.cards.iter().any(|card| card.postings.contains(&member)));
        if !is_there {
            effects.extend(add(state, united(state, member)));
        }
    }
    effects
}

pub(super) fn toggle_why(state: &mut AppState) -> Vec<Effect> {
    state.duplicates.is_why_open = !state.duplicates.is_why_open;
    Vec::new()
}

pub(super) fn set_large(state: &mut AppState, large: Large) -> Vec<Effect> {
    state.duplicates.is_large = large == Large::Show && state.duplicates.item.is_some();
    Vec::new()
}

/// The posting under the cursor.
pub(super) fn current_posting(state: &AppState) -> Option<PostingIdx> {
    state.duplicates.item.as_ref().and_then(OpenItem::current).map(Card::front)
}

pub(super) fn note_draft(state: &mut AppState, draft: Option<String>) -> Vec<Effect> {
    let opens = state.duplicates.note_draft.is_none() && draft.as_deref() == Some("");
    let present = current_posting(state).zip(state.session.open.as_ref()).and_then(|(posting, session)| {
        state.saving.review.note(session.catalog.key(posting)).map(str::to_owned)
    });
    state.duplicates.note_draft = if opens { Some(present.unwrap_or_default()) } else { draft };
    Vec::new()
}

pub(super) fn compare(state: &mut AppState) -> Vec<Effect> {
    let Some(item) = &state.duplicates.item else { return Vec::new() };
    let fronts: Vec<PostingIdx> = item.cards.iter().map(Card::front).collect();
    let right = if item.cursor == item.reference {
        (0..fronts.len()).find(|card| *card != item.reference)
    } else {
        Some(item.cursor)
    };
    let (Some(left), Some(right)) = (fronts.get(item.reference), right.and_then(|card| fronts.get(card)))
    else {
        return state.chrome.refuse(state.now, "There is nothing to compare with");
    };
    let (left, right) = (*left, *right);
    let partners = fronts.into_iter().filter(|posting| *posting != left).collect();
    super::super::compare::open(state, left, right, partners)
}

pub(super) fn open_source(state: &mut AppState) -> Vec<Effect> {
    let path = current_posting(state).zip(state.session.open.as_ref()).and_then(|(posting, session)| {
        session.catalog.image(posting).path().map(|path| path.display().to_string())
    });
    match path {
        Some(path) => vec![Effect::OpenExternally(path)],
        None => state.chrome.refuse(state.now, "This posting has no picture file to open"),
    }
}

/// Leaves modes that belong to the item that was open.
pub(super) fn close_modes(state: &mut AppState) {
    if matches!(state.duplicates.mode, DuplicatesMode::Cut(_)) {
        state.duplicates.mode = DuplicatesMode::Review;
    }
    state.duplicates.is_large = false;
    state.duplicates.note_draft = None;
    state.duplicates.merge_query = None;
}
