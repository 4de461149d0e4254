//! Training of a network's last blocks together with the head. What stands before them is computed once for a few changed views of
//! each picture and kept as maps, so that a step costs only what it trains. Decodes no picture and opens no file: the caller
//! computes the maps that [`views`] asks for.

mod maps;
mod recipe;
mod tail;
mod views;

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests;

pub use maps::Maps;
pub use recipe::{BackboneRecipe, NormStatistics, TrainedPart};
pub use tail::Tail;
pub use views::{View, ViewKind, views};
