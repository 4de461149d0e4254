//! Each row's own matches, before any clustering; what `evaluate` and `submission.csv` use.
//! Never symmetric by force: row a may match b without b matching a.

use crate::index::Neighbors;

/// How neighbours become matches.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MatchOptions {
    /// Smallest score of a match; `None` takes the plain top k.
    pub threshold: Option<f32>,
    /// Fewest matches a row, itself included, best first even below the threshold (2 = "at least two").
    pub min_matches: usize,
    /// Most matches a row, itself included (50 in the Shopee competition).
    pub max_matches: usize,
}

impl Default for MatchOptions {
    /// Plain top k, cut to the competition's 50.
    fn default() -> Self {
        Self { threshold: None, min_matches: 1, max_matches: 50 }
    }
}

/// The lists cut to matches. The row itself always comes first (score 1 where the list lacks it) and always stays.
/// A list that has too few neighbours for `min_matches` keeps what it has.
pub fn row_matches(neighbors: &Neighbors, options: &MatchOptions) -> Neighbors {
    let mut matches = Neighbors { offsets: vec![0], rows: Vec::new(), scores: Vec::new() };
    for row in 0..neighbors.n_rows() {
        let (rows, scores) = neighbors.list(row);
        let own_score =
            rows.iter().zip(scores).find(|(other, _)| **other as usize == row).map_or(1.0, |(_, own)| *own);
        matches.rows.push(row as u32);
        matches.scores.push(own_score);
        let others = rows.iter().zip(scores).filter(|(other, _)| **other as usize != row);
        for (n_matches, (&other, &score)) in (1..).zip(others) {
            let is_match = options.threshold.is_none_or(|threshold| score >= threshold);
            if n_matches >= options.max_matches || !(is_match || n_matches < options.min_matches) {
                break;
            }
            matches.rows.push(other);
            matches.scores.push(score);
        }
        matches.offsets.push(matches.rows.len());
    }
    matches
}

#[cfg(test)]
mod tests {
    use super::{MatchOptions, row_matches};
    use crate::index::{Hit, Neighbors};

    fn check(list: &[(u32, f32)], options: MatchOptions, expected: &[u32]) {
        let list = list.iter().map(|&(row, score)| Hit { row, score }).collect();
        let matches = row_matches(&Neighbors::from_lists(vec![list]), &options);
        assert_eq!(matches.list(0).0, expected);
        assert_eq!(matches.scores.len(), matches.rows.len());
    }

    fn at(threshold: f32, min_matches: usize, max_matches: usize) -> MatchOptions {
        MatchOptions { threshold: Some(threshold), min_matches, max_matches }
    }

    #[test]
    fn cuts_at_the_threshold() {
        let list = [(0, 1.0), (4, 0.8), (2, 0.5), (3, 0.3)];
        check(&list, at(0.5, 1, 50), &[0, 4, 2]);
        check(&list, at(0.9, 1, 50), &[0]);
        check(&list, at(0.9, 2, 50), &[0, 4]);
        check(&list, at(0.9, 9, 50), &[0, 4, 2, 3]);
        check(&list, at(0.0, 1, 2), &[0, 4]);
        check(&list, at(0.0, 3, 0), &[0]);
        check(&list, MatchOptions::default(), &[0, 4, 2, 3]);
        check(&list, MatchOptions { max_matches: 3, ..MatchOptions::default() }, &[0, 4, 2]);
    }

    #[test]
    fn the_row_itself_is_always_first() {
        check(&[], at(0.5, 2, 50), &[0]);
        check(&[(1, 1.0), (0, 1.0)], at(0.5, 1, 50), &[0, 1]);
        check(&[(1, 0.9)], at(0.95, 1, 50), &[0]);
        check(&[(0, 0.1), (1, f32::NAN)], at(0.5, 1, 50), &[0]);
    }
}
