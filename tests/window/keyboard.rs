//! A whole demo queue cleared by keyboard alone, and the log that must say exactly what was typed.

use std::collections::BTreeSet;

use egui::{Key, Modifiers};
use lookalike::app::DuplicatesMode;
use lookalike::project::Project;
use lookalike::review::{Claim, Entry, Gesture, Verdict};

use crate::driver::Driver;

/// The pairs a claim is about, each as (smaller key, larger key, verdict).
type Pairs = BTreeSet<(String, String, &'static str)>;

fn pair(a: &str, b: &str, verdict: Verdict) -> (String, String, &'static str) {
    (a.min(b).to_owned(), a.max(b).to_owned(), verdict.id())
}

/// Every pair a gesture says something about, written out naively.
fn said(gesture: &Gesture) -> Pairs {
    let Gesture::Judge { claims } = gesture else { return Pairs::new() };
    let mut pairs = Pairs::new();
    for claim in claims {
        match claim {
            Claim::Within { members, verdict } => {
                for (at, a) in members.iter().enumerate() {
                    pairs.extend(members[at + 1..].iter().map(|b| pair(a, b, *verdict)));
                }
            }
            Claim::Across { left, right, verdict } => {
                for a in left {
                    pairs.extend(right.iter().map(|b| pair(a, b, *verdict)));
                }
            }
        }
    }
    pairs
}

/// Keys of the postings of each card of the open item.
fn cards(driver: &Driver) -> Vec<Vec<String>> {
    let state = driver.state();
    let session = state.session.open.as_ref().expect("a project is open");
    let item = state.duplicates.item.as_ref().expect("an item is open");
    item.cards
        .iter()
        .map(|card| card.postings.iter().map(|posting| session.catalog.key(*posting).to_owned()).collect())
        .collect()
}

fn all_pairs(groups: &[&Vec<String>], verdict: Verdict) -> Pairs {
    let mut pairs = Pairs::new();
    for (at, left) in groups.iter().enumerate() {
        for right in &groups[at + 1..] {
            pairs.extend(left.iter().flat_map(|a| right.iter().map(move |b| pair(a, b, verdict))));
        }
    }
    pairs
}

fn within(postings: &[String], verdict: Verdict) -> Pairs {
    let singles: Vec<Vec<String>> = postings.iter().map(|key| vec![key.clone()]).collect();
    all_pairs(&singles.iter().collect::<Vec<_>>(), verdict)
}

fn last(driver: &Driver) -> Entry {
    driver.state().saving.review.entries().last().expect("something was recorded").clone()
}

fn n_entries(driver: &Driver) -> usize {
    driver.state().saving.review.entries().len()
}

/// Skips (N) to an undecided item with at least `n` cards.
fn skip_to_item_of(driver: &mut Driver, n: usize) {
    for _ in 0..400 {
        let state = driver.state();
        let item = state.duplicates.item.as_ref().expect("an item is open");
        let is_decided = state.duplicates.recorded[item.position].is_some();
        if item.cards.len() >= n && !is_decided {
            return;
        }
        driver.press(Key::N);
    }
    panic!("no undecided item of {n} cards");
}

#[test]
fn a_queue_is_cleared_by_keyboard_and_the_log_says_what_was_typed() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let folder = folder.path().join("demo.lookalike");
    let mut driver = Driver::with_demo(&folder, 60, [1440.0, 900.0]);
    let mut typed: Vec<Pairs> = Vec::new();

    // S: every pair of the item is the same; Z takes it back and jumps to the item; Ctrl+Shift+Z does it again.
    let first = cards(&driver).concat();
    let position = driver.state().duplicates.item.as_ref().expect("an item").position;
    driver.press(Key::S);
    assert_eq!(said(&last(&driver).gesture), within(&first, Verdict::Same));
    let judged = last(&driver).id;
    driver.press(Key::Z);
    assert_eq!(last(&driver).gesture, Gesture::Retract { entry: judged });
    assert_eq!(driver.state().duplicates.item.as_ref().map(|item| item.position), Some(position));
    assert!(!driver.state().saving.review.is_active(judged));
    driver.press_with(Modifiers::COMMAND | Modifiers::SHIFT, Key::Z);
    assert!(driver.state().saving.review.is_active(judged));
    typed.push(within(&first, Verdict::Same));

    // C: two groups and one card of which nothing is said.
    skip_to_item_of(&mut driver, 3);
    let groups = cards(&driver);
    driver.press(Key::C);
    assert!(matches!(driver.state().duplicates.mode, DuplicatesMode::Cut(_)));
    driver.press(Key::Num1);
    driver.press(Key::Num2);
    driver.press(Key::Num0);
    for _ in 3..groups.len() {
        driver.press(Key::Num2);
    }
    let second: Vec<&Vec<String>> =
        groups.iter().enumerate().filter(|(at, _)| *at == 1 || *at > 2).map(|(_, card)| card).collect();
    let second_postings: Vec<String> = second.into_iter().flatten().cloned().collect();
    let mut expected = within(&groups[0], Verdict::Same);
    expected.extend(within(&second_postings, Verdict::Same));
    expected.extend(all_pairs(&[&groups[0], &second_postings], Verdict::Different));
    driver.press(Key::Enter);
    assert_eq!(said(&last(&driver).gesture), expected);
    typed.push(expected);

    // X on the second card, then S: that card is different from all the rest.
    skip_to_item_of(&mut driver, 3);
    let groups = cards(&driver);
    driver.press(Key::ArrowRight);
    driver.press(Key::X);
    let rest: Vec<String> =
        groups.iter().enumerate().filter(|(at, _)| *at != 1).flat_map(|(_, card)| card.clone()).collect();
    let mut expected = within(&rest, Verdict::Same);
    expected.extend(all_pairs(&[&groups[1], &rest], Verdict::Different));
    driver.press(Key::S);
    assert_eq!(said(&last(&driver).gesture), expected);
    typed.push(expected);

    // M: another posting, found by its id, joins the item with its cluster; V says all are variants.
    skip_to_item_of(&mut driver, 2);
    let present = cards(&driver).concat();
    let other = {
        let state = driver.state();
        let session = state.session.open.as_ref().expect("open");
        let queue = state.duplicates.queue.as_ref().expect("a queue");
        let at = (0..queue.items.len())
            .rev()
            .find(|at| {
                state.duplicates.recorded[*at].is_none()
                    && !queue.items[*at].members.iter().any(|row| {
                        present
                            .iter()
                            .any(|key| key == session.catalog.key(lookalike::catalog::PostingIdx(*row)))
                    })
            })
            .expect("another item");
        session.catalog.key(lookalike::catalog::PostingIdx(queue.items[at].members[0])).to_owned()
    };
    driver.press(Key::M);
    driver.type_text(&other);
    driver.press(Key::Enter);
    let merged = cards(&driver);
    assert!(merged.concat().contains(&other), "{other} joined {merged:?}");
    assert!(merged.len() > present.len());
    let expected = all_pairs(&merged.iter().collect::<Vec<_>>(), Verdict::Variant);
    driver.press(Key::V);
    assert_eq!(said(&last(&driver).gesture), expected);
    typed.push(expected);

    // B: a page of sure clusters; X leaves the first out, Ctrl+Enter records the rest as one gesture.
    let before = n_entries(&driver);
    driver.press(Key::B);
    if let DuplicatesMode::Batch(page) = driver.state().duplicates.mode.clone() {
        assert!(!page.positions.is_empty());
        driver.press(Key::X);
        let expected: Pairs = {
            let state = driver.state();
            let (session, queue) = (
                state.session.open.as_ref().expect("open"),
                state.duplicates.queue.as_ref().expect("a queue"),
            );
            let items = page.positions.iter().skip(1).map(|at| &queue.items[*at]);
            let keys = |rows: &Vec<u32>| {
                rows.iter()
                    .map(|row| session.catalog.key(lookalike::catalog::PostingIdx(*row)).to_owned())
                    .collect::<Vec<_>>()
            };
            items.flat_map(|item| within(&keys(&item.members), Verdict::Same)).collect()
        };
        if expected.is_empty() {
            driver.press(Key::Escape);
        } else {
            driver.press_with(Modifiers::COMMAND, Key::Enter);
            assert_eq!(n_entries(&driver), before + 1, "a batch is one gesture");
            assert_eq!(said(&last(&driver).gesture), expected);
            typed.push(expected);
            driver.press(Key::Escape);
        }
    }
    assert_eq!(driver.state().duplicates.mode, DuplicatesMode::Review);

    // The rest alternates between the four verdicts until the queue says it is finished.
    let keys = [
        (Key::S, Verdict::Same),
        (Key::Num2, Verdict::Different),
        (Key::U, Verdict::Unsure),
        (Key::D, Verdict::Different),
    ];
    let mut turn = 0;
    while driver.state().duplicates.item.is_some() {
        let groups = cards(&driver);
        let (key, verdict) = keys[turn % keys.len()];
        let before = n_entries(&driver);
        driver.press(key);
        if n_entries(&driver) == before {
            // Decided meanwhile by what follows from an earlier answer: refused, with the reason on screen.
            assert!(!driver.state().chrome.toasts.is_empty());
            driver.press(Key::N);
            turn += 1;
            assert!(turn < 2_000, "the queue never ends");
            continue;
        }
        let expected = match verdict {
            Verdict::Same => within(&groups.concat(), verdict),
            _ => all_pairs(&groups.iter().collect::<Vec<_>>(), verdict),
        };
        assert_eq!(said(&last(&driver).gesture), expected);
        typed.push(expected);
        turn += 1;
        assert!(turn < 2_000, "the queue never ends");
    }
    assert!(driver.shows("decided"), "the finished page says so");

    // Saved means saved: what is on disk is what was typed, gesture by gesture.
    driver.wait("the disk", |state| state.saving.n_pending == 0);
    let in_memory = driver.state().saving.review.entries().to_vec();
    drop(driver);
    let project = Project::open(&folder).expect("the project opens");
    let on_disk = project.review_store().and_then(|store| store.entries()).expect("the log is readable");
    assert_eq!(on_disk.len(), in_memory.len());
    let judged: Vec<Pairs> =
        on_disk.iter().map(|entry| said(&entry.gesture)).filter(|pairs| !pairs.is_empty()).collect();
    assert_eq!(judged, typed);
}

