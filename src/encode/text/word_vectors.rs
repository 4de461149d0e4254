//! Files of word vectors: GloVe's text (`word v1 v2 ...`), the same under a header of count and width, and word2vec's
//! binary form. Read as a stream into one flat table, so that two million words of 300 numbers take little more than
//! their 2.4 GB. A broken line is left out and reported; a file that is broken throughout is refused.
//! Pennington et al., "GloVe: Global Vectors for Word Representation", EMNLP 2014.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use crate::encode::EncodeError;

/// Longer lines are no vectors; a file without line breaks must not be read into memory as one.
const MAX_LINE_BYTES: u64 = 1 << 20;
const MAX_WIDTH: usize = 1 << 13;
/// Broken lines a file may have: this many, and one in so many beyond.
const BROKEN_LINES: (usize, usize) = (16, 100);
/// Problems kept word for word; the rest is only counted.
const PROBLEMS_KEPT: usize = 20;

/// Words and their rows.
pub struct WordVectors {
    width: usize,
    rows: HashMap<Box<str>, u32>,
    values: Vec<f32>,
    digest: String,
    problems: Vec<String>,
    n_left_out: usize,
}

impl std::fmt::Debug for WordVectors {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WordVectors")
            .field("n_words", &self.len())
            .field("width", &self.width)
            .finish_non_exhaustive()
    }
}

impl WordVectors {
    /// Reads a file in any of the forms.
    ///
    /// # Errors
    /// [`EncodeError::BadModelFile`] naming the line (or the word's number, in a binary file).
    pub fn open(path: &Path) -> Result<Self, EncodeError> {
        let bad = |reason: String| EncodeError::BadModelFile { path: path.to_owned(), reason };
        let file = File::open(path).map_err(|error| bad(error.to_string()))?;
        let n_bytes = file.metadata().map_err(|error| bad(error.to_string()))?.len();
        Self::read(path, BufReader::with_capacity(1 << 20, file), n_bytes)
    }

    /// The same from anything that can be read; `path` is only named in errors, `n_bytes` bounds what is made ready.
    ///
    /// # Errors
    /// As [`WordVectors::open`].
    pub fn read(path: &Path, reader: impl BufRead, n_bytes: u64) -> Result<Self, EncodeError> {
        let hasher = blake3::Hasher::new();
        let mut source = Source { reader, hasher, path: path.to_owned(), line: Vec::new(), n_lines: 0 };
        let Some(first) = source.next_line()?.map(<[u8]>::to_vec) else {
            return Err(source.bad("it is empty".to_owned()));
        };
        let header = header_of(&first);
        let mut table = Table::default();
        match header {
            Some((n_words, width)) => {
                table.start(width, n_words, n_bytes).map_err(|reason| source.bad(reason))?;
                if source.goes_on_as_text(width)? {
                    table.read_lines(&mut source)?;
                } else {
                    table.read_binary(&mut source, n_words)?;
                }
            }
            None => {
                let width = first.split(|&byte| byte == b' ').filter(|field| !field.is_empty()).count();
                let width = width.saturating_sub(1);
                // About ten letters a number: only a first guess, so that the table rarely moves.
                let n_words = (n_bytes as usize / 10).checked_div(width).unwrap_or(0);
                table
                    .start(width, n_words, n_bytes)
                    .map_err(|reason| source.bad(format!("line 1: {reason}")))?;
                table.take_line(&first, 1);
                table.read_lines(&mut source)?;
            }
        }
        table.finish(source)
    }

    /// Numbers a word.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Number of words.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is no word; a file without any is refused, so never for one that was read.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Blake3 of the file, in hexadecimal.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// The first lines that were left out, with their reasons, and how many there were in all.
    pub fn problems(&self) -> (&[String], usize) {
        (&self.problems, self.n_left_out)
    }

    /// Position of a word, as spelled or in small letters.
    pub fn position(&self, word: &str) -> Option<u32> {
        self.rows.get(word).or_else(|| self.rows.get(word.to_lowercase().as_str())).copied()
    }

    /// The vector at a position, (width).
    pub fn row(&self, position: u32) -> &[f32] {
        let start = position as usize * self.width;
        self.values.get(start..start + self.width).unwrap_or_default()
    }
}

/// Count and width where the first line is these two numbers and nothing else.
fn header_of(line: &[u8]) -> Option<(usize, usize)> {
    let mut fields = std::str::from_utf8(line).ok()?.split_ascii_whitespace();
    let (count, width) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
    fields.next().is_none().then_some((count, width))
}

