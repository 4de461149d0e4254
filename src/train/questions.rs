//! One right answer among many: the questions of one part, how well scores answer them, and which shares of several similarities
//! answer best. A question is right in the first k where fewer than k wrong candidates score as much as the right one, as in
//! Rosenfeld, Solbach and Tsotsos, "Totally Looks Like", ACCV 2018. Scores of one question never hang on another question.

use super::mixture::{moved, shares_of};
use super::{Part, Random, TrainingData};
use crate::encode::Embeddings;
use crate::index::{Metric, exact_scores};

/// Shares of the coarse grid of weights are multiples of its inverse.
const GRID_STEPS: usize = 5;
/// Parts beyond these start equal: the grid would grow too large.
const MOST_GRID_PARTS: usize = 5;
/// Steps of the ascent, as shares before they are made to add up to 1.
const ASCENT_STEPS: [f32; 2] = [0.1, 0.05];
/// Rounds over the parts for each step.
const MOST_ROUNDS: usize = 4;
/// Weights that gain less on the few questions they are chosen by are taken for chance.
const LEAST_GAIN: f64 = 0.005;

/// Who is asked about whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Questions {
    /// Rows that ask; each has a right answer.
    pub queries: Vec<u32>,
    /// Rows that may answer.
    pub answers: Vec<u32>,
    /// For each query what each answer is to it.
    kinds: Vec<Vec<Kind>>,
}

/// What an answer is to a query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Right,
    Wrong,
    /// The query itself, or nobody knows.
    Neither,
}

impl Questions {
    /// The questions of `part` among rows with an embedding: each row that may ask and has a partner that may answer.
    pub fn of(data: &TrainingData<'_>, part: Part) -> Self {
        Self::among(data, &data.embedded_rows(part))
    }

    /// The same among `rows`.
    pub fn among(data: &TrainingData<'_>, rows: &[u32]) -> Self {
        let answers: Vec<u32> = rows.iter().copied().filter(|row| data.answers(*row)).collect();
        let (mut queries, mut kinds) = (Vec::new(), Vec::new());
        for &query in rows.iter().filter(|row| data.asks(**row)) {
            let of_query: Vec<Kind> = answers.iter().map(|answer| kind(data, query, *answer)).collect();
            if of_query.contains(&Kind::Right) && of_query.contains(&Kind::Wrong) {
                queries.push(query);
                kinds.push(of_query);
            }
        }
        Self { queries, answers, kinds }
    }

    /// The mean chance that the right answer is among the first `k` when `of - 1` wrong ones are drawn from all there are: what
    /// drawing again and again would come to, without drawing. `scores` as [`Questions::pairs`] orders them. 0 without questions.
    pub fn expected_top_k(&self, scores: &[f32], k: usize, of: usize) -> f64 {
        let chance = |(scores, kinds): (&[f32], &Vec<Kind>)| {
            let best = best_right(scores, kinds);
            let wrong = || scores.iter().zip(kinds).filter(|(_, kind)| **kind == Kind::Wrong);
            let n_before = wrong().filter(|(score, _)| is_before(**score, best)).count();
            chance_of_few(wrong().count(), n_before, of.saturating_sub(1), k)
        };
        let each = scores.chunks(self.answers.len().max(1)).zip(&self.kinds);
        each.map(chance).sum::<f64>() / self.queries.len().max(1) as f64
    }

    /// For each query the places of `of - 1` wrong answers, drawn by the seed and the query's row alone; all where there are fewer.
    pub fn draw_foils(&self, of: usize, seed: u64) -> Vec<Vec<usize>> {
        let draw = |(query, kinds): (&u32, &Vec<Kind>)| {
            let places = kinds.iter().enumerate().filter(|(_, kind)| **kind == Kind::Wrong);
            let mut places: Vec<usize> = places.map(|(place, _)| place).collect();
            Random::new(seed, &format!("foils/{query}")).shuffle(&mut places);
            places.truncate(of.saturating_sub(1));
            places
        };
        self.queries.iter().zip(&self.kinds).map(draw).collect()
    }

    /// The rank, from 1, of each query's best right answer among it and these wrong ones; a wrong one that scores as much stands
    /// before.
    pub fn ranks(&self, scores: &[f32], foils: &[Vec<usize>]) -> Vec<usize> {
        let each = scores.chunks(self.answers.len().max(1)).zip(&self.kinds).zip(foils);
        each.map(|((scores, kinds), foils)| {
            let best = best_right(scores, kinds);
            let of = |place: &&usize| scores.get(**place).is_some_and(|score| is_before(*score, best));
            1 + foils.iter().filter(of).count()
        })
        .collect()
    }

