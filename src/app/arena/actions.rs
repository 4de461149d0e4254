//! What keys and the palette offer in the Arena.

use super::super::{ActionSpec, Command, Context};
use super::{ArenaCommand as C, ArenaPage as P};

/// Questions a page key moves by.
const PAGE: i64 = 10;

const fn action(
    id: &'static str,
    label: &'static str,
    tooltip: &'static str,
    keys: &'static [&'static str],
    command: fn() -> Command,
) -> ActionSpec {
    ActionSpec::press(id, Context::Arena, label, tooltip, keys, command)
}

fn send(command: C) -> Command {
    Command::Arena(command)
}

/// The table.
#[rustfmt::skip]
pub(in super::super) const ACTIONS: &[ActionSpec] = &[
    action("arena.next", "Next question", "Shows the next question in the order chosen", &["N", "J"], || send(C::Step(1))).repeating(),
    action("arena.previous", "Previous question", "Shows the question before", &["P"], || send(C::Step(-1))).repeating(),
    action("arena.order", "Order", "Most moved first, worst of the first row first, or as asked", &["O"], || send(C::NextOrder)),
    action("arena.compare", "Compare", "Compares the posting with the candidate under the cursor", &["Enter", "M"], || send(C::Compare)),
    action("arena.rows", "One question", "Shows one question, a row for each strategy", &["1"], || send(C::Page(P::Rows))),
    action("arena.summary", "All questions", "Shows how good each strategy is over all questions", &["2"], || send(C::Page(P::Summary))),
    action("arena.add", "Add strategy", "Moves the keyboard to the field for another strategy", &["A"], || send(C::FocusAdd)),
    action("arena.again", "Rank again", "Ranks with the encoders and models in use now", &["Ctrl+R"], || send(C::AskAgain)).quiet(),
    action("arena.left", "Rank above", "Moves to the candidate ranked one better", &["Left"], || send(C::Rank(-1))).repeating().quiet(),
    action("arena.right", "Rank below", "Moves to the candidate ranked one worse", &["Right"], || send(C::Rank(1))).repeating().quiet(),
    action("arena.up", "Row above", "Moves to the strategy above; the cursor stays on the candidate", &["Up"], || send(C::Row(-1))).repeating().quiet(),
    action("arena.down", "Row below", "Moves to the strategy below; the cursor stays on the candidate", &["Down"], || send(C::Row(1))).repeating().quiet(),
    action("arena.page_down", "Ten questions on", "Goes ten questions on", &["PageDown"], || send(C::Step(PAGE))).repeating().quiet(),
    action("arena.page_up", "Ten questions back", "Goes ten questions back", &["PageUp"], || send(C::Step(-PAGE))).repeating().quiet(),
    action("arena.first", "First question", "Shows the first question in the order chosen", &["Home"], || send(C::Step(i64::MIN))).quiet(),
    action("arena.last", "Last question", "Shows the last question in the order chosen", &["End"], || send(C::Step(i64::MAX))).quiet(),
];
