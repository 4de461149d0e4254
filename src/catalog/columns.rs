//! Which column of a table plays which role: given by the user or guessed from names and content.

use serde::{Deserialize, Serialize};

/// The part a column plays for matching. Every other column is kept and shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Role {
    /// Unique name of the posting.
    Id,
    /// Picture path.
    Image,
    /// Title.
    Title,
    /// Group label (ground truth), opaque.
    Group,
}

/// Column names by role; any subset with an image or a title is usable.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ColumnMap {
    /// Column that names the posting.
    pub id: Option<String>,
    /// Column with the picture path.
    pub image: Option<String>,
    /// Column with the title.
    pub title: Option<String>,
    /// Column with the group label.
    pub group: Option<String>,
}

impl ColumnMap {
    /// Parses `id=...,image=...,title=...,group=...` (any subset, any order).
    ///
    /// # Errors
    /// A sentence naming the part that could not be understood.
    pub fn parse(text: &str) -> Result<Self, String> {
        unimplemented!("{text}")
    }
}

/// What the column-map editor shows.
#[derive(Clone, Debug)]
pub struct ColumnPreview {
    /// Column names in file order.
    pub columns: Vec<String>,
    /// Up to ten rows of cells.
    pub rows: Vec<Vec<String>>,
    /// The guess.
    pub guess: ColumnMap,
    /// Id of the recognised format (see [`super::FORMATS`]).
    pub format: &'static str,
}
