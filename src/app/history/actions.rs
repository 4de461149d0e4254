//! What keys and the palette offer in the History station.

use super::super::catalogue::PAGE;
use super::super::{ActionSpec, ChromeCommand, Command, Context, Dialog};
use super::HistoryCommand as C;

const HERE: Context = Context::History;

fn send(command: C) -> Command {
    Command::History(command)
}

/// The table.
#[rustfmt::skip]
pub(in super::super) const ACTIONS: &[ActionSpec] = &[
    HERE.action("history.undo", "Undo this", "Takes back exactly the gesture under the cursor; later ones stay", &["U", "Delete"], || send(C::Undo)),
    HERE.action("history.redo", "Redo this", "Lets the gesture under the cursor count again", &["R"], || send(C::Redo)),
    HERE.action("history.go_to", "Go to its postings", "Shows the postings of the gesture in the queue", &["G"], || send(C::GoTo)),
    HERE.action("history.details", "Details", "Shows or hides what the gesture was about and what the reviewer saw", &["Enter", "I"], || send(C::ToggleDetails)),
    HERE.action("history.filter", "Filter", "Moves the keyboard to the filter", &["/"], || send(C::FocusFilter)),
    HERE.action("history.up", "Line up", "Moves the cursor to the newer entry", &["Up"], || send(C::Move(-1))).repeating().quiet(),
    HERE.action("history.down", "Line down", "Moves the cursor to the older entry", &["Down"], || send(C::Move(1))).repeating().quiet(),
    HERE.action("history.page_up", "Page up", "Moves the cursor up by a page", &["PageUp"], || send(C::Move(-PAGE))).repeating().quiet(),
    HERE.action("history.page_down", "Page down", "Moves the cursor down by a page", &["PageDown"], || send(C::Move(PAGE))).repeating().quiet(),
    HERE.action("history.first", "Newest entry", "Moves the cursor to the newest entry", &["Home"], || send(C::Move(i64::MIN))).quiet(),
    HERE.action("history.last", "Oldest entry", "Moves the cursor to the oldest entry", &["End"], || send(C::Move(i64::MAX))).quiet(),
    HERE.action("history.import", "Import decided pairs\u{2026}", "Records the decided pairs of a file as one gesture", &[], || send(C::PickImport)).quiet(),
    HERE.action("history.export", "Export decisions\u{2026}", "Writes decisions or matches to a file", &[], || Command::Chrome(ChromeCommand::Open(Dialog::Export))).quiet(),
    HERE.action("history.conflicts", "Conflicts", "Shows contradictory decisions in the queue", &[], || send(C::GoToConflicts)).quiet(),
];
