//! In each batch: negatives that are farther than the positive, but not by the margin (Schroff, Kalenichenko and Philbin,
//! "FaceNet", CVPR 2015, section 3.2). Harder ones can collapse all embeddings into one point early on.

use super::{BatchDistances, MinerRecipe, MinerSpec, Triplet};
use crate::train::labels::Relation;

/// The line in the table.
pub const SPEC: MinerSpec = MinerSpec {
    id: "semi-hard",
    label: "Semi-hard",
    summary: "Negatives just beyond the positive, within the margin: hard enough to teach, not hard enough to collapse.",
    default: MinerRecipe::SemiHard { margin: 0.2 },
};

/// For each anchor and positive the nearest negative in the band `d(a, p) < d(a, n) < d(a, p) + margin`; none where the
/// band is empty.
pub fn semi_hard(batch: &BatchDistances, margin: f64) -> Vec<Triplet> {
    let mut triplets = Vec::new();
    for anchor in 0..batch.n_rows() {
        for (positive, near) in batch.related(anchor, Relation::Same) {
            let in_band = batch
                .related(anchor, Relation::Different)
                .filter(|(_, far)| *far > near && f64::from(*far) < f64::from(near) + margin)
                .min_by(|left, right| left.1.total_cmp(&right.1));
            if let Some((negative, _)) = in_band {
                triplets.push(Triplet {
                    anchor: anchor as u32,
                    positive: positive as u32,
                    negative: negative as u32,
                });
            }
        }
    }
    triplets
}
