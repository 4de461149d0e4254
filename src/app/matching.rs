//! Threshold, weight and fusion: the settings in force, their outcome, and the outcome before the last change.

use std::sync::Arc;

use super::{ActionSpec, AppState, Command, Context, Effect, ToastKind};
use crate::catalog::{Catalog, PostingIdx};
use crate::fuse::{FUSIONS, FusionParams};
use crate::jobs::{MatchOutcome, Request, ThresholdRule};
use crate::matching::{Clusters, MatcherRecipe};
use crate::project::{Access, MatchSettings, TRAINED_FUSION};

/// Why a matching was asked for; decides whether its queue replaces the one in work.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Cause {
    /// A project was opened: first results, then better ones.
    #[default]
    Opened,
    /// The user moved a control and wants to see the effect.
    Control,
    /// The user asked to apply decisions and new results.
    Refresh,
}

/// What a change of settings did to the proposed pairs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// Pairs proposed now that were not before.
    pub n_gained: usize,
    /// Pairs no longer proposed.
    pub n_lost: usize,
    /// Titles of some of the gained pairs.
    pub gained_titles: Vec<String>,
    /// Titles of some of the lost pairs.
    pub lost_titles: Vec<String>,
}

/// Match settings and what came of them.
#[derive(Clone, Debug, Default)]
pub struct MatchState {
    /// The settings as the controls show them.
    pub settings: MatchSettings,
    /// The result on screen; stays until a newer one is there.
    pub outcome: Option<Arc<MatchOutcome>>,
    /// The result before the last change of a control, for comparing with the key held.
    pub previous: Option<Arc<MatchOutcome>>,
    /// What the last change of a control did.
    pub change: Option<Change>,
    /// Whether a newer result is being computed, since when ([`super::Now::secs`]).
    pub updating_since: Option<f64>,
    /// Whether the result on screen is a quick first one, made before the encoders asked for were ready.
    pub is_provisional: bool,
    /// Whether the previous result is being shown, as long as the key is held.
    pub is_peeking: bool,
    /// Generation of the latest request; older outcomes are dropped.
    pub generation: u64,
    cause: Cause,
}

/// Commands of this area.
#[derive(Clone, Debug, PartialEq)]
pub enum MatchCommand {
    /// Sets the threshold of the fused score.
    Threshold(f32),
    /// Moves the threshold.
    NudgeThreshold(f32),
    /// Picks a fusion strategy.
    Fusion(String),
    /// Next (1) or previous (-1) strategy of the table.
    StepFusion(i32),
    /// Sets weight and the two thresholds.
    Params(FusionParams),
    /// Picks the image encoder (`None`: titles alone).
    ImageEncoder(Option<String>),
    /// Picks the text encoder (`None`: pictures alone).
    TextEncoder(Option<String>),
    /// Picks the model that translates titles before they are encoded (`None`: they stay as they are).
    Translate(Option<String>),
    /// Picks what makes matches of scores, or changes its numbers.
    Matcher(MatcherRecipe),
    /// Tunes the threshold on the labelled groups.
    Tune,
    /// Shows the strategy before the last change, while held.
    PeekPrevious,
    /// Back to the strategy in force.
    EndPeek,
}

