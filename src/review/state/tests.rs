//! The state against a naive model that expands every claim to pairs, and against itself in other orders.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::{Strategy, any, prop, prop_assert_eq, proptest};
use proptest::test_runner::Config;
use uuid::Uuid;

use super::{Counts, PairStanding, ReviewState};
use crate::review::{Claim, Entry, EntryId, Gesture, Key, Seen, Verdict};

const POSTINGS: [&str; 7] = ["a", "b", "c", "d", "e", "f", "g"];

fn entry(number: u64, reviewer: &str, gesture: Gesture) -> Entry {
    let id = EntryId(Uuid::from_u128(u128::from(number) + 1));
    let (reviewer, at_millis) = (reviewer.to_owned(), number as i64);
    Entry { id, reviewer, lamport: number, at_millis, gesture, seen: Seen::default() }
}

fn keys(names: &str) -> Vec<Key> {
    names.chars().map(|name| name.to_string().into()).collect()
}

fn within(names: &str, verdict: Verdict) -> Claim {
    Claim::Within { members: keys(names), verdict }
}

fn across(left: &str, right: &str, verdict: Verdict) -> Claim {
    Claim::Across { left: keys(left), right: keys(right), verdict }
}

/// One line of a log written by hand: `r1 same abc`, `r1 different a/bc`, `r1 undo 3`, `r2 keep a`.
fn log(lines: &[&str]) -> Vec<Entry> {
    let parse = |(number, line): (usize, &&str)| {
        let words: Vec<&str> = line.split(' ').collect();
        let gesture = match (words[1], words[2]) {
            ("undo", target) => {
                let target: u128 = target.parse().unwrap();
                Gesture::Retract { entry: EntryId(Uuid::from_u128(target + 1)) }
            }
            ("keep", posting) => Gesture::Keep { posting: posting.into() },
            ("flag", posting) => Gesture::Flag { posting: posting.into(), flagged: true },
            ("unflag", posting) => Gesture::Flag { posting: posting.into(), flagged: false },
            ("note", posting) => Gesture::Note { posting: posting.into(), text: words[3..].join(" ") },
            (verdict, postings) => {
                let verdict = Verdict::from_id(verdict).unwrap();
                let claim = match postings.split_once('/') {
                    Some((left, right)) => across(left, right, verdict),
                    None => within(postings, verdict),
                };
                Gesture::Judge { claims: vec![claim] }
            }
        };
        entry(number as u64, words[0], gesture)
    };
    lines.iter().enumerate().map(parse).collect()
}

fn standing_word(state: &ReviewState, a: &str, b: &str) -> &'static str {
    match state.standing(a, b) {
        PairStanding::Open => "open",
        PairStanding::Decided(verdict) => verdict.id(),
        PairStanding::Conflicted => "conflict",
    }
}

fn check(lines: &[&str], expected: &[&str]) {
    let state = ReviewState::from_entries(log(lines));
    for expectation in expected {
        let (pair, word) = expectation.split_once(' ').unwrap();
        let (a, b) = pair.split_at(1);
        assert_eq!(standing_word(&state, a, b), word, "{pair} after {lines:?}");
        assert_eq!(standing_word(&state, b, a), word, "{pair} turned after {lines:?}");
    }
}

#[test]
fn verdicts_follow() {
    check(&[], &["aa same", "ab open"]);
    check(&["r same ab", "r same bc"], &["ac same", "ad open"]);
    check(&["r same ab", "r same cd", "r different a/c"], &["bd different", "ad different"]);
    check(&["r same ab", "r variant b/c"], &["ac variant"]);
    check(&["r variant a/b", "r variant b/c"], &["ac open"]);
    check(&["r different a/b", "r different b/c"], &["ac open"]);
    check(&["r unsure abc"], &["ab unsure", "ad open"]);
    check(&["r unsure ab", "r same bc", "r same ca"], &["ab same"]);
    check(&["r unsure ab", "s different ab"], &["ab different"]);
    check(&["r unsure ab", "r same bc"], &["ac open"]);
    check(&["r same ab/a"], &["ab same"]);
    check(&["r same a"], &["ab open"]);
}

