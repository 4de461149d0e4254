//! Commands of the Look-alikes station on questions made by hand: what is recorded, what is refused, where one goes next.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;

use super::super::{AppState, ChromeCommand, Command, Effect, Session, Station, apply as apply_command};
use super::*;
use crate::catalog::{CatalogBuilder, CatalogSource, ImageSource, OpenOptions};
use crate::jobs::{RankedQuestions, Request, StrategyScores};
use crate::matching::Question;
use crate::project::{Access, ProjectSettings};
use crate::review::{Gesture, ShownOrder, View};

/// A project with `n` questions of `n_candidates` candidates each; scores fall from one candidate to the next, and the third
/// candidate of each is its match, where the truth is known.
fn state(n: usize, n_candidates: usize, knows_truth: bool) -> AppState {
    let source = CatalogSource::File("t.csv".into());
    let mut builder = CatalogBuilder::new("t", source.clone(), Vec::new());
    for number in 0..n {
        builder.push(&format!("q{number}"), "query", "query", ImageSource::None, None, &[]);
        for candidate in 0..n_candidates {
            let key = format!("q{number}c{candidate}");
            builder.push(&key, &key, &key, ImageSource::None, None, &[]);
        }
    }
    let mut state = AppState::default();
    state.chrome.station = Station::LookAlikes;
    state.now.secs = 100.0;
    state.session.open = Some(Session {
        folder: "p".into(),
        name: "t".to_owned(),
        access: Access::Write,
        catalog: Arc::new(builder.finish()),
        settings: ProjectSettings::new(source, OpenOptions::default()),
    });
    let row = |number: usize, place: usize| (number * (n_candidates + 1) + place) as u32;
    let questions = (0..n)
        .map(|number| Question {
            query: row(number, 0),
            candidates: (1..=n_candidates).map(|place| row(number, place)).collect(),
        })
        .collect();
    let scores = (0..n_candidates).map(|candidate| 1.0 - candidate as f32 * 0.01).collect::<Vec<_>>();
    let ranked = RankedQuestions {
        questions,
        truths: vec![(0..n_candidates).map(|candidate| knows_truth && candidate == 2).collect(); n],
        near_duplicates: vec![Vec::new(); n],
        strategies: vec![strategy("first", vec![scores; n])],
        problems: Vec::new(),
    };
    ranked_again(&mut state, ranked);
    state
}

fn strategy(id: &str, scores: Vec<Vec<f32>>) -> StrategyScores {
    let (id, label) = (id.to_owned(), id.to_owned());
    StrategyScores { id, label, scores, n_parameters: None, millis_per_query: None }
}

fn ranked_again(state: &mut AppState, questions: RankedQuestions) {
    let generation = state.look_alikes.generation;
    asking::ranked(state, Arc::new(questions), generation);
}

fn send(state: &mut AppState, command: LookAlikesCommand) -> Vec<Effect> {
    apply_command(state, Command::LookAlikes(command))
}

/// Time passes and everything on screen is drawn.
fn look(state: &mut AppState) {
    state.now.secs += 1.0;
    if let Some(item) = &state.look_alikes.item {
        let (showing, places) = (item.showing, item.places().collect());
        send(state, LookAlikesCommand::Drawn { showing, places, has_query: true });
    }
    send(state, LookAlikesCommand::StudioDrawn(state.look_alikes.studio.cursor));
}

fn change(state: &mut AppState, change: impl FnOnce(&mut LookAlikesSettings)) {
    let mut settings = settings(state).unwrap().clone();
    change(&mut settings);
    send(state, LookAlikesCommand::Set(Box::new(settings)));
}

/// Picks candidates by their number within the question.
fn pick(state: &mut AppState, candidates: &[usize]) {
    for candidate in candidates {
        let place = item(state).order.iter().position(|shown| shown == candidate).unwrap();
        send(state, LookAlikesCommand::PickAt(place));
    }
}

fn item(state: &AppState) -> &OpenQuestion {
    state.look_alikes.item.as_ref().unwrap()
}

