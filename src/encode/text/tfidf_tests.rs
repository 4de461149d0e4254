//! The rows against scikit-learn, and the promises of fitting.

#![allow(clippy::unwrap_used, reason = "a test that cannot unwrap should fail")]

use std::io::Write;
use std::path::PathBuf;

use crate::encode::text::{idf_word, tfidf_char, tfidf_word};
use crate::encode::{CsrMatrix, EmbeddingRows, Embeddings, EncoderOptions, FitsText};

use super::Vectorizer;

const TITLES: &[&str] = &["red bag red", "blue bag", "", "the blue bag", "?"];

/// The shared folder, or `None` (said plainly) where it is not.
fn shared(file: &str) -> Option<PathBuf> {
    let folder =
        std::env::var_os("LOOKALIKE_SHARED").map_or_else(|| PathBuf::from("../shared"), PathBuf::from);
    let path = folder.join(file);
    if path.exists() {
        return Some(path);
    }
    let _ = writeln!(std::io::stderr(), "skipped: {} is not there", path.display());
    None
}

fn words(vectorizer: fn(&EncoderOptions) -> Vectorizer) -> Vectorizer {
    vectorizer(&EncoderOptions::default())
}

/// Columns and values (to six digits) of each row, against scikit-learn's.
fn check_rows(matrix: &CsrMatrix, expected: &[&[(u32, f32)]]) {
    assert_eq!(matrix.n_rows(), expected.len());
    for (row, expected) in expected.iter().enumerate() {
        let (columns, values) = matrix.row(row);
        assert_eq!(columns, expected.iter().map(|entry| entry.0).collect::<Vec<_>>(), "row {row}");
        for (found, expected) in values.iter().zip(*expected) {
            assert!((found - expected.1).abs() < 2e-7, "row {row}: {found} {}", expected.1);
        }
    }
}

// TfidfVectorizer(binary=...).fit_transform(TITLES), scikit-learn 1.9.1; columns are bag, blue, red, the.
#[test]
fn small_corpus_parity() {
    let (_, tfidf) = words(tfidf_word::vectorizer).fit(TITLES);
    check_rows(
        &tfidf,
        &[
            &[(0, 0.317_526_8), (2, 0.948_249_3)],
            &[(0, 0.638_710_6), (1, 0.769_447_1)],
            &[],
            &[(0, 0.462_207_7), (1, 0.556_816_2), (3, 0.690_159_3)],
            &[],
        ],
    );
    let (_, idf) = words(idf_word::vectorizer).fit(TITLES);
    check_rows(
        &idf,
        &[
            &[(0, 0.556_450_5), (2, 0.830_880_8)],
            &[(0, 0.638_710_6), (1, 0.769_447_1)],
            &[],
            &[(0, 0.462_207_7), (1, 0.556_816_2), (3, 0.690_159_3)],
            &[],
        ],
    );
}

#[test]
fn stop_words_are_left_out_of_words_and_change_the_fingerprint() {
    let options = EncoderOptions { english_stop_words: true, ..EncoderOptions::default() };
    for vectorizer in [idf_word::vectorizer, tfidf_word::vectorizer] {
        assert_eq!(vectorizer(&options).fit(TITLES).1.width, 3);
        assert_ne!(vectorizer(&options).fingerprint(), words(vectorizer).fingerprint());
    }
}

#[test]
fn a_fitted_corpus_embeds_its_own_titles_the_same_and_ignores_unknown_words() {
    for vectorizer in [words(idf_word::vectorizer), words(tfidf_word::vectorizer), tfidf_char::vectorizer()] {
        let (fitted, corpus) = vectorizer.fit(TITLES);
        assert_eq!(fitted.embed(TITLES), corpus);
        assert_eq!(corpus.non_empty_rows()[..4], [true, true, false, true]);
        let unknown = fitted.embed(&["zzzzz", "bag zzzzz", "bag"]);
        assert_eq!(unknown.width, corpus.width);
        assert_eq!(unknown.row(0).0, [0u32; 0]);
        assert!(!unknown.row(1).0.is_empty());
    }
}

#[test]
fn no_titles_at_all_are_an_empty_matrix() {
    for titles in [&[][..], &["", "?"][..]] {
        let (fitted, corpus) = words(idf_word::vectorizer).fit(titles);
        assert_eq!((corpus.width, corpus.n_rows(), corpus.columns.len()), (0, titles.len(), 0));
        assert_eq!(fitted.embed(&["bag"]).n_rows(), 1);
    }
}

/// The corpus is split in shares to count it: the answer must not depend on the split.
#[test]
fn the_rows_do_not_depend_on_the_number_of_threads() {
    let titles: Vec<String> =
        (0..2000).map(|i| format!("item{} size{} colour{}", i % 97, i % 7, i % 13)).collect();
    let titles: Vec<&str> = titles.iter().map(String::as_str).collect();
    let fit = |n_threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(n_threads).build().unwrap();
        pool.install(|| words(idf_word::vectorizer).fit(&titles).1)
    };
    assert_eq!(fit(1), fit(3));
}

fn check_cosines(case: &str, vectorizer: &Vectorizer) {
    let Some(path) = shared("parity/metrics.json") else { return };
    let golden: serde_json::Value = serde_json::from_reader(std::fs::File::open(path).unwrap()).unwrap();
    let golden = &golden[case];
    let titles: Vec<String> = serde_json::from_value(golden["docs"].clone()).unwrap();
    let cosines: Vec<Vec<f32>> = serde_json::from_value(golden["cosine"].clone()).unwrap();
    let titles: Vec<&str> = titles.iter().map(String::as_str).collect();
    let (_, matrix) = vectorizer.fit(&titles);
    assert_eq!(matrix.width as u64, golden["features"].as_u64().unwrap());
    let embeddings = Embeddings { present: vec![true; titles.len()], rows: EmbeddingRows::Sparse(matrix) };
    for (a, row) in cosines.iter().enumerate() {
        for (b, expected) in row.iter().enumerate() {
            let found = embeddings.similarity(a, b).unwrap();
            assert!((found - expected).abs() < 1e-6, "{case} {a} {b}: {found} {expected}");
        }
    }
}

#[test]
fn cosines_parity() {
    check_cosines("tfidf_word", &words(tfidf_word::vectorizer));
    check_cosines("tfidf_idf_binary", &words(idf_word::vectorizer));
    check_cosines("tfidf_char_wb_3_5", &tfidf_char::vectorizer());
}
