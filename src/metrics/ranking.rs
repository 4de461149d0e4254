//! Measures of a ranking of labelled pairs.

/// Area under the ROC curve (Mann-Whitney, ties count one half); `None` when one class is empty.
pub fn roc_auc(scores: &[f32], positive: &[bool]) -> Option<f64> {
    unimplemented!("{scores:?}{positive:?}")
}

/// Average precision as scikit-learn defines it (step-wise, ties grouped); `None` without positives.
pub fn average_precision(scores: &[f32], positive: &[bool]) -> Option<f64> {
    unimplemented!("{scores:?}{positive:?}")
}