fn number(state: &AppState) -> usize {
    item(state).number
}

fn last(state: &AppState) -> &Gesture {
    &state.saving.review.entries().last().unwrap().gesture
}

fn n_entries(state: &AppState) -> usize {
    state.saving.review.entries().len()
}

/// Answers the open question with these candidates; nothing says none of these.
fn answer(state: &mut AppState, candidates: &[usize]) {
    look(state);
    pick(state, candidates);
    let before = n_entries(state);
    let command = if candidates.is_empty() { LookAlikesCommand::None } else { LookAlikesCommand::Record };
    send(state, command);
    assert_eq!(n_entries(state), before + 1, "{:?}", state.chrome.toasts.last());
}

fn names(keys: &[crate::review::Key]) -> Vec<&str> {
    keys.iter().map(|key| &**key).collect()
}

#[test]
fn an_answer_says_what_was_picked_shown_and_announced() {
    let mut state = state(3, 6, false);
    change(&mut state, |settings| settings.lie = CandidatesLie::Ranked);
    look(&mut state);
    pick(&mut state, &[4, 2]);
    // Above the pick that stands lowest, the other pick left out.
    assert_eq!(answer_preview(&state).hard_negatives, [0, 1, 3]);
    assert_eq!(answer_preview(&state).label, "2 picks, 3 hard negatives");
    send(&mut state, LookAlikesCommand::Record);
    let Gesture::LookAlike { query, picks, shown, hard_negatives, order } = last(&state) else { panic!() };
    assert_eq!((&**query, *order), ("q0", ShownOrder::Ranked));
    assert_eq!(names(picks), ["q0c4", "q0c2"], "in the order of picking");
    assert_eq!(names(shown), ["q0c0", "q0c1", "q0c2", "q0c3", "q0c4", "q0c5"]);
    assert_eq!(names(hard_negatives), ["q0c0", "q0c1", "q0c3"]);
    let seen = &state.saving.review.entries().last().unwrap().seen;
    assert_eq!((seen.view, seen.rank, seen.model.as_str()), (View::LookAlikes, Some(4), "first"));
    assert_eq!(seen.postings.len(), 7);
    assert!(seen.millis >= 1_000, "{}", seen.millis);
    assert_eq!(number(&state), 1);
    answer(&mut state, &[]);
    assert!(
        matches!(last(&state), Gesture::LookAlike { picks, hard_negatives, .. } if picks.is_empty() && hard_negatives.is_empty())
    );
    send(&mut state, LookAlikesCommand::Section(LookAlikesSection::HardNegatives));
    assert_eq!(state.look_alikes.known.n_triplets(), 6);
}

#[test]
fn a_blind_order_comes_from_the_seed_that_is_stored() {
    let mut state = state(2, 20, true);
    let before = item(&state).order.clone();
    answer(&mut state, &[2]);
    let Gesture::LookAlike { shown, order: ShownOrder::Shuffled { seed }, .. } = last(&state) else {
        panic!()
    };
    let expected: Vec<String> =
        question::shuffled(20, *seed).into_iter().map(|candidate| format!("q0c{candidate}")).collect();
    assert_eq!(names(shown), expected);
    assert_eq!(question::shuffled(20, *seed), before);
    assert_ne!(item(&state).order, before, "each question has its own order");
    assert!(!shows_ranks(&state) && !shows_scores(&state) && !shows_truth(&state));
    send(&mut state, LookAlikesCommand::ToggleScores);
    assert!(!state.look_alikes.hides_scores && !state.chrome.toasts.is_empty(), "not when blind");
    send(&mut state, LookAlikesCommand::ToggleBlind);
    assert_eq!(item(&state).order, (0..20).collect::<Vec<_>>());
    assert!(shows_ranks(&state) && shows_scores(&state));
}

