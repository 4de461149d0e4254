//! The loop by keyboard on real data: decisions, Train, the receipt, promoting, the queue that re-ranks, decisions respected,
//! rolling back.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Instant;

use egui::{Key, Modifiers};
use egui_kittest::kittest::Queryable;
use lookalike::app::{Command, DuplicatesCommand, PairKind, Said, SessionCommand, Station, TrainSection};
use lookalike::catalog::{CatalogSource, PostingIdx};
use lookalike::jobs::{LabelSource, MatchOutcome};
use lookalike::review::{PairStanding, QueueKind, Verdict};

use crate::driver::Driver;

/// Decides `n` items by keyboard as the catalogue's own groups say; items that hold both are skipped.
fn decide(driver: &mut Driver, n: usize) {
    let before = driver.state().saving.review.entries().len();
    for _ in 0..n * 12 {
        if driver.state().saving.review.entries().len() >= before + n {
            return;
        }
        let key = {
            let state = driver.state();
            let session = state.session.open.as_ref().expect("a project is open");
            let Some(item) = state.duplicates.item.as_ref() else { panic!("the queue ended too early") };
            let is_decided = state.duplicates.recorded[item.position].is_some();
            let groups: Vec<Option<&str>> =
                item.cards.iter().map(|card| session.catalog.group(card.front())).collect();
            let distinct: BTreeSet<_> = groups.iter().collect();
            match distinct.len() {
                _ if is_decided => Key::N,
                1 => Key::S,
                n if n == groups.len() => Key::D,
                _ => Key::N,
            }
        };
        driver.press(key);
    }
    panic!("{n} items could not be decided");
}

fn outcome(driver: &Driver) -> &MatchOutcome {
    driver.state().matching.outcome.as_ref().expect("matched")
}

fn wait_matched(driver: &mut Driver, is_trained: bool) {
    driver.wait("the new matching", |state| {
        let outcome = state.matching.outcome.as_ref();
        outcome.is_some_and(|outcome| outcome.settings.is_trained() == is_trained)
            && state.matching.updating_since.is_none()
            && !state.duplicates.is_updating
    });
}

/// Decided pairs stand in the clusters as they were decided: what is the same is together, and what is different is together at
/// most through postings nobody has decided about, never by its own similarity.
fn check_respected(driver: &Driver) {
    let state = driver.state();
    let session = state.session.open.as_ref().expect("open");
    let (clusters, review) = (&outcome(driver).clusters, &state.saving.review);
    let together = |a: u32, b: u32| clusters.cluster_of[a as usize] == clusters.cluster_of[b as usize];
    let row = |key: &str| session.catalog.find(key).expect("a posting of the catalogue").0;
    let mut links: Vec<Vec<u32>> = vec![Vec::new(); session.catalog.n_postings()];
    let mut link = |a: u32, b: u32| {
        links[a as usize].push(b);
        links[b as usize].push(a);
    };
    let mut n_same = 0;
    for group in review.united_groups() {
        for pair in group.windows(2) {
            let (a, b) = (row(&pair[0]), row(&pair[1]));
            assert!(together(a, b), "{group:?} were said to be the same");
            link(a, b);
            n_same += 1;
        }
    }
    let is_apart = |a: u32, b: u32| {
        let key = |row: u32| session.catalog.key(PostingIdx(row));
        matches!(
            review.standing(key(a), key(b)),
            PairStanding::Decided(Verdict::Different | Verdict::Variant)
        )
    };
    let (neighbors, threshold) = (&outcome(driver).neighbors, outcome(driver).settings.threshold);
    for a in 0..session.catalog.n_postings() as u32 {
        let (others, scores) = neighbors.list(a as usize);
        for (b, score) in others.iter().zip(scores) {
            if *b != a && *score >= threshold && !is_apart(a, *b) {
                link(a, *b);
            }
        }
    }
    let mut n_apart = 0;
    for (a, b, _) in review.apart_pairs() {
        let (row_a, row_b) = (row(&a), row(&b));
        n_apart += 1;
        if !is_apart(row_a, row_b) || !together(row_a, row_b) {
            continue;
        }
        let (mut seen, mut open) = (BTreeSet::from([row_a]), vec![row_a]);
        while let Some(at) = open.pop() {
            open.extend(links[at as usize].iter().copied().filter(|other| seen.insert(*other)));
        }
        assert!(seen.contains(&row_b), "{a} and {b} were said to be different, and nothing else joins them");
    }
    assert!(n_same > 0 && n_apart > 0, "{n_same} same, {n_apart} apart");
}