#[test]
fn the_latest_word_of_a_reviewer_counts() {
    check(&["r same ab", "r different ab"], &["ab different"]);
    check(&["r different ab", "r same ab"], &["ab same"]);
    check(&["r same ab", "r unsure ab"], &["ab unsure"]);
    check(&["r same ab", "r different ab", "r same ab"], &["ab same"]);
    check(&["r same abcd", "r different ab/cd"], &["ab same", "cd same", "ac different"]);
    check(&["r same ab", "s different ab"], &["ab conflict"]);
    check(&["r same ab", "s unsure ab"], &["ab same"]);
    check(&["r variant ab", "s different ab"], &["ab conflict"]);
    check(&["r same ab", "s same ab", "r different ab"], &["ab conflict"]);
}

#[test]
fn contradictions_stand_where_they_are() {
    check(&["r same abc", "r different ab"], &["ab conflict", "ac same", "bc same"]);
    check(&["r same ab", "r same cd", "r variant a/c", "r different b/d"], &["ad conflict", "bc conflict"]);
}

#[test]
fn a_retraction_counts_unless_retracted() {
    check(&["r same ab", "r undo 0"], &["ab open"]);
    check(&["r same ab", "r undo 0", "r undo 1"], &["ab same"]);
    check(&["r same ab", "r undo 0", "r undo 1", "r undo 2"], &["ab open"]);
    check(&["r same ab", "r different ab", "r undo 1"], &["ab same"]);
    check(&["r undo 1", "r same ab"], &["ab same"]);
    check(&["r same ab", "r undo 0", "r undo 0", "r undo 1"], &["ab open"]);
}

#[test]
fn a_conflict_shows_its_shortest_chain() {
    let lines = ["r same ab", "r same bc", "r same cd", "r same ac", "r different a/d"];
    let state = ReviewState::from_entries(log(&lines));
    let [conflict] = state.conflicts() else { panic!("{:?}", state.conflicts()) };
    let chain: String = conflict.same_chain.iter().map(|link| format!("{}{} ", link.a, link.b)).collect();
    assert_eq!((&*conflict.a, &*conflict.b, chain.as_str()), ("a", "d", "ac cd "));
    assert_eq!(conflict.against.entry, entry(4, "r", Gesture::Judge { claims: vec![] }).id);
    let mixed = ["r same ab", "r same cd", "r variant a/c", "r different b/d"];
    let state = ReviewState::from_entries(log(&mixed));
    let [conflict] = state.conflicts() else { panic!("{:?}", state.conflicts()) };
    let chain: String = conflict
        .same_chain
        .iter()
        .map(|link| format!("{}{}{} ", link.a, link.verdict.id(), link.b))
        .collect();
    assert_eq!(chain, "bsamea avariantc csamed ");
}

#[test]
fn undo_and_redo_walk_the_whole_log() {
    let mut state = ReviewState::default();
    let mut number = 0;
    let mut act = |state: &mut ReviewState, gesture: Gesture| {
        state.extend([entry(number, "r", gesture)]);
        number += 1;
    };
    for pair in ["ab", "bc", "cd"] {
        act(&mut state, Gesture::Judge { claims: vec![within(pair, Verdict::Same)] });
    }
    let mut heights = vec![state.united_with("a").len()];
    for _ in 0..2 {
        while let Some(target) = state.undo_target("r") {
            act(&mut state, Gesture::Retract { entry: target });
            heights.push(state.united_with("a").len());
        }
        while let Some(target) = state.redo_target("r") {
            act(&mut state, Gesture::Retract { entry: target });
            heights.push(state.united_with("a").len());
        }
    }
    assert_eq!(heights, [4, 3, 2, 1, 2, 3, 4, 3, 2, 1, 2, 3, 4]);
    let target = state.undo_target("r").unwrap();
    act(&mut state, Gesture::Retract { entry: target });
    act(&mut state, Gesture::Flag { posting: "a".into(), flagged: true });
    assert_eq!(state.redo_target("r"), None);
    assert_eq!(state.undo_target("s"), None);
}

