//! What keys and the palette offer in the Duplicates station.

use super::super::{ActionSpec, Command, Context};
use super::{DuplicatesCommand as C, Large, Mark};
use crate::review::{QueueKind, Verdict};

const HERE: Context = Context::Duplicates;

const CUT: Context = Context::Cut;

const BATCH: Context = Context::Batch;

fn send(command: C) -> Command {
    Command::Duplicates(command)
}

/// The table.
#[rustfmt::skip]
pub(in super::super) const ACTIONS: &[ActionSpec] = &[
    HERE.action("duplicates.same", "Same", "Records every pair of unmarked cards as the same product, marked cards by their marks", &["S", "1"], || send(C::Judge(Verdict::Same))),
    HERE.action("duplicates.different", "Different", "Records every pair of unmarked cards as different products", &["D", "2"], || send(C::Judge(Verdict::Different))),
    HERE.action("duplicates.variant", "Variants", "Records every pair as the same line in another size, colour or model", &["V", "3"], || send(C::Judge(Verdict::Variant))),
    HERE.action("duplicates.unsure", "Unsure", "Leaves every pair for a second look", &["U", "4"], || send(C::Judge(Verdict::Unsure))),
    HERE.action("duplicates.skip", "Skip", "Shows the next item and records nothing", &["N", "5"], || send(C::Skip)),
    HERE.action("duplicates.previous", "Previous", "Shows the previous item and records nothing", &["P"], || send(C::Previous)),
    HERE.action("duplicates.undo", "Undo", "Takes back the latest gesture and shows its item", &["Z", "Backspace"], || Command::Chrome(super::super::ChromeCommand::Undo)),
    HERE.action("duplicates.left", "Card to the left", "Moves to the card on the left", &["Left", "Q"], || send(C::MoveCursor(-1))).repeating().quiet(),
    HERE.action("duplicates.right", "Card to the right", "Moves to the card on the right", &["Right", "E"], || send(C::MoveCursor(1))).repeating().quiet(),
    HERE.action("duplicates.up", "Previous item", "Shows the previous item and records nothing", &["Up"], || send(C::Previous)).repeating().quiet(),
    HERE.action("duplicates.down", "Next item", "Shows the next item and records nothing", &["Down"], || send(C::Skip)).repeating().quiet(),
    HERE.action("duplicates.out_different", "Out as different", "Marks the card as different from all the rest", &["X", "Delete"], || send(C::Mark(Mark::OutDifferent))),
    HERE.action("duplicates.out_variant", "Out as variant", "Marks the card as a variant of all the rest", &["Y"], || send(C::Mark(Mark::OutVariant))),
    HERE.action("duplicates.reference", "Reference", "Compares the other cards with this one", &["R"], || send(C::MakeReference)),
    HERE.action("duplicates.keeper", "Keeper", "Records that this posting is the one that stays", &["K"], || send(C::Keep)),
    HERE.action("duplicates.add", "Add near miss", "Adds the best posting just below the threshold to this item", &["A"], || send(C::AddNearMiss(None))),
    HERE.action("duplicates.merge", "Merge with\u{2026}", "Finds another cluster or posting and adds it to this item", &["M"], || send(C::MergeQuery(Some(String::new())))),
    HERE.action("duplicates.cut", "Cut\u{2026}", "Puts the cards into groups: same inside, different across", &["C"], || send(C::StartCut)),
    HERE.action("duplicates.why", "Why", "Shows the chain that ties the card to its cluster, with its weakest link", &["W"], || send(C::ToggleWhy)).quiet(),
    HERE.action("duplicates.batch", "Batch\u{2026}", "Shows twelve sure clusters at once", &["B"], || send(C::StartBatch)),
    HERE.action("duplicates.large", "Large picture", "Shows the picture large while held", &["Space"], || send(C::Large(Large::Show))).held(|| send(C::Large(Large::Hide))),
    HERE.action("duplicates.compare", "Compare", "Puts the reference and this card side by side", &["Enter"], || send(C::Compare)),
    HERE.action("duplicates.details", "Details", "Shows or hides the details pane", &["I"], || Command::Chrome(super::super::ChromeCommand::ToggleDetails)).quiet(),
    HERE.action("duplicates.scores", "Hide scores", "Hides or shows all scores while deciding", &["H"], || Command::Chrome(super::super::ChromeCommand::ToggleScores)).quiet(),
    HERE.action("duplicates.open_source", "Open picture file", "Opens the picture with the system's program", &["O"], || send(C::OpenSource)).quiet(),
    HERE.action("duplicates.note", "Note\u{2026}", "Writes a note on the posting", &["T"], || send(C::NoteDraft(Some(String::new())))).quiet(),
    HERE.action("duplicates.flag", "Flag", "Flags the posting for a second look, or removes the flag", &["F"], || send(C::ToggleFlag)).quiet(),
    HERE.action("duplicates.go_to", "Go to posting\u{2026}", "Finds a posting by id or title and shows its item", &["G", "/"], || Command::Chrome(super::super::ChromeCommand::Open(super::super::Dialog::Search))).quiet(),
    HERE.action("duplicates.apply_new", "Apply new results", "Matches again with every decision made since, and shows the new queue", &["Ctrl+R"], || send(C::ApplyNew)).quiet(),
    HERE.action("duplicates.tab_clusters", "Clusters tab", "Lists clusters with open pairs", &[], || send(C::Tab(QueueKind::Clusters))).quiet(),
    HERE.action("duplicates.tab_pairs", "Pairs tab", "Lists open pairs, most doubtful first", &[], || send(C::Tab(QueueKind::Pairs))).quiet(),
    HERE.action("duplicates.tab_second_look", "Second look tab", "Lists what was left unsure or flagged", &[], || send(C::Tab(QueueKind::SecondLook))).quiet(),
    HERE.action("duplicates.tab_conflicts", "Conflicts tab", "Lists contradictory decisions", &[], || send(C::Tab(QueueKind::Conflicts))).quiet(),

    CUT.action("cut.group1", "Group 1", "Puts the card in group 1", &["1"], || send(C::CutGroup(1))),
    CUT.action("cut.group2", "Group 2", "Puts the card in group 2", &["2"], || send(C::CutGroup(2))),
    CUT.action("cut.group3", "Group 3", "Puts the card in group 3", &["3"], || send(C::CutGroup(3))),
    CUT.action("cut.group4", "Group 4", "Puts the card in group 4", &["4"], || send(C::CutGroup(4))).quiet(),
    CUT.action("cut.group5", "Group 5", "Puts the card in group 5", &["5"], || send(C::CutGroup(5))).quiet(),
    CUT.action("cut.group6", "Group 6", "Puts the card in group 6", &["6"], || send(C::CutGroup(6))).quiet(),
    CUT.action("cut.group7", "Group 7", "Puts the card in group 7", &["7"], || send(C::CutGroup(7))).quiet(),
    CUT.action("cut.group8", "Group 8", "Puts the card in group 8", &["8"], || send(C::CutGroup(8))).quiet(),
    CUT.action("cut.group9", "Group 9", "Puts the card in group 9", &["9"], || send(C::CutGroup(9))).quiet(),
    CUT.action("cut.nothing", "Say nothing", "Leaves the card out of the cut", &["0"], || send(C::CutGroup(0))),
    CUT.action("cut.suggested", "Suggested cut", "Splits where the cluster hangs together least", &["W"], || send(C::SuggestedCut)),
    CUT.action("cut.left", "Card to the left", "Moves to the card on the left", &["Left"], || send(C::MoveCursor(-1))).repeating().quiet(),
    CUT.action("cut.right", "Card to the right", "Moves to the card on the right", &["Right"], || send(C::MoveCursor(1))).repeating().quiet(),
    CUT.action("cut.record", "Record cut", "Records same inside the groups and different across", &["Enter"], || send(C::RecordCut)),

    BATCH.action("batch.left", "Cluster to the left", "Moves to the cluster on the left", &["Left"], || send(C::BatchMove(-1))).repeating().quiet(),
    BATCH.action("batch.right", "Cluster to the right", "Moves to the cluster on the right", &["Right"], || send(C::BatchMove(1))).repeating().quiet(),
    BATCH.action("batch.up", "Cluster above", "Moves to the cluster above", &["Up"], || send(C::BatchMove(-4))).repeating().quiet(),
    BATCH.action("batch.down", "Cluster below", "Moves to the cluster below", &["Down"], || send(C::BatchMove(4))).repeating().quiet(),
    BATCH.action("batch.exclude", "Exclude", "Leaves the cluster out of the batch, or takes it in again", &["X"], || send(C::BatchToggle(None))),
    BATCH.action("batch.record", "Record all", "Records every cluster that is not excluded as the same product, as one gesture", &["Ctrl+Enter"], || send(C::RecordBatch)),
];