/// The members of every item of the queue, in its order.
fn queue(driver: &Driver) -> Vec<Vec<u32>> {
    let queue = driver.state().duplicates.queue.as_ref().expect("a queue");
    queue.items.iter().map(|item| item.members.clone()).collect()
}

/// Goes to Train and learns; what the receipt says is in view afterwards.
fn train(driver: &mut Driver) {
    driver.press_with(Modifiers::COMMAND, Key::Num5);
    assert_eq!(driver.state().chrome.station, Station::Train);
    driver.press(Key::Num1);
    driver.wait("the counts", |state| state.train.counts.is_some() && !state.train.is_outdated(state));
    driver.press(Key::T);
    assert!(driver.state().train.running.is_some() || driver.state().train.shown.is_some());
    driver.wait("the receipt", |state| state.train.running.is_none());
    assert!(matches!(driver.state().train.said, Some(Said::Good(_))), "{:?}", driver.state().train.said);
    assert_eq!(driver.state().train.section, TrainSection::Receipt);
}

#[test]
fn decisions_train_promote_re_rank_and_roll_back_by_keyboard() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let folder = folder.path().join("demo.lookalike");
    let mut driver = Driver::with_demo(&folder, 200, [1440.0, 900.0]);
    decide(&mut driver, 60);
    driver.press_with(Modifiers::COMMAND, Key::R);
    wait_matched(&mut driver, false);
    check_respected(&driver);
    let (frozen, frozen_queue) = (outcome(&driver).neighbors.clone(), queue(&driver));
    let threshold = driver.state().matching.settings.threshold;

    train(&mut driver);
    let n_entries = driver.state().saving.review.entries().len() as u64;
    let receipt = driver.state().train.shown_run().expect("a receipt").receipt.clone();
    assert_eq!(receipt.labels, LabelSource::Both);
    assert_eq!(receipt.result.data.log_position, n_entries);
    assert!(!receipt.curves.before.is_empty() && !receipt.curves.after.is_empty());
    assert!(driver.shows("On postings it has not learned from") && driver.shows("F1 after: "));
    // Both kinds of changed pairs are there to be looked at, and one opens in Compare and comes back.
    assert!(receipt.n_fixed > 0, "nothing was fixed");
    assert!(driver.shows("Fixed pair 1, "));
    driver.press(Key::Enter);
    assert!(driver.state().compare.is_open());
    driver.press(Key::Escape);
    assert!(!driver.state().compare.is_open() && driver.state().chrome.station == Station::Train);
    driver.press(Key::F);
    assert_eq!(driver.state().train.pairs, PairKind::Broken);
    driver.wait("the groups", |state| state.train.map_of(&receipt).is_some());
    assert!(driver.shows("Training, before: ") && driver.shows("Validation, after: "));

    // Training changed nothing that is in use.
    assert_eq!(outcome(&driver).neighbors.rows, frozen.rows);
    driver.press(Key::P);
    wait_matched(&mut driver, true);
    assert_eq!(driver.state().matching.settings.threshold, receipt.result.after.threshold);
    assert_ne!(
        outcome(&driver).neighbors.rows,
        frozen.rows,
        "the trained model ranks as the frozen encoders do"
    );
    assert_ne!(queue(&driver), frozen_queue, "the queue was not ranked again");
    check_respected(&driver);
    assert!(driver.shows("does the matching"));
    driver.press_with(Modifiers::COMMAND, Key::Num2);
    assert!(driver.shows("Fusion: Trained: lookalike-best"));
    // What is decided now says by which model it was shown.
    decide(&mut driver, 1);
    let last = driver.state().saving.review.entries().last().expect("an entry").clone();
    assert!(last.seen.model.ends_with("/trained:lookalike-best"), "{}", last.seen.model);

    // The settings are kept: another start of the same project matches by the model at once.
    driver.wait("the disk", |state| state.saving.n_pending == 0);
    drop(driver);
    let mut driver = Driver::bare([1440.0, 900.0]);
    driver.open_demo(&folder, 200);
    assert!(outcome(&driver).settings.is_trained());
    driver.press_with(Modifiers::COMMAND, Key::Num5);
    driver.press(Key::Num2);
    assert!(driver.shows("does the matching"));
    driver.press(Key::B);
    wait_matched(&mut driver, false);
    assert_eq!(driver.state().matching.settings.threshold, threshold);
    assert_eq!(outcome(&driver).neighbors.rows, frozen.rows, "what was before is not back");
    check_respected(&driver);
    assert!(driver.state().train.trained.promoted.is_none());
    // A second time there is nothing to roll back, which is said.
    driver.press(Key::B);
    assert!(driver.shows("No trained model is in use"));
}