/// The file as it is read, hashed on the way.
struct Source<R> {
    reader: R,
    hasher: blake3::Hasher,
    path: PathBuf,
    line: Vec<u8>,
    n_lines: usize,
}

impl<R: BufRead> Source<R> {
    fn bad(&self, reason: String) -> EncodeError {
        EncodeError::BadModelFile { path: self.path.clone(), reason }
    }

    /// The next line without its break; `None` at the end.
    fn next_line(&mut self) -> Result<Option<&[u8]>, EncodeError> {
        self.line.clear();
        let read = (&mut self.reader).take(MAX_LINE_BYTES).read_until(b'\n', &mut self.line);
        let n_read = read.map_err(|error| self.bad(error.to_string()))?;
        if n_read == 0 {
            return Ok(None);
        }
        self.n_lines += 1;
        if n_read as u64 == MAX_LINE_BYTES {
            let reason =
                format!("line {} has more than {MAX_LINE_BYTES} bytes: no word vectors", self.n_lines);
            return Err(self.bad(reason));
        }
        self.hasher.update(&self.line);
        let mut line = self.line.as_slice();
        line = line.strip_suffix(b"\n").unwrap_or(line);
        Ok(Some(line.strip_suffix(b"\r").unwrap_or(line)))
    }

    /// Whether what follows a header is lines of numbers; the binary form has raw floats after the first word.
    fn goes_on_as_text(&mut self, width: usize) -> Result<bool, EncodeError> {
        let ahead = match self.reader.fill_buf() {
            Ok(ahead) => ahead,
            Err(error) => {
                return Err(EncodeError::BadModelFile { path: self.path.clone(), reason: error.to_string() });
            }
        };
        let line = ahead.split(|&byte| byte == b'\n').next().unwrap_or_default();
        let numbers = line.split(|&byte| byte == b' ').skip(1).take(width);
        // The last one may be cut where the buffer ends, so the first few decide.
        Ok(numbers.take(3).all(|field| number(field).is_some()))
    }

    /// Exactly this many bytes.
    fn exact(&mut self, bytes: &mut [u8], what: impl Fn() -> String) -> Result<(), EncodeError> {
        self.reader.read_exact(bytes).map_err(|_| self.bad(what()))?;
        self.hasher.update(bytes);
        Ok(())
    }
}

/// What has been read.
#[derive(Default)]
struct Table {
    width: usize,
    rows: HashMap<Box<str>, u32>,
    values: Vec<f32>,
    problems: Vec<String>,
    n_left_out: usize,
    n_doubles: usize,
}

impl Table {
    fn start(&mut self, width: usize, n_words: usize, n_bytes: u64) -> Result<(), String> {
        if width == 0 || width > MAX_WIDTH {
            return Err(format!("a word has {width} numbers, expected 1 to {MAX_WIDTH}"));
        }
        self.width = width;
        // A header may claim anything; no file holds more words than it has room for.
        let n_words = n_words.min(n_bytes as usize / (2 * width));
        self.rows.reserve(n_words);
        self.values.reserve_exact(n_words * width);
        Ok(())
    }

    fn read_lines<R: BufRead>(&mut self, source: &mut Source<R>) -> Result<(), EncodeError> {
        loop {
            let number = source.n_lines + 1;
            let Some(line) = source.next_line()? else { return Ok(()) };
            self.take_line(line, number);
            let (few, one_in) = BROKEN_LINES;
            if self.n_left_out - self.n_doubles > few + number / one_in {
                let first = self.problems.first().cloned().unwrap_or_default();
                return Err(source.bad(format!("too many lines are broken; the first: {first}")));
            }
        }
    }

    /// Takes a line's word and numbers, or reports why not.
    fn take_line(&mut self, line: &[u8], line_number: usize) {
        let mut line = line;
        while let Some(rest) = line.strip_suffix(b" ") {
            line = rest;
        }
        if line.is_empty() {
            return;
        }
        let start = self.values.len();
        // From the end: some published files have words with spaces in them.
        let mut fields = line.rsplitn(self.width + 1, |&byte| byte == b' ');
        for found in 0..self.width {
            let field = fields.next().unwrap_or_default();
            let Some(value) = number(field) else {
                self.values.truncate(start);
                let field = String::from_utf8_lossy(field);
                let shown: String = field.chars().take(20).collect();
                let n_fields = line.split(|&byte| byte == b' ').count() - 1;
                let reason = if n_fields < self.width {
                    format!("it has {n_fields} numbers, expected {}", self.width)
                } else {
                    format!("{shown:?} is no number (number {} of {})", self.width - found, self.width)
                };
                return self.leave_out(format!("line {line_number}: {reason}"));
            };
            self.values.push(value);
        }
        match fields.next().map(std::str::from_utf8) {
            Some(Ok(word)) if !word.is_empty() => {
                if let Some(row) = self.values.get_mut(start..) {
                    row.reverse();
                }
                self.name_last_row(word, start, || format!("line {line_number}"));
            }
            other => {
                self.values.truncate(start);
                let reason = match other {
                    Some(Err(_)) => "its word is not UTF-8".to_owned(),
                    _ => format!("it has no word before its {} numbers", self.width),
                };
                self.leave_out(format!("line {line_number}: {reason}"));
            }
        }
    }

