//! Moving on: the next question nobody has answered, questions that return, the way back, and what an undo shows.

use super::super::session::LOOK_ALIKES_PLACE;
use super::super::{AppState, ChromeCommand, Effect, Station, chrome};
use super::{Asked, LookAlikesMode, LookAlikesSection, OpenQuestion, Phase, known, studio};
use crate::catalog::PostingIdx;
use crate::jobs::Request;
use crate::nn::Random;
use crate::project::{Access, CandidatesLie};
use crate::review::{EntryId, Gesture, Key, ShownOrder};

/// A question returns only after so many others were answered since.
const REPEAT_GAP: usize = 5;

/// Questions whose pictures are decoded before they are needed, ahead and behind.
const N_AHEAD: usize = 8;
const N_BEHIND: usize = 2;

fn n_questions(state: &AppState) -> usize {
    state.look_alikes.questions.as_ref().map_or(0, |questions| questions.questions.len())
}

/// The key of the posting question `number` is about.
fn query_key(state: &AppState, number: usize) -> Option<Key> {
    let questions = state.look_alikes.questions.as_ref()?;
    let session = state.session.open.as_ref()?;
    let question = questions.questions.get(number)?;
    Some(Key::from(session.catalog.key(PostingIdx(question.query))))
}

/// How the candidates of a question lie: each showing of it is shuffled anew, from the project's seed.
fn shown_order(state: &AppState, number: usize) -> ShownOrder {
    if !super::is_blind(state) {
        return ShownOrder::Ranked;
    }
    let seed = super::settings(state).map_or(0, |settings| settings.seed);
    let n_earlier = query_key(state, number).map_or(0, |key| state.look_alikes.known.answers(&key).len());
    let mut stream = Random::new(seed ^ (number as u64).wrapping_mul(0xd6e8_feb8_6659_fd93));
    let mut seed = stream.next_bits();
    for _ in 0..n_earlier {
        seed = stream.next_bits();
    }
    ShownOrder::Shuffled { seed }
}

/// Opens question `number`; `None` where there is none.
pub(super) fn show(state: &mut AppState, number: usize, asked: Asked) {
    let Some(questions) = state.look_alikes.questions.clone() else { return };
    let order = shown_order(state, number);
    let now = state.now.secs;
    state.look_alikes.n_showings += 1;
    let showing = state.look_alikes.n_showings;
    let item = OpenQuestion::new(&questions, number, asked, order, showing, now);
    state.look_alikes.item = item;
    state.look_alikes.is_side_by_side = false;
    state.look_alikes.outlined.clear();
    if let Asked::Revisited(entry) = asked {
        prefill(state, entry);
    }
    look_ahead(state);
}

/// Puts the picks and the order of an earlier answer back on screen.
fn prefill(state: &mut AppState, entry: EntryId) {
    let (Some(questions), Some(session)) = (&state.look_alikes.questions, &state.session.open) else {
        return;
    };
    let earlier = state.saving.review.entry(entry).map(|entry| &entry.gesture);
    let Some(Gesture::LookAlike { picks, order, .. }) = earlier else { return };
    let (now, showing) = (state.now.secs, state.look_alikes.n_showings);
    let Some(item) = &mut state.look_alikes.item else { return };
    let number = item.number;
    // The order of before, unless the demo or a ranked page asks for ranks.
    if matches!(item.shown_order, ShownOrder::Shuffled { .. })
        && let Some(as_before) = OpenQuestion::new(questions, number, item.asked, *order, showing, now)
    {
        *item = as_before;
    }
    item.picks = picks_of(questions, &session.catalog, number, picks);
    // Beside the truth an answer can no longer be changed: whoever takes it back in the history sees that in the log.
    if questions.has_truth(number) {
        item.phase = Phase::Revealed;
    }
}

/// Candidates with these keys, as numbers within the question.
fn picks_of(
    questions: &crate::jobs::RankedQuestions,
    catalog: &crate::catalog::Catalog,
    number: usize,
    keys: &[Key],
) -> Vec<usize> {
    let Some(question) = questions.questions.get(number) else { return Vec::new() };
    let at = |key: &Key| question.candidates.iter().position(|row| catalog.key(PostingIdx(*row)) == &**key);
    keys.iter().filter_map(at).collect()
}

