//! The files of the cache: safetensors with a digest of their tensors, so that damage is found and never used.
//! Knows bytes and matrices, not folders or keys.

use std::collections::HashMap;
use std::io::{Read, Seek, SeekFrom};

use safetensors::tensor::{Dtype, SafeTensors, TensorView};

use crate::encode::{BitMatrix, CsrMatrix, DenseMatrix, EmbeddingRows};
use crate::index::Neighbors;

/// Format version of every file of the cache.
const FORMAT: &str = "1";
/// A header larger than this is no header of ours.
const MAX_HEADER: u64 = 64 << 20;

/// A blake3 digest.
pub(super) type Digest = [u8; 32];

/// Offsets, columns and values.
type Lists = (Vec<usize>, Vec<u32>, Vec<f32>);

/// Tensors by name and notes, on their way into a file.
#[derive(Default)]
pub(super) struct FileWriter {
    tensors: Vec<(&'static str, Dtype, Vec<usize>, Vec<u8>)>,
    notes: HashMap<String, String>,
}

/// A file that was read whole and found undamaged.
pub(super) struct FileReader<'a> {
    tensors: SafeTensors<'a>,
    notes: HashMap<String, String>,
}

/// What the header of a shard promises, read without its rows.
pub(super) struct ShardHeader {
    /// Content of each row.
    pub contents: Vec<Digest>,
    /// Contents that cannot be embedded, with the reasons.
    pub failed: Vec<(Digest, String)>,
}

impl FileWriter {
    /// Adds a tensor.
    pub fn tensor<T: bytemuck::NoUninit>(
        &mut self,
        name: &'static str,
        dtype: Dtype,
        shape: Vec<usize>,
        data: &[T],
    ) {
        self.tensors.push((name, dtype, shape, bytemuck::cast_slice(data).to_vec()));
    }

    /// Adds a note.
    pub fn note(&mut self, name: &str, text: impl Into<String>) {
        self.notes.insert(name.to_owned(), text.into());
    }

    /// Adds what a shard's header is read for, with a digest of its own.
    pub fn header(&mut self, contents: &[Digest], failed: &[Digest]) {
        self.tensor("contents", Dtype::U8, vec![contents.len(), 32], contents.as_flattened());
        self.tensor("failed", Dtype::U8, vec![failed.len(), 32], failed.as_flattened());
        self.note("header_digest", header_digest(contents, failed));
    }

    /// Adds rows.
    pub fn rows(&mut self, rows: &EmbeddingRows) {
        match rows {
            EmbeddingRows::Dense(matrix) => {
                self.note("kind", "dense");
                self.note("width", matrix.width.to_string());
                self.tensor("values", Dtype::F32, vec![matrix.n_rows(), matrix.width], &matrix.values);
            }
            EmbeddingRows::Sparse(matrix) => {
                self.note("kind", "sparse");
                self.note("width", matrix.width.to_string());
                self.offsets(&matrix.offsets);
                self.tensor("columns", Dtype::U32, vec![matrix.columns.len()], &matrix.columns);
                self.tensor("values", Dtype::F32, vec![matrix.values.len()], &matrix.values);
            }
            EmbeddingRows::Bits(matrix) => {
                self.note("kind", "bits");
                self.note("width", matrix.n_bits.to_string());
                let n_words = matrix.n_bits / 64;
                let n_rows = matrix.words.len().checked_div(n_words).unwrap_or(0);
                self.tensor("words", Dtype::U64, vec![n_rows, n_words], &matrix.words);
            }
        }
    }

    /// Adds neighbour lists.
    pub fn neighbors(&mut self, neighbors: &Neighbors) {
        self.note("kind", "neighbors");
        self.offsets(&neighbors.offsets);
        self.tensor("columns", Dtype::U32, vec![neighbors.rows.len()], &neighbors.rows);
        self.tensor("values", Dtype::F32, vec![neighbors.scores.len()], &neighbors.scores);
    }

