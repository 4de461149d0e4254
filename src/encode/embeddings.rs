//! Embeddings of a whole catalogue in one of three storages, one row a posting.

/// Dense rows, row-major (n, width).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DenseMatrix {
    /// Numbers a row.
    pub width: usize,
    /// n * width values.
    pub values: Vec<f32>,
}

/// Sparse rows (n, width), columns ascending within a row.
#[derive(Clone, Debug, PartialEq)]
pub struct CsrMatrix {
    /// Number of columns (vocabulary size).
    pub width: usize,
    /// n + 1 row starts.
    pub offsets: Vec<usize>,
    /// Column of each entry.
    pub columns: Vec<u32>,
    /// Value of each entry.
    pub values: Vec<f32>,
}

/// Fixed-width bit strings, `words` u64 a row.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BitMatrix {
    /// Number of significant bits a row; a multiple of 64.
    pub n_bits: usize,
    /// n * n_bits / 64 words.
    pub words: Vec<u64>,
}

/// The storages.
#[derive(Clone, Debug, PartialEq)]
pub enum EmbeddingRows {
    /// Dense, rows L2-normalised; similarity is the cosine.
    Dense(DenseMatrix),
    /// Sparse, rows L2-normalised; similarity is the cosine.
    Sparse(CsrMatrix),
    /// Bits; similarity is 1 - Hamming distance / n_bits.
    Bits(BitMatrix),
}

/// Embeddings of n postings. A posting without the modality (no picture, empty title, undecodable file) is absent:
/// its row is zero and it has no similarity to anything.
#[derive(Clone, Debug, PartialEq)]
pub struct Embeddings {
    /// The rows.
    pub rows: EmbeddingRows,
    /// Which rows are real (n).
    pub present: Vec<bool>,
}

impl DenseMatrix {
    /// Number of rows.
    pub fn n_rows(&self) -> usize {
        self.values.len().checked_div(self.width).unwrap_or(0)
    }

    /// Row `row`, (width).
    pub fn row(&self, row: usize) -> &[f32] {
        &self.values[row * self.width..(row + 1) * self.width]
    }
}

impl CsrMatrix {
    /// An empty matrix with `width` columns.
    pub fn new(width: usize) -> Self {
        Self { width, offsets: vec![0], columns: Vec::new(), values: Vec::new() }
    }

    /// Number of rows.
    pub fn n_rows(&self) -> usize {
        self.offsets.len() - 1
    }

    /// Columns and values of row `row`.
    pub fn row(&self, row: usize) -> (&[u32], &[f32]) {
        let span = self.offsets[row]..self.offsets[row + 1];
        (&self.columns[span.clone()], &self.values[span])
    }
}

impl BitMatrix {
    /// Words of row `row`.
    pub fn row(&self, row: usize) -> &[u64] {
        let n_words = self.n_bits / 64;
        &self.words[row * n_words..(row + 1) * n_words]
    }
}

impl Embeddings {
    /// Number of rows.
    pub fn n_rows(&self) -> usize {
        self.present.len()
    }

    /// Similarity of two rows in [-1, 1]; `None` when either is absent.
    pub fn similarity(&self, a: usize, b: usize) -> Option<f32> {
        unimplemented!("{a}{b}")
    }
}
