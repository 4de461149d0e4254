//! The fast ways against the naive one, bit for bit where the storage allows it.
#![allow(clippy::unwrap_used, reason = "tests may stop at the first surprise")]

use std::sync::atomic::{AtomicUsize, Ordering};

use proptest::prelude::*;

use super::{
    Appended, Hit, JoinOptions, Joined, Metric, Neighbors, RankOrder, ScoreKey, Search, SearchReport,
    append_join, exact_scores, nearest_neighbors, query, self_join,
};
use crate::encode::{BitMatrix, CsrMatrix, DenseMatrix, EmbeddingRows, Embeddings};

/// Numbers in [-1, 1) from a seed.
fn numbers(n: usize, seed: u64) -> impl Iterator<Item = f32> {
    let mut state = seed.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    (0..n).map(move |_| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 40) as f32 / (1 << 23) as f32 - 1.0
    })
}

/// Unit rows; with `n_levels` > 0 their numbers are rounded first, which makes many ties and duplicates.
fn dense(n: usize, width: usize, n_levels: u32, seed: u64) -> EmbeddingRows {
    let levels = n_levels as f32;
    let mut values: Vec<f32> = numbers(n * width, seed)
        .map(|x| if n_levels == 0 { x } else { (x * levels).round() / levels })
        .collect();
    for row in values.chunks_mut(width.max(1)) {
        let norm = row.iter().map(|x| x * x).sum::<f32>().sqrt();
        row.iter_mut().for_each(|x| *x /= norm.max(1e-20));
    }
    EmbeddingRows::Dense(DenseMatrix { width, values })
}

fn bits(n: usize, n_words: usize, seed: u64) -> EmbeddingRows {
    let words = numbers(n * n_words, seed).map(|x| u64::from(x.to_bits() >> 8) % 31).collect();
    EmbeddingRows::Bits(BitMatrix { n_bits: 64 * n_words, words })
}

fn sparse(n: usize, width: usize, seed: u64) -> EmbeddingRows {
    let mut matrix = CsrMatrix::new(width);
    let mut drawn = numbers(n * width, seed);
    for _ in 0..n {
        let mut columns: Vec<u32> =
            (0..width as u32).filter(|_| drawn.next().is_some_and(|x| x > 0.5)).collect();
        if columns.is_empty() {
            columns.push(0);
        }
        let value = 1.0 / (columns.len() as f32).sqrt();
        matrix.values.extend(columns.iter().map(|_| value));
        matrix.columns.extend(columns);
        matrix.offsets.push(matrix.columns.len());
    }
    EmbeddingRows::Sparse(matrix)
}

/// Every `absent_every`-th row is absent (0: none); ranks run against the rows.
fn catalogue(rows: EmbeddingRows, n: usize, absent_every: usize) -> (Embeddings, Vec<u32>) {
    let present = (0..n).map(|row| absent_every == 0 || row % absent_every != 0).collect();
    let ranks = (0..n as u32).map(|row| (n as u32 - row) ^ 1).collect();
    (Embeddings { rows, present }, ranks)
}

/// Scores every pair, sorts, cuts.
fn naive(embeddings: &Embeddings, ranks: &[u32], options: JoinOptions) -> Neighbors {
    let n = embeddings.n_rows();
    let all: Vec<u32> = (0..n as u32).collect();
    let is_sparse = matches!(embeddings.rows, EmbeddingRows::Sparse(_));
    let list = |row: usize| {
        let mut scores = Vec::new();
        exact_scores(embeddings, options.metric, row, &all, &mut scores);
        let mut hits: Vec<Hit> = std::iter::zip(0.., scores)
            .map(|(row, score)| Hit { row, score })
            .filter(|hit| !hit.score.is_nan() && (!is_sparse || hit.score > 0.0))
            .collect();
        hits.sort_by(|a, b| {
            let is_other = |hit: &Hit| hit.row as usize != row;
            let by_rank = ranks[a.row as usize].cmp(&ranks[b.row as usize]);
            is_other(a).cmp(&is_other(b)).then(b.score.total_cmp(&a.score)).then(by_rank)
        });
        hits.truncate(options.k);
        hits
    };
    Neighbors::from_lists((0..n).map(list).collect())
}

