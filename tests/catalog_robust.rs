//! Every picture of the robustness corpora decodes or gives a named error, in bounded memory. A process of its own,
//! so that the peak of memory is this test's and nobody else's.
#![allow(clippy::unwrap_used, reason = "a test that cannot list its own corpus should stop")]

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use lookalike::catalog::{DecodeLimits, ImageError, ImageSource, thumbnail};

/// The folder with shared data, where there is one.
fn shared(below: &str) -> Option<PathBuf> {
    let root = std::env::var_os("LOOKALIKE_SHARED").map_or_else(|| PathBuf::from("../shared"), PathBuf::from);
    let path = root.join(below);
    if path.exists() {
        return Some(path);
    }
    let _ = writeln!(std::io::stderr(), "skipped: there is no {}", path.display());
    None
}

fn files_below(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap().flatten() {
        if entry.path().is_dir() {
            files_below(&entry.path(), files);
        } else {
            files.push(entry.path());
        }
    }
}

/// The most memory this process ever held, where the system tells.
fn peak_kib() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

fn decode(path: &Path) -> Result<image::RgbImage, ImageError> {
    ImageSource::File(path.to_owned()).decode(&DecodeLimits::default())
}

#[test]
fn every_picture_decodes_or_says_why() {
    let Some(root) = shared("data/robust") else { return };
    let mut files = Vec::new();
    files_below(&root, &mut files);
    files.retain(|path| path.extension().is_some_and(|extension| extension != "csv"));
    assert!(files.len() > 400, "{} files", files.len());
    let mut n_decoded = 0;
    for path in &files {
        match decode(path) {
            Ok(picture) => {
                n_decoded += 1;
                let small = thumbnail(&picture, 64);
                assert!(small.width().max(small.height()) <= 64, "{}", path.display());
            }
            Err(error @ (ImageError::Undecodable { .. } | ImageError::TooLarge { .. })) => {
                let message = error.to_string();
                assert!(message.ends_with(&*path.to_string_lossy()), "{message}");
                assert!(!message.contains("the decoder failed on it"), "a panic was caught: {message}");
            }
            Err(other) => panic!("{other}"),
        }
        if std::env::var_os("LOOKALIKE_LIST").is_some() {
            let outcome = decode(path).map(|picture| picture.dimensions());
            let _ = writeln!(std::io::stderr(), "{} {outcome:?}", path.display());
        }
    }
    let _ = writeln!(std::io::stderr(), "{n_decoded} of {} decoded, peak {:?} KiB", files.len(), peak_kib());
    assert!(n_decoded * 10 > files.len() * 8, "only {n_decoded} of {} decoded", files.len());
    if let Some(peak) = peak_kib() {
        assert!(peak < 1 << 20, "{peak} KiB");
    }
}

#[test]
fn all_eight_orientations_give_the_same_upright_picture() {
    let Some(root) = shared("data/robust/exif-orientation") else { return };
    for kind in ["Landscape", "Portrait"] {
        let upright = decode(&root.join(format!("{kind}_1.jpg"))).unwrap();
        assert_eq!(upright.width() > upright.height(), kind == "Landscape");
        for orientation in [0, 2, 3, 4, 5, 6, 7, 8] {
            let name = format!("{kind}_{orientation}.jpg");
            let picture = decode(&root.join(&name)).unwrap();
            assert_eq!(picture.dimensions(), upright.dimensions(), "{name}");
            // The files were compressed each by itself, and their captions differ: small, they look the same.
            let (a, b) = (thumbnail(&upright, 32), thumbnail(&picture, 32));
            let total: u64 = a.as_raw().iter().zip(b.as_raw()).map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
            let mean = total as f64 / a.as_raw().len() as f64;
            assert!(mean < 8.0, "{name} differs by {mean} from the upright picture");
        }
    }
}

#[test]
fn pngsuite_agrees_with_its_own_twins() {
    // PngSuite draws the same picture with and without interlacing.
    let Some(root) = shared("data/robust/png/tests/pngsuite") else { return };
    let mut n_pairs = 0;
    for name in ["n0g08", "n2c08", "n2c16", "n3p04", "n3p08", "n4a08", "n6a08", "n6a16", "n0g16"] {
        let plain = root.join(format!("bas{name}.png"));
        let interlaced = root.join(format!("bas{}.png", name.replacen('n', "i", 1)));
        if plain.exists() && interlaced.exists() {
            n_pairs += 1;
            assert_eq!(decode(&plain).unwrap(), decode(&interlaced).unwrap(), "{name}");
        }
    }
    assert!(n_pairs >= 5, "{n_pairs} pairs");
}
