//! Which model matches: promoting, rolling back, and what both do to the settings of matching.

use super::super::{AppState, Cause, Effect, PickFor, Politeness, Said, ToastKind};
use crate::jobs::{PromotedModel, Request, TrainedAnswer, TrainedDone, TrainedTask};
use crate::project::MatchSettings;

pub(super) fn promote(state: &mut AppState) -> Vec<Effect> {
    if let Some(reason) = super::super::saving::refusal(state) {
        return state.chrome.refuse(state.now, reason);
    }
    let Some(run) = state.train.shown_run() else {
        return state.chrome.refuse(state.now, "Show a receipt first; its model is the one that is promoted");
    };
    if state.train.is_promoted(&run.receipt) {
        return state.chrome.refuse(state.now, "This model does the matching already");
    }
    if !run.has_weights {
        return state.chrome.refuse(state.now, weights_gone(run.receipt.recipe.training.seed));
    }
    let id = run.receipt.recipe.id.clone();
    vec![Effect::Job(Request::Trained(TrainedTask::Promote(id)))]
}

pub(super) fn roll_back(state: &mut AppState) -> Vec<Effect> {
    if let Some(reason) = super::super::saving::refusal(state) {
        return state.chrome.refuse(state.now, reason);
    }
    if state.train.trained.promoted.is_none() {
        return state.chrome.refuse(state.now, "No trained model is in use; there is nothing to roll back");
    }
    vec![Effect::Job(Request::Trained(TrainedTask::RollBack))]
}

pub(super) fn pick_export(state: &mut AppState) -> Vec<Effect> {
    let Some(run) = state.train.shown_run() else {
        return state.chrome.refuse(state.now, "Show a receipt first; its head is the one that is exported");
    };
    if !run.has_weights {
        return state.chrome.refuse(state.now, weights_gone(run.receipt.recipe.training.seed));
    }
    vec![Effect::PickPath(PickFor::Head(run.receipt.recipe.id.clone()))]
}

fn weights_gone(seed: u64) -> String {
    format!("A later run of this recipe replaced these weights; train again with seed {seed} to have them")
}

/// Settings by which the promoted model matches; `None` where there is none.
pub(in super::super) fn by_promoted(state: &AppState) -> Option<MatchSettings> {
    let PromotedModel { promotion, receipt } = state.train.trained.promoted.as_ref()?;
    let encoders = [receipt.image_encoder.clone(), receipt.text_encoder.clone()];
    let threshold = receipt.result.after.threshold;
    Some(state.matching.settings.by_trained(&promotion.id, encoders, threshold))
}

/// What there is now, after something was done.
pub(in super::super) fn answered(state: &mut AppState, answer: TrainedAnswer) -> Vec<Effect> {
    let TrainedAnswer { problems, done, .. } = &answer;
    for problem in problems {
        if !state.chrome.notes.contains(problem) {
            state.chrome.notes.push(problem.clone());
        }
    }
    let done = done.clone();
    state.train.trained = answer;
    let train = &mut state.train;
    train.list.arrange(&train.trained.runs);
    match done {
        None => Vec::new(),
        Some(TrainedDone::Trained(receipt)) => super::learned(state, &receipt),
        Some(TrainedDone::Promoted) => {
            let Some(settings) = by_promoted(state) else { return Vec::new() };
            // The threshold that is best for each posting's own matches may chain whole catalogues together.
            let text = format!(
                "The trained model does the matching now, at its threshold {:.3}; where clusters grow too large, \
                 raise it. Roll back returns to the former",
                settings.threshold
            );
            let mut effects = say(state, text);
            state.matching.settings = settings;
            effects.extend(super::super::matching::rematch(state, Cause::Control));
            effects
        }
        Some(TrainedDone::RolledBack) => rolled_back(state),
        Some(TrainedDone::Exported { path, n_bytes }) => {
            let text = format!("Exported the head, {} KB, to {}", n_bytes.div_ceil(1024), path.display());
            say(state, text)
        }
    }
}

fn rolled_back(state: &mut AppState) -> Vec<Effect> {
    let former = by_promoted(state);
    let text = match state.train.trained.promoted.as_ref() {
        Some(former) => format!("{} does the matching again", former.receipt.recipe.label),
        None => "The frozen encoders do the matching again".to_owned(),
    };
    let mut effects = say(state, text);
    // Whoever matches by another strategy meanwhile goes on with it.
    if state.matching.settings.is_trained() {
        state.matching.settings = former.unwrap_or_else(|| state.matching.settings.frozen());
        effects.extend(super::super::matching::rematch(state, Cause::Control));
    }
    effects
}

fn say(state: &mut AppState, text: String) -> Vec<Effect> {
    state.train.said = Some(Said::Good(text.clone()));
    state.chrome.toast(state.now, ToastKind::Success, text.clone());
    vec![Effect::Announce(text, Politeness::Polite)]
}
