//! The question one works on: its candidates in screen order, pages of twenty, cursor and picks.

use super::super::duplicates::Stopwatch;
use super::super::{AppState, Effect};
use super::{Move, ranking};
use crate::catalog::PostingIdx;
use crate::jobs::RankedQuestions;
use crate::nn::Random;
use crate::review::{EntryId, ShownOrder};

/// Candidates on one page; each has a key.
pub const PER_PAGE: usize = 20;

/// Tiles in a row, as on the left half of a keyboard.
pub(super) const N_COLUMNS: usize = 5;

/// Why a question is on screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// The reviewer has not answered it.
    Fresh,
    /// It was answered and returns, to measure agreement with oneself; nothing says so on screen.
    Again,
    /// The reviewer went back to this answer.
    Revisited(EntryId),
}

/// Whether an answer is awaited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// It is.
    Asking,
    /// It was given in play, and the truth is shown.
    Revealed,
}

/// The open question.
#[derive(Clone, Debug, PartialEq)]
pub struct OpenQuestion {
    /// Its number among the questions.
    pub number: usize,
    /// Which showing this is; each is numbered anew.
    pub showing: u64,
    /// Why it is on screen.
    pub asked: Asked,
    /// Whether an answer is awaited.
    pub phase: Phase,
    /// The posting asked about.
    pub query: PostingIdx,
    /// Candidates in screen order, as numbers within the question.
    pub order: Vec<usize>,
    /// How they lie.
    pub shown_order: ShownOrder,
    /// Rank of each candidate by the first strategy, 0 the best.
    pub ranks: Vec<usize>,
    /// The place under the cursor, in screen order.
    pub cursor: usize,
    /// The page in view.
    pub page: usize,
    /// Picked candidates, in the order of picking, as numbers within the question.
    pub picks: Vec<usize>,
    /// Which places have been on screen with their picture (or the reason why there is none).
    pub is_seen: Vec<bool>,
    /// Whether the posting asked about has.
    pub is_query_seen: bool,
    /// [`super::super::Now::secs`] when it came on screen.
    pub shown_secs: f64,
    /// Time spent on it.
    pub watch: Stopwatch,
}

impl OpenQuestion {
    /// The question in the order asked for; `None` where there is no such question.
    pub(super) fn new(
        questions: &RankedQuestions,
        number: usize,
        asked: Asked,
        shown_order: ShownOrder,
        showing: u64,
        now_secs: f64,
    ) -> Option<Self> {
        let question = questions.questions.get(number)?;
        let ranking = ranking::ranking(questions, number);
        let mut ranks = vec![0; ranking.len()];
        for (rank, candidate) in ranking.iter().enumerate() {
            if let Some(place) = ranks.get_mut(*candidate) {
                *place = rank;
            }
        }
        let order = match shown_order {
            ShownOrder::Ranked => ranking,
            ShownOrder::Shuffled { seed } => shuffled(question.candidates.len(), seed),
        };
        let n = order.len();
        Some(Self {
            number,
            showing,
            asked,
            phase: Phase::Asking,
            query: PostingIdx(question.query),
            order,
            shown_order,
            ranks,
            cursor: 0,
            page: 0,
            picks: Vec::new(),
            is_seen: vec![false; n],
            is_query_seen: false,
            shown_secs: now_secs,
            watch: Stopwatch::start(now_secs),
        })
    }

    /// Number of pages.
    pub fn n_pages(&self) -> usize {
        self.order.len().div_ceil(PER_PAGE).max(1)
    }

    /// Places of the page in view.
    pub fn places(&self) -> std::ops::Range<usize> {
        let start = self.page * PER_PAGE;
        start.min(self.order.len())..(start + PER_PAGE).min(self.order.len())
    }

    /// Whether everything on the page in view has been drawn, the posting asked about included.
    pub fn is_drawn(&self) -> bool {
        self.is_query_seen
            && self.is_seen.get(self.places()).is_some_and(|seen| seen.iter().all(|seen| *seen))
    }

    /// Number of candidates that have not been on screen.
    pub fn n_unseen(&self) -> usize {
        self.is_seen.iter().filter(|seen| !**seen).count()
    }

