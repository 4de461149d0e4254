//! Text encoders, one file an architecture.

pub mod architecture;
mod bert;
mod blocks;
mod clip_text;
mod distilbert;
pub mod glove;
pub(super) mod idf_word;
pub mod minilm;
mod siglip_text;
mod stop_words;
mod terms;
mod tfidf;
pub(super) mod tfidf_char;
pub(super) mod tfidf_word;
mod tokenizer;
pub mod transformer;
pub mod word_vectors;
mod xlm_roberta;
