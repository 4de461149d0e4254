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

    /// A matrix from its parts, as read from a file; `None` when they do not describe one: `offsets` must start
    /// at 0, never fall and end at the number of entries, columns must ascend within a row and stay below
    /// `width`, values must be finite.
    pub fn from_parts(
        width: usize,
        offsets: Vec<usize>,
        columns: Vec<u32>,
        values: Vec<f32>,
    ) -> Option<Self> {
        let ends_meet = offsets.first() == Some(&0)
            && offsets.last() == Some(&columns.len())
            && columns.len() == values.len();
        if !ends_meet || !offsets.is_sorted() || !values.iter().all(|value| value.is_finite()) {
            return None;
        }
        let rows_ascend = offsets.windows(2).all(|span| columns[span[0]..span[1]].is_sorted_by(|a, b| a < b));
        let fits = columns.iter().all(|&column| (column as usize) < width);
        (rows_ascend && fits).then_some(Self { width, offsets, columns, values })
    }

    /// Columns and values of row `row`.
    pub fn row(&self, row: usize) -> (&[u32], &[f32]) {
        let span = self.offsets[row]..self.offsets[row + 1];
        (&self.columns[span.clone()], &self.values[span])
    }

    /// Appends a row; its columns must ascend.
    pub fn push_row(&mut self, columns: &[u32], values: &[f32]) {
        debug_assert!(columns.len() == values.len() && columns.is_sorted_by(|a, b| a < b));
        self.columns.extend_from_slice(columns);
        self.values.extend_from_slice(values);
        self.offsets.push(self.columns.len());
    }

    /// Which rows have an entry at all (n): a title without a known term has none, and is absent.
    pub fn non_empty_rows(&self) -> Vec<bool> {
        self.offsets.windows(2).map(|span| span[0] < span[1]).collect()
    }
}

impl BitMatrix {
    /// Words of row `row`.
    pub fn row(&self, row: usize) -> &[u64] {
        let n_words = self.n_bits / 64;
        &self.words[row * n_words..(row + 1) * n_words]
    }
}

impl EmbeddingRows {
    /// Number of rows.
    pub fn n_rows(&self) -> usize {
        match self {
            Self::Dense(matrix) => matrix.n_rows(),
            Self::Sparse(matrix) => matrix.n_rows(),
            Self::Bits(matrix) => matrix.words.len().checked_div(matrix.n_bits / 64).unwrap_or(0),
        }
    }

    /// No rows, of the same storage and width.
    pub fn empty_like(&self) -> Self {
        match self {
            Self::Dense(matrix) => Self::Dense(DenseMatrix { width: matrix.width, values: Vec::new() }),
            Self::Sparse(matrix) => Self::Sparse(CsrMatrix::new(matrix.width)),
            Self::Bits(matrix) => Self::Bits(BitMatrix { n_bits: matrix.n_bits, words: Vec::new() }),
        }
    }

    /// The rows at `indices`, in that order, repeats allowed. Every index must be below [`Self::n_rows`].
    pub fn gather(&self, indices: &[usize]) -> Self {
        let mut gathered = self.empty_like();
        match (&mut gathered, self) {
            (Self::Dense(to), Self::Dense(from)) => {
                to.values.reserve_exact(indices.len() * from.width);
                indices.iter().for_each(|&row| to.values.extend_from_slice(from.row(row)));
            }
            (Self::Sparse(to), Self::Sparse(from)) => {
                for &row in indices {
                    let (columns, values) = from.row(row);
                    to.push_row(columns, values);
                }
            }
            (Self::Bits(to), Self::Bits(from)) => {
                to.words.reserve_exact(indices.len() * from.n_bits / 64);
                indices.iter().for_each(|&row| to.words.extend_from_slice(from.row(row)));
            }
            _ => unreachable!("empty_like keeps the storage"),
        }
        gathered
    }

