//! Station 3: learns from decisions. Losses, miners, samplers, heads, optimisers and the trainer that joins them, on
//! cached embeddings. Knows neither the project's folder nor the window, and starts no thread of its own.

mod error;
pub mod losses;
mod math;
mod random;

pub use error::TrainError;
pub use random::Random;
