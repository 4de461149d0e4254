//! Questions of the one-against-many task: a posting and the candidates of which one or more look like it. Drawn from labelled
//! groups or nearest neighbours, seeded; the same numbers give the same questions. It scores nothing.

use std::collections::HashSet;

use crate::nn::Random;

/// Multiplies a query's row, so that the streams of neighbouring rows start far apart.
const APART: u64 = 0x9e37_79b9_7f4a_7c15;

/// One question; rows of the catalogue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// The row asked about.
    pub query: u32,
    /// The candidates, each once, never the query itself.
    pub candidates: Vec<u32>,
}

/// How candidates are drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Drawing {
    /// Candidates a question, fewer where the pool is smaller.
    pub n_candidates: usize,
    /// Share of the foils taken from the nearest, from 0 (all at random) to 1.
    pub nearest_share: f32,
    /// Decides everything random.
    pub seed: u64,
}

/// Whether a question holds what matches its query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pool {
    /// The query's partners are among the candidates, at a random place; other candidates are foils. Queries without partner are
    /// left out.
    WithPartners,
    /// Candidates are drawn without regard to groups.
    Anything,
}

/// What questions are drawn from.
pub struct QuestionRows<'a> {
    /// Rows that may be candidates, ascending.
    pub pool: &'a [u32],
    /// Group of each row of the catalogue, where it has one.
    pub groups: &'a [Option<u32>],
    /// Rows of the pool nearest to a row, best first; asked for only where [`Drawing::nearest_share`] is above 0.
    pub nearest: &'a (dyn Fn(u32) -> Vec<u32> + Sync),
}

impl std::fmt::Debug for QuestionRows<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("QuestionRows").field("n_pool", &self.pool.len()).finish_non_exhaustive()
    }
}

/// One question for each of `queries`, in their order.
pub fn draw_questions(
    queries: &[u32],
    rows: &QuestionRows<'_>,
    pool: Pool,
    drawing: Drawing,
) -> Vec<Question> {
    queries.iter().filter_map(|&query| draw(query, rows, pool, drawing)).collect()
}

fn draw(query: u32, rows: &QuestionRows<'_>, pool: Pool, drawing: Drawing) -> Option<Question> {
    let group_of = |row: u32| rows.groups.get(row as usize).copied().flatten();
    let is_partner =
        |row: u32| row != query && group_of(query).is_some_and(|group| group_of(row) == Some(group));
    // A draw of its own for each query, so that a question does not hang on which others are asked.
    let mut random = Random::new(drawing.seed ^ (u64::from(query) + 1).wrapping_mul(APART));
    let mut taken: HashSet<u32> = HashSet::from([query]);
    let mut candidates = Vec::with_capacity(drawing.n_candidates);
    if pool == Pool::WithPartners {
        let mut partners: Vec<u32> = rows.pool.iter().copied().filter(|&row| is_partner(row)).collect();
        if partners.is_empty() {
            return None;
        }
        random.shuffle(&mut partners);
        // At least one place is left for a foil, so that there is something to tell the partners from.
        partners.truncate(drawing.n_candidates.saturating_sub(1).max(1));
        taken.extend(&partners);
        candidates.extend(partners);
    }
    let is_foil = |row: u32| pool == Pool::Anything || !is_partner(row);
    let n_foils = drawing.n_candidates.saturating_sub(candidates.len());
    let n_nearest = (n_foils as f32 * drawing.nearest_share.clamp(0.0, 1.0)).round() as usize;
    if n_nearest > 0 {
        let nearest = (rows.nearest)(query).into_iter().filter(|&row| is_foil(row));
        for row in nearest {
            if candidates.len() + n_foils - n_nearest >= drawing.n_candidates {
                break;
            }
            if taken.insert(row) {
                candidates.push(row);
            }
        }
    }
    // Most of a large pool is free: trying is quicker than listing it. What is left is listed once tries fail.
    let mut n_tries = 4 * drawing.n_candidates + 16;
    while candidates.len() < drawing.n_candidates && n_tries > 0 && !rows.pool.is_empty() {
        n_tries -= 1;
        let row = rows.pool[random.below(rows.pool.len())];
        if is_foil(row) && taken.insert(row) {
            candidates.push(row);
        }
    }
    if candidates.len() < drawing.n_candidates {
        let mut left: Vec<u32> =
            rows.pool.iter().copied().filter(|row| is_foil(*row) && !taken.contains(row)).collect();
        random.shuffle(&mut left);
        candidates.extend(left.into_iter().take(drawing.n_candidates - candidates.len()));
    }
    random.shuffle(&mut candidates);
    (!candidates.is_empty()).then_some(Question { query, candidates })
}

