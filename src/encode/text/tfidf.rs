//! TF-IDF rows exactly as scikit-learn's `TfidfVectorizer` makes them: the weight of term t in a title is
//! `tf(t) * (ln((1 + n) / (1 + df(t))) + 1)` (`smooth_idf=True`, n titles of which df(t) hold t), rows are
//! L2-normalised (`norm="l2"`), the vocabulary is in order of code points. Computed in f64, kept in f32.
//! What a term is, is `terms`' concern; nothing here searches.

use std::collections::HashMap;

use rayon::iter::{IndexedParallelIterator, IntoParallelRefIterator, ParallelIterator};
use rayon::slice::{ParallelSlice, ParallelSliceMut};

use super::terms::Terms;
use crate::encode::{CsrMatrix, FitsText, FittedText};

/// What tf(t) is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TermFrequency {
    /// How often the title holds the term.
    Count,
    /// 1, however often (`binary=True`).
    Binary,
}

/// The choices that make an encoder.
#[derive(Clone, Debug)]
pub(super) struct Vectorizer {
    /// Goes into cache keys; must change when the numbers do.
    pub(super) fingerprint: String,
    /// What the terms are.
    pub(super) terms: Terms,
    /// What their frequency is.
    pub(super) frequency: TermFrequency,
}

/// A vectorizer that has seen its corpus.
struct FittedVectorizer {
    terms: Terms,
    frequency: TermFrequency,
    columns: HashMap<Box<str>, u32>,
    idf: Vec<f64>,
}

/// Titles of one share of the corpus, with terms numbered in the order of their first sight there.
struct CountedTitles {
    numbers: HashMap<Box<str>, u32>,
    /// How many of these titles hold each term.
    n_titles_with: Vec<u32>,
    offsets: Vec<usize>,
    /// Term and how often, by title.
    counts: Vec<(u32, u32)>,
}

impl FitsText for Vectorizer {
    fn fingerprint(&self) -> String {
        self.fingerprint.clone()
    }

    fn fit(&self, titles: &[&str]) -> (Box<dyn FittedText>, CsrMatrix) {
        let share = titles.len().div_ceil(4 * rayon::current_num_threads()).max(256);
        let shares: Vec<CountedTitles> =
            titles.par_chunks(share).map(|titles| count_terms(&self.terms, titles)).collect();

        let mut vocabulary: Vec<&str> =
            shares.iter().flat_map(|share| share.numbers.keys().map(AsRef::as_ref)).collect();
        vocabulary.par_sort_unstable();
        vocabulary.dedup();
        let columns: HashMap<Box<str>, u32> =
            vocabulary.iter().zip(0..).map(|(&term, column)| (term.into(), column)).collect();

        let column_maps: Vec<Vec<u32>> =
            shares.par_iter().map(|share| columns_of_numbers(share, &columns)).collect();
        let mut n_titles_with = vec![0u32; vocabulary.len()];
        for (share, columns) in shares.iter().zip(&column_maps) {
            for (&column, n_titles) in columns.iter().zip(&share.n_titles_with) {
                n_titles_with[column as usize] += n_titles;
            }
        }
        let n_titles = titles.len() as f64;
        let idf: Vec<f64> =
            n_titles_with.iter().map(|&df| ((1.0 + n_titles) / (1.0 + f64::from(df))).ln() + 1.0).collect();

        let parts: Vec<CsrMatrix> = shares
            .par_iter()
            .zip(&column_maps)
            .map(|(share, columns)| {
                let mut rows = RowWriter::new(&idf, self.frequency);
                for span in share.offsets.windows(2) {
                    let counts = share.counts.get(span[0]..span[1]).unwrap_or_default();
                    rows.push(counts.iter().map(|&(number, count)| (columns[number as usize], count)));
                }
                rows.matrix
            })
            .collect();
        let fitted = FittedVectorizer { terms: self.terms.clone(), frequency: self.frequency, columns, idf };
        (Box::new(fitted), stack(parts, vocabulary.len()))
    }
}