    /// The file.
    pub fn finish(mut self) -> Result<Vec<u8>, String> {
        self.tensors.sort_by_key(|tensor| tensor.0);
        let digest = digest_of(self.tensors.iter().map(|(name, _, _, data)| (*name, data.as_slice())));
        self.note("digest", digest);
        self.note("format", FORMAT);
        let views = self.tensors.iter().map(|(name, dtype, shape, data)| {
            TensorView::new(*dtype, shape.clone(), data).map(|view| (*name, view))
        });
        let views: Result<Vec<_>, _> = views.collect();
        let bytes = views.and_then(|views| safetensors::serialize(views, Some(self.notes)));
        bytes.map_err(|error| error.to_string())
    }

    fn offsets(&mut self, offsets: &[usize]) {
        let offsets: Vec<u64> = offsets.iter().map(|&offset| offset as u64).collect();
        self.tensor("offsets", Dtype::U64, vec![offsets.len()], &offsets);
    }
}

impl<'a> FileReader<'a> {
    /// Reads and verifies a file.
    pub fn new(bytes: &'a [u8]) -> Result<Self, String> {
        let tensors = SafeTensors::deserialize(bytes).map_err(|error| error.to_string())?;
        let (_, metadata) = SafeTensors::read_metadata(bytes).map_err(|error| error.to_string())?;
        let notes = metadata.metadata().clone().unwrap_or_default();
        let reader = Self { tensors, notes };
        if reader.note("format") != FORMAT {
            return Err(format!("its format is `{}`, not {FORMAT}", reader.note("format")));
        }
        let mut named: Vec<(&str, &[u8])> =
            reader.tensors.iter().map(|(name, view)| (name, view.data())).collect();
        named.sort_by_key(|tensor| tensor.0);
        if digest_of(named.into_iter()) != reader.note("digest") {
            return Err("its content does not agree with its digest".to_owned());
        }
        Ok(reader)
    }

    /// A tensor's numbers, whatever its shape.
    pub fn tensor<T: bytemuck::Pod>(&self, name: &str, dtype: Dtype) -> Result<Vec<T>, String> {
        let view = self.tensors.tensor(name).map_err(|error| error.to_string())?;
        if view.dtype() != dtype {
            return Err(format!("tensor `{name}` is of type {:?}", view.dtype()));
        }
        Ok(bytemuck::pod_collect_to_vec(view.data()))
    }

    /// The rows, checked to be well formed.
    pub fn rows(&self) -> Result<EmbeddingRows, String> {
        let width: usize = self.note("width").parse().map_err(|_| "it has no width".to_owned())?;
        let rows = match self.note("kind") {
            "dense" => {
                EmbeddingRows::Dense(DenseMatrix { width, values: self.tensor("values", Dtype::F32)? })
            }
            "sparse" => {
                let (offsets, columns, values) = self.lists()?;
                if columns.iter().any(|&column| column as usize >= width) {
                    return Err("a column is out of range".to_owned());
                }
                EmbeddingRows::Sparse(CsrMatrix { width, offsets, columns, values })
            }
            "bits" => {
                EmbeddingRows::Bits(BitMatrix { n_bits: width, words: self.tensor("words", Dtype::U64)? })
            }
            kind => return Err(format!("it holds `{kind}`, not embeddings")),
        };
        let n_numbers = match &rows {
            EmbeddingRows::Dense(matrix) => matrix.values.len().checked_rem(width),
            EmbeddingRows::Sparse(_) => Some(0),
            EmbeddingRows::Bits(matrix) => matrix.words.len().checked_rem(width / 64),
        };
        if n_numbers.is_some_and(|rest| rest != 0) {
            return Err("its rows are of unequal width".to_owned());
        }
        Ok(rows)
    }

    /// Neighbour lists, checked to be well formed.
    pub fn neighbors(&self) -> Result<Neighbors, String> {
        let (offsets, rows, scores) = self.lists()?;
        if rows.iter().any(|&row| row as usize >= offsets.len() - 1) {
            return Err("a row is out of range".to_owned());
        }
        Ok(Neighbors { offsets, rows, scores })
    }

    /// A note, empty where there is none.
    pub fn note(&self, name: &str) -> &str {
        self.notes.get(name).map_or("", String::as_str)
    }

