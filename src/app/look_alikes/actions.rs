//! What keys and the palette offer in the Look-alikes station: the grid, the studio of hard negatives, the page of questions.
//! Tiles have two sets of keys that agree where they meet: digits in reading order, and the left hand's block by position.

use super::super::{ActionSpec, ChromeCommand, Command, Context, Station};
use super::{LookAlikesCommand as C, LookAlikesSection as S, Move, SideBySide};
use crate::review::CandidateVerdict as V;

/// Lines a page key moves by.
const PAGE: i64 = 10;

const HERE: Context = Context::LookAlikes;

const STUDIO: Context = Context::HardNegatives;

const QUESTIONS: Context = Context::Questions;

fn send(command: C) -> Command {
    Command::LookAlikes(command)
}

/// The table.
#[rustfmt::skip]
pub(in super::super) const ACTIONS: &[ActionSpec] = &[
    HERE.action("look_alikes.record", "Record picks", "Records the picks and, announced on the button, the hard negatives; then the next question", &["Enter"], || send(C::Record)),
    HERE.action("look_alikes.none", "None of these", "Records that no candidate looks like it", &["N"], || send(C::None)),
    HERE.action("look_alikes.skip", "Skip", "Shows the next question and records nothing", &["J"], || send(C::Skip)),
    HERE.action("look_alikes.previous", "Previous", "Shows the previous question and records nothing", &["P"], || send(C::Previous)),
    HERE.action("look_alikes.undo", "Undo", "Takes back the latest answer and shows its question", &["Backspace"], || send(C::Undo)),
    HERE.action("look_alikes.side_by_side", "Side by side", "Shows the posting and the candidate under the cursor side by side while held", &["Space"], || send(C::SideBySide(SideBySide::Show))).held(|| send(C::SideBySide(SideBySide::Hide))),
    HERE.action("look_alikes.compare", "Compare", "Compares the posting with the candidate under the cursor: flip, wipe, difference, zoom", &["M"], || send(C::Compare)),
    HERE.action("look_alikes.hard_negatives", "Hard negatives", "Lists candidates the model wrongly ranks above a match", &["K"], || send(C::ToggleSection(S::HardNegatives))),
    HERE.action("look_alikes.info", "Info", "Shows titles and columns of the posting and the candidate under the cursor", &["O"], || send(C::ToggleInfo)),
    HERE.action("look_alikes.scores", "Scores", "Hides or shows scores; not while the order is blind", &["H"], || send(C::ToggleScores)).quiet(),
    HERE.action("look_alikes.blind", "Blind", "Hides scores and shuffles the candidates, or shows the model's order", &["L"], || send(C::ToggleBlind)).quiet(),
    HERE.action("look_alikes.mode", "Next mode", "Annotate, play against the model, or demo", &["U"], || send(C::NextMode)).quiet(),
    HERE.action("look_alikes.questions", "Questions", "Chooses what is asked about, the goal, and how answers are given", &["I"], || send(C::Section(S::Questions))).quiet(),
    HERE.action("look_alikes.one_pick", "One pick records", "Records with the first pick, or waits for Enter", &[], || send(C::ToggleOnePick)).quiet(),
    HERE.action("look_alikes.ask_again", "Rank again", "Ranks the same questions with the encoders and models in use now", &["Ctrl+R"], || send(C::AskAgain)).quiet(),
    HERE.action("look_alikes.left", "Tile to the left", "Moves to the candidate on the left", &["Left"], || send(C::Cursor(Move::Left))).repeating().quiet(),
    HERE.action("look_alikes.right", "Tile to the right", "Moves to the candidate on the right", &["Right"], || send(C::Cursor(Move::Right))).repeating().quiet(),
    HERE.action("look_alikes.up", "Tile above", "Moves to the candidate above", &["Up"], || send(C::Cursor(Move::Up))).repeating().quiet(),
    HERE.action("look_alikes.down", "Tile below", "Moves to the candidate below", &["Down"], || send(C::Cursor(Move::Down))).repeating().quiet(),
    HERE.action("look_alikes.page_next", "Next page", "Shows the next twenty candidates", &["PageDown"], || send(C::Page(1))).quiet(),
    HERE.action("look_alikes.page_previous", "Previous page", "Shows the twenty candidates before", &["PageUp"], || send(C::Page(-1))).quiet(),
    HERE.action("look_alikes.pick_cursor", "Pick tile under the cursor", "Picks the candidate under the cursor, or takes the pick back", &[".", "Insert"], || send(C::PickCursor)).quiet(),
    HERE.action("look_alikes.pick1", "Pick tile 1", "Picks the candidate on tile 1, or takes the pick back", &["1"], || send(C::Pick(0))).quiet(),
    HERE.action("look_alikes.pick2", "Pick tile 2", "Picks the candidate on tile 2, or takes the pick back", &["2"], || send(C::Pick(1))).quiet(),
    HERE.action("look_alikes.pick3", "Pick tile 3", "Picks the candidate on tile 3, or takes the pick back", &["3"], || send(C::Pick(2))).quiet(),
    HERE.action("look_alikes.pick4", "Pick tile 4", "Picks the candidate on tile 4, or takes the pick back", &["4"], || send(C::Pick(3))).quiet(),
    HERE.action("look_alikes.pick5", "Pick tile 5", "Picks the candidate on tile 5, or takes the pick back", &["5"], || send(C::Pick(4))).quiet(),
    HERE.action("look_alikes.pick6", "Pick tile 6", "Picks the candidate on tile 6, or takes the pick back", &["6", "[Q]"], || send(C::Pick(5))).quiet(),
    HERE.action("look_alikes.pick7", "Pick tile 7", "Picks the candidate on tile 7, or takes the pick back", &["7", "[W]"], || send(C::Pick(6))).quiet(),
    HERE.action("look_alikes.pick8", "Pick tile 8", "Picks the candidate on tile 8, or takes the pick back", &["8", "[E]"], || send(C::Pick(7))).quiet(),
    HERE.action("look_alikes.pick9", "Pick tile 9", "Picks the candidate on tile 9, or takes the pick back", &["9", "[R]"], || send(C::Pick(8))).quiet(),
    HERE.action("look_alikes.pick10", "Pick tile 10", "Picks the candidate on tile 10, or takes the pick back", &["0", "[T]"], || send(C::Pick(9))).quiet(),
    HERE.action("look_alikes.pick11", "Pick tile 11", "Picks the candidate on tile 11, or takes the pick back", &["Shift+1", "[A]"], || send(C::Pick(10))).quiet(),
    HERE.action("look_alikes.pick12", "Pick tile 12", "Picks the candidate on tile 12, or takes the pick back", &["Shift+2", "[S]"], || send(C::Pick(11))).quiet(),
    HERE.action("look_alikes.pick13", "Pick tile 13", "Picks the candidate on tile 13, or takes the pick back", &["Shift+3", "[D]"], || send(C::Pick(12))).quiet(),
    HERE.action("look_alikes.pick14", "Pick tile 14", "Picks the candidate on tile 14, or takes the pick back", &["Shift+4", "[F]"], || send(C::Pick(13))).quiet(),
    HERE.action("look_alikes.pick15", "Pick tile 15", "Picks the candidate on tile 15, or takes the pick back", &["Shift+5", "[G]"], || send(C::Pick(14))).quiet(),
    HERE.action("look_alikes.pick16", "Pick tile 16", "Picks the candidate on tile 16, or takes the pick back", &["Shift+6", "[Z]"], || send(C::Pick(15))).quiet(),
    HERE.action("look_alikes.pick17", "Pick tile 17", "Picks the candidate on tile 17, or takes the pick back", &["Shift+7", "[X]"], || send(C::Pick(16))).quiet(),
    HERE.action("look_alikes.pick18", "Pick tile 18", "Picks the candidate on tile 18, or takes the pick back", &["Shift+8", "[C]"], || send(C::Pick(17))).quiet(),
    HERE.action("look_alikes.pick19", "Pick tile 19", "Picks the candidate on tile 19, or takes the pick back", &["Shift+9", "[V]"], || send(C::Pick(18))).quiet(),
    HERE.action("look_alikes.pick20", "Pick tile 20", "Picks the candidate on tile 20, or takes the pick back", &["Shift+0", "[B]"], || send(C::Pick(19))).quiet(),

    STUDIO.action("hard_negatives.negative", "Negative", "Records that the candidate does not look like it: a hard negative", &["D"], || send(C::StudioJudge(V::Negative))),
    STUDIO.action("hard_negatives.match", "Actually a match", "Records that the candidate looks like it too", &["S"], || send(C::StudioJudge(V::Match))),
    STUDIO.action("hard_negatives.variant", "Variant", "Records the same thing in another form: neither a match nor a negative", &["V"], || send(C::StudioJudge(V::Variant))),
    STUDIO.action("hard_negatives.leave_out", "Leave out", "Records that nothing is learned from it", &["U"], || send(C::StudioJudge(V::LeftOut))),
    STUDIO.action("hard_negatives.undo", "Undo", "Takes back the latest word on a candidate and shows it", &["Backspace"], || send(C::StudioUndo)),
    STUDIO.action("hard_negatives.compare", "Compare", "Compares the posting with the candidate, then with its match", &["M", "Enter"], || send(C::StudioCompare)),
    STUDIO.action("hard_negatives.back", "Back to the grid", "Shows one posting against its candidates again", &["K"], || send(C::ToggleSection(S::HardNegatives))),
    STUDIO.action("hard_negatives.list_again", "List again", "Lists by what is known now; what no longer stands above a match goes", &["Ctrl+R"], || send(C::StudioRefresh)).quiet(),
    STUDIO.action("hard_negatives.export", "Export triplets\u{2026}", "Writes triplets, or any other format, to a file", &["E"], || Command::Chrome(ChromeCommand::Open(super::super::Dialog::Export))).quiet(),
    STUDIO.action("hard_negatives.train", "Feed to training", "Goes to the Train station, which counts these triplets", &["T"], || Command::Chrome(ChromeCommand::Go(Station::Train))).quiet(),
    STUDIO.action("hard_negatives.previous", "Line up", "Moves to the candidate above", &["Up", "Left"], || send(C::StudioMove(-1))).repeating().quiet(),
    STUDIO.action("hard_negatives.next", "Line down", "Moves to the candidate below", &["Down", "Right"], || send(C::StudioMove(1))).repeating().quiet(),
    STUDIO.action("hard_negatives.page_up", "Page up", "Moves up by a page", &["PageUp"], || send(C::StudioMove(-PAGE))).repeating().quiet(),
    STUDIO.action("hard_negatives.page_down", "Page down", "Moves down by a page", &["PageDown"], || send(C::StudioMove(PAGE))).repeating().quiet(),
    STUDIO.action("hard_negatives.first", "First line", "Moves to the widest margin", &["Home"], || send(C::StudioMove(i64::MIN))).quiet(),
    STUDIO.action("hard_negatives.last", "Last line", "Moves to the narrowest margin", &["End"], || send(C::StudioMove(i64::MAX))).quiet(),

    QUESTIONS.action("questions.ask", "Ask", "Ranks candidates for what is chosen here", &["Enter"], || send(C::Ask)),
    QUESTIONS.action("questions.open_file", "Candidates file\u{2026}", "Takes questions from a file: a query and its candidates a line", &["O"], || send(C::PickFile)),
    QUESTIONS.action("questions.labelled", "Known matches", "Asks about every posting whose match is known", &["1"], || send(C::About(super::AskAbout::Labelled))),
    QUESTIONS.action("questions.selected", "Selected posting", "Asks about the posting selected in Catalogue", &["2"], || send(C::About(super::AskAbout::Selected))),
    QUESTIONS.action("questions.file", "From the file", "Asks the lines of the candidates file", &["3"], || send(C::About(super::AskAbout::File))),
    QUESTIONS.action("questions.back", "Back to the grid", "Shows one posting against its candidates again", &["I"], || send(C::Section(S::Grid))).quiet(),
];
