//! The hard-negative studio: candidates the model ranks above a match, widest margin first, and what a reviewer says of each.
//! The list is frozen while one works on it; what was decided stays in its place with its mark.

use std::sync::Arc;

use super::super::duplicates::Stopwatch;
use super::super::{AppState, ChromeCommand, Effect, Politeness, chrome, saving};
use super::answers::{TOO_FAST_SECS, candidate_key};
use super::{LookAlikesSection, Warning, known, ranking};
use crate::catalog::{Catalog, PostingIdx};
use crate::jobs::RankedQuestions;
use crate::review::{CandidateVerdict, Gesture, Key, Seen, View};

/// A candidate that stands above a match.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HardNegative {
    /// The question.
    pub number: usize,
    /// The candidate, as a number within the question.
    pub candidate: usize,
    /// The best match below it, as a number within the question.
    pub best_match: usize,
    /// Its rank, 0 the best.
    pub rank: usize,
    /// The match's.
    pub match_rank: usize,
    /// Its score minus the match's.
    pub margin: f32,
    /// Why it is probably no negative, if it is so.
    pub warning: Option<Warning>,
}

/// State of the studio.
#[derive(Clone, Debug, Default)]
pub struct Studio {
    /// The candidates, widest margin first.
    pub list: Arc<Vec<HardNegative>>,
    /// The line under the cursor.
    pub cursor: usize,
    /// Whether its pictures have been drawn.
    pub is_drawn: bool,
    /// The line changed by the last undo or redo.
    pub outlined: Option<usize>,
    /// [`super::super::Now::secs`] when the line came under the cursor.
    pub shown_secs: f64,
    /// Time spent on it.
    pub watch: Stopwatch,
    /// Which questions it was made from.
    generation: Option<u64>,
}

impl Studio {
    /// The candidate under the cursor.
    pub fn current(&self) -> Option<&HardNegative> {
        self.list.get(self.cursor)
    }
}

/// The studio is looked at: lists anew where questions changed since.
pub(super) fn open(state: &mut AppState) {
    known::refresh(state);
    known::count_triplets(state);
    if state.look_alikes.studio.generation != Some(state.look_alikes.generation)
        || state.look_alikes.studio.list.is_empty()
    {
        rebuild(state);
    } else {
        show(state, state.look_alikes.studio.cursor);
    }
}

/// Lists every candidate above a match, by what is known now.
pub(super) fn rebuild(state: &mut AppState) {
    known::refresh(state);
    let (Some(questions), Some(session)) = (&state.look_alikes.questions, &state.session.open) else {
        return;
    };
    let mut list = Vec::new();
    for number in 0..questions.questions.len() {
        list.extend(of_question(state, questions, &session.catalog, number));
    }
    list.sort_by(|a, b| {
        b.margin.total_cmp(&a.margin).then((a.number, a.candidate).cmp(&(b.number, b.candidate)))
    });
    let is_open = |line: &HardNegative| verdict(state, questions, &session.catalog, line).is_none();
    let cursor = list.iter().position(is_open).unwrap_or(0);
    state.look_alikes.studio.list = Arc::new(list);
    state.look_alikes.studio.generation = Some(state.look_alikes.generation);
    state.look_alikes.studio.outlined = None;
    show(state, cursor);
}

