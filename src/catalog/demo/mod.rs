//! The built-in demo catalogue: products drawn by code, deterministic, no files needed.

use std::path::Path;

use image::RgbImage;

use super::{Catalog, CatalogError};

/// Products in the catalogue that opens on first start (about 900 postings).
pub const DEFAULT_N_PRODUCTS: u32 = 300;
/// Its seed.
pub const DEFAULT_SEED: u64 = 7;

/// Everything needed to draw one posting's picture.
#[derive(Clone, Debug, PartialEq)]
pub struct DemoPicture {
    _private: (),
}

impl DemoPicture {
    /// Draws the picture (some milliseconds).
    pub fn draw(&self) -> RgbImage {
        unimplemented!()
    }

    /// A canonical description; equal descriptions draw equal pictures.
    pub fn description(&self) -> String {
        unimplemented!()
    }
}

/// The demo catalogue, pictures not yet drawn.
pub fn catalog(n_products: u32, seed: u64) -> Catalog {
    unimplemented!("{n_products}{seed}")
}

/// Writes the demo as files: `catalog.csv` and `images/`.
///
/// # Errors
/// When a file cannot be written; names it.
pub fn write(out_dir: &Path, n_products: u32, seed: u64) -> Result<usize, CatalogError> {
    unimplemented!("{out_dir:?}{n_products}{seed}")
}
