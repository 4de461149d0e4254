//! Codes and cells against brute force.
#![allow(clippy::unwrap_used, reason = "tests may stop at the first surprise")]

use proptest::prelude::*;

use super::cells::Cells;
use super::codes::CodeTiles;
use super::probes::{Probes, calibrate};
use super::{Plan, Task, approximate_join, n_kept, sample, score_exactly};
use crate::encode::DenseMatrix;
use crate::index::clock::Clock;
use crate::index::collector::Collector;
use crate::index::storages::DenseTiles;
use crate::index::tiles::{join_by_tiles, n_pairs_among};
use crate::index::{Metric, ScoreKey, SearchReport};
use crate::nn::Random;
use crate::nn::kernels::{CodeIsa, CodeKernel, TileKernel};

type Lists = Vec<Vec<ScoreKey>>;

/// `n` unit rows around `n_centres` centres, noise of size `noise`; every `copy_every`-th row (0: none) is the first again.
fn clustered(
    n: usize,
    width: usize,
    n_centres: usize,
    noise: f64,
    copy_every: usize,
    seed: u64,
) -> DenseMatrix {
    let mut random = Random::new(seed);
    let centres: Vec<f64> = (0..n_centres * width).map(|_| random.normal()).collect();
    let mut values: Vec<f32> = Vec::with_capacity(n * width);
    for row in 0..n {
        if copy_every > 0 && row > 0 && row.is_multiple_of(copy_every) {
            values.extend_from_within(..width);
            continue;
        }
        let centre = random.below(n_centres) * width;
        let start = values.len();
        values.extend(centres[centre..centre + width].iter().map(|x| (x + noise * random.normal()) as f32));
        let norm = values[start..].iter().map(|x| x * x).sum::<f32>().sqrt();
        values[start..].iter_mut().for_each(|x| *x /= norm);
    }
    DenseMatrix { width, values }
}

/// Every third row left out, the others backwards: positions are not rows.
fn some_rows(matrix: &DenseMatrix) -> Vec<u32> {
    (0..matrix.n_rows() as u32).rev().filter(|row| row % 3 != 1).collect()
}

fn clock(keep_going: &(dyn Fn(f32) -> bool + Sync)) -> Clock<'_> {
    Clock::new(1, 0.0..1.0, keep_going)
}

fn exact(matrix: &DenseMatrix, rows: &[u32], n_wanted: usize, metric: Metric) -> Lists {
    let source = DenseTiles { matrix, rows, kernel: TileKernel::detect() };
    let collector = Collector::new(rows.len(), n_wanted, metric);
    join_by_tiles(
        &source,
        rows.len(),
        &collector,
        &Clock::new(n_pairs_among(rows.len()), 0.0..1.0, &|_| true),
    );
    collector.into_lists().collect()
}

fn by_cells(
    matrix: &DenseMatrix,
    rows: &[u32],
    n_cells: usize,
    n_probes: usize,
    n_wanted: usize,
    metric: Metric,
) -> Lists {
    let cells = Cells::learn(matrix, rows, n_cells, &clock(&|_| true)).unwrap();
    let probes = Probes::new(matrix, rows, &cells, n_probes, &clock(&|_| true)).unwrap();
    let plan = Plan::Cells { probes, n_cells, n_probes };
    let source = DenseTiles { matrix, rows, kernel: TileKernel::detect() };
    plan.join(&source, rows.len(), n_wanted, metric, &|_| true).unwrap()
}

