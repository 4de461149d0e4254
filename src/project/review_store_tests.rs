//! The log on disk: what is acknowledged stays, what is damaged is said, nothing is rewritten.
#![allow(clippy::unwrap_used, reason = "tests")]

use super::{Reset, ReviewStore};
use crate::project::lock::{Access, ProjectLock};
use crate::review::{Claim, Entry, EntryId, Gesture, Seen, Verdict};

fn entry(lamport: u64, reviewer: &str) -> Entry {
    let claims = vec![Claim::pair("a \"quoted\" é", &format!("b{lamport}"), Verdict::Variant)];
    Entry {
        id: EntryId::fresh(),
        reviewer: reviewer.to_owned(),
        lamport,
        at_millis: 1_700_000_000_123,
        gesture: Gesture::Judge { claims },
        seen: Seen { threshold: 0.1 + lamport as f32, score: Some(0.3), ..Seen::default() },
    }
}

fn open(folder: &tempfile::TempDir, lock: &ProjectLock) -> ReviewStore {
    ReviewStore::open(&folder.path().join("review.sqlite"), lock.flag(), Reset::Refused).unwrap()
}

#[test]
fn entries_come_back_in_log_order_and_once() {
    let folder = tempfile::tempdir().unwrap();
    let lock = ProjectLock::acquire(folder.path()).unwrap();
    let entries = [entry(1, "r"), entry(2, "s"), entry(2, "r"), entry(3, "r")];
    let mut store = open(&folder, &lock);
    assert_eq!(store.append(&[entries[3].clone(), entries[0].clone()]).unwrap().n_entries, 2);
    assert_eq!(store.append(&entries).unwrap().n_entries, 4);
    let expected = [&entries[0], &entries[2], &entries[1], &entries[3]].map(Entry::clone);
    assert_eq!(store.entries().unwrap(), expected);
    drop(store);
    assert_eq!(open(&folder, &lock).entries().unwrap(), expected);
}

#[test]
fn numbers_that_json_cannot_hold_do_no_harm() {
    let folder = tempfile::tempdir().unwrap();
    let lock = ProjectLock::acquire(folder.path()).unwrap();
    let mut odd = entry(u64::MAX, "r");
    (odd.seen.threshold, odd.seen.score) = (f32::NAN, Some(f32::INFINITY));
    let mut store = open(&folder, &lock);
    store.append(&[odd]).unwrap();
    let read = &store.entries().unwrap()[0];
    assert_eq!((read.lamport, read.seen.threshold, read.seen.score), (u64::MAX, 0.0, None));
}

#[test]
fn the_database_refuses_to_rewrite_history() {
    let folder = tempfile::tempdir().unwrap();
    let lock = ProjectLock::acquire(folder.path()).unwrap();
    let mut store = open(&folder, &lock);
    store.append(&[entry(1, "r")]).unwrap();
    for statement in [
        "UPDATE entries SET payload = ''",
        "DELETE FROM entries",
        "INSERT OR REPLACE INTO entries SELECT * FROM entries",
        "DELETE FROM reviewers",
    ] {
        assert!(store.connection.execute(statement, []).is_err(), "{statement}");
    }
    assert!(store.reset().is_err());
    assert_eq!(store.entries().unwrap().len(), 1);
}

#[test]
fn a_demo_can_be_reset() {
    let folder = tempfile::tempdir().unwrap();
    let lock = ProjectLock::acquire(folder.path()).unwrap();
    let mut store = open(&folder, &lock);
    store.reset = Reset::Allowed;
    store.append(&[entry(1, "r")]).unwrap();
    store.set_place("r", "queue", "x").unwrap();
    store.reset().unwrap();
    assert_eq!((store.entries().unwrap(), store.place("r", "queue").unwrap()), (vec![], None));
    assert_eq!(store.append(&[entry(1, "r")]).unwrap().n_entries, 1);
}

#[test]
fn places_are_remembered_by_reviewer_and_name() {
    let folder = tempfile::tempdir().unwrap();
    let lock = ProjectLock::acquire(folder.path()).unwrap();
    let mut store = open(&folder, &lock);
    for (reviewer, name, place) in [("r", "queue", "1"), ("s", "queue", "2"), ("r", "queue", "3")] {
        store.set_place(reviewer, name, place).unwrap();
    }
    assert_eq!(store.place("r", "queue").unwrap().as_deref(), Some("3"));
    assert_eq!(store.place("s", "queue").unwrap().as_deref(), Some("2"));
    assert_eq!(store.place("s", "tab").unwrap(), None);
}