#[test]
fn what_is_refused_records_nothing() {
    let mut state = state(2, 6, true);
    let refused = |state: &mut AppState, command: LookAlikesCommand, word: &str| {
        state.chrome.flash_secs = None;
        send(state, command);
        assert_eq!(n_entries(state), 0);
        assert!(state.chrome.flash_secs.is_some(), "{word}: it flashes");
        let said = &state.chrome.toasts.last().unwrap().text;
        assert!(said.contains(word), "{said}");
    };
    send(&mut state, LookAlikesCommand::Pick(0));
    refused(&mut state, LookAlikesCommand::Record, "Too fast");
    state.now.secs += 1.0;
    refused(&mut state, LookAlikesCommand::Record, "not drawn");
    // A word about another showing draws nothing.
    send(&mut state, LookAlikesCommand::Drawn { showing: 99, places: (0..6).collect(), has_query: true });
    refused(&mut state, LookAlikesCommand::Record, "not drawn");
    look(&mut state);
    refused(&mut state, LookAlikesCommand::None, "One is picked");
    send(&mut state, LookAlikesCommand::Pick(0));
    refused(&mut state, LookAlikesCommand::Record, "Nothing is picked");
    refused(&mut state, LookAlikesCommand::Pick(6), "no candidate");
    refused(&mut state, LookAlikesCommand::Undo, "nothing to undo");
    send(&mut state, LookAlikesCommand::Mode(LookAlikesMode::Demo));
    assert!(shows_truth(&state));
    look(&mut state);
    pick(&mut state, &[2]);
    refused(&mut state, LookAlikesCommand::Record, "records nothing");
    state.session.open.as_mut().unwrap().access = Access::ReadOnly;
    send(&mut state, LookAlikesCommand::Mode(LookAlikesMode::Annotate));
    look(&mut state);
    pick(&mut state, &[2]);
    refused(&mut state, LookAlikesCommand::Record, "read-only");
}

#[test]
fn one_pick_records_when_asked_to() {
    let mut state = state(3, 6, false);
    send(&mut state, LookAlikesCommand::ToggleOnePick);
    send(&mut state, LookAlikesCommand::Pick(1));
    assert_eq!(n_entries(&state), 0, "too fast, and nothing is drawn");
    assert!(item(&state).picks.is_empty());
    look(&mut state);
    send(&mut state, LookAlikesCommand::Pick(1));
    assert_eq!((n_entries(&state), number(&state)), (1, 1));
}

#[test]
fn moving_about_records_nothing_and_finds_open_questions() {
    let mut state = state(4, 6, true);
    change(&mut state, |settings| settings.repeat_every = 0);
    send(&mut state, LookAlikesCommand::Skip);
    assert_eq!(number(&state), 1);
    answer(&mut state, &[2]);
    assert_eq!(number(&state), 2);
    send(&mut state, LookAlikesCommand::Previous);
    assert_eq!(number(&state), 1);
    assert!(matches!(item(&state).asked, Asked::Revisited(_)));
    assert_eq!(item(&state).picks, [2]);
    assert!(shows_truth(&state), "an answered question shows its match");
    // Beside the truth an answer cannot be changed.
    look(&mut state);
    pick(&mut state, &[0]);
    assert_eq!(item(&state).picks, [2]);
    send(&mut state, LookAlikesCommand::Skip);
    assert_eq!(number(&state), 2, "among answers gone back to, one step");
    send(&mut state, LookAlikesCommand::Skip);
    send(&mut state, LookAlikesCommand::Skip);
    assert_eq!(number(&state), 0, "from the last open one to the first");
    assert_eq!(n_entries(&state), 1);
    for _ in 0..3 {
        answer(&mut state, &[2]);
    }
    assert!(state.look_alikes.item.is_none(), "all are answered");
    assert_eq!(state.look_alikes.known.n_answered(), 4);
    send(&mut state, LookAlikesCommand::Previous);
    assert_eq!(number(&state), 3);
}

