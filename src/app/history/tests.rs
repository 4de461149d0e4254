//! The log as lines: wording, filters, selection, undo of any gesture, import.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::PathBuf;
use std::sync::Arc;

use super::super::{AppState, Session};
use super::*;
use crate::catalog::{CatalogBuilder, CatalogSource, ImageSource, OpenOptions};
use crate::project::{Access, ProjectSettings};
use crate::review::{Claim, Verdict};

fn within(members: &[&str], verdict: Verdict) -> Claim {
    Claim::Within { members: members.iter().map(|&key| key.into()).collect(), verdict }
}

fn across(left: &[&str], right: &[&str], verdict: Verdict) -> Claim {
    let keys = |names: &[&str]| names.iter().map(|&key| key.into()).collect();
    Claim::Across { left: keys(left), right: keys(right), verdict }
}

fn state() -> AppState {
    let source = CatalogSource::File("t.csv".into());
    let mut builder = CatalogBuilder::new("t", source.clone(), Vec::new());
    for (key, title) in [("a", "Red mug"), ("b", "Red mug 2"), ("c", "Blue lamp"), ("d", "Teapot")] {
        builder.push(key, title, title, ImageSource::None, None, &[]);
    }
    let mut state = AppState::default();
    state.session.open = Some(Session {
        folder: PathBuf::from("p"),
        name: "t".to_owned(),
        access: Access::Write,
        catalog: Arc::new(builder.finish()),
        settings: ProjectSettings::new(source, OpenOptions::default()),
    });
    state
}

fn record(state: &mut AppState, reviewer: &str, gesture: Gesture) -> crate::review::EntryId {
    state.preferences.reviewer = reviewer.to_owned();
    super::super::saving::record(state, gesture, Seen::default()).0
}

fn judge(claims: Vec<Claim>) -> Gesture {
    Gesture::Judge { claims }
}

fn scan(state: &mut AppState) {
    while state.history.listing.is_outdated(state.saving.review.entries().len()) {
        apply(state, HistoryCommand::ScanOn);
    }
}

fn listed(state: &mut AppState) -> Vec<String> {
    scan(state);
    let n_lines = state.history.listing.n_lines(state.saving.review.entries().len());
    (0..n_lines)
        .map(|line| {
            entry_wording(state.history.entry(line, &state.saving.review).unwrap(), &state.saving.review)
        })
        .collect()
}

#[test]
fn gestures_are_told_in_words() {
    let mut state = state();
    let mut check = |gesture: Gesture, expected: &str| {
        let id = record(&mut state, "r", gesture);
        let review = &state.saving.review;
        assert_eq!(entry_wording(review.entry(id).unwrap(), review), expected);
        id
    };
    let same = check(judge(vec![within(&["a", "b", "c", "d"], Verdict::Same)]), "Same: 4 postings, 6 pairs");
    let undo = check(Gesture::Retract { entry: same }, "Undid Same: 4 postings, 6 pairs");
    let redo = check(Gesture::Retract { entry: undo }, "Redid Same: 4 postings, 6 pairs");
    check(Gesture::Retract { entry: redo }, "Undid Same: 4 postings, 6 pairs");
    check(
        judge(vec![within(&["a", "b"], Verdict::Same), across(&["c"], &["a", "b"], Verdict::Different)]),
        "Same: 2 postings, 1 pair; Different: 3 postings, 2 pairs",
    );
    let pair = || across(&["a"], &["b"], Verdict::Variant);
    check(judge(std::iter::repeat_with(pair).take(600).collect()), "Variant: 600 pairs");
    check(judge(Vec::new()), "Nothing");
    check(Gesture::Keep { posting: "a".into() }, "Keeper chosen");
    check(Gesture::Note { posting: "a".into(), text: "odd".to_owned() }, "Note: odd");
    check(Gesture::Note { posting: "a".into(), text: String::new() }, "Note removed");
    check(Gesture::Flag { posting: "a".into(), flagged: true }, "Flagged for a second look");
    check(
        Gesture::Retract { entry: crate::review::EntryId::fresh() },
        "Undid an entry that is not in this log",
    );
}

