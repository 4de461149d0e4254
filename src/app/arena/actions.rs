//! What keys and the palette offer in the Arena.

use super::super::{ActionSpec, Command, Context};
use super::{ArenaCommand as C, ArenaPage as P};

/// Questions a page key moves by.
const PAGE: i64 = 10;

const HERE: Context = Context::Arena;

fn send(command: C) -> Command {
    Command::Arena(command)
}

/// The table.
#[rustfmt::skip]
pub(in super::super) const ACTIONS: &[ActionSpec] = &[
    HERE.action("arena.next", "Next question", "Shows the next question in the order chosen", &["N", "J"], || send(C::Step(1))).repeating(),
    HERE.action("arena.previous", "Previous question", "Shows the question before", &["P"], || send(C::Step(-1))).repeating(),
    HERE.action("arena.order", "Order", "Most moved first, worst of the first row first, or as asked", &["O"], || send(C::NextOrder)),
    HERE.action("arena.compare", "Compare", "Compares the posting with the candidate under the cursor", &["Enter", "M"], || send(C::Compare)),
    HERE.action("arena.rows", "One question", "Shows one question, a row for each strategy", &["1"], || send(C::Page(P::Rows))),
    HERE.action("arena.summary", "All questions", "Shows how good each strategy is over all questions", &["2"], || send(C::Page(P::Summary))),
    HERE.action("arena.add", "Add strategy", "Moves the keyboard to the field for another strategy", &["A"], || send(C::FocusAdd)),
    HERE.action("arena.again", "Rank again", "Ranks with the encoders and models in use now", &["Ctrl+R"], || send(C::AskAgain)).quiet(),
    HERE.action("arena.left", "Rank above", "Moves to the candidate ranked one better", &["Left"], || send(C::Rank(-1))).repeating().quiet(),
    HERE.action("arena.right", "Rank below", "Moves to the candidate ranked one worse", &["Right"], || send(C::Rank(1))).repeating().quiet(),
    HERE.action("arena.up", "Row above", "Moves to the strategy above; the cursor stays on the candidate", &["Up"], || send(C::Row(-1))).repeating().quiet(),
    HERE.action("arena.down", "Row below", "Moves to the strategy below; the cursor stays on the candidate", &["Down"], || send(C::Row(1))).repeating().quiet(),
    HERE.action("arena.page_down", "Ten questions on", "Goes ten questions on", &["PageDown"], || send(C::Step(PAGE))).repeating().quiet(),
    HERE.action("arena.page_up", "Ten questions back", "Goes ten questions back", &["PageUp"], || send(C::Step(-PAGE))).repeating().quiet(),
    HERE.action("arena.first", "First question", "Shows the first question in the order chosen", &["Home"], || send(C::Step(i64::MIN))).quiet(),
    HERE.action("arena.last", "Last question", "Shows the last question in the order chosen", &["End"], || send(C::Step(i64::MAX))).quiet(),
];
