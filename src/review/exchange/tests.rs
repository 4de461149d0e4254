//! Exports word for word, imports of every shape, and both together.
#![allow(clippy::unwrap_used, reason = "tests")]

use uuid::Uuid;

use super::{LABEL_FORMATS, Sources, export, import};
use crate::matching::{Cluster, Clusters};
use crate::review::rows::Rows;
use crate::review::{Claim, Entry, EntryId, Gesture, Key, ReviewState, Seen, Verdict};

/// Postings a to h, with titles; `a,"x` is one too.
struct Shop;

const KEYS: [&str; 9] = ["a", "a,\"x", "b", "c", "d", "e", "f", "g", "h"];

impl Rows for Shop {
    fn n_rows(&self) -> usize {
        KEYS.len()
    }

    fn key(&self, row: u32) -> &str {
        KEYS[row as usize]
    }

    fn key_rank(&self, row: u32) -> u32 {
        row
    }

    fn group(&self, row: u32) -> Option<&str> {
        // g and h are one product.
        (row >= 7).then_some("pair")
    }

    fn title(&self, row: u32) -> &str {
        ["short", "", "a long title", "short", "", "", "", "", ""][row as usize]
    }

    fn find(&self, key: &str) -> Option<u32> {
        KEYS.iter().position(|it| *it == key).map(|row| row as u32)
    }
}

fn entry(number: u64, gesture: Gesture) -> Entry {
    let id = EntryId(Uuid::from_u128(u128::from(number) + 1));
    let seen = Seen { score: (number == 0).then_some(0.75), ..Seen::default() };
    Entry { id, reviewer: "ann".to_owned(), lamport: number, at_millis: number as i64 * 1000, gesture, seen }
}

fn within(members: &[&str], verdict: Verdict) -> Gesture {
    let members = members.iter().map(|&key| key.into()).collect();
    Gesture::Judge { claims: vec![Claim::Within { members, verdict }] }
}

fn decisions() -> ReviewState {
    let gestures = vec![
        within(&["a", "b"], Verdict::Same),
        within(&["b", "c"], Verdict::Same),
        within(&["c", "d"], Verdict::Variant),
        within(&["e", "f"], Verdict::Unsure),
        within(&["a,\"x", "g"], Verdict::Different),
        Gesture::Note { posting: "c".into(), text: "check, \"later\"\nplease".to_owned() },
    ];
    let entries = gestures.into_iter().enumerate().map(|(number, gesture)| entry(number as u64, gesture));
    ReviewState::from_entries(entries)
}

