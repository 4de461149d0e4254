//! `idf-word`: each word of a title once, weighed by how rare it is in the catalogue. It never counts repeats.

use super::terms::Terms;
use super::tfidf::{TermFrequency, Vectorizer};
use crate::encode::table::BuiltIn;
use crate::encode::{Encoder, EncoderOptions, Modality, OutputKind};

/// Its line in the table.
pub(in crate::encode) const SPEC: BuiltIn = BuiltIn {
    id: "idf-word",
    label: "Rare words (IDF)",
    summary: "Words weighed by how rare they are, each counted once: the best text encoder that needs no model",
    modality: Modality::Text,
    output: OutputKind::Sparse,
    open: |options| Encoder::Fits(Box::new(vectorizer(options))),
};

/// scikit-learn's `TfidfVectorizer(binary=True)`, with `stop_words="english"` if asked for.
pub(super) fn vectorizer(options: &EncoderOptions) -> Vectorizer {
    let terms = Terms::words(options);
    Vectorizer { fingerprint: terms.fingerprint("idf-word 1"), terms, frequency: TermFrequency::Binary }
}
