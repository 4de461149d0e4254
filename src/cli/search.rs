//! `lookalike search`: the postings nearest to a title or a picture.

use std::path::PathBuf;

use serde::Serialize;

use super::console::{Console, table};
use super::session::{DeviceArgs, Session, with_context};
use crate::catalog::PostingIdx;
use crate::jobs::{JobError, SearchQuery, embed, search};

/// Find the postings nearest to a title or a picture.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// A picture file, or a title (what is no file is a title).
    #[arg(required_unless_present_any = ["title", "image"], conflicts_with_all = ["title", "image"])]
    query: Option<String>,
    /// A title.
    #[arg(long, value_name = "TEXT", conflicts_with = "image")]
    title: Option<String>,
    /// A picture file.
    #[arg(long, value_name = "FILE")]
    image: Option<PathBuf>,
    /// The project folder.
    #[arg(long, value_name = "DIR")]
    project: PathBuf,
    /// How many.
    #[arg(long, value_name = "K", default_value_t = 10)]
    k: usize,
    /// Encoder to compare by [default: the project's for this kind of query].
    #[arg(long, value_name = "ID")]
    encoder: Option<String>,
    #[command(flatten)]
    device: DeviceArgs,
}

#[derive(Serialize)]
struct Answer {
    encoder: String,
    results: Vec<Found>,
    seconds: f64,
}

#[derive(Serialize)]
struct Found {
    posting: String,
    score: f32,
    title: String,
    image: Option<PathBuf>,
}

pub(super) fn run(args: &Args, console: &Console) -> Result<(), JobError> {
    let start = std::time::Instant::now();
    let query = match (&args.query, &args.title, &args.image) {
        (_, Some(title), _) => SearchQuery::Title(title.clone()),
        (_, _, Some(image)) => SearchQuery::Picture(image.clone()),
        (Some(query), ..) if std::path::Path::new(query).is_file() => SearchQuery::Picture(query.into()),
        (query, ..) => SearchQuery::Title(query.clone().unwrap_or_default()),
    };
    let answer = with_context(|context| {
        let session = Session::open(&args.project, &args.device, context)?;
        let settings = session.project.settings();
        let usual = match query {
            SearchQuery::Title(_) => {
                settings.matching.text_encoder.clone().or_else(|| settings.text_encoders.first().cloned())
            }
            SearchQuery::Picture(_) => {
                settings.matching.image_encoder.clone().or_else(|| settings.image_encoders.first().cloned())
            }
        };
        let encoder = args.encoder.clone().or(usual).ok_or_else(|| {
            JobError::Refused(
                "the project has no encoder for this kind of query. Give one with --encoder".to_owned(),
            )
        })?;
        let metric = settings.matching.metric;
        let embedded = embed(&session.bench, &encoder, settings.matching.translate.as_deref(), context)?;
        let hits = search(&session.bench, embedded.for_search(), &query, args.k, metric, context)?;
        let catalog = &session.bench.catalog;
        let results = hits
            .iter()
            .map(|hit| {
                let posting = PostingIdx(hit.row);
                Found {
                    posting: catalog.key(posting).to_owned(),
                    score: hit.score,
                    title: catalog.title(posting).to_owned(),
                    image: catalog.image(posting).path().map(std::path::Path::to_path_buf),
                }
            })
            .collect();
        Ok(Answer { encoder, results, seconds: start.elapsed().as_secs_f64() })
    })?;
    console.answer(&answer, || {
        if answer.results.is_empty() {
            return "nothing is near".to_owned();
        }
        let rows: Vec<Vec<String>> = answer
            .results
            .iter()
            .map(|found| vec![format!("{:.4}", found.score), found.posting.clone(), found.title.clone()])
            .collect();
        table(&rows)
    });
    Ok(())
}
