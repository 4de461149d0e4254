//! What follows from answers about looks: who picked what, what each candidate is, triplets to learn from, and how far a reviewer
//! agrees with themselves. A function of the log, like everything else here; it says nothing of duplicates.

use std::collections::{BTreeMap, BTreeSet};

use super::{CandidateVerdict, Entry, EntryId, Gesture, Key, ReviewState, ShownOrder};
use crate::metrics::cohen_kappa;

/// One answer to one question.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// The entry that gave it.
    pub entry: EntryId,
    /// Who.
    pub reviewer: String,
    /// What looks alike; nothing for "none of these".
    pub picks: Vec<Key>,
    /// Every candidate, in the order on screen.
    pub shown: Vec<Key>,
    /// Announced as hard negatives.
    pub hard_negatives: Vec<Key>,
    /// How they lay.
    pub order: ShownOrder,
    /// Where it was given.
    pub view: super::View,
    /// When, milliseconds since 1970 UTC.
    pub at_millis: i64,
    /// How long it took, milliseconds.
    pub millis: u32,
}

/// Something to learn: the anchor looks more like the positive than like the negative.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Triplet {
    /// The posting that was asked about.
    pub anchor: Key,
    /// What looks like it.
    pub positive: Key,
    /// What does not.
    pub negative: Key,
}

/// How far one reviewer gives the same answer again.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SelfAgreement {
    /// Questions answered again.
    pub n_questions: usize,
    /// Cohen's kappa over their candidates, picked or not; 1 is full agreement, 0 that of chance.
    pub kappa: f64,
}

/// Every answer that counts, by the posting asked about.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LookAlikes {
    answers: BTreeMap<Key, Vec<Answer>>,
    /// The latest word on each candidate.
    candidates: BTreeMap<Key, BTreeMap<Key, CandidateVerdict>>,
}

/// What answers and words on candidates teach about one posting.
struct Taught {
    positives: BTreeSet<Key>,
    negatives: BTreeSet<Key>,
}

impl LookAlikes {
    /// What follows from the log.
    pub fn of(state: &ReviewState) -> Self {
        let mut all = Self::default();
        for entry in state.entries().iter().filter(|entry| state.is_active(entry.id)) {
            all.add(entry);
        }
        all
    }

    /// Adds an entry that counts and is newer than all before.
    pub fn add(&mut self, entry: &Entry) {
        match &entry.gesture {
            Gesture::LookAlike { query, picks, shown, hard_negatives, order } => {
                let answer = Answer {
                    entry: entry.id,
                    reviewer: entry.reviewer.clone(),
                    picks: picks.clone(),
                    shown: shown.clone(),
                    hard_negatives: hard_negatives.clone(),
                    order: *order,
                    view: entry.seen.view,
                    at_millis: entry.at_millis,
                    millis: entry.seen.millis,
                };
                self.answers.entry(Key::clone(query)).or_default().push(answer);
            }
            Gesture::Candidate { query, candidate, verdict } => {
                let of_query = self.candidates.entry(Key::clone(query)).or_default();
                of_query.insert(Key::clone(candidate), *verdict);
            }
            _ => {}
        }
    }

    /// The answers about a posting, oldest first.
    pub fn answers(&self, query: &str) -> &[Answer] {
        self.answers.get(query).map_or(&[], Vec::as_slice)
    }

    /// Every posting that was asked about, with its answers.
    pub fn all(&self) -> impl Iterator<Item = (&Key, &[Answer])> {
        self.answers.iter().map(|(query, answers)| (query, answers.as_slice()))
    }

    /// Postings that were answered.
    pub fn n_answered(&self) -> usize {
        self.answers.len()
    }

    /// The latest word on a candidate.
    pub fn verdict(&self, query: &str, candidate: &str) -> Option<CandidateVerdict> {
        self.candidates.get(query)?.get(candidate).copied()
    }

    /// Triplets, sorted. Positives are the picks of each reviewer's latest answer, candidates said to match, and what `known` says
    /// of the posting; negatives the announced hard negatives of those answers and candidates said to be. What is a positive, a variant
    /// or left out is never a negative, and what is a negative by the latest word on it is no positive.
    pub fn triplets(&self, known: &dyn Fn(&str) -> Vec<Key>) -> Vec<Triplet> {
        let queries: BTreeSet<&Key> = self.answers.keys().chain(self.candidates.keys()).collect();
        let mut triplets = Vec::new();
        for query in queries {
            let Taught { positives, negatives } = self.taught(query, known(query));
            for positive in &positives {
                triplets.extend(negatives.iter().map(|negative| Triplet {
                    anchor: Key::clone(query),
                    positive: Key::clone(positive),
                    negative: Key::clone(negative),
                }));
            }
        }
        triplets
    }

