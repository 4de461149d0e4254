//! Rows, orders and the cursor on made-up rankings.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::sync::Arc;

use super::super::{AppState, Command, Effect, Session, apply};
use super::{ArenaCommand as C, ArenaOrder, ranked, strategy_choices};
use crate::catalog::{CatalogSource, OpenOptions, demo};
use crate::jobs::{QuestionSource, RankAsker, RankedQuestions, Request, StrategyScores};
use crate::matching::Question;
use crate::project::{Access, ProjectSettings};

fn state() -> AppState {
    let catalog = Arc::new(demo::looks_like_catalog(4, 1));
    let source = CatalogSource::DemoLooksLike { n_pairs: 4, seed: 1 };
    let mut state = AppState::default();
    state.session.open = Some(Session {
        folder: "demo.lookalike".into(),
        name: "Demo".to_owned(),
        access: Access::Write,
        catalog,
        settings: ProjectSettings::new(source, OpenOptions::default()),
    });
    state
}

fn send(state: &mut AppState, command: C) -> Vec<Effect> {
    apply(state, Command::Arena(command))
}

/// Asks, and is answered: three questions of three candidates by two strategies; the match is the first candidate of each.
fn answered() -> AppState {
    let mut state = state();
    let effects = send(&mut state, C::Load);
    let [Effect::Job(Request::Rank { source, strategies, asker, generation })] = effects.as_slice() else {
        panic!("{effects:?}");
    };
    assert_eq!(*asker, RankAsker::Arena);
    assert!(matches!(source, QuestionSource::Pairs(drawing) if drawing.n_candidates == 20));
    assert!(strategies.contains(&"perceptual".to_owned()), "{strategies:?}");
    let scores = |best: [[f32; 3]; 3]| best.map(|scores| scores.to_vec()).to_vec();
    let strategy = |id: &str, scores| StrategyScores {
        id: id.to_owned(),
        label: id.to_owned(),
        scores,
        n_parameters: None,
        millis_per_query: Some(0.0),
    };
    let result = RankedQuestions {
        questions: (0..3).map(|n| Question { query: n * 2, candidates: vec![n * 2 + 1, 5, 7] }).collect(),
        truths: vec![vec![true, false, false]; 3],
        // The match of the three questions is ranked 1 and 2, 1 and 3, 3 and 3.
        strategies: vec![
            strategy("a", scores([[0.9, 0.1, 0.2], [0.9, 0.1, 0.2], [0.1, 0.9, 0.5]])),
            strategy("b", scores([[0.5, 0.9, 0.2], [0.1, 0.9, 0.5], [0.1, 0.5, 0.9]])),
        ],
        ..RankedQuestions::default()
    };
    let generation = *generation;
    ranked(&mut state, Arc::new(result), generation);
    state
}

fn check_order(state: &mut AppState, order: ArenaOrder, expected: [usize; 3]) {
    send(state, C::Order(order));
    let mut found = Vec::new();
    for _ in 0..3 {
        found.extend(state.look_alikes.arena.question());
        send(state, C::Step(1));
    }
    assert_eq!(found, expected, "{order:?}");
}

#[test]
fn questions_stand_in_the_order_asked_for() {
    let mut state = answered();
    check_order(&mut state, ArenaOrder::MostMoved, [1, 0, 2]);
    check_order(&mut state, ArenaOrder::Worst, [2, 0, 1]);
    check_order(&mut state, ArenaOrder::AsAsked, [0, 1, 2]);
}

#[test]
fn the_cursor_stays_on_its_candidate_from_row_to_row() {
    let mut state = answered();
    send(&mut state, C::Order(ArenaOrder::AsAsked));
    // The match: first by a, second by b.
    assert_eq!(state.look_alikes.arena.candidate(0, 0), Some(0));
    send(&mut state, C::Row(1));
    assert_eq!((state.look_alikes.arena.row, state.look_alikes.arena.rank), (1, 1));
    assert_eq!(state.look_alikes.arena.candidate(1, 1), Some(0));
    send(&mut state, C::Rank(i64::MAX));
    assert_eq!(state.look_alikes.arena.rank, 2);
    send(&mut state, C::Compare);
    assert!(state.compare.is_open());
}

#[test]
fn a_late_answer_is_dropped_and_a_row_can_be_taken_away() {
    let mut state = answered();
    let before = state.look_alikes.arena.ranked.clone();
    ranked(&mut state, Arc::default(), 0);
    assert!(Arc::ptr_eq(&before.unwrap(), state.look_alikes.arena.ranked.as_ref().unwrap()));
    let n_rows = state.look_alikes.arena.strategies.as_ref().unwrap().len();
    let effects = send(&mut state, C::Toggle("phash".to_owned()));
    let [Effect::Job(Request::Rank { strategies, .. })] = effects.as_slice() else { panic!("{effects:?}") };
    assert_eq!(strategies.len(), n_rows - 1);
    let choice = strategy_choices(&state).into_iter().find(|choice| choice.id == "phash").unwrap();
    assert!(!choice.is_on);
}

#[test]
fn a_posting_is_found_by_its_key() {
    let mut state = answered();
    let key = {
        let catalog = &state.session.open.as_ref().unwrap().catalog;
        catalog.key(crate::catalog::PostingIdx(4)).to_owned()
    };
    send(&mut state, C::GoTo(key));
    assert_eq!(state.look_alikes.arena.query_in_view(), Some(4));
    send(&mut state, C::GoTo("nobody".to_owned()));
    assert_eq!(state.look_alikes.arena.query_in_view(), Some(4));
}
