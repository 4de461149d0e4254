//! What keys and the palette offer in the Catalogue station.

use super::super::{ActionSpec, Command, Context};
use super::{CatalogueCommand as C, CatalogueSection as S};

/// Lines a page key moves by.
pub(in super::super) const PAGE: i64 = 12;

const HERE: Context = Context::Catalogue;

fn send(command: C) -> Command {
    Command::Catalogue(command)
}

/// The table.
#[rustfmt::skip]
pub(in super::super) const ACTIONS: &[ActionSpec] = &[
    HERE.action("catalogue.postings", "Postings", "Lists every posting with all its columns", &["1"], || send(C::Section(S::Postings))),
    HERE.action("catalogue.columns", "Column map", "Shows which column is id, picture, title and group, and changes it", &["2"], || send(C::Section(S::Columns))),
    HERE.action("catalogue.problems", "Problems", "Lists what went wrong while loading, row by row", &["3"], || send(C::Section(S::Problems))),
    HERE.action("catalogue.statistics", "Statistics", "Counts postings, pictures, titles and groups", &["4"], || send(C::Section(S::Statistics))),
    HERE.action("catalogue.matching", "Matching", "Chooses the encoders that compare pictures and titles", &["5"], || send(C::Section(S::Matching))),
    HERE.action("catalogue.filter", "Filter", "Moves the keyboard to the filter of the postings", &["/"], || send(C::FocusFilter)),
    HERE.action("catalogue.show_in_queue", "Show in queue", "Goes to the cluster of the posting under the cursor", &["Enter"], || send(C::ShowInQueue)),
    HERE.action("catalogue.up", "Line up", "Moves the cursor up", &["Up"], || send(C::Move(-1))).repeating().quiet(),
    HERE.action("catalogue.down", "Line down", "Moves the cursor down", &["Down"], || send(C::Move(1))).repeating().quiet(),
    HERE.action("catalogue.page_up", "Page up", "Moves the cursor up by a page", &["PageUp"], || send(C::Move(-PAGE))).repeating().quiet(),
    HERE.action("catalogue.page_down", "Page down", "Moves the cursor down by a page", &["PageDown"], || send(C::Move(PAGE))).repeating().quiet(),
    HERE.action("catalogue.first", "First line", "Moves the cursor to the first line", &["Home"], || send(C::Move(i64::MIN))).quiet(),
    HERE.action("catalogue.last", "Last line", "Moves the cursor to the last line", &["End"], || send(C::Move(i64::MAX))).quiet(),
    HERE.action("catalogue.images_folder", "Find folder of pictures…", "Looks missing pictures up in another folder too", &[], || send(C::FindImagesFolder)).quiet(),
    HERE.action("catalogue.save_problems", "Save problems…", "Writes the table of problems as CSV", &[], || Command::Chrome(super::super::ChromeCommand::Pick(super::super::PickFor::Problems))).quiet(),
];