    /// Every query with every answer, the answers of the first query first.
    pub fn pairs(&self) -> impl Iterator<Item = (u32, u32)> + '_ {
        self.queries.iter().flat_map(|query| self.answers.iter().map(move |answer| (*query, *answer)))
    }

    /// Cosines of every pair in rows of the whole catalogue; NaN where one has none.
    pub fn similarities(&self, rows: &Embeddings) -> Vec<f32> {
        let mut scores = Vec::with_capacity(self.queries.len() * self.answers.len());
        let is_there = |row: u32| rows.present.get(row as usize) == Some(&true);
        for &query in &self.queries {
            let start = scores.len();
            exact_scores(rows, Metric::Cosine, query as usize, &self.answers, &mut scores);
            for (score, answer) in scores.iter_mut().skip(start).zip(&self.answers) {
                if !is_there(query) || !is_there(*answer) {
                    *score = f32::NAN;
                }
            }
        }
        scores
    }

    /// Shares of several similarities (each as [`Questions::pairs`] orders them) that answer best in the first `k` of `of`: equal
    /// ones, unless others answer clearly better. Empty without similarities.
    pub fn fit_weights(&self, parts: &[Vec<f32>], k: usize, of: usize) -> Vec<f32> {
        let n_parts = parts.len();
        let score = |weights: &[f32]| self.expected_top_k(&weighed(parts, weights), k, of);
        let mut weights = vec![1.0 / n_parts.max(1) as f32; n_parts];
        if n_parts < 2 {
            return weights;
        }
        let mut best = score(&weights);
        let consider = |shares: Vec<f32>, weights: &mut Vec<f32>, best: &mut f64| {
            let found = score(&shares);
            if found > *best + LEAST_GAIN {
                (*weights, *best) = (shares, found);
            }
        };
        if n_parts <= MOST_GRID_PARTS {
            for shares in shares_of(n_parts, GRID_STEPS) {
                consider(shares, &mut weights, &mut best);
            }
        }
        for step in ASCENT_STEPS {
            for _ in 0..MOST_ROUNDS {
                let before = best;
                for (part, step) in (0..n_parts).flat_map(|part| [(part, step), (part, -step)]) {
                    if let Some(shares) = moved(&weights, part, step) {
                        consider(shares, &mut weights, &mut best);
                    }
                }
                if best <= before {
                    break;
                }
            }
        }
        weights
    }
}

/// The sum of similarities by their shares, over those that are there.
pub fn weighed(parts: &[Vec<f32>], weights: &[f32]) -> Vec<f32> {
    let n_pairs = parts.first().map_or(0, Vec::len);
    let of_pair = |pair: usize| {
        let (mut sum, mut total) = (0.0, 0.0);
        for (part, weight) in parts.iter().zip(weights) {
            if let Some(similarity) = part.get(pair).filter(|similarity| !similarity.is_nan()) {
                sum += weight * similarity;
                total += weight;
            }
        }
        if total > 0.0 { sum / total } else { f32::NAN }
    };
    (0..n_pairs).map(of_pair).collect()
}

fn kind(data: &TrainingData<'_>, query: u32, answer: u32) -> Kind {
    use super::Relation;
    match data.labels.relation(query, answer) {
        _ if query == answer => Kind::Neither,
        Relation::Same => Kind::Right,
        Relation::Different => Kind::Wrong,
        Relation::Unknown => Kind::Neither,
    }
}

/// The score of the best right answer; NaN, which is below every number, where none has one.
fn best_right(scores: &[f32], kinds: &[Kind]) -> f32 {
    let right = scores.iter().zip(kinds).filter(|(_, kind)| **kind == Kind::Right).map(|(score, _)| *score);
    right.fold(f32::NAN, f32::max)
}

/// Whether a wrong answer stands before the right one: ties do not win.
fn is_before(score: f32, of_right: f32) -> bool {
    of_right.is_nan() || score >= of_right
}