/// Opens question `number` as it stands: its answer, where the reviewer has given one.
fn visit(state: &mut AppState, number: usize) {
    let reviewer = &state.preferences.reviewer;
    let answer = query_key(state, number)
        .and_then(|key| state.look_alikes.known.answer(&key, reviewer).map(|answer| answer.entry));
    show(state, number, answer.map_or(Asked::Fresh, Asked::Revisited));
}

/// The next question the reviewer has not answered, from `number` on, then from the start.
fn next_open(state: &AppState, number: usize) -> Option<usize> {
    let n = n_questions(state);
    (0..n).map(|by| (number + by) % n).find(|number| !state.look_alikes.known.is_answered(*number))
}

/// A question that returns now, if one is due: answered by the reviewer, not lately, least often first.
fn repeat_due(state: &AppState) -> Option<usize> {
    let every = super::settings(state).map_or(0, |settings| settings.repeat_every);
    let is_annotating = state.look_alikes.mode == LookAlikesMode::Annotate;
    if every < 2 || !is_annotating || state.look_alikes.n_since_repeat + 1 < every {
        return None;
    }
    let reviewer = &state.preferences.reviewer;
    let lately: Vec<EntryId> = state.look_alikes.session.iter().rev().take(REPEAT_GAP).copied().collect();
    let open = state.look_alikes.item.as_ref().map(|item| item.number);
    let mut best: Option<usize> = None;
    let mut eligible: Vec<usize> = Vec::new();
    for number in 0..n_questions(state) {
        if Some(number) == open || !state.look_alikes.known.is_answered(number) {
            continue;
        }
        let Some(key) = query_key(state, number) else { continue };
        let answers = state.look_alikes.known.answers(&key);
        if answers.iter().any(|answer| lately.contains(&answer.entry)) {
            continue;
        }
        let n_own = answers.iter().filter(|answer| answer.reviewer == *reviewer).count();
        if best.is_none_or(|best| n_own < best) {
            best = Some(n_own);
            eligible.clear();
        }
        if best == Some(n_own) {
            eligible.push(number);
        }
    }
    let seed = super::settings(state).map_or(0, |settings| settings.seed);
    let mut stream = Random::new(seed ^ state.look_alikes.session.len() as u64);
    let at = stream.next_bits() % (eligible.len() as u64).max(1);
    eligible.get(at as usize).copied()
}

/// After an answer: a question that is due again, else the next open one; none once all are answered.
pub(super) fn next(state: &mut AppState) -> Vec<Effect> {
    let Some(item) = &state.look_alikes.item else { return Vec::new() };
    let (number, was) = (item.number, item.asked);
    let repeat = if matches!(was, Asked::Revisited(_)) { None } else { repeat_due(state) };
    match (repeat, next_open(state, state.look_alikes.place(number, was))) {
        (Some(again), _) => {
            state.look_alikes.resume_at = Some(number);
            show(state, again, Asked::Again);
        }
        (None, Some(next)) => show(state, next, Asked::Fresh),
        (None, None) => {
            known::count_triplets(state);
            state.look_alikes.item = None;
            state.look_alikes.nearby.clear();
        }
    }
    remember(state)
}

/// Shows the next question without recording anything: the next open one, or, among answers gone back to, the next one.
pub(super) fn skip(state: &mut AppState) -> Vec<Effect> {
    let Some(item) = &state.look_alikes.item else { return Vec::new() };
    let place = state.look_alikes.place(item.number, item.asked);
    let n = n_questions(state);
    let next = match (item.asked, item.phase) {
        _ if state.look_alikes.mode == LookAlikesMode::Demo => (place + 1 < n).then_some(place + 1),
        (Asked::Revisited(_), _) => (place + 1 < n).then_some(place + 1),
        (_, Phase::Revealed) => return next(state),
        (Asked::Again, _) => next_open(state, place),
        (Asked::Fresh, _) => next_open(state, place + 1).filter(|next| *next != item.number),
    };
    match next {
        Some(next) => visit(state, next),
        None => return state.chrome.refuse(state.now, "There is no open question after this one"),
    }
    remember(state)
}