    /// Whether the candidate of this number is picked.
    pub fn is_picked(&self, candidate: usize) -> bool {
        self.picks.contains(&candidate)
    }

    /// The candidate under the cursor, as a number within the question.
    pub fn current(&self) -> Option<usize> {
        self.order.get(self.cursor).copied()
    }
}

/// The numbers below `n` in an order that the seed alone decides (Fisher and Yates).
pub(super) fn shuffled(n: usize, seed: u64) -> Vec<usize> {
    let mut order: Vec<usize> = (0..n).collect();
    let mut random = Random::new(seed);
    for last in (1..n).rev() {
        // The bias of the remainder is below 1e-16 for any grid a person can look at.
        let other = (random.next_bits() % (last as u64 + 1)) as usize;
        order.swap(last, other);
    }
    order
}

/// A change to the open question that cannot fail.
fn with_item(state: &mut AppState, change: impl FnOnce(&mut OpenQuestion)) {
    if let Some(item) = &mut state.look_alikes.item {
        change(item);
    }
}

pub(super) fn drawn(state: &mut AppState, showing: u64, places: &[usize], has_query: bool) {
    with_item(state, |item| {
        if item.showing != showing {
            return;
        }
        item.is_query_seen |= has_query;
        for place in places {
            if let Some(seen) = item.is_seen.get_mut(*place) {
                *seen = true;
            }
        }
    });
}

pub(super) fn move_cursor(state: &mut AppState, to: Move) {
    with_item(state, |item| {
        let last = item.order.len().saturating_sub(1);
        let cursor = match to {
            Move::Left => item.cursor.saturating_sub(1),
            Move::Right => item.cursor + 1,
            Move::Up => item.cursor.checked_sub(N_COLUMNS).unwrap_or(item.cursor),
            Move::Down if item.cursor + N_COLUMNS > last => item.cursor,
            Move::Down => item.cursor + N_COLUMNS,
        };
        item.cursor = cursor.min(last);
        item.page = item.cursor / PER_PAGE;
    });
}

pub(super) fn set_cursor(state: &mut AppState, place: usize) {
    with_item(state, |item| {
        if place < item.order.len() {
            item.cursor = place;
            item.page = place / PER_PAGE;
        }
    });
}

pub(super) fn turn_page(state: &mut AppState, by: i32) {
    with_item(state, |item| {
        let last = item.n_pages() - 1;
        let page = item.page.saturating_add_signed(by as isize).min(last);
        if page != item.page {
            item.page = page;
            item.cursor = page * PER_PAGE;
        }
    });
}

/// Opens the compare overlay on the posting asked about and the candidate under the cursor, for looking only.
pub(super) fn compare(state: &mut AppState) -> Vec<Effect> {
    let Some((item, questions)) = state.look_alikes.item.as_ref().zip(state.look_alikes.questions.as_ref())
    else {
        return Vec::new();
    };
    let row = |place: &usize| questions.questions.get(item.number)?.candidates.get(*place).copied();
    let partners: Vec<PostingIdx> = item.order.iter().filter_map(row).map(PostingIdx).collect();
    let (query, right) = (item.query, partners.get(item.cursor).copied());
    match right {
        Some(right) => super::super::compare::look(state, query, right, partners),
        None => state.chrome.refuse(state.now, "There is nothing to compare with"),
    }
}

#[cfg(test)]
mod tests {
    use super::shuffled;

    #[test]
    fn a_seed_decides_the_order_and_every_candidate_stays() {
        let order = shuffled(20, 7);
        assert_eq!(order, shuffled(20, 7));
        assert_ne!(order, shuffled(20, 8));
        let mut sorted = order;
        sorted.sort_unstable();
        assert_eq!(sorted, (0..20).collect::<Vec<_>>());
        assert_eq!(shuffled(0, 1), Vec::<usize>::new());
    }

    #[test]
    fn each_place_is_as_likely_as_any_other() {
        let mut counts = [0_u32; 5];
        for seed in 0..5_000 {
            let place = shuffled(5, seed).iter().position(|candidate| *candidate == 0);
            counts[place.unwrap_or(0)] += 1;
        }
        assert!(counts.iter().all(|n| (850..1_150).contains(n)), "{counts:?}");
    }
}
