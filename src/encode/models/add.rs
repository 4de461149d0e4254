//! Adds files the user picked: copies them into the store (a PyTorch checkpoint as safetensors, read as data) or remembers
//! where they lie. The architecture is given or
//! recognised, and every tensor is checked before anything is written.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::added::AddedModel;
use super::entry::WORD_VECTORS;
use super::header::{WeightsHeader, is_checkpoint};
use super::lock::{Lock, LockedFile};
use super::tensors::{Blueprint, check_vectors, recognise};
use super::{
    Manifest, ModelEntry, ModelError, ModelFile, ModelStore, Pooling, Purpose, TextInput, digest, write_whole,
};
use crate::encode::text::word_vectors::WordVectors;
use crate::encode::{
    EncodeError, Fit, Interpolation, Modality, Preprocess, Translator, image_architecture, text_architecture,
};
use crate::nn::{DeviceChoice, NnError, Weights};

const WEIGHTS: &str = "model.safetensors";
/// Endings of PyTorch's files.
const PYTORCH: &[&str] = &["bin", "pt", "pth", "ckpt", "pkl", "pickle"];
/// What PyTorch weights are usually called where other such files lie beside them.
const PYTORCH_WEIGHTS: &str = "pytorch_model.bin";
const CONFIG: &str = "config.json";
const TOKENIZER: &str = "tokenizer.json";

/// What happens to the picked files.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Keep {
    /// They are copied into the models folder.
    #[default]
    Copy,
    /// They stay where they are; only their place is remembered.
    Reference,
}

/// Files to add.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AddFiles {
    /// The weights, their config.json and tokenizer.json; or the folder they lie in. What lies beside the weights is found.
    pub paths: Vec<PathBuf>,
    /// A known model's id, or a new one; `None` takes the name of the file or its folder.
    pub id: Option<String>,
    /// Name shown to people.
    pub label: Option<String>,
    /// The architecture; `None` recognises it.
    pub architecture: Option<String>,
    /// How titles become a row, for a new text model; `None` takes the mean of at most 128 tokens.
    pub text: Option<TextInputChoice>,
    /// Copy or reference.
    pub keep: Keep,
}

/// How titles become a row, as the user says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextInputChoice {
    /// Tokens a title.
    pub max_tokens: usize,
    /// How token rows become one.
    pub pooling: Pooling,
    /// Put before every title.
    pub prefix: String,
}

impl Default for TextInputChoice {
    fn default() -> Self {
        Self { max_tokens: 128, pooling: Pooling::Mean, prefix: String::new() }
    }
}

/// The picked files by what they are.
struct Picked {
    weights: PathBuf,
    files: Vec<PathBuf>,
}

impl Picked {
    /// A file by its name: one that was picked, else one that lies beside the weights.
    fn named(&self, name: &str) -> Option<PathBuf> {
        let name = name.rsplit('/').next().unwrap_or(name);
        let picked = self.files.iter().find(|path| path.file_name().is_some_and(|own| own == name));
        let beside = || Some(self.weights.with_file_name(name)).filter(|path| path.is_file());
        picked.cloned().or_else(beside)
    }
}

/// Adds a model and gives its entry.
///
/// # Errors
/// What is wrong with the files, naming the tensor where it is one; nothing is changed then.
pub fn add(
    store: &ModelStore,
    wanted: &AddFiles,
    is_cancelled: &dyn Fn() -> bool,
) -> Result<ModelEntry, ModelError> {
    let picked = pick(wanted)?;
    let config = picked.named(CONFIG).as_deref().map(read_text).transpose()?;
    let id = wanted.id.clone().unwrap_or_else(|| name_of(&picked.weights));
    let known = Manifest::built_in().find(&id);
    let entry = match known {
        Some(entry) => {
            check_known(entry, &picked, config.as_deref())?;
            entry.clone()
        }
        None => describe(&id, wanted, &picked, config.as_deref())?,
    };
    entry.check().map_err(|reason| bad(&picked.weights, reason, "Choose another id with --id"))?;
    if store.is_present(&entry) || known.is_none() && store.entry(&id).is_some() {
        return Err(bad(
            &picked.weights,
            format!("there is a model `{id}` already"),
            "Remove it first, or choose another id",
        ));
    }
    keep(store, &entry, &picked, known.is_some(), wanted.keep, is_cancelled)?;
    Ok(entry)
}

