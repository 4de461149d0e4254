//! Lookalike finds, reviews and learns product look-alikes.
//!
//! The modules stand in the order in which data flows through them; a module imports only from
//! modules above it in this list (`tests/architecture.rs` enforces it, ARCHITECTURE.md explains it).

pub mod app; // 6 the window's brain: state, commands, effects
pub mod catalog; // 0 postings: loaders, titles, pictures, the demo catalogue
pub mod cli; // 7 the command line
pub mod encode; // 2 pictures and titles become embeddings
pub mod fuse; // 2 several similarities become one
pub mod index; // 2 nearest neighbours
pub mod jobs; // 5 background work
pub mod matching; // 3 thresholds, clusters, candidates, submissions
pub mod metrics; // 0 how good an answer is, given labels
pub mod nn; // 1 devices, weight files, layers, kernels
pub mod project; // 4 the folder on disk
pub mod review; // 3 verdicts, the decision log, the queue, labels in and out
pub mod train; // 3 losses, miners, heads, optimisers, the trainer
pub mod ui; // 7 the window
