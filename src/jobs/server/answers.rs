//! Answers to interactive requests, from what the compute thread holds in memory.

use std::sync::Arc;

use super::Order;
use super::compute::{Compute, nothing_matched};
use crate::catalog::preview;
use crate::jobs::{
    Context, JobError, MatchOutcome, MatchPlan, Outcome, Request, RowRule, SearchQuery, SearchRows,
    SilentReporter, collect_statistics, export, import, search,
};
use crate::review::build_queue;

impl Compute {
    /// The answer to an interactive request, from what is in memory.
    pub(super) fn answer(&self, order: &Order) -> Result<Outcome, JobError> {
        match &order.request {
            Request::Preview { path, generation } => Ok(Outcome::Previewed {
                path: path.clone(),
                preview: preview(path)?,
                generation: *generation,
            }),
            Request::Match { settings, rule, review, generation } => {
                let grounds = self.grounds_for(settings).ok_or_else(nothing_matched)?;
                let plan = MatchPlan { settings, rule: *rule, review: Some(review) };
                let context = Context::new(&SilentReporter, order.cancel.clone());
                let matched = self.match_on(&grounds, &plan, &context)?;
                Ok(Outcome::Matched { matched: Arc::new(matched), generation: *generation })
            }
            Request::BuildQueue { kind, sort, matched, review, generation } => {
                let MatchOutcome { neighbors, clusters, settings, grounds, .. } = &**matched;
                let queue = build_queue(
                    *kind,
                    *sort,
                    &grounds.catalog,
                    neighbors,
                    clusters,
                    review,
                    settings.threshold,
                );
                Ok(Outcome::Queue { kind: *kind, queue: Arc::new(queue), generation: *generation })
            }
            Request::Search { query, k, generation } => {
                let bench = self.bench()?;
                let grounds = self.state.borrow().grounds.last().cloned().ok_or_else(nothing_matched)?;
                let ground = match query {
                    SearchQuery::Title(_) => &grounds.text,
                    SearchQuery::Picture(_) => &grounds.image,
                };
                let ground = ground.as_ref().ok_or_else(|| {
                    let refusal = match query {
                        SearchQuery::Title(_) => "titles are not compared here. Choose a text encoder and a fusion that reads it",
                        SearchQuery::Picture(_) => "pictures are not compared here. Choose an image encoder and a fusion that reads it",
                    };
                    JobError::Refused(refusal.to_owned())
                })?;
                let context = Context::new(&SilentReporter, order.cancel.clone());
                let rows = SearchRows {
                    encoder: &ground.encoder,
                    translate: ground.translate.as_deref(),
                    embeddings: &ground.embeddings,
                };
                let hits = search(&bench, rows, query, *k, grounds.metric, &context)?;
                Ok(Outcome::Found { hits, generation: *generation })
            }
            Request::Export { format, path, matched, review } => {
                let bench = self.bench()?;
                let n_bytes =
                    export(format, path, &bench.catalog, matched.as_deref(), RowRule::default(), review)?;
                Ok(Outcome::Exported { path: path.clone(), n_bytes })
            }
            Request::ImportPairs { path } => {
                let (gesture, problems) = import(path, &self.bench()?.catalog)?;
                Ok(Outcome::Imported { gesture, problems, path: path.clone() })
            }
            Request::Trained(task) => self.do_trained(task),
            Request::CountLabels { recipe, labels, review, generation } => {
                self.count_labels(recipe, *labels, review, *generation)
            }
            Request::CollectStatistics => {
                Ok(Outcome::Statistics(Box::new(collect_statistics(&self.bench()?.catalog))))
            }
            _ => Err(JobError::Refused(format!(
                "\"{}\" cannot be answered between other work",
                order.kind.label()
            ))),
        }
    }
}
