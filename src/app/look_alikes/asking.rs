//! Where questions come from: a candidates file, the pairs a catalogue knows, or one posting of it; asking for them, and taking
//! in what comes back.

use std::path::PathBuf;
use std::sync::Arc;

use super::super::{AppState, Effect, Politeness};
use super::{LookAlikesSection, LookAlikesState, order, studio};
use crate::catalog::PostingIdx;
use crate::jobs::{QuestionSource, RankAsker, RankedQuestions, Request};
use crate::project::{Access, LookAlikesSettings};

/// The most candidates a question may have.
const MAX_CANDIDATES: usize = 500;

/// What the Questions page asks about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum AskAbout {
    /// Every posting whose match is known: the left side of a looks-like table, or every posting of a group.
    #[default]
    Labelled,
    /// The posting under the cursor of the Catalogue station.
    Selected,
    /// The lines of a candidates file.
    File,
}

impl AskAbout {
    /// All, in the order of the page.
    pub const ALL: [Self; 3] = [Self::Labelled, Self::Selected, Self::File];

    /// Name shown to people.
    pub fn label(self) -> &'static str {
        match self {
            Self::Labelled => "Every posting whose match is known",
            Self::Selected => "The posting selected in Catalogue",
            Self::File => "A candidates file",
        }
    }
}

/// What the open project asks of itself: its candidates file, else the pairs of its looks-like table.
pub(super) fn source_of_project(state: &AppState) -> Option<QuestionSource> {
    let session = state.session.open.as_ref()?;
    let settings = &session.settings.look_alikes;
    match &settings.candidates {
        Some(path) => Some(QuestionSource::File(path.clone())),
        None if session.catalog.has_sides() => Some(QuestionSource::Pairs(settings.drawing())),
        None => None,
    }
}

/// The posting under the cursor of the Catalogue station.
pub(super) fn selected(state: &AppState) -> Option<PostingIdx> {
    let session = state.session.open.as_ref()?;
    let browse = &state.catalogue.browse;
    browse.posting(browse.cursor, session.catalog.n_postings())
}

impl LookAlikesState {
    /// The posting the Questions page would ask about, where it asks about one.
    pub fn selected(&self, state: &AppState) -> Option<PostingIdx> {
        selected(state)
    }
}

/// Asks for the questions the project names.
pub(super) fn load(state: &mut AppState) -> Vec<Effect> {
    if !state.look_alikes.wants_questions(state) {
        return Vec::new();
    }
    match source_of_project(state) {
        Some(source) => request(state, source),
        None => Vec::new(),
    }
}

/// Asks about what the Questions page says.
pub(super) fn ask(state: &mut AppState) -> Vec<Effect> {
    let Some(session) = &state.session.open else {
        return state.chrome.refuse(state.now, "Open a catalogue first");
    };
    let settings = session.settings.look_alikes.clone();
    let source = match state.look_alikes.about {
        AskAbout::Labelled if !session.catalog.has_groups() && !session.catalog.has_sides() => {
            let reason =
                "No match is known in this catalogue: ask about one posting, or open a candidates file";
            return state.chrome.refuse(state.now, reason);
        }
        AskAbout::Labelled => QuestionSource::Pairs(settings.drawing()),
        AskAbout::Selected => match selected(state) {
            Some(posting) => {
                QuestionSource::Postings { queries: vec![posting.0], drawing: settings.drawing() }
            }
            None => return state.chrome.refuse(state.now, "No posting is selected in Catalogue"),
        },
        AskAbout::File => match &settings.candidates {
            Some(path) => QuestionSource::File(path.clone()),
            None => return vec![Effect::PickPath(super::PickFor::Candidates)],
        },
    };
    // A project that was told to ask about its catalogue no longer opens the file by itself.
    let mut effects = Vec::new();
    if !matches!(source, QuestionSource::File(_)) && settings.candidates.is_some() {
        effects.extend(set(state, LookAlikesSettings { candidates: None, ..settings }));
    }
    effects.extend(request(state, source));
    effects
}

/// Asks the same again, drawn as the settings say now.
pub(super) fn ask_again(state: &mut AppState) -> Vec<Effect> {
    let now = super::settings(state).map(LookAlikesSettings::drawing);
    let known = state.look_alikes.asked.clone().map(|asked| match (asked, now) {
        (QuestionSource::Pairs(_), Some(drawing)) => QuestionSource::Pairs(drawing),
        (QuestionSource::Postings { queries, .. }, Some(drawing)) => {
            QuestionSource::Postings { queries, drawing }
        }
        (asked, _) => asked,
    });
    match known.or_else(|| source_of_project(state)) {
        Some(source) => request(state, source),
        None => ask(state),
    }
}

pub(super) fn open_file(state: &mut AppState, path: PathBuf) -> Vec<Effect> {
    let Some(settings) = super::settings(state).cloned() else {
        return state.chrome.refuse(state.now, "Open a catalogue first; the file names its postings");
    };
    state.look_alikes.about = AskAbout::File;
    let mut effects = set(state, LookAlikesSettings { candidates: Some(path.clone()), ..settings });
    effects.extend(request(state, QuestionSource::File(path)));
    effects
}

