//! What keys and the palette offer in the compare overlay.

use super::super::{ActionSpec, Command, Context};
use super::{CompareCommand as C, Flip, Scale};
use crate::review::Verdict;

const HERE: Context = Context::Compare;

fn send(command: C) -> Command {
    Command::Compare(command)
}

/// The table.
#[rustfmt::skip]
pub(in super::super) const ACTIONS: &[ActionSpec] = &[
    HERE.action("compare.same", "Same", "Records the two postings as the same product and shows the next partner", &["S", "1"], || send(C::Judge(Verdict::Same))),
    HERE.action("compare.different", "Different", "Records the two postings as different products and shows the next partner", &["D", "2"], || send(C::Judge(Verdict::Different))),
    HERE.action("compare.variant", "Variants", "Records the same line in another size, colour or model and shows the next partner", &["V", "3"], || send(C::Judge(Verdict::Variant))),
    HERE.action("compare.unsure", "Unsure", "Leaves the pair for a second look and shows the next partner", &["U", "4"], || send(C::Judge(Verdict::Unsure))),
    HERE.action("compare.undo", "Undo", "Takes back the latest gesture and shows its pair", &["Z", "Backspace"], || send(C::Undo)),
    HERE.action("compare.previous", "Previous partner", "Compares with the posting before", &["Q"], || send(C::Partner(-1))).repeating(),
    HERE.action("compare.next", "Next partner", "Compares with the posting after", &["E"], || send(C::Partner(1))).repeating(),
    HERE.action("compare.flip", "Flip", "Lets the pictures change places while held", &["Space"], || send(C::Flip(Flip::Show))).held(|| send(C::Flip(Flip::Back))),
    HERE.action("compare.mode", "Next mode", "Side by side, flip, wipe or difference", &["M"], || send(C::NextMode)),
    HERE.action("compare.auto_flip", "Flip by itself", "In flip mode, changes the picture twice a second, or stops", &[], || send(C::ToggleAutoFlip)).quiet(),
    HERE.action("compare.swap", "Swap", "Left and right change places", &["R"], || send(C::Swap)),
    HERE.action("compare.lock", "Zoom lock", "Zooms and moves both pictures together, or each by itself", &["L"], || send(C::ToggleLock)),
    HERE.action("compare.zoom_in", "Zoom in", "Shows the pictures larger", &["+", "="], || send(C::Zoom(1.25))).repeating().quiet(),
    HERE.action("compare.zoom_out", "Zoom out", "Shows the pictures smaller", &["-"], || send(C::Zoom(0.8))).repeating().quiet(),
    HERE.action("compare.fit", "Fit", "Shows the whole pictures", &["0"], || send(C::Scale(Scale::Fit(1.0)))),
    HERE.action("compare.actual", "1:1", "Shows each pixel of the pictures as one of the screen", &["9"], || send(C::Scale(Scale::Pixels(1.0)))),
    HERE.action("compare.pan_left", "Move left", "Moves over the pictures to the left", &["Left"], || send(C::Pan([-1.0, 0.0]))).repeating().quiet(),
    HERE.action("compare.pan_right", "Move right", "Moves over the pictures to the right", &["Right"], || send(C::Pan([1.0, 0.0]))).repeating().quiet(),
    HERE.action("compare.pan_up", "Move up", "Moves over the pictures upwards", &["Up"], || send(C::Pan([0.0, -1.0]))).repeating().quiet(),
    HERE.action("compare.pan_down", "Move down", "Moves over the pictures downwards", &["Down"], || send(C::Pan([0.0, 1.0]))).repeating().quiet(),
    HERE.action("compare.wipe_left", "Wipe line left", "Moves the wipe line to the left", &["Shift+Left"], || send(C::MoveWipe(-0.02))).repeating().quiet(),
    HERE.action("compare.wipe_right", "Wipe line right", "Moves the wipe line to the right", &["Shift+Right"], || send(C::MoveWipe(0.02))).repeating().quiet(),
];