/// What keys and the palette offer.
pub(super) const ACTIONS: &[ActionSpec] = &[
    ActionSpec::press(
        "match.threshold_down",
        Context::Everywhere,
        "Lower threshold",
        "Lowers the match threshold by 0.005",
        &["Alt+Left"],
        || Command::Match(MatchCommand::NudgeThreshold(-0.005)),
    )
    .repeating()
    .quiet(),
    ActionSpec::press(
        "match.threshold_up",
        Context::Everywhere,
        "Raise threshold",
        "Raises the match threshold by 0.005",
        &["Alt+Right"],
        || Command::Match(MatchCommand::NudgeThreshold(0.005)),
    )
    .repeating()
    .quiet(),
    ActionSpec::press(
        "match.threshold_down_far",
        Context::Everywhere,
        "Lower threshold far",
        "Lowers the match threshold by 0.05",
        &["Alt+Shift+Left"],
        || Command::Match(MatchCommand::NudgeThreshold(-0.05)),
    )
    .repeating()
    .quiet(),
    ActionSpec::press(
        "match.threshold_up_far",
        Context::Everywhere,
        "Raise threshold far",
        "Raises the match threshold by 0.05",
        &["Alt+Shift+Right"],
        || Command::Match(MatchCommand::NudgeThreshold(0.05)),
    )
    .repeating()
    .quiet(),
    ActionSpec::press(
        "match.fusion_previous",
        Context::Everywhere,
        "Previous fusion",
        "Switches to the fusion strategy above",
        &["Alt+Up"],
        || Command::Match(MatchCommand::StepFusion(-1)),
    )
    .quiet(),
    ActionSpec::press(
        "match.fusion_next",
        Context::Everywhere,
        "Next fusion",
        "Switches to the fusion strategy below",
        &["Alt+Down"],
        || Command::Match(MatchCommand::StepFusion(1)),
    )
    .quiet(),
    ActionSpec::press(
        "match.tune",
        Context::Everywhere,
        "Tune threshold",
        "Sets the threshold with the best mean F1 on the labelled groups",
        &[],
        || Command::Match(MatchCommand::Tune),
    )
    .quiet(),
    ActionSpec::press(
        "match.peek_previous",
        Context::Everywhere,
        "Show previous strategy",
        "Shows the queue of the strategy before the last change while held",
        &["Alt+A"],
        || Command::Match(MatchCommand::PeekPrevious),
    )
    .held(|| Command::Match(MatchCommand::EndPeek))
    .quiet(),
];

pub(super) fn apply(state: &mut AppState, command: MatchCommand) -> Vec<Effect> {
    let before = state.matching.settings.clone();
    let settings = &mut state.matching.settings;
    let mut rule = ThresholdRule::Fixed;
    match command {
        MatchCommand::Threshold(threshold) => settings.threshold = rounded(threshold),
        MatchCommand::NudgeThreshold(by) => settings.threshold = rounded(settings.threshold + by),
        MatchCommand::Fusion(id) => set_fusion(state, &id),
        MatchCommand::StepFusion(by) => {
            let strategies = strategies(state);
            let at = strategies.iter().position(|id| *id == before.fusion).unwrap_or(0);
            let next = (at as i64 + i64::from(by)).rem_euclid(strategies.len().max(1) as i64) as usize;
            if let Some(id) = strategies.get(next) {
                set_fusion(state, id);
            }
        }
        MatchCommand::Params(params) => settings.params = params,
        // A trained model reads its own encoders; whoever wants others wants to match without it.
        MatchCommand::ImageEncoder(id) => {
            *settings = MatchSettings { image_encoder: id, ..settings.frozen() }
        }
        MatchCommand::TextEncoder(id) => *settings = MatchSettings { text_encoder: id, ..settings.frozen() },
        MatchCommand::Translate(id) => *settings = MatchSettings { translate: id, ..settings.frozen() },
        MatchCommand::Matcher(recipe) => settings.matcher = recipe,
        MatchCommand::Tune => {
            let has_groups = state.session.open.as_ref().is_some_and(|session| session.catalog.has_groups());
            if !has_groups {
                let text = "The catalogue has no group labels to tune on; move the threshold by hand";
                state.chrome.toast(state.now, ToastKind::Warning, text);
                return Vec::new();
            }
            rule = ThresholdRule::Tuned { min_matches: 1 };
        }
        MatchCommand::PeekPrevious => {
            state.matching.is_peeking = state.matching.previous.is_some();
            return super::duplicates::rebuild(state);
        }
        MatchCommand::EndPeek => {
            state.matching.is_peeking = false;
            return super::duplicates::rebuild(state);
        }
    }
    if state.session.open.is_none() || (rule == ThresholdRule::Fixed && state.matching.settings == before) {
        return Vec::new();
    }
    rematch_by(state, Cause::Control, rule)
}

/// Ids of the strategies that can be chosen: every fusion, and the promoted model where there is one.
pub fn strategies(state: &AppState) -> Vec<&'static str> {
    let trained = state.train.trained.promoted.as_ref().map(|_| TRAINED_FUSION);
    FUSIONS.iter().map(|spec| spec.id).chain(trained).collect()
}

fn set_fusion(state: &mut AppState, id: &str) {
    if state.matching.settings.fusion == id {
        return;
    }
    if id == TRAINED_FUSION {
        if let Some(settings) = super::train::by_promoted(state) {
            state.matching.settings = settings;
        }
        return;
    }
    let frozen = state.matching.settings.frozen();
    state.matching.settings = MatchSettings { fusion: id.to_owned(), ..frozen };
}

