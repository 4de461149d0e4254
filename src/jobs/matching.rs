//! From embeddings to matches: the cached [`Grounds`] that survive a change of fusion, weight or threshold, and the matching
//! on them. No similarity is computed here; that was done when the grounds were laid.

use std::borrow::Cow;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use super::{Context, JobError, Meter, Workbench, embed, neighbors_of};
use crate::catalog::{Catalog, Problem};
use crate::encode::{Embeddings, Modality};
use crate::fuse::{FUSIONS, FusionParams, FusionSpec, PairTable, Side, fuse, fusion_spec, pair_table};
use crate::index::{JoinOptions, Metric, Neighbors, Search, SearchReport};
use crate::matching::{
    ClusterOptions, Clusters, FittedMatcher, GroundRows, Known, MatchGround, MatcherError, Tuned, cluster,
    shares_of_group_sizes, tune,
};
use crate::project::MatchSettings;
use crate::review::{ReviewState, RowConstraints, row_constraints};

/// Threshold of the fused score of strategies that have two thresholds of their own.
const THRESHOLD_OF_TWO: f32 = 0.5;

/// One modality of the grounds.
#[derive(Clone, Debug)]
pub struct ModalityGround {
    /// Encoder id.
    pub encoder: String,
    /// The translation model its titles passed first.
    pub translate: Option<String>,
    /// One row a posting.
    pub embeddings: Arc<Embeddings>,
    /// Their neighbours.
    pub neighbors: Arc<Neighbors>,
    /// How those were found.
    pub search: SearchReport,
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
    /// How they were looked for.
    pub search: Search,
    /// Pictures that could not be embedded.
    pub problems: Vec<Problem>,
    wanted: Wanted,
    last_fused: Arc<Mutex<Option<LastFused>>>,
}

/// A fusion, its numbers, and the lists it gave.
type LastFused = (&'static str, FusionParams, Arc<Neighbors>);

/// What a matching really reads.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Wanted {
    image: Option<String>,
    text: Option<WantedText>,
}

/// An encoder of titles, and the translation model they pass first.
#[derive(Clone, Debug, PartialEq, Eq)]
struct WantedText {
    encoder: String,
    translate: Option<String>,
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

/// How to match on given grounds.
#[derive(Clone, Copy, Debug)]
pub struct MatchPlan<'a> {
    /// Fusion, weight, threshold, cluster guard.
    pub settings: &'a MatchSettings,
    /// Fixed or tuned.
    pub rule: ThresholdRule,
    /// Decisions that join and part clusters.
    pub review: Option<&'a ReviewState>,
}

/// The result of matching.
#[derive(Clone, Debug)]
pub struct MatchOutcome {
    /// The settings in force: as asked for, with the threshold (or both thresholds) that were tuned.
    pub settings: MatchSettings,
    /// Neighbour lists with the matcher's scores, best first, the posting itself first.
    pub neighbors: Arc<Neighbors>,
    /// The matcher as it was run; `None` where a trained model gave the lists.
    pub matcher: Option<FittedMatcher>,
    /// Fewest matches a posting by the matcher, itself included.
    pub min_matches: usize,
    /// Clusters at the threshold.
    pub clusters: Arc<Clusters>,
    /// How the threshold was chosen; `None` when it was given.
    pub tuned: Option<Arc<Tuned>>,
    /// The grounds it was made on.
    pub grounds: Arc<Grounds>,
    /// Seconds it took on these grounds.
    pub secs: f64,
}

impl ModalityGround {
    fn side(&self, metric: Metric) -> Side<'_> {
        Side { embeddings: &self.embeddings, neighbors: &self.neighbors, metric }
    }
}