/// The chance that of `n_drawn` drawn from `n_all`, of which `n_before` stand before, fewer than `k` do (hypergeometric).
fn chance_of_few(n_all: usize, n_before: usize, n_drawn: usize, k: usize) -> f64 {
    let n_drawn = n_drawn.min(n_all);
    // ln of n over r, by sums of logarithms.
    let ln_choose = |n: usize, r: usize| -> f64 {
        (0..r).map(|at| ((n - at) as f64).ln() - ((at + 1) as f64).ln()).sum()
    };
    let all = ln_choose(n_all, n_drawn);
    let n_behind = n_all - n_before;
    let least = n_drawn.saturating_sub(n_behind);
    let chances = (least..k.min(n_drawn + 1).min(n_before + 1))
        .map(|n| (ln_choose(n_before, n) + ln_choose(n_behind, n_drawn - n) - all).exp());
    chances.sum::<f64>().min(1.0)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::{Questions, chance_of_few, weighed};
    use crate::catalog::Side;
    use crate::encode::DenseMatrix;
    use crate::train::{Features, Labels, Part, TrainingData, Unreviewed};

    const N_PAIRS: u32 = 30;

    /// Rows r (left) and r + 30 (right) belong together.
    fn with_questions(check: impl Fn(&Questions)) {
        let groups = (0..2 * N_PAIRS).map(|row| Some(row % N_PAIRS)).collect();
        let labels = Labels::new(groups, &[], Unreviewed::Different);
        let sides: Vec<Option<Side>> =
            (0..2 * N_PAIRS).map(|row| Some(if row < N_PAIRS { Side::Left } else { Side::Right })).collect();
        let matrix = DenseMatrix { width: 1, values: vec![1.0; 2 * N_PAIRS as usize] };
        let present = vec![true; 2 * N_PAIRS as usize];
        let parts = vec![Part::Test; 2 * N_PAIRS as usize];
        let data = TrainingData {
            modalities: vec![Features { matrix: &matrix, present: &present }],
            labels: &labels,
            parts: &parts,
            neighbors: None,
            sides: Some(&sides),
        };
        check(&Questions::of(&data, Part::Test));
    }

    /// The right answer of query q has q wrong ones before it.
    fn scores() -> Vec<f32> {
        let n = N_PAIRS as usize;
        let mut scores = vec![0.0; n * n];
        for query in 0..n {
            let mut others: Vec<usize> = (0..n).filter(|other| *other != query).collect();
            others.rotate_left(query * 7 % (n - 1));
            scores[query * n + query] = 0.5;
            others.iter().take(query).for_each(|other| scores[query * n + other] = 0.9);
        }
        scores
    }

    #[test]
    fn lefts_ask_and_rights_answer() {
        with_questions(|questions| {
            assert_eq!(questions.queries, (0..N_PAIRS).collect::<Vec<_>>());
            assert_eq!(questions.answers, (N_PAIRS..2 * N_PAIRS).collect::<Vec<_>>());
        });
    }

    #[test]
    fn foils_are_wrong_and_the_same_again_for_a_seed() {
        with_questions(|questions| {
            let drawn = questions.draw_foils(20, 4);
            for (place, foils) in drawn.iter().enumerate() {
                assert_eq!(foils.iter().collect::<std::collections::HashSet<_>>().len(), 19);
                assert!(!foils.contains(&place), "the right one is no foil");
            }
            assert_eq!(drawn, questions.draw_foils(20, 4));
            assert_ne!(drawn, questions.draw_foils(20, 5));
            assert!(questions.draw_foils(99, 4).iter().all(|foils| foils.len() == 29));
        });
    }

    #[test]
    fn the_expected_share_is_the_mean_of_many_draws() {
        with_questions(|questions| {
            let scores = scores();
            let mut n_right = 0;
            let n_draws: u32 = 400;
            for seed in 0..n_draws {
                let ranks = questions.ranks(&scores, &questions.draw_foils(20, u64::from(seed)));
                n_right += ranks.iter().filter(|rank| **rank <= 2).count();
            }
            let drawn = n_right as f64 / f64::from(n_draws * N_PAIRS);
            let expected = questions.expected_top_k(&scores, 2, 20);
            assert!((drawn - expected).abs() < 0.01, "{drawn} {expected}");
            // All wrong ones: nothing is left to chance.
            assert!((questions.expected_top_k(&scores, 2, 30) - 2.0 / 30.0).abs() < 1e-9);
        });
    }

    #[test]
    fn ties_and_absent_scores_do_not_win() {
        with_questions(|questions| {
            let n = questions.queries.len() * questions.answers.len();
            let foils = questions.draw_foils(20, 1);
            assert!(questions.ranks(&vec![0.5; n], &foils).iter().all(|rank| *rank == 20));
            assert!(questions.ranks(&vec![f32::NAN; n], &foils).iter().all(|rank| *rank == 20));
            assert!(questions.expected_top_k(&vec![0.5; n], 1, 20) < 1e-9);
        });
    }

    #[test]
    fn weights_find_the_part_that_answers() {
        with_questions(|questions| {
            let n = N_PAIRS as usize;
            let good: Vec<f32> = (0..n * n).map(|at| if at % (n + 1) == 0 { 0.6 } else { 0.5 }).collect();
            let bad: Vec<f32> = (0..n * n).map(|at| if at % (n + 1) == 0 { 0.0 } else { 0.9 }).collect();
            let weights = questions.fit_weights(&[good.clone(), bad.clone()], 2, 20);
            assert!(weights[0] > 0.8, "{weights:?}");
            assert_eq!(questions.fit_weights(&[good.clone(), good], 2, 20), [0.5, 0.5]);
            assert_eq!(weighed(&[vec![f32::NAN, 1.0], vec![0.5, 0.0]], &[0.5, 0.5]), [0.5, 0.5]);
        });
    }

    #[test]
    fn chances_agree_with_counting() {
        // 2 of 5 stand before; 3 are drawn of the 5: 1 of 10 draws holds none, 6 hold one, 3 hold both.
        for (k, expected) in [(0, 0.0), (1, 0.1), (2, 0.7), (3, 1.0)] {
            assert!((chance_of_few(5, 2, 3, k) - expected).abs() < 1e-12, "{k}");
        }
        assert_eq!(chance_of_few(5, 0, 9, 1), 1.0);
        assert_eq!(chance_of_few(0, 0, 19, 2), 1.0);
    }
}