    fn lists(&self) -> Result<Lists, String> {
        let offsets: Vec<u64> = self.tensor("offsets", Dtype::U64)?;
        let offsets: Vec<usize> = offsets.into_iter().map(|offset| offset as usize).collect();
        let columns: Vec<u32> = self.tensor("columns", Dtype::U32)?;
        let values: Vec<f32> = self.tensor("values", Dtype::F32)?;
        let is_whole = offsets.first() == Some(&0)
            && offsets.last() == Some(&columns.len())
            && columns.len() == values.len()
            && offsets.is_sorted();
        if is_whole {
            Ok((offsets, columns, values))
        } else {
            Err("its lists do not fit together".to_owned())
        }
    }
}

impl ShardHeader {
    /// Reads which contents a shard holds, by seeking; its rows are not read.
    pub fn read(file: &mut (impl Read + Seek)) -> Result<Self, String> {
        let plain = |error: std::io::Error| error.to_string();
        let length = file.seek(SeekFrom::End(0)).map_err(plain)?;
        file.seek(SeekFrom::Start(0)).map_err(plain)?;
        let mut size = [0; 8];
        file.read_exact(&mut size).map_err(plain)?;
        let size = u64::from_le_bytes(size);
        if size > MAX_HEADER || size + 8 > length {
            return Err("its header is cut off".to_owned());
        }
        let mut header = vec![0; size as usize];
        file.read_exact(&mut header).map_err(plain)?;
        let header: serde_json::Value = serde_json::from_slice(&header).map_err(|error| error.to_string())?;
        let span = |name: &str| {
            let offsets = header.get(name)?.get("data_offsets")?;
            Some((offsets.get(0)?.as_u64()?, offsets.get(1)?.as_u64()?))
        };
        let names = header.as_object().into_iter().flatten().map(|(name, _)| name);
        let end = names.filter_map(|name| span(name)).map(|(_, end)| end).max().unwrap_or(0);
        if end.checked_add(size + 8) != Some(length) {
            return Err("it is cut off".to_owned());
        }
        let mut digests = |name: &str| -> Result<Vec<Digest>, String> {
            let (start, end) = span(name).ok_or_else(|| format!("tensor `{name}` is missing"))?;
            if start > end || (end - start) % 32 != 0 {
                return Err(format!("tensor `{name}` is malformed"));
            }
            file.seek(SeekFrom::Start(8 + size + start)).map_err(plain)?;
            let mut bytes = vec![0; (end - start) as usize];
            file.read_exact(&mut bytes).map_err(plain)?;
            Ok(bytes.as_chunks::<32>().0.to_vec())
        };
        let (contents, failed) = (digests("contents")?, digests("failed")?);
        let note = |name: &str| header.get("__metadata__").and_then(|notes| notes.get(name)?.as_str());
        if note("header_digest") != Some(&header_digest(&contents, &failed)) {
            return Err("its list of contents does not agree with its digest".to_owned());
        }
        let reasons = note("reasons");
        let reasons: Vec<String> =
            reasons.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
        let reasons = reasons.into_iter().chain(std::iter::repeat_with(String::new));
        Ok(Self { contents, failed: failed.into_iter().zip(reasons).collect() })
    }
}

/// Number of rows in any storage.
pub(super) fn n_rows(rows: &EmbeddingRows) -> usize {
    match rows {
        EmbeddingRows::Dense(matrix) => matrix.n_rows(),
        EmbeddingRows::Sparse(matrix) => matrix.offsets.len().saturating_sub(1),
        EmbeddingRows::Bits(matrix) => matrix.words.len().checked_div(matrix.n_bits / 64).unwrap_or(0),
    }
}

fn header_digest(contents: &[Digest], failed: &[Digest]) -> String {
    let parts = [("contents", contents.as_flattened()), ("failed", failed.as_flattened())];
    digest_of(parts.into_iter())
}

fn digest_of<'a>(tensors: impl Iterator<Item = (&'a str, &'a [u8])>) -> String {
    let mut hasher = blake3::Hasher::new();
    for (name, data) in tensors {
        hasher.update(name.as_bytes());
        hasher.update(&(data.len() as u64).to_le_bytes());
        hasher.update(data);
    }
    hasher.finalize().to_hex().to_string()
}
