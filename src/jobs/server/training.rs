//! Learning on the compute thread, and matching by what was learned.

use std::sync::Arc;

use super::compute::Compute;
use crate::index::Neighbors;
use crate::jobs::{
    Context, Grounds, JobError, LabelSource, MatchOutcome, MatchPlan, Outcome, TrainPlan, TrainedDone,
    TrainedModel, TrainedReceipt, TrainedTask, count_labels, do_trained_task, map_groups, match_trained,
    match_with, promoted_model, train_head, trained_answer, trained_neighbors,
};
use crate::review::ReviewState;
use crate::train::NamedRecipe;

/// Neighbours by a trained model, as long as its head's digest stays the same.
pub(super) struct ByTrained {
    digest: String,
    neighbors: Arc<Neighbors>,
}

impl Compute {
    /// Learns a head and says what there is then.
    pub(super) fn train(
        &self,
        recipe: &NamedRecipe,
        labels: LabelSource,
        review: &ReviewState,
        context: &Context<'_>,
    ) -> Result<Outcome, JobError> {
        let bench = self.bench()?;
        let models = bench.trained_models();
        let plan = TrainPlan { recipe, labels, review, models: &models };
        let receipt = Arc::new(train_head(&bench, &plan, context)?);
        let answer = trained_answer(&models, Some(TrainedDone::Trained(receipt)))?;
        Ok(Outcome::Trained(Box::new(answer)))
    }

    /// Promotes, rolls back, exports, lists.
    pub(super) fn do_trained(&self, task: &TrainedTask) -> Result<Outcome, JobError> {
        let answer = do_trained_task(&self.bench()?.trained_models(), task)?;
        if matches!(task, TrainedTask::Promote(_) | TrainedTask::RollBack) {
            // The next matching is long work then, and does not keep a click waiting.
            self.state.borrow_mut().by_trained = None;
        }
        Ok(Outcome::Trained(Box::new(answer)))
    }

    /// What the labels can feed.
    pub(super) fn count_labels(
        &self,
        recipe: &NamedRecipe,
        labels: LabelSource,
        review: &ReviewState,
        generation: u64,
    ) -> Result<Outcome, JobError> {
        let bench = self.bench()?;
        let models = bench.trained_models();
        let plan = TrainPlan { recipe, labels, review, models: &models };
        Ok(Outcome::Counted { counts: Box::new(count_labels(&bench, &plan)?), generation })
    }

    /// Draws groups before and after.
    pub(super) fn map_groups(
        &self,
        receipt: &TrainedReceipt,
        review: &ReviewState,
        context: &Context<'_>,
    ) -> Result<Outcome, JobError> {
        let bench = self.bench()?;
        let map = map_groups(&bench, receipt, review, &bench.trained_models(), context)?;
        Ok(Outcome::Mapped(Arc::new(map)))
    }

    /// Matches on the grounds, by the model in use where the settings say so.
    pub(super) fn match_on(
        &self,
        grounds: &Arc<Grounds>,
        plan: &MatchPlan<'_>,
        context: &Context<'_>,
    ) -> Result<MatchOutcome, JobError> {
        if !plan.settings.is_trained() {
            return match_with(grounds, plan);
        }
        let model = promoted_model(&self.bench()?.trained_models())?;
        let (_, model) = model.ok_or_else(|| {
            JobError::Refused(
                "no trained model is in use. Choose another fusion, or promote a model in Train".to_owned(),
            )
        })?;
        match_trained(grounds, self.neighbors_by(&model, context)?, model.min_matches(), plan)
    }

    fn neighbors_by(&self, model: &TrainedModel, context: &Context<'_>) -> Result<Arc<Neighbors>, JobError> {
        let digest = &model.receipt.head_digest;
        if let Some(known) = &self.state.borrow().by_trained
            && known.digest == *digest
        {
            return Ok(known.neighbors.clone());
        }
        let neighbors = trained_neighbors(&*self.bench()?, model, context)?;
        let by_trained = ByTrained { digest: digest.clone(), neighbors: neighbors.clone() };
        self.state.borrow_mut().by_trained = Some(by_trained);
        Ok(neighbors)
    }
}