fn exported(format: &str, state: &ReviewState, clusters: Option<&Clusters>) -> String {
    let mut out = Vec::new();
    let sources = Sources { rows: &Shop, state, clusters, pixels: &|_| None };
    export(format, &sources, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn pairs_say_what_was_said_and_what_follows() {
    let expected = "\
posting_id_1,posting_id_2,verdict,match,variant,basis,reviewer,time,score
a,b,same,1,0,direct,ann,1970-01-01T00:00:00Z,0.75
a,c,same,1,0,follows,,,
a,d,variant,0,1,follows,,,
\"a,\"\"x\",g,different,0,0,direct,ann,1970-01-01T00:00:04Z,
b,c,same,1,0,direct,ann,1970-01-01T00:00:01Z,
b,d,variant,0,1,follows,,,
c,d,variant,0,1,direct,ann,1970-01-01T00:00:02Z,
e,f,unsure,,,direct,ann,1970-01-01T00:00:03Z,
";
    assert_eq!(exported("pairs-csv", &decisions(), None), expected);
    let lines = exported("pairs-jsonl", &decisions(), None);
    let first: serde_json::Value = serde_json::from_str(lines.lines().next().unwrap()).unwrap();
    assert_eq!((&first["posting_id_2"], &first["match"]), (&"b".into(), &1.into()));
    assert_eq!(lines.lines().count(), 8);
}

#[test]
fn actions_name_the_keeper() {
    let expected = "\
posting_id,cluster_id,keeper,verdict,reviewer,time,note
a,1,b,same,ann,1970-01-01T00:00:00Z,
\"a,\"\"x\",2,,different,ann,1970-01-01T00:00:04Z,
b,1,b,same,ann,1970-01-01T00:00:01Z,
c,1,b,same,ann,1970-01-01T00:00:05Z,\"check, \"\"later\"\"\nplease\"
d,3,,variant,ann,1970-01-01T00:00:02Z,
e,4,,unsure,ann,1970-01-01T00:00:03Z,
f,5,,unsure,ann,1970-01-01T00:00:03Z,
g,6,,different,ann,1970-01-01T00:00:04Z,
";
    assert_eq!(exported("actions-csv", &decisions(), None), expected);
}

#[test]
fn the_keeper_is_chosen_or_has_the_largest_picture_or_the_longest_title() {
    let mut state = decisions();
    let keeper = |state: &ReviewState, pixels: &dyn Fn(&str) -> Option<u64>| {
        super::keeper(&Sources { rows: &Shop, state, clusters: None, pixels }, "a")
    };
    assert_eq!(keeper(&state, &|_| None).as_deref(), Some("b"));
    assert_eq!(keeper(&state, &|key| (key == "c").then_some(100)).as_deref(), Some("c"));
    state.extend([entry(10, Gesture::Keep { posting: "a".into() })]);
    assert_eq!(keeper(&state, &|key| (key == "c").then_some(100)).as_deref(), Some("a"));
}

#[test]
fn clusters_tell_decided_from_proposed() {
    let cluster =
        |members: Vec<u32>| Cluster { members, weakest: (0, 1), weakest_score: 0.6, cut_by_guard: false };
    let clusters =
        Clusters { clusters: vec![cluster(vec![0, 2, 5]), cluster(vec![6, 7])], ..Clusters::default() };
    let expected = "\
posting_id,cluster_id,status,keeper,variant_of
a,1,decided,b,
b,1,decided,b,
c,1,decided,b,d
f,2,proposed,,
g,2,proposed,,
";
    assert_eq!(exported("clusters-csv", &decisions(), Some(&clusters)), expected);
}

#[test]
fn answers_about_looks_are_written_with_what_they_teach() {
    use crate::review::{CandidateVerdict, ShownOrder};
    let answer = Gesture::LookAlike {
        query: "g".into(),
        picks: vec!["a".into()],
        shown: vec!["b".into(), "a".into(), "h".into()],
        hard_negatives: vec!["b".into()],
        order: ShownOrder::Shuffled { seed: 9 },
    };
    let word =
        Gesture::Candidate { query: "c".into(), candidate: "d".into(), verdict: CandidateVerdict::Negative };
    let state = ReviewState::from_entries([entry(0, answer), entry(1, word)]);
    let expected = "\
query,candidate,place,picked,hard_negative,order,reviewer,time,milliseconds
g,b,1,0,1,shuffled,ann,1970-01-01T00:00:00Z,0
g,a,2,1,0,shuffled,ann,1970-01-01T00:00:00Z,0
g,h,3,0,0,shuffled,ann,1970-01-01T00:00:00Z,0
";
    assert_eq!(exported("look-alikes-csv", &state, None), expected);
    let line: serde_json::Value = serde_json::from_str(&exported("look-alikes-jsonl", &state, None)).unwrap();
    assert_eq!((&line["picks"][0], &line["seed"], &line["shown"][2]), (&"a".into(), &9.into(), &"h".into()));
    // h is of g's own group; c has no positive, so that its negative teaches nothing.
    let expected = "\
{\"anchor\":\"g\",\"positive\":\"a\",\"negative\":\"b\"}
{\"anchor\":\"g\",\"positive\":\"h\",\"negative\":\"b\"}
";
    assert_eq!(exported("triplets-jsonl", &state, None), expected);
    // Nothing of it is a decision about duplicates.
    assert_eq!(exported("actions-csv", &state, None).lines().count(), 1);
    assert_eq!(exported("pairs-csv", &state, None).lines().count(), 1);
}

#[test]
fn every_format_writes_a_header_or_nothing_for_no_decisions() {
    for format in LABEL_FORMATS {
        let text = exported(format.id, &ReviewState::default(), None);
        assert!(text.lines().count() <= 1, "{}: {text}", format.id);
    }
    let sources = Sources { rows: &Shop, state: &decisions(), clusters: None, pixels: &|_| None };
    let error = export("xml", &sources, &mut Vec::new()).unwrap_err();
    assert!(error.to_string().contains("pairs-csv"));
}

#[test]
fn our_own_exports_come_back() {
    let state = decisions();
    for format in ["pairs-csv", "pairs-jsonl"] {
        let text = exported(format, &state, None);
        let (gesture, problems) = import::read(&mut text.as_bytes(), "f", &Shop).unwrap();
        assert_eq!(problems, []);
        let back = ReviewState::from_entries([entry(0, gesture.unwrap())]);
        for (a, b) in KEYS.iter().flat_map(|a| KEYS.iter().map(move |b| (a, b))) {
            assert_eq!(back.standing(a, b), state.standing(a, b), "{a} {b}");
        }
        assert_eq!(back.counts().n_variant_pairs, state.counts().n_variant_pairs);
    }
}

/// Imports a file and writes what it says as `a=b` same, `a!b` different, `a~b` variant, `a?b` unsure.
fn check(text: &str, expected: &str, n_problems: usize) {
    let (gesture, problems) = import::read(&mut text.as_bytes(), "pairs.csv", &Shop).unwrap();
    let claims = match gesture {
        Some(Gesture::Judge { claims }) => claims,
        None => Vec::new(),
        Some(other) => panic!("{other:?}"),
    };
    let mut said = Vec::new();
    for claim in claims {
        let Claim::Across { left, right, verdict } = claim else { panic!("{claim:?}") };
        let sign = ["=", "!", "~", "?"][Verdict::ALL.iter().position(|it| *it == verdict).unwrap()];
        said.extend(right.iter().map(|b: &Key| format!("{}{sign}{b}", left[0])));
    }
    assert_eq!((said.join(" ").as_str(), problems.len()), (expected, n_problems), "{text} {problems:?}");
}

#[test]
fn pairs_are_read_in_many_shapes() {
    check("posting_id_1,posting_id_2,verdict\na,b,same\nc,b,different\n", "a=b b!c", 0);
    check("\u{feff}a;b;label\r\nc;a;1\r\nc;b;0\r\n", "a=c b!c", 0);
    check("score\tRight\tLeft\tVerdict\n0.5\tb\ta\tVariant\n", "a~b", 0);
    check("id1|id2|match\na|b|true\na|c|maybe\n", "a=b a?c", 0);
    check("a,b,1\nb,c,0\n", "a=b b!c", 0);
    check(
        "{\"left\":\"a\",\"right\":\"b\",\"same\":true}\n\n{\"a\":\"b\",\"b\":\"c\",\"verdict\":\"variant\"}",
        "a=b b~c",
        0,
    );
    check("a,b,label\na,b,1\na,b,0\n", "a!b", 1);
    check("a,b,label\na,b,1\nb,a,1\n", "a=b", 0);
    check("a,b,label\na,b\na,a,1\na,,1\na,b,perhaps\na,b,1\n", "a=b", 4);
    check("a,b,label\na,zzz,1\n", "a=zzz", 1);
    check("{\"a\":\"b\"}\n{broken\n{\"a\":\"a\",\"b\":\"b\",\"label\":1}", "a=b", 2);
    check("a,b,verdict\na,b,conflict\n", "", 0);
}

#[test]
fn what_is_no_list_of_pairs_is_refused_with_the_reason() {
    let check = |bytes: &[u8], expected: &str| {
        let error = import::read(&mut &bytes[..], "pairs.csv", &Shop).unwrap_err();
        assert!(error.contains(expected) && error.contains("pairs.csv"), "{error}");
    };
    check(b"", "no decided pair");
    check(b"posting_id,image\n1,x.jpg\n", "posting_id_1");
    check(b"a,b,label\n", "no decided pair");
    check(b"a,b,label\na,b,perhaps\n", "`perhaps` is no verdict");
    check(b"{\"x\": 1}", "lacks one of");
    check(b"\xff\xd8\xff\xe0\0\x10JFIF", "not understood");
}