pub(super) fn previous(state: &mut AppState) -> Vec<Effect> {
    let Some(item) = &state.look_alikes.item else {
        // All is answered: back to the last one.
        if let Some(last) = n_questions(state).checked_sub(1) {
            visit(state, last);
        }
        return Vec::new();
    };
    let place = state.look_alikes.place(item.number, item.asked);
    let before = if item.asked == Asked::Again { Some(place) } else { place.checked_sub(1) };
    match before {
        Some(before) => visit(state, before),
        None => return state.chrome.refuse(state.now, "This is the first question"),
    }
    remember(state)
}

impl super::LookAlikesState {
    /// The place among the questions: a question that returns has none of its own.
    fn place(&self, number: usize, asked: Asked) -> usize {
        match asked {
            Asked::Again => self.resume_at.unwrap_or(number),
            Asked::Fresh | Asked::Revisited(_) => number,
        }
    }
}

/// Works out which questions come next, so that their pictures are there.
fn look_ahead(state: &mut AppState) {
    let Some(item) = &state.look_alikes.item else { return };
    let n = n_questions(state);
    let place = state.look_alikes.place(item.number, item.asked);
    let mut nearby: Vec<usize> = repeat_due(state).into_iter().collect();
    let is_open = |number: &usize| !state.look_alikes.known.is_answered(*number);
    let ahead = (1..n).map(|by| (place + by) % n).filter(is_open);
    nearby.extend(ahead.take(N_AHEAD));
    nearby.extend((0..place).rev().take(N_BEHIND));
    state.look_alikes.nearby = nearby;
}

/// New questions are there, or the page is looked at again: opens one where none is open.
pub(super) fn come_back(state: &mut AppState) {
    known::refresh(state);
    if state.look_alikes.item.is_some() || state.look_alikes.questions.is_none() {
        return;
    }
    start(state);
}

/// Opens the remembered question, else the first open one.
pub(super) fn start(state: &mut AppState) {
    let remembered = state.look_alikes.remembered_key.clone().and_then(|key| find(state, &key)).unwrap_or(0);
    state.look_alikes.item = None;
    match state.look_alikes.mode {
        LookAlikesMode::Demo => visit(state, remembered),
        LookAlikesMode::Annotate | LookAlikesMode::Play => match next_open(state, remembered) {
            Some(next) => show(state, next, Asked::Fresh),
            None => state.look_alikes.nearby.clear(),
        },
    }
}

/// The number of the question about a posting.
fn find(state: &AppState, key: &str) -> Option<usize> {
    let questions = state.look_alikes.questions.as_ref()?;
    let posting = state.session.open.as_ref()?.catalog.find(key)?;
    questions.questions.iter().position(|question| question.query == posting.0)
}

pub(super) fn go_to_key(state: &mut AppState, key: &str) -> Vec<Effect> {
    if state.look_alikes.questions.is_none() {
        // They are asked for as soon as the station is in view.
        state.look_alikes.remembered_key = Some(key.to_owned());
        state.chrome.station = Station::LookAlikes;
        return Vec::new();
    }
    match find(state, key) {
        Some(number) => {
            state.chrome.station = Station::LookAlikes;
            state.look_alikes.section = LookAlikesSection::Grid;
            visit(state, number);
            remember(state)
        }
        None => state.chrome.refuse(state.now, "No question is about that posting"),
    }
}

/// Remembers the place by the key of the posting asked about.
fn remember(state: &AppState) -> Vec<Effect> {
    let (Some(session), Some(item)) = (&state.session.open, &state.look_alikes.item) else {
        return Vec::new();
    };
    if session.access != Access::Write || item.asked == Asked::Again {
        return Vec::new();
    }
    vec![Effect::Job(Request::SetPlace {
        reviewer: state.preferences.reviewer.clone(),
        name: LOOK_ALIKES_PLACE.to_owned(),
        place: session.catalog.key(item.query).to_owned(),
    })]
}

