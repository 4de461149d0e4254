//! Rows drawn with replacement, those of rare groups more often.

use super::{SamplerRecipe, SamplerSpec};
use crate::train::Random;
use crate::train::labels::Labels;

/// The line in the table.
pub const SPEC: SamplerSpec = SamplerSpec {
    id: "weighted",
    label: "Weighted by group",
    summary: "Postings of small groups come more often, so that a few large groups do not decide everything.",
    default: SamplerRecipe::Weighted { power: 0.5 },
};

/// As many draws as there are rows; a row weighs (size of its group among `rows`)^-power, one without a group nothing.
pub fn weighted(rows: &[u32], labels: &Labels, power: f64, random: &mut Random) -> Vec<u32> {
    let members = labels.members(rows);
    let mut candidates = Vec::with_capacity(rows.len());
    let mut upper_ends = Vec::with_capacity(rows.len());
    let mut total = 0.0;
    for rows in members.values() {
        let weight = (rows.len() as f64).powf(-power);
        for &row in rows {
            total += weight;
            candidates.push(row);
            upper_ends.push(total);
        }
    }
    let draw = |random: &mut Random| {
        let place = random.unit() * total;
        let index = upper_ends.partition_point(|end| *end <= place);
        candidates.get(index.min(candidates.len().saturating_sub(1))).copied()
    };
    (0..rows.len()).filter_map(|_| draw(random)).collect()
}