#[test]
fn remarks_follow_their_latest() {
    let lines =
        ["r same ab", "r keep a", "s keep b", "r note a for later", "r flag c", "r flag d", "r unflag d"];
    let mut state = ReviewState::from_entries(log(&lines));
    assert_eq!(state.keeper("a").as_deref(), Some("b"));
    assert_eq!(state.keeper("c"), None);
    assert_eq!(state.note("a"), Some("for later"));
    assert_eq!(state.flagged(), keys("c"));
    state.extend(log(&[&lines[..], &["s undo 2", "r note a "]].concat()));
    assert_eq!(state.keeper("b").as_deref(), Some("a"));
    assert_eq!(state.note("a"), None);
}

#[test]
fn a_hundred_thousand_gestures_are_taken_in() {
    let state = ReviewState::from_entries(long_log(100_000));
    assert_eq!(state.counts().n_gestures, 100_000);
    assert_eq!(state.united_groups().len(), 80_000);
}

/// Clusters of five: four same, the fifth different; every fifth gesture only flags.
fn long_log(n: u64) -> Vec<Entry> {
    let gesture = |number: u64| {
        let key = |member: u64| Key::from(format!("posting_{}", number * 5 + member));
        if number % 5 == 4 {
            return entry(number, "r", Gesture::Flag { posting: key(0), flagged: true });
        }
        let members: Vec<Key> = (0..4).map(key).collect();
        let out = Claim::Across { left: vec![key(4)], right: members.clone(), verdict: Verdict::Different };
        entry(
            number,
            "r",
            Gesture::Judge { claims: vec![Claim::Within { members, verdict: Verdict::Same }, out] },
        )
    };
    (0..n).map(gesture).collect()
}

/// What the naive model says of every pair: distance by same (None: not same), and who said what directly.
struct Naive {
    distance: Vec<Vec<Option<usize>>>,
    said: BTreeMap<(usize, usize), BTreeSet<Verdict>>,
    n_gestures: usize,
}

fn naive(entries: &[Entry]) -> Naive {
    let mut entries = entries.to_vec();
    entries.sort_by(|x, y| x.order().cmp(&y.order()));
    entries.dedup_by_key(|entry| entry.id);
    let mut active = vec![true; entries.len()];
    for at in (0..entries.len()).rev() {
        active[at] = !(at + 1..entries.len())
            .any(|later| active[later] && entries[later].gesture.retracts() == Some(entries[at].id));
    }
    let number = |key: &Key| POSTINGS.iter().position(|name| **name == **key).unwrap();
    let mut latest = BTreeMap::new();
    let mut n_gestures = 0;
    for (entry, _) in entries.iter().zip(&active).filter(|(_, active)| **active) {
        n_gestures += usize::from(entry.gesture.retracts().is_none());
        let Gesture::Judge { claims } = &entry.gesture else { continue };
        for claim in claims {
            let (left, right, verdict) = match claim {
                Claim::Within { members, verdict } => (members, members, verdict),
                Claim::Across { left, right, verdict } => (left, right, verdict),
            };
            for (a, b) in left.iter().flat_map(|a| right.iter().map(move |b| (number(a), number(b)))) {
                if a != b {
                    latest.insert((a.min(b), a.max(b), entry.reviewer.clone()), *verdict);
                }
            }
        }
    }
    let n = POSTINGS.len();
    let mut distance = vec![vec![None; n]; n];
    let mut said: BTreeMap<_, BTreeSet<Verdict>> = BTreeMap::new();
    for (&(a, b, _), &verdict) in &latest {
        said.entry((a, b)).or_default().insert(verdict);
        if verdict == Verdict::Same {
            (distance[a][b], distance[b][a]) = (Some(1), Some(1));
        }
    }
    for (a, row) in distance.iter_mut().enumerate() {
        row[a] = Some(0);
    }
    for k in 0..n {
        for i in 0..n {
            for j in 0..n {
                if let (Some(x), Some(y)) = (distance[i][k], distance[k][j]) {
                    distance[i][j] = Some(distance[i][j].map_or(x + y, |z| z.min(x + y)));
                }
            }
        }
    }
    Naive { distance, said, n_gestures }
}

impl Naive {
    fn says(&self, a: usize, b: usize, verdict: Verdict) -> bool {
        self.said.get(&(a.min(b), a.max(b))).is_some_and(|said| said.contains(&verdict))
    }