    /// What is taught about one posting.
    fn taught(&self, query: &Key, known: Vec<Key>) -> Taught {
        let mut latest: BTreeMap<&str, &Answer> = BTreeMap::new();
        for answer in self.answers(query) {
            latest.insert(&answer.reviewer, answer);
        }
        let mut positives: BTreeSet<Key> = known.into_iter().collect();
        positives.extend(latest.values().flat_map(|answer| answer.picks.iter().cloned()));
        let mut negatives: BTreeSet<Key> =
            latest.values().flat_map(|answer| answer.hard_negatives.iter().cloned()).collect();
        // One reviewer's pick may be another's negative: nobody is taught that.
        negatives.retain(|key| !positives.contains(key));
        for (candidate, verdict) in self.candidates.get(query).into_iter().flatten() {
            positives.remove(candidate);
            negatives.remove(candidate);
            match verdict {
                CandidateVerdict::Match => positives.insert(Key::clone(candidate)),
                CandidateVerdict::Negative => negatives.insert(Key::clone(candidate)),
                CandidateVerdict::Variant | CandidateVerdict::LeftOut => false,
            };
        }
        positives.remove(query);
        negatives.remove(query);
        Taught { positives, negatives }
    }

    /// Each posting with each of its positives, as answers and words on candidates have them; sorted.
    pub fn positives(&self) -> Vec<(Key, Key)> {
        self.pairs(|taught| taught.positives)
    }

    /// Each posting with each of its negatives; sorted.
    pub fn negatives(&self) -> Vec<(Key, Key)> {
        self.pairs(|taught| taught.negatives)
    }

    fn pairs(&self, pick: fn(Taught) -> BTreeSet<Key>) -> Vec<(Key, Key)> {
        let queries: BTreeSet<&Key> = self.answers.keys().chain(self.candidates.keys()).collect();
        let mut pairs = Vec::new();
        for query in queries {
            let others = pick(self.taught(query, Vec::new()));
            pairs.extend(others.into_iter().map(|other| (Key::clone(query), other)));
        }
        pairs
    }

    /// As [`self_agreement`].
    pub fn agreement(&self, reviewer: &str) -> Option<SelfAgreement> {
        let mut counts = [[0_u64; 2]; 2];
        let mut n_questions = 0;
        for answers in self.answers.values() {
            let own: Vec<&Answer> = answers.iter().filter(|answer| answer.reviewer == reviewer).collect();
            for pair in own.windows(2) {
                let [first, second] = pair else { continue };
                n_questions += 1;
                for candidate in first.shown.iter().filter(|key| second.shown.contains(key)) {
                    let picked = |answer: &Answer| usize::from(answer.picks.contains(candidate));
                    counts[picked(first)][picked(second)] += 1;
                }
            }
        }
        cohen_kappa(counts).map(|kappa| SelfAgreement { n_questions, kappa })
    }
}

