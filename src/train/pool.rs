//! The rows of one part as a head sees them, ready for a matcher: lists, and where the head's measure is a cosine the rows behind
//! them. A head with a projection for each modality has two sides, so that a matcher may weigh or part them; frozen rows beside a
//! head are the second side of any other. Never looks at labels beyond handing them on.

use std::collections::BTreeMap;

use candle_core::Device;

use super::curve::{CurvePoint, curve_of};
use super::heads::{Head, PairMeasure, Towers};
use super::mixture::MixturePlan;
use super::trainer::{Evaluation, TrainingData, f1_by_row, head_embeddings, head_neighbors};
use super::{Part, TrainError};
use crate::encode::{DenseMatrix, EmbeddingRows, Embeddings};
use crate::fuse::{FusionParams, fusion_spec};
use crate::index::{Metric, Neighbors};
use crate::matching::{
    FittedMatcher, Known, LabelledPool, MatchGround, MatcherError, MatcherRecipe, Tuned, matcher_spec,
    row_matches, shares_of_group_sizes,
};
use crate::metrics::threshold_curve_of_rows;

/// Matches a row at most, itself included, as in the Shopee competition.
pub(super) const MOST_MATCHES: usize = 50;

/// How heads are judged and put to use: the matcher and the frozen rows beside the head.
#[derive(Clone, Copy, Debug)]
pub struct MatcherPlan<'a> {
    /// The matcher.
    pub recipe: &'a MatcherRecipe,
    /// Frozen rows of the whole catalogue compared beside the head's.
    pub beside: Option<&'a Embeddings>,
    /// Encoders mixed with the head, where the recipe mixes any; then the matcher reads the mixture's lists alone.
    pub mixture: Option<MixturePlan<'a>>,
}

impl MatcherPlan<'_> {
    /// Rows of `part` that can be compared at all: with an embedding the head reads, or one mixed with it.
    pub fn rows(&self, data: &TrainingData<'_>, part: Part) -> Vec<u32> {
        let Some(mixture) = self.mixture.filter(|mixture| !mixture.companions.is_empty()) else {
            return data.embedded_rows(part);
        };
        let of_head = data.embedded_rows(part);
        let is_there = |row: &u32| {
            let has =
                |part: &std::borrow::Cow<'_, Embeddings>| part.present.get(*row as usize) == Some(&true);
            of_head.binary_search(row).is_ok() || mixture.companions.iter().any(has)
        };
        let of_part = (0_u32..).zip(data.parts).filter(|(_, found)| **found == part);
        of_part.map(|(row, _)| row).filter(is_there).collect()
    }
}

/// What a fitted matcher makes of a pool.
#[derive(Debug)]
pub struct Answer {
    /// Scores over the labelled rows.
    pub evaluation: Evaluation,
    /// Each row's matches, as places in the pool.
    pub matches: Neighbors,
    /// What other thresholds would have given.
    pub curve: Vec<CurvePoint>,
}

/// A pool under one head.
#[derive(Debug)]
pub struct Pool {
    /// Its rows in the catalogue.
    pub rows: Vec<u32>,
    key_ranks: Vec<u32>,
    lists: Neighbors,
    sides: Option<Sides>,
}

/// Rows behind the lists, and how their similarities become one.
#[derive(Debug)]
struct Sides {
    embeddings: [Option<Embeddings>; 2],
    fusion: &'static str,
    first_share: f32,
}

impl Pool {
    /// The pool of `rows` under `head`. Rows of bits or numbers beside the head are compared with it half and half.
    ///
    /// # Errors
    /// When the device fails.
    pub fn new(
        head: &Head,
        data: &TrainingData<'_>,
        rows: Vec<u32>,
        plan: MatcherPlan<'_>,
        device: &Device,
    ) -> Result<Self, TrainError> {
        let key_ranks: Vec<u32> = (0..rows.len() as u32).collect();
        let is_cosine = head.shape().recipe.measure == PairMeasure::Cosine;
        let places: Vec<usize> = rows.iter().map(|row| *row as usize).collect();
        let beside = plan.beside.filter(|beside| beside.n_rows() == data.labels.n_rows());
        let sides = match (is_cosine, beside) {
            (true, Some(beside)) => Some(Sides {
                embeddings: [Some(head_embeddings(head, data, &rows, device)?), Some(beside.gather(&places))],
                fusion: "mean",
                first_share: 0.5,
            }),
            (true, None) if matcher_spec(&plan.recipe.id).is_some_and(|spec| spec.reads_rows) => {
                Some(own_sides(head, data, &rows, device)?)
            }
            _ => None,
        };
        let lists = match (&sides, beside) {
            (Some(sides), Some(_)) => sides.ground(&key_ranks)?.neighbors.into_owned(),
            _ => head_neighbors(head, data, &rows, device)?,
        };
        Ok(Self { rows, key_ranks, lists, sides })
    }

