//! `lookalike index`: makes or updates a project: loads the catalogue, embeds what is new, finds neighbours.

use std::path::PathBuf;
use std::sync::Arc;

use serde::Serialize;

use super::catalog_args::CatalogArgs;
use super::console::Console;
use super::match_args::encoder_ids;
use super::progress::duration;
use super::session::{DeviceArgs, Session, source_at, with_context};
use crate::catalog::Problem;
use crate::encode::{EncoderTable, Modality, ModelStore, Training};
use crate::index::{JoinOptions, Search, SearchReport};
use crate::jobs::{Context, JobError, TimeSpent, check_translator, embed, learn, load_catalog, neighbors_of};
use crate::nn::Precision;
use crate::project::{Access, Project, ProjectError, ProjectSettings};

/// Problems printed one by one; `--json` lists all.
const MAX_SHOWN: usize = 10;

/// Load a catalogue, embed its pictures and titles, and find neighbours. Run again, it computes only what is new; stopped
/// at any moment, it goes on where it stopped.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// A CSV, TSV or JSON Lines file, or a folder of pictures.
    catalog: PathBuf,
    /// The project folder, made where it does not exist.
    #[arg(long, value_name = "DIR")]
    project: PathBuf,
    #[command(flatten)]
    reading: CatalogArgs,
    #[arg(long, value_name = "ID,...", value_delimiter = ',',
        help = format!("Image encoders, the first is matched by; or none: {}", encoder_ids(Modality::Image)))]
    image_encoder: Vec<String>,
    #[arg(long, value_name = "ID,...", value_delimiter = ',',
        help = format!("Text encoders, the first is matched by; or none: {}", encoder_ids(Modality::Text)))]
    text_encoder: Vec<String>,
    /// Words that weigh nothing in word encoders: none or english (scikit-learn's list) [default: none].
    #[arg(long, value_name = "LIST", value_parser = ["none", "english"])]
    stop_words: Option<String>,
    /// A translation model that titles pass before text encoders read them, or none; what people are shown stays as it is
    /// [default: none].
    #[arg(long, value_name = "ID")]
    translate: Option<String>,
    /// The numbers networks compute in: f16 and bf16 are faster on a GPU and use half the memory, int8 is faster for networks
    /// of titles on the CPU [default: f32].
    #[arg(long, value_name = "P")]
    precision: Option<Precision>,
    /// How neighbours are looked for: auto (exactly up to 300,000 postings), exact, or approximate:RECALL
    /// [default: auto].
    #[arg(long, value_name = "HOW")]
    neighbors: Option<Search>,
    /// Let encoders that learn from the catalogue (autoencoder) learn anew, though they have; else they learn only once.
    #[arg(long)]
    relearn: bool,
    #[command(flatten)]
    device: DeviceArgs,
}

#[derive(Serialize)]
struct Answer {
    project: PathBuf,
    rows: usize,
    groups: usize,
    problems: Vec<ProblemLine>,
    encoders: Vec<EncoderLine>,
    seconds: f64,
}

#[derive(Serialize)]
struct EncoderLine {
    id: String,
    /// Postings with a row.
    present: usize,
    /// Pictures or titles embedded now.
    new: usize,
    /// Pictures that could not be embedded.
    failed: usize,
    /// How their neighbours were found; null where nothing is there to compare.
    neighbors: Option<SearchReport>,
    seconds: f64,
    /// Where they went, added up over threads.
    timings: TimeSpent,
}

#[derive(Serialize)]
struct ProblemLine {
    kind: &'static str,
    row: Option<u64>,
    rows: u64,
    file: String,
    message: String,
}

impl From<&Problem> for ProblemLine {
    fn from(problem: &Problem) -> Self {
        Self {
            kind: problem.kind.label(),
            row: problem.row,
            rows: problem.n_rows,
            file: problem.file.clone(),
            message: problem.message.clone(),
        }
    }
}

pub(super) fn run(args: &Args, console: &Console) -> Result<(), JobError> {
    // Mistyped ids are found before anything is loaded or made.
    let store = ModelStore::resolve(args.device.models.as_deref());
    let encoders = EncoderTable::of(&store);
    check_ids(&encoders, &args.image_encoder, Modality::Image)?;
    check_ids(&encoders, &args.text_encoder, Modality::Text)?;
    if let Some(id) = args.translate.as_deref().filter(|id| *id != "none") {
        check_translator(&store, id)?;
    }
    let answer = with_context(|context| index(args, context))?;
    console.answer(&answer, || describe(&answer));
    Ok(())
}

