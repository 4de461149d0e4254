//! The queue against the definitions, on small random catalogues, and by hand.
#![allow(clippy::unwrap_used, reason = "tests")]

use proptest::prelude::{Strategy, any, prop, prop_assert, prop_assert_eq, proptest};
use proptest::test_runner::Config;
use uuid::Uuid;

use super::{NEAR_MISS_MARGIN, Queue, QueueKind, QueueSort, build};
use crate::index::{Hit, Neighbors};
use crate::matching::{Cluster, Clusters};
use crate::review::rows::Rows;
use crate::review::{Claim, Entry, EntryId, Gesture, Key, PairStanding, ReviewState, Seen, Verdict};

const THRESHOLD: f32 = 0.5;

/// Keys in reverse order of rows, so that rank and row differ.
struct Names(Vec<String>);

impl Names {
    fn new(n: usize) -> Self {
        Self((0..n).map(|row| format!("p{:06}", n - row)).collect())
    }
}

impl Rows for Names {
    fn n_rows(&self) -> usize {
        self.0.len()
    }

    fn key(&self, row: u32) -> &str {
        &self.0[row as usize]
    }

    fn key_rank(&self, row: u32) -> u32 {
        self.0.len() as u32 - 1 - row
    }

    fn group(&self, _row: u32) -> Option<&str> {
        None
    }

    fn title(&self, row: u32) -> &str {
        self.key(row)
    }

    fn find(&self, key: &str) -> Option<u32> {
        self.0.iter().position(|name| name == key).map(|row| row as u32)
    }
}

fn judge(number: u64, claims: Vec<Claim>) -> Entry {
    gesture(number, Gesture::Judge { claims })
}

fn gesture(number: u64, gesture: Gesture) -> Entry {
    let id = EntryId(Uuid::from_u128(u128::from(number) + 1));
    Entry { id, reviewer: "r".to_owned(), lamport: number, at_millis: 0, gesture, seen: Seen::default() }
}

/// Full lists of a symmetric score table, best first, ties by key.
fn lists(n: usize, score: impl Fn(usize, usize) -> f32) -> Neighbors {
    let list = |row: usize| {
        let mut hits: Vec<Hit> = (0..n)
            .filter(|&other| other != row)
            .map(|other| Hit { row: other as u32, score: score(row.min(other), row.max(other)) })
            .filter(|hit| hit.score > 0.0)
            .collect();
        hits.sort_by(|x, y| y.score.total_cmp(&x.score).then(y.row.cmp(&x.row)));
        hits.insert(0, Hit { row: row as u32, score: 1.0 });
        hits
    };
    Neighbors::from_lists((0..n).map(list).collect())
}

/// Plain connected components at the threshold; the weakest link by trying all cuts of a sorted edge list.
fn components(n: usize, score: impl Fn(usize, usize) -> f32) -> Clusters {
    let mut edges: Vec<(usize, usize)> = (0..n).flat_map(|a| (a + 1..n).map(move |b| (a, b))).collect();
    edges.retain(|&(a, b)| score(a, b) >= THRESHOLD);
    edges.sort_by(|&(a, b), &(c, d)| score(c, d).total_cmp(&score(a, b)));
    let mut part: Vec<usize> = (0..n).collect();
    let mut weakest = vec![(0, 0, 1.0); n];
    for (a, b) in edges {
        let (from, to) = (part[a], part[b]);
        if from != to {
            part.iter_mut().filter(|at| **at == from).for_each(|at| *at = to);
            weakest[to] = (a as u32, b as u32, score(a, b));
        }
    }
    let mut clusters = Clusters { cluster_of: vec![u32::MAX; n], ..Clusters::default() };
    for (name, &(a, b, weakest_score)) in weakest.iter().enumerate() {
        let members: Vec<u32> = (0..n as u32).filter(|&row| part[row as usize] == name).collect();
        if members.len() > 1 {
            for &row in &members {
                clusters.cluster_of[row as usize] = clusters.clusters.len() as u32;
            }
            clusters.clusters.push(Cluster { members, weakest: (a, b), weakest_score, cut_by_guard: false });
        }
    }
    clusters
}

fn rows_of(queue: &Queue) -> Vec<Vec<u32>> {
    queue.items.iter().map(|item| item.members.clone()).collect()
}

/// Six rows: 0-1-2 a cluster with weakest link 0.6, 3-4 a cluster at 0.9, 5 a near miss of 2.
fn six(a: usize, b: usize) -> f32 {
    match (a, b) {
        (0, 1) => 0.8,
        (1, 2) => 0.6,
        (3, 4) => 0.9,
        (2, 5) => 0.45,
        (0, 5) => 0.3,
        _ => 0.0,
    }
}

fn queue_of_six(kind: QueueKind, sort: QueueSort, entries: Vec<Entry>) -> Queue {
    let state = ReviewState::from_entries(entries);
    build(kind, sort, &Names::new(6), &lists(6, six), &components(6, six), &state, THRESHOLD)
}