fn check(rows: EmbeddingRows, n: usize, absent_every: usize, k: usize, metric: Metric) {
    let (embeddings, ranks) = catalogue(rows, n, absent_every);
    let options = JoinOptions { k, metric };
    let expected = naive(&embeddings, &ranks, options);
    let got = self_join(&embeddings, &ranks, options, &|_| true).unwrap();
    assert_eq!(got.offsets, expected.offsets, "list lengths, n {n}, k {k}");
    for row in 0..n {
        assert_eq!(got.list(row), expected.list(row), "row {row} of {n}, k {k}, {metric:?}");
    }
}

#[test]
fn few_or_no_rows() {
    for n in 0..4 {
        for k in 0..5 {
            for metric in [Metric::Cosine, Metric::Euclidean] {
                check(dense(n, 8, 0, 1), n, 0, k, metric);
                check(dense(n, 8, 0, 1), n, 2, k, metric);
                check(bits(n, 1, 1), n, 0, k, Metric::Cosine);
            }
        }
    }
}

#[test]
fn more_neighbours_than_rows() {
    check(dense(50, 8, 0, 2), 50, 0, 1000, Metric::Cosine);
    check(dense(50, 8, 0, 2), 50, 7, usize::MAX, Metric::Euclidean);
    check(bits(50, 2, 2), 50, 7, 51, Metric::Cosine);
}

#[test]
fn identical_rows_come_in_order_of_keys() {
    check(dense(600, 1, 1, 3), 600, 0, 20, Metric::Cosine);
    check(dense(600, 2, 1, 3), 600, 5, 20, Metric::Euclidean);
}

#[test]
fn more_than_one_stripe() {
    let n = 21 * 192 + 250;
    check(dense(n, 24, 0, 4), n, 11, 10, Metric::Cosine);
    check(dense(n, 6, 2, 5), n, 0, 7, Metric::Euclidean);
    check(bits(n, 1, 6), n, 13, 10, Metric::Cosine);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn dense_join_is_the_naive_join(
        n in 1_usize..420, width in 1_usize..40, n_levels in 0_u32..4, absent_every in 0_usize..5, k in 0_usize..70,
        euclidean: bool, seed: u64,
    ) {
        let metric = if euclidean { Metric::Euclidean } else { Metric::Cosine };
        check(dense(n, width, n_levels, seed), n, absent_every, k, metric);
    }

    #[test]
    fn bit_join_is_the_naive_join(
        n in 1_usize..420, n_words in 1_usize..4, absent_every in 0_usize..5, k in 0_usize..70, seed: u64,
    ) {
        check(bits(n, n_words, seed), n, absent_every, k, Metric::Cosine);
    }

    #[test]
    fn appending_rows_gives_the_join_of_all(
        n in 1_usize..420, n_new in 0_usize..60, width in 1_usize..20, n_levels in 0_u32..4, absent_every in 0_usize..5,
        k in 0_usize..70, is_bits: bool, euclidean: bool, seed: u64,
    ) {
        let metric = if euclidean { Metric::Euclidean } else { Metric::Cosine };
        let options = JoinOptions { k, metric };
        let rows = if is_bits { bits(n, 1 + width / 8, seed) } else { dense(n, width, n_levels, seed) };
        let (embeddings, ranks) = catalogue(rows, n, absent_every);
        let n_old = n.saturating_sub(n_new);
        let before = embeddings.gather(&(0..n_old).collect::<Vec<_>>());
        let old = self_join(&before, &ranks, options, &|_| true).unwrap();
        let all = self_join(&embeddings, &ranks, options, &|_| true).unwrap();
        prop_assert_eq!(append_join(&embeddings, &old, &ranks, options, &|_| true), Appended::Joined(all));
    }

    #[test]
    fn a_query_finds_what_the_join_finds(
        n in 1_usize..300, width in 1_usize..20, absent_every in 0_usize..4, k in 1_usize..30, storage in 0_u8..3, seed: u64,
    ) {
        let rows = match storage {
            0 => dense(n, width, 2, seed),
            1 => bits(n, 1 + width / 8, seed),
            _ => sparse(n, width, seed),
        };
        let (embeddings, ranks) = catalogue(rows, n, absent_every);
        let row = (seed % n as u64) as usize;
        let hits = query(&embeddings, &only_row(&embeddings, row), &ranks, k, Metric::Cosine);
        let mut expected: Vec<Hit> = Vec::new();
        let join = naive(&embeddings, &ranks, JoinOptions { k: n, metric: Metric::Cosine });
        let (rows, scores) = join.list(row);
        expected.extend(rows.iter().zip(scores).map(|(&row, &score)| Hit { row, score }));
        prop_assert_eq!(hits.len(), expected.len().min(k));
        // A query is no row of the catalogue: it does not put one first, and rounds its likeness to itself like any other.
        for pair in hits.windows(2) {
            let by_rank = ranks[pair[0].row as usize] < ranks[pair[1].row as usize];
            prop_assert!(pair[0].score > pair[1].score || (pair[0].score == pair[1].score && by_rank));
        }
        for hit in &hits {
            let score = expected.iter().find(|other| other.row == hit.row).map(|other| other.score);
            prop_assert!(score.is_some_and(|score| (score - hit.score).abs() < 1e-6), "{:?} {:?}", hit, score);
        }
        let kth = expected.iter().map(|hit| hit.score).nth(k.min(expected.len()).saturating_sub(1));
        prop_assert!(hits.iter().all(|hit| kth.is_some_and(|kth| hit.score >= kth - 1e-6)));
    }

    #[test]
    fn keys_sort_like_scores_and_come_back(a in -2.0_f32..2.0, b in -2.0_f32..2.0, i: u32, j: u32) {
        let (x, y) = (ScoreKey::new(a, i), ScoreKey::new(b, j));
        prop_assert_eq!((x.score(), x.position()), (a, i));
        prop_assert_eq!(x > y, a > b || (a == b && i < j));
        prop_assert!(x > ScoreKey::WORST);
    }
}

