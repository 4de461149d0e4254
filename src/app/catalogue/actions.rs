//! What keys and the palette offer in the Catalogue station.

use super::super::{ActionSpec, Command, Context};
use super::{CatalogueCommand as C, CatalogueSection as S};

/// Lines a page key moves by.
pub(in super::super) const PAGE: i64 = 12;

const fn action(
    id: &'static str,
    label: &'static str,
    tooltip: &'static str,
    keys: &'static [&'static str],
    command: fn() -> Command,
) -> ActionSpec {
    ActionSpec::press(id, Context::Catalogue, label, tooltip, keys, command)
}

fn send(command: C) -> Command {
    Command::Catalogue(command)
}

/// The table.
#[rustfmt::skip]
pub(in super::super) const ACTIONS: &[ActionSpec] = &[
    action("catalogue.postings", "Postings", "Lists every posting with all its columns", &["1"], || send(C::Section(S::Postings))),
    action("catalogue.columns", "Column map", "Shows which column is id, picture, title and group, and changes it", &["2"], || send(C::Section(S::Columns))),
    action("catalogue.problems", "Problems", "Lists what went wrong while loading, row by row", &["3"], || send(C::Section(S::Problems))),
    action("catalogue.statistics", "Statistics", "Counts postings, pictures, titles and groups", &["4"], || send(C::Section(S::Statistics))),
    action("catalogue.matching", "Matching", "Chooses the encoders that compare pictures and titles", &["5"], || send(C::Section(S::Matching))),
    action("catalogue.filter", "Filter", "Moves the keyboard to the filter of the postings", &["/"], || send(C::FocusFilter)),
    action("catalogue.show_in_queue", "Show in queue", "Goes to the cluster of the posting under the cursor", &["Enter"], || send(C::ShowInQueue)),
    action("catalogue.up", "Line up", "Moves the cursor up", &["Up"], || send(C::Move(-1))).repeating().quiet(),
    action("catalogue.down", "Line down", "Moves the cursor down", &["Down"], || send(C::Move(1))).repeating().quiet(),
    action("catalogue.page_up", "Page up", "Moves the cursor up by a page", &["PageUp"], || send(C::Move(-PAGE))).repeating().quiet(),
    action("catalogue.page_down", "Page down", "Moves the cursor down by a page", &["PageDown"], || send(C::Move(PAGE))).repeating().quiet(),
    action("catalogue.first", "First line", "Moves the cursor to the first line", &["Home"], || send(C::Move(i64::MIN))).quiet(),
    action("catalogue.last", "Last line", "Moves the cursor to the last line", &["End"], || send(C::Move(i64::MAX))).quiet(),
    action("catalogue.images_folder", "Find folder of pictures…", "Looks missing pictures up in another folder too", &[], || send(C::FindImagesFolder)).quiet(),
    action("catalogue.save_problems", "Save problems…", "Writes the table of problems as CSV", &[], || Command::Chrome(super::super::ChromeCommand::Pick(super::super::PickFor::Problems))).quiet(),
];