/// Thresholds move in steps of 0.005 within [-1, 1].
fn rounded(threshold: f32) -> f32 {
    (threshold.clamp(-1.0, 1.0) * 200.0).round() / 200.0
}

/// Asks for a matching by the settings in force.
pub(super) fn rematch(state: &mut AppState, cause: Cause) -> Vec<Effect> {
    rematch_by(state, cause, ThresholdRule::Fixed)
}

fn rematch_by(state: &mut AppState, cause: Cause, rule: ThresholdRule) -> Vec<Effect> {
    let matching = &mut state.matching;
    matching.generation += 1;
    matching.cause = cause;
    matching.updating_since = Some(state.now.secs);
    let request = Request::Match {
        settings: matching.settings.clone(),
        rule,
        review: Arc::new(state.saving.review.clone()),
        generation: matching.generation,
    };
    vec![Effect::Job(request)]
}

/// Takes in a result, first or final, and asks for the queue that follows from it.
pub(super) fn matched(
    state: &mut AppState,
    outcome: Arc<MatchOutcome>,
    generation: u64,
    is_final: bool,
) -> Vec<Effect> {
    if generation != state.matching.generation {
        return Vec::new();
    }
    let matching = &mut state.matching;
    matching.is_provisional = !is_final;
    let mut effects = Vec::new();
    if is_final {
        matching.updating_since = None;
        if outcome.tuned.is_some() {
            matching.settings.threshold = outcome.settings.threshold;
            matching.settings.params = outcome.settings.params;
            if let Some(tuned) = &outcome.tuned {
                let text = format!(
                    "Threshold {:.3}: mean F1 {:.4} on {} labelled postings, the same ones it was tuned on",
                    tuned.threshold, tuned.scores.mean_f1, tuned.n_labelled_rows
                );
                state.chrome.toast(state.now, ToastKind::Success, text);
            }
        }
        if let Some(session) = &mut state.session.open {
            session.settings.matching = state.matching.settings.clone();
            if session.access == Access::Write {
                effects.push(Effect::Job(Request::SaveSettings(Box::new(session.settings.clone()))));
            }
        }
    }
    let matching = &mut state.matching;
    if matching.cause == Cause::Control {
        if let (Some(before), Some(session)) = (&matching.outcome, &state.session.open) {
            matching.change = Some(Change::between(&before.clusters, &outcome.clusters, &session.catalog));
        }
        matching.previous = matching.outcome.take();
    }
    matching.outcome = Some(outcome);
    let manner = match matching.cause {
        Cause::Opened => super::duplicates::Manner::Announce,
        Cause::Control | Cause::Refresh => super::duplicates::Manner::Replace,
    };
    effects.extend(super::duplicates::request_queue(state, manner));
    effects
}

impl MatchState {
    /// The state for a project just opened; generations go on counting.
    pub(super) fn for_project(settings: &MatchSettings, generation: u64) -> Self {
        Self { settings: settings.clone(), generation, ..Self::default() }
    }

    /// The fused score of two postings, where either lists the other.
    pub fn score(&self, a: PostingIdx, b: PostingIdx) -> Option<f32> {
        let neighbors = &self.outcome.as_ref()?.neighbors;
        let listed = |from: PostingIdx, to: PostingIdx| {
            let (rows, scores) = neighbors.list(from.at());
            let at = rows.iter().position(|row| *row == to.0)?;
            scores.get(at).copied()
        };
        listed(a, b).or_else(|| listed(b, a))
    }
}

impl Change {
    /// Compares the pairs proposed by two clusterings.
    fn between(before: &Clusters, after: &Clusters, catalog: &Catalog) -> Self {
        const N_TITLES: usize = 3;
        let pairs_missing = |from: &Clusters, to: &Clusters| {
            let mut n_missing = 0;
            let mut titles = Vec::new();
            for cluster in &from.clusters {
                for (at, a) in cluster.members.iter().enumerate() {
                    for b in cluster.members.iter().skip(at + 1) {
                        if to.cluster_of.get(*a as usize) == to.cluster_of.get(*b as usize) {
                            continue;
                        }
                        n_missing += 1;
                        if titles.len() < N_TITLES {
                            titles.push(catalog.title(PostingIdx(*a)).to_owned());
                        }
                    }
                }
            }
            (n_missing, titles)
        };
        let (n_gained, gained_titles) = pairs_missing(after, before);
        let (n_lost, lost_titles) = pairs_missing(before, after);
        Self { n_gained, n_lost, gained_titles, lost_titles }
    }
}
