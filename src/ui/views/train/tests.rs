//! The station by what assistive technology hears.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;

use egui_kittest::kittest::Queryable as _;

use crate::app::{AppState, Command, Said, Station, TrainCommand, TrainSection, absorb, apply};
use crate::catalog::{Catalog, PostingIdx, demo};
use crate::jobs::{
    Event, Feed, GroupMap, JobId, JobKind, LabelCounts, Outcome, PartMap, TrainedAnswer, TrainedDone,
    TrainedRun, TrainingMoment, sample_receipt,
};
use crate::train::Unreviewed;
use crate::ui::testing::{stage, state_at};

fn state() -> AppState {
    let mut state = state_at(Station::Train, demo::catalog(10, 1));
    apply(&mut state, Command::Train(TrainCommand::Count));
    state
}

fn catalog(state: &AppState) -> Arc<Catalog> {
    state.session.open.as_ref().unwrap().catalog.clone()
}

fn hear(state: &mut AppState, outcome: Outcome) {
    absorb(state, Event::Finished { job: JobId(1), outcome });
}

/// Hears of one finished run, whose receipt is in view then.
fn with_receipt(state: &mut AppState) {
    let catalog = catalog(state);
    let keys = [catalog.key(PostingIdx(0)), catalog.key(PostingIdx(1))];
    let receipt = Arc::new(sample_receipt(3, 0.8, keys).unwrap());
    let answer = TrainedAnswer {
        runs: vec![TrainedRun { receipt: receipt.clone(), has_weights: true }],
        done: Some(TrainedDone::Trained(receipt)),
        ..TrainedAnswer::default()
    };
    hear(state, Outcome::Trained(Box::new(answer)));
}

fn shows(page: &egui_kittest::Harness<'_, AppState>, text: &str) -> bool {
    page.query_all_by_label_contains(text).next().is_some()
}

#[test]
fn an_empty_station_says_what_to_do() {
    let mut page = stage(AppState::default(), super::show);
    page.run_steps(2);
    assert!(shows(&page, "Nothing to learn from") && shows(&page, "Open the demo"));
    let mut page = stage(state(), super::show);
    for (section, hint) in
        [(TrainSection::Receipt, "No receipt yet"), (TrainSection::Receipts, "Nothing was trained yet")]
    {
        apply(page.state_mut(), Command::Train(TrainCommand::Section(section)));
        page.run_steps(2);
        assert!(shows(&page, hint));
        page.get_by_label("Go to Learn").click();
        page.run_steps(2);
        assert_eq!(page.state().train.section, TrainSection::Learn);
    }
}

#[test]
fn counts_and_what_is_missing_are_read_out_with_the_remedy() {
    let mut state = state();
    let feed = Feed { n_rows: 12, n_classes: 4, n_groups: 3, n_same: 1_234, n_different: 7, n_triplets: 9 };
    let counts = LabelCounts {
        all: feed,
        parts: [feed; 3],
        unreviewed: Unreviewed::Unknown,
        notes: vec!["2 pairs were left out".to_owned()],
        missing: vec!["the test part holds nothing. Review more duplicates".to_owned()],
    };
    // Two counts were asked for; the newer one's answer is the one that counts.
    apply(&mut state, Command::Train(TrainCommand::NextLabels));
    apply(&mut state, Command::Train(TrainCommand::Count));
    let old = Outcome::Counted { counts: Box::new(counts.clone()), generation: 1 };
    hear(&mut state, old);
    assert!(state.train.counts.is_none(), "an overtaken count");
    hear(&mut state, Outcome::Counted { counts: Box::new(counts), generation: 2 });
    let mut page = stage(state, super::show);
    page.run_steps(3);
    assert!(shows(&page, "1,234") && shows(&page, "2 pairs were left out"));
    assert!(
        shows(&page, "only pairs said to be different") || shows(&page, "Only pairs said to be different")
    );
    assert!(shows(&page, "Review more duplicates"));
    page.get_by_label("Decide more duplicates").click();
    page.run_steps(2);
    assert_eq!(page.state().chrome.station, Station::Duplicates);
}