/// What stands above the best match of a question.
fn of_question(
    state: &AppState,
    questions: &RankedQuestions,
    catalog: &Catalog,
    number: usize,
) -> Vec<HardNegative> {
    let Some(question) = questions.questions.get(number) else { return Vec::new() };
    let query = catalog.key(PostingIdx(question.query));
    let answers = state.look_alikes.known.answers(query);
    let is_match = |candidate: usize| {
        let key = candidate_key(questions, catalog, number, candidate);
        match state.look_alikes.known.verdict(query, &key) {
            Some(verdict) => verdict == CandidateVerdict::Match,
            None => {
                ranking::is_true(questions, number, candidate)
                    || answers.iter().any(|answer| answer.picks.contains(&key))
            }
        }
    };
    let score =
        |candidate: usize| ranking::score(questions, 0, number, candidate).filter(|score| score.is_finite());
    let ranking = ranking::ranking(questions, number);
    let Some(best) = ranking.iter().position(|candidate| is_match(*candidate)) else { return Vec::new() };
    let Some((best_match, best_score)) = ranking.get(best).and_then(|it| Some((*it, score(*it)?))) else {
        return Vec::new();
    };
    let guard = ranking::Guard::of(questions, number, &[best_match]);
    let line = |(rank, candidate): (usize, &usize)| {
        Some(HardNegative {
            rank,
            match_rank: best,
            number,
            candidate: *candidate,
            best_match,
            margin: score(*candidate)? - best_score,
            warning: guard.warning(*candidate),
        })
    };
    ranking.iter().take(best).enumerate().filter_map(line).collect()
}

/// What was said of a line's candidate last.
fn verdict(
    state: &AppState,
    questions: &RankedQuestions,
    catalog: &Catalog,
    line: &HardNegative,
) -> Option<CandidateVerdict> {
    let query = questions.questions.get(line.number)?.query;
    let candidate = candidate_key(questions, catalog, line.number, line.candidate);
    state.look_alikes.known.verdict(catalog.key(PostingIdx(query)), &candidate)
}

impl Studio {
    /// What was said of a line's candidate last.
    pub fn verdict(&self, state: &AppState, line: &HardNegative) -> Option<CandidateVerdict> {
        let questions = state.look_alikes.questions.as_ref()?;
        verdict(state, questions, &state.session.open.as_ref()?.catalog, line)
    }
}

fn show(state: &mut AppState, cursor: usize) {
    let now = state.now.secs;
    let studio = &mut state.look_alikes.studio;
    studio.cursor = cursor.min(studio.list.len().saturating_sub(1));
    studio.is_drawn = false;
    studio.shown_secs = now;
    studio.watch = Stopwatch::start(now);
}

pub(super) fn move_cursor(state: &mut AppState, by: i64) {
    let studio = &state.look_alikes.studio;
    let cursor = super::super::catalogue::moved(studio.cursor, by, studio.list.len());
    set_cursor(state, cursor);
}

pub(super) fn set_cursor(state: &mut AppState, line: usize) {
    if line != state.look_alikes.studio.cursor {
        show(state, line);
    }
}

pub(super) fn drawn(state: &mut AppState, line: usize) {
    let studio = &mut state.look_alikes.studio;
    studio.is_drawn |= studio.cursor == line;
}

fn refusal(state: &AppState) -> Option<String> {
    if let Some(reason) = saving::refusal(state) {
        return Some(reason);
    }
    let studio = &state.look_alikes.studio;
    if state.now.secs - studio.shown_secs < TOO_FAST_SECS {
        return Some("Too fast: this candidate has only just appeared".to_owned());
    }
    (!studio.is_drawn).then(|| "The pictures are not drawn yet".to_owned())
}