    fn read_binary<R: BufRead>(&mut self, source: &mut Source<R>, n_words: usize) -> Result<(), EncodeError> {
        let mut bytes = vec![0_u8; self.width * 4];
        for number in 1..=n_words {
            let cut = || format!("it ends at word {number} of {n_words}");
            let mut word = Vec::new();
            let read = (&mut source.reader).take(MAX_LINE_BYTES).read_until(b' ', &mut word);
            read.map_err(|error| source.bad(error.to_string()))?;
            source.hasher.update(&word);
            if word.pop() != Some(b' ') {
                return Err(source.bad(cut()));
            }
            source.exact(&mut bytes, cut)?;
            // Some writers put a line break after each row, some do not.
            let word: Vec<u8> = word.into_iter().skip_while(|&byte| byte == b'\n').collect();
            let start = self.values.len();
            self.values.extend(bytes.as_chunks::<4>().0.iter().map(|&word| f32::from_le_bytes(word)));
            let is_finite =
                self.values.get(start..).is_some_and(|row| row.iter().all(|value| value.is_finite()));
            match std::str::from_utf8(&word) {
                Ok(word) if !word.is_empty() && is_finite => {
                    self.name_last_row(word, start, || format!("word {number}"));
                }
                _ => {
                    self.values.truncate(start);
                    let reason =
                        if is_finite { "its spelling is not UTF-8" } else { "it holds infinite numbers" };
                    self.leave_out(format!("word {number}: {reason}"));
                }
            }
            let (few, one_in) = BROKEN_LINES;
            if self.n_left_out - self.n_doubles > few + number / one_in {
                let first = self.problems.first().cloned().unwrap_or_default();
                return Err(source.bad(format!("too many words are broken; the first: {first}")));
            }
        }
        Ok(())
    }

    /// Gives the row from `start` to a word; the first of two rows for one word stays.
    fn name_last_row(&mut self, word: &str, start: usize, place: impl Fn() -> String) {
        let position = (start / self.width) as u32;
        match self.rows.entry(word.into()) {
            Entry::Vacant(vacant) => {
                vacant.insert(position);
            }
            Entry::Occupied(_) => {
                self.values.truncate(start);
                self.n_doubles += 1;
                self.leave_out(format!(
                    "{}: the word {word:?} is there twice; its first vector counts",
                    place()
                ));
            }
        }
    }

    fn leave_out(&mut self, problem: String) {
        self.n_left_out += 1;
        if self.problems.len() < PROBLEMS_KEPT {
            self.problems.push(problem);
        }
    }

    fn finish<R: BufRead>(self, mut source: Source<R>) -> Result<WordVectors, EncodeError> {
        if self.rows.is_empty() {
            let first = self.problems.first().map_or("it has no words", String::as_str).to_owned();
            return Err(source.bad(first));
        }
        // What lies behind the last word counts for the identity of the file too.
        let mut rest = [0_u8; 1 << 12];
        loop {
            match source.reader.read(&mut rest) {
                Ok(0) => break,
                Ok(n_read) => {
                    source.hasher.update(rest.get(..n_read).unwrap_or_default());
                }
                Err(error) => return Err(source.bad(error.to_string())),
            }
        }
        let Self { width, rows, mut values, problems, n_left_out, .. } = self;
        values.shrink_to_fit();
        let digest = source.hasher.finalize().to_hex().to_string();
        Ok(WordVectors { width, rows, values, digest, problems, n_left_out })
    }
}

/// A finite number in ASCII.
fn number(field: &[u8]) -> Option<f32> {
    let value: f32 = std::str::from_utf8(field).ok()?.parse().ok()?;
    value.is_finite().then_some(value)
}

#[cfg(test)]
#[path = "word_vectors_tests.rs"]
mod tests;
