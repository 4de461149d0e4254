//! What the field's own libraries compute, against what this library computes: real models and preprocessing, and
//! whole architectures with weights made by a hash, so that no weight file is needed. The numbers lie in
//! `$LOOKALIKE_SHARED/parity` (default `../shared`); without that folder the tests say that they are skipped, and a
//! folder that was named must be complete.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod hash_made;
mod image;
mod look_alikes;
mod real;
mod text;

use std::path::{Path, PathBuf};

/// The shared folder; `None` where nobody named one and the default is absent.
fn shared() -> Option<PathBuf> {
    if let Some(named) = std::env::var_os("LOOKALIKE_SHARED") {
        let folder = PathBuf::from(named);
        assert!(folder.is_dir(), "LOOKALIKE_SHARED is no folder: {}", folder.display());
        return Some(folder);
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared");
    if folder.is_dir() {
        return Some(folder);
    }
    eprintln!("skipped: no shared data (set LOOKALIKE_SHARED)");
    None
}

/// A file of JSON in the shared folder.
fn json<T: serde::de::DeserializeOwned>(shared: &Path, name: &str) -> T {
    let path = shared.join(name);
    let text = std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_slice(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Cosine of two vectors.
fn cosine<A: Copy + Into<f64>>(a: &[A], b: &[f64]) -> f64 {
    assert_eq!(a.len(), b.len());
    let dot: f64 = a.iter().zip(b).map(|(&a, b)| a.into() * b).sum();
    let (a, b): (f64, f64) = (a.iter().map(|&a| a.into().powi(2)).sum(), b.iter().map(|b| b * b).sum());
    dot / (a * b).sqrt()
}
