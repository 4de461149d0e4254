//! How embeddings become matches, as options shared by `match`, `evaluate` and `export`. What is not given is as in project.ron.

use std::path::PathBuf;
use std::sync::Arc;

use super::session::{DeviceArgs, Session};
use crate::encode::{EncoderTable, Modality, ModelStore};
use crate::fuse::FUSIONS;
use crate::index::{Metric, Search};
use crate::jobs::{
    Context, Grounds, JobError, MatchOutcome, MatchPlan, RowRule, ThresholdRule, TrainedModel, match_trained,
    match_with, trained_neighbors,
};
use crate::matching::{MATCHERS, MatcherRecipe};
use crate::project::{MatchSettings, TrainedModels};
use crate::review::ReviewState;

/// Options of matching.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct MatchArgs {
    /// The project folder.
    #[arg(long, value_name = "DIR")]
    pub(super) project: PathBuf,
    #[arg(long, value_name = "ID", help = format!("Fusion strategy: {}", fusion_ids()))]
    fusion: Option<String>,
    #[arg(long, value_name = "ID", help = format!("Image encoder, or none: {}", encoder_ids(Modality::Image)))]
    image_encoder: Option<String>,
    #[arg(long, value_name = "ID", help = format!("Text encoder, or none: {}", encoder_ids(Modality::Text)))]
    text_encoder: Option<String>,
    /// Share of the image similarity in a weighted fusion, from 0 to 1.
    #[arg(long, value_name = "W", value_parser = parse_share)]
    weight: Option<f32>,
    /// Smallest fused score of a match.
    #[arg(long, value_name = "T", allow_negative_numbers = true, conflicts_with_all = ["tune", "no_threshold"])]
    threshold: Option<f32>,
    /// Smallest image similarity of a match (fusion `union`).
    #[arg(long, value_name = "T", allow_negative_numbers = true, conflicts_with = "tune")]
    image_threshold: Option<f32>,
    /// Smallest text similarity of a match (fusion `union`).
    #[arg(long, value_name = "T", allow_negative_numbers = true, conflicts_with = "tune")]
    text_threshold: Option<f32>,
    /// Choose the threshold with the best mean F1 on the catalogue's own groups.
    #[arg(long, conflicts_with = "no_threshold")]
    tune: bool,
    /// Take each posting's k nearest, however far.
    #[arg(long)]
    no_threshold: bool,
    /// Give every posting at least one match besides itself.
    #[arg(long)]
    at_least_two: bool,
    #[arg(long, value_name = "ID", help = format!("What makes matches of scores: {}; `lookalike matchers` explains them", matcher_ids()))]
    matcher: Option<String>,
    /// Fix a parameter of the matcher, such as stages=2; may be given again. With --tune those not given are chosen on the
    /// catalogue's groups.
    #[arg(long, value_name = "NAME=VALUE", value_parser = parse_matcher_value)]
    matcher_set: Vec<(String, f64)>,
    /// Similarity: cosine or euclidean.
    #[arg(long, value_name = "M", value_parser = parse_metric)]
    metric: Option<Metric>,
    /// Neighbours a posting, the posting itself counted.
    #[arg(long, value_name = "K", value_parser = clap::value_parser!(u32).range(1..=1000))]
    k: Option<u32>,
    /// How neighbours are looked for: auto (exactly up to 300,000 postings), exact, or approximate:RECALL.
    #[arg(long, value_name = "HOW")]
    neighbors: Option<Search>,
    /// Match by a trained model: the recipe's id, or none. Without it the promoted model is used, where there is one and no
    /// encoder, fusion, weight or metric is asked for.
    #[arg(long, value_name = "ID", conflicts_with_all = ["fusion", "image_encoder", "text_encoder", "weight",
        "image_threshold", "text_threshold", "metric", "matcher", "matcher_set"])]
    trained: Option<String>,
    #[command(flatten)]
    pub(super) device: DeviceArgs,
}

impl MatchArgs {
    /// The project's settings with what was given put over them.
    pub(super) fn over(&self, before: &MatchSettings) -> MatchSettings {
        // A trained model is taken by its own options, never by these.
        let mut settings = before.frozen();
        let put = |slot: &mut Option<String>, given: &Option<String>| {
            if let Some(id) = given {
                *slot = (id != "none").then(|| id.clone());
            }
        };
        put(&mut settings.image_encoder, &self.image_encoder);
        put(&mut settings.text_encoder, &self.text_encoder);
        settings.fusion = self.fusion.clone().unwrap_or(settings.fusion);
        settings.params.image_weight = self.weight.unwrap_or(settings.params.image_weight);
        settings.params.image_threshold = self.image_threshold.unwrap_or(settings.params.image_threshold);
        settings.params.text_threshold = self.text_threshold.unwrap_or(settings.params.text_threshold);
        settings.threshold = self.threshold.unwrap_or(settings.threshold);
        if let Some(id) = &self.matcher {
            settings.matcher = MatcherRecipe { id: id.clone(), ..MatcherRecipe::default() };
        }
        settings.matcher.values.extend(self.matcher_set.iter().cloned());
        settings.metric = self.metric.unwrap_or(settings.metric);
        settings.k = self.k.map_or(settings.k, |k| k as usize);
        settings.search = self.neighbors.unwrap_or(settings.search);
        settings
    }

