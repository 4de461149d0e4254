//! trained/: what has learnt from the catalogue. `trained/ID/` holds head.safetensors, receipt.ron and, where a network was trained
//! too, backbone.safetensors; `trained/promoted/N/` holds copies of those put to use, `trained/promoted/current.ron` which of them
//! is in use, `trained/unfinished/` runs that were stopped, `trained/receipts/N.ron` the receipt of every run there was.
//! A model is replaced whole: until the new one is synced beside it, the old one stays.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{ProjectError, write_atomic};

/// The weights' file name.
const HEAD: &str = "head.safetensors";
/// The file name of a network's weights, where one was trained with the head.
const BACKBONE: &str = "backbone.safetensors";
/// The receipt's file name.
const RECEIPT: &str = "receipt.ron";
/// The folder of promoted models.
const PROMOTED: &str = "promoted";
/// Which promoted model is in use.
const CURRENT: &str = "current.ron";
/// The folder of stopped runs.
const UNFINISHED: &str = "unfinished";

/// The folder of all receipts.
const RECEIPTS: &str = "receipts";

/// The folder of trained models of one project.
#[derive(Clone, Debug)]
pub struct TrainedModels {
    folder: PathBuf,
}

/// The files of one trained model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrainedFiles {
    /// The recipe's id.
    pub id: String,
    /// Where the weights lie, for messages.
    pub head_path: PathBuf,
    /// Weights, safetensors.
    pub head: Vec<u8>,
    /// Where the weights of a network lie that was trained with it, and what they are; `None` where there is none.
    pub backbone: Option<(PathBuf, Vec<u8>)>,
    /// RON.
    pub receipt: String,
}

/// A promoted model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Promotion {
    /// Number of its folder.
    pub number: u32,
    /// The recipe's id.
    pub id: String,
}

impl TrainedModels {
    /// The models in `folder` ([`super::Project::trained`]).
    pub fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// Saves a model under its recipe's id; what was there is replaced once the new files are on the disk.
    ///
    /// # Errors
    /// When the disk refuses; then the former model is still there.
    pub fn save(&self, id: &str, head: &[u8], receipt: &str) -> Result<(), ProjectError> {
        self.save_with(id, head, None, receipt)
    }

    /// As [`TrainedModels::save`], with the weights of a network that was trained with the head.
    ///
    /// # Errors
    /// As [`TrainedModels::save`].
    pub fn save_with(
        &self,
        id: &str,
        head: &[u8],
        backbone: Option<&[u8]>,
        receipt: &str,
    ) -> Result<(), ProjectError> {
        self.recover(id);
        let kept = self.keep_receipt(receipt)?;
        let saved = self.replace(id, head, backbone, receipt);
        if saved.is_err() {
            // A receipt of nothing; where it stays it says at least that its weights are gone.
            let _ = std::fs::remove_file(kept);
        }
        saved
    }

