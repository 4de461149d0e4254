//! Gets a model from the hub: asks what its files are, then fetches what is missing under temporary names, goes on where an
//! earlier try broke off, checks size and digest, syncs and renames. A file is there whole and right, or it is not there.

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::hub::RemoteFile;
use super::lock::{Lock, LockedFile};
use super::{Hub, ModelEntry, ModelError, ModelFile, ModelSource, ModelStore, digest, write_whole};

/// Waits between tries after the connection broke; with each byte that arrives counting starts anew.
const WAITS_MILLIS: [u64; 4] = [500, 1_000, 2_000, 4_000];

/// Whom a download tells how far it is, and who may stop it.
pub trait DownloadWatch {
    /// A model of so many bytes, of which so many are there already. The total is `None` where the hub does not tell.
    fn begin(&self, n_done: u64, n_total: Option<u64>);
    /// So many more bytes are there.
    fn advance(&self, n_bytes: u64);
    /// What arrived of a file is thrown away: so many bytes fewer.
    fn retreat(&self, n_bytes: u64);
    /// Whether to stop; what arrived is kept.
    fn is_cancelled(&self) -> bool;
    /// Waits about so long before the next try, less where it is to stop.
    fn pause(&self, time: Duration);
}

/// What is known of a part that arrived, so that nothing of another file is ever appended to it.
#[derive(PartialEq, Serialize, Deserialize)]
struct PartOf {
    etag: String,
    n_bytes: Option<u64>,
}

/// A file that is to be fetched.
struct Wanted<'e> {
    file: &'e ModelFile,
    remote: RemoteFile,
    expected: Expected,
}

/// What is known of a file before it is there.
#[derive(Default)]
struct Expected {
    n_bytes: Option<u64>,
    sha256: Option<String>,
}

/// Gets every file of the model that is not there yet, all of one commit; gives how many came.
///
/// # Errors
/// Whatever stops it, in words; what arrived is kept and the next call goes on from there.
pub fn download(
    store: &ModelStore,
    entry: &ModelEntry,
    hub: &Hub,
    watch: &dyn DownloadWatch,
) -> Result<usize, ModelError> {
    let folder = store.model_folder(&entry.id);
    let Some(source) = &entry.source else {
        let names: Vec<&str> = entry.files.iter().map(|file| file.name.as_str()).collect();
        return Err(ModelError::NoSource { id: entry.id.clone(), files: names.join(", "), folder });
    };
    let absent: Vec<&ModelFile> =
        entry.files.iter().filter(|file| store.locate(entry, &file.name).is_none()).collect();
    if absent.is_empty() {
        return Ok(0);
    }
    std::fs::create_dir_all(&folder).map_err(ModelError::disk(&folder))?;
    let _held = hold(&folder)?;
    let mut lock = Lock::read(&folder)?;
    lock.repository = Some(source.repository.clone());
    let mut wanted = Vec::new();
    // Only where all files come anew may the branch's newest commit be taken; else what is missing must fit what is there.
    let mut revision = lock.commit.clone().filter(|_| !lock.files.is_empty());
    for file in absent {
        stop_if(watch)?;
        let remote = hub.describe(source, revision.as_deref().unwrap_or(&source.revision), &file.name)?;
        if revision.is_none() {
            revision.clone_from(&remote.commit);
        }
        let expected = expected(file, &remote, lock.files.get(&file.name), &folder)?;
        wanted.push(Wanted { file, remote, expected });
    }
    lock.commit.clone_from(&revision);
    let revision = revision.unwrap_or_else(|| source.revision.clone());
    let n_done = wanted.iter().map(|wanted| part_len(&folder, wanted)).sum();
    watch.begin(n_done, wanted.iter().map(|wanted| wanted.expected.n_bytes).sum());
    let n_files = wanted.len();
    for wanted in wanted {
        let fetch = Fetch { hub, source, revision: &revision, folder: &folder, wanted: &wanted, watch };
        let came = fetch.run()?;
        lock.files.insert(wanted.file.name.clone(), came);
        lock.write(&folder)?;
    }
    Ok(n_files)
}

fn stop_if(watch: &dyn DownloadWatch) -> Result<(), ModelError> {
    if watch.is_cancelled() { Err(ModelError::Cancelled) } else { Ok(()) }
}

