//! What keys and the palette offer in the Train station.

use super::super::{ActionSpec, Command, Context};
use super::{TrainCommand as C, TrainSection as S};

/// Lines a page key moves by.
const PAGE: i64 = 10;

const HERE: Context = Context::Train;

fn send(command: C) -> Command {
    Command::Train(command)
}

/// The table.
#[rustfmt::skip]
pub(in super::super) const ACTIONS: &[ActionSpec] = &[
    HERE.action("train.start", "Train", "Learns from the labels by the recipe; the former model stays until you promote the new one", &["T"], || send(C::Start)),
    HERE.action("train.cancel", "Stop", "Stops learning; the best so far is kept", &["Backspace"], || send(C::Cancel)),
    HERE.action("train.promote", "Promote", "Lets the model of this receipt do the matching", &["P"], || send(C::Promote)),
    HERE.action("train.roll_back", "Roll back", "Goes back to the model promoted before, or to the frozen encoders", &["B"], || send(C::RollBack)),
    HERE.action("train.open", "Open", "Edits the parameter, opens the pair or shows the receipt under the cursor", &["Enter"], || send(C::Open)),
    HERE.action("train.recipe_next", "Next recipe", "Takes the next recipe of the list; changed settings are forgotten", &["R"], || send(C::StepRecipe(1))),
    HERE.action("train.recipe_previous", "Previous recipe", "Takes the recipe before; changed settings are forgotten", &["Shift+R"], || send(C::StepRecipe(-1))).quiet(),
    HERE.action("train.labels", "Labels", "Learns from catalogue labels and decisions, decisions alone, or labels alone", &["L"], || send(C::NextLabels)),
    HERE.action("train.seed", "Seed", "Moves the keyboard to the seed, which decides the split and everything random", &["S"], || send(C::EditSeed)),
    HERE.action("train.pairs", "Fixed or broken", "Shows the pairs this model broke, or those it fixed", &["F"], || send(C::OtherPairs)),
    HERE.action("train.export", "Export head\u{2026}", "Writes the trained head of this receipt as safetensors", &["E"], || send(C::PickExport)),
    HERE.action("train.compare", "Hold to compare", "Holds the receipt under the cursor beside the next one", &["C"], || send(C::Compare)),
    HERE.action("train.sort", "Sort", "Sorts the receipts by the next column", &["O"], || send(C::NextSort)),
    HERE.action("train.turn", "Turn order", "Turns the order of the receipts round", &["Shift+O"], || send(C::TurnSort)).quiet(),
    HERE.action("train.reset", "Reset parameter", "Takes the parameter under the cursor back to the recipe's own value", &["Delete"], || send(C::ResetParameter)).quiet(),
    HERE.action("train.reset_all", "Reset recipe", "Takes every parameter back to the recipe's own value", &["Shift+Delete"], || send(C::ResetAll)).quiet(),
    HERE.action("train.learn", "Learn", "Shows labels, recipe and the run", &["1"], || send(C::Section(S::Learn))).quiet(),
    HERE.action("train.receipt", "Receipt", "Shows what a run gained, fixed and broke", &["2"], || send(C::Section(S::Receipt))).quiet(),
    HERE.action("train.receipts", "All receipts", "Lists every run, to sort and compare", &["3"], || send(C::Section(S::Receipts))).quiet(),
    HERE.action("train.up", "Up", "Moves the cursor up, or scrolls the receipt", &["Up"], || send(C::Move(-1))).repeating().quiet(),
    HERE.action("train.down", "Down", "Moves the cursor down, or scrolls the receipt", &["Down"], || send(C::Move(1))).repeating().quiet(),
    HERE.action("train.left", "Previous pair", "Moves the cursor to the pair before", &["Left"], || send(C::MoveAside(-1))).repeating().quiet(),
    HERE.action("train.right", "Next pair", "Moves the cursor to the pair after", &["Right"], || send(C::MoveAside(1))).repeating().quiet(),
    HERE.action("train.page_up", "Page up", "Scrolls the page up", &["PageUp"], || send(C::Scroll(-PAGE))).repeating().quiet(),
    HERE.action("train.page_down", "Page down", "Scrolls the page down", &["PageDown"], || send(C::Scroll(PAGE))).repeating().quiet(),
    HERE.action("train.first", "First line", "Moves to the first line", &["Home"], || send(C::Move(i64::MIN))).quiet(),
    HERE.action("train.last", "Last line", "Moves to the last line", &["End"], || send(C::Move(i64::MAX))).quiet(),
    ActionSpec::press("train.now", Context::Everywhere, "Train now", "Learns from the decisions so far by the recipe chosen in Train", &[], || send(C::Start)).quiet(),
];
