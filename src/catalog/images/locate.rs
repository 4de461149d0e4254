//! Finds the pictures a table names. Directories are listed once, so that a million rows do not cost a million
//! questions to the disk. It opens no picture.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use super::looks_like_picture;

/// Directories below a table's own in which pictures usually lie.
const USUAL_DIRS: [&str; 4] = ["images", "train_images", "train", "test"];

/// Where a reference leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::catalog) struct Located<'r> {
    /// Number of the directory, for [`Locator::dir`].
    pub dir: usize,
    /// The file name in it.
    pub name: Cow<'r, str>,
    /// Whether the file is there.
    pub is_found: bool,
}

/// Looks references up in the folder given with `--images`, then beside the table and in the usual folders below it. A reference
/// without extension finds the picture of that name, whatever its kind.
#[derive(Debug)]
pub(in crate::catalog) struct Locator {
    bases: Vec<PathBuf>,
    /// The base in which a picture that is nowhere should have been.
    expected_base: usize,
    dirs: Vec<PathBuf>,
    /// What lies in each directory; `None` where it does not exist or cannot be read.
    listings: Vec<Option<Listed>>,
    numbers: HashMap<PathBuf, usize>,
    /// For the directory part of a reference: the directories to look in, best first; never empty.
    candidates: HashMap<Box<str>, Vec<usize>>,
}

/// The files of one directory.
#[derive(Debug)]
struct Listed {
    names: HashSet<Box<str>>,
    /// Picture by name without extension, the first by name; made when such a reference is first met.
    by_stem: OnceCell<HashMap<Box<str>, Box<str>>>,
}

impl Listed {
    /// The file that `name` means.
    fn find<'r>(&self, name: &'r str) -> Option<Cow<'r, str>> {
        if self.names.contains(name) {
            return Some(Cow::Borrowed(name));
        }
        if looks_like_picture(name) {
            return None;
        }
        let by_stem = self.by_stem.get_or_init(|| {
            let mut pictures: Vec<&str> = self.names.iter().map(AsRef::as_ref).collect();
            pictures.retain(|file| looks_like_picture(file));
            pictures.sort_unstable_by(|a, b| b.cmp(a));
            // Of several kinds of one name the last to be inserted, the first by name, stays.
            let stem = |file: &&str| file.rsplit_once('.').map(|(stem, _)| (stem.into(), (*file).into()));
            pictures.iter().filter_map(stem).collect()
        });
        by_stem.get(name).map(|file| Cow::Owned(file.to_string()))
    }
}

impl Locator {
    /// A locator for a table that lies in `table_dir`.
    pub(in crate::catalog) fn new(table_dir: &Path, images_dir: Option<&Path>) -> Self {
        let mut bases: Vec<PathBuf> = images_dir.into_iter().map(Path::to_owned).collect();
        bases.push(table_dir.to_owned());
        bases.extend(USUAL_DIRS.iter().map(|usual| table_dir.join(usual)).filter(|dir| dir.is_dir()));
        let expected_base = usize::from(images_dir.is_none() && bases.len() > 1);
        Self {
            bases,
            expected_base,
            dirs: Vec::new(),
            listings: Vec::new(),
            numbers: HashMap::new(),
            candidates: HashMap::new(),
        }
    }

    /// The directory with this number.
    pub(in crate::catalog) fn dir(&self, number: usize) -> &Path {
        self.dirs.get(number).map_or(Path::new(""), PathBuf::as_path)
    }