    /// The pool of `rows` under lists made elsewhere; rows of the lists are places in the pool.
    pub fn of_lists(rows: Vec<u32>, lists: Neighbors) -> Self {
        let key_ranks = (0..rows.len() as u32).collect();
        Self { rows, key_ranks, lists, sides: None }
    }

    /// What a matcher stands on.
    ///
    /// # Errors
    /// [`TrainError::Recipe`] when a fusion is unknown, which the table rules out.
    pub fn ground(&self) -> Result<MatchGround<'_>, TrainError> {
        match &self.sides {
            None => Ok(MatchGround::of_lists(&self.lists, &self.key_ranks, MOST_MATCHES)),
            Some(sides) => {
                let mut ground = sides.ground(&self.key_ranks)?;
                // The head's own lists to the last bit.
                ground.neighbors = std::borrow::Cow::Borrowed(&self.lists);
                Ok(ground)
            }
        }
    }

    /// The groups of its rows.
    pub fn groups(&self, data: &TrainingData<'_>) -> Vec<Option<u32>> {
        self.rows.iter().map(|row| data.labels.group(*row)).collect()
    }

    /// Fits `recipe` to the labelled rows of this pool; sizes of groups come from the training part, and what a matcher learns from
    /// `schools`, pools of the training part under the same system.
    ///
    /// # Errors
    /// [`TrainError::EmptyValidation`] without labelled rows; [`TrainError::Matcher`] when the matcher cannot be run here.
    pub fn fit(
        &self,
        recipe: &MatcherRecipe,
        data: &TrainingData<'_>,
        schools: &[Self],
    ) -> Result<(FittedMatcher, Tuned), TrainError> {
        let learned_from: Vec<Option<u32>> =
            data.embedded_rows(Part::Train).iter().map(|row| data.labels.group(*row)).collect();
        let mut pools = Vec::with_capacity(schools.len());
        for school in schools {
            pools.push(LabelledPool { ground: school.ground()?, groups: school.groups(data) });
        }
        let known = Known { group_shares: shares_of_group_sizes(&learned_from), pools };
        let fitted = recipe.fit(&self.ground()?, &self.groups(data), &known, MOST_MATCHES)?;
        fitted.ok_or(TrainError::EmptyValidation)
    }

    /// Each row's matches by a fitted matcher, and their scores over the labelled rows.
    ///
    /// # Errors
    /// [`TrainError::EmptyTest`] without labelled rows; [`TrainError::Matcher`] when the matcher cannot be run here.
    pub fn judged(&self, fitted: &FittedMatcher, data: &TrainingData<'_>) -> Result<Answer, TrainError> {
        let groups = self.groups(data);
        let labelled: Vec<u32> =
            (0..).zip(&groups).filter(|(_, group)| group.is_some()).map(|(row, _)| row).collect();
        if labelled.is_empty() {
            return Err(TrainError::EmptyTest);
        }
        let lists = fitted.apply(&self.ground()?)?;
        let options = fitted.options(MOST_MATCHES);
        let curve = threshold_curve_of_rows(
            &labelled,
            &lists.offsets,
            &lists.rows,
            &lists.scores,
            &groups,
            &[fitted.threshold],
            options.min_matches,
            options.max_matches,
        );
        let matches = row_matches(&lists, &options);
        let evaluation = Evaluation {
            threshold: fitted.threshold,
            scores: curve.first().map(|point| point.scores).unwrap_or_default(),
            rows: f1_by_row(&matches, &groups),
        };
        Ok(Answer { curve: curve_of(&lists, &groups, &options), evaluation, matches })
    }
}

/// The training part dealt out by group into pools about as large as one of `size` rows, for a matcher that learns; none for any
/// other.
pub(super) fn schools(data: &TrainingData<'_>, plan: MatcherPlan<'_>, size: usize) -> Vec<Vec<u32>> {
    if matcher_spec(&plan.recipe.id).is_none_or(|spec| spec.learn.is_none()) {
        return Vec::new();
    }
    let rows = plan.rows(data, Part::Train);
    let groups: Vec<Option<u32>> = rows.iter().map(|row| data.labels.group(*row)).collect();
    dealt(&rows, &groups, size)
}