/// Row `row` alone, as a query.
fn only_row(embeddings: &Embeddings, row: usize) -> Embeddings {
    let rows = match &embeddings.rows {
        EmbeddingRows::Dense(matrix) => {
            EmbeddingRows::Dense(DenseMatrix { width: matrix.width, values: matrix.row(row).to_vec() })
        }
        EmbeddingRows::Bits(matrix) => {
            EmbeddingRows::Bits(BitMatrix { n_bits: matrix.n_bits, words: matrix.row(row).to_vec() })
        }
        EmbeddingRows::Sparse(matrix) => {
            let (columns, values) = matrix.row(row);
            let (columns, values) = (columns.to_vec(), values.to_vec());
            EmbeddingRows::Sparse(CsrMatrix {
                width: matrix.width,
                offsets: vec![0, columns.len()],
                columns,
                values,
            })
        }
    };
    Embeddings { rows, present: vec![embeddings.present[row]] }
}

#[test]
fn a_query_that_cannot_be_compared_finds_nothing() {
    let (embeddings, ranks) = catalogue(dense(9, 4, 0, 1), 9, 0);
    let check = |rows: EmbeddingRows, present: bool| {
        let one = Embeddings { rows, present: vec![present] };
        assert_eq!(query(&embeddings, &one, &ranks, 3, Metric::Cosine), []);
    };
    check(dense(1, 4, 0, 1), false);
    check(dense(1, 5, 0, 1), true);
    check(bits(1, 1, 1), true);
}

#[test]
fn lists_that_cannot_be_continued_are_refused() {
    let options = JoinOptions { k: 5, metric: Metric::Cosine };
    let (embeddings, ranks) = catalogue(dense(30, 8, 0, 1), 30, 0);
    let old = self_join(&embeddings, &ranks, options, &|_| true).unwrap();
    let refused = |embeddings: &Embeddings, old: &Neighbors, k| {
        let options = JoinOptions { k, ..options };
        append_join(embeddings, old, &ranks, options, &|_| true) == Appended::NotPossible
    };
    assert!(refused(&embeddings.gather(&[0, 1, 2]), &old, 5), "more lists than rows");
    assert!(refused(&embeddings, &old, 6), "lists of another length");
    let mut missing = embeddings.clone();
    missing.present[3] = false;
    assert!(refused(&missing, &old, 5), "a row that is gone");
    let (words, _) = catalogue(sparse(30, 9, 1), 30, 0);
    assert!(refused(&words, &old, 5), "sparse rows");
    assert!(!refused(&embeddings, &old, 5));
    let stopped =
        append_join(&embeddings, &Neighbors { offsets: vec![0], ..old }, &ranks, options, &|_| false);
    assert_eq!(stopped, Appended::Stopped);
}