    /// The receipt of every run, oldest first; of a model saved without, its own. Unreadable ones are named in the second list.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn receipts(&self) -> Result<(Vec<String>, Vec<ProjectError>), ProjectError> {
        let (mut texts, mut problems) = (Vec::new(), Vec::new());
        for number in self.receipt_numbers()? {
            let path = self.receipt_path(number);
            match std::fs::read_to_string(&path) {
                Ok(text) => texts.push(text),
                Err(error) => problems.push(read_error(&path, &error)),
            }
        }
        for id in self.ids()? {
            match self.load(&id) {
                Ok(files) if !texts.contains(&files.receipt) => texts.insert(0, files.receipt),
                Ok(_) => {}
                Err(error) => problems.push(error),
            }
        }
        Ok((texts, problems))
    }

    fn receipt_numbers(&self) -> Result<Vec<u32>, ProjectError> {
        let folder = self.folder.join(RECEIPTS);
        let entries = match std::fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(read_error(&folder, &error)),
        };
        let number = |name: String| name.strip_suffix(".ron")?.parse::<u32>().ok();
        let names = entries.flatten().filter_map(|entry| entry.file_name().into_string().ok());
        let mut numbers: Vec<u32> = names.filter_map(number).collect();
        numbers.sort_unstable();
        Ok(numbers)
    }

    fn keep_receipt(&self, receipt: &str) -> Result<PathBuf, ProjectError> {
        make_folder(&self.folder.join(RECEIPTS))?;
        let number = self.receipt_numbers()?.last().map_or(0, |last| *last).saturating_add(1);
        let path = self.receipt_path(number);
        write_atomic(&path, receipt.as_bytes()).map_err(|error| write_error(&path, &error))?;
        Ok(path)
    }

    fn receipt_path(&self, number: u32) -> PathBuf {
        self.folder.join(RECEIPTS).join(format!("{number}.ron"))
    }

    fn replace(
        &self,
        id: &str,
        head: &[u8],
        backbone: Option<&[u8]>,
        receipt: &str,
    ) -> Result<(), ProjectError> {
        let (new, old) = (self.folder.join(format!(".new-{id}")), self.aside(id));
        let folder = self.folder.join(id);
        let saved = write_files(&new, head, backbone, receipt).and_then(|()| {
            let replaces = folder.exists();
            if replaces {
                rename(&folder, &old)?;
            }
            let renamed = rename(&new, &folder);
            if renamed.is_err() && replaces {
                rename(&old, &folder)?;
            }
            renamed
        });
        // Left-overs of either outcome; the next save removes what cannot be removed now.
        let _ = std::fs::remove_dir_all(&new);
        if folder.exists() {
            let _ = std::fs::remove_dir_all(&old);
        }
        saved
    }

    /// Ids of all saved models, sorted.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn ids(&self) -> Result<Vec<String>, ProjectError> {
        let entries = match std::fs::read_dir(&self.folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(read_error(&self.folder, &error)),
        };
        let mut ids: Vec<String> = entries
            .flatten()
            .filter_map(|entry| entry.file_name().into_string().ok())
            .map(|name| name.strip_prefix(".old-").map_or(name.clone(), str::to_owned))
            .filter(|id| {
                self.recover(id);
                !id.starts_with('.') && self.folder.join(id).join(HEAD).is_file()
            })
            .collect();
        ids.sort();
        ids.dedup();
        Ok(ids)
    }

    /// The model saved under `id`.
    ///
    /// # Errors
    /// When there is none, or it cannot be read.
    pub fn load(&self, id: &str) -> Result<TrainedFiles, ProjectError> {
        self.recover(id);
        read_files(&self.folder.join(id), id)
    }

    /// Puts the model saved under `id` to use. A copy is kept, so that training again does not change what is in use.
    ///
    /// # Errors
    /// When there is no such model, or the disk refuses; then the former one stays in use.
    pub fn promote(&self, id: &str) -> Result<Promotion, ProjectError> {
        let files = self.load(id)?;
        let mut promotions = self.promotions()?;
        let number = promotions.last().map_or(0, |last| last.number).saturating_add(1);
        let backbone = files.backbone.as_ref().map(|(_, bytes)| bytes.as_slice());
        write_files(&self.promoted_folder(number), &files.head, backbone, &files.receipt)?;
        let promotion = Promotion { number, id: id.to_owned() };
        promotions.push(promotion.clone());
        self.write_promotions(&promotions)?;
        Ok(promotion)
    }

    /// Puts the model in use before the present one to use again; `None` where that was none at all.
    ///
    /// # Errors
    /// When no model is in use, or the disk refuses.
    pub fn roll_back(&self) -> Result<Option<Promotion>, ProjectError> {
        let mut promotions = self.promotions()?;
        let Some(dropped) = promotions.pop() else {
            return Err(ProjectError::NothingPromoted { folder: self.folder.clone() });
        };
        self.write_promotions(&promotions)?;
        // Only tidiness: nothing names the folder any more.
        let _ = std::fs::remove_dir_all(self.promoted_folder(dropped.number));
        Ok(promotions.pop())
    }

    /// The model in use; `None` where there is none.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn promoted(&self) -> Result<Option<Promotion>, ProjectError> {
        Ok(self.promotions()?.pop())
    }

    /// The files of a promoted model.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn load_promoted(&self, promotion: &Promotion) -> Result<TrainedFiles, ProjectError> {
        read_files(&self.promoted_folder(promotion.number), &promotion.id)
    }

    /// What a stopped run left under this name, with its path; `None` where there is nothing.
    ///
    /// # Errors
    /// When it is there but unreadable.
    pub fn unfinished(&self, name: &str) -> Result<Option<(PathBuf, Vec<u8>)>, ProjectError> {
        let path = self.unfinished_path(name);
        match std::fs::read(&path) {
            Ok(bytes) => Ok(Some((path, bytes))),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(read_error(&path, &error)),
        }
    }

    /// Keeps the state of a stopped run.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn save_unfinished(&self, name: &str, bytes: &[u8]) -> Result<(), ProjectError> {
        let path = self.unfinished_path(name);
        make_folder(&self.folder.join(UNFINISHED))?;
        write_atomic(&path, bytes).map_err(|error| write_error(&path, &error))
    }

    /// Forgets a stopped run, because it has come to its end.
    pub fn remove_unfinished(&self, name: &str) {
        // A left-over only costs its space.
        let _ = std::fs::remove_file(self.unfinished_path(name));
    }

    fn unfinished_path(&self, name: &str) -> PathBuf {
        self.folder.join(UNFINISHED).join(format!("{name}.safetensors"))
    }

    fn promoted_folder(&self, number: u32) -> PathBuf {
        self.folder.join(PROMOTED).join(number.to_string())
    }

    /// All promotions, the one in use last.
    fn promotions(&self) -> Result<Vec<Promotion>, ProjectError> {
        let path = self.folder.join(PROMOTED).join(CURRENT);
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(read_error(&path, &error)),
        };
        ron::from_str(&text).map_err(|error| ProjectError::Read {
            what: "which trained model is in use",
            reason: error.to_string(),
            remedy: "Delete the file and promote a model again",
            path,
        })
    }

    fn write_promotions(&self, promotions: &[Promotion]) -> Result<(), ProjectError> {
        let folder = self.folder.join(PROMOTED);
        make_folder(&folder)?;
        let path = folder.join(CURRENT);
        let text = ron::ser::to_string_pretty(promotions, ron::ser::PrettyConfig::new())
            .map_err(|error| ProjectError::Write { path: path.clone(), reason: error.to_string() })?;
        write_atomic(&path, text.as_bytes()).map_err(|error| write_error(&path, &error))
    }

    /// Where the former model stands while it is replaced.
    fn aside(&self, id: &str) -> PathBuf {
        self.folder.join(format!(".old-{id}"))
    }

    /// Puts the former model back where a save was killed between its two renames.
    fn recover(&self, id: &str) {
        let (old, folder) = (self.aside(id), self.folder.join(id));
        if old.exists() && !folder.exists() {
            // Where that fails the model is simply not there, which is said.
            let _ = std::fs::rename(&old, &folder);
        }
    }
}