    /// How each row's matches are cut.
    pub(super) fn row_rule(&self) -> RowRule {
        RowRule { min_matches: self.min_matches(), is_thresholded: !self.no_threshold }
    }

    fn min_matches(&self) -> usize {
        if self.at_least_two { 2 } else { 1 }
    }

    /// Opens the project and matches.
    pub(super) fn run(
        &self,
        context: &Context<'_>,
    ) -> Result<(Session, MatchOutcome, ReviewState), JobError> {
        let session = Session::open(&self.project, &self.device, context)?;
        let review = session.review()?;
        let settings = self.over(&session.project.settings().matching);
        let rule = if self.tune {
            if !session.bench.catalog.has_groups() {
                return Err(JobError::Refused(
                    "the catalogue has no group labels to tune on. Give --threshold instead".to_owned(),
                ));
            }
            ThresholdRule::Tuned { min_matches: self.min_matches() }
        } else {
            ThresholdRule::Fixed
        };
        let matched = match self.trained_model(&session)? {
            Some(model) => {
                // The threshold the window has in force, where the model is the one in use there.
                let own = &session.project.settings().matching;
                let in_force = (own.is_trained() && self.trained.is_none()).then_some(own.threshold);
                let learned = model.receipt.result.after.threshold;
                let settings = MatchSettings {
                    image_encoder: model.receipt.image_encoder.clone(),
                    text_encoder: model.receipt.text_encoder.clone(),
                    fusion: "mean".to_owned(),
                    metric: Metric::Cosine,
                    threshold: self.threshold.or(in_force).unwrap_or(learned),
                    ..settings
                };
                let neighbors = trained_neighbors(&session.bench, &model, context)?;
                let grounds = Arc::new(Grounds::lay(&session.bench, &settings, context)?);
                match_trained(
                    &grounds,
                    neighbors,
                    model.min_matches(),
                    &MatchPlan { settings: &settings, rule, review: Some(&review) },
                )?
            }
            None => {
                let grounds = Arc::new(Grounds::lay(&session.bench, &settings, context)?);
                match_with(&grounds, &MatchPlan { settings: &settings, rule, review: Some(&review) })?
            }
        };
        Ok((session, matched, review))
    }

    /// The trained model to match by: the one named, else the promoted one, unless the options ask for something else.
    pub(super) fn trained_model(&self, session: &Session) -> Result<Option<TrainedModel>, JobError> {
        let models = TrainedModels::new(session.project.trained());
        let files = match self.trained.as_deref() {
            Some("none") => None,
            Some(id) => Some(models.load(id)?),
            None if self.asks_for_more() => None,
            None => models.promoted()?.map(|promotion| models.load_promoted(&promotion)).transpose()?,
        };
        files.map(TrainedModel::new).transpose()
    }

    /// Whether anything is asked for that a trained model would overrule.
    fn asks_for_more(&self) -> bool {
        self.fusion.is_some()
            || self.image_encoder.is_some()
            || self.text_encoder.is_some()
            || self.weight.is_some()
            || self.image_threshold.is_some()
            || self.text_threshold.is_some()
            || self.metric.is_some()
            || self.matcher.is_some()
            || !self.matcher_set.is_empty()
    }
}

/// Ids of the encoders of one modality that need no files, and where the others are listed; for help.
pub(super) fn encoder_ids(modality: Modality) -> String {
    let encoders = EncoderTable::of(&ModelStore::new(PathBuf::new()));
    let own = encoders.of_modality(modality).filter(|spec| spec.needs.is_empty());
    let ids: Vec<&str> = own.map(|spec| spec.id.as_str()).collect();
    format!("{}; `lookalike encoders` lists all", ids.join(", "))
}

/// Ids of the matchers, for help.
pub(super) fn matcher_ids() -> String {
    let ids: Vec<&str> = MATCHERS.iter().map(|spec| spec.id).collect();
    ids.join(", ")
}

/// `NAME=NUMBER`.
pub(super) fn parse_matcher_value(text: &str) -> Result<(String, f64), String> {
    let (name, value) = text.split_once('=').ok_or("give NAME=VALUE, such as stages=2")?;
    let value = value.trim().parse().map_err(|_| format!("`{}` is no number", value.trim()))?;
    Ok((name.trim().to_owned(), value))
}

fn fusion_ids() -> String {
    let ids: Vec<&str> = FUSIONS.iter().map(|spec| spec.id).collect();
    ids.join(", ")
}

fn parse_metric(text: &str) -> Result<Metric, String> {
    match text {
        "cosine" => Ok(Metric::Cosine),
        "euclidean" => Ok(Metric::Euclidean),
        _ => Err("choose cosine or euclidean".to_owned()),
    }
}

fn parse_share(text: &str) -> Result<f32, String> {
    text.parse::<f32>()
        .ok()
        .filter(|share| (0.0..=1.0).contains(share))
        .ok_or_else(|| "give a number from 0 to 1".to_owned())
}