fn pair(a: u32, b: u32, verdict: Verdict) -> Claim {
    let names = Names::new(6);
    Claim::pair(names.key(a), names.key(b), verdict)
}

#[test]
fn clusters_come_in_the_order_asked_for() {
    let check = |sort, expected: [&[u32]; 2]| {
        let queue = queue_of_six(QueueKind::Clusters, sort, vec![]);
        assert_eq!(rows_of(&queue), expected, "{sort:?}");
    };
    check(QueueSort::Doubt, [&[1, 0, 2], &[4, 3]]);
    check(QueueSort::Size, [&[1, 0, 2], &[4, 3]]);
    check(QueueSort::WeakestLink, [&[1, 0, 2], &[4, 3]]);
    check(QueueSort::PairsSettled, [&[1, 0, 2], &[4, 3]]);
    let queue = queue_of_six(QueueKind::Clusters, QueueSort::Doubt, vec![]);
    let item = &queue.items[0];
    assert_eq!(item.weakest, Some((1, 2, 0.6)));
    assert_eq!((item.n_open, item.n_settled), (3, 3));
    assert_eq!(item.near_misses, [(5, 0.45)]);
    assert_eq!(item.stacks, [[1], [0], [2]]);
}

#[test]
fn what_is_decided_is_not_asked_again() {
    let entries = vec![
        judge(1, vec![pair(0, 1, Verdict::Same)]),
        judge(2, vec![pair(2, 5, Verdict::Different)]),
        judge(3, vec![pair(3, 4, Verdict::Unsure)]),
    ];
    let queue = queue_of_six(QueueKind::Clusters, QueueSort::Doubt, entries.clone());
    let [item] = queue.items.as_slice() else { panic!("{queue:?}") };
    assert_eq!(item.stacks, [vec![1, 0], vec![2]]);
    // 0-2, 1-2, and, as 2 is not 5, also 0-5 and 1-5.
    assert_eq!((item.n_open, item.n_settled), (2, 4));
    assert_eq!((item.weakest, item.near_misses.len()), (Some((1, 2, 0.6)), 0));
    let queue = queue_of_six(QueueKind::Pairs, QueueSort::Doubt, entries.clone());
    assert_eq!(rows_of(&queue), [[2, 1]]);
    let queue = queue_of_six(QueueKind::SecondLook, QueueSort::Doubt, entries);
    assert_eq!(rows_of(&queue), [[4, 3]]);
}

#[test]
fn pairs_come_by_doubt_and_reach_below_the_threshold() {
    let queue = queue_of_six(QueueKind::Pairs, QueueSort::Doubt, vec![]);
    let scores: Vec<f32> = queue.items.iter().map(|item| item.weakest.unwrap().2).collect();
    assert_eq!(scores, [0.45, 0.6, 0.8, 0.9]);
    let queue = queue_of_six(QueueKind::Pairs, QueueSort::WeakestLink, vec![]);
    assert_eq!(rows_of(&queue).len(), 4);
}

#[test]
fn flagged_postings_bring_their_cluster() {
    let flag = |number, row| {
        let posting = Key::from(Names::new(6).key(row));
        gesture(number, Gesture::Flag { posting, flagged: true })
    };
    let queue =
        queue_of_six(QueueKind::SecondLook, QueueSort::Size, vec![flag(1, 0), flag(2, 2), flag(3, 5)]);
    assert_eq!(rows_of(&queue), [vec![1, 0, 2], vec![5]]);
}

#[test]
fn both_sides_of_a_contradiction_are_shown() {
    let entries = vec![
        judge(1, vec![pair(0, 1, Verdict::Same), pair(1, 2, Verdict::Same)]),
        judge(2, vec![pair(0, 2, Verdict::Variant)]),
        judge(
            3,
            vec![Claim::pair("gone", "lost", Verdict::Same), Claim::pair("gone", "lost", Verdict::Different)],
        ),
    ];
    let queue = queue_of_six(QueueKind::Conflicts, QueueSort::Doubt, entries);
    let [item] = queue.items.as_slice() else { panic!("{queue:?}") };
    assert_eq!(item.stacks, [[2], [0]]);
}

