//! Whether a model's files are what they should be: sizes and digests against what is known of them, and every tensor by
//! name and shape against the entry's architecture, without building the network.

use std::path::PathBuf;

use serde::Serialize;

use super::entry::WORD_VECTORS;
use super::header::WeightsHeader;
use super::lock::Lock;
use super::{ModelEntry, ModelError, ModelStore, Place, Purpose, digest, tensors};
use crate::encode::{EncodeError, Translator};
use crate::nn::DeviceChoice;

/// What verifying found, where nothing is wrong.
#[derive(Clone, Debug, Serialize)]
pub struct Verification {
    /// Each file.
    pub files: Vec<VerifiedFile>,
    /// How many tensors were checked.
    pub n_tensors: usize,
}

/// A file that is as it should be.
#[derive(Clone, Debug, Serialize)]
pub struct VerifiedFile {
    /// Its name in the model.
    pub name: String,
    /// Where it is.
    pub path: PathBuf,
    /// In which of the places.
    pub place: Place,
    /// Its size.
    pub n_bytes: u64,
    /// Its SHA-256 in hexadecimal.
    pub sha256: String,
    /// What the digest was compared with.
    pub digest: DigestSource,
}

/// What a digest was compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum DigestSource {
    /// The manifest.
    Manifest,
    /// What the hub told when the file was downloaded, or what it was when it was added.
    Record,
    /// Nothing: no digest is known for this file.
    Nothing,
}

impl Verification {
    /// One sentence for people.
    pub fn summary(&self) -> String {
        let n_known = self.files.iter().filter(|file| file.digest != DigestSource::Nothing).count();
        let digests = match (n_known, self.files.len()) {
            (0, _) => "no digest is known to compare with".to_owned(),
            (known, all) if known == all => "every digest matches".to_owned(),
            (known, all) => format!("{known} of {all} digests are known and match"),
        };
        format!("{} tensors are there with the right shapes; {digests}", self.n_tensors)
    }
}

/// Checks a model's files.
///
/// # Errors
/// The first thing that is wrong: a file missing, of another size or digest, damaged, or a tensor that is missing or misshaped.
pub fn verify(
    store: &ModelStore,
    entry: &ModelEntry,
    is_cancelled: &dyn Fn() -> bool,
) -> Result<Verification, ModelError> {
    let n_tensors = check_tensors(store, entry)?;
    let lock = Lock::read(&store.model_folder(&entry.id))?;
    let mut files = Vec::new();
    for file in &entry.files {
        let (path, place) = located(store, entry, &file.name)?;
        let n_bytes = std::fs::metadata(&path).map_err(ModelError::disk(&path))?.len();
        // What other programs keep in their cache was never recorded here.
        let locked = lock.files.get(&file.name).filter(|_| place != Place::HubCache);
        let different = |what: &'static str, expected: String, found: String| ModelError::Different {
            what,
            expected,
            found,
            remedy: "Remove the model and get or add it again",
            path: path.clone(),
        };
        let known_size = file.n_bytes.or_else(|| locked.map(|locked| locked.n_bytes));
        if let Some(known) = known_size.filter(|known| *known != n_bytes) {
            return Err(different("its size", format!("{known} bytes"), format!("{n_bytes} bytes")));
        }
        let sha256 = digest::of_file(&path, is_cancelled)?;
        let (known, digest) = match (&file.sha256, locked) {
            (Some(known), _) => (Some(known), DigestSource::Manifest),
            (None, Some(locked)) => (Some(&locked.sha256), DigestSource::Record),
            (None, None) => (None, DigestSource::Nothing),
        };
        if let Some(known) = known.filter(|known| !known.eq_ignore_ascii_case(&sha256)) {
            return Err(different("its SHA-256", known.clone(), sha256));
        }
        files.push(VerifiedFile { name: file.name.clone(), path, place, n_bytes, sha256, digest });
    }
    Ok(Verification { files, n_tensors })
}

/// Checks every tensor of the model's weights by name and shape, from the file's header; gives how many there are (of word
/// vectors, how many words).
///
/// # Errors
/// A file missing or damaged, or the first tensor that is missing or misshaped.
pub fn check_tensors(store: &ModelStore, entry: &ModelEntry) -> Result<usize, ModelError> {
    for file in &entry.files {
        located(store, entry, &file.name)?;
    }
    let weights = entry.weights().map_or("", |file| file.name.as_str());
    let (path, _) = located(store, entry, weights)?;
    if entry.architecture == WORD_VECTORS {
        return Ok(tensors::check_vectors(&path, Some(entry.width))?);
    }
    let header = WeightsHeader::read(&path).map_err(EncodeError::from)?;
    if entry.purpose == Purpose::Translate {
        // A translator has no graph to compare with: it is opened instead, which names a wrong tensor as well.
        Translator::open_model(entry, store, DeviceChoice::Cpu)?;
        return Ok(header.n_tensors());
    }
    let blueprint = tensors::blueprint(store, entry)?;
    Ok(blueprint.check(&header).map_err(EncodeError::from)?)
}

fn located(store: &ModelStore, entry: &ModelEntry, name: &str) -> Result<(PathBuf, Place), ModelError> {
    store.locate(entry, name).ok_or_else(|| {
        ModelError::Encode(EncodeError::ModelAbsent {
            model: entry.id.clone(),
            missing: name.to_owned(),
            looked_in: store.folder().to_owned(),
        })
    })
}
