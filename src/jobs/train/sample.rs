//! A receipt made up for tests of what shows receipts.

use super::{LabelSource, TrainedReceipt};
use crate::train::{
    CurvePoint, DataFacts, EpochRecord, Interval, Judgement, Receipt, SplitShares, ThresholdCurves,
    TrainError, built_in_recipes,
};

/// The receipt of a run of the first recipe with this seed and test F1, before it 0.5; its pairs are of these postings.
///
/// # Errors
/// When the built-in recipes are damaged.
pub fn sample_receipt(seed: u64, f1: f64, keys: [&str; 2]) -> Result<TrainedReceipt, TrainError> {
    let mut recipe = built_in_recipes()?.swap_remove(0);
    recipe.training.seed = seed;
    let record = |epoch: usize| EpochRecord {
        epoch,
        loss: (epoch > 0).then_some(1.0 / epoch as f64),
        metric: 0.5 + 0.01 * epoch as f64,
        threshold: 0.7,
        learning_rate: 1e-3,
    };
    let judged = |mean_f1: f64, threshold: f32| Judgement {
        threshold,
        mean_f1,
        interval: Interval { low: mean_f1 - 0.05, high: mean_f1 + 0.05 },
        precision: mean_f1,
        recall: mean_f1,
    };
    let gain = f1 - 0.5;
    let result = Receipt {
        version: 1,
        recipe: recipe.training.clone(),
        data: DataFacts {
            catalog: "Demo".to_owned(),
            encoders: vec!["perceptual".to_owned(), "idf-word".to_owned()],
            log_position: 60,
        },
        split_seed: seed,
        split_shares: SplitShares::default(),
        n_rows: [60, 20, 20],
        n_groups: [20, 7, 6],
        before: judged(0.5, 0.6),
        after: judged(f1, 0.75),
        matcher_before: None,
        matcher_after: None,
        mixture_before: None,
        mixture_after: None,
        gain,
        gain_interval: Interval { low: gain - 0.02, high: gain + 0.02 },
        best: record(2),
        history: (0..4).map(record).collect(),
    };
    let curve = |mean_f1: f64| -> Vec<CurvePoint> {
        let point =
            |step: u8| CurvePoint { threshold: f32::from(step) / 10.0, mean_f1, precision: 0.5, recall: 0.5 };
        (0..9).map(point).collect()
    };
    let [left, right] = keys.map(str::to_owned);
    Ok(TrainedReceipt {
        recipe,
        labels: LabelSource::Both,
        head_digest: format!("digest-{seed}"),
        image_encoder: Some("perceptual".to_owned()),
        more_image_encoders: Vec::new(),
        text_encoder: Some("idf-word".to_owned()),
        questions: None,
        is_refit: false,
        beside_encoder: None,
        companions: Vec::new(),
        cohort: Vec::new(),
        network: None,
        notes: vec!["perceptual stands in for mobilenetv2_tf, whose files are not there".to_owned()],
        is_stopped_early: false,
        result,
        n_fixed: 1,
        n_broken: 0,
        fixed: vec![(left, right)],
        broken: Vec::new(),
        curves: ThresholdCurves { before: curve(0.5), after: curve(f1) },
        at_millis: 1_700_000_000_000 + seed as i64 * 60_000,
        secs: 2.5,
    })
}