/// Replaces the settings of the station and saves them.
pub(super) fn set(state: &mut AppState, settings: LookAlikesSettings) -> Vec<Effect> {
    let Some(session) = &mut state.session.open else { return Vec::new() };
    let settings = LookAlikesSettings {
        n_candidates: settings.n_candidates.clamp(1, MAX_CANDIDATES),
        nearest_share: settings.nearest_share.clamp(0.0, 1.0),
        ..settings
    };
    if session.settings.look_alikes == settings {
        return Vec::new();
    }
    let lies_otherwise = session.settings.look_alikes.lie != settings.lie;
    session.settings.look_alikes = settings;
    let mut effects = Vec::new();
    if session.access == Access::Write {
        effects.push(Effect::Job(Request::SaveSettings(Box::new(session.settings.clone()))));
    }
    if lies_otherwise && state.look_alikes.questions.is_some() {
        order::lay_out_again(state);
    }
    effects
}

fn request(state: &mut AppState, source: QuestionSource) -> Vec<Effect> {
    state.look_alikes.generation += 1;
    state.look_alikes.n_pending += 1;
    state.look_alikes.asking_since = Some(state.now.secs);
    state.look_alikes.refused = None;
    state.look_alikes.asked = Some(source.clone());
    let strategies = strategies(state);
    let generation = state.look_alikes.generation;
    let asker = RankAsker::LookAlikes;
    vec![Effect::Job(Request::Rank { source, strategies, asker, generation })]
}

/// The most rankings made at once.
const MAX_STRATEGIES: usize = 4;

/// What the project names first, else the trained model that matches, where one does, else the encoder that matches pictures (or
/// titles); behind a single one the encoders of pictures: where all agree on a candidate, it deserves a second look.
fn strategies(state: &AppState) -> Vec<String> {
    let Some(session) = &state.session.open else { return Vec::new() };
    let settings = &session.settings;
    let mut strategies: Vec<String> = settings.look_alikes.strategies.clone();
    if strategies.len() > 1 {
        return strategies;
    }
    if strategies.is_empty() && state.matching.settings.is_trained() {
        strategies.push("trained:promoted".to_owned());
    }
    let matching = state.matching.settings.frozen();
    if session.catalog.has_images() {
        for id in matching.image_encoder.iter().chain(&settings.image_encoders) {
            if !strategies.contains(id) && strategies.len() < MAX_STRATEGIES {
                strategies.push(id.clone());
            }
        }
    }
    if strategies.is_empty() {
        strategies.extend(matching.text_encoder.or_else(|| settings.text_encoders.first().cloned()));
    }
    strategies
}

/// The questions are there.
pub(in super::super) fn ranked(
    state: &mut AppState,
    questions: Arc<RankedQuestions>,
    generation: u64,
) -> Vec<Effect> {
    ended(state);
    if generation != state.look_alikes.generation {
        return Vec::new();
    }
    state.catalogue.late_problems.extend(questions.problems.iter().cloned());
    state.look_alikes.refused = None;
    let open = state.look_alikes.item.as_ref().and_then(|item| {
        let session = state.session.open.as_ref()?;
        Some(session.catalog.key(item.query).to_owned())
    });
    let n = questions.questions.len();
    state.look_alikes.remembered_key = open.or(state.look_alikes.remembered_key.take());
    state.look_alikes.questions = Some(questions);
    state.look_alikes.item = None;
    state.look_alikes.resume_at = None;
    state.look_alikes.known = super::Known::default();
    super::known::refresh(state);
    order::start(state);
    match state.look_alikes.section {
        LookAlikesSection::Questions => state.look_alikes.section = LookAlikesSection::Grid,
        LookAlikesSection::HardNegatives => studio::rebuild(state),
        LookAlikesSection::Grid => {}
    }
    let questions = if n == 1 { "1 question".to_owned() } else { format!("{n} questions") };
    vec![Effect::Announce(questions, Politeness::Polite)]
}

/// A request is over; others may still be on their way.
fn ended(state: &mut AppState) {
    state.look_alikes.n_pending = state.look_alikes.n_pending.saturating_sub(1);
    if state.look_alikes.n_pending == 0 {
        state.look_alikes.asking_since = None;
    }
}

/// Asking failed: the page says why.
pub(in super::super) fn failed(state: &mut AppState, message: String) -> Vec<Effect> {
    ended(state);
    state.look_alikes.section = LookAlikesSection::Questions;
    state.look_alikes.refused = Some(message.clone());
    vec![Effect::Announce(message, Politeness::Assertive)]
}

/// Asking was stopped or overtaken; the page says so unless newer questions are on their way.
pub(in super::super) fn cancelled(state: &mut AppState) {
    ended(state);
    if state.look_alikes.asking_since.is_none() && state.look_alikes.questions.is_none() {
        state.look_alikes.refused = Some("Ranking was stopped; ask again when you like".to_owned());
    }
}

/// Another project is open: what was known of the last one goes, what one likes stays.
pub(in super::super) fn opened(state: &mut AppState) {
    super::super::arena::opened(state);
    let arena = std::mem::take(&mut state.look_alikes.arena);
    let LookAlikesState { mode, hides_scores, is_play_blind, generation, n_showings, .. } =
        &state.look_alikes;
    state.look_alikes = LookAlikesState {
        mode: *mode,
        hides_scores: *hides_scores,
        is_play_blind: *is_play_blind,
        generation: *generation + 1,
        n_showings: *n_showings,
        arena,
        ..LookAlikesState::default()
    };
}

/// The remembered place is there: goes to it, unless one is at work already.
pub(in super::super) fn recall(state: &mut AppState, place: Option<&str>) {
    let Some(key) = place else { return };
    state.look_alikes.remembered_key = Some(key.to_owned());
    if state.look_alikes.questions.is_some() && state.look_alikes.session.is_empty() {
        order::start(state);
    }
}
