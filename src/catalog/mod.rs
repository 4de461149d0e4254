//! Station 0: what there is to compare. A [`Catalog`] is a read-only table of postings (picture,
//! title, optional group label, every other column of the source), addressed by [`PostingIdx`] in
//! memory and by key on disk. Catalogue files and pictures are never written, moved or deleted.
//!
//! The way of a load: `open` reads bytes, `encoding` makes them text, a loader in `formats` makes a `raw_table`,
//! `guess` gives its columns roles, `assemble` makes postings of its rows.

mod assemble;
mod builder;
mod candidates;
mod columns;
pub mod demo;
mod encoding;
mod error;
mod formats;
mod guess;
mod html;
mod images;
mod key_index;
mod open;
mod posting;
mod problems;
mod raw_table;
mod table;
mod text_column;
mod titles;

pub use builder::CatalogBuilder;
pub use candidates::{CandidateLine, CandidateTable, Side, read_candidates};
pub use columns::{ColumnMap, ColumnPreview, Role};
pub use error::CatalogError;
pub use formats::{FORMATS, FormatSpec};
pub use images::{
    DecodeLimits, ImageError, ImageSource, LeastSize, ReducedPicture, decode_image, decode_image_at_least,
    thumbnail,
};
pub use open::{CatalogSource, OpenOptions, open, preview};
pub use posting::PostingIdx;
pub use problems::{Problem, ProblemKind, summarise_problems, write_problems};
pub use table::Catalog;
pub use text_column::TextColumn;
pub use titles::{TitleMode, clean_title};
