//! A folder of pictures, with all folders below it: one posting a picture, its title the words of the file name.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use super::{Content, FormatSpec};
use crate::catalog::ColumnMap;
use crate::catalog::images::looks_like_picture;
use crate::catalog::raw_table::RawTable;

/// Its line in the table of formats.
pub(super) const SPEC: FormatSpec = FormatSpec {
    id: "folder",
    label: "Folder of pictures",
    summary: "Every picture in the folder and below; the title is the words of the file name",
    recognises: |content| matches!(content, Content::Folder(_)),
    read: |content, max_rows| match content {
        Content::Folder(path) => read_folder(path, max_rows),
        Content::Text(_) => RawTable::default(),
    },
    roles: |_| ColumnMap {
        id: None,
        image: Some(FILE.to_owned()),
        title: Some(TITLE.to_owned()),
        group: None,
    },
};

const FILE: &str = "file";
const FOLDER: &str = "folder";
const TITLE: &str = "title";

/// Folders nested deeper than this are not entered.
const MAX_DEPTH: usize = 32;

fn read_folder(root: &Path, max_rows: usize) -> RawTable {
    let mut files = Vec::new();
    collect(root, "", MAX_DEPTH, &mut files);
    files.sort_unstable();
    files.truncate(max_rows);
    let mut table = RawTable::new([FILE, FOLDER, TITLE].into_iter());
    for (line, file) in (1..).zip(&files) {
        let (folder, name) = file.rsplit_once('/').unwrap_or(("", file));
        table.push_row(line, &[file.into(), folder.into(), words(name).into()]);
    }
    table
}

/// Adds the pictures below `root/below`, as paths relative to `root` with `/` between folders. What cannot be
/// listed is left out; hidden files and folders too.
fn collect(root: &Path, below: &str, depth: usize, files: &mut Vec<String>) {
    let Ok(entries) = std::fs::read_dir(root.join(below)) else {
        return;
    };
    for entry in entries.flatten() {
        let Ok(name) = entry.file_name().into_string() else {
            continue;
        };
        let Ok(kind) = entry.file_type() else {
            continue;
        };
        if name.starts_with('.') {
            continue;
        }
        let path = if below.is_empty() { name } else { format!("{below}/{name}") };
        // Links to folders are not followed: they may lead in circles.
        if kind.is_dir() {
            if depth > 0 {
                collect(root, &path, depth - 1, files);
            }
        } else if is_picture(&entry.path(), &path) {
            files.push(path);
        }
    }
}

/// A usual extension is believed, so that a million pictures need not be opened; other files are looked into.
fn is_picture(path: &Path, name: &str) -> bool {
    if looks_like_picture(name) {
        return true;
    }
    // Opening a named pipe would wait for ever.
    if !std::fs::metadata(path).is_ok_and(|metadata| metadata.is_file()) {
        return false;
    }
    let mut head = Vec::new();
    File::open(path).is_ok_and(|file| file.take(16).read_to_end(&mut head).is_ok())
        && image::guess_format(&head).is_ok_and(|kind| kind.reading_enabled())
}

/// The words of a file name: `wt02-green_main.jpg` is "wt02 green main". A name that is only a long number in
/// base 16 says nothing and gives no words.
fn words(name: &str) -> String {
    let stem = name.rsplit_once('.').filter(|(stem, _)| !stem.is_empty()).map_or(name, |(stem, _)| stem);
    if stem.len() >= 16 && stem.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-') {
        return String::new();
    }
    let mut words = String::with_capacity(stem.len() + 8);
    let mut last: Option<char> = None;
    for letter in stem.chars() {
        if letter.is_whitespace() || matches!(letter, '_' | '-' | '+' | '.' | ',') {
            last = None;
            continue;
        }
        let starts_word = match last {
            None => !words.is_empty(),
            // RedCup is two words, IPHONE and iPhone one.
            Some(before) => {
                before.is_lowercase()
                    && letter.is_uppercase()
                    && words.chars().last().is_some()
                    && !is_brand_start(&words)
            }
        };
        if starts_word {
            words.push(' ');
        }
        words.push(letter);
        last = Some(letter);
    }
    words
}

/// Whether the word being built is a single small letter, as in iPhone.
fn is_brand_start(words: &str) -> bool {
    words.rsplit(' ').next().is_some_and(|word| word.chars().count() == 1)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot write its own folder should stop")]
mod tests {
    use std::fs;

    use super::{read_folder, words};

    fn check(name: &str, expected: &str) {
        assert_eq!(words(name), expected, "{name}");
    }

    #[test]
    fn file_names_become_words() {
        check("wt02-green_main.jpg", "wt02 green main");
        check("RedCup.large.png", "Red Cup large");
        check("iPhone 13  PRO.jpg", "iPhone 13 PRO");
        check("0000a68812bc7e98c42888dfb1c07da0.jpg", "");
        check("żółtaCzapka.webp", "żółta Czapka");
        check("noextension", "noextension");
        check("__.jpg", "");
    }

    #[test]
    fn pictures_below_are_found_in_order() {
        let root = tempfile::tempdir().unwrap();
        for (file, bytes) in [
            ("b.jpg", &b""[..]),
            ("a/c.PNG", b""),
            ("a/no_extension", b"\x89PNG\r\n\x1a\n"),
            ("a/notes.txt", b"hello"),
            (".hidden/d.jpg", b""),
        ] {
            let path = root.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        }
        let table = read_folder(root.path(), 10);
        let files: Vec<&str> = (0..table.n_rows()).map(|row| table.cells[0].get(row)).collect();
        assert_eq!(files, ["a/c.PNG", "a/no_extension", "b.jpg"]);
        assert_eq!((table.cells[1].get(0), table.cells[2].get(1)), ("a", "no extension"));
        assert_eq!(read_folder(root.path(), 1).n_rows(), 1);
    }
}