impl Grounds {
    /// Lays the grounds for `settings`: embeds what is missing, finds neighbours, scores the candidates of either modality
    /// in both. A fusion that reads one modality alone needs no encoder of the other.
    ///
    /// # Errors
    /// [`JobError::Refused`] when nothing can be compared; else as [`embed`].
    pub fn lay(bench: &Workbench, settings: &MatchSettings, context: &Context<'_>) -> Result<Self, JobError> {
        let catalog = &bench.catalog;
        let wanted = Wanted::by(settings);
        let (has_image, has_text) = (bench.has(Modality::Image), bench.has(Modality::Text));
        let image_encoder = wanted.image.as_deref().filter(|_| has_image);
        let text_encoder = wanted.text.as_ref().map(|text| text.encoder.as_str()).filter(|_| has_text);
        if catalog.n_postings() > 0 && image_encoder.is_none() && text_encoder.is_none() {
            return Err(JobError::Refused(format!(
                "nothing can be compared: the catalogue has {} and the settings ask for {}. Choose an encoder for what it has",
                describe(has_image, has_text),
                describe(wanted.image.is_some(), wanted.text.is_some()),
            )));
        }
        let options = JoinOptions { k: settings.k, metric: settings.metric };
        let mut problems = Vec::new();
        let mut ground = |encoder: Option<&str>,
                          modality: Modality|
         -> Result<Option<ModalityGround>, JobError> {
            let Some(encoder) = encoder else { return Ok(None) };
            let spec = bench.table().spec(encoder)?;
            if spec.modality != modality {
                return Err(JobError::Refused(format!(
                    "`{encoder}` reads {}, so it cannot serve here. `lookalike encoders` lists what reads what",
                    match spec.modality {
                        Modality::Image => "pictures",
                        Modality::Text => "titles",
                    }
                )));
            }
            let embedded = embed(bench, encoder, settings.translate.as_deref(), context)?;
            problems.extend_from_slice(&embedded.problems);
            if !embedded.embeddings.present.contains(&true) {
                return Ok(None);
            }
            let found = neighbors_of(bench, &embedded, options, settings.search, context)?;
            Ok(Some(ModalityGround {
                encoder: encoder.to_owned(),
                translate: embedded.translate,
                embeddings: embedded.embeddings,
                neighbors: found.neighbors,
                search: found.search,
            }))
        };
        let text = ground(text_encoder, Modality::Text)?;
        let image = ground(image_encoder, Modality::Image)?;

        let meter = Meter::new(context.reporter, "Scoring candidate pairs", 0, 0);
        let (image_side, text_side) = (
            image.as_ref().map(|it| it.side(settings.metric)),
            text.as_ref().map(|it| it.side(settings.metric)),
        );
        let table = context.aside(|| pair_table(catalog.n_postings(), image_side, text_side));
        meter.finish();
        context.turn()?;
        Ok(Self {
            catalog: catalog.clone(),
            image,
            text,
            table: Arc::new(table),
            metric: settings.metric,
            k: settings.k,
            search: settings.search,
            problems,
            wanted,
            last_fused: Arc::default(),
        })
    }

    /// The lists of a fusion, those of the last one kept: a threshold moves far more often than a weight.
    fn fused(&self, spec: &'static FusionSpec, params: &FusionParams) -> Arc<Neighbors> {
        let lock = || self.last_fused.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((id, of_params, neighbors)) = &*lock()
            && (*id, of_params) == (spec.id, params)
        {
            return Arc::clone(neighbors);
        }
        let neighbors = Arc::new(fuse(&self.table, spec, params, self.catalog.key_ranks(), self.k));
        *lock() = Some((spec.id, *params, Arc::clone(&neighbors)));
        neighbors
    }

    /// Whether matching by `a` and by `b` needs the same grounds.
    pub fn same_needs(a: &MatchSettings, b: &MatchSettings) -> bool {
        a.metric == b.metric && a.k == b.k && a.search == b.search && Wanted::by(a) == Wanted::by(b)
    }

    /// Whether matching by `settings` needs nothing beyond these grounds.
    pub fn serves(&self, settings: &MatchSettings) -> bool {
        let Wanted { image, text } = Wanted::by(settings);
        self.metric == settings.metric
            && self.k == settings.k
            && self.search == settings.search
            && (image.is_none() || image == self.wanted.image)
            && (text.is_none() || text == self.wanted.text)
    }
}

