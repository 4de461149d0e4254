//! Station 0: what there is to compare. A [`Catalog`] is a read-only table of postings (picture,
//! title, optional group label, every other column of the source), addressed by [`PostingIdx`] in
//! memory and by key on disk. Catalogue files and pictures are never written, moved or deleted.

mod columns;
pub mod demo;
mod error;
mod formats;
mod images;
mod open;
mod posting;
mod problems;
mod table;
mod titles;

pub use columns::{ColumnMap, ColumnPreview, Role};
pub use error::CatalogError;
pub use formats::{FORMATS, FormatSpec};
pub use images::{DecodeLimits, ImageError, ImageSource, decode_image, thumbnail};
pub use open::{CatalogSource, OpenOptions, open, preview};
pub use posting::PostingIdx;
pub use problems::{Problem, ProblemKind};
pub use table::{Catalog, CatalogBuilder, TextColumn};
pub use titles::{TitleMode, clean_title};
