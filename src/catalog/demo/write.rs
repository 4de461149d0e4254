//! Writes the demos as plain files, so that every loader and every other program can read it. It never
//! removes anything; files of the same names are replaced.

use std::fs;
use std::io::Error;
use std::path::Path;

use image::ImageEncoder;
use image::codecs::jpeg::JpegEncoder;
use rayon::prelude::{IntoParallelRefIterator, ParallelIterator};

use super::looks_like::{Pair, pairs};
use super::picture::DemoPicture;
use super::postings::{COLUMNS, DemoPosting, postings};
use super::rng::Rng;
use crate::catalog::{CatalogError, Side};

/// Candidates a line of the looks-like demo.
const N_CANDIDATES: usize = 20;
/// Good enough to look at closely, small enough for 900 files.
const JPEG_QUALITY: u8 = 88;

/// Writes the demo as files: `catalog.csv` and `images/`; returns the number of postings.
///
/// # Errors
/// When a file cannot be written; names it.
pub fn write(out_dir: &Path, n_products: u32, seed: u64) -> Result<usize, CatalogError> {
    let images = out_dir.join("images");
    fs::create_dir_all(&images).map_err(|error| unwritable(&images, &error.to_string()))?;
    let all = postings(n_products, seed);
    all.par_iter().try_for_each(|posting| write_picture(out_dir, posting))?;
    // The table comes last: where it stands, the pictures do too.
    let table = out_dir.join("catalog.csv");
    let text = csv_text(&all).map_err(|error| unwritable(&table, &error.to_string()))?;
    fs::write(&table, text).map_err(|error| unwritable(&table, &error.to_string()))?;
    Ok(all.len())
}

fn unwritable(path: &Path, reason: &str) -> CatalogError {
    CatalogError::Unwritable { path: path.to_owned(), reason: reason.to_owned() }
}

/// Writes the looks-like demo: `train.csv` (left,right), `candidates.csv` (left,c0,...: twenty candidates, one of them the match) and
/// the pictures in `left/` and `right/`; returns the number of pairs.
///
/// # Errors
/// When a file cannot be written; names it.
pub fn write_looks_like(out_dir: &Path, n_pairs: u32, seed: u64) -> Result<usize, CatalogError> {
    for side in [Side::Left, Side::Right] {
        let folder = out_dir.join(side.id());
        fs::create_dir_all(&folder).map_err(|error| unwritable(&folder, &error.to_string()))?;
    }
    let all = pairs(n_pairs, seed);
    all.par_iter().try_for_each(|pair| {
        let [left, right] = &pair.pictures;
        write_jpeg(&out_dir.join(format!("{}.jpg", Side::Left.key(&pair.left))), left)?;
        write_jpeg(&out_dir.join(format!("{}.jpg", Side::Right.key(&pair.right))), right)
    })?;
    // The tables come last: where they stand, the pictures do too.
    for (name, text) in [("train.csv", pairs_text(&all)), ("candidates.csv", candidates_text(&all, seed))] {
        let table = out_dir.join(name);
        fs::write(&table, text).map_err(|error| unwritable(&table, &error.to_string()))?;
    }
    Ok(all.len())
}

fn pairs_text(all: &[Pair]) -> String {
    let lines = all.iter().map(|pair| format!("{},{}\n", pair.left, pair.right));
    ["left,right\n".to_owned()].into_iter().chain(lines).collect()
}

/// Names are letters: nothing has to be quoted.
fn candidates_text(all: &[Pair], seed: u64) -> String {
    let n_candidates = N_CANDIDATES.min(all.len());
    let heads: Vec<String> = (0..n_candidates).map(|at| format!(",c{at}")).collect();
    let mut text = format!("left{}\n", heads.concat());
    for (number, pair) in all.iter().enumerate() {
        let mut rng = Rng::stream(seed, 3_000_000_019 + number as u64);
        let mut others: Vec<&str> =
            all.iter().map(|other| other.right.as_str()).filter(|right| *right != pair.right).collect();
        rng.shuffle(&mut others);
        others.truncate(n_candidates.saturating_sub(1));
        others.push(&pair.right);
        rng.shuffle(&mut others);
        text.push_str(&format!("{},{}\n", pair.left, others.join(",")));
    }
    text
}

fn write_picture(out_dir: &Path, posting: &DemoPosting) -> Result<(), CatalogError> {
    write_jpeg(&out_dir.join(posting.image_path()), &posting.picture)
}

fn write_jpeg(path: &Path, picture: &DemoPicture) -> Result<(), CatalogError> {
    let picture = picture.draw();
    let mut bytes = Vec::new();
    JpegEncoder::new_with_quality(&mut bytes, JPEG_QUALITY)
        .write_image(&picture, picture.width(), picture.height(), image::ExtendedColorType::Rgb8)
        .map_err(|error| unwritable(path, &error.to_string()))?;
    fs::write(path, bytes).map_err(|error| unwritable(path, &error.to_string()))
}

fn csv_text(all: &[DemoPosting]) -> Result<Vec<u8>, Error> {
    let mut table = csv::Writer::from_writer(Vec::new());
    table.write_record(COLUMNS)?;
    for posting in all {
        table.write_record(posting.cells())?;
    }
    table.into_inner().map_err(|error| Error::other(error.to_string()))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use std::fs;

    use super::write;
    use crate::catalog::CatalogError;

    #[test]
    fn the_files_are_the_same_every_time() {
        let (first, second) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let n_postings = write(first.path(), 3, 11).unwrap();
        assert_eq!(write(second.path(), 3, 11).unwrap(), n_postings);
        for file in ["catalog.csv", "images/demo-0001.jpg"] {
            assert_eq!(
                fs::read(first.path().join(file)).unwrap(),
                fs::read(second.path().join(file)).unwrap(),
                "{file}"
            );
        }
        assert_eq!(fs::read_dir(first.path().join("images")).unwrap().count(), n_postings);
        let mut reader = csv::Reader::from_path(first.path().join("catalog.csv")).unwrap();
        let records: Result<Vec<csv::StringRecord>, csv::Error> = reader.records().collect();
        assert_eq!(records.unwrap().len(), n_postings);
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_named() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let error = write(file.path(), 1, 1).unwrap_err();
        assert!(matches!(error, CatalogError::Unwritable { .. }));
        assert!(error.to_string().contains("images"), "{error}");
    }
}