    /// Appends the rows of `other`, say of the next shard. Returns whether it could: storage and width must be the same.
    #[must_use]
    pub fn append(&mut self, other: &Self) -> bool {
        match (self, other) {
            (Self::Dense(to), Self::Dense(from)) if to.width == from.width => {
                to.values.extend_from_slice(&from.values);
                true
            }
            (Self::Sparse(to), Self::Sparse(from)) if to.width == from.width => {
                let n_before = to.columns.len();
                to.columns.extend_from_slice(&from.columns);
                to.values.extend_from_slice(&from.values);
                to.offsets.extend(from.offsets.iter().skip(1).map(|offset| n_before + offset));
                true
            }
            (Self::Bits(to), Self::Bits(from)) if to.n_bits == from.n_bits => {
                to.words.extend_from_slice(&from.words);
                true
            }
            _ => false,
        }
    }

    /// Similarity of rows `a` and `b`, whether present or not: a zero row is at 0 from everything dense or sparse.
    fn similarity(&self, a: usize, b: usize) -> f32 {
        let similarity = match self {
            Self::Dense(matrix) => dense_dot(matrix.row(a), matrix.row(b)),
            Self::Sparse(matrix) => sparse_dot(matrix.row(a), matrix.row(b)),
            Self::Bits(matrix) => bit_similarity(matrix.row(a), matrix.row(b)),
        };
        similarity.clamp(-1.0, 1.0)
    }
}

impl Embeddings {
    /// Embeddings of sparse rows; a row without an entry is absent.
    pub fn from_sparse(matrix: CsrMatrix) -> Self {
        let present = matrix.non_empty_rows();
        Self { rows: EmbeddingRows::Sparse(matrix), present }
    }

    /// Number of rows.
    pub fn n_rows(&self) -> usize {
        self.present.len()
    }

    /// The postings at `indices`, in that order, repeats allowed. Every index must be below [`Self::n_rows`].
    pub fn gather(&self, indices: &[usize]) -> Self {
        let present = indices.iter().map(|&row| self.present[row]).collect();
        Self { rows: self.rows.gather(indices), present }
    }

    /// Similarity of two rows in [-1, 1]; `None` when either is absent or not a row.
    pub fn similarity(&self, a: usize, b: usize) -> Option<f32> {
        let present = |row: usize| self.present.get(row).copied().unwrap_or(false);
        (present(a) && present(b)).then(|| self.rows.similarity(a, b))
    }
}

/// Dot product in eight running sums: the compiler keeps them in one vector register.
fn dense_dot(a: &[f32], b: &[f32]) -> f32 {
    let (a_blocks, a_rest) = a.as_chunks::<8>();
    let (b_blocks, b_rest) = b.as_chunks::<8>();
    let mut sums = [0.0f32; 8];
    for (a, b) in a_blocks.iter().zip(b_blocks) {
        for lane in 0..8 {
            sums[lane] += a[lane] * b[lane];
        }
    }
    let rest: f32 = a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum();
    sums.iter().sum::<f32>() + rest
}

/// Dot product of two sparse rows, summed in order of column.
pub(crate) fn sparse_dot(a: (&[u32], &[f32]), b: (&[u32], &[f32])) -> f32 {
    let mut a = a.0.iter().zip(a.1).peekable();
    let mut sum = 0.0;
    for (column, value) in b.0.iter().zip(b.1) {
        while a.next_if(|(earlier, _)| *earlier < column).is_some() {}
        if let Some((_, matching)) = a.next_if(|(same, _)| *same == column) {
            sum += matching * value;
        }
    }
    sum
}

