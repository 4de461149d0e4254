//! Orders and answers of the server: every request ends in exactly one of finished, failed and cancelled; nothing appended
//! is lost; what is newer wins.
#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::sync::atomic::AtomicUsize;

use super::*;
use crate::catalog::{CatalogSource, OpenOptions};
use crate::jobs::{MatchOutcome, Outcome, SearchQuery, ThresholdRule};
use crate::project::MatchSettings;
use crate::review::{Entry, EntryId, Gesture, QueueKind, QueueSort, ReviewState, Seen};

/// Far longer than anything here takes; a hang fails the test instead of blocking it.
const PATIENCE: Duration = Duration::from_secs(120);

pub(super) fn server() -> JobServer {
    JobServer::start(Box::new(|| {}))
}

/// Events up to and with the first that `is_last` says of.
pub(super) fn hear(server: &JobServer, is_last: impl Fn(&Event) -> bool) -> Vec<Event> {
    let mut heard = Vec::new();
    loop {
        heard.push(server.recv_timeout(PATIENCE).expect("the server answers"));
        if heard.last().is_some_and(&is_last) {
            return heard;
        }
    }
}

/// The job an event ends.
pub(super) fn ended(event: &Event) -> Option<JobId> {
    match event {
        Event::Finished { job, .. } | Event::Failed { job, .. } | Event::Cancelled { job, .. } => Some(*job),
        _ => None,
    }
}

pub(super) fn end_of(server: &JobServer, job: JobId) -> Event {
    hear(server, |event| ended(event) == Some(job)).pop().unwrap()
}

fn entry(n: u64) -> Entry {
    Entry {
        id: EntryId::fresh(),
        reviewer: "r".to_owned(),
        lamport: n,
        at_millis: 0,
        gesture: Gesture::Flag { posting: format!("p{n}").into(), flagged: true },
        seen: Seen::default(),
    }
}

fn open_demo(server: &JobServer, folder: &std::path::Path) -> Box<crate::jobs::Opened> {
    open_demo_of(12, server, folder)
}

pub(super) fn open_demo_of(
    n_products: u32,
    server: &JobServer,
    folder: &std::path::Path,
) -> Box<crate::jobs::Opened> {
    let job = server.send(Request::OpenCatalogue {
        source: CatalogSource::Demo { n_products, seed: 3 },
        options: OpenOptions::default(),
        folder: Some(folder.join("demo.lookalike")),
    });
    match end_of(server, job) {
        Event::Finished { outcome: Outcome::Opened(opened), .. } => opened,
        other => panic!("not opened: {other:?}"),
    }
}

fn match_request(settings: MatchSettings, generation: u64) -> Request {
    Request::Match { settings, rule: ThresholdRule::Fixed, review: Arc::default(), generation }
}

fn matched(server: &JobServer, settings: MatchSettings) -> Arc<MatchOutcome> {
    let job = server.send(match_request(settings, 1));
    match end_of(server, job) {
        Event::Finished { outcome: Outcome::Matched { matched, .. }, .. } => matched,
        other => panic!("not matched: {other:?}"),
    }
}

#[test]
fn without_a_catalogue_work_is_refused_and_the_server_lives_on() {
    let server = server();
    for _ in 0..3 {
        let job = server.send(Request::CollectStatistics);
        let Event::Failed { message, .. } = end_of(&server, job) else { panic!("not refused") };
        assert!(message.contains("Open one first"), "{message}");
    }
}

#[test]
fn every_event_wakes_the_reader() {
    let n_woken = Arc::new(AtomicUsize::new(0));
    let counter = n_woken.clone();
    let server = JobServer::start(Box::new(move || {
        counter.fetch_add(1, Ordering::SeqCst);
    }));
    let job = server.send(Request::CollectStatistics);
    let heard = hear(&server, |event| ended(event) == Some(job));
    drop(server);
    assert!(n_woken.load(Ordering::SeqCst) >= heard.len());
}

#[test]
fn each_of_many_searches_ends_exactly_once() {
    let server = server();
    let search =
        |generation| Request::Search { query: SearchQuery::Title("mug".to_owned()), k: 5, generation };
    let jobs: Vec<JobId> = (0..50).map(|generation| server.send(search(generation))).collect();
    let mut heard = hear(&server, |event| ended(event) == jobs.last().copied());
    heard.extend(std::iter::from_fn(|| server.try_recv()));
    for job in jobs {
        assert_eq!(heard.iter().filter(|event| ended(event) == Some(job)).count(), 1, "{job:?}");
    }
}

