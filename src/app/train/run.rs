//! A run: started, followed, stopped, ended. One at a time; what it said stays on the page.

use std::sync::Arc;

use super::super::{AppState, Effect, Politeness, Said, Station, ToastKind};
use super::{RunId, TrainSection};
use crate::jobs::{JobId, Progress, Request, TrainedReceipt, TrainingMoment};

/// Moments kept of a run; beyond, every second one within epochs goes.
const MOST_MOMENTS: usize = 2000;

/// A run under way.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Run {
    /// The recipe's name.
    pub label: String,
    /// The job, once it is known.
    pub job: Option<JobId>,
    /// Where it stands.
    pub progress: Progress,
    /// Points of the curves.
    pub curve: StoredCurve,
    /// Whether it was asked to stop.
    pub is_stopping: bool,
}

/// Points of the curves so far, not more than can be seen.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StoredCurve(Vec<TrainingMoment>);

impl StoredCurve {
    /// The points, oldest first.
    pub fn moments(&self) -> &[TrainingMoment] {
        &self.0
    }

    fn push(&mut self, moment: TrainingMoment) {
        self.0.push(moment);
        if self.0.len() > MOST_MOMENTS {
            let mut number = 0;
            self.0.retain(|moment| {
                number += 1;
                moment.validation_f1.is_some() || number % 2 == 0
            });
        }
    }
}

pub(super) fn start(state: &mut AppState) -> Vec<Effect> {
    if let Some(reason) = super::super::saving::refusal(state) {
        return state.chrome.refuse(state.now, reason);
    }
    if state.train.running.is_some() {
        return state.chrome.refuse(state.now, "A run is under way; wait or stop it");
    }
    if let Err(message) = state.train.draft.read() {
        return super::super::events::fail(state, message);
    }
    let Some(recipe) = state.train.draft.recipe.clone() else { return Vec::new() };
    state.train.section = TrainSection::Learn;
    state.train.said = None;
    state.train.running = Some(Run { label: recipe.label.clone(), ..Run::default() });
    vec![Effect::Job(Request::Train {
        recipe: Box::new(recipe),
        labels: state.train.labels,
        review: Arc::new(state.saving.review.clone()),
    })]
}

pub(super) fn cancel(state: &mut AppState) -> Vec<Effect> {
    let Some(run) = &mut state.train.running else {
        return state.chrome.refuse(state.now, "Nothing is being learned");
    };
    run.is_stopping = true;
    run.job.map(Effect::CancelThis).into_iter().collect()
}

/// The run is known by its name; one that was stopped before is stopped now.
pub(in super::super) fn started(state: &mut AppState, job: JobId) -> Vec<Effect> {
    let Some(run) = &mut state.train.running else { return Vec::new() };
    run.job = Some(job);
    if run.is_stopping { vec![Effect::CancelThis(job)] } else { Vec::new() }
}

/// The run tells where it stands.
pub(in super::super) fn progress(state: &mut AppState, job: JobId, progress: &Progress) {
    if let Some(run) = state.train.running.as_mut().filter(|run| run.job == Some(job)) {
        run.progress.clone_from(progress);
    }
}

/// The run tells a point of its curves.
pub(in super::super) fn moment(state: &mut AppState, job: JobId, moment: TrainingMoment) {
    if let Some(run) = state.train.running.as_mut().filter(|run| run.job == Some(job)) {
        run.curve.push(moment);
    }
}

/// The run failed: why stands on the page; what was there before is there still.
pub(in super::super) fn failed(state: &mut AppState, message: String) -> Vec<Effect> {
    state.train.running = None;
    state.train.said = Some(Said::Bad(message.clone()));
    if state.chrome.station != Station::Train {
        return super::super::events::fail(state, message);
    }
    vec![Effect::Announce(message, Politeness::Assertive)]
}

/// The run was stopped before its first round ended.
pub(in super::super) fn cancelled(state: &mut AppState) -> Vec<Effect> {
    if state.train.running.take().is_none() {
        return Vec::new();
    }
    let text = "Stopped before the first round ended; nothing was saved, the former model stays";
    state.train.said = Some(Said::Good(text.to_owned()));
    vec![Effect::Announce(text.to_owned(), Politeness::Polite)]
}

/// The run left a receipt, which is shown.
pub(in super::super) fn learned(state: &mut AppState, receipt: &TrainedReceipt) -> Vec<Effect> {
    state.train.running = None;
    let result = &receipt.result;
    let stopped = if receipt.is_stopped_early { "stopped early, the best so far is kept; " } else { "" };
    let text = format!(
        "{}: {stopped}test F1 {:.3} before, {:.3} after ({:+.3})",
        receipt.recipe.label, result.before.mean_f1, result.after.mean_f1, result.gain
    );
    state.train.said = Some(Said::Good(text.clone()));
    if state.chrome.station != Station::Train {
        state.chrome.toast(state.now, ToastKind::Success, format!("{text}. The receipt is in Train"));
    }
    let mut effects = vec![Effect::Announce(text, Politeness::Polite)];
    effects.extend(super::show(state, RunId::of(receipt)));
    effects
}
