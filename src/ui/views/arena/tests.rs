//! The Arena by what assistive technology hears.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;

use egui_kittest::kittest::Queryable as _;

use crate::app::{AppState, ArenaPage, Station, absorb};
use crate::catalog::demo;
use crate::jobs::{Event, JobId, JobKind, Outcome, RankAsker, RankedQuestions, StrategyScores};
use crate::matching::Question;
use crate::ui::testing::{stage, state_at};

fn state() -> AppState {
    state_at(Station::Arena, demo::looks_like_catalog(4, 1))
}

/// Two strategies on one question of three candidates: the first ranks the match first, the second last.
fn ranked() -> RankedQuestions {
    let strategy = |label: &str, scores: [f32; 3]| StrategyScores {
        id: label.to_lowercase(),
        label: label.to_owned(),
        scores: vec![scores.to_vec()],
        n_parameters: Some(3_500_000),
        millis_per_query: Some(1.25),
    };
    RankedQuestions {
        questions: vec![Question { query: 0, candidates: vec![1, 3, 5] }],
        truths: vec![vec![true, false, false]],
        strategies: vec![strategy("Shapes", [0.9, 0.2, 0.1]), strategy("Hashes", [0.1, 0.3, 0.2])],
        ..RankedQuestions::default()
    }
}

#[test]
fn rows_say_where_the_match_ranks() {
    let mut page = stage(state(), super::show);
    page.run_steps(2);
    // Looking at the station asks for the project's own strategies.
    assert!(page.state().look_alikes.arena.asking_since.is_some());
    let outcome = Outcome::Ranked { ranked: Arc::new(ranked()), asker: RankAsker::Arena, generation: 1 };
    absorb(page.state_mut(), Event::Finished { job: JobId(1), outcome });
    page.run_steps(3);
    page.get_by_label("Shapes: the match ranks 1 of 3, score 0.90");
    page.get_by_label("Hashes: the match ranks 3 of 3, score 0.10");
    page.get_by_label_contains("rank 3, score 0.10, the match");
    page.get_by_label("All questions").click();
    page.run_steps(2);
    assert_eq!(page.state().look_alikes.arena.page, ArenaPage::Summary);
    page.get_by_label_contains("Shapes: match first 100.0 %, among the first two 100.0 %");
    page.get_by_label_contains("Hashes: match first 0.0 %");
}

#[test]
fn what_cannot_be_ranked_is_said() {
    let mut page = stage(state(), super::show);
    page.run_steps(2);
    let kind = JobKind::Rank(RankAsker::Arena);
    let message = "the strategy `x:y` has no known form".to_owned();
    absorb(page.state_mut(), Event::Failed { job: JobId(1), kind, message });
    page.run_steps(2);
    page.get_by_label("the strategy `x:y` has no known form");
    page.get_by_label("Rank again").click();
    page.run_steps(2);
    assert!(page.state().look_alikes.arena.refused.is_none());
}

#[test]
fn without_a_catalogue_it_says_what_to_do() {
    let mut page = stage(AppState::default(), super::show);
    page.run_steps(2);
    page.get_by_label("Nothing to compare");
}