#[test]
fn decisions_without_a_project_are_kept_and_reported() {
    let server = server();
    server.send(Request::Append(vec![entry(1), entry(2)]));
    let heard = hear(&server, |event| matches!(event, Event::WriteFailed { .. }));
    assert!(matches!(heard.last(), Some(Event::WriteFailed { n_waiting: 2, .. })), "{heard:?}");
    server.send(Request::RetryWrite);
    let heard = hear(&server, |event| matches!(event, Event::WriteFailed { .. }));
    assert!(matches!(heard.last(), Some(Event::WriteFailed { n_waiting: 2, .. })), "{heard:?}");
    // Another catalogue would silently drop them.
    let job = server.send(Request::OpenProject { folder: "nowhere.lookalike".into() });
    let Event::Failed { message, .. } = end_of(&server, job) else { panic!("not refused") };
    assert!(message.contains("2 decisions"), "{message}");
}

#[test]
fn saved_is_said_after_the_write_and_survives_the_server() {
    let folder = tempfile::tempdir().unwrap();
    {
        let server = server();
        assert!(open_demo(&server, folder.path()).entries.is_empty());
        server.send(Request::Append(vec![entry(1)]));
        let heard = hear(&server, |event| matches!(event, Event::Saved { .. }));
        assert!(matches!(heard.last(), Some(Event::Saved { n_entries: 1, .. })), "{heard:?}");
        // Not waited for: dropping the server writes it.
        server.send(Request::Append(vec![entry(2), entry(3)]));
    }
    let server = server();
    assert_eq!(open_demo(&server, folder.path()).entries.len(), 3);
    server.send(Request::ResetDemo);
    hear(&server, |event| matches!(event, Event::DemoReset));
    assert!(open_demo(&server, folder.path()).entries.is_empty());
}

#[test]
fn a_failed_open_leaves_the_open_project_writable() {
    let folder = tempfile::tempdir().unwrap();
    let server = server();
    open_demo(&server, folder.path());
    let job = server.send(Request::OpenCatalogue {
        source: CatalogSource::File(folder.path().join("nothing.csv")),
        options: OpenOptions::default(),
        folder: Some(folder.path().join("demo.lookalike")),
    });
    assert!(matches!(end_of(&server, job), Event::Failed { .. }));
    server.send(Request::Append(vec![entry(1)]));
    hear(&server, |event| matches!(event, Event::Saved { n_entries: 1, .. }));
}

#[test]
fn matching_again_from_memory_needs_no_embedding() {
    let folder = tempfile::tempdir().unwrap();
    let server = server();
    let settings = open_demo(&server, folder.path()).settings.matching;
    let first = matched(&server, settings.clone());
    let again = matched(&server, MatchSettings { threshold: 0.9, ..settings.clone() });
    assert!(Arc::ptr_eq(&first.grounds, &again.grounds));
    assert_eq!(again.settings.threshold, 0.9);
    assert!(again.clusters.clusters.len() <= first.clusters.clusters.len());

    let job = server.send(Request::BuildQueue {
        kind: QueueKind::Clusters,
        sort: QueueSort::Size,
        matched: first,
        review: Arc::new(ReviewState::default()),
        generation: 9,
    });
    let Event::Finished { outcome: Outcome::Queue { queue, generation: 9, .. }, .. } = end_of(&server, job)
    else {
        panic!("no queue");
    };
    assert!(!queue.items.is_empty());
}

#[test]
fn first_results_come_before_the_best_ones() {
    let folder = tempfile::tempdir().unwrap();
    let server = server();
    let settings = open_demo(&server, folder.path()).settings.matching;
    let job = server.send(match_request(settings.clone(), 4));
    let heard = hear(&server, |event| ended(event) == Some(job));
    let partial = heard.iter().find_map(|event| match event {
        Event::Partial { outcome: Outcome::Matched { matched, generation: 4 }, .. } => Some(matched.clone()),
        _ => None,
    });
    assert_eq!(partial.unwrap().settings.image_encoder, None);
    let Some(Event::Finished { outcome: Outcome::Matched { matched, .. }, .. }) = heard.last() else {
        panic!("no answer")
    };
    assert_eq!(matched.settings, settings);
}

#[test]
fn a_newer_match_takes_the_running_work_over() {
    let folder = tempfile::tempdir().unwrap();
    let server = server();
    let settings = open_demo(&server, folder.path()).settings.matching;
    let jobs: Vec<JobId> = (0..20)
        .map(|generation| {
            let threshold = 0.4 + 0.01 * generation as f32;
            server.send(match_request(MatchSettings { threshold, ..settings.clone() }, generation))
        })
        .collect();
    let last = *jobs.last().unwrap();
    let heard = hear(&server, |event| ended(event) == Some(last));
    for job in jobs {
        assert_eq!(heard.iter().filter(|event| ended(event) == Some(job)).count(), 1, "{job:?}");
    }
    let Some(Event::Finished { outcome: Outcome::Matched { matched, generation: 19 }, .. }) = heard.last()
    else {
        panic!("the last one is answered: {:?}", heard.last());
    };
    assert!((matched.settings.threshold - 0.59).abs() < 1e-6);
}
