//! The Duplicates station: the frozen queue, the item one works on, its cards and marks, modes, and the verdicts they
//! become. Files: `item` (cards of the open item), `order` (queue, place, moving on), `verdicts` (what a gesture claims),
//! `cut`, `batch`, `actions`.

mod actions;
mod batch;
mod cut;
mod item;
mod order;
mod verdicts;

use std::sync::Arc;

use super::{AppState, Effect};
use crate::catalog::PostingIdx;
use crate::review::{EntryId, Queue, QueueKind, QueueSort, Verdict};

pub(super) use actions::ACTIONS;
pub use batch::{BATCH_SIZE, BatchState};
pub use cut::CutState;
pub(super) use item::regroup;
pub use item::{Card, Mark, OpenItem, Stopwatch};
pub use order::{Manner, PendingQueue};
pub(super) use order::{queued, rebuild, recall, request_queue, show_change};
pub(super) use verdicts::grounds;
pub use verdicts::{Judgement, judgement};

/// What the centre shows.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum DuplicatesMode {
    /// One item.
    #[default]
    Review,
    /// The same item being cut into groups.
    Cut(CutState),
    /// Twelve clusters at once.
    Batch(BatchState),
}

/// State of the station.
#[derive(Clone, Debug, Default)]
pub struct DuplicatesState {
    /// The open tab.
    pub kind: QueueKind,
    /// Its order.
    pub sort: QueueSort,
    /// Only items with this text in a title or key are listed.
    pub filter: String,
    /// The frozen queue one works on; `None` until the first one is there.
    pub queue: Option<Arc<Queue>>,
    /// What was recorded for each item of the queue in this session, for marks in the list.
    pub recorded: Vec<Option<(Verdict, EntryId)>>,
    /// A newer queue that waits until it is asked for.
    pub pending: Option<PendingQueue>,
    /// The open item.
    pub item: Option<OpenItem>,
    /// What the centre shows.
    pub mode: DuplicatesMode,
    /// Whether the large picture of the card under the cursor is shown (Space held).
    pub is_large: bool,
    /// Whether the chain that ties the card to its group is shown.
    pub is_why_open: bool,
    /// Text of the note being written, while the field is open.
    pub note_draft: Option<String>,
    /// Text typed to find the item or posting to merge with, while the field is open.
    pub merge_query: Option<String>,
    /// Postings changed by the last undo or redo, outlined until the next gesture.
    pub outlined: Vec<PostingIdx>,
    /// Whether a newer queue has been asked for and is not there yet.
    pub is_updating: bool,
    generation: u64,
    manner: Manner,
    remembered_key: Option<String>,
    /// Whether the reviewer has done anything since the project was opened.
    is_touched: bool,
}

impl DuplicatesState {
    /// Whether item number `position` passes the filter.
    pub fn is_listed(&self, state: &AppState, position: usize) -> bool {
        let item = self.queue.as_ref().and_then(|queue| queue.items.get(position));
        item.is_some_and(|item| order::passes_filter(state, &item.members))
    }
}

