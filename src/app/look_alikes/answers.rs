//! Picks and what Enter records: one gesture with the picks, everything shown, and the hard negatives that were announced.

use std::sync::Arc;

use super::super::{AppState, Effect, Politeness, ToastKind, saving};
use super::question::PER_PAGE;
use super::{Asked, LookAlikesMode, OpenQuestion, Phase, known, order, ranking};
use crate::catalog::{Catalog, ImageSource, PostingIdx};
use crate::jobs::RankedQuestions;
use crate::project::PickRecords;
use crate::review::{Gesture, Key, PairStanding, Seen, Verdict, View};

/// A verdict within this time of a new item is taken for a slip of the hand.
pub(super) const TOO_FAST_SECS: f64 = 0.12;

/// What Enter would record; its label stands on the button.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AnswerPreview {
    /// The picks, as numbers within the question.
    pub picks: Vec<usize>,
    /// The hard negatives it announces.
    pub hard_negatives: Vec<usize>,
    /// Such as "1 pick, 3 hard negatives".
    pub label: String,
}

/// What Enter would record about the open question.
pub fn answer_preview(state: &AppState) -> AnswerPreview {
    let Some((item, questions, session)) = open(state) else { return AnswerPreview::default() };
    preview(state, item, questions, &session.catalog)
}

fn open(state: &AppState) -> Option<(&OpenQuestion, &RankedQuestions, &super::super::Session)> {
    let look_alikes = &state.look_alikes;
    Some((look_alikes.item.as_ref()?, look_alikes.questions.as_deref()?, state.session.open.as_ref()?))
}

fn preview(
    state: &AppState,
    item: &OpenQuestion,
    questions: &RankedQuestions,
    catalog: &Catalog,
) -> AnswerPreview {
    let key = |candidate: usize| candidate_key(questions, catalog, item.number, candidate);
    let query = catalog.key(item.query);
    // What was said of a candidate in the studio, or follows from decisions about duplicates, goes before a guess.
    let is_known = |candidate: usize| {
        let candidate = key(candidate);
        let said = state.look_alikes.known.verdict(query, &candidate).is_some();
        let is_one_of_us = |other: &str| {
            matches!(
                state.saving.review.standing(other, &candidate),
                PairStanding::Decided(Verdict::Same | Verdict::Variant) | PairStanding::Conflicted
            )
        };
        said || is_one_of_us(query) || item.picks.iter().any(|pick| is_one_of_us(&key(*pick)))
    };
    let hard_negatives = ranking::hard_negatives(questions, item.number, &item.picks, is_known);
    // Only what the reviewer has looked at can be a negative.
    let is_seen = |candidate: &usize| {
        let place = item.order.iter().position(|shown| shown == candidate);
        place.and_then(|place| item.is_seen.get(place)).copied().unwrap_or_default()
    };
    let hard_negatives: Vec<usize> = hard_negatives.into_iter().filter(is_seen).collect();
    let plural = |n: usize, word: &str| format!("{n} {word}{}", if n == 1 { "" } else { "s" });
    let label =
        format!("{}, {}", plural(item.picks.len(), "pick"), plural(hard_negatives.len(), "hard negative"));
    AnswerPreview { picks: item.picks.clone(), hard_negatives, label }
}

/// The key of a candidate.
pub(super) fn candidate_key(
    questions: &RankedQuestions,
    catalog: &Catalog,
    number: usize,
    candidate: usize,
) -> Key {
    let row = questions.questions.get(number).and_then(|question| question.candidates.get(candidate));
    row.map_or_else(|| Key::from(""), |row| Key::from(catalog.key(PostingIdx(*row))))
}

/// Why an answer is refused now, if it is.
fn refusal(state: &AppState, item: &OpenQuestion) -> Option<String> {
    if let Some(reason) = saving::refusal(state) {
        return Some(reason);
    }
    if state.look_alikes.mode == LookAlikesMode::Demo {
        return Some("The demo shows the truth and records nothing; switch to Annotate or Play".to_owned());
    }
    if state.now.secs - item.shown_secs < TOO_FAST_SECS {
        return Some("Too fast: this question has only just appeared".to_owned());
    }
    if !item.is_drawn() {
        return Some("The pictures are not drawn yet".to_owned());
    }
    None
}

