//! How good a head is on one part: its neighbours within the part, cut at a threshold, scored by mean per-row F1.

use std::collections::HashMap;

use candle_core::{Device, Tensor};

use super::super::heads::{Head, Mode, PairMeasure, Towers};
use super::super::{Part, TrainError};
use super::TrainingData;
use super::objective::joined;
use crate::encode::{DenseMatrix, EmbeddingRows, Embeddings};
use crate::index::{Hit, JoinOptions, Metric, Neighbors, self_join};
use crate::matching::{MatchOptions, row_matches, tune};
use crate::metrics::{RowScores, threshold_curve_of_rows};

/// Matches a row at most, itself included, as in the Shopee competition.
const MOST_MATCHES: usize = 50;
/// Rows embedded at once.
const ROWS_A_PASS: usize = 1024;
/// Pairs scored at once.
const PAIRS_A_PASS: usize = 4096;

/// Where lists are cut.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Cut {
    /// At the threshold that is best on this very part: for choosing.
    Tuned,
    /// At a threshold chosen elsewhere: for judging.
    At(f32),
}

/// Scores of one part.
#[derive(Clone, Debug, PartialEq)]
pub struct Evaluation {
    /// The threshold in force.
    pub threshold: f32,
    /// Means over the labelled rows.
    pub scores: RowScores,
    /// Group and F1 of each labelled row of the part, in order of row.
    pub rows: Vec<(u32, f64)>,
}

/// Scores `head` on `part`. The pool is the part alone: numbers of pools of different size do not compare.
///
/// # Errors
/// [`TrainError::EmptyValidation`] when the part holds no labelled row with an embedding; or the device fails.
pub fn evaluate(
    head: &Head,
    data: &TrainingData<'_>,
    part: Part,
    cut: Cut,
    device: &Device,
) -> Result<Evaluation, TrainError> {
    let pool = data.embedded_rows(part);
    let groups: Vec<Option<u32>> = pool.iter().map(|row| data.labels.group(*row)).collect();
    let labelled: Vec<u32> =
        (0..).zip(&groups).filter(|(_, group)| group.is_some()).map(|(row, _)| row).collect();
    if labelled.is_empty() {
        return Err(TrainError::EmptyValidation);
    }
    let neighbors = head_neighbors(head, data, &pool, device)?;
    let (threshold, scores) = match cut {
        Cut::Tuned => {
            let tuned = tune(&neighbors, &groups, 1, MOST_MATCHES).ok_or(TrainError::EmptyValidation)?;
            (tuned.threshold, tuned.scores)
        }
        Cut::At(threshold) => {
            let Neighbors { offsets, rows, scores } = &neighbors;
            let curve = threshold_curve_of_rows(
                &labelled,
                offsets,
                rows,
                scores,
                &groups,
                &[threshold],
                1,
                MOST_MATCHES,
            );
            (threshold, curve.first().map(|point| point.scores).unwrap_or_default())
        }
    };
    let options = MatchOptions { threshold: Some(threshold), min_matches: 1, max_matches: MOST_MATCHES };
    let rows = f1_by_row(&row_matches(&neighbors, &options), &groups);
    Ok(Evaluation { threshold, scores, rows })
}

/// Embeddings of every row as the head sees them, (n, width), rows L2-normalised: what the index takes. Where a tower's
/// modality is absent its part is zeros.
///
/// # Errors
/// When the device fails.
pub fn head_embeddings(
    head: &Head,
    data: &TrainingData<'_>,
    rows: &[u32],
    device: &Device,
) -> Result<Embeddings, TrainError> {
    let towers = pool_towers(head, data, rows, device)?;
    let embeddings = joined(&towers.values)?;
    let width = embeddings.dim(1)?;
    let mut values: Vec<f32> = embeddings.flatten_all()?.to_vec1()?;
    for row in values.chunks_mut(width.max(1)) {
        let length = row.iter().map(|value| f64::from(*value).powi(2)).sum::<f64>().sqrt();
        if length > 0.0 {
            row.iter_mut().for_each(|value| *value = (f64::from(*value) / length) as f32);
        }
    }
    let present =
        (0..rows.len()).map(|row| towers.present.iter().any(|tower| tower.get(row) == Some(&true))).collect();
    Ok(Embeddings { rows: EmbeddingRows::Dense(DenseMatrix { width, values }), present })
}

/// Embeddings of every row of the data by each tower of the head on its own, (n, width) each, rows L2-normalised.
///
/// # Errors
/// When the device fails.
pub fn tower_embeddings(
    head: &Head,
    data: &TrainingData<'_>,
    device: &Device,
) -> Result<Vec<Embeddings>, TrainError> {
    let rows: Vec<u32> = (0..data.labels.n_rows() as u32).collect();
    let towers = pool_towers(head, data, &rows, device)?;
    let whole = |(tower, present): (Tensor, Vec<bool>)| -> Result<Embeddings, TrainError> {
        let width = tower.dim(1)?;
        let values = tower.flatten_all()?.to_vec1()?;
        Ok(Embeddings { rows: EmbeddingRows::Dense(DenseMatrix { width, values }), present })
    };
    towers.values.into_iter().zip(towers.present).map(whole).collect()
}

