//! `tfidf-word`: the words of a title, weighed by how often they stand there and how rare they are in the catalogue.

use super::terms::Terms;
use super::tfidf::{TermFrequency, Vectorizer};
use crate::encode::table::BuiltIn;
use crate::encode::{Encoder, EncoderOptions, Modality, OutputKind};

/// Its line in the table.
pub(in crate::encode) const SPEC: BuiltIn = BuiltIn {
    id: "tfidf-word",
    label: "Words (TF-IDF)",
    summary: "Words weighed by how rare they are and how often the title repeats them",
    modality: Modality::Text,
    output: OutputKind::Sparse,
    open: |options| Encoder::Fits(Box::new(vectorizer(options))),
};

/// scikit-learn's `TfidfVectorizer()`, with `stop_words="english"` if asked for.
pub(super) fn vectorizer(options: &EncoderOptions) -> Vectorizer {
    let terms = Terms::words(options);
    Vectorizer { fingerprint: terms.fingerprint("tfidf-word 1"), terms, frequency: TermFrequency::Count }
}
