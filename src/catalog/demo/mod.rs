//! The built-in demo catalogue: products drawn by code, deterministic, no files needed. The same
//! numbers give the same catalogue on every machine; pictures are drawn when somebody looks. It never
//! reads a file, the clock or the network.
//!
//! The way of a posting: `world` invents product lines, `postings` decides who offers them, `titles`
//! writes, and when the picture is wanted `picture` has `shot` place `families` before `backgrounds`
//! and lets `edits` do what sellers do.

mod backgrounds;
mod canvas;
mod edits;
mod families;
mod icons;
mod ink;
mod kinds;
mod label;
mod look;
mod looks_like;
mod names;
mod palette;
mod picture;
mod postings;
mod rng;
mod shot;
mod text;
mod titles;
mod words;
mod world;
mod write;

#[cfg(test)]
mod tests;

pub use looks_like::{DEFAULT_N_PAIRS, looks_like_catalog};
pub use picture::DemoPicture;
pub use write::{write, write_looks_like};

use super::{Catalog, CatalogBuilder, CatalogSource, ImageSource, clean_title};

/// Products in the catalogue that opens on first start (about 900 postings).
pub const DEFAULT_N_PRODUCTS: u32 = 300;
/// Its seed.
pub const DEFAULT_SEED: u64 = 7;

/// The demo catalogue, pictures not yet drawn.
pub fn catalog(n_products: u32, seed: u64) -> Catalog {
    let columns = postings::COLUMNS.iter().map(|&column| column.to_owned()).collect();
    let mut builder = CatalogBuilder::new("Demo", CatalogSource::Demo { n_products, seed }, columns);
    for posting in postings::postings(n_products, seed) {
        let cells = posting.cells();
        let image = ImageSource::Drawn(posting.picture);
        let title = clean_title(&posting.title);
        let cells: Vec<&str> = cells.iter().map(String::as_str).collect();
        builder.push(&posting.key, &posting.title, &title, image, Some(&posting.group), &cells);
    }
    builder.finish()
}