#[test]
fn a_corrected_answer_takes_the_place_of_the_first() {
    let mut state = state(3, 6, false);
    answer(&mut state, &[2]);
    send(&mut state, LookAlikesCommand::Previous);
    look(&mut state);
    send(&mut state, LookAlikesCommand::Record);
    assert_eq!((n_entries(&state), number(&state)), (1, 1), "nothing changed, nothing is recorded");
    send(&mut state, LookAlikesCommand::Previous);
    look(&mut state);
    pick(&mut state, &[2, 3]);
    send(&mut state, LookAlikesCommand::Record);
    assert_eq!(n_entries(&state), 3);
    assert_eq!(state.look_alikes.known.answers("q0").len(), 1);
    assert_eq!(names(&state.look_alikes.known.answers("q0")[0].picks), ["q0c3"]);
    assert_eq!(state.look_alikes.known.agreement(), None, "a correction is no second opinion");
}

#[test]
fn undo_jumps_back_and_outlines_and_redo_answers_again() {
    let mut state = state(4, 6, false);
    answer(&mut state, &[2]);
    let order = item(&state).order.clone();
    answer(&mut state, &[3]);
    send(&mut state, LookAlikesCommand::Undo);
    assert_eq!((number(&state), item(&state).asked), (1, Asked::Fresh));
    assert_eq!(state.look_alikes.outlined, [3]);
    assert_eq!(item(&state).order, order, "it lies as it lay");
    assert_eq!(state.look_alikes.n_session(&state), 1);
    apply_command(&mut state, Command::Chrome(ChromeCommand::Redo));
    assert!(matches!(item(&state).asked, Asked::Revisited(_)));
    assert_eq!(state.look_alikes.n_session(&state), 2);
    // From another station the answer is shown where it was given.
    state.chrome.station = Station::Duplicates;
    apply_command(&mut state, Command::Chrome(ChromeCommand::Undo));
    assert_eq!((state.chrome.station, number(&state)), (Station::LookAlikes, 1));
}

#[test]
fn every_third_question_is_an_old_one_and_nothing_shows_it() {
    let mut state = state(30, 6, false);
    change(&mut state, |settings| settings.repeat_every = 3);
    let mut again = Vec::new();
    let mut asked = Vec::new();
    for turn in 0..24 {
        let showing = item(&state).clone();
        assert!(showing.picks.is_empty(), "no earlier answer is shown");
        if showing.asked == Asked::Again {
            assert!(!asked[asked.len() - 5..].contains(&showing.number), "not one of the last five");
            again.push((turn, showing.number));
        }
        asked.push(showing.number);
        answer(&mut state, &[turn % 6]);
    }
    assert!(again.len() >= 5, "{again:?}");
    assert!(again.windows(2).all(|pair| pair[1].0 - pair[0].0 == 3), "{again:?}");
    let mut fresh: Vec<usize> = asked.clone();
    for (_, number) in &again {
        fresh.remove(fresh.iter().rposition(|it| it == number).unwrap());
    }
    assert_eq!(fresh, (0..fresh.len()).collect::<Vec<_>>(), "the others come in their order");
    let agreement = state.look_alikes.known.agreement().unwrap();
    assert_eq!(agreement.n_questions, again.len());
    // A repeated answer that is taken back is asked for again, the first one out of sight.
    while item(&state).asked != Asked::Again {
        answer(&mut state, &[0]);
    }
    let number = item(&state).number;
    answer(&mut state, &[1]);
    send(&mut state, LookAlikesCommand::Undo);
    assert_eq!((item(&state).number, item(&state).asked), (number, Asked::Again));
    assert!(item(&state).picks.is_empty());
}