/// One download at a time in a model's folder, also between programs. The lock ends with the file's handle.
fn hold(folder: &Path) -> Result<File, ModelError> {
    let path = folder.join(".downloading");
    let file = File::create(&path).map_err(ModelError::disk(&path))?;
    match file.try_lock() {
        Err(std::fs::TryLockError::WouldBlock) => Err(ModelError::Busy(folder.to_owned())),
        // Where the file system knows no locks, the digest still tells a file that two programs wrote.
        Ok(()) | Err(std::fs::TryLockError::Error(_)) => Ok(file),
    }
}

/// What the manifest, an earlier download and the hub say of a file; a contradiction is an error before a byte is fetched.
fn expected(
    file: &ModelFile,
    remote: &RemoteFile,
    locked: Option<&LockedFile>,
    folder: &Path,
) -> Result<Expected, ModelError> {
    let known_digest = file.sha256.clone().or_else(|| locked.map(|locked| locked.sha256.clone()));
    let known_size = file.n_bytes.or_else(|| locked.map(|locked| locked.n_bytes));
    let different = |what: &'static str, expected: String, found: String| ModelError::Different {
        what,
        expected,
        found,
        remedy: "The hub has another file now; remove the model to accept it",
        path: folder.join(&file.name),
    };
    if let (Some(known), Some(told)) = (&known_digest, &remote.sha256)
        && !known.eq_ignore_ascii_case(told)
    {
        return Err(different("its SHA-256", known.clone(), told.clone()));
    }
    if let (Some(known), Some(told)) = (known_size, remote.n_bytes)
        && known != told
    {
        return Err(different("its size", format!("{known} bytes"), format!("{told} bytes")));
    }
    Ok(Expected {
        n_bytes: known_size.or(remote.n_bytes),
        sha256: known_digest.or_else(|| remote.sha256.clone()),
    })
}

fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(ending);
    path.with_file_name(name)
}

/// Bytes of a file that arrived in an earlier try and are of the same file.
fn part_len(folder: &Path, wanted: &Wanted<'_>) -> u64 {
    let path = folder.join(&wanted.file.name);
    let known = std::fs::read_to_string(with_ending(&path, ".part.ron")).ok();
    let known: Option<PartOf> = known.and_then(|text| ron::from_str(&text).ok());
    let is_same = known.is_some_and(|known| known == PartOf::of(&wanted.remote));
    let length = std::fs::metadata(with_ending(&path, ".part")).map_or(0, |metadata| metadata.len());
    let fits = wanted.expected.n_bytes.is_none_or(|n_bytes| length <= n_bytes);
    if is_same && fits { length } else { 0 }
}

impl PartOf {
    fn of(remote: &RemoteFile) -> Self {
        Self { etag: remote.etag.clone(), n_bytes: remote.n_bytes }
    }
}

/// One file on its way.
struct Fetch<'a> {
    hub: &'a Hub,
    source: &'a ModelSource,
    revision: &'a str,
    folder: &'a Path,
    wanted: &'a Wanted<'a>,
    watch: &'a dyn DownloadWatch,
}

/// Why one connection ended before the file did.
enum Break {
    /// The network: worth another try.
    Network(String),
    /// Anything else.
    Final(ModelError),
}

impl From<ModelError> for Break {
    fn from(error: ModelError) -> Self {
        match error {
            ModelError::NoNetwork { reason, .. } => Self::Network(reason),
            other => Self::Final(other),
        }
    }
}

