//! What the Arena asks for: which strategies, about which questions.

use std::sync::Arc;

use super::super::{AppState, Effect, Politeness};
use super::{ArenaState, moves};
use crate::catalog::Side;
use crate::fuse::FUSIONS;
use crate::jobs::{QuestionSource, RankAsker, RankedQuestions, Request, summarise};

/// Encoders of pictures that need no files, so that there is always something to compare with.
const ALWAYS_THERE: [&str; 2] = ["perceptual", "phash"];

/// A strategy that can be a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StrategyChoice {
    /// As jobs know it.
    pub id: String,
    /// Whether it is a row now.
    pub is_on: bool,
}

impl ArenaState {
    /// Whether rankings are wanted and none are there or on their way.
    pub fn wants_rankings(&self, app: &AppState) -> bool {
        app.session.open.is_some() && !self.has_asked
    }
}

/// Every strategy that can be a row here, rows first: encoders, fusions of the pair in use, encoders side by side, trained models.
pub fn strategy_choices(state: &AppState) -> Vec<StrategyChoice> {
    let on = state.look_alikes.arena.strategies.clone().unwrap_or_default();
    let mut choices: Vec<StrategyChoice> =
        on.iter().map(|id| StrategyChoice { id: id.clone(), is_on: true }).collect();
    for id in possible(state) {
        if !on.contains(&id) {
            choices.push(StrategyChoice { id, is_on: false });
        }
    }
    choices
}

/// Strategies of the project, the usual ones first.
fn possible(state: &AppState) -> Vec<String> {
    let Some(session) = &state.session.open else { return Vec::new() };
    let matching = state.matching.settings.frozen();
    let mut images: Vec<String> = Vec::new();
    if session.catalog.has_images() {
        images.extend(matching.image_encoder);
        images.extend(session.settings.image_encoders.iter().cloned());
        images.extend(ALWAYS_THERE.map(str::to_owned));
        dedup(&mut images);
    }
    let mut texts: Vec<String> = Vec::new();
    if session.catalog.has_titles() {
        texts.extend(matching.text_encoder);
        texts.extend(session.settings.text_encoders.iter().cloned());
        dedup(&mut texts);
    }
    let mut all: Vec<String> = images.iter().take(1).chain(texts.iter().take(1)).cloned().collect();
    if let (Some(image), Some(text)) = (images.first(), texts.first()) {
        // The fusions of one modality alone are the encoders themselves.
        let of_both = FUSIONS.iter().filter(|fusion| !["image", "text"].contains(&fusion.id));
        all.extend(of_both.map(|fusion| format!("{}:{image},{text}", fusion.id)));
    }
    all.extend(images.iter().skip(1).cloned());
    if let [first, second, ..] = images.as_slice() {
        all.push(format!("concat:{first},{second}"));
    }
    all.extend(texts.iter().skip(1).cloned());
    let trained = state.train.trained.runs.iter().map(|run| format!("trained:{}", run.receipt.recipe.id));
    all.extend(trained);
    dedup(&mut all);
    all
}

fn dedup(ids: &mut Vec<String>) {
    let mut known: Vec<String> = Vec::new();
    ids.retain(|id| {
        let is_new = !known.contains(id);
        known.push(id.clone());
        is_new
    });
}

/// Rows at first.
const N_FIRST_ROWS: usize = 5;

/// Asks for the project's own strategies the first time.
pub(super) fn load(state: &mut AppState) -> Vec<Effect> {
    if state.look_alikes.arena.has_asked {
        return Vec::new();
    }
    if state.look_alikes.arena.strategies.is_none() {
        let chosen = possible(state).into_iter().take(N_FIRST_ROWS).collect();
        state.look_alikes.arena.strategies = Some(chosen);
    }
    ask(state)
}