    fn follows(&self, a: usize, b: usize, verdict: Verdict) -> bool {
        let all = 0..POSTINGS.len();
        all.clone().any(|x| {
            self.distance[a][x].is_some()
                && all.clone().any(|y| self.distance[b][y].is_some() && self.says(x, y, verdict))
        })
    }

    fn standing(&self, a: usize, b: usize) -> PairStanding {
        if self.distance[a][b].is_some() {
            let clash = self.says(a, b, Verdict::Different) || self.says(a, b, Verdict::Variant);
            return if clash { PairStanding::Conflicted } else { PairStanding::Decided(Verdict::Same) };
        }
        match (self.follows(a, b, Verdict::Different), self.follows(a, b, Verdict::Variant)) {
            (true, true) => PairStanding::Conflicted,
            (true, false) => PairStanding::Decided(Verdict::Different),
            (false, true) => PairStanding::Decided(Verdict::Variant),
            (false, false) if self.says(a, b, Verdict::Unsure) => PairStanding::Decided(Verdict::Unsure),
            (false, false) => PairStanding::Open,
        }
    }
}

fn compare(state: &ReviewState, naive: &Naive) {
    let mut counts = Counts { n_gestures: naive.n_gestures, ..Counts::default() };
    let n = POSTINGS.len();
    for (a, b) in (0..n).flat_map(|a| (a + 1..n).map(move |b| (a, b))) {
        let standing = naive.standing(a, b);
        assert_eq!(state.standing(POSTINGS[a], POSTINGS[b]), standing, "{a} {b}");
        let chain = state.why_same(POSTINGS[a], POSTINGS[b]);
        assert_eq!(chain.len(), naive.distance[a][b].unwrap_or(0));
        for link in &chain {
            assert_eq!(link.verdict, Verdict::Same);
            let pair =
                [&link.a, &link.b].map(|key| POSTINGS.iter().position(|name| **name == **key).unwrap());
            assert!(naive.says(pair[0], pair[1], Verdict::Same));
        }
        let in_group = naive.distance[a][b].is_some();
        let is_conflict = standing == PairStanding::Conflicted
            && (in_group || (naive.says(a, b, Verdict::Different) && naive.says(a, b, Verdict::Variant)));
        let listed = state.conflicts().iter().any(|it| &*it.a == POSTINGS[a] && &*it.b == POSTINGS[b]);
        assert!(listed || !is_conflict, "{a} {b}");
        assert!(standing == PairStanding::Conflicted || !listed);
        counts.n_same_pairs += u64::from(standing == PairStanding::Decided(Verdict::Same));
        counts.n_different_pairs += u64::from(naive.says(a, b, Verdict::Different));
        counts.n_variant_pairs += u64::from(naive.says(a, b, Verdict::Variant));
        counts.n_unsure_pairs += u64::from(standing == PairStanding::Decided(Verdict::Unsure));
        if standing == PairStanding::Conflicted {
            let together = |x: usize, y: usize| naive.distance[x][y].is_some();
            let number = |key: &Key| POSTINGS.iter().position(|name| **name == **key).unwrap();
            assert!(state.conflicts().iter().any(|it| {
                let (x, y) = (number(&it.a), number(&it.b));
                (together(a, x) && together(b, y)) || (together(a, y) && together(b, x))
            }));
        }
    }
    assert_eq!(state.counts(), counts);
    for conflict in state.conflicts() {
        let ends = [conflict.same_chain.first().unwrap(), conflict.same_chain.last().unwrap()];
        assert_eq!((&ends[0].a, &ends[1].b), (&conflict.a, &conflict.b));
    }
}

/// Everything that can be seen of a state.
fn observe(state: &ReviewState) -> String {
    let mut seen = format!("{:?}\n{:?}\n", state.entries(), state.counts());
    seen += &format!("{:?}\n{:?}\n", state.united_groups(), state.apart_pairs());
    seen += &format!("{:?}\n{:?}\n{:?}\n", state.conflicts(), state.unsure_pairs(), state.flagged());
    for reviewer in ["r", "s", "t"] {
        seen += &format!("{:?} {:?}\n", state.undo_target(reviewer), state.redo_target(reviewer));
    }
    for entry in state.entries() {
        seen += &format!("{} ", state.is_active(entry.id));
    }
    for a in POSTINGS {
        seen += &format!("\n{a} {:?} {:?} ", state.keeper(a), state.note(a));
        for b in POSTINGS {
            let decided = Verdict::ALL.map(|verdict| state.decision(a, b, verdict).map(|entry| entry.id));
            seen += &format!("{:?} {:?} {decided:?} ", state.standing(a, b), state.why_same(a, b));
        }
    }
    seen
}