fn decisions() -> impl Strategy<Value = Vec<Entry>> {
    let member = || prop::collection::vec(0_u32..11, 1..4);
    let verdict = prop::sample::select(vec![
        Verdict::Same,
        Verdict::Same,
        Verdict::Different,
        Verdict::Variant,
        Verdict::Unsure,
    ]);
    prop::collection::vec((member(), member(), any::<bool>(), verdict), 0..7).prop_map(|claims| {
        // Row 10 is in the log but not in the catalogue.
        let names = Names::new(10);
        let key = |row: &u32| if *row < 10 { names.key(*row).into() } else { Key::from("elsewhere") };
        let claim = |(left, right, is_within, verdict): (Vec<u32>, Vec<u32>, bool, Verdict)| {
            let (left, right): (Vec<Key>, Vec<Key>) =
                (left.iter().map(key).collect(), right.iter().map(key).collect());
            if is_within {
                Claim::Within { members: [left, right].concat(), verdict }
            } else {
                Claim::Across { left, right, verdict }
            }
        };
        claims.into_iter().enumerate().map(|(at, it)| judge(at as u64, vec![claim(it)])).collect()
    })
}

fn n_open(state: &ReviewState, keys: &[&str]) -> u64 {
    let pairs = keys.iter().enumerate().flat_map(|(at, a)| keys[at + 1..].iter().map(move |b| (a, b)));
    pairs.filter(|(a, b)| state.standing(a, b) == PairStanding::Open).count() as u64
}

proptest! {
    #![proptest_config(Config::with_cases(400))]

    #[test]
    fn numbers_are_what_they_say(entries in decisions(), levels in prop::collection::vec(0_u8..11, 45)) {
        let names = Names::new(10);
        let score = |a: usize, b: usize| {
            let at = a * 9 - a * a.saturating_sub(1) / 2 + (b - a - 1);
            f32::from(levels[at].saturating_sub(2)) / 10.0
        };
        let (neighbors, clusters) = (lists(10, score), components(10, score));
        let state = ReviewState::from_entries(entries.clone());
        let everything: Vec<&str> = names.0.iter().map(String::as_str).chain(["elsewhere"]).collect();
        let of = |kind, sort| build(kind, sort, &names, &neighbors, &clusters, &state, THRESHOLD);
        let queue = of(QueueKind::Clusters, QueueSort::PairsSettled);
        let with_open = clusters.clusters.iter().filter(|cluster| {
            n_open(&state, &cluster.members.iter().map(|&row| names.key(row)).collect::<Vec<_>>()) > 0
        });
        prop_assert_eq!(queue.items.len(), with_open.count());
        prop_assert!(queue.items.is_sorted_by(|x, y| x.n_settled >= y.n_settled));
        for item in queue.items.iter().chain(&of(QueueKind::Pairs, QueueSort::Size).items) {
            let keys: Vec<&str> = item.members.iter().map(|&row| names.key(row)).collect();
            prop_assert_eq!(item.n_open, n_open(&state, &keys));
            let members = keys.iter().map(|&key| Key::from(key)).collect();
            let same = judge(99, vec![Claim::Within { members, verdict: Verdict::Same }]);
            let after = ReviewState::from_entries(entries.iter().cloned().chain([same]));
            prop_assert_eq!(item.n_settled, n_open(&state, &everything) - n_open(&after, &everything));
            for stack in &item.stacks {
                let united = state.united_with(names.key(stack[0]));
                let in_item = united.iter().filter(|key| keys.contains(&&***key)).count();
                prop_assert_eq!(in_item, stack.len());
            }
            let near = (0..10_u32).filter(|row| !item.members.contains(row)).filter_map(|row| {
                let scores = item.members.iter().filter(|&&member| {
                    state.standing(names.key(member), names.key(row)) == PairStanding::Open
                });
                let scores = scores.map(|&member| score(member.min(row) as usize, member.max(row) as usize));
                let scores = scores.filter(|&it| it > 0.0 && (THRESHOLD - NEAR_MISS_MARGIN..THRESHOLD).contains(&it));
                scores.max_by(f32::total_cmp).map(|score| (row, score))
            });
            let mut near: Vec<(u32, f32)> = near.collect();
            near.sort_by(|x, y| y.1.total_cmp(&x.1).then(y.0.cmp(&x.0)));
            prop_assert_eq!(&item.near_misses, &near);
            if let Some((a, b, weakest)) = item.weakest {
                prop_assert_eq!(weakest, score(a.min(b) as usize, a.max(b) as usize));
            }
        }
        let weakest = |item: &super::QueueItem| item.weakest.unwrap().2;
        let doubt = |item: &super::QueueItem| (weakest(item) - THRESHOLD).abs();
        for kind in [QueueKind::Clusters, QueueKind::Pairs] {
            prop_assert!(of(kind, QueueSort::Doubt).items.is_sorted_by(|x, y| doubt(x) <= doubt(y)));
            prop_assert!(of(kind, QueueSort::WeakestLink).items.is_sorted_by(|x, y| weakest(x) <= weakest(y)));
            prop_assert!(of(kind, QueueSort::Size).items.is_sorted_by(|x, y| x.members.len() >= y.members.len()));
        }
        for item in of(QueueKind::Pairs, QueueSort::Doubt).items {
            prop_assert_eq!(state.standing(names.key(item.members[0]), names.key(item.members[1])), PairStanding::Open);
        }
    }
}