#[test]
fn the_newest_comes_first_and_filters_combine() {
    let mut state = state();
    record(&mut state, "ann", judge(vec![within(&["a", "b"], Verdict::Same)]));
    record(&mut state, "bob", judge(vec![across(&["a"], &["c"], Verdict::Different)]));
    record(&mut state, "ann", Gesture::Note { posting: "d".into(), text: "odd".to_owned() });
    let all = ["Note: odd", "Different: 2 postings, 1 pair", "Same: 2 postings, 1 pair"];
    assert_eq!(listed(&mut state), all);
    assert_eq!(state.history.listing.reviewers(), ["ann", "bob"]);
    let mut check = |text: &str, kind: Option<HistoryKind>, reviewer: Option<&str>, expected: &[&str]| {
        let reviewer = reviewer.map(str::to_owned);
        apply(&mut state, HistoryCommand::Filter(HistoryFilter { text: text.to_owned(), kind, reviewer }));
        assert_eq!(listed(&mut state), expected, "{text}");
    };
    check("  RED mug ", None, None, &all[1..]);
    check("lamp", None, None, &all[1..2]);
    check("teapot", None, None, &all[..1]);
    check("bob", None, None, &all[1..2]);
    check("", Some(HistoryKind::Verdict(Verdict::Same)), None, &all[2..]);
    check("", Some(HistoryKind::Remark), Some("bob"), &[]);
    check("red", None, Some("ann"), &all[2..]);
    check("", None, None, &all);
}

#[test]
fn a_log_that_grows_is_listed_anew() {
    let mut state = state();
    record(&mut state, "ann", judge(vec![within(&["a", "b"], Verdict::Same)]));
    let filter = HistoryFilter { text: "same".to_owned(), ..HistoryFilter::default() };
    apply(&mut state, HistoryCommand::Filter(filter));
    assert_eq!(listed(&mut state).len(), 1);
    record(&mut state, "ann", judge(vec![within(&["c", "d"], Verdict::Same)]));
    assert_eq!(listed(&mut state).len(), 2);
}

#[test]
fn any_gesture_is_undone_and_redone_and_the_cursor_stays_on_it() {
    let mut state = state();
    let first = record(&mut state, "ann", judge(vec![within(&["a", "b"], Verdict::Same)]));
    let second = record(&mut state, "ann", judge(vec![within(&["c", "d"], Verdict::Same)]));
    scan(&mut state);
    apply(&mut state, HistoryCommand::Move(1));
    apply(&mut state, HistoryCommand::Undo);
    scan(&mut state);
    let is_active = |state: &AppState, id| state.saving.review.is_active(id);
    assert_eq!((is_active(&state, first), is_active(&state, second)), (false, true));
    assert_eq!(state.history.current(&state.saving.review).unwrap().id, first);
    apply(&mut state, HistoryCommand::Undo);
    assert_eq!(state.saving.review.entries().len(), 3, "what is undone is not undone again");
    apply(&mut state, HistoryCommand::Redo);
    scan(&mut state);
    assert!(is_active(&state, first));
    assert_eq!(state.history.current(&state.saving.review).unwrap().id, first);
    apply(&mut state, HistoryCommand::Redo);
    assert_eq!(state.saving.review.entries().len(), 4, "what counts is not redone");
}

#[test]
fn a_read_only_window_neither_imports_nor_undoes() {
    let mut state = state();
    record(&mut state, "ann", judge(vec![within(&["a", "b"], Verdict::Same)]));
    scan(&mut state);
    state.session.open.as_mut().unwrap().access = Access::ReadOnly;
    for command in [HistoryCommand::Undo, HistoryCommand::Import("pairs.csv".into())] {
        let effects = apply(&mut state, command);
        assert!(!effects.iter().any(|effect| matches!(effect, Effect::Job(_))));
    }
    assert_eq!(state.saving.review.entries().len(), 1);
}

#[test]
fn postings_are_named_once_and_through_retractions() {
    let mut state = state();
    let both = vec![within(&["a", "b"], Verdict::Same), across(&["c"], &["a", "b"], Verdict::Different)];
    let id = record(&mut state, "ann", judge(both));
    let undo = record(&mut state, "ann", Gesture::Retract { entry: id });
    let review = &state.saving.review;
    for id in [id, undo] {
        let keys = entry_postings(review.entry(id).unwrap(), review);
        assert_eq!(keys.iter().map(|key| &**key).collect::<Vec<_>>(), ["a", "b", "c"]);
    }
}