#[test]
fn more_than_twenty_come_in_pages_and_none_means_all_seen() {
    let mut state = state(1, 45, false);
    assert_eq!((item(&state).n_pages(), item(&state).places().len()), (3, 20));
    look(&mut state);
    send(&mut state, LookAlikesCommand::None);
    assert_eq!(n_entries(&state), 0);
    assert!(state.chrome.toasts.last().unwrap().text.contains("25 not seen"));
    send(&mut state, LookAlikesCommand::Page(1));
    look(&mut state);
    // The key of the first tile is the first of the page.
    send(&mut state, LookAlikesCommand::Pick(0));
    assert_eq!(item(&state).picks, [item(&state).order[20]]);
    send(&mut state, LookAlikesCommand::Record);
    assert!(
        matches!(last(&state), Gesture::LookAlike { shown, .. } if shown.len() == 40),
        "the third page was not seen"
    );
}

#[test]
fn the_cursor_goes_in_rows_of_five() {
    let mut state = state(1, 12, false);
    let mut check = |to: Move, expected: usize| {
        send(&mut state, LookAlikesCommand::Cursor(to));
        assert_eq!(item(&state).cursor, expected, "{to:?}");
    };
    check(Move::Up, 0);
    check(Move::Down, 5);
    check(Move::Right, 6);
    check(Move::Down, 11);
    check(Move::Down, 11);
    check(Move::Right, 11);
    check(Move::Up, 6);
    check(Move::Left, 5);
}

#[test]
fn play_shows_who_was_right_and_counts() {
    let mut state = state(3, 6, true);
    send(&mut state, LookAlikesCommand::Mode(LookAlikesMode::Play));
    assert!(shows_ranks(&state) && !shows_scores(&state) && !shows_truth(&state));
    answer(&mut state, &[4, 2]);
    assert_eq!(item(&state).phase, Phase::Revealed);
    assert!(shows_truth(&state) && shows_scores(&state));
    assert_eq!(state.saving.review.entries()[0].seen.view, View::Play);
    let expected = PlayScore { n: 1, n_you_top2: 1, ..PlayScore::default() };
    assert_eq!(state.look_alikes.known.score(), expected, "the model has the match third");
    pick(&mut state, &[0]);
    assert_eq!(item(&state).picks, [4, 2], "nothing is changed beside the truth");
    send(&mut state, LookAlikesCommand::Record);
    assert_eq!((number(&state), n_entries(&state)), (1, 1));
    answer(&mut state, &[2]);
    assert_eq!(state.look_alikes.known.score(), PlayScore { n: 2, n_you_top1: 1, n_you_top2: 2, ..expected });
    send(&mut state, LookAlikesCommand::Undo);
    assert_eq!(state.look_alikes.known.score(), expected);
}

#[test]
fn the_guard_keeps_probable_matches_from_becoming_negatives() {
    let mut state = state(1, 6, false);
    let mut ranked = (**state.look_alikes.questions.as_ref().unwrap()).clone();
    ranked.near_duplicates = vec![vec![(1, 3)]];
    // A second strategy that puts the same one first.
    ranked.strategies.push(strategy("second", vec![vec![0.9, 0.1, 0.2, 0.3, 0.4, f32::NAN]]));
    ranked_again(&mut state, ranked);
    look(&mut state);
    pick(&mut state, &[3]);
    assert_eq!(
        answer_preview(&state).hard_negatives,
        [2],
        "0 is first by both, 1 looks the same as the pick"
    );
    send(&mut state, LookAlikesCommand::Record);
    send(&mut state, LookAlikesCommand::Section(LookAlikesSection::HardNegatives));
    let warnings: Vec<(usize, Option<Warning>)> =
        state.look_alikes.studio.list.iter().map(|line| (line.candidate, line.warning)).collect();
    assert_eq!(warnings, [(0, Some(Warning::Agreement(2))), (1, Some(Warning::NearDuplicate)), (2, None)]);
}

