//! Where each posting's picture lies, in eight bytes a posting: a directory's number, and a file name that is
//! usually a cell of the table already. No path is kept per posting.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use super::ImageSource;
use crate::catalog::text_column::{LinkedColumn, TextColumn};

const NO_PICTURE: u32 = 0;
const FILE: u32 = 1;
const MISSING: u32 = 2;
const OTHER: u32 = 3;
const KIND_SHIFT: u32 = 30;
const NUMBER_MASK: u32 = (1 << KIND_SHIFT) - 1;

/// Pictures of all postings, in row order.
#[derive(Debug, Default)]
pub(in crate::catalog) struct ImageTable {
    /// The kind in the two upper bits; below them a number in `dirs` or `others`.
    places: Vec<u32>,
    names: LinkedColumn,
    dirs: Vec<PathBuf>,
    dir_ids: HashMap<PathBuf, u32>,
    /// Drawn pictures, and paths that are not exactly a directory and a name in Unicode.
    others: Vec<ImageSource>,
}

impl ImageTable {
    /// The number under which `dir` is known from now on.
    pub(in crate::catalog) fn dir_id(&mut self, dir: &Path) -> u32 {
        if let Some(&id) = self.dir_ids.get(dir) {
            return id;
        }
        let id = self.dirs.len() as u32;
        self.dirs.push(dir.to_owned());
        self.dir_ids.insert(dir.to_owned(), id);
        id
    }

    /// Appends a posting without picture.
    pub(in crate::catalog) fn push_none(&mut self, cells: &[TextColumn]) {
        self.push_place(NO_PICTURE, 0, None, cells);
    }

    /// Appends a picture file that was found in a known directory.
    pub(in crate::catalog) fn push_found(&mut self, dir: u32, name: &str, cells: &[TextColumn]) {
        self.push_place(FILE, dir, Some(name), cells);
    }

    /// Appends a picture file that was not found; `dir` is where it was expected.
    pub(in crate::catalog) fn push_missing(&mut self, dir: u32, name: &str, cells: &[TextColumn]) {
        self.push_place(MISSING, dir, Some(name), cells);
    }

    fn push_place(&mut self, kind: u32, number: u32, name: Option<&str>, cells: &[TextColumn]) {
        self.places.push(kind << KIND_SHIFT | number & NUMBER_MASK);
        self.names.push(name, cells);
    }

    /// Appends any picture.
    pub(in crate::catalog) fn push(&mut self, image: ImageSource, cells: &[TextColumn]) {
        let (kind, path) = match &image {
            ImageSource::None => return self.push_none(cells),
            ImageSource::File(path) => (FILE, Some(path)),
            ImageSource::Missing(path) => (MISSING, Some(path)),
            ImageSource::Drawn(_) => (OTHER, None),
        };
        if let Some((dir, name)) = path.and_then(|path| split(path)) {
            let dir = self.dir_id(dir);
            return self.push_place(kind, dir, Some(name), cells);
        }
        self.others.push(image);
        self.push_place(OTHER, (self.others.len() - 1) as u32, None, cells);
    }

    /// The picture of the posting at `row`.
    pub(in crate::catalog) fn get(&self, row: usize, cells: &[TextColumn]) -> ImageSource {
        let Some(&place) = self.places.get(row) else {
            return ImageSource::None;
        };
        let number = (place & NUMBER_MASK) as usize;
        let path = || {
            let dir = self.dirs.get(number).map_or(Path::new(""), PathBuf::as_path);
            dir.join(self.names.get(row, cells).unwrap_or(""))
        };
        match place >> KIND_SHIFT {
            FILE => ImageSource::File(path()),
            MISSING => ImageSource::Missing(path()),
            OTHER => self.others.get(number).cloned().unwrap_or(ImageSource::None),
            _ => ImageSource::None,
        }
    }

    /// Whether any posting has a picture, found or not.
    pub(in crate::catalog) fn has_any(&self) -> bool {
        self.places.iter().any(|place| place >> KIND_SHIFT != NO_PICTURE)
    }

    /// Gives back what only building needed.
    pub(in crate::catalog) fn finish(&mut self) {
        self.dir_ids = HashMap::new();
        self.places.shrink_to_fit();
        self.names.shrink();
        self.dirs.shrink_to_fit();
        self.others.shrink_to_fit();
    }

    /// Bytes of memory held (heap behind drawn pictures not counted).
    pub(in crate::catalog) fn n_bytes(&self) -> usize {
        self.places.capacity() * size_of::<u32>()
            + self.names.n_bytes()
            + self.dirs.iter().map(|dir| dir.capacity() + size_of::<PathBuf>()).sum::<usize>()
            + self.others.capacity() * size_of::<ImageSource>()
    }
}

/// Directory and file name, where joining them gives back exactly `path`.
fn split(path: &Path) -> Option<(&Path, &str)> {
    let (dir, name) = (path.parent()?, path.file_name()?.to_str()?);
    (dir.join(name).as_os_str() == path.as_os_str()).then_some((dir, name))
}
