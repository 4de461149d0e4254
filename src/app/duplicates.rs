//! The Duplicates station: the frozen queue, the item one works on, marks, modes, and the verdicts they become.

use super::{ActionSpec, AppState, Command, Context, Effect};
use crate::review::{QueueKind, QueueSort, Verdict};

/// How a member is marked before the verdict.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mark {
    /// Goes with the rest.
    #[default]
    In,
    /// Is different from all the rest.
    OutDifferent,
    /// Is a variant of all the rest.
    OutVariant,
}

/// What the centre shows.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum DuplicatesMode {
    /// One item.
    #[default]
    Review,
    /// The same item being cut: group number (1 to 9; 0 says nothing) of each member.
    Cut(Vec<u8>),
    /// Twelve clusters at once: which are excluded.
    Batch(Vec<bool>),
}

/// State of the station.
#[derive(Clone, Debug, Default)]
pub struct DuplicatesState {
    /// The open tab.
    pub kind: QueueKind,
    /// Its order.
    pub sort: QueueSort,
    /// What the centre shows.
    pub mode: DuplicatesMode,
}

/// Commands of this area.
#[derive(Clone, Debug, PartialEq)]
pub enum DuplicatesCommand {
    /// Records a verdict on the item.
    Judge(Verdict),
}

/// What keys and the palette offer.
pub(super) const ACTIONS: &[ActionSpec] = &[
    ActionSpec::press(
        "duplicates.same",
        Context::Duplicates,
        "Same",
        "Records every unmarked member as the same product, then shows the next item",
        &["S", "1"],
        || Command::Duplicates(DuplicatesCommand::Judge(Verdict::Same)),
    ),
    ActionSpec::press(
        "duplicates.different",
        Context::Duplicates,
        "Different",
        "Records every pair as different products, then shows the next item",
        &["D", "2"],
        || Command::Duplicates(DuplicatesCommand::Judge(Verdict::Different)),
    ),
];

pub(super) fn apply(state: &mut AppState, command: DuplicatesCommand) -> Vec<Effect> {
    let _ = (state, command);
    Vec::new()
}
