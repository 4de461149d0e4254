//! The models Lookalike knows: a manifest of facts (`assets/models.ron`), files on disk, downloads.

mod entry;

pub use entry::{ModelEntry, ModelFile, ModelSource, Pooling, TextInput};