fn claims() -> impl Strategy<Value = Claim> {
    let names = || prop::sample::subsequence(POSTINGS.to_vec(), 1..5);
    let verdict = || {
        prop::sample::select(vec![
            Verdict::Same,
            Verdict::Same,
            Verdict::Different,
            Verdict::Variant,
            Verdict::Unsure,
        ])
    };
    let key = |names: Vec<&str>| names.into_iter().map(Key::from).collect::<Vec<Key>>();
    (any::<bool>(), names(), names(), verdict()).prop_map(move |(is_within, left, right, verdict)| {
        if is_within {
            Claim::Within { members: key(left), verdict }
        } else {
            Claim::Across { left: key(left), right: key(right), verdict }
        }
    })
}

fn gestures() -> impl Strategy<Value = (u8, usize, Vec<Claim>, &'static str)> {
    let reviewer = prop::sample::select(vec!["r", "s", "t"]);
    (0_u8..10, any::<usize>(), prop::collection::vec(claims(), 1..3), reviewer)
}

/// Logs with retractions of anything (also of retractions and of what comes later), and shared Lamport counters.
fn logs() -> impl Strategy<Value = Vec<Entry>> {
    prop::collection::vec(gestures(), 0..14).prop_map(|gestures| {
        let n = gestures.len();
        let entries = gestures.into_iter().enumerate().map(|(number, (kind, pick, claims, reviewer))| {
            let posting = Key::from(POSTINGS[pick % POSTINGS.len()]);
            let gesture = match kind {
                0..=2 => {
                    let target = if kind == 0 { pick % n } else { pick % (number + 1) };
                    Gesture::Retract { entry: EntryId(Uuid::from_u128(target as u128 + 1)) }
                }
                3 if pick % 3 == 0 => Gesture::Keep { posting },
                3 if pick % 3 == 1 => Gesture::Note { posting, text: format!("note {number}") },
                3 => Gesture::Flag { posting, flagged: pick % 2 == 0 },
                _ => Gesture::Judge { claims },
            };
            let mut entry = entry(number as u64, reviewer, gesture);
            entry.lamport = number as u64 - (pick % 2).min(number) as u64;
            entry
        });
        entries.collect()
    })
}

proptest! {
    #![proptest_config(Config::with_cases(250))]

    #[test]
    fn the_state_is_what_the_naive_model_says(entries in logs()) {
        compare(&ReviewState::from_entries(entries.clone()), &naive(&entries));
    }

    #[test]
    fn any_order_and_any_partition_give_the_same_state(
        (entries, order, cuts) in logs().prop_flat_map(|entries| {
            let n = entries.len();
            let order = proptest::strategy::Just((0..n).collect::<Vec<usize>>()).prop_shuffle();
            (proptest::strategy::Just(entries), order, prop::collection::vec(0..=n, 3))
        })
    ) {
        let whole = observe(&ReviewState::from_entries(entries.clone()));
        let shuffled: Vec<Entry> = order.iter().map(|&at| entries[at].clone()).collect();
        prop_assert_eq!(&observe(&ReviewState::from_entries(shuffled.iter().chain(&entries).cloned())), &whole);
        let mut state = ReviewState::default();
        let mut cuts = cuts;
        cuts.sort_unstable();
        for span in [0..cuts[0], cuts[0]..cuts[1], cuts[0]..cuts[2], cuts[1]..shuffled.len()] {
            state.extend(shuffled[span].iter().cloned());
        }
        prop_assert_eq!(&observe(&state), &whole);
        let mut one_by_one = ReviewState::default();
        let mut sorted = entries;
        sorted.sort_by(|x, y| x.order().cmp(&y.order()));
        for (n, entry) in sorted.iter().enumerate() {
            one_by_one.extend([entry.clone()]);
            prop_assert_eq!(&observe(&one_by_one), &observe(&ReviewState::from_entries(sorted[..=n].to_vec())));
        }
    }
}