#[test]
fn settings_are_changed_refused_and_reset_by_keyboard() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut driver = Driver::with_demo(&folder.path().join("demo.lookalike"), 40, [1024.0, 700.0]);
    driver.press_with(Modifiers::COMMAND, Key::Num5);
    driver.wait("the counts", |state| state.train.counts.is_some());
    assert!(driver.shows("Same pairs") && driver.shows("Triplets"));
    // L: decisions alone are nothing yet; the page says what to do, and a run is refused with the same words.
    driver.press(Key::L);
    driver.wait("the counts", |state| {
        state.train.labels == LabelSource::Decisions
            && !state.train.is_outdated(state)
            && state.train.counts.as_ref().is_some_and(|counts| !counts.missing.is_empty())
    });
    assert!(driver.shows("Review more duplicates"));
    driver.press(Key::T);
    driver.wait("the refusal", |state| state.train.running.is_none());
    assert!(
        matches!(&driver.state().train.said, Some(Said::Bad(text)) if text.contains("known to be the same")),
        "{:?}",
        driver.state().train.said
    );
    assert!(driver.shows("no pair of postings known to be the same"));
    for _ in 0..3 {
        driver.press(Key::L);
    }
    assert_eq!(driver.state().train.labels, LabelSource::Both);
    // R and Shift+R go through the recipes.
    let first = driver.state().train.draft.recipe.as_ref().expect("a recipe").id.clone();
    driver.press(Key::R);
    assert_ne!(driver.state().train.draft.recipe.as_ref().expect("a recipe").id, first);
    driver.press_with(Modifiers::SHIFT, Key::R);
    // Down to max_epochs, Enter, a new value, Enter; then one that makes no sense; then Delete takes it back.
    let at = driver.state().train.draft.parameters.iter().position(|it| it.name == "max_epochs");
    for _ in 0..at.expect("the parameter") {
        driver.press(Key::ArrowDown);
    }
    let type_value = |driver: &mut Driver, value: &str| {
        driver.press(Key::Enter);
        driver.press_with(Modifiers::COMMAND, Key::A);
        driver.type_text(value);
        driver.press(Key::Enter);
    };
    let epochs =
        |driver: &Driver| driver.state().train.draft.recipe.as_ref().map(|it| it.training.max_epochs);
    let own = epochs(&driver);
    type_value(&mut driver, "3");
    assert_eq!(epochs(&driver), Some(3));
    type_value(&mut driver, "-1");
    assert_eq!(epochs(&driver), Some(3));
    assert!(driver.shows("expected usize"), "the parameter says why its value was not taken");
    driver.press(Key::Delete);
    assert_eq!(epochs(&driver), own);
    // S, a seed, Enter: the split is another.
    driver.press(Key::S);
    driver.press_with(Modifiers::COMMAND, Key::A);
    driver.type_text("7");
    driver.press(Key::Enter);
    assert_eq!(driver.state().train.draft.seed(), 7);
}