    /// Where `reference` (with `/` between directories) leads. One that is not found is said to lie in the folder
    /// given with `--images`, else in the usual picture folder, else beside the table.
    pub(in crate::catalog) fn locate<'r>(&mut self, reference: &'r str) -> Located<'r> {
        let (sub, name) = match reference.rfind('/') {
            // The root keeps its slash.
            Some(0) => ("/", &reference[1..]),
            Some(at) => (&reference[..at], &reference[at + 1..]),
            None => ("", reference),
        };
        if !self.candidates.contains_key(sub) {
            let found = self.list_candidates(sub);
            self.candidates.insert(sub.into(), found);
        }
        let candidates = self.candidates.get(sub).map_or(&[][..], Vec::as_slice);
        let found = candidates.iter().find_map(|&dir| {
            let name = self.listings.get(dir).and_then(Option::as_ref)?.find(name)?;
            Some(Located { dir, name, is_found: true })
        });
        if let Some(found) = found {
            return found;
        }
        let exists = |dir: &&usize| self.listings.get(**dir).is_some_and(Option::is_some);
        let named_dir = candidates.iter().find(exists).filter(|_| !sub.is_empty());
        let expected = named_dir.or(candidates.get(self.expected_base)).or(candidates.first());
        Located { dir: expected.copied().unwrap_or(0), name: Cow::Borrowed(name), is_found: false }
    }

    fn list_candidates(&mut self, sub: &str) -> Vec<usize> {
        if sub.contains("://") || sub.ends_with(':') {
            return vec![self.number(PathBuf::from(sub), Listing::Skipped)];
        }
        let mut candidates = Vec::new();
        for base in self.bases.clone() {
            let dir = if sub.is_empty() { base } else { base.join(sub) };
            let number = self.number(dir, Listing::Read);
            if !candidates.contains(&number) {
                candidates.push(number);
            }
        }
        candidates
    }

    fn number(&mut self, dir: PathBuf, listing: Listing) -> usize {
        if let Some(&number) = self.numbers.get(&dir) {
            return number;
        }
        let number = self.dirs.len();
        self.listings.push(match listing {
            Listing::Read => file_names(&dir).map(|names| Listed { names, by_stem: OnceCell::new() }),
            Listing::Skipped => None,
        });
        self.numbers.insert(dir.clone(), number);
        self.dirs.push(dir);
        number
    }
}

/// Whether a directory can be listed at all; a web address cannot.
enum Listing {
    Read,
    Skipped,
}

fn file_names(dir: &Path) -> Option<HashSet<Box<str>>> {
    // Joining an empty path names the working directory.
    let dir = if dir.as_os_str().is_empty() { Path::new(".") } else { dir };
    let mut names = HashSet::new();
    for entry in std::fs::read_dir(dir).ok()?.flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            continue;
        }
        if let Ok(name) = entry.file_name().into_string() {
            names.insert(name.into_boxed_str());
        }
    }
    Some(names)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot write its own folder should stop")]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::Locator;

    fn check(locator: &mut Locator, root: &Path, reference: &str, expected: &str, is_found: bool) {
        let located = locator.locate(reference);
        let path = locator.dir(located.dir).join(&*located.name);
        let path = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().into_owned();
        assert_eq!((path.as_str(), located.is_found), (expected, is_found), "{reference}");
    }

    #[test]
    fn every_usual_place_is_searched() {
        let root = tempfile::tempdir().unwrap();
        let root = root.path();
        for file in
            ["a.jpg", "images/b.jpg", "images/sub/c.jpg", "train_images/d.jpg", "other/e.jpg", "other/b.jpg"]
        {
            let path = root.join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        let mut plain = Locator::new(root, None);
        check(&mut plain, root, "a.jpg", "a.jpg", true);
        check(&mut plain, root, "b.jpg", "images/b.jpg", true);
        check(&mut plain, root, "images/b.jpg", "images/b.jpg", true);
        check(&mut plain, root, "sub/c.jpg", "images/sub/c.jpg", true);
        check(&mut plain, root, "d.jpg", "train_images/d.jpg", true);
        check(&mut plain, root, "other", "images/other", false);
        check(&mut plain, root, "e.jpg", "images/e.jpg", false);
        check(&mut plain, root, "other/e.jpg", "other/e.jpg", true);
        check(&mut plain, root, "https://shop.example/x/y.jpg", "https://shop.example/x/y.jpg", false);
        let absolute = root.join("other/e.jpg");
        check(&mut plain, root, &absolute.to_string_lossy(), "other/e.jpg", true);
        check(&mut plain, root, "a", "a.jpg", true);
        check(&mut plain, root, "sub/c", "images/sub/c.jpg", true);
        check(&mut plain, root, "nothing", "images/nothing", false);
        let mut given = Locator::new(root, Some(&root.join("other")));
        check(&mut given, root, "b.jpg", "other/b.jpg", true);
        check(&mut given, root, "d.jpg", "train_images/d.jpg", true);
        check(&mut given, root, "z.jpg", "other/z.jpg", false);
    }
}
