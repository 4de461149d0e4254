//! The inverted index of a join: for each term the rows that hold it, and each row's terms with the rarest first.
//! It never scores.

use crate::encode::CsrMatrix;

/// Two views of the same entries. A *place* is a present row's position in order of posting key (ties between
/// scores go to the lower place); a *term* is a column's position in order of the number of rows that hold it.
/// A column held by one row alone joins nothing and is left out.
pub(super) struct Postings {
    /// Row at each place.
    pub(super) rows: Vec<u32>,
    /// n_terms + 1 starts into `entries`.
    term_offsets: Vec<usize>,
    /// Place and value, by term, then by place.
    entries: Vec<(u32, f32)>,
    /// n_places + 1 starts into `weights`.
    place_offsets: Vec<usize>,
    /// Term and value, by place, then by term.
    weights: Vec<(u32, f32)>,
}

impl Postings {
    /// Indexes the present rows of `matrix`. Linear in its entries.
    pub(super) fn new(matrix: &CsrMatrix, present: &[bool], key_ranks: &[u32]) -> Self {
        let rows = rows_by_key(present, key_ranks);
        let mut n_holding = vec![0usize; matrix.width];
        for &row in &rows {
            matrix.row(row as usize).0.iter().for_each(|&column| n_holding[column as usize] += 1);
        }
        let mut columns: Vec<u32> =
            (0..matrix.width as u32).filter(|&column| n_holding[column as usize] > 1).collect();
        columns.sort_by_key(|&column| n_holding[column as usize]);
        let mut terms: Vec<Option<u32>> = vec![None; matrix.width];
        columns.iter().zip(0..).for_each(|(&column, term)| terms[column as usize] = Some(term));

        let term_offsets = starts(columns.iter().map(|&column| n_holding[column as usize]));
        let mut entries = vec![(0, 0.0); term_offsets[columns.len()]];
        let mut ends = term_offsets.clone();
        let mut lengths = vec![0; rows.len()];
        for (place, &row) in rows.iter().enumerate() {
            let (columns, values) = matrix.row(row as usize);
            for (&column, &value) in columns.iter().zip(values) {
                if let Some(term) = terms[column as usize] {
                    let end = &mut ends[term as usize];
                    entries[*end] = (place as u32, value);
                    *end += 1;
                    lengths[place] += 1;
                }
            }
        }

        // Going through the terms in order leaves each row's weights in order, without sorting.
        let place_offsets = starts(lengths.into_iter());
        let mut weights = vec![(0, 0.0); entries.len()];
        let mut ends = place_offsets.clone();
        for (span, term) in term_offsets.windows(2).zip(0..) {
            for &(place, value) in &entries[span[0]..span[1]] {
                let end = &mut ends[place as usize];
                weights[*end] = (term, value);
                *end += 1;
            }
        }
        Self { rows, term_offsets, entries, place_offsets, weights }
    }

    /// Number of places.
    pub(super) fn n_places(&self) -> usize {
        self.rows.len()
    }

    /// Terms and values of the row at `place`, rarest first.
    pub(super) fn weights(&self, place: usize) -> &[(u32, f32)] {
        &self.weights[self.place_offsets[place]..self.place_offsets[place + 1]]
    }

    /// Places and values of the rows that hold `term`.
    pub(super) fn holding(&self, term: u32) -> &[(u32, f32)] {
        &self.entries[self.term_offsets[term as usize]..self.term_offsets[term as usize + 1]]
    }
}

/// The present rows in order of key rank.
fn rows_by_key(present: &[bool], key_ranks: &[u32]) -> Vec<u32> {
    let mut rows: Vec<u32> =
        (0..).zip(present).filter(|(_, present)| **present).map(|(row, _)| row).collect();
    rows.sort_by_key(|&row| key_ranks[row as usize]);
    rows
}

/// 0 and the running sums of `lengths`.
fn starts(lengths: impl ExactSizeIterator<Item = usize>) -> Vec<usize> {
    let mut starts = Vec::with_capacity(lengths.len() + 1);
    let mut total = 0;
    starts.push(0);
    for length in lengths {
        total += length;
        starts.push(total);
    }
    starts
}
