//! What the decisions demand of the matcher, as rows of a catalogue.

use std::collections::BTreeSet;

use super::ReviewState;
use super::rows::Rows;
use crate::catalog::Catalog;

/// Pairs of rows for [`crate::matching::cluster`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RowConstraints {
    /// Pairs that hold united groups together (a chain through each group).
    pub together: Vec<(u32, u32)>,
    /// Every pair that is different or variant, also where that follows from united groups; smaller row first, sorted.
    pub apart: Vec<(u32, u32)>,
}

/// The constraints of the decisions on this catalogue; postings it does not have are left out.
pub fn row_constraints(state: &ReviewState, catalog: &Catalog) -> RowConstraints {
    constraints(state, catalog)
}

fn constraints(state: &ReviewState, rows: &impl Rows) -> RowConstraints {
    let rows_of =
        |keys: &[super::Key]| -> Vec<u32> { keys.iter().filter_map(|key| rows.find(key)).collect() };
    let mut together = Vec::new();
    for group in state.united_groups() {
        let rows = rows_of(&group);
        together.extend(rows.iter().copied().zip(rows.iter().copied().skip(1)));
    }
    let mut apart = BTreeSet::new();
    let mut crossed = BTreeSet::new();
    for (a, b, _) in state.apart_pairs() {
        let (left, right) = (state.united_with(&a), state.united_with(&b));
        let names = (left.first().cloned(), right.first().cloned());
        // Inside one group the pair is a contradiction: it stays together until someone resolves it.
        if names.0 == names.1 || !crossed.insert(names) {
            continue;
        }
        let right = rows_of(&right);
        for a in rows_of(&left) {
            apart.extend(right.iter().map(|&b| (a.min(b), a.max(b))));
        }
    }
    RowConstraints { together, apart: apart.into_iter().collect() }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::constraints;
    use crate::review::rows::Rows;
    use crate::review::{Claim, Entry, EntryId, Gesture, Key, ReviewState, Seen, Verdict};

    /// Postings p0 to p5.
    struct Six;

    impl Rows for Six {
        fn n_rows(&self) -> usize {
            6
        }

        fn key(&self, row: u32) -> &str {
            ["p0", "p1", "p2", "p3", "p4", "p5"][row as usize]
        }

        fn key_rank(&self, row: u32) -> u32 {
            row
        }

        fn group(&self, _row: u32) -> Option<&str> {
            None
        }

        fn title(&self, _row: u32) -> &str {
            ""
        }

        fn find(&self, key: &str) -> Option<u32> {
            key.strip_prefix('p')?.parse().ok().filter(|row| *row < 6)
        }
    }

    #[test]
    fn differences_hold_between_whole_groups() {
        let within = |members: &[&str]| Claim::Within {
            members: members.iter().map(|&key| Key::from(key)).collect(),
            verdict: Verdict::Same,
        };
        let claims = vec![
            within(&["p0", "p3", "gone"]),
            within(&["p1", "p4"]),
            Claim::pair("p4", "gone", Verdict::Different),
            Claim::pair("p5", "p0", Verdict::Variant),
        ];
        let gesture = Gesture::Judge { claims };
        let (id, reviewer) = (EntryId::fresh(), "r".to_owned());
        let entry = Entry { id, reviewer, lamport: 1, at_millis: 0, gesture, seen: Seen::default() };
        let found = constraints(&ReviewState::from_entries([entry]), &Six);
        assert_eq!(found.together, [(0, 3), (1, 4)]);
        assert_eq!(found.apart, [(0, 1), (0, 4), (0, 5), (1, 3), (3, 4), (3, 5)]);
    }
}