impl Fetch<'_> {
    fn run(&self) -> Result<LockedFile, ModelError> {
        let path = self.folder.join(&self.wanted.file.name);
        let (part, facts) = (with_ending(&path, ".part"), with_ending(&path, ".part.ron"));
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent).map_err(ModelError::disk(parent))?;
        }
        let mut n_done = part_len(self.folder, self.wanted);
        let text = ron::to_string(&PartOf::of(&self.wanted.remote)).map_err(std::io::Error::other);
        text.and_then(|text| write_whole(&facts, text.as_bytes())).map_err(ModelError::disk(&facts))?;
        let mut file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&part)
            .map_err(ModelError::disk(&part))?;
        file.set_len(n_done).map_err(ModelError::disk(&part))?;
        let mut hasher = Sha256::new();
        digest::feed(&mut hasher, &part, n_done, &|| self.watch.is_cancelled())?;
        let mut n_breaks = 0;
        while self.wanted.expected.n_bytes != Some(n_done) {
            let before = n_done;
            match self.connection(&mut file, &part, &mut hasher, &mut n_done) {
                Ok(()) => break,
                Err(Break::Final(error)) => return Err(error),
                Err(Break::Network(reason)) => {
                    if n_done > before {
                        n_breaks = 0;
                    }
                    let Some(wait) = WAITS_MILLIS.get(n_breaks) else {
                        // The next try must find these bytes.
                        file.sync_all().map_err(ModelError::disk(&part))?;
                        return Err(if n_done == 0 {
                            ModelError::NoNetwork { host: self.hub.page(self.source), reason }
                        } else {
                            ModelError::BrokeOff { n_done, reason, path: part }
                        });
                    };
                    n_breaks += 1;
                    self.watch.pause(Duration::from_millis(*wait));
                    stop_if(self.watch)?;
                }
            }
        }
        let came = LockedFile { n_bytes: n_done, sha256: digest::hexadecimal(hasher) };
        if let Err(error) = self.check(&came, &path) {
            // A wrong part would only be wrong again.
            let _ = std::fs::remove_file(&part);
            let _ = std::fs::remove_file(&facts);
            return Err(error);
        }
        file.sync_all().map_err(ModelError::disk(&part))?;
        drop(file);
        std::fs::rename(&part, &path).map_err(ModelError::disk(&path))?;
        let _ = std::fs::remove_file(&facts);
        Ok(came)
    }

    /// Reads one connection to its end.
    fn connection(
        &self,
        file: &mut File,
        part: &Path,
        hasher: &mut Sha256,
        n_done: &mut u64,
    ) -> Result<(), Break> {
        let disk = |error| Break::Final(ModelError::disk(part)(error));
        let mut bytes = self.hub.read(self.source, self.revision, &self.wanted.file.name, *n_done)?;
        if bytes.start != *n_done {
            // This server starts where it likes: so do we, as long as it is the beginning.
            if bytes.start != 0 {
                return Err(Break::Network("it sent another part of the file than asked for".to_owned()));
            }
            self.watch.retreat(*n_done);
            *n_done = 0;
            *hasher = Sha256::new();
            file.set_len(0).map_err(disk)?;
        }
        file.seek(SeekFrom::Start(*n_done)).map_err(disk)?;
        let mut piece = vec![0; digest::PIECE];
        loop {
            stop_if(self.watch).map_err(Break::Final)?;
            let n = match bytes.reader.read(&mut piece) {
                Ok(0) => break,
                Ok(n) => n,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(Break::Network(error.to_string())),
            };
            let read = piece.get(..n).unwrap_or_default();
            file.write_all(read).map_err(disk)?;
            hasher.update(read);
            *n_done += n as u64;
            self.watch.advance(n as u64);
            if self.wanted.expected.n_bytes.is_some_and(|n_bytes| *n_done > n_bytes) {
                return Ok(());
            }
        }
        match self.wanted.expected.n_bytes {
            Some(n_bytes) if *n_done < n_bytes => {
                Err(Break::Network("the connection ended early".to_owned()))
            }
            _ => Ok(()),
        }
    }

    /// Whether what came is what was promised.
    fn check(&self, came: &LockedFile, path: &Path) -> Result<(), ModelError> {
        let different = |what: &'static str, expected: String, found: String| ModelError::Different {
            what,
            expected,
            found,
            remedy: "It was thrown away; get it again, and if that repeats, ask who keeps the hub",
            path: path.to_owned(),
        };
        let Expected { n_bytes, sha256 } = &self.wanted.expected;
        if let Some(n_bytes) = n_bytes.filter(|n_bytes| *n_bytes != came.n_bytes) {
            return Err(different("its size", format!("{n_bytes} bytes"), format!("{} bytes", came.n_bytes)));
        }
        match sha256 {
            Some(sha256) if !sha256.eq_ignore_ascii_case(&came.sha256) => {
                Err(different("its SHA-256", sha256.clone(), came.sha256.clone()))
            }
            _ => Ok(()),
        }
    }
}