pub(super) fn judge(state: &mut AppState, verdict_now: CandidateVerdict) -> Vec<Effect> {
    let Some(line) = state.look_alikes.studio.current().copied() else { return Vec::new() };
    if let Some(reason) = refusal(state) {
        return state.chrome.refuse(state.now, reason);
    }
    let (Some(questions), Some(session)) = (state.look_alikes.questions.clone(), &state.session.open) else {
        return Vec::new();
    };
    let catalog = Arc::clone(&session.catalog);
    let Some(query) = questions.questions.get(line.number).map(|question| PostingIdx(question.query)) else {
        return Vec::new();
    };
    let query = Key::from(catalog.key(query));
    let candidate = candidate_key(&questions, &catalog, line.number, line.candidate);
    let best_match = candidate_key(&questions, &catalog, line.number, line.best_match);
    let mut watch = state.look_alikes.studio.watch;
    watch.touch(state.now.secs);
    let seen = Seen {
        view: View::HardNegatives,
        postings: vec![Key::clone(&query), best_match, Key::clone(&candidate)],
        without_picture: Vec::new(),
        model: questions.strategies.first().map_or_else(String::new, |strategy| strategy.id.clone()),
        threshold: 0.0,
        score: ranking::score(&questions, 0, line.number, line.candidate),
        rank: u32::try_from(line.rank).ok(),
        millis: watch.millis(),
    };
    let gesture = Gesture::Candidate { query, candidate, verdict: verdict_now };
    let (_, mut effects) = saving::record(state, gesture, seen);
    known::refresh(state);
    known::count_triplets(state);
    state.look_alikes.studio.outlined = None;
    effects.push(Effect::Announce(verdict_now.label().to_owned(), Politeness::Polite));
    next_open(state);
    effects
}

/// Goes to the next line nothing was said of, from here on, then from the start; stays where there is none.
fn next_open(state: &mut AppState) {
    let (Some(questions), Some(session)) = (&state.look_alikes.questions, &state.session.open) else {
        return;
    };
    let studio = &state.look_alikes.studio;
    let n = studio.list.len();
    let next = (1..n).map(|by| (studio.cursor + by) % n).find(|at| {
        studio.list.get(*at).is_some_and(|line| verdict(state, questions, &session.catalog, line).is_none())
    });
    show(state, next.unwrap_or(state.look_alikes.studio.cursor));
}

/// Takes back the latest word on a candidate; what was decided elsewhere is left alone.
pub(super) fn undo(state: &mut AppState) -> Vec<Effect> {
    let target = state.saving.review.undo_target(&state.preferences.reviewer);
    let gesture = target.and_then(|entry| state.saving.review.entry(entry)).map(|entry| &entry.gesture);
    match gesture {
        Some(Gesture::Candidate { .. }) => chrome::apply(state, ChromeCommand::Undo),
        Some(_) => {
            let reason = "The latest decision was made elsewhere; Ctrl+Z takes it back and shows it";
            state.chrome.refuse(state.now, reason)
        }
        None => state.chrome.refuse(state.now, "There is nothing to undo"),
    }
}

/// Jumps to the line of a candidate and outlines it.
pub(super) fn show_change(state: &mut AppState, query: &str, candidate: &str) {
    if state.look_alikes.studio.generation != Some(state.look_alikes.generation) {
        rebuild(state);
    }
    let (Some(questions), Some(session)) = (&state.look_alikes.questions, &state.session.open) else {
        return;
    };
    let is_it = |line: &HardNegative| {
        let asked = questions.questions.get(line.number).map(|question| PostingIdx(question.query));
        asked.is_some_and(|asked| session.catalog.key(asked) == query)
            && &*candidate_key(questions, &session.catalog, line.number, line.candidate) == candidate
    };
    let Some(line) = state.look_alikes.studio.list.iter().position(is_it) else { return };
    state.look_alikes.section = LookAlikesSection::HardNegatives;
    show(state, line);
    state.look_alikes.studio.outlined = Some(line);
}

/// Opens the compare overlay on the posting and the candidate, its match the other partner, for looking only.
pub(super) fn compare(state: &mut AppState) -> Vec<Effect> {
    let Some((line, questions)) =
        state.look_alikes.studio.current().copied().zip(state.look_alikes.questions.clone())
    else {
        return Vec::new();
    };
    let Some(question) = questions.questions.get(line.number) else { return Vec::new() };
    let row = |candidate: usize| question.candidates.get(candidate).copied().map(PostingIdx);
    let partners: Vec<PostingIdx> = [line.candidate, line.best_match].into_iter().filter_map(row).collect();
    match partners.first().copied() {
        Some(first) => super::super::compare::look(state, PostingIdx(question.query), first, partners),
        None => Vec::new(),
    }
}
