//! What keys and the palette offer in the Models panel.

use super::super::{ActionSpec, Command, Context};
use super::{ModelsCommand as C, Which};

/// Lines a page key moves by.
const PAGE: i64 = 10;

const HERE: Context = Context::Models;

fn send(command: C) -> Command {
    Command::Models(command)
}

/// The table.
#[rustfmt::skip]
pub(in super::super) const ACTIONS: &[ActionSpec] = &[
    ActionSpec::press("models.open", Context::Everywhere, "Models\u{2026}", "Shows which models there are, gets and adds them", &["Ctrl+M"], || send(C::Open(None))).quiet(),
    ActionSpec::press("models.add", Context::Everywhere, "Add model files\u{2026}", "Takes weights of your own; the architecture is recognised", &[], || send(C::PickFiles(None))).quiet(),
    ActionSpec::press("models.offline", Context::Everywhere, "Work offline", "Allows downloads, or not", &[], || send(C::ToggleOffline)).quiet(),
    HERE.action("models.get", "Get", "Downloads the model under the cursor; an unfinished download goes on where it stopped", &["Enter", "G"], || send(C::Get(Which::Selected))),
    HERE.action("models.cancel", "Cancel", "Stops what is being done to the model under the cursor; what arrived is kept", &["Backspace"], || send(C::Cancel(Which::Selected))),
    HERE.action("models.verify", "Verify", "Checks size, digest and every tensor of the model under the cursor", &["V"], || send(C::Verify(Which::Selected))),
    HERE.action("models.remove", "Remove", "Deletes the files of the model under the cursor from the models folder", &["Delete"], || send(C::Remove(Which::Selected))),
    HERE.action("models.filter", "Filter", "Moves the keyboard to the filter of the models", &["/"], || send(C::FocusFilter)),
    HERE.action("models.up", "Line up", "Moves the cursor up", &["Up"], || send(C::Move(-1))).repeating().quiet(),
    HERE.action("models.down", "Line down", "Moves the cursor down", &["Down"], || send(C::Move(1))).repeating().quiet(),
    HERE.action("models.page_up", "Page up", "Moves the cursor up by a page", &["PageUp"], || send(C::Move(-PAGE))).repeating().quiet(),
    HERE.action("models.page_down", "Page down", "Moves the cursor down by a page", &["PageDown"], || send(C::Move(PAGE))).repeating().quiet(),
    HERE.action("models.first", "First line", "Moves the cursor to the first line", &["Home"], || send(C::Move(i64::MIN))).quiet(),
    HERE.action("models.last", "Last line", "Moves the cursor to the last line", &["End"], || send(C::Move(i64::MAX))).quiet(),
];
