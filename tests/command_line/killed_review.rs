//! kill -9 while decisions are written: whatever was acknowledged is there, and the project always opens.
//!
//! The writer is this test binary started again as a child, so that the log is written exactly as the window writes it.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use lookalike::catalog::{CatalogSource, OpenOptions};
use lookalike::project::{Access, Project, ProjectSettings};
use lookalike::review::{Claim, Entry, EntryId, Gesture, Seen, Verdict};

const N_KILLS: u64 = 25;
const FOLDER: &str = "LOOKALIKE_TEST_WRITER_FOLDER";

fn decision(number: u64) -> Entry {
    let members = vec![format!("a{number}").into(), format!("b{number}").into()];
    Entry {
        id: EntryId::fresh(),
        reviewer: "tester".to_owned(),
        lamport: number,
        at_millis: 0,
        gesture: Gesture::Judge { claims: vec![Claim::Within { members, verdict: Verdict::Same }] },
        seen: Seen::default(),
    }
}

/// The child: appends decisions without end and acknowledges each after the sync, as the window does.
#[test]
fn child_that_writes_decisions() {
    let Some(folder) = std::env::var_os(FOLDER).map(PathBuf::from) else { return };
    let project = Project::open(&folder).unwrap();
    assert_eq!(project.access(), Access::Write, "the killed writer's lock is gone");
    let mut store = project.review_store().unwrap();
    let mut number = store.entries().unwrap().len() as u64;
    loop {
        number += 1;
        let entry = decision(number);
        store.append(std::slice::from_ref(&entry)).unwrap();
        let mut out = std::io::stdout().lock();
        writeln!(out, "acknowledged {}", entry.id.0).and_then(|()| out.flush()).unwrap();
    }
}

/// Starts the writer, lets it acknowledge `n` decisions, kills it; returns what it acknowledged.
fn write_and_kill(folder: &Path, n: usize) -> Vec<String> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "killed_review::child_that_writes_decisions", "--nocapture", "--test-threads=1"])
        .env(FOLDER, folder)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut acknowledged = Vec::new();
    for line in lines {
        let Ok(line) = line else { break };
        // The harness may print its own words before the first acknowledgement on the same line.
        if let Some((_, id)) = line.split_once("acknowledged ") {
            acknowledged.push(id.trim().to_owned());
            if acknowledged.len() == n {
                child.kill().unwrap();
            }
        }
    }
    child.wait().unwrap();
    acknowledged
}

#[test]
fn kill_minus_nine_loses_no_acknowledged_decision() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join("killed.lookalike");
    let source = CatalogSource::Demo { n_products: 2, seed: 1 };
    drop(Project::create(&folder, ProjectSettings::new(source, OpenOptions::default())).unwrap());
    let mut acknowledged: Vec<String> = Vec::new();
    for round in 0..N_KILLS {
        // A different number each round, so that the kill meets different moments of the write.
        acknowledged.extend(write_and_kill(&folder, 1 + (round * 7 % 11) as usize));
        let project = Project::open(&folder).unwrap();
        let entries = project.review_store().and_then(|store| store.entries()).unwrap();
        let ids: std::collections::HashSet<String> =
            entries.iter().map(|entry| entry.id.0.to_string()).collect();
        let n_lost = acknowledged.iter().filter(|id| !ids.contains(*id)).count();
        assert_eq!(n_lost, 0, "after kill {round}");
    }
    assert!(acknowledged.len() as u64 >= N_KILLS);
}
