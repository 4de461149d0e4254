//! Text encoders, one file an architecture.

pub mod minilm;
