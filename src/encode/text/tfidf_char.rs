//! `tfidf-char`: runs of three to five letters within words, so that misspelt and joined words still meet.
//! It never uses stop words.

use super::terms::Terms;
use super::tfidf::{TermFrequency, Vectorizer};
use crate::encode::table::BuiltIn;
use crate::encode::{Encoder, Modality, OutputKind};

/// Its line in the table.
pub(in crate::encode) const SPEC: BuiltIn = BuiltIn {
    id: "tfidf-char",
    label: "Letter runs (TF-IDF)",
    summary: "Runs of 3 to 5 letters within words: slower than words, forgives spelling and joined words",
    modality: Modality::Text,
    output: OutputKind::Sparse,
    open: |_| Encoder::Fits(Box::new(vectorizer())),
};

/// scikit-learn's `TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 5))`.
pub(super) fn vectorizer() -> Vectorizer {
    let terms = Terms::CharsWithinWords(3..=5);
    Vectorizer { fingerprint: terms.fingerprint("tfidf-char 1"), terms, frequency: TermFrequency::Count }
}