pub(super) fn pick_tile(state: &mut AppState, tile: usize) -> Vec<Effect> {
    let page = state.look_alikes.item.as_ref().map_or(0, |item| item.page);
    pick(state, page * PER_PAGE + tile)
}

/// Picks the candidate at a place, or takes the pick back; with "one pick records" it is recorded at once.
pub(super) fn pick(state: &mut AppState, place: usize) -> Vec<Effect> {
    let now = state.now;
    let records = super::settings(state).is_some_and(|settings| settings.records == PickRecords::AtOnce);
    let Some(item) = state.look_alikes.item.as_ref() else { return Vec::new() };
    let Some(candidate) = item.order.get(place).copied() else {
        return state.chrome.refuse(now, "There is no candidate on that key");
    };
    if item.phase == Phase::Revealed {
        return state.chrome.refuse(now, "This one is answered; Enter goes on");
    }
    // A pick that records is a verdict, and is refused like one.
    let refused = refusal(state, item).filter(|_| records);
    if let Some(reason) = refused {
        return state.chrome.refuse(now, reason);
    }
    let Some(item) = &mut state.look_alikes.item else { return Vec::new() };
    item.cursor = place;
    item.page = place / PER_PAGE;
    let was_picked = item.is_picked(candidate);
    item.picks.retain(|pick| *pick != candidate);
    if records {
        item.picks = vec![candidate];
        return record(state);
    }
    if !was_picked {
        item.picks.push(candidate);
    }
    state.look_alikes.outlined.clear();
    let said = if was_picked { "not picked" } else { "picked" };
    vec![Effect::Announce(format!("Candidate {} {said}", place + 1), Politeness::Polite)]
}

pub(super) fn record(state: &mut AppState) -> Vec<Effect> {
    let Some(item) = &state.look_alikes.item else { return Vec::new() };
    if item.phase == Phase::Revealed {
        return order::next(state);
    }
    if let Some(reason) = refusal(state, item) {
        return state.chrome.refuse(state.now, reason);
    }
    if item.picks.is_empty() {
        return state.chrome.refuse(state.now, "Nothing is picked: pick a candidate, or say none of these");
    }
    answer(state)
}

pub(super) fn none(state: &mut AppState) -> Vec<Effect> {
    let Some(item) = &state.look_alikes.item else { return Vec::new() };
    if item.phase == Phase::Revealed {
        return order::next(state);
    }
    if let Some(reason) = refusal(state, item) {
        return state.chrome.refuse(state.now, reason);
    }
    match (item.picks.len(), item.n_unseen()) {
        (0, 0) => answer(state),
        (0, n) => {
            let reason =
                format!("{n} not seen: none of these is said only of candidates that were on screen");
            state.chrome.refuse(state.now, reason)
        }
        (1, _) => state.chrome.refuse(state.now, "One is picked: take the pick back first, or record it"),
        (n, _) => {
            state.chrome.refuse(state.now, format!("{n} are picked: take them back first, or record them"))
        }
    }
}

/// What the reviewer sees of the question.
fn seen(state: &AppState, item: &OpenQuestion, questions: &RankedQuestions, catalog: &Catalog) -> Seen {
    let key = |posting: PostingIdx| Key::from(catalog.key(posting));
    let mut postings = vec![key(item.query)];
    let mut without_picture = Vec::new();
    let mut note = |posting: PostingIdx, is_seen: bool| {
        if !is_seen || matches!(catalog.image(posting), ImageSource::None | ImageSource::Missing(_)) {
            without_picture.push(key(posting));
        }
    };
    note(item.query, item.is_query_seen);
    for (place, candidate) in item.order.iter().enumerate() {
        let row =
            questions.questions.get(item.number).and_then(|question| question.candidates.get(*candidate));
        let is_seen = item.is_seen.get(place).copied().unwrap_or_default();
        if let Some(posting) = row.map(|row| PostingIdx(*row)).filter(|_| is_seen) {
            postings.push(key(posting));
            note(posting, is_seen);
        }
    }
    let first = item.picks.first().copied();
    let mut watch = item.watch;
    watch.touch(state.now.secs);
    Seen {
        view: if state.look_alikes.mode == LookAlikesMode::Play { View::Play } else { View::LookAlikes },
        postings,
        without_picture,
        model: questions.strategies.first().map_or_else(String::new, |strategy| strategy.id.clone()),
        threshold: 0.0,
        score: first
            .and_then(|pick| ranking::score(questions, 0, item.number, pick))
            .filter(|score| score.is_finite()),
        rank: first.and_then(|pick| item.ranks.get(pick)).and_then(|rank| u32::try_from(*rank).ok()),
        millis: watch.millis(),
    }
}