/// How far a reviewer agrees with themselves, over questions they answered again, each answer with the one before; `None` until
/// there is one.
pub fn self_agreement(state: &ReviewState, reviewer: &str) -> Option<SelfAgreement> {
    LookAlikes::of(state).agreement(reviewer)
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::{LookAlikes, Triplet, self_agreement};
    use crate::review::{
        CandidateVerdict, Entry, EntryId, Gesture, Key, PairStanding, ReviewState, Seen, ShownOrder,
    };

    fn keys(names: &str) -> Vec<Key> {
        names.split_whitespace().map(Key::from).collect()
    }

    fn answer(query: &str, picks: &str, hard_negatives: &str) -> Gesture {
        Gesture::LookAlike {
            query: query.into(),
            picks: keys(picks),
            shown: keys("a b c d"),
            hard_negatives: keys(hard_negatives),
            order: ShownOrder::Shuffled { seed: 7 },
        }
    }

    fn word(query: &str, candidate: &str, verdict: CandidateVerdict) -> Gesture {
        Gesture::Candidate { query: query.into(), candidate: candidate.into(), verdict }
    }

    fn state(gestures: Vec<(&str, Gesture)>) -> ReviewState {
        ReviewState::from_entries(gestures.into_iter().enumerate().map(|(at, (reviewer, gesture))| Entry {
            id: EntryId(Uuid::from_u128(at as u128 + 1)),
            reviewer: reviewer.to_owned(),
            lamport: at as u64 + 1,
            at_millis: 0,
            gesture,
            seen: Seen::default(),
        }))
    }

    fn check_triplets(gestures: Vec<(&str, Gesture)>, expected: &[&str]) {
        let found = LookAlikes::of(&state(gestures)).triplets(&|_| Vec::new());
        let found: Vec<String> = found
            .iter()
            .map(|Triplet { anchor, positive, negative }| format!("{anchor} {positive} {negative}"))
            .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn triplets_are_taught_by_picks_and_announced_negatives_alone() {
        check_triplets(vec![("ann", answer("q", "a", "b"))], &["q a b"]);
        check_triplets(vec![("ann", answer("q", "a b", "c d"))], &["q a c", "q a d", "q b c", "q b d"]);
        // Shown and not picked teaches nothing.
        check_triplets(vec![("ann", answer("q", "a", ""))], &[]);
        check_triplets(vec![("ann", answer("q", "", "b"))], &[]);
        // A reviewer's later answer takes the place of the earlier one, another reviewer's does not.
        check_triplets(vec![("ann", answer("q", "a", "b")), ("ann", answer("q", "c", "d"))], &["q c d"]);
        check_triplets(
            vec![("ann", answer("q", "a", "b")), ("bob", answer("q", "b", "c"))],
            &["q a c", "q b c"],
        );
    }

    #[test]
    fn the_latest_word_on_a_candidate_goes_before_answers() {
        let taught = |verdict| vec![("ann", answer("q", "a", "b c")), ("ann", word("q", "b", verdict))];
        check_triplets(taught(CandidateVerdict::Negative), &["q a b", "q a c"]);
        check_triplets(taught(CandidateVerdict::Match), &["q a c", "q b c"]);
        check_triplets(taught(CandidateVerdict::Variant), &["q a c"]);
        check_triplets(taught(CandidateVerdict::LeftOut), &["q a c"]);
        let turned =
            vec![("ann", answer("q", "a b", "c")), ("ann", word("q", "a", CandidateVerdict::Negative))];
        check_triplets(turned, &["q b a", "q b c"]);
    }

    #[test]
    fn known_matches_are_positives_too() {
        let state = state(vec![("ann", word("q", "c", CandidateVerdict::Negative))]);
        let known = |query: &str| if query == "q" { keys("q m") } else { Vec::new() };
        let found = LookAlikes::of(&state).triplets(&known);
        assert_eq!(found, [Triplet { anchor: "q".into(), positive: "m".into(), negative: "c".into() }]);
        let looks = LookAlikes::of(&state);
        assert_eq!((looks.positives(), looks.negatives()), (Vec::new(), vec![("q".into(), "c".into())]));
    }

    #[test]
    fn an_undone_answer_is_gone_and_says_nothing_of_duplicates() {
        let mut all = vec![("ann", answer("q", "a", "b"))];
        assert_eq!(LookAlikes::of(&state(all.clone())).n_answered(), 1);
        assert_eq!(state(all.clone()).standing("q", "a"), PairStanding::Open);
        assert_eq!(state(all.clone()).counts().n_gestures, 1);
        all.push(("ann", Gesture::Retract { entry: EntryId(Uuid::from_u128(1)) }));
        assert_eq!(LookAlikes::of(&state(all)).n_answered(), 0);
    }

    #[test]
    fn agreement_is_with_oneself() {
        let again = |second: &'static str| {
            state(vec![
                ("ann", answer("q", "a", "")),
                ("bob", answer("q", "d", "")),
                ("ann", answer("q", second, "")),
            ])
        };
        let kappa = |state: &ReviewState| self_agreement(state, "ann").map(|it| (it.n_questions, it.kappa));
        assert_eq!(kappa(&again("a")), Some((1, 1.0)));
        // Of four candidates two are said alike both times: observed 1/2, expected (1/4)^2 + (3/4)^2.
        let expected = (0.5 - 0.625) / (1.0 - 0.625);
        assert!(kappa(&again("b")).is_some_and(|(n, found)| n == 1 && (found - expected).abs() < 1e-12));
        assert_eq!(self_agreement(&again("a"), "bob"), None);
    }
}