fn recall(truth: &Lists, found: &Lists) -> f32 {
    sample::recall(truth.iter().map(Vec::as_slice).zip(found.iter().map(Vec::as_slice)))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn probing_all_cells_is_the_exact_join(
        n in 2_usize..700, width in 1_usize..24, n_cells in 1_usize..40, copy_every in 0_usize..5, k in 1_usize..60,
        euclidean: bool, seed: u64,
    ) {
        let matrix = clustered(n, width, 9, 0.3, copy_every, seed);
        let rows = some_rows(&matrix);
        let n_wanted = k.min(rows.len() - 1);
        prop_assume!(n_wanted > 0);
        let metric = if euclidean { Metric::Euclidean } else { Metric::Cosine };
        let found = by_cells(&matrix, &rows, n_cells, n_cells, n_wanted, metric);
        prop_assert_eq!(found, exact(&matrix, &rows, n_wanted, metric));
    }

    #[test]
    fn what_cells_find_is_true_of_the_pairs_they_compare(
        n in 50_usize..500, n_cells in 2_usize..20, n_probes in 1_usize..4, copy_every in 0_usize..4, seed: u64,
    ) {
        let matrix = clustered(n, 8, 12, 0.2, copy_every, seed);
        let rows = some_rows(&matrix);
        let n_wanted = rows.len() - 1;
        let all = exact(&matrix, &rows, n_wanted, Metric::Cosine);
        let found = by_cells(&matrix, &rows, n_cells, n_probes, n_wanted, Metric::Cosine);
        let cells = Cells::learn(&matrix, &rows, n_cells, &clock(&|_| true)).unwrap();
        let probed: Vec<Vec<u32>> = cells
            .map(&matrix, &rows, &clock(&|_| true), |_, similarities| {
                let mut order: Vec<u32> = (0..similarities.len() as u32).collect();
                order.sort_by(|&a, &b| similarities[b as usize].total_cmp(&similarities[a as usize]).then(a.cmp(&b)));
                order
            })
            .unwrap();
        let probes = |row: usize, other: usize| probed[row][..n_probes.min(cells.n_cells())].contains(&probed[other][0]);
        for (row, (found, all)) in found.iter().zip(&all).enumerate() {
            let met = |key: &&ScoreKey| {
                let other = key.position() as usize;
                probes(row, other) || probes(other, row)
            };
            let expected: Vec<ScoreKey> = all.iter().filter(met).copied().collect();
            prop_assert_eq!(found, &expected, "row {}", row);
        }
    }
}

#[test]
fn codes_find_nearly_all_and_score_exactly_on_every_kernel() {
    let matrix = clustered(3000, 40, 200, 0.6, 0, 1);
    let rows = some_rows(&matrix);
    let task = Task { matrix: &matrix, rows: &rows, n_wanted: 20, metric: Metric::Euclidean, recall: 0.95 };
    let truth = exact(&matrix, &rows, 20, Metric::Euclidean);
    let mut before: Option<Lists> = None;
    for isa in [CodeIsa::Amx, CodeIsa::Vnni, CodeIsa::Portable] {
        let Some(kernel) = CodeKernel::with_isa(isa) else { continue };
        let codes = CodeTiles::new(&matrix, &rows, kernel);
        let mut lists = Plan::All.join(&codes, rows.len(), n_kept(20), Metric::Cosine, &|_| true).unwrap();
        let positions: Vec<u32> = (0..rows.len() as u32).collect();
        score_exactly(&task, &positions, &mut lists, &clock(&|_| true));
        assert!(recall(&truth, &lists) > 0.998, "{isa:?}: {}", recall(&truth, &lists));
        for (list, truth) in lists.iter().zip(&truth) {
            // Found neighbours have their true scores, so the two lists agree up to the first that was missed.
            let agreed = list.iter().zip(truth).take_while(|(a, b)| a == b).count();
            assert!(list.get(agreed) <= truth.get(agreed));
        }
        assert!(before.is_none_or(|before| before == lists), "{isa:?} finds other rows");
        before = Some(lists);
    }
}

#[test]
fn copies_of_a_row_tie_in_order_of_position_by_codes_too() {
    let mut matrix = clustered(1500, 16, 50, 0.5, 0, 2);
    for row in 300..1300 {
        matrix.values.copy_within(0..16, row * 16);
    }
    let rows: Vec<u32> = (0..1500).collect();
    let task = Task { matrix: &matrix, rows: &rows, n_wanted: 30, metric: Metric::Cosine, recall: 0.9 };
    let codes = CodeTiles::new(&matrix, &rows, CodeKernel::with_isa(CodeIsa::Portable).unwrap());
    let mut lists = Plan::All.join(&codes, 1500, n_kept(30), Metric::Cosine, &|_| true).unwrap();
    score_exactly(&task, &rows, &mut lists, &clock(&|_| true));
    let truth = exact(&matrix, &rows, 30, Metric::Cosine);
    assert_eq!(lists[300..1300], truth[300..1300]);
    assert_eq!(by_cells(&matrix, &rows, 12, 2, 30, Metric::Cosine)[300..1300], truth[300..1300]);
}

