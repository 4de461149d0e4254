//! The pictures of the shared catalogue `mix`, from files on disk: to embeddings in the project's cache, and to groups of duplicates.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use lookalike::catalog::{CatalogSource, OpenOptions, TitleMode};
use lookalike::encode::ModelStore;
use lookalike::index::Metric;
use lookalike::jobs::{
    CancelToken, Context, Grounds, MatchPlan, OpenEncoders, RowRule, SilentReporter, ThresholdRule,
    Workbench, embed, evaluate, load_catalog, match_with,
};
use lookalike::nn::DeviceChoice;
use lookalike::project::{MatchSettings, Project, ProjectSettings};

use crate::Outcome;

/// The threshold with the best mean F1 on `mix` of the default encoder of pictures alone.
const THRESHOLD: f32 = 0.9;

/// Decodes, scales and embeds every picture with MobileNetV2 into a fresh project.
pub fn images_to_embeddings(folder: &Path) -> Outcome {
    timed(folder, |project, source, context| {
        let bench = bench(project, source, context)?;
        let embedded = embed(&bench, "mobilenetv2_tf", None, context)?;
        if embedded.n_failed > 0 {
            return Err(format!("{} pictures could not be embedded", embedded.n_failed).into());
        }
        Ok(None)
    })
}

/// The whole command, pictures alone, with the encoder that a new project has.
pub fn images_to_groups(folder: &Path) -> Outcome {
    timed(folder, |project, source, context| {
        let bench = bench(project, source, context)?;
        let settings = MatchSettings {
            image_encoder: Some("perceptual".to_owned()),
            text_encoder: None,
            fusion: "image".to_owned(),
            metric: Metric::Cosine,
            threshold: THRESHOLD,
            ..MatchSettings::default()
        };
        let grounds = Arc::new(Grounds::lay(&bench, &settings, context)?);
        let plan = MatchPlan { settings: &settings, rule: ThresholdRule::Fixed, review: None };
        let matched = match_with(&grounds, &plan)?;
        Ok(Some(evaluate(&matched, RowRule::default())?.rows.mean_f1))
    })
}

/// What is timed: returns F1 where it makes matches.
type Timed = fn(&Project, &CatalogSource, &Context<'_>) -> Result<Option<f64>, Box<dyn std::error::Error>>;

fn timed(folder: &Path, work: Timed) -> Outcome {
    let rows: serde_json::Value = crate::files::json(&folder.join("rows.json"))?;
    let catalog = rows["catalog"].as_str().ok_or("rows.json names no catalogue")?;
    let source = CatalogSource::File(PathBuf::from(catalog));
    let place = tempfile::tempdir()?;
    let settings = ProjectSettings::new(source.clone(), OpenOptions::default());
    let project = Project::create(&place.path().join("mix.lookalike"), settings)?;
    let context = Context::new(&SilentReporter, CancelToken::default());
    let start = Instant::now();
    let f1 = work(&project, &source, &context)?;
    let seconds = start.elapsed().as_secs_f64();
    Ok(match f1 {
        Some(f1) => serde_json::json!({ "seconds": seconds, "f1": f1 }),
        None => serde_json::json!({ "seconds": seconds }),
    })
}

fn bench(
    project: &Project,
    source: &CatalogSource,
    context: &Context<'_>,
) -> Result<Workbench, Box<dyn std::error::Error>> {
    let options = OpenOptions { titles: TitleMode::Raw, ..OpenOptions::default() };
    let catalog = load_catalog(source, &options, context)?;
    let shared =
        std::env::var_os("LOOKALIKE_SHARED").map_or_else(|| PathBuf::from("../shared"), PathBuf::from);
    let encoders = OpenEncoders::new(ModelStore::new(shared.join("models")), DeviceChoice::Cpu);
    Ok(Workbench::of_project(project, catalog, Arc::new(encoders)))
}
