//! Two postings side by side: which, how, and how far zoomed. Mode, zoom and pan survive to the next pair.

use super::{ActionSpec, AppState, Effect};
use crate::catalog::PostingIdx;

/// How the two pictures are laid out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CompareMode {
    /// Next to each other.
    #[default]
    SideBySide,
    /// One at a time in the same place.
    Flip,
    /// A line wipes from one to the other.
    Wipe,
    /// The absolute difference.
    Difference,
}

/// State of the overlay.
#[derive(Clone, Debug, Default)]
pub struct CompareState {
    /// The two postings, while open.
    pub pair: Option<(PostingIdx, PostingIdx)>,
    /// Other postings of the item, to go through as partners.
    pub partners: Vec<PostingIdx>,
    /// The layout.
    pub mode: CompareMode,
}

impl CompareState {
    /// Whether the overlay is open.
    pub fn is_open(&self) -> bool {
        self.pair.is_some()
    }
}

/// Commands of this area.
#[derive(Clone, Debug, PartialEq)]
pub enum CompareCommand {
    /// Opens the overlay.
    Open {
        /// Left posting.
        left: PostingIdx,
        /// Right posting.
        right: PostingIdx,
        /// What Q and E go through.
        partners: Vec<PostingIdx>,
    },
    /// Closes it.
    Close,
}

/// What keys and the palette offer.
pub(super) const ACTIONS: &[ActionSpec] = &[];

pub(super) fn apply(state: &mut AppState, command: CompareCommand) -> Vec<Effect> {
    match command {
        CompareCommand::Open { left, right, partners } => return open(state, left, right, partners),
        CompareCommand::Close => state.compare.pair = None,
    }
    Vec::new()
}

/// Opens the overlay; mode, zoom and pan stay as they were.
pub(super) fn open(
    state: &mut AppState,
    left: PostingIdx,
    right: PostingIdx,
    partners: Vec<PostingIdx>,
) -> Vec<Effect> {
    state.compare.pair = Some((left, right));
    state.compare.partners = partners;
    Vec::new()
}