#[test]
fn a_run_shows_its_curves_and_what_stopped_it() {
    let mut state = state();
    apply(&mut state, Command::Train(TrainCommand::Start));
    let job = JobId(5);
    absorb(&mut state, Event::Started { job, kind: JobKind::Train });
    for step in 1..30 {
        let f1 = (step % 10 == 0).then_some(0.5 + step as f64 / 100.0);
        let moment = TrainingMoment {
            step,
            n_steps: 60,
            epoch: 1 + step / 10,
            n_epochs: 6,
            loss: 1.0 / step as f64,
            learning_rate: 1e-3,
            validation_f1: f1,
            training_f1: f1,
        };
        absorb(&mut state, Event::Training { job, moment });
    }
    let mut page = stage(state, super::show);
    page.run_steps(3);
    assert!(shows(&page, "Round 3 of 6 at most"));
    assert!(shows(
        &page,
        "F1 by step. validation: last 0.7000, highest 0.7000; training sample: last 0.7000"
    ));
    assert!(shows(&page, "Loss by step. training: last 0.0345"));
    page.get_by_label("Stop").click();
    page.run_steps(2);
    assert!(page.state().train.running.as_ref().unwrap().is_stopping);
    let message = "cannot write trained/x: No space left on device. Free some space".to_owned();
    absorb(page.state_mut(), Event::Failed { job, kind: JobKind::Train, message });
    page.run_steps(2);
    assert!(shows(&page, "No space left on device"));
    assert!(matches!(page.state().train.said, Some(Said::Bad(_))));
}

#[test]
fn a_receipt_says_what_was_gained_and_its_pairs_open() {
    let mut state = state();
    with_receipt(&mut state);
    let map = PartMap {
        postings: (0..4).map(PostingIdx).collect(),
        groups: vec![0, 0, 1, 1],
        before: vec![[0.0, 0.0], [1.0, 0.0], [0.5, 0.1], [2.0, 2.0]],
        after: vec![[0.0, 0.0], [0.1, 0.0], [2.0, 2.0], [2.1, 2.0]],
        kept: [0.25, 1.0],
    };
    let map =
        GroupMap { digest: "digest-3".to_owned(), training: map.clone(), validation: PartMap::default() };
    hear(&mut state, Outcome::Mapped(Arc::new(map)));
    let mut page = stage(state, super::show);
    page.run_steps(3);
    assert!(shows(&page, "F1 before: 0.500, between 0.450 and 0.550"));
    assert!(shows(&page, "F1 after: 0.800, between 0.750 and 0.850"));
    assert!(shows(&page, "the gain is no chance of these postings"));
    assert!(shows(&page, "stands in for mobilenetv2_tf"));
    assert!(shows(&page, "Test F1 by threshold by threshold. before"));
    assert!(shows(
        &page,
        "Training, before: 4 postings of 2 groups (disc, square); nearest in its own group: 25 %"
    ));
    assert!(shows(&page, "Validation: no group of two and more"));
    assert!(shows(&page, "60 entries") && shows(&page, "digest-3"));
    let pair = page.query_all_by_label_contains("Fixed pair 1, ").next().unwrap();
    pair.click();
    page.run_steps(2);
    assert_eq!(page.state().compare.pair, Some((PostingIdx(0), PostingIdx(1))));
}

#[test]
fn receipts_are_listed_and_sorted_by_their_headers() {
    let mut state = state();
    with_receipt(&mut state);
    apply(&mut state, Command::Train(TrainCommand::Section(TrainSection::Receipts)));
    let mut page = stage(state, super::show);
    page.run_steps(3);
    assert!(shows(&page, "seed 3, "));
    page.get_by_label("Sort by Trained, sorted, largest first").click();
    page.run_steps(2);
    assert!(page.state().train.list.is_ascending);
    page.get_by_label("Show receipt").click();
    page.run_steps(2);
    assert_eq!(page.state().train.section, TrainSection::Receipt);
}