fn bad(path: &Path, reason: impl Into<String>, remedy: &str) -> ModelError {
    ModelError::BadFile { reason: reason.into(), remedy: remedy.to_owned(), path: path.to_owned() }
}

fn read_text(path: &Path) -> Result<String, ModelError> {
    std::fs::read_to_string(path).map_err(|error| bad(path, error.to_string(), "Give a readable text file"))
}

/// Sorts the picked paths; a folder stands for what lies in it, weights bring what lies beside them.
fn pick(wanted: &AddFiles) -> Result<Picked, ModelError> {
    let mut files: Vec<PathBuf> = Vec::new();
    for path in &wanted.paths {
        let path = std::path::absolute(path).unwrap_or_else(|_| path.clone());
        if path.is_dir() {
            let listed = std::fs::read_dir(&path).map_err(ModelError::disk(&path))?;
            files.extend(listed.flatten().map(|file| file.path()).filter(|path| path.is_file()));
        } else if path.is_file() {
            files.push(path);
        } else {
            return Err(bad(
                &path,
                "there is no such file",
                "Give the path of the weights or of their folder",
            ));
        }
    }
    files.sort();
    if let [only] = &files[..]
        && is_word_vectors(wanted, only)
    {
        return Ok(Picked { weights: only.clone(), files });
    }
    let ends = |path: &&PathBuf, endings: &[&str]| {
        let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default().to_lowercase();
        endings.contains(&ending.as_str())
    };
    let usual = files.iter().find(|path| path.file_name().is_some_and(|own| own == WEIGHTS));
    let mut weights = files.iter().filter(|path| ends(path, &["safetensors"]));
    let weights = match (usual, weights.next(), weights.next()) {
        (Some(weights), ..) => weights.clone(),
        (None, Some(only), None) => only.clone(),
        (None, Some(first), Some(_)) => {
            return Err(bad(first, "there are several .safetensors files", "Give the one to add"));
        }
        (None, None, _) => {
            let named = files.iter().find(|path| path.file_name().is_some_and(|own| own == PYTORCH_WEIGHTS));
            let mut pickles = files.iter().filter(|path| ends(path, PYTORCH));
            let (pickle, second) = (named.or_else(|| pickles.next()), pickles.next());
            if let Some(checkpoint) = pickle.filter(|path| is_checkpoint(path)) {
                if named.is_none() && second.is_some() {
                    return Err(bad(checkpoint, "there are several PyTorch files", "Give the one to add"));
                }
                return Ok(Picked { weights: checkpoint.clone(), files });
            }
            let at = pickle.or(files.first()).or(wanted.paths.first()).cloned().unwrap_or_default();
            // What has a foreign ending may still say by itself what it is.
            let told = WeightsHeader::read(&at).err().map(|error| ModelError::Encode(EncodeError::Nn(error)));
            let none = || {
                let remedy = "Give the weights as safetensors or as a PyTorch checkpoint";
                bad(&at, "there is no .safetensors file", remedy)
            };
            return Err(if pickle.is_some() { told.unwrap_or_else(none) } else { none() });
        }
    };
    Ok(Picked { weights, files })
}

/// Whether a picked file is to be word vectors: said so, or of such a model's name.
fn is_word_vectors(wanted: &AddFiles, path: &Path) -> bool {
    let id = wanted.id.clone().unwrap_or_else(|| name_of(path));
    let known = Manifest::built_in().find(&id);
    let said = wanted.architecture.as_deref().or(known.map(|entry| entry.architecture.as_str()));
    said == Some(WORD_VECTORS)
}

