//! The column map being edited, before the table is opened with it.

use crate::catalog::{ColumnMap, OpenOptions, TitleMode};

/// What the editor's fields hold.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ColumnDraft {
    /// Columns by role.
    pub map: ColumnMap,
    /// How titles are read.
    pub titles: TitleMode,
    /// The folder of pictures as typed; empty for none.
    pub images_dir: String,
}

impl ColumnDraft {
    /// The guess for a table never opened before.
    pub(super) fn guessed(guess: ColumnMap) -> Self {
        Self { map: guess, ..Self::default() }
    }

    /// How the open catalogue is read.
    pub(super) fn of_open(options: &OpenOptions, read_with: Option<&ColumnMap>, guess: &ColumnMap) -> Self {
        let map = options.column_map.as_ref().or(read_with).unwrap_or(guess).clone();
        let images_dir = options.images_dir.as_ref().map(|dir| dir.display().to_string()).unwrap_or_default();
        Self { map, titles: options.titles, images_dir }
    }

    /// Why a table cannot be opened with this, if it cannot.
    pub fn refusal(&self) -> Option<&'static str> {
        let is_unusable = self.map.image.is_none() && self.map.title.is_none();
        is_unusable.then_some(
            "Choose a column for the picture or for the title; without both there is nothing to compare",
        )
    }

    /// The same as options of an open.
    pub(super) fn options(&self) -> OpenOptions {
        let images_dir = self.images_dir.trim();
        OpenOptions {
            column_map: Some(self.map.clone()),
            images_dir: (!images_dir.is_empty()).then(|| images_dir.into()),
            titles: self.titles,
        }
    }
}