#[test]
fn clustered_rows_get_cells_and_the_recall_asked_for() {
    let matrix = clustered(6000, 24, 60, 0.25, 0, 3);
    let rows = some_rows(&matrix);
    for recall_wanted in [0.8, 0.95] {
        let task = Task {
            matrix: &matrix,
            rows: &rows,
            n_wanted: 15,
            metric: Metric::Cosine,
            recall: recall_wanted,
        };
        let (lists, report) = approximate_join(task, &|_| true).unwrap();
        let SearchReport::Approximate { recall: reported, n_cells, n_probes } = report else {
            unreachable!("rows that cluster are divided: {report:?}")
        };
        assert!(n_cells == 20 && (1..n_cells).contains(&n_probes), "{report:?}");
        let truth = exact(&matrix, &rows, 15, Metric::Cosine);
        let measured = recall(&truth, &lists);
        assert!(measured >= recall_wanted, "{measured} of {recall_wanted}");
        assert!((measured - reported).abs() < 0.02, "{measured} is reported as {reported}");
    }
}

#[test]
fn calibration_says_what_the_probes_will_find() {
    let matrix = clustered(4000, 12, 4000, 0.0, 0, 4);
    let rows = some_rows(&matrix);
    let truth = exact(&matrix, &rows, 10, Metric::Cosine);
    let everyone: Vec<u32> = (0..rows.len() as u32).collect();
    let cells = Cells::learn(&matrix, &rows, 14, &clock(&|_| true)).unwrap();
    for wanted in [0.5, 0.9, 1.0] {
        let found = |n_probes| recall(&truth, &by_cells(&matrix, &rows, 14, n_probes, 10, Metric::Cosine));
        let chosen =
            calibrate((&matrix, &rows), &cells, &everyone, &truth, wanted, &clock(&|_| true)).unwrap();
        assert!(found(chosen.n_probes) >= wanted, "{chosen:?} for {wanted}");
        assert!(chosen.n_probes == 1 || found(chosen.n_probes - 1) < wanted, "{chosen:?} for {wanted}");
        assert!(chosen.cost > 0.0 && chosen.cost <= 1.0);
    }
}

#[test]
fn rows_without_clusters_are_all_compared() {
    let matrix = clustered(4700, 64, 4700, 0.0, 0, 5);
    let rows: Vec<u32> = (0..4700).collect();
    let task = Task { matrix: &matrix, rows: &rows, n_wanted: 10, metric: Metric::Cosine, recall: 0.99 };
    let (lists, report) = approximate_join(task, &|_| true).unwrap();
    match report {
        SearchReport::Exact => assert_eq!(lists, exact(&matrix, &rows, 10, Metric::Cosine)),
        SearchReport::Approximate { recall, n_cells, .. } => {
            assert!(n_cells == 1 && recall > 0.99, "{report:?}")
        }
    }
}

#[test]
fn one_row_alone_repeated_everywhere_is_no_trouble() {
    let matrix = DenseMatrix { width: 4, values: [0.5_f32; 4].repeat(5000) };
    let rows: Vec<u32> = (0..5000).collect();
    let task = Task { matrix: &matrix, rows: &rows, n_wanted: 8, metric: Metric::Cosine, recall: 0.9 };
    let (lists, _) = approximate_join(task, &|_| true).unwrap();
    assert_eq!(lists, exact(&matrix, &rows, 8, Metric::Cosine));
}

#[test]
fn the_number_of_threads_changes_nothing() {
    let matrix = clustered(5000, 20, 50, 0.3, 7, 6);
    let rows = some_rows(&matrix);
    let task = Task { matrix: &matrix, rows: &rows, n_wanted: 12, metric: Metric::Cosine, recall: 0.9 };
    let with = |n_threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(n_threads).build().unwrap();
        pool.install(|| approximate_join(task, &|_| true).unwrap())
    };
    let alone = with(1);
    assert_eq!(alone, with(2));
    assert_eq!(alone, with(5));
}

#[test]
fn a_search_stops_when_told_at_any_stage() {
    let matrix = clustered(5000, 20, 50, 0.3, 0, 7);
    let rows: Vec<u32> = (0..5000).collect();
    let task = Task { matrix: &matrix, rows: &rows, n_wanted: 12, metric: Metric::Cosine, recall: 0.9 };
    for until in [0.0, 0.05, 0.15, 0.95] {
        assert!(approximate_join(task, &|share| share < until).is_none(), "stopped at {until}");
    }
    assert!(approximate_join(task, &|share| (0.0..=1.0).contains(&share)).is_some());
}
