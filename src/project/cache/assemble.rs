//! From shards to one matrix in catalogue order. Knows where each content lies, not how files are written.

use std::collections::HashMap;
use std::path::PathBuf;

use rayon::iter::{IndexedParallelIterator, IntoParallelRefIterator, ParallelIterator};

use super::format::{Digest, ShardHeader, n_rows};
use crate::encode::{BitMatrix, CsrMatrix, DenseMatrix, EmbeddingRows, Embeddings};

/// Where the rows of an ordered list of contents lie.
pub(super) struct Index {
    /// Shard and row of each; `None` for absent postings and contents that cannot be embedded.
    places: Vec<Option<(u32, u32)>>,
    is_needed: Vec<bool>,
    n_rows: Vec<usize>,
}

impl Index {
    /// The index, and whether every content has a row or is known to have none.
    pub fn new(shards: &[(PathBuf, ShardHeader)], contents: &[Option<Digest>]) -> (Self, bool) {
        let mut place_of: HashMap<Digest, Option<(u32, u32)>> = HashMap::new();
        for (shard, (_, header)) in shards.iter().enumerate() {
            for (row, &content) in header.contents.iter().enumerate() {
                place_of.insert(content, Some((shard as u32, row as u32)));
            }
            for &(content, _) in &header.failed {
                place_of.entry(content).or_insert(None);
            }
        }
        let mut is_complete = true;
        let mut is_needed = vec![false; shards.len()];
        let place = |content: &Option<Digest>| {
            let known = place_of.get(content.as_ref()?);
            is_complete &= known.is_some();
            let (shard, row) = known.copied().flatten()?;
            if let Some(needed) = is_needed.get_mut(shard as usize) {
                *needed = true;
            }
            Some((shard, row))
        };
        let places = contents.iter().map(place).collect();
        let n_rows = shards.iter().map(|(_, header)| header.contents.len()).collect();
        (Self { places, is_needed, n_rows }, is_complete)
    }

    /// Reads the shards that are needed, in parallel; all must agree in storage and width, and hold what they promise.
    pub fn read(
        &self,
        paths: &[&PathBuf],
        read: impl Fn(&PathBuf) -> Result<EmbeddingRows, String> + Sync,
    ) -> Vec<Result<Option<EmbeddingRows>, String>> {
        let read = |((path, &is_needed), &expected): ((&&PathBuf, &bool), &usize)| {
            if !is_needed {
                return Ok(None);
            }
            let rows = read(path)?;
            if n_rows(&rows) == expected { Ok(Some(rows)) } else { Err("rows are missing".to_owned()) }
        };
        let mut shards: Vec<_> =
            paths.par_iter().zip(self.is_needed.par_iter()).zip(self.n_rows.par_iter()).map(read).collect();
        let shape = |rows: &EmbeddingRows| match rows {
            EmbeddingRows::Dense(matrix) => ("dense", matrix.width),
            EmbeddingRows::Sparse(matrix) => ("sparse", matrix.width),
            EmbeddingRows::Bits(matrix) => ("bits", matrix.n_bits),
        };
        let first = shards.iter().find_map(|shard| shard.as_ref().ok()?.as_ref().map(shape));
        for shard in &mut shards {
            if let Ok(Some(rows)) = shard
                && Some(shape(rows)) != first
            {
                *shard = Err("its rows are of another width than those of other shards".to_owned());
            }
        }
        shards
    }

    /// The matrix, from what [`Self::read`] gave.
    pub fn assemble(&self, shards: &[Option<EmbeddingRows>]) -> Embeddings {
        let present = self.places.iter().map(Option::is_some).collect();
        let rows = match shards.iter().flatten().next() {
            None => EmbeddingRows::Dense(DenseMatrix::default()),
            Some(EmbeddingRows::Dense(first)) => {
                let width = first.width;
                let values = self.gather(width, |shard, row| match shards.get(shard) {
                    Some(Some(EmbeddingRows::Dense(matrix))) => {
                        matrix.values.get(row * width..(row + 1) * width)
                    }
                    _ => None,
                });
                EmbeddingRows::Dense(DenseMatrix { width, values })
            }
            Some(EmbeddingRows::Bits(first)) => {
                let (n_bits, n_words) = (first.n_bits, first.n_bits / 64);
                let words = self.gather(n_words, |shard, row| match shards.get(shard) {
                    Some(Some(EmbeddingRows::Bits(matrix))) => {
                        matrix.words.get(row * n_words..(row + 1) * n_words)
                    }
                    _ => None,
                });
                EmbeddingRows::Bits(BitMatrix { n_bits, words })
            }
            Some(EmbeddingRows::Sparse(first)) => {
                let mut gathered = CsrMatrix::new(first.width);
                for place in &self.places {
                    if let Some((shard, row)) = *place
                        && let Some(Some(EmbeddingRows::Sparse(matrix))) = shards.get(shard as usize)
                    {
                        let (columns, values) = matrix.row(row as usize);
                        gathered.columns.extend(columns);
                        gathered.values.extend(values);
                    }
                    gathered.offsets.push(gathered.columns.len());
                }
                EmbeddingRows::Sparse(gathered)
            }
        };
        Embeddings { rows, present }
    }

    fn gather<'a, T: Copy + Default + Sync + Send + 'a>(
        &self,
        width: usize,
        row_of: impl Fn(usize, usize) -> Option<&'a [T]> + Sync,
    ) -> Vec<T> {
        let mut gathered = Vec::with_capacity(self.places.len() * width);
        for place in &self.places {
            let row = place.and_then(|(shard, row)| row_of(shard as usize, row as usize));
            match row {
                Some(row) => gathered.extend_from_slice(row),
                None => gathered.resize(gathered.len() + width, T::default()),
            }
        }
        gathered
    }
}
