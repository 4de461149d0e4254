//! Station 3: from ranked neighbours to answers: thresholds, each row's matches, clusters, candidates by doubt, submissions.

mod candidates;
mod clusters;
mod edges;
mod matchers;
mod matches;
mod questions;
mod submission;
mod title_flags;
mod tune;
mod union_find;

pub use candidates::{Candidate, candidates_by_doubt};
pub use clusters::{Cluster, ClusterOptions, Clusters, cluster};
pub use matchers::{
    FittedMatcher, GroundRows, Known, LabelledPool, LearnFunction, MATCHERS, MatchGround, MatcherError,
    MatcherParameter, MatcherRecipe, MatcherSpec, Setting, matcher_spec, shares_of_group_sizes,
};
pub use matches::{MatchOptions, row_matches};
pub use questions::{Drawing, Pool, Question, QuestionRows, draw_questions, rank_order};
pub use submission::{write_candidate_scores, write_submission};
pub use title_flags::{TitleFlag, title_flags};
pub use tune::{Tuned, tune};
