//! Query expansion whose neighbours count by their similarity to the power alpha, an alpha for each modality.
//!
//! Radenović, Tolias and Chum, "Fine-tuning CNN Image Retrieval with No Human Annotation", TPAMI 2018, section 3.2 (alpha-QE;
//! alpha = 0 is the average). Ties: as in the index, by posting key.

use super::blend::Blend;
use super::query_expansion::{BOTH, N_EXPANDED, expanded, rule};
use super::spec::{MatcherParameter, MatcherSpec};
use super::threshold::{MIN_MATCHES, WEIGHT};

const ALPHA: MatcherParameter = MatcherParameter {
    name: "image_alpha",
    explanation: "Power of the similarity by which a neighbour's picture (or all, where there is one score) counts; 0 counts all alike",
    default: Some(3.0),
    range: (0.0, 20.0),
    choices: &[0.0, 1.0, 2.0, 3.0, 5.0],
};
const TEXT_ALPHA: MatcherParameter = MatcherParameter {
    name: "text_alpha",
    explanation: "The same for its title (or for frozen rows beside a trained head)",
    ..ALPHA
};

/// The line in the table.
pub const SPEC: MatcherSpec = MatcherSpec {
    id: "alpha-query-expansion",
    label: "Weighted query expansion",
    summary: "As query expansion, but near neighbours count more, by a power of their similarity chosen for each modality.",
    source: "Radenović, Tolias and Chum, TPAMI 2018",
    parameters: &[N_EXPANDED, ALPHA, TEXT_ALPHA, BOTH, WEIGHT, MIN_MATCHES],
    fixed_threshold: None,
    reads_rows: true,
    keeps_scores: false,
    learn: None,
    apply: |ground, setting| {
        let ground = ground.weighted(setting.get(WEIGHT.name));
        let [first, second] = [ALPHA, TEXT_ALPHA]
            .map(|alpha| Blend::new(&ground.neighbors, rule(setting, setting.value(alpha.name))));
        // Titles alone have their own alpha.
        let is_text_alone = ground.rows.as_ref().is_some_and(|rows| rows.sides[0].is_none());
        let lead = if is_text_alone { &second } else { &first };
        Ok(expanded(&ground, setting, [lead, &second]))
    },
};
