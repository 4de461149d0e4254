//! Threshold, weight and fusion: the settings in force, their outcome, and the outcome before the last change.

use super::{ActionSpec, AppState, Command, Context, Effect};
use crate::fuse::FusionParams;
use crate::project::MatchSettings;

/// Match settings and what came of them.
#[derive(Clone, Debug, Default)]
pub struct MatchState {
    /// The settings as the controls show them.
    pub settings: MatchSettings,
    /// Settings before the last change of fusion, for comparing with the key held.
    pub previous: Option<MatchSettings>,
    /// Generation of the latest request; older outcomes are dropped.
    pub generation: u64,
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
    let _ = (state, command);
    Vec::new()
}