/// Records the picks (or that there are none) and goes on; in play the truth is shown first.
fn answer(state: &mut AppState) -> Vec<Effect> {
    let Some((item, questions)) = state.look_alikes.item.clone().zip(state.look_alikes.questions.clone())
    else {
        return Vec::new();
    };
    let Some(catalog) = state.session.open.as_ref().map(|session| Arc::clone(&session.catalog)) else {
        return Vec::new();
    };
    let preview = preview(state, &item, &questions, &catalog);
    let key = |candidate: &usize| candidate_key(&questions, &catalog, item.number, *candidate);
    let shown = item
        .order
        .iter()
        .zip(&item.is_seen)
        .filter(|(candidate, is_seen)| **is_seen || item.is_picked(**candidate))
        .map(|(candidate, _)| key(candidate));
    let gesture = Gesture::LookAlike {
        query: Key::from(catalog.key(item.query)),
        picks: item.picks.iter().map(key).collect(),
        shown: shown.collect(),
        hard_negatives: preview.hard_negatives.iter().map(key).collect(),
        order: item.shown_order,
    };
    let mut effects = Vec::new();
    if let Asked::Revisited(entry) = item.asked {
        if is_same_answer(state, entry, &gesture) {
            return order::next(state);
        }
        // A corrected answer takes the place of the first one: it is no second opinion.
        let seen = Seen { view: View::LookAlikes, ..Seen::default() };
        effects.extend(saving::record(state, Gesture::Retract { entry }, seen).1);
    }
    let seen = seen(state, &item, &questions, &catalog);
    let (entry, more) = saving::record(state, gesture, seen);
    effects.extend(more);
    let n_before = state.look_alikes.n_session(state);
    state.look_alikes.session.push(entry);
    state.look_alikes.outlined.clear();
    known::refresh(state);
    let said = if item.picks.is_empty() { "None of these".to_owned() } else { preview.label };
    effects.push(Effect::Announce(said, Politeness::Polite));
    effects.extend(goal_reached(state, n_before));
    if state.look_alikes.mode == LookAlikesMode::Play {
        if let Some(item) = &mut state.look_alikes.item {
            item.phase = Phase::Revealed;
        }
        return effects;
    }
    match item.asked {
        Asked::Fresh => state.look_alikes.n_since_repeat += 1,
        Asked::Again => state.look_alikes.n_since_repeat = 0,
        Asked::Revisited(_) => {}
    }
    effects.extend(order::next(state));
    effects
}

fn is_same_answer(state: &AppState, entry: crate::review::EntryId, gesture: &Gesture) -> bool {
    let earlier = state.saving.review.entry(entry).map(|entry| &entry.gesture);
    match (earlier, gesture) {
        (Some(Gesture::LookAlike { picks: before, .. }), Gesture::LookAlike { picks, .. }) => {
            before.len() == picks.len() && before.iter().all(|pick| picks.contains(pick))
        }
        _ => false,
    }
}

fn goal_reached(state: &mut AppState, n_before: usize) -> Vec<Effect> {
    let goal = super::settings(state).map_or(0, |settings| settings.goal);
    let n_now = state.look_alikes.n_session(state);
    if goal == 0 || n_before >= goal || n_now < goal {
        return Vec::new();
    }
    let text = format!("The goal is reached: {n_now} answers in this session");
    state.chrome.toast(state.now, ToastKind::Success, text.clone());
    vec![Effect::Announce(text, Politeness::Polite)]
}