/// Writes the files into a folder of their own, the head last: it is what says that a model is there.
fn write_files(
    folder: &Path,
    head: &[u8],
    backbone: Option<&[u8]>,
    receipt: &str,
) -> Result<(), ProjectError> {
    // A folder of this name is the left-over of a run that was killed.
    let _ = std::fs::remove_dir_all(folder);
    make_folder(folder)?;
    let network = backbone.map(|bytes| (BACKBONE, bytes));
    for (name, bytes) in network.into_iter().chain([(RECEIPT, receipt.as_bytes()), (HEAD, head)]) {
        let path = folder.join(name);
        write_atomic(&path, bytes).map_err(|error| write_error(&path, &error))?;
    }
    Ok(())
}

fn read_files(folder: &Path, id: &str) -> Result<TrainedFiles, ProjectError> {
    let (head_path, receipt_path) = (folder.join(HEAD), folder.join(RECEIPT));
    if !head_path.is_file() {
        return Err(ProjectError::NotTrained { id: id.to_owned(), folder: folder.to_owned() });
    }
    let head = std::fs::read(&head_path).map_err(|error| read_error(&head_path, &error))?;
    let receipt =
        std::fs::read_to_string(&receipt_path).map_err(|error| read_error(&receipt_path, &error))?;
    let backbone_path = folder.join(BACKBONE);
    let backbone = match std::fs::read(&backbone_path) {
        Ok(bytes) => Some((backbone_path, bytes)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
        Err(error) => return Err(read_error(&backbone_path, &error)),
    };
    Ok(TrainedFiles { id: id.to_owned(), head_path, head, backbone, receipt })
}

fn rename(from: &Path, to: &Path) -> Result<(), ProjectError> {
    std::fs::rename(from, to).map_err(|error| write_error(to, &error))
}

fn make_folder(folder: &Path) -> Result<(), ProjectError> {
    std::fs::create_dir_all(folder).map_err(|error| write_error(folder, &error))
}

fn write_error(path: &Path, error: &std::io::Error) -> ProjectError {
    ProjectError::Write { path: path.to_owned(), reason: error.to_string() }
}

fn read_error(path: &Path, error: &std::io::Error) -> ProjectError {
    ProjectError::Read {
        what: "a trained model",
        reason: error.to_string(),
        remedy: "Check that it may be read, or train it again",
        path: path.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::{ProjectError, TrainedModels};

    fn models() -> (tempfile::TempDir, TrainedModels) {
        let folder = tempfile::tempdir().unwrap();
        let models = TrainedModels::new(folder.path().join("trained"));
        (folder, models)
    }

    #[test]
    fn a_model_is_replaced_whole() {
        let (_folder, models) = models();
        assert_eq!(models.ids().unwrap(), Vec::<String>::new());
        assert!(matches!(models.load("a"), Err(ProjectError::NotTrained { .. })));
        models.save("a", b"one", "first").unwrap();
        models.save("a", b"two", "second").unwrap();
        let files = models.load("a").unwrap();
        assert_eq!((files.head.as_slice(), files.receipt.as_str()), (&b"two"[..], "second"));
        assert_eq!(models.ids().unwrap(), ["a"]);
        let mut left: Vec<_> =
            std::fs::read_dir(&models.folder).unwrap().flatten().map(|it| it.file_name()).collect();
        left.sort();
        assert_eq!(left, ["a", "receipts"]);
    }

    #[test]
    fn the_receipt_of_every_run_is_kept() {
        let (_folder, models) = models();
        assert_eq!(models.receipts().unwrap().0, Vec::<String>::new());
        for receipt in ["first", "second"] {
            models.save("a", b"one", receipt).unwrap();
        }
        assert_eq!(models.receipts().unwrap().0, ["first", "second"]);
        // A model that was saved without one counts all the same, before the others.
        std::fs::remove_file(models.receipt_path(2)).unwrap();
        assert_eq!(models.receipts().unwrap().0, ["second", "first"]);
    }

    #[test]
    fn a_network_goes_where_its_head_goes() {
        let (_folder, models) = models();
        models.save_with("a", b"one", Some(b"network"), "first").unwrap();
        let promoted = models.promote("a").unwrap();
        models.save("a", b"two", "second").unwrap();
        assert_eq!(models.load("a").unwrap().backbone, None, "the former network stayed");
        let (path, bytes) = models.load_promoted(&promoted).unwrap().backbone.unwrap();
        assert_eq!((path.is_file(), bytes.as_slice()), (true, &b"network"[..]));
    }

    #[test]
    fn when_the_disk_refuses_the_former_model_stays() {
        let (_folder, models) = models();
        models.save("a", b"one", "first").unwrap();
        // A file where the new folder should be made and cannot be removed as a folder.
        std::fs::write(models.folder.join(".new-a"), b"").unwrap();
        let error = models.save("a", b"two", "second").unwrap_err().to_string();
        assert!(error.contains("cannot write"), "{error}");
        assert_eq!(models.load("a").unwrap().head, b"one");
        assert_eq!(models.receipts().unwrap().0, ["first"], "no receipt of what was not saved");
    }

    #[test]
    fn a_save_killed_between_its_renames_loses_nothing() {
        let (_folder, models) = models();
        models.save("a", b"one", "first").unwrap();
        std::fs::rename(models.folder.join("a"), models.aside("a")).unwrap();
        assert_eq!(models.ids().unwrap(), ["a"]);
        assert_eq!(models.load("a").unwrap().head, b"one");
    }

    #[test]
    fn what_is_promoted_stays_as_it_was_and_is_rolled_back() {
        let (_folder, models) = models();
        assert!(matches!(models.roll_back(), Err(ProjectError::NothingPromoted { .. })));
        models.save("a", b"one", "first").unwrap();
        models.promote("a").unwrap();
        models.save("a", b"two", "second").unwrap();
        let promoted = models.promoted().unwrap().unwrap();
        assert_eq!(models.load_promoted(&promoted).unwrap().head, b"one");
        let second = models.promote("a").unwrap();
        assert_eq!(models.load_promoted(&second).unwrap().head, b"two");
        assert_eq!(models.roll_back().unwrap(), Some(promoted.clone()));
        assert_eq!(models.load_promoted(&promoted).unwrap().head, b"one");
        assert_eq!(models.roll_back().unwrap(), None);
        assert_eq!(models.promoted().unwrap(), None);
        assert_eq!(models.ids().unwrap(), ["a"]);
    }

    #[test]
    fn a_stopped_run_is_kept_until_it_ends() {
        let (_folder, models) = models();
        assert_eq!(models.unfinished("x").unwrap(), None);
        models.save_unfinished("x", b"state").unwrap();
        assert_eq!(models.unfinished("x").unwrap().unwrap().1, b"state");
        models.remove_unfinished("x");
        assert_eq!(models.unfinished("x").unwrap(), None);
    }
}
