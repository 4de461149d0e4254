//! What a run on questions adds to a receipt: how many of the test part are answered right, before and after; and the last training
//! from all rows, once everything is chosen.

use candle_core::Device;
use serde::{Deserialize, Serialize};

use super::super::{Context, JobError};
use super::Watch;
use crate::train::heads::Head;
use crate::train::{
    Ended, NamedRecipe, Part, Questions, Refit, Selection, TrainError, TrainingData, TrainingOutcome,
    frozen_head, head_pair_scores, refit,
};

/// Shares of the test part's questions whose right answer is among the first; as drawing wrong ones again and again would give it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct QuestionScores {
    /// Questions of the test part.
    pub n_questions: usize,
    /// Candidates a question, the right one counted.
    pub n_candidates: usize,
    /// First and among the first two, by the frozen embeddings.
    pub before: [f64; 2],
    /// By the trained head.
    pub after: [f64; 2],
}

/// The questions of the test part, where the recipe is chosen by questions and there are any. Of the data the first are the
/// frozen embeddings, the second what the head reads.
pub(super) fn on_test(
    [data, tuned]: [&TrainingData<'_>; 2],
    recipe: &NamedRecipe,
    head: &Head,
    device: &Device,
) -> Result<Option<QuestionScores>, TrainError> {
    let Selection::TopK { of, .. } = recipe.training.selection else { return Ok(None) };
    let questions = Questions::of(data, Part::Test);
    if questions.queries.is_empty() {
        return Ok(None);
    }
    let pairs: Vec<(u32, u32)> = questions.pairs().collect();
    let shares = |head: &Head, data: &TrainingData<'_>| -> Result<[f64; 2], TrainError> {
        let scores = head_pair_scores(head, data, &pairs, device)?;
        Ok([1, 2].map(|k| questions.expected_top_k(&scores, k, of)))
    };
    Ok(Some(QuestionScores {
        n_questions: questions.queries.len(),
        n_candidates: of,
        before: shares(&frozen_head(data, device)?, data)?,
        after: shares(head, tuned)?,
    }))
}

/// A head that has learned from all rows, where the recipe asks for one; `None` for a stopped run and for one that trains a network,
/// whose rows would have to be made anew.
pub(super) fn refit_from_all(
    data: &TrainingData<'_>,
    recipe: &NamedRecipe,
    outcome: &TrainingOutcome,
    device: &Device,
    context: &Context<'_>,
) -> Result<Option<Head>, JobError> {
    let is_whole = matches!(outcome.ended, Ended::Finished | Ended::EarlyStopped);
    if recipe.training.refit == Refit::Never || recipe.backbone.is_some() || !is_whole {
        return Ok(None);
    }
    let all = vec![Part::Train; data.parts.len()];
    let data = TrainingData { parts: &all, ..data.clone() };
    let mut watch = Watch::new(context, recipe);
    Ok(refit(&data, &recipe.training, outcome.best.epoch, device, &mut watch)?)
}