#[test]
fn repeats_hasty_hands_and_typing_record_nothing() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut driver = Driver::with_demo(&folder.path().join("demo.lookalike"), 20, [1024.0, 700.0]);
    // egui itself tells a repeat: a key that is pressed again without having been released.
    let down = egui::Event::Key {
        key: Key::S,
        physical_key: None,
        pressed: true,
        repeat: false,
        modifiers: Modifiers::NONE,
    };
    driver.harness.event(down.clone());
    driver.harness.step();
    driver.wait_drawn();
    assert_eq!(n_entries(&driver), 1);
    for _ in 0..5 {
        driver.harness.event(down.clone());
        driver.harness.step();
        driver.wait_drawn();
    }
    assert_eq!(n_entries(&driver), 1, "a repeated key writes nothing");
    driver.harness.key_up(Key::S);
    driver.harness.step();

    driver.press_with(Modifiers::COMMAND, Key::K);
    driver.type_text("s");
    driver.press(Key::S);
    assert_eq!(n_entries(&driver), 1, "typing in a field triggers nothing");
    driver.press(Key::Escape);
    assert!(driver.state().chrome.dialog.is_none());

    driver.press(Key::Escape);
    assert_eq!(n_entries(&driver), 1, "Esc never decides");
}

#[test]
fn the_place_is_found_again_after_a_restart() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let folder = folder.path().join("demo.lookalike");
    let mut driver = Driver::with_demo(&folder, 20, [1440.0, 900.0]);
    driver.press(Key::N);
    driver.press(Key::N);
    let place = cards(&driver);
    driver.press(Key::T);
    driver.type_text("look again");
    driver.press(Key::Enter);
    driver.wait("the disk", |state| state.saving.n_pending == 0 && !state.saving.review.entries().is_empty());
    drop(driver);
    let driver = Driver::with_demo(&folder, 20, [1440.0, 900.0]);
    assert_eq!(cards(&driver), place);
    assert_eq!(driver.state().saving.review.note(&place[0][0]), Some("look again"));
}
