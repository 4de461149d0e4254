//! Text encoders, one file an architecture.

pub mod architecture;
pub(super) mod idf_word;
pub mod minilm;
mod stop_words;
mod terms;
mod tfidf;
pub(super) mod tfidf_char;
pub(super) mod tfidf_word;