#[test]
fn the_studio_goes_through_what_stands_above_a_match() {
    let mut state = state(2, 6, true);
    send(&mut state, LookAlikesCommand::ToggleSection(LookAlikesSection::HardNegatives));
    let lines = |state: &AppState| -> Vec<(usize, usize)> {
        state.look_alikes.studio.list.iter().map(|line| (line.number, line.candidate)).collect()
    };
    assert_eq!(lines(&state), [(0, 0), (1, 0), (0, 1), (1, 1)], "widest margin first");
    send(&mut state, LookAlikesCommand::StudioJudge(CandidateVerdict::Negative));
    assert_eq!(n_entries(&state), 0, "too fast");
    for verdict in [CandidateVerdict::Negative, CandidateVerdict::LeftOut, CandidateVerdict::Match] {
        look(&mut state);
        send(&mut state, LookAlikesCommand::StudioJudge(verdict));
    }
    assert_eq!(n_entries(&state), 3);
    assert_eq!(state.look_alikes.studio.cursor, 3, "on to what is open");
    assert_eq!(state.look_alikes.known.verdict("q0", "q0c1"), Some(CandidateVerdict::Match));
    // "Actually a match" and the negative teach a triplet.
    assert!(state.look_alikes.known.n_triplets() >= 1);
    send(&mut state, LookAlikesCommand::StudioUndo);
    assert_eq!((state.look_alikes.studio.cursor, state.look_alikes.studio.outlined), (2, Some(2)));
    assert_eq!(state.look_alikes.known.verdict("q0", "q0c1"), None);
    look(&mut state);
    send(&mut state, LookAlikesCommand::StudioJudge(CandidateVerdict::Match));
    send(&mut state, LookAlikesCommand::StudioRefresh);
    // The second candidate is a match now: only the first stands above one.
    assert_eq!(lines(&state), [(1, 0), (0, 0), (1, 1)]);
    assert_eq!(state.look_alikes.studio.cursor, 2, "the first that nothing was said of");
    // What the studio said is announced no more.
    send(&mut state, LookAlikesCommand::ToggleSection(LookAlikesSection::HardNegatives));
    look(&mut state);
    pick(&mut state, &[3]);
    assert_eq!(
        answer_preview(&state).hard_negatives,
        Vec::<usize>::new(),
        "0 and 1 are decided, 2 is the match"
    );
}

#[test]
fn the_goal_is_announced_once() {
    let mut state = state(5, 6, false);
    change(&mut state, |settings| settings.goal = 2);
    for _ in 0..4 {
        answer(&mut state, &[1]);
    }
    let n = state.chrome.toasts.iter().filter(|toast| toast.text.contains("goal is reached")).count();
    assert_eq!(n, 1);
}

#[test]
fn questions_are_asked_for_and_a_failure_says_why() {
    let mut state = state(1, 6, true);
    assert!(!state.look_alikes.wants_questions(&state), "they are there");
    let jobs = |effects: Vec<Effect>| -> Vec<Request> {
        effects
            .into_iter()
            .filter_map(|effect| if let Effect::Job(job) = effect { Some(job) } else { None })
            .collect()
    };
    let effects = send(&mut state, LookAlikesCommand::OpenFile("c.csv".into()));
    let sent = jobs(effects);
    assert!(
        matches!(&sent[..], [Request::SaveSettings(_), Request::Rank { strategies, .. }] if !strategies.is_empty()),
        "{sent:?}"
    );
    // The catalogue has neither sides nor groups: there is nothing to draw from.
    send(&mut state, LookAlikesCommand::About(AskAbout::Labelled));
    assert!(jobs(send(&mut state, LookAlikesCommand::Ask)).is_empty());
    assert!(state.chrome.toasts.last().unwrap().text.contains("No match is known"));
    send(&mut state, LookAlikesCommand::About(AskAbout::Selected));
    let sent = jobs(send(&mut state, LookAlikesCommand::Ask));
    assert!(sent.iter().any(|job| matches!(job, Request::Rank { source: crate::jobs::QuestionSource::Postings { queries, .. }, .. } if *queries == [0])), "{sent:?}");
    asking::failed(&mut state, "no such file".to_owned());
    assert_eq!(
        (page(&state), state.look_alikes.refused.as_deref()),
        (LookAlikesSection::Questions, Some("no such file"))
    );
    assert!(state.look_alikes.questions.is_some(), "the old questions stay");
}