impl FittedText for FittedVectorizer {
    fn embed(&self, titles: &[&str]) -> CsrMatrix {
        let mut rows = RowWriter::new(&self.idf, self.frequency);
        let mut found = Vec::new();
        for title in titles {
            found.clear();
            self.terms.each(title, |term| found.extend(self.columns.get(term)));
            found.sort_unstable();
            rows.push(found.chunk_by(|a, b| a == b).map(|same| (same[0], same.len() as u32)));
        }
        rows.matrix
    }
}

/// Counts the terms of each title.
fn count_terms(terms: &Terms, titles: &[&str]) -> CountedTitles {
    let mut counted = CountedTitles {
        numbers: HashMap::new(),
        n_titles_with: Vec::new(),
        offsets: vec![0],
        counts: Vec::new(),
    };
    let mut found: Vec<u32> = Vec::new();
    for title in titles {
        found.clear();
        terms.each(title, |term| {
            let number = counted.numbers.get(term).copied().unwrap_or_else(|| {
                let number = counted.n_titles_with.len() as u32;
                counted.numbers.insert(term.into(), number);
                counted.n_titles_with.push(0);
                number
            });
            found.push(number);
        });
        found.sort_unstable();
        for same in found.chunk_by(|a, b| a == b) {
            counted.n_titles_with[same[0] as usize] += 1;
            counted.counts.push((same[0], same.len() as u32));
        }
        counted.offsets.push(counted.counts.len());
    }
    counted
}

/// The corpus's column of each of a share's term numbers.
fn columns_of_numbers(share: &CountedTitles, columns: &HashMap<Box<str>, u32>) -> Vec<u32> {
    let mut of_numbers = vec![0; share.numbers.len()];
    for (term, &number) in &share.numbers {
        if let Some(&column) = columns.get(term) {
            of_numbers[number as usize] = column;
        }
    }
    of_numbers
}

/// Weighs and normalises counted terms, row by row.
struct RowWriter<'a> {
    idf: &'a [f64],
    frequency: TermFrequency,
    weights: Vec<(u32, f64)>,
    matrix: CsrMatrix,
}

impl<'a> RowWriter<'a> {
    fn new(idf: &'a [f64], frequency: TermFrequency) -> Self {
        Self { idf, frequency, weights: Vec::new(), matrix: CsrMatrix::new(idf.len()) }
    }

    /// Appends the row of a title with these columns (in any order, each once) and counts.
    fn push(&mut self, counts: impl Iterator<Item = (u32, u32)>) {
        self.weights.clear();
        for (column, count) in counts {
            let tf = match self.frequency {
                TermFrequency::Count => f64::from(count),
                TermFrequency::Binary => 1.0,
            };
            self.weights.push((column, tf * self.idf[column as usize]));
        }
        self.weights.sort_unstable_by_key(|&(column, _)| column);
        let norm = self.weights.iter().map(|(_, weight)| weight * weight).sum::<f64>().sqrt();
        self.matrix.columns.extend(self.weights.iter().map(|&(column, _)| column));
        self.matrix.values.extend(self.weights.iter().map(|&(_, weight)| (weight / norm) as f32));
        self.matrix.offsets.push(self.matrix.columns.len());
    }
}

/// The rows of all parts, one below the other.
fn stack(parts: Vec<CsrMatrix>, width: usize) -> CsrMatrix {
    let mut stacked = CsrMatrix::new(width);
    let n_entries = parts.iter().map(|part| part.columns.len()).sum();
    stacked.columns.reserve_exact(n_entries);
    stacked.values.reserve_exact(n_entries);
    for part in parts {
        let n_before = stacked.columns.len();
        stacked.offsets.extend(part.offsets.iter().skip(1).map(|offset| n_before + offset));
        stacked.columns.extend_from_slice(&part.columns);
        stacked.values.extend_from_slice(&part.values);
    }
    stacked
}

#[cfg(test)]
#[path = "tfidf_tests.rs"]
mod tests;
