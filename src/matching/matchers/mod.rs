//! Matchers: what happens between ranked lists and matches, after any model. One file each, one line in [`MATCHERS`].
//! A matcher gives the lists new scores and says how they are cut; it never looks at labels. [`MatcherRecipe::fit`] does,
//! to choose what the recipe leaves open, on the rows it is given and no others.

mod alpha_query_expansion;
mod at_least_two;
mod blend;
mod fit;
mod ground;
mod group_size_prior;
mod modality_weights;
mod neighbourhood_blending;
mod pair_network;
mod query_expansion;
mod recipe;
mod spec;
mod threshold;
mod united_thresholds;

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests;

pub use fit::shares_of_group_sizes;
pub use ground::{GroundRows, MatchGround};
pub use recipe::{FittedMatcher, MatcherRecipe};
pub use spec::{Known, LabelledPool, LearnFunction, MatcherError, MatcherParameter, MatcherSpec, Setting};

/// Every matcher, in the order pickers show them.
pub const MATCHERS: &[MatcherSpec] = &[
    threshold::SPEC,
    at_least_two::SPEC,
    neighbourhood_blending::SPEC,
    query_expansion::SPEC,
    alpha_query_expansion::SPEC,
    modality_weights::SPEC,
    united_thresholds::SPEC,
    group_size_prior::SPEC,
    pair_network::SPEC,
];

/// The matcher with this id.
pub fn matcher_spec(id: &str) -> Option<&'static MatcherSpec> {
    MATCHERS.iter().find(|spec| spec.id == id)
}