/// Matches on grounds that serve the settings: fuses, tunes if asked to, clusters.
///
/// # Errors
/// [`JobError::Refused`] when the fusion does not exist or the grounds do not serve the settings.
pub fn match_with(grounds: &Arc<Grounds>, plan: &MatchPlan<'_>) -> Result<MatchOutcome, JobError> {
    let start = Instant::now();
    let mut settings = plan.settings.clone();
    let spec = fusion_spec(&settings.fusion).ok_or_else(|| {
        let known: Vec<&str> = FUSIONS.iter().map(|spec| spec.id).collect();
        JobError::Refused(format!(
            "there is no fusion `{}`. Choose one of: {}",
            settings.fusion,
            known.join(", ")
        ))
    })?;
    if !grounds.serves(&settings) {
        return Err(JobError::Refused(
            "these encoders are not embedded yet. Match again once they are".to_owned(),
        ));
    }
    if spec.uses_two_thresholds {
        settings.threshold = THRESHOLD_OF_TWO;
    }
    let groups = grounds.catalog.group_ids();
    if let ThresholdRule::Tuned { min_matches } = plan.rule
        && spec.uses_two_thresholds
    {
        settings.params = tune_two(grounds, &settings, spec, &groups, min_matches);
    }
    let fused = grounds.fused(spec, &settings.params);
    let ground = ground_of(grounds, &settings, spec, &fused);
    let (matcher, tuned) = fitted(&ground, &settings, plan.rule, &groups)?;
    let neighbors = match matcher.keeps_scores() {
        true => Arc::clone(&fused),
        false => Arc::new(matcher.apply(&ground)?),
    };
    settings.threshold = matcher.threshold;
    let clusters = clusters_of(grounds, &neighbors, &settings, plan.review);
    Ok(MatchOutcome {
        settings,
        neighbors,
        min_matches: matcher.min_matches(),
        matcher: Some(matcher),
        clusters: Arc::new(clusters),
        tuned: tuned.map(Arc::new),
        grounds: grounds.clone(),
        secs: start.elapsed().as_secs_f64(),
    })
}

/// Matches by neighbours a trained head and its matcher gave, which take the place of the fused ones; `grounds` are what is shown
/// beside them. `min_matches` is the matcher's, each posting itself counted.
///
/// # Errors
/// [`JobError::Refused`] when the neighbours belong to another catalogue.
pub fn match_trained(
    grounds: &Arc<Grounds>,
    neighbors: Arc<Neighbors>,
    min_matches: usize,
    plan: &MatchPlan<'_>,
) -> Result<MatchOutcome, JobError> {
    let start = Instant::now();
    if neighbors.n_rows() != grounds.catalog.n_postings() {
        return Err(JobError::Refused(
            "the trained model's neighbours belong to another catalogue. Train it again".to_owned(),
        ));
    }
    let mut settings = plan.settings.clone();
    let tuned = match plan.rule {
        ThresholdRule::Fixed => None,
        ThresholdRule::Tuned { min_matches: least } => {
            tune(&neighbors, &grounds.catalog.group_ids(), least.max(min_matches), settings.k)
        }
    };
    if let Some(tuned) = &tuned {
        settings.threshold = tuned.threshold;
    }
    let clusters = clusters_of(grounds, &neighbors, &settings, plan.review);
    Ok(MatchOutcome {
        settings,
        neighbors,
        matcher: None,
        min_matches,
        clusters: Arc::new(clusters),
        tuned: tuned.map(Arc::new),
        grounds: grounds.clone(),
        secs: start.elapsed().as_secs_f64(),
    })
}

/// What the matcher stands on: fused lists, and the rows and similarities behind them.
fn ground_of<'a>(
    grounds: &'a Grounds,
    settings: &MatchSettings,
    fusion: &'static FusionSpec,
    fused: &'a Neighbors,
) -> MatchGround<'a> {
    let side = |ground: &'a Option<ModalityGround>| ground.as_ref().map(|it| it.embeddings.as_ref());
    MatchGround {
        neighbors: Cow::Borrowed(fused),
        rows: Some(GroundRows {
            sides: [side(&grounds.image), side(&grounds.text)],
            metric: settings.metric,
            table: Cow::Borrowed(&grounds.table),
            fusion,
            params: settings.params,
        }),
        key_ranks: grounds.catalog.key_ranks(),
        k: settings.k,
    }
}

