//! The station by what assistive technology hears.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use egui_kittest::kittest::Queryable as _;

use crate::app::{AppState, Command, HistoryCommand, Station, apply};
use crate::catalog::demo;
use crate::review::{Claim, Entry, EntryId, Gesture, ReviewState, Seen, Verdict, View};
use crate::ui::testing::{stage, state_at};

fn state(n_entries: usize) -> AppState {
    let catalog = demo::catalog(10, 1);
    let key = |at: usize| catalog.key(crate::catalog::PostingIdx::from_row(at % catalog.n_postings())).into();
    let entries = (0..n_entries).map(|at| Entry {
        id: EntryId::fresh(),
        reviewer: if at % 3 == 2 { "bob" } else { "ann" }.to_owned(),
        lamport: at as u64 + 1,
        at_millis: 1_700_000_000_000 + at as i64 * 4_000,
        gesture: Gesture::Judge {
            claims: vec![Claim::Within {
                members: vec![key(2 * at), key(2 * at + 1)],
                verdict: Verdict::ALL[at % 4],
            }],
        },
        seen: Seen { view: View::Pair, model: "a+b/mean:0.50".to_owned(), millis: 4_200, ..Seen::default() },
    });
    let review = ReviewState::from_entries(entries);
    let mut state = state_at(Station::History, catalog);
    state.saving.review = review;
    state
}

#[test]
fn no_decisions_say_what_to_do() {
    let mut page = stage(state(0), super::show);
    page.run_steps(2);
    page.get_by_label("Start deciding").click();
    page.run_steps(2);
    assert_eq!(page.state().chrome.station, crate::app::Station::Duplicates);
}

#[test]
fn the_selected_gesture_is_undone_and_redone_by_its_button() {
    let mut page = stage(state(6), super::show);
    page.run_steps(3);
    apply(page.state_mut(), Command::History(HistoryCommand::Move(2)));
    page.run_steps(2);
    let id = page.state().history.current(&page.state().saving.review).unwrap().id;
    page.get_by_label("Undo this (U)").click();
    page.run_steps(3);
    assert!(!page.state().saving.review.is_active(id));
    page.get_by_label("Redo this (R)").click();
    page.run_steps(3);
    assert!(page.state().saving.review.is_active(id));
    assert_eq!(page.state().saving.review.entries().len(), 8);
}

#[test]
fn lines_and_details_have_names() {
    let mut page = stage(state(3), super::show);
    page.run_steps(3);
    assert_eq!(page.query_all_by_label_contains("Variant: 2 postings, 1 pair, active, bob").count(), 1);
    assert_eq!(page.query_all_by_label_contains("Go to ").count(), 3, "two postings and the button");
    apply(page.state_mut(), Command::History(HistoryCommand::ToggleDetails));
    page.run_steps(2);
    page.get_by_label("Details (Enter)");
}

#[test]
fn times_are_short() {
    for (millis, expected) in [(0, ""), (380, "380 ms"), (4_200, "4.2 s"), (61_000, "1 min 1 s")] {
        assert_eq!(super::duration(millis), expected);
    }
}
