//! One system on one split: everything it leaves open is chosen on the validation part, then the test part is read once. The
//! same for frozen encoders and for a trained head, so that what is compared differs in nothing else.

use candle_core::Device;

use super::curve::CurvePoint;
use super::heads::Head;
use super::mixture::{FittedMixture, MixtureTable};
use super::pool::{Answer, MOST_MATCHES, MatcherPlan, Pool, schools};
use super::trainer::{Evaluation, TrainingData};
use super::{Part, TrainError};
use crate::index::Neighbors;
use crate::matching::FittedMatcher;

/// Who is judged.
#[derive(Clone, Copy, Debug)]
pub enum System<'a> {
    /// A head: of the plan's mixture, where it has one, and else alone.
    Head(&'a Head),
    /// The frozen encoders of the plan's mixture under the best weights, without a cohort; without a mixture nothing.
    FrozenMixture,
}

/// What came of it.
#[derive(Clone, Debug)]
pub struct OnTest {
    /// Rows of the test part's pool; the matches are places in it.
    pub rows: Vec<u32>,
    /// Scores on the test part.
    pub evaluation: Evaluation,
    /// The matcher as it was fitted on the validation part.
    pub matcher: FittedMatcher,
    /// The mixture as it was fitted there before.
    pub mixture: Option<FittedMixture>,
    /// Matches of each row of the pool.
    pub matches: Neighbors,
    /// What other thresholds would have given.
    pub curve: Vec<CurvePoint>,
    /// Mean per-row F1 on the validation part, the best that was found there.
    pub validation_f1: f64,
}

/// Judges `system` on the test part; weights, matcher and threshold come from the validation part.
///
/// # Errors
/// [`TrainError::EmptyValidation`] or [`TrainError::EmptyTest`] when there is nothing to choose or to judge on;
/// [`TrainError::Matcher`] when the matcher cannot be run on the system; or the device fails.
pub fn on_test(
    system: System<'_>,
    data: &TrainingData<'_>,
    plan: MatcherPlan<'_>,
    device: &Device,
) -> Result<OnTest, TrainError> {
    let rows = |part: Part| plan.rows(data, part);
    let (validation, test, mixture, schools) = match (system, plan.mixture) {
        (System::Head(head), None) => {
            let pool = |rows: Vec<u32>| Pool::new(head, data, rows, plan, device);
            let validation = pool(rows(Part::Validation))?;
            let schools = schools(data, plan, validation.rows.len());
            let schools = schools.into_iter().map(pool).collect::<Result<Vec<Pool>, _>>()?;
            (validation, pool(rows(Part::Test))?, None, schools)
        }
        (System::FrozenMixture, None) => {
            return Err(TrainError::Recipe("there is no mixture of frozen encoders to judge".to_owned()));
        }
        (_, Some(mixture)) => {
            let (parts, (cohort, n_asked)) = match system {
                System::Head(head) => (mixture.head_parts(head, data, device)?, mixture.cohort(data)),
                System::FrozenMixture => (mixture.frozen_parts(), (Vec::new(), 0)),
            };
            let pool_rows = rows(Part::Validation);
            let groups: Vec<Option<u32>> = pool_rows.iter().map(|row| data.labels.group(*row)).collect();
            let table = MixtureTable::new(&parts, &pool_rows, &cohort);
            let (fitted, _) = table.fit(&groups, n_asked, MOST_MATCHES).ok_or(TrainError::EmptyValidation)?;
            let validation = Pool::of_lists(pool_rows, table.lists(&fitted.weights, n_asked));
            let pool = |rows: Vec<u32>| {
                let lists = MixtureTable::new(&parts, &rows, &cohort).lists(&fitted.weights, n_asked);
                Pool::of_lists(rows, lists)
            };
            let schools = schools(data, plan, validation.rows.len()).into_iter().map(pool).collect();
            let test = pool(rows(Part::Test));
            (validation, test, Some(fitted), schools)
        }
    };
    let (matcher, tuned) = validation.fit(plan.recipe, data, &schools)?;
    let Answer { evaluation, matches, curve } = test.judged(&matcher, data)?;
    let validation_f1 = tuned.scores.mean_f1;
    Ok(OnTest { rows: test.rows, evaluation, matcher, mixture, matches, curve, validation_f1 })
}