/// Tower outputs of a pool, zero where absent.
struct PoolTowers {
    values: Vec<Tensor>,
    present: Vec<Vec<bool>>,
}

fn pool_towers(
    head: &Head,
    data: &TrainingData<'_>,
    rows: &[u32],
    device: &Device,
) -> Result<PoolTowers, TrainError> {
    let present = data.tower_presence(rows, head.shape().recipe.towers);
    let mut parts: Vec<Vec<Tensor>> = vec![Vec::new(); present.len()];
    for (pass, chunk) in rows.chunks(ROWS_A_PASS).enumerate() {
        let towers =
            head.towers(&data.tensors(chunk, device)?, data.sides_of(chunk).as_deref(), Mode::Evaluate)?;
        for ((tower, part), present) in towers.into_iter().zip(&mut parts).zip(&present) {
            let mask: Vec<f32> =
                present.iter().skip(pass * ROWS_A_PASS).take(chunk.len()).map(|is| f32::from(*is)).collect();
            let mask = Tensor::from_vec(mask, (chunk.len(), 1), device)?;
            part.push(tower.detach().broadcast_mul(&mask)?);
        }
    }
    let values: Result<Vec<Tensor>, _> = parts.iter().map(|part| Tensor::cat(part, 0)).collect();
    Ok(PoolTowers { values: values?, present })
}

/// Ranked lists of `pool` (rows of the catalogue) within itself; rows of the lists are places in the pool. A head with a
/// learned measure of pairs re-scores the nearest by cosine with [`score_from_log_odds`].
///
/// # Errors
/// When the device fails.
pub fn head_neighbors(
    head: &Head,
    data: &TrainingData<'_>,
    pool: &[u32],
    device: &Device,
) -> Result<Neighbors, TrainError> {
    let embeddings = head_embeddings(head, data, pool, device)?;
    let key_ranks: Vec<u32> = (0..pool.len() as u32).collect();
    let options = JoinOptions { k: MOST_MATCHES, metric: Metric::Cosine };
    // The join is only ever stopped by its own question, which is answered with yes.
    let neighbors = self_join(&embeddings, &key_ranks, options, &|_| true).unwrap_or_default();
    match head.shape().recipe.measure {
        PairMeasure::Cosine => Ok(neighbors),
        PairMeasure::Classifier { .. } | PairMeasure::Neuron => {
            rescored(head, data, pool, &neighbors, device)
        }
    }
}

/// Log odds as a score in (0, 1): 1/2 at even odds. Unlike a probability it does not crowd at its ends, where thresholds
/// could no longer tell the sure from the very sure.
pub fn score_from_log_odds(log_odds: f32) -> f32 {
    0.5 + 0.5 * log_odds / (1.0 + log_odds.abs())
}

/// Scores of `pairs` of rows of the data: the head's cosine, or [`score_from_log_odds`] of a measure it has learned. NaN where one
/// of a pair has no embedding.
///
/// # Errors
/// When the device fails.
pub fn head_pair_scores(
    head: &Head,
    data: &TrainingData<'_>,
    pairs: &[(u32, u32)],
    device: &Device,
) -> Result<Vec<f32>, TrainError> {
    let mut rows: Vec<u32> = pairs.iter().flat_map(|(a, b)| [*a, *b]).collect();
    rows.sort_unstable();
    rows.dedup();
    let towers = pool_towers(head, data, &rows, device)?;
    let place = |row: u32| rows.binary_search(&row).unwrap_or_default() as u32;
    let places: Vec<(u32, u32)> = pairs.iter().map(|(a, b)| (place(*a), place(*b))).collect();
    let mut scores = Vec::with_capacity(pairs.len());
    for chunk in places.chunks(PAIRS_A_PASS) {
        scores.extend(scored(head, &towers, chunk, device)?);
    }
    if head.shape().recipe.measure != PairMeasure::Cosine {
        scores.iter_mut().for_each(|score| *score = score_from_log_odds(*score));
    }
    let is_there = |place: u32| towers.present.iter().any(|tower| tower.get(place as usize) == Some(&true));
    for ((a, b), score) in places.iter().zip(&mut scores) {
        if !is_there(*a) || !is_there(*b) {
            *score = f32::NAN;
        }
    }
    Ok(scores)
}

/// What the head says of pairs of places: the mean cosine, or log odds.
fn scored(
    head: &Head,
    towers: &PoolTowers,
    pairs: &[(u32, u32)],
    device: &Device,
) -> Result<Vec<f32>, TrainError> {
    let (left, right): (Vec<u32>, Vec<u32>) = pairs.iter().copied().unzip();
    let side = |rows: Vec<u32>| -> Result<Vec<Tensor>, TrainError> {
        let rows = Tensor::new(rows, device)?;
        towers.values.iter().map(|tower| Ok(tower.index_select(&rows, 0)?)).collect()
    };
    let (a, b) = (side(left)?, side(right)?);
    let scores = if head.shape().recipe.towers == Towers::PerModality {
        head.score_from_cosines(&lone_cosines_filled(&towers.present, pairs, &a, &b, device)?)?
    } else {
        head.pair_scores(&a, &b)?
    };
    Ok(scores.detach().to_vec1()?)
}