/// Commands of this area.
#[derive(Clone, Debug, PartialEq)]
pub enum DuplicatesCommand {
    /// Opens a tab.
    Tab(QueueKind),
    /// Orders the clusters tab.
    Sort(QueueSort),
    /// Lists only items with this text in a title or key.
    Filter(String),
    /// Opens item number n of the queue.
    Open(usize),
    /// Next item without recording anything.
    Skip,
    /// Previous item.
    Previous,
    /// Applies the newer queue that waits, and asks for a fresh one.
    ApplyNew,
    /// The view has drawn these cards of the open item with their pictures (or the reason why there is none).
    Drawn {
        /// Number of the item in the queue.
        position: usize,
        /// Numbers of the cards.
        cards: Vec<usize>,
    },
    /// Records a verdict on the item and moves on.
    Judge(Verdict),
    /// Moves the cursor among the cards.
    MoveCursor(i32),
    /// Puts the cursor on a card.
    SetCursor(usize),
    /// Marks the card under the cursor, or unmarks it when it is marked so already.
    Mark(Mark),
    /// The card under the cursor becomes the reference the others are compared with.
    MakeReference,
    /// The posting under the cursor is the one that stays.
    Keep,
    /// Adds the best near miss (or this one) to the item.
    AddNearMiss(Option<u32>),
    /// Opens the field that finds another cluster or posting to merge with; `None` closes it.
    MergeQuery(Option<String>),
    /// Adds this posting, with its cluster, to the item.
    MergeWith(PostingIdx),
    /// Shows or hides the chain of decisions and scores that ties the card under the cursor.
    ToggleWhy,
    /// Shows or stops showing the large picture.
    Large(Large),
    /// Flags the posting under the cursor for a second look, or removes the flag.
    ToggleFlag,
    /// Opens, changes or (`None`) closes the note field without saving.
    NoteDraft(Option<String>),
    /// Saves the note field.
    SaveNote,
    /// Opens the compare overlay: reference against the card under the cursor.
    Compare,
    /// Opens the picture of the posting under the cursor with the system's program.
    OpenSource,
    /// Goes to a posting: its item if it is in the queue.
    GoTo(PostingIdx),
    /// Enters cut mode.
    StartCut,
    /// In cut mode: puts the card under the cursor in a group (0: say nothing about it).
    CutGroup(u8),
    /// In cut mode: takes the cut suggested by the weakest link.
    SuggestedCut,
    /// In cut mode: records the cut.
    RecordCut,
    /// Enters the batch page.
    StartBatch,
    /// On the batch page: moves the cursor.
    BatchMove(i32),
    /// On the batch page: excludes the cluster under the cursor (or this one), or takes it in again.
    BatchToggle(Option<usize>),
    /// On the batch page: records every cluster that is not excluded as the same product, as one gesture.
    RecordBatch,
    /// Back from cut or batch; never records.
    Leave,
}

/// Whether the large picture is up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Large {
    /// The key went down.
    Show,
    /// The key was let go.
    Hide,
}

pub(super) fn apply(state: &mut AppState, command: DuplicatesCommand) -> Vec<Effect> {
    use DuplicatesCommand as C;
    state.duplicates.is_touched |= !matches!(command, C::Drawn { .. });
    if let Some(item) = &mut state.duplicates.item
        && !matches!(command, C::Drawn { .. })
    {
        item.watch.touch(state.now.secs);
    }
    match command {
        C::Tab(kind) => order::open_tab(state, kind),
        C::Sort(sort) => order::set_sort(state, sort),
        C::Filter(filter) => order::set_filter(state, filter),
        C::Open(position) => order::open(state, position),
        C::Skip => order::step(state, 1),
        C::Previous => order::step(state, -1),
        C::ApplyNew => order::apply_new(state),
        C::Drawn { position, cards } => item::drawn(state, position, &cards),
        C::Judge(verdict) => verdicts::judge(state, verdict),
        C::MoveCursor(by) => item::move_cursor(state, by),
        C::SetCursor(card) => item::set_cursor(state, card),
        C::Mark(mark) => item::mark(state, mark),
        C::MakeReference => item::make_reference(state),
        C::Keep => verdicts::keep(state),
        C::AddNearMiss(row) => item::add_near_miss(state, row),
        C::MergeQuery(query) => item::merge_query(state, query),
        C::MergeWith(posting) => item::merge_with(state, posting),
        C::ToggleWhy => item::toggle_why(state),
        C::Large(large) => item::set_large(state, large),
        C::ToggleFlag => verdicts::toggle_flag(state),
        C::NoteDraft(draft) => item::note_draft(state, draft),
        C::SaveNote => verdicts::save_note(state),
        C::Compare => item::compare(state),
        C::OpenSource => item::open_source(state),
        C::GoTo(posting) => order::go_to(state, posting),
        C::StartCut => cut::start(state),
        C::CutGroup(group) => cut::set_group(state, group),
        C::SuggestedCut => cut::suggest(state),
        C::RecordCut => cut::record(state),
        C::StartBatch => batch::start(state),
        C::BatchMove(by) => batch::move_cursor(state, by),
        C::BatchToggle(at) => batch::toggle(state, at),
        C::RecordBatch => batch::record(state),
        C::Leave => leave(state),
    }
}

fn leave(state: &mut AppState) -> Vec<Effect> {
    state.duplicates.mode = DuplicatesMode::Review;
    state.duplicates.merge_query = None;
    state.duplicates.note_draft = None;
    state.duplicates.is_why_open = false;
    Vec::new()
}