fn index(args: &Args, context: &Context<'_>) -> Result<Answer, JobError> {
    let start = std::time::Instant::now();
    let source = source_at(&args.catalog);
    let existing =
        if args.project.join("project.ron").exists() { Some(Project::open(&args.project)?) } else { None };
    if existing.as_ref().is_some_and(|project| project.access() == Access::ReadOnly) {
        return Err(ProjectError::ReadOnly { folder: args.project.clone() }.into());
    }
    let before = existing.as_ref().map(|project| project.settings().clone());
    let reading =
        args.reading.over(before.as_ref().map(|settings| settings.open.clone()).unwrap_or_default());
    // Loaded before a folder is made for it, so that a mistyped path leaves nothing behind.
    let catalog = load_catalog(&source, &reading, context)?;
    let mut settings = before.unwrap_or_else(|| ProjectSettings::new(source.clone(), reading.clone()));
    settings.source = source;
    settings.open = reading;
    choose(&args.image_encoder, &mut settings.image_encoders, &mut settings.matching.image_encoder);
    choose(&args.text_encoder, &mut settings.text_encoders, &mut settings.matching.text_encoder);
    if let Some(words) = &args.stop_words {
        settings.encoder_options.english_stop_words = words == "english";
    }
    if let Some(id) = &args.translate {
        settings.matching.translate = (id != "none").then(|| id.clone());
    }
    if let Some(precision) = args.precision {
        settings.encoder_options.precision = precision;
    }
    settings.matching.search = args.neighbors.unwrap_or(settings.matching.search);
    let mut project = match existing {
        Some(project) => project,
        None => Project::create(&args.project, settings.clone())?,
    };
    if *project.settings() != settings {
        project.save_settings(settings.clone())?;
    }

    let session = Session::with(project, catalog.clone(), &args.device);
    let mut problems: Vec<ProblemLine> = catalog.problems().iter().map(ProblemLine::from).collect();
    let mut encoders = Vec::new();
    let options = JoinOptions { k: settings.matching.k, metric: settings.matching.metric };
    let images = settings.image_encoders.iter().filter(|_| session.bench.has(Modality::Image));
    let texts = settings.text_encoders.iter().filter(|_| session.bench.has(Modality::Text));
    for id in texts.chain(images) {
        if args.relearn
            && let Training::InProject { folder: Some(folder) } = &session.bench.table().spec(id)?.training
        {
            learn(&session.bench, folder, context)?;
        }
        let embedded = embed(&session.bench, id, settings.matching.translate.as_deref(), context)?;
        let mut neighbors = None;
        if embedded.embeddings.present.contains(&true) {
            let found = neighbors_of(&session.bench, &embedded, options, settings.matching.search, context)?;
            neighbors = Some(found.search);
        }
        for problem in &embedded.problems {
            // Two encoders fail on the same file for the same reason.
            if !problems.iter().any(|known| known.file == problem.file) {
                problems.push(problem.into());
            }
        }
        encoders.push(EncoderLine {
            id: id.clone(),
            present: embedded.embeddings.present.iter().filter(|&&is_present| is_present).count(),
            new: embedded.n_new,
            failed: embedded.n_failed,
            neighbors,
            seconds: embedded.secs,
            timings: embedded.timings,
        });
    }
    Ok(Answer {
        project: args.project.clone(),
        rows: catalog.n_postings(),
        groups: Arc::as_ref(&catalog).group_ids().iter().flatten().max().map_or(0, |&last| last as usize + 1),
        problems,
        encoders,
        seconds: start.elapsed().as_secs_f64(),
    })
}

/// Puts given encoder ids over the settings; `none` alone empties them.
fn choose(given: &[String], embedded: &mut Vec<String>, matched: &mut Option<String>) {
    if !given.is_empty() {
        *embedded = given.iter().filter(|id| *id != "none").cloned().collect();
        *matched = embedded.first().cloned();
    }
}

fn check_ids(encoders: &EncoderTable, ids: &[String], modality: Modality) -> Result<(), JobError> {
    for id in ids.iter().filter(|id| *id != "none") {
        if encoders.spec(id)?.modality != modality {
            let (reads, option) = match modality {
                Modality::Image => ("titles", "--text-encoder"),
                Modality::Text => ("pictures", "--image-encoder"),
            };
            return Err(JobError::Refused(format!("`{id}` reads {reads}. Give it with {option}")));
        }
    }
    Ok(())
}

fn describe(answer: &Answer) -> String {
    let mut text =
        format!("{} postings, {} groups, in {}\n", answer.rows, answer.groups, duration(answer.seconds));
    for line in &answer.encoders {
        text.push_str(&format!(
            "{}: {} of {} postings, {} new",
            line.id, line.present, answer.rows, line.new
        ));
        if line.failed > 0 {
            text.push_str(&format!(", {} undecodable", line.failed));
        }
        text.push_str(&format!(", {}\n", duration(line.seconds)));
        if let Some(search @ SearchReport::Approximate { .. }) = line.neighbors {
            text.push_str(&format!("  neighbours: {search}\n"));
        }
    }
    for problem in answer.problems.iter().take(MAX_SHOWN) {
        let row = problem.row.map_or_else(String::new, |row| format!("row {row}: "));
        text.push_str(&format!("{}: {row}{} ({})\n", problem.kind, problem.message, problem.file));
    }
    if answer.problems.len() > MAX_SHOWN {
        text.push_str(&format!(
            "and {} more problems; --json lists all\n",
            answer.problems.len() - MAX_SHOWN
        ));
    }
    text.push_str(&format!("project: {}", answer.project.display()));
    text
}