/// The same lists with the head's own scores, best first.
fn rescored(
    head: &Head,
    data: &TrainingData<'_>,
    pool: &[u32],
    neighbors: &Neighbors,
    device: &Device,
) -> Result<Neighbors, TrainError> {
    let towers = pool_towers(head, data, pool, device)?;
    let mut pairs: Vec<(u32, u32)> = Vec::with_capacity(neighbors.rows.len());
    for row in 0..neighbors.n_rows() {
        pairs.extend(neighbors.list(row).0.iter().map(|other| (row as u32, *other)));
    }
    let mut scores: Vec<f32> = Vec::with_capacity(pairs.len());
    for chunk in pairs.chunks(PAIRS_A_PASS) {
        scores.extend(scored(head, &towers, chunk, device)?.into_iter().map(score_from_log_odds));
    }
    let mut lists = Vec::with_capacity(neighbors.n_rows());
    let mut rest = pairs.iter().zip(&scores);
    for row in 0..neighbors.n_rows() {
        let n_others = neighbors.list(row).0.len();
        let mut list: Vec<Hit> = rest
            .by_ref()
            .take(n_others)
            .map(|((_, other), score)| Hit { row: *other, score: *score })
            .collect();
        list.sort_by(|left, right| right.score.total_cmp(&left.score).then(left.row.cmp(&right.row)));
        lists.push(list);
    }
    Ok(Neighbors::from_lists(lists))
}

/// Cosines of each tower (n); where either posting lacks a tower's modality, the other tower's cosine stands for it.
fn lone_cosines_filled(
    present: &[Vec<bool>],
    pairs: &[(u32, u32)],
    a: &[Tensor],
    b: &[Tensor],
    device: &Device,
) -> Result<Vec<Tensor>, TrainError> {
    let mut cosines: Vec<Vec<f32>> = Vec::with_capacity(a.len());
    for (a, b) in a.iter().zip(b) {
        // Rows are of length 1, or zeros.
        cosines.push((a * b)?.sum(1)?.to_vec1()?);
    }
    let both = |tower: &[bool], pair: &(u32, u32)| {
        let has = |row: u32| tower.get(row as usize) == Some(&true);
        has(pair.0) && has(pair.1)
    };
    for (place, pair) in pairs.iter().enumerate() {
        let known = present.iter().zip(&cosines).find(|(tower, _)| both(tower, pair));
        let Some(known) = known.and_then(|(_, cosines)| cosines.get(place).copied()) else { continue };
        for (tower, cosines) in present.iter().zip(&mut cosines) {
            if let Some(cosine) = cosines.get_mut(place).filter(|_| !both(tower, pair)) {
                *cosine = known;
            }
        }
    }
    cosines.into_iter().map(|cosines| Ok(Tensor::new(cosines, device)?)).collect()
}

/// Group and F1 of each labelled row.
pub(in super::super) fn f1_by_row(matches: &Neighbors, groups: &[Option<u32>]) -> Vec<(u32, f64)> {
    let mut sizes: HashMap<u32, usize> = HashMap::new();
    for group in groups.iter().flatten() {
        *sizes.entry(*group).or_default() += 1;
    }
    let labelled = groups.iter().enumerate().filter_map(|(row, group)| group.map(|group| (row, group)));
    labelled
        .map(|(row, group)| {
            let (answer, _) = matches.list(row);
            let is_hit = |other: &&u32| groups.get(**other as usize).copied().flatten() == Some(group);
            let n_hits = answer.iter().filter(is_hit).count();
            let n_true = sizes.get(&group).copied().unwrap_or(1);
            (group, 2.0 * n_hits as f64 / (answer.len() + n_true) as f64)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::f1_by_row;
    use crate::index::{Hit, Neighbors};
    use crate::metrics::row_scores;

    #[test]
    fn rows_agree_with_their_mean() {
        let lists: [&[u32]; 4] = [&[0, 1], &[1], &[2, 3, 0], &[3]];
        let groups = [Some(5), Some(5), Some(7), Some(8)];
        let hits = |list: &&[u32]| list.iter().map(|&row| Hit { row, score: 1.0 }).collect();
        let found = f1_by_row(&Neighbors::from_lists(lists.iter().map(hits).collect()), &groups);
        assert_eq!(found.iter().map(|(group, _)| *group).collect::<Vec<_>>(), [5, 5, 7, 8]);
        let mean = found.iter().map(|(_, f1)| f1).sum::<f64>() / 4.0;
        assert!((mean - row_scores(lists.into_iter(), &groups).mean_f1).abs() < 1e-12);
    }
}
