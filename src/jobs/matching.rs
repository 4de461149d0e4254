//! Placeholder types until the jobs land.

use std::sync::Arc;

use crate::catalog::Catalog;
use crate::encode::Embeddings;
use crate::fuse::PairTable;
use crate::index::{Metric, Neighbors};
use crate::matching::{Clusters, Tuned};
use crate::project::MatchSettings;

/// One modality of the grounds.
#[derive(Clone, Debug)]
pub struct ModalityGround {
    /// Encoder id.
    pub encoder: String,
    /// One row a posting.
    pub embeddings: Arc<Embeddings>,
    /// Their neighbours.
    pub neighbors: Arc<Neighbors>,
}

/// Everything matching needs that does not depend on fusion, weight or threshold. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Grounds {
    /// The catalogue.
    pub catalog: Arc<Catalog>,
    /// Pictures, where the settings name an image encoder and the catalogue has pictures.
    pub image: Option<ModalityGround>,
    /// Titles, likewise.
    pub text: Option<ModalityGround>,
    /// Candidate pairs with their exact similarities.
    pub table: Arc<PairTable>,
    /// Similarity the neighbours were found by.
    pub metric: Metric,
    /// Neighbours a posting.
    pub k: usize,
    wanted: (Option<String>, Option<String>),
}

/// Where the threshold comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ThresholdRule {
    /// From the settings.
    #[default]
    Fixed,
    /// The best mean per-row F1 on the catalogue's labels; where there are none, from the settings.
    Tuned {
        /// Fewest matches a row while tuning, itself included (2 = "at least two").
        min_matches: usize,
    },
}

/// The result of matching.
#[derive(Clone, Debug)]
pub struct MatchOutcome {
    /// The settings in force: as asked for, with the threshold (or both thresholds) that were tuned.
    pub settings: MatchSettings,
    /// Fused neighbour lists, best first, the posting itself first.
    pub neighbors: Arc<Neighbors>,
    /// Clusters at the threshold.
    pub clusters: Arc<Clusters>,
    /// How the threshold was chosen; `None` when it was given.
    pub tuned: Option<Arc<Tuned>>,
    /// The grounds it was made on.
    pub grounds: Arc<Grounds>,
    /// Seconds it took on these grounds.
    pub secs: f64,
}