#[test]
fn small_catalogues_and_storages_without_cells_are_searched_exactly() {
    let options = JoinOptions { k: 5, metric: Metric::Cosine };
    for (rows, search) in [
        (dense(300, 8, 0, 1), Search::BySize),
        (dense(300, 8, 0, 1), Search::Exact),
        (dense(300, 8, 0, 1), Search::Approximate { recall: 1.0 }),
        (dense(300, 8, 0, 1), Search::Approximate { recall: f32::NAN }),
        (bits(300, 2, 1), Search::Approximate { recall: 0.5 }),
        (sparse(300, 9, 1), Search::Approximate { recall: 0.5 }),
    ] {
        let (embeddings, ranks) = catalogue(rows, 300, 7);
        let joined = nearest_neighbors(&embeddings, &ranks, options, search, &|_| true).unwrap();
        let neighbors = self_join(&embeddings, &ranks, options, &|_| true).unwrap();
        assert_eq!(joined, Joined { neighbors, search: SearchReport::Exact }, "{search:?}");
    }
}

#[test]
fn a_search_is_named_by_a_short_text() {
    for search in [Search::BySize, Search::Exact, Search::Approximate { recall: 0.9 }] {
        assert_eq!(search.to_string().parse(), Ok(search));
    }
    assert_eq!("approximate".parse(), Ok(Search::Approximate { recall: Search::USUAL_RECALL }));
    for wrong in
        ["", "fast", "approximate:", "approximate:2", "approximate:0", "approximate:NaN", "exact:0.9"]
    {
        assert!(wrong.parse::<Search>().is_err(), "{wrong}");
    }
    assert_eq!(Search::BySize.recall(super::MOST_EXACT_ROWS), None);
    assert_eq!(Search::BySize.recall(super::MOST_EXACT_ROWS + 1), Some(Search::USUAL_RECALL));
}

#[test]
fn an_approximate_search_of_few_or_no_rows_finds_them() {
    for n in [0, 1, 2, 40] {
        for k in [0, 1, 7, 100] {
            let (embeddings, ranks) = catalogue(dense(n, 8, 0, 1), n, 5);
            let options = JoinOptions { k, metric: Metric::Euclidean };
            let search = Search::Approximate { recall: 0.9 };
            let joined = nearest_neighbors(&embeddings, &ranks, options, search, &|_| true).unwrap();
            let exact = self_join(&embeddings, &ranks, options, &|_| true).unwrap();
            assert_eq!(joined.neighbors.offsets, exact.offsets, "{n} rows, k {k}");
        }
    }
}

#[test]
fn the_number_of_threads_changes_nothing() {
    let (embeddings, ranks) = catalogue(dense(1500, 16, 3, 9), 1500, 0);
    let options = JoinOptions { k: 12, metric: Metric::Cosine };
    let with = |n_threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(n_threads).build().unwrap();
        pool.install(|| self_join(&embeddings, &ranks, options, &|_| true).unwrap())
    };
    let alone = with(1);
    assert_eq!(alone, with(2));
    assert_eq!(alone, with(7));
}

#[test]
fn a_join_stops_when_told_and_reports_rising_shares() {
    let (embeddings, ranks) = catalogue(dense(6000, 128, 0, 10), 6000, 0);
    let options = JoinOptions { k: 5, metric: Metric::Cosine };
    assert_eq!(self_join(&embeddings, &ranks, options, &|_| false), None);
    let n_asked = AtomicUsize::new(0);
    let joined = self_join(&embeddings, &ranks, options, &|share| {
        assert!((0.0..=1.0).contains(&share));
        n_asked.fetch_add(1, Ordering::Relaxed);
        true
    });
    assert!(joined.is_some() && n_asked.load(Ordering::Relaxed) >= 1);
}

#[test]
fn exact_scores_are_symmetric_and_nan_for_absent_rows() {
    for rows in [dense(40, 33, 0, 11), bits(40, 2, 12), sparse(40, 15, 13)] {
        let (embeddings, _) = catalogue(rows, 40, 9);
        let all: Vec<u32> = (0..40).collect();
        let lists: Vec<Vec<f32>> = (0..40)
            .map(|row| {
                let mut scores = Vec::new();
                exact_scores(&embeddings, Metric::Euclidean, row, &all, &mut scores);
                scores
            })
            .collect();
        for (a, list) in lists.iter().enumerate() {
            for (b, &score) in list.iter().enumerate() {
                let absent = a % 9 == 0 || b % 9 == 0;
                assert_eq!(score.is_nan(), absent, "{a} {b}");
                assert!(absent || score == lists[b][a], "{a} {b}");
            }
        }
    }
}

#[test]
fn rank_order_leaves_rows_out_and_breaks_equal_ranks_by_row() {
    let order = RankOrder::new(5, &[3, 1, 1, 9, 0], |row| row != 3);
    assert_eq!(order.rows, [4, 1, 2, 0]);
    assert_eq!(order.positions(5), [3, 1, 2, u32::MAX, 0]);
}
