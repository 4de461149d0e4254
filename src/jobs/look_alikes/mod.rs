//! One against many: draws or reads questions, scores their candidates by several strategies, and says how good each is. Learns
//! nothing and writes nothing but embeddings, through the cache.

mod questions;
mod rank;
mod strategy;
mod summary;

pub use questions::QuestionSource;
pub use rank::{RankExtra, RankPlan, RankedQuestions, StrategyScores, rank_questions};
pub use strategy::STRATEGY_FORMS;
pub(crate) use summary::add_recall;
pub use summary::{StrategySummary, summarise};