/// The name of the file, or of its folder where the file's says nothing, as an id.
fn name_of(weights: &Path) -> String {
    let stem = weights.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let folder = weights.parent().and_then(Path::file_name).map(|name| name.to_string_lossy().into_owned());
    let name = if stem == "model" { folder.unwrap_or(stem) } else { stem };
    let plain = |c: char| if c.is_alphanumeric() || "-_.".contains(c) { c } else { '-' };
    name.trim_start_matches('.').chars().map(plain).collect()
}

fn check_known(entry: &ModelEntry, picked: &Picked, config: Option<&str>) -> Result<(), ModelError> {
    for file in entry.files.iter().skip(1) {
        // What is known of the preprocessing stands in for a network's config.json.
        let is_needed = entry.preprocess.is_none() || file.name != CONFIG;
        if is_needed && picked.named(&file.name).is_none() {
            return Err(missing(&file.name, picked));
        }
    }
    if entry.architecture == WORD_VECTORS {
        check_vectors(&picked.weights, Some(entry.width))?;
        return Ok(());
    }
    if entry.purpose == Purpose::Translate {
        let locate = |name: &str| {
            let path = if name == WEIGHTS { Some(picked.weights.clone()) } else { picked.named(name) };
            path.ok_or_else(|| EncodeError::ModelAbsent {
                model: entry.id.clone(),
                missing: name.to_owned(),
                looked_in: picked.weights.parent().unwrap_or(Path::new(".")).to_owned(),
            })
        };
        Translator::open_files(&locate, DeviceChoice::Cpu)?;
        return Ok(());
    }
    let blueprint = match entry.modality {
        Modality::Image => Blueprint::of_image(
            &entry.architecture,
            entry.preprocess.as_ref().map(|preprocess| preprocess.size),
        ),
        Modality::Text => {
            let config = config.ok_or_else(|| missing(CONFIG, picked))?;
            let pooling = entry.text.as_ref().map_or(Pooling::Mean, |text| text.pooling);
            Blueprint::of_text(&entry.architecture, config, pooling)
        }
    };
    check_tensors(&blueprint, &picked.weights)?;
    if entry.modality == Modality::Image {
        // A deeper network's file may hold every tensor of a shallower one.
        let own = blueprint.map_or(0, |blueprint| blueprint.n_values());
        let recognised = recognise(&picked.weights, None)?.architecture;
        let other = Blueprint::of_image(&recognised, None).map_or(0, |blueprint| blueprint.n_values());
        if recognised != entry.architecture && other > own {
            let reason = format!("it holds a {recognised}, not a {}", entry.architecture);
            return Err(bad(&picked.weights, reason, "Choose the model it belongs to"));
        }
    }
    Ok(())
}

fn missing(name: &str, picked: &Picked) -> ModelError {
    bad(&picked.weights, format!("{name} is missing beside it"), "Give it too")
}

fn check_tensors(blueprint: &Result<Blueprint, String>, weights: &Path) -> Result<usize, ModelError> {
    let header = WeightsHeader::read(weights).map_err(EncodeError::from)?;
    match blueprint {
        Ok(blueprint) => Ok(blueprint.check(&header).map_err(EncodeError::from)?),
        Err(reason) => Err(bad(weights, reason, "`lookalike models add --help` says which there are")),
    }
}