/// Places of the candidates, best score first; those without a score (NaN) last, ties in the order given.
pub fn rank_order(scores: &[f32]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..scores.len()).collect();
    let key =
        |at: usize| scores.get(at).copied().filter(|score| !score.is_nan()).unwrap_or(f32::NEG_INFINITY);
    order.sort_by(|&a, &b| key(b).total_cmp(&key(a)));
    order
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::{any, prop, proptest};

    use super::{Drawing, Pool, Question, QuestionRows, draw_questions, rank_order};

    /// Ten pairs: row r and row r + 10; the pool is the second half.
    fn questions(drawing: Drawing, pool: Pool) -> Vec<Question> {
        let groups: Vec<Option<u32>> = (0..20).map(|row| Some(row % 10)).collect();
        let nearest = |query: u32| (10..20).map(|place| 10 + (query + place) % 10).collect();
        let right: Vec<u32> = (10..20).collect();
        let queries: Vec<u32> = (0..10).collect();
        draw_questions(
            &queries,
            &QuestionRows { pool: &right, groups: &groups, nearest: &nearest },
            pool,
            drawing,
        )
    }

    #[test]
    fn the_partner_is_among_the_candidates_once() {
        let drawn = questions(Drawing { n_candidates: 4, nearest_share: 0.0, seed: 3 }, Pool::WithPartners);
        assert_eq!(drawn.len(), 10);
        let mut places = HashSet::new();
        for question in &drawn {
            assert_eq!(question.candidates.len(), 4);
            assert_eq!(question.candidates.iter().collect::<HashSet<_>>().len(), 4);
            let right: Vec<usize> =
                (0..4).filter(|&place| question.candidates[place] == question.query + 10).collect();
            assert_eq!(right.len(), 1, "{question:?}");
            places.extend(right);
        }
        assert!(places.len() > 1, "the match must not always lie at one place");
    }

    #[test]
    fn a_question_hangs_on_its_seed_and_query_alone() {
        let with =
            |seed| questions(Drawing { n_candidates: 5, nearest_share: 0.5, seed }, Pool::WithPartners);
        assert_eq!(with(1), with(1));
        assert_ne!(with(1), with(2));
    }

    #[test]
    fn the_nearest_are_taken_in_their_share() {
        let drawn = questions(Drawing { n_candidates: 5, nearest_share: 1.0, seed: 1 }, Pool::Anything);
        for question in drawn {
            let nearest: HashSet<u32> = (0..5).map(|place| 10 + (question.query + place) % 10).collect();
            assert_eq!(question.candidates.iter().copied().collect::<HashSet<_>>(), nearest);
        }
    }

    #[test]
    fn a_small_pool_gives_what_it_has_and_a_lone_query_nothing() {
        let drawn = questions(Drawing { n_candidates: 50, nearest_share: 0.3, seed: 1 }, Pool::WithPartners);
        assert!(drawn.iter().all(|question| question.candidates.len() == 10));
        let one = questions(Drawing { n_candidates: 1, nearest_share: 0.0, seed: 1 }, Pool::WithPartners);
        assert!(one.iter().all(|question| question.candidates == [question.query + 10]));
        let alone = QuestionRows { pool: &[0, 1], groups: &[None, None], nearest: &|_| Vec::new() };
        let drawing = Drawing { n_candidates: 2, nearest_share: 0.0, seed: 0 };
        assert_eq!(draw_questions(&[0], &alone, Pool::WithPartners, drawing), []);
        assert_eq!(draw_questions(&[0], &alone, Pool::Anything, drawing)[0].candidates, [1]);
    }

    #[test]
    fn what_has_no_score_comes_last() {
        assert_eq!(rank_order(&[0.1, f32::NAN, 0.9, 0.9]), [2, 3, 0, 1]);
        assert_eq!(rank_order(&[]), Vec::<usize>::new());
    }

    proptest! {
        #[test]
        fn candidates_are_of_the_pool_and_never_the_query(
            groups in prop::collection::vec(prop::option::of(0_u32..5), 1..40),
            n_candidates in 1_usize..30,
            nearest_share in 0.0_f32..1.0,
            seed in any::<u64>(),
        ) {
            let pool: Vec<u32> = (0..groups.len() as u32).collect();
            let nearest = |query: u32| pool.iter().copied().filter(|row| *row != query).collect();
            let rows = QuestionRows { pool: &pool, groups: &groups, nearest: &nearest };
            for kind in [Pool::WithPartners, Pool::Anything] {
                for question in draw_questions(&pool, &rows, kind, Drawing { n_candidates, nearest_share, seed }) {
                    let unique: HashSet<u32> = question.candidates.iter().copied().collect();
                    assert_eq!(unique.len(), question.candidates.len());
                    assert!(!unique.contains(&question.query) && unique.len() <= n_candidates);
                    if kind == Pool::Anything {
                        assert_eq!(unique.len(), n_candidates.min(groups.len() - 1));
                    }
                }
            }
        }
    }
}