/// 1 - Hamming distance / number of bits.
fn bit_similarity(a: &[u64], b: &[u64]) -> f32 {
    let n_different: u32 = a.iter().zip(b).map(|(a, b)| (a ^ b).count_ones()).sum();
    1.0 - n_different as f32 / (a.len().max(1) * 64) as f32
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot unwrap should fail")]

    use super::{BitMatrix, CsrMatrix, DenseMatrix, EmbeddingRows, Embeddings};

    fn dense() -> EmbeddingRows {
        let mut values = vec![0.0; 30];
        for (index, row) in values.chunks_exact_mut(10).enumerate() {
            row[index] = 0.6;
            row[9] = 0.8;
        }
        EmbeddingRows::Dense(DenseMatrix { width: 10, values })
    }

    fn sparse() -> EmbeddingRows {
        let mut matrix = CsrMatrix::new(4);
        matrix.push_row(&[0, 3], &[0.6, 0.8]);
        matrix.push_row(&[1, 3], &[0.6, 0.8]);
        matrix.push_row(&[2, 3], &[0.6, 0.8]);
        EmbeddingRows::Sparse(matrix)
    }

    fn bits() -> EmbeddingRows {
        EmbeddingRows::Bits(BitMatrix { n_bits: 128, words: vec![0, 0, u64::MAX, 0, u64::MAX, u64::MAX] })
    }

    fn check(rows: EmbeddingRows, a: usize, b: usize, expected: Option<f32>) {
        let embeddings = Embeddings { rows, present: vec![true, true, false] };
        for found in [embeddings.similarity(a, b), embeddings.similarity(b, a)] {
            match (found, expected) {
                (Some(found), Some(expected)) => {
                    assert!((found - expected).abs() < 1e-6, "{found} {expected}")
                }
                (found, expected) => assert_eq!(found, expected),
            }
        }
    }

    #[test]
    fn similarity_is_the_cosine_or_the_share_of_equal_bits() {
        check(dense(), 0, 1, Some(0.64));
        check(dense(), 1, 1, Some(1.0));
        check(sparse(), 0, 1, Some(0.64));
        check(sparse(), 0, 0, Some(1.0));
        check(bits(), 0, 1, Some(0.5));
        check(bits(), 1, 1, Some(1.0));
    }

    #[test]
    fn an_absent_row_is_similar_to_nothing() {
        for rows in [dense(), sparse(), bits()] {
            check(rows.clone(), 0, 2, None);
            check(rows.clone(), 2, 2, None);
            check(rows, 0, 3, None);
        }
    }

    #[test]
    fn gathered_and_appended_rows_are_the_same_rows() {
        for rows in [dense(), sparse(), bits()] {
            assert_eq!(rows.n_rows(), 3);
            assert_eq!(rows.empty_like().n_rows(), 0);
            assert_eq!(rows.gather(&[0, 1, 2]), rows);
            let mut appended = rows.gather(&[2]);
            assert!(appended.append(&rows.gather(&[0, 2])));
            assert_eq!(appended, rows.gather(&[2, 0, 2]));
        }
        assert!(!dense().append(&sparse()));
        assert!(!sparse().append(&EmbeddingRows::Sparse(CsrMatrix::new(5))));
    }

    #[test]
    fn gathering_postings_keeps_who_is_present() {
        let embeddings = Embeddings { rows: sparse(), present: vec![true, false, true] };
        let gathered = embeddings.gather(&[1, 2, 2]);
        assert_eq!(gathered.present, [false, true, true]);
        assert_eq!(gathered.rows, sparse().gather(&[1, 2, 2]));
    }

    #[test]
    fn parts_that_are_no_matrix_are_refused() {
        let check = |offsets: &[usize], columns: &[u32], values: &[f32]| {
            CsrMatrix::from_parts(3, offsets.to_vec(), columns.to_vec(), values.to_vec()).is_some()
        };
        assert!(check(&[0], &[], &[]));
        assert!(check(&[0, 2, 2], &[0, 2], &[0.5, 0.5]));
        assert!(!check(&[], &[], &[]));
        assert!(!check(&[1, 2], &[0, 2], &[0.5, 0.5]));
        assert!(!check(&[0, 3], &[0, 2], &[0.5, 0.5]));
        assert!(!check(&[0, 2, 1, 2], &[0, 2], &[0.5, 0.5]));
        assert!(!check(&[0, 2], &[0, 3], &[0.5, 0.5]));
        assert!(!check(&[0, 2], &[2, 0], &[0.5, 0.5]));
        assert!(!check(&[0, 2], &[1, 1], &[0.5, 0.5]));
        assert!(!check(&[0, 2], &[0, 2], &[0.5]));
        assert!(!check(&[0, 1], &[0], &[f32::NAN]));
    }

    #[test]
    fn a_row_without_terms_is_absent() {
        let mut matrix = CsrMatrix::new(2);
        matrix.push_row(&[1], &[1.0]);
        matrix.push_row(&[], &[]);
        assert_eq!(Embeddings::from_sparse(matrix).present, [true, false]);
    }
}