/// Asks for rankings by the rows in view.
pub(super) fn ask(state: &mut AppState) -> Vec<Effect> {
    let Some(session) = &state.session.open else { return Vec::new() };
    let settings = &session.settings.look_alikes;
    let source = match &settings.candidates {
        Some(file) => QuestionSource::File(file.clone()),
        None => QuestionSource::Pairs(settings.drawing()),
    };
    let arena = &mut state.look_alikes.arena;
    arena.has_asked = true;
    arena.refused = None;
    arena.generation += 1;
    let strategies = arena.strategies.clone().unwrap_or_default();
    if strategies.is_empty() {
        arena.refused = Some("No strategy is chosen; add one".to_owned());
        return Vec::new();
    }
    arena.asking_since = Some(state.now.secs);
    let generation = arena.generation;
    vec![Effect::Job(Request::Rank { source, strategies, asker: RankAsker::Arena, generation })]
}

/// Adds a row at the end, or takes it away.
pub(super) fn toggle(state: &mut AppState, id: &str) -> Vec<Effect> {
    let id = id.trim();
    let arena = &mut state.look_alikes.arena;
    let rows = arena.strategies.get_or_insert_default();
    match rows.iter().position(|row| row == id) {
        Some(at) => {
            rows.remove(at);
        }
        None if id.is_empty() => return Vec::new(),
        None => rows.push(id.to_owned()),
    }
    ask(state)
}

/// Rankings are there.
pub(in super::super) fn ranked(
    state: &mut AppState,
    ranked: Arc<RankedQuestions>,
    generation: u64,
) -> Vec<Effect> {
    if generation != state.look_alikes.arena.generation {
        return Vec::new();
    }
    let shown = state.look_alikes.arena.query_in_view();
    let arena = &mut state.look_alikes.arena;
    arena.asking_since = None;
    arena.summaries = summarise(&ranked);
    let n = ranked.questions.len();
    arena.ranked = Some(ranked);
    arena.row = arena.row.min(arena.strategies.as_ref().map_or(0, |rows| rows.len().saturating_sub(1)));
    moves::list(arena);
    arena.at = shown.and_then(|query| moves::place_of(arena, query)).unwrap_or(0);
    let questions = if n == 1 { "1 question".to_owned() } else { format!("{n} questions") };
    vec![Effect::Announce(format!("{questions} ranked"), Politeness::Polite)]
}

/// Rankings cannot be had; what is on screen stays, the row that was added last goes.
pub(in super::super) fn failed(state: &mut AppState, message: String) -> Vec<Effect> {
    let arena = &mut state.look_alikes.arena;
    arena.asking_since = None;
    arena.refused = Some(message.clone());
    if let Some(ranked) = &arena.ranked {
        arena.strategies = Some(ranked.strategies.iter().map(|strategy| strategy.id.clone()).collect());
    }
    vec![Effect::Announce(message, Politeness::Assertive)]
}

/// Asking was stopped.
pub(in super::super) fn cancelled(state: &mut AppState) {
    let arena = &mut state.look_alikes.arena;
    if arena.asking_since.take().is_some() && arena.ranked.is_none() {
        arena.refused = Some("Ranking was stopped; ask again when you like".to_owned());
    }
}

/// Another project is open: what was known of the last one goes.
pub(in super::super) fn opened(state: &mut AppState) {
    let arena = &state.look_alikes.arena;
    let (page, order, generation) = (arena.page, arena.order, arena.generation + 1);
    state.look_alikes.arena = ArenaState { page, order, generation, ..ArenaState::default() };
}

impl ArenaState {
    /// The row of the catalogue that is asked about in view.
    pub fn query_in_view(&self) -> Option<u32> {
        let ranked = self.ranked.as_ref()?;
        Some(ranked.questions.get(self.question()?)?.query)
    }
}

/// A posting's name without the side it stands on.
pub(super) fn short(key: &str) -> &str {
    match Side::of_key(key) {
        Some(_) => key.split_once('/').map_or(key, |(_, name)| name),
        None => key,
    }
}