/// The entry of a model nobody knew.
fn describe(
    id: &str,
    wanted: &AddFiles,
    picked: &Picked,
    config: Option<&str>,
) -> Result<ModelEntry, ModelError> {
    let choice = wanted.text.clone().unwrap_or_default();
    let (modality, architecture) = match &wanted.architecture {
        Some(architecture) if architecture == WORD_VECTORS || text_architecture(architecture).is_some() => {
            (Modality::Text, architecture.clone())
        }
        Some(architecture) => (Modality::Image, architecture.clone()),
        None => {
            let recognised = recognise(&picked.weights, config)?;
            (recognised.modality, recognised.architecture)
        }
    };
    let mut entry = ModelEntry {
        id: id.to_owned(),
        label: wanted.label.clone().unwrap_or_else(|| id.to_owned()),
        summary: format!("Your own weights for {architecture}"),
        modality,
        source: None,
        files: vec![file_named(WEIGHTS), file_named(CONFIG)],
        purpose: Purpose::Encode,
        licence: "your own".to_owned(),
        width: 0,
        n_parameters: None,
        preprocess: None,
        text: None,
        architecture,
    };
    if entry.architecture == WORD_VECTORS {
        let vectors = WordVectors::open(&picked.weights)?;
        entry.width = vectors.width();
        entry.files = vec![file_named("vectors.txt")];
        return Ok(entry);
    }
    let blueprint = match modality {
        Modality::Image => {
            let own = config.and_then(|config| Preprocess::from_config(config).ok());
            let known = image_architecture(&entry.architecture);
            entry.width = known.map_or(0, |architecture| architecture.width);
            let preprocess = own.unwrap_or_else(|| usual_preprocess(known.map_or(224, |known| known.size)));
            let blueprint = Blueprint::of_image(&entry.architecture, Some(preprocess.size));
            entry.preprocess = Some(preprocess);
            blueprint
        }
        Modality::Text => {
            let config = config.ok_or_else(|| missing(CONFIG, picked))?;
            if picked.named(TOKENIZER).is_none() {
                return Err(missing(TOKENIZER, picked));
            }
            entry.files.push(file_named(TOKENIZER));
            let configured = text_architecture(&entry.architecture).map(|known| (known.configure)(config));
            entry.width = configured.and_then(Result::ok).map_or(0, |config| config.output_width);
            let TextInputChoice { max_tokens, pooling, prefix } = choice;
            entry.text = Some(TextInput { max_tokens, pooling, prefix });
            Blueprint::of_text(&entry.architecture, config, pooling)
        }
    };
    check_tensors(&blueprint, &picked.weights)?;
    entry.n_parameters = blueprint.ok().map(|blueprint| blueprint.n_values());
    Ok(entry)
}

fn file_named(name: &str) -> ModelFile {
    ModelFile { name: name.to_owned(), n_bytes: None, sha256: None }
}

/// How ImageNet networks are usually fed; used where no config.json says otherwise.
fn usual_preprocess(size: u32) -> Preprocess {
    Preprocess {
        size,
        fit: Fit::CropCentre { fraction: 0.875 },
        interpolation: Interpolation::Bicubic,
        mean: [0.485, 0.456, 0.406],
        std: [0.229, 0.224, 0.225],
    }
}

/// Writes the model down: its files or their places, their digests, and the entry where nobody knew it.
fn keep(
    store: &ModelStore,
    entry: &ModelEntry,
    picked: &Picked,
    is_known: bool,
    keep: Keep,
    is_cancelled: &dyn Fn() -> bool,
) -> Result<(), ModelError> {
    let folder = store.model_folder(&entry.id);
    std::fs::create_dir_all(&folder).map_err(ModelError::disk(&folder))?;
    let mut lock = Lock::default();
    let mut references = BTreeMap::new();
    for (number, file) in entry.files.iter().enumerate() {
        let from = if number == 0 { Some(picked.weights.clone()) } else { picked.named(&file.name) };
        let to = folder.join(&file.name);
        let came = match (from, keep) {
            // Weights without a config.json: what is known of the preprocessing is written as one.
            (None, _) => {
                let json = entry.preprocess.as_ref().map(Preprocess::to_config).unwrap_or_default();
                write_whole(&to, json.as_bytes()).map_err(ModelError::disk(&to))?;
                let mut hasher = Sha256::new();
                hasher.update(json.as_bytes());
                LockedFile { n_bytes: json.len() as u64, sha256: digest::hexadecimal(hasher) }
            }
            (Some(from), Keep::Copy) if number == 0 && is_checkpoint(&from) => {
                convert(&from, &to, is_cancelled)?
            }
            (Some(from), Keep::Copy) => copy(&from, &to, is_cancelled)?,
            (Some(from), Keep::Reference) => {
                let n_bytes = std::fs::metadata(&from).map_err(ModelError::disk(&from))?.len();
                let sha256 = digest::of_file(&from, is_cancelled)?;
                references.insert(file.name.clone(), from);
                LockedFile { n_bytes, sha256 }
            }
        };
        lock.files.insert(file.name.clone(), came);
    }
    lock.write(&folder)?;
    if !is_known || keep == Keep::Reference {
        let added = AddedModel { entry: entry.clone(), references };
        added.write(&folder).map_err(ModelError::disk(&folder))?;
    }
    Ok(())
}