/// `rows` dealt out by group into pools of about `size` rows; rows without a group one by one.
fn dealt(rows: &[u32], groups: &[Option<u32>], size: usize) -> Vec<Vec<u32>> {
    let n_pools = ((rows.len() as f64 / size.max(1) as f64).round() as usize).max(1);
    let mut places: BTreeMap<(Option<u32>, u32), usize> = BTreeMap::new();
    for (row, group) in rows.iter().zip(groups) {
        let alone = if group.is_none() { *row } else { 0 };
        let next = places.len();
        places.entry((*group, alone)).or_insert(next);
    }
    let mut pools = vec![Vec::new(); n_pools];
    for (row, group) in rows.iter().zip(groups) {
        let alone = if group.is_none() { *row } else { 0 };
        let place = places.get(&(*group, alone)).copied().unwrap_or_default();
        if let Some(pool) = pools.get_mut(place % n_pools) {
            pool.push(*row);
        }
    }
    pools
}

impl Sides {
    fn ground<'a>(&'a self, key_ranks: &'a [u32]) -> Result<MatchGround<'a>, TrainError> {
        let fusion = fusion_spec(self.fusion)
            .ok_or_else(|| TrainError::Recipe(format!("there is no fusion `{}`", self.fusion)))?;
        let params = FusionParams { image_weight: self.first_share, ..FusionParams::default() };
        let [first, second] = &self.embeddings;
        let sides = [first.as_ref(), second.as_ref()];
        Ok(MatchGround::of_rows(sides, Metric::Cosine, fusion, params, key_ranks, MOST_MATCHES))
    }
}

/// The head's rows, parted by modality where each has a projection. Parts count as they do in the head: by their length.
fn own_sides(
    head: &Head,
    data: &TrainingData<'_>,
    rows: &[u32],
    device: &Device,
) -> Result<Sides, TrainError> {
    let joined = head_embeddings(head, data, rows, device)?;
    let (EmbeddingRows::Dense(matrix), Towers::PerModality, [image, text]) =
        (&joined.rows, head.shape().recipe.towers, data.modalities.as_slice())
    else {
        return Ok(Sides { embeddings: [Some(joined), None], fusion: "mean", first_share: 0.5 });
    };
    // Two projections are equally wide, unless nothing is projected.
    let first_width = match matrix.width == image.matrix.width + text.matrix.width {
        true => image.matrix.width,
        false => matrix.width / 2,
    };
    let mut shares = (0.0_f64, 0.0_f64);
    let mut parts = [(Vec::new(), Vec::new()), (Vec::new(), Vec::new())];
    for (place, row) in rows.iter().enumerate() {
        let (first, second) = matrix.row(place).split_at(first_width);
        let squares = [first, second].map(|part| part.iter().map(|v| f64::from(*v).powi(2)).sum::<f64>());
        let [of_first, of_second] = squares;
        let there = [image, text].map(|features| features.present.get(*row as usize) == Some(&true));
        if there == [true, true] {
            shares = (shares.0 + of_first, shares.1 + of_first + of_second);
        }
        for (((values, present), part), (square, is_there)) in
            parts.iter_mut().zip([first, second]).zip(squares.into_iter().zip(there))
        {
            let length = if square > 0.0 { square.sqrt() } else { 1.0 };
            values.extend(part.iter().map(|value| (f64::from(*value) / length) as f32));
            present.push(is_there);
        }
    }
    let widths = [first_width, matrix.width - first_width];
    let mut widths = widths.into_iter();
    let embeddings = parts.map(|(values, present)| {
        let width = widths.next().unwrap_or_default();
        Some(Embeddings { rows: EmbeddingRows::Dense(DenseMatrix { width, values }), present })
    });
    let first_share = if shares.1 > 0.0 { (shares.0 / shares.1) as f32 } else { 0.5 };
    Ok(Sides { embeddings, fusion: "concat", first_share })
}

impl From<MatcherError> for TrainError {
    fn from(error: MatcherError) -> Self {
        Self::Matcher(error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::dealt;

    #[test]
    fn groups_are_dealt_whole() {
        let groups = [Some(1), Some(2), Some(1), None, None, Some(3)];
        assert_eq!(dealt(&[0, 1, 2, 3, 4, 5], &groups, 3), [vec![0, 2, 3, 5], vec![1, 4]]);
        assert_eq!(dealt(&[0, 1, 2, 3, 4, 5], &groups, 100), [vec![0, 1, 2, 3, 4, 5]]);
        assert_eq!(dealt(&[], &[], 0), [Vec::<u32>::new()]);
    }
}