pub(super) fn set_mode(state: &mut AppState, mode: LookAlikesMode) -> Vec<Effect> {
    if state.look_alikes.mode == mode {
        return Vec::new();
    }
    state.look_alikes.mode = mode;
    lay_out_again(state);
    Vec::new()
}

pub(super) fn toggle_blind(state: &mut AppState) -> Vec<Effect> {
    let Some(mut settings) = super::settings(state).cloned() else { return Vec::new() };
    let other = |lie| match lie {
        CandidatesLie::Blind => CandidatesLie::Ranked,
        CandidatesLie::Ranked => CandidatesLie::Blind,
    };
    match state.look_alikes.mode {
        LookAlikesMode::Annotate => settings.lie = other(settings.lie),
        LookAlikesMode::Play => state.look_alikes.is_play_blind = !state.look_alikes.is_play_blind,
        LookAlikesMode::Demo => {
            return state.chrome.refuse(state.now, "The demo shows scores and truth; it is never blind");
        }
    }
    if state.look_alikes.mode == LookAlikesMode::Play {
        lay_out_again(state);
        return Vec::new();
    }
    super::asking::set(state, settings)
}

/// Shows the open question as the mode asks; picks that were not recorded go.
pub(super) fn lay_out_again(state: &mut AppState) {
    match state.look_alikes.item.as_ref().map(|item| (item.number, item.asked)) {
        Some((number, Asked::Again)) => show(state, number, Asked::Again),
        Some((number, _)) => visit(state, number),
        None => start(state),
    }
}

/// Takes back the latest answer; what was decided elsewhere is left alone.
pub(super) fn undo(state: &mut AppState) -> Vec<Effect> {
    let target = state.saving.review.undo_target(&state.preferences.reviewer);
    let gesture = target.and_then(|entry| state.saving.review.entry(entry)).map(|entry| &entry.gesture);
    match gesture {
        Some(Gesture::LookAlike { .. }) => chrome::apply(state, ChromeCommand::Undo),
        Some(_) => {
            let reason = "The latest decision was made elsewhere; Ctrl+Z takes it back and shows it";
            state.chrome.refuse(state.now, reason)
        }
        None => state.chrome.refuse(state.now, "There is nothing to undo"),
    }
}

/// After an undo or redo of an answer or of a word on a candidate: jumps to it and outlines what changed. Whether it was one.
pub(in super::super) fn show_change(state: &mut AppState, target: EntryId) -> bool {
    let Some(gesture) = state.saving.review.entry(target).map(|entry| entry.gesture.clone()) else {
        return false;
    };
    let is_elsewhere =
        state.chrome.station != Station::LookAlikes && state.chrome.station != Station::History;
    match gesture {
        Gesture::LookAlike { query, picks, .. } => {
            known::refresh(state);
            if let Some(number) = find(state, &query) {
                state.look_alikes.section = LookAlikesSection::Grid;
                // A second answer that was taken back is asked for again; the first one stays out of sight.
                let is_second =
                    !state.saving.review.is_active(target) && state.look_alikes.known.is_answered(number);
                match is_second {
                    true => show(state, number, Asked::Again),
                    false => visit(state, number),
                }
                outline(state, number, &picks);
            }
        }
        Gesture::Candidate { query, candidate, .. } => {
            known::refresh(state);
            known::count_triplets(state);
            studio::show_change(state, &query, &candidate);
        }
        _ => return false,
    }
    if is_elsewhere {
        super::super::compare::close(state);
        state.chrome.station = Station::LookAlikes;
    }
    true
}

fn outline(state: &mut AppState, number: usize, picks: &[Key]) {
    let (Some(questions), Some(session)) = (&state.look_alikes.questions, &state.session.open) else {
        return;
    };
    let outlined = picks_of(questions, &session.catalog, number, picks);
    let Some(item) = &mut state.look_alikes.item else { return };
    if let Some(place) = outlined.first().and_then(|pick| item.order.iter().position(|shown| shown == pick)) {
        item.cursor = place;
        item.page = place / super::PER_PAGE;
    }
    state.look_alikes.outlined = outlined;
}