/// Copies a file whole or not at all, and digests it on the way.
fn copy(from: &Path, to: &Path, is_cancelled: &dyn Fn() -> bool) -> Result<LockedFile, ModelError> {
    let part = to.with_extension("part");
    let run = || {
        let mut source = std::fs::File::open(from).map_err(ModelError::disk(from))?;
        let mut target = std::fs::File::create(&part).map_err(ModelError::disk(&part))?;
        let (mut hasher, mut n_bytes) = (Sha256::new(), 0);
        let mut piece = vec![0; digest::PIECE];
        loop {
            if is_cancelled() {
                return Err(ModelError::Cancelled);
            }
            let n = source.read(&mut piece).map_err(ModelError::disk(from))?;
            if n == 0 {
                break;
            }
            let read = piece.get(..n).unwrap_or_default();
            hasher.update(read);
            n_bytes += n as u64;
            target.write_all(read).map_err(ModelError::disk(&part))?;
        }
        target.sync_all().map_err(ModelError::disk(&part))?;
        std::fs::rename(&part, to).map_err(ModelError::disk(to))?;
        Ok(LockedFile { n_bytes, sha256: digest::hexadecimal(hasher) })
    };
    run().inspect_err(|_| {
        let _ = std::fs::remove_file(&part);
    })
}

/// Writes a PyTorch checkpoint as safetensors, whole or not at all, and digests it on the way.
fn convert(from: &Path, to: &Path, is_cancelled: &dyn Fn() -> bool) -> Result<LockedFile, ModelError> {
    let part = to.with_extension("part");
    let run = || {
        let weights = Weights::open(from).map_err(EncodeError::from)?;
        let file = std::fs::File::create(&part).map_err(ModelError::disk(&part))?;
        let mut target = Digesting { file, hasher: Sha256::new(), n_bytes: 0, is_cancelled };
        weights.write_safetensors(&mut target).map_err(|error| match error {
            _ if is_cancelled() => ModelError::Cancelled,
            NnError::Write(error) => ModelError::disk(&part)(error),
            other => EncodeError::from(other).into(),
        })?;
        target.file.sync_all().map_err(ModelError::disk(&part))?;
        std::fs::rename(&part, to).map_err(ModelError::disk(to))?;
        Ok(LockedFile { n_bytes: target.n_bytes, sha256: digest::hexadecimal(target.hasher) })
    };
    run().inspect_err(|_| {
        let _ = std::fs::remove_file(&part);
    })
}

/// A file that is digested as it is written, and refuses to go on once that is cancelled.
struct Digesting<'a> {
    file: std::fs::File,
    hasher: Sha256,
    n_bytes: u64,
    is_cancelled: &'a dyn Fn() -> bool,
}

impl Write for Digesting<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if (self.is_cancelled)() {
            return Err(std::io::Error::other("cancelled"));
        }
        let n = self.file.write(bytes)?;
        self.hasher.update(bytes.get(..n).unwrap_or_default());
        self.n_bytes += n as u64;
        Ok(n)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.file.flush()
    }
}