#[test]
fn a_run_is_stopped_and_receipts_are_compared() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut driver = Driver::with_demo(&folder.path().join("demo.lookalike"), 60, [1440.0, 900.0]);
    driver.press_with(Modifiers::COMMAND, Key::Num5);
    driver.wait("the counts", |state| state.train.counts.is_some());
    let recipe = lookalike::app::TrainCommand::Recipe("siamese-cosine".to_owned());
    driver.send(Command::Train(recipe));
    // A run that would take hours is stopped after its first round; the best so far is kept.
    for (name, value) in [("max_epochs", "100000"), ("patience", "null")] {
        let command = lookalike::app::TrainCommand::Set { name: name.to_owned(), value: value.to_owned() };
        driver.send(Command::Train(command));
    }
    driver.press(Key::T);
    driver.wait("the first round", |state| {
        let moments = state.train.running.as_ref().map(|run| run.curve.moments());
        moments.is_some_and(|moments| moments.iter().any(|moment| moment.validation_f1.is_some()))
    });
    assert!(driver.shows("Learning rate by step") && driver.shows("F1 by step"));
    driver.press(Key::Backspace);
    driver.wait("the receipt", |state| state.train.running.is_none());
    let receipt = driver.state().train.shown_run().expect("a receipt").receipt.clone();
    assert!(receipt.is_stopped_early && receipt.result.history.len() > 1);
    assert!(driver.shows("Stopped before its end"));
    // Another, short one; then both side by side.
    driver.send(Command::Train(lookalike::app::TrainCommand::Set {
        name: "max_epochs".to_owned(),
        value: "2".to_owned(),
    }));
    train(&mut driver);
    driver.press(Key::Num3);
    assert_eq!(driver.state().train.list.order.len(), 2);
    driver.press(Key::C);
    driver.press(Key::ArrowDown);
    assert!(driver.shows("Held") && driver.shows("max_epochs"), "the setting that differs is named");
    driver.press(Key::O);
    driver.press_with(Modifiers::SHIFT, Key::O);
    assert!(driver.state().train.list.is_ascending);
    // The weights of the first run were replaced, which its receipt says; it cannot be promoted.
    driver.press(Key::Home);
    let shown = driver
        .state()
        .train
        .list
        .order
        .iter()
        .position(|id| driver.state().train.run(id).is_some_and(|run| !run.has_weights));
    for _ in 0..shown.expect("a replaced run") {
        driver.press(Key::ArrowDown);
    }
    driver.press(Key::Enter);
    assert!(driver.shows("replaced these weights"));
    driver.press(Key::P);
    driver.harness.step();
    assert!(driver.state().train.trained.promoted.is_none());
}

/// The shared data, where it is.
fn shared(what: &str) -> Option<PathBuf> {
    let root = std::env::var_os("LOOKALIKE_SHARED").map_or_else(|| PathBuf::from("../shared"), PathBuf::from);
    let path = root.join(what);
    if path.exists() {
        return Some(path);
    }
    eprintln!("{} is not there; this test looks at nothing", path.display());
    None
}

#[test]
fn the_loop_on_real_postings() {
    let Some(catalog) = shared("data/mix/catalog.csv") else { return };
    let folder = tempfile::tempdir().expect("a temporary folder");
    let folder = folder.path().join("mix.lookalike");
    let mut driver = Driver::bare([1440.0, 900.0]);
    open(&mut driver, &catalog, &folder);
    decide(&mut driver, 30);
    // The doubtful pairs, where most answers are "different".
    driver.send(Command::Duplicates(DuplicatesCommand::Tab(QueueKind::Pairs)));
    wait_matched(&mut driver, false);
    driver.wait_drawn();
    decide(&mut driver, 30);
    driver.press_with(Modifiers::COMMAND, Key::R);
    wait_matched(&mut driver, false);
    let frozen_queue = queue(&driver);
    let start = Instant::now();
    train(&mut driver);
    let receipt = driver.state().train.shown_run().expect("a receipt").receipt.clone();
    driver.press(Key::P);
    wait_matched(&mut driver, true);
    eprintln!(
        "from Train to the new queue in {:.1} s, training {:.1} s of it; test F1 {:.3} before, {:.3} after",
        start.elapsed().as_secs_f64(),
        receipt.secs,
        receipt.result.before.mean_f1,
        receipt.result.after.mean_f1
    );
    assert_ne!(queue(&driver), frozen_queue);
    check_respected(&driver);
    assert!(receipt.result.gain > 0.0, "nothing was gained: {:?}", receipt.result.gain_interval);
}

fn open(driver: &mut Driver, catalog: &Path, folder: &Path) {
    let source = CatalogSource::File(catalog.to_owned());
    driver.send(Command::Session(SessionCommand::OpenSource { source, folder: folder.to_owned() }));
    driver.wait("the final queue", |state| {
        state.matching.outcome.is_some()
            && state.matching.updating_since.is_none()
            && state.duplicates.queue.is_some()
            && !state.duplicates.is_updating
    });
    driver.wait_drawn();
    assert!(driver.harness.query_all_by_label_contains("Cards, ").next().is_some());
}