#[test]
fn a_copy_is_whole_and_replaces_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let lock = ProjectLock::acquire(folder.path()).unwrap();
    let mut store = open(&folder, &lock);
    store.append(&[entry(1, "r"), entry(2, "r")]).unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    let path = elsewhere.path().join("review.sqlite");
    store.save_copy(&path).unwrap();
    assert!(store.save_copy(&path).is_err());
    let other_lock = ProjectLock::acquire(elsewhere.path()).unwrap();
    assert_eq!(open(&elsewhere, &other_lock).entries().unwrap(), store.entries().unwrap());
}

#[test]
fn a_second_window_reads_and_does_not_write() {
    let folder = tempfile::tempdir().unwrap();
    let mut first = ProjectLock::acquire(folder.path()).unwrap();
    let mut second = ProjectLock::acquire(folder.path()).unwrap();
    let mut early = open(&folder, &second);
    assert_eq!(early.entries().unwrap(), []);
    let mut writer = open(&folder, &first);
    writer.append(&[entry(1, "r")]).unwrap();
    let mut reader = open(&folder, &second);
    assert_eq!(reader.entries().unwrap().len(), 1);
    assert!(reader.append(&[entry(2, "r")]).is_err() && early.append(&[entry(2, "r")]).is_err());
    writer.append(&[entry(3, "r")]).unwrap();
    assert_eq!(reader.entries().unwrap().len(), 2);
    second.ask().unwrap();
    assert_eq!(first.poll(), Access::ReadOnly);
    second.take_over().unwrap();
    assert!(writer.append(&[entry(4, "r")]).is_err());
    assert_eq!(reader.append(&[entry(5, "r")]).unwrap().n_entries, 3);
    // An empty stand-in never takes entries that would be lost with it.
    assert!(early.append(&[entry(6, "r")]).is_err());
}

#[test]
fn a_log_whose_process_was_killed_opens_with_all_that_was_acknowledged() {
    let folder = tempfile::tempdir().unwrap();
    let lock = ProjectLock::acquire(folder.path()).unwrap();
    let mut store = open(&folder, &lock);
    store.append(&[entry(1, "r"), entry(2, "r")]).unwrap();
    // What a killed process leaves: the database and its log as they are now, nothing closed.
    let after = tempfile::tempdir().unwrap();
    for name in ["review.sqlite", "review.sqlite-wal"] {
        std::fs::copy(folder.path().join(name), after.path().join(name)).unwrap();
    }
    // A torn write at the end of the log is no transaction.
    let wal = after.path().join("review.sqlite-wal");
    let mut bytes = std::fs::read(&wal).unwrap();
    bytes.extend([7; 5000]);
    std::fs::write(&wal, bytes).unwrap();
    let after_lock = ProjectLock::acquire(after.path()).unwrap();
    assert_eq!(open(&after, &after_lock).entries().unwrap(), store.entries().unwrap());
}

#[test]
fn a_damaged_log_is_named_and_left_alone() {
    let check = |damage: &dyn Fn(&mut Vec<u8>), expected: &str| {
        let folder = tempfile::tempdir().unwrap();
        let lock = ProjectLock::acquire(folder.path()).unwrap();
        let mut store = open(&folder, &lock);
        let entries: Vec<Entry> = (1..200).map(|lamport| entry(lamport, "r")).collect();
        store.append(&entries).unwrap();
        drop(store);
        let path = folder.path().join("review.sqlite");
        let mut bytes = std::fs::read(&path).unwrap();
        damage(&mut bytes);
        std::fs::write(&path, &bytes).unwrap();
        let opened = ReviewStore::open(&path, lock.flag(), Reset::Refused);
        let message = opened.and_then(|store| store.entries()).unwrap_err().to_string();
        assert!(message.contains(expected) && message.contains("review.sqlite"), "{message}");
        assert_eq!(std::fs::read(&path).unwrap(), bytes);
    };
    check(&|bytes| bytes[..100].fill(b'x'), "damaged");
    check(&|bytes| bytes.truncate(9000), "damaged");
    check(&|bytes| bytes[4096..12_000].fill(0), "damaged");
    // user_version stands at byte 60.
    check(&|bytes| bytes[63] = 9, "newer Lookalike");
}

#[test]
fn a_store_can_go_to_another_thread() {
    fn check<T: Send>() {}
    check::<ReviewStore>();
}
