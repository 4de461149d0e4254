//! Every row once, in random order.

use super::{SamplerRecipe, SamplerSpec};
use crate::train::Random;

/// The line in the table.
pub const SPEC: SamplerSpec = SamplerSpec {
    id: "shuffled",
    label: "Shuffled",
    summary: "Every posting once an epoch, in random order.",
    default: SamplerRecipe::Shuffled,
};

/// `rows` in random order.
pub fn shuffled(rows: &[u32], random: &mut Random) -> Vec<u32> {
    let mut order = rows.to_vec();
    random.shuffle(&mut order);
    order
}