/// The settings' matcher: fitted to the catalogue's labels where the rule asks for it and there are any, else as it stands. The
/// thresholds of united modalities are those of the settings, unless they are given or chosen.
fn fitted(
    ground: &MatchGround<'_>,
    settings: &MatchSettings,
    rule: ThresholdRule,
    groups: &[Option<u32>],
) -> Result<(FittedMatcher, Option<Tuned>), MatcherError> {
    let mut recipe = settings.matcher.clone();
    let spec = recipe.check()?;
    let known = Known { group_shares: shares_of_group_sizes(groups), pools: Vec::new() };
    let mut give = |name: &str, value: f64| {
        if let Some(parameter) = spec.parameter(name) {
            let (low, high) = parameter.range;
            recipe.values.entry(name.to_owned()).or_insert(value.clamp(low, high));
        }
    };
    match rule {
        ThresholdRule::Fixed => {
            give("fused_threshold", f64::from(settings.threshold));
            give("image_threshold", f64::from(settings.params.image_threshold));
            give("text_threshold", f64::from(settings.params.text_threshold));
        }
        // An answer asked to be filled up is.
        ThresholdRule::Tuned { min_matches } if min_matches > 1 => give("min_matches", min_matches as f64),
        ThresholdRule::Tuned { .. } => {}
    }
    if rule != ThresholdRule::Fixed
        && let Some((fitted, tuned)) = recipe.fit(ground, groups, &known, settings.k)?
    {
        return Ok((fitted, Some(tuned)));
    }
    Ok((recipe.unfitted(settings.threshold, known.group_shares)?, None))
}

fn clusters_of(
    grounds: &Grounds,
    neighbors: &Neighbors,
    settings: &MatchSettings,
    review: Option<&ReviewState>,
) -> Clusters {
    let RowConstraints { together, apart } =
        review.map_or_else(Default::default, |review| row_constraints(review, &grounds.catalog));
    let options = ClusterOptions { threshold: settings.threshold, max_members: settings.max_cluster };
    cluster(neighbors, &options, &together, &apart)
}

/// Thresholds of a strategy with two: each modality's own best first, then the best of a coarse grid around both.
fn tune_two(
    grounds: &Grounds,
    settings: &MatchSettings,
    spec: &FusionSpec,
    groups: &[Option<u32>],
    min_matches: usize,
) -> FusionParams {
    let ranks = grounds.catalog.key_ranks();
    let alone = |id: &str, otherwise: f32| {
        fusion_spec(id)
            .map(|one| fuse(&grounds.table, one, &settings.params, ranks, settings.k))
            .and_then(|neighbors| tune(&neighbors, groups, min_matches, settings.k))
            .map_or(otherwise, |tuned| tuned.threshold)
    };
    let image = alone("image", settings.params.image_threshold);
    let text = alone("text", settings.params.text_threshold);
    let mut best = (f64::NEG_INFINITY, settings.params);
    for image_step in 0..6_u8 {
        for text_step in 0..6_u8 {
            let params = FusionParams {
                image_threshold: (image + f32::from(image_step) * 0.025).min(1.0),
                text_threshold: (text + f32::from(text_step) * 0.05).min(1.0),
                ..settings.params
            };
            let neighbors = fuse(&grounds.table, spec, &params, ranks, settings.k);
            let curve = crate::metrics::threshold_curve(
                &neighbors.offsets,
                &neighbors.rows,
                &neighbors.scores,
                groups,
                &[THRESHOLD_OF_TWO],
                min_matches,
                settings.k,
            );
            let f1 = curve.first().map_or(0.0, |point| point.scores.mean_f1);
            if f1 > best.0 {
                best = (f1, params);
            }
        }
    }
    best.1
}

impl From<MatcherError> for JobError {
    fn from(error: MatcherError) -> Self {
        Self::Refused(error.to_string())
    }
}

impl Wanted {
    fn by(settings: &MatchSettings) -> Self {
        let image = settings.image_encoder.clone().filter(|_| settings.fusion != "text");
        let text = settings.text_encoder.clone().filter(|_| settings.fusion != "image");
        let translate = settings.translate.clone();
        Self { image, text: text.map(|encoder| WantedText { encoder, translate }) }
    }
}

fn describe(pictures: bool, titles: bool) -> &'static str {
    match (pictures, titles) {
        (true, true) => "pictures and titles",
        (true, false) => "pictures only",
        (false, true) => "titles only",
        (false, false) => "neither pictures nor titles",
    }
}
