//! `lookalike rank`: scores the candidates of a file; and `evaluate --task tll`: how well strategies do that on known pairs.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::console::{Console, table};
use super::session::{DeviceArgs, Session, with_context};
use crate::catalog::{CandidateTable, CatalogSource, OpenOptions, Problem, ProblemKind, read_candidates};
use crate::jobs::{
    Context, JobError, QuestionSource, RankExtra, RankPlan, RankedQuestions, STRATEGY_FORMS, StrategySummary,
    add_recall, load_catalog, rank_questions, summarise,
};
use crate::matching::{Drawing, write_candidate_scores};
use crate::project::{ProjectError, ProjectSettings, write_atomic};

/// Problems named one by one; of more the first.
const MOST_PROBLEMS_NAMED: usize = 5;

/// Rank the candidates of a file: one line a query, a confidence from 0 to 1 in each candidate's column.
#[derive(Debug, clap::Args)]
#[command(after_help = forms_help())]
pub(super) struct Args {
    /// The project folder; its encoders, cache and trained models serve.
    #[arg(long, value_name = "DIR")]
    project: PathBuf,
    /// CSV with a query and its candidates on each line, such as left,c0,...,c19.
    #[arg(long, value_name = "FILE")]
    candidates: PathBuf,
    /// Folder of the pictures the file names, where they are not the project's: holds left/ and right/.
    #[arg(long, value_name = "DIR")]
    images: Option<PathBuf>,
    /// What ranks; of several, their mean [default: the project's encoder of pictures].
    #[arg(long = "strategy", value_name = "S")]
    strategies: Vec<String>,
    /// Rank by a model this project has trained, by its recipe's id; the same as --strategy trained:ID.
    #[arg(long, value_name = "ID")]
    trained: Option<String>,
    /// The file to write: the candidate file's own columns, confidences in place of names.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    #[command(flatten)]
    device: DeviceArgs,
}

/// Which questions are asked of known pairs.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct QuestionArgs {
    /// With --task tll: candidate file; without one candidates are drawn from the catalogue.
    #[arg(long, value_name = "FILE")]
    candidates: Option<PathBuf>,
    /// With --task tll: what ranks, may be given again [default: the project's encoder of pictures].
    #[arg(long = "strategy", value_name = "S")]
    strategies: Vec<String>,
    /// With --task tll: candidates of a drawn question.
    #[arg(long, value_name = "N", default_value_t = 20)]
    n_candidates: usize,
    /// With --task tll: share of a drawn question's wrong candidates that are the nearest ones, from 0 to 1.
    #[arg(long, value_name = "SHARE", default_value_t = 0.0)]
    nearest: f32,
    /// With --task tll: seed of the draw.
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
}

#[derive(Serialize)]
struct Ranked {
    out: PathBuf,
    lines: usize,
    candidates: usize,
    strategies: Vec<String>,
    without_score: usize,
    problems: Vec<String>,
}

#[derive(Serialize)]
struct Evaluated {
    questions: usize,
    without_match: usize,
    strategies: Vec<StrategySummary>,
    problems: Vec<String>,
}

pub(super) fn run(args: &Args, console: &Console) -> Result<(), JobError> {
    let answer = with_context(|context| {
        let (session, asked) = open(args, context)?;
        let mut asked_for = args.strategies.clone();
        asked_for.extend(args.trained.iter().map(|id| format!("trained:{id}")));
        let strategies = chosen(&asked_for, session.project.settings());
        let source = QuestionSource::File(args.candidates.clone());
        let plan = RankPlan { source: &source, strategies: &strategies, extra: RankExtra::Nothing };
        let ranked = rank_questions(&session.bench, &plan, context)?;
        let lines = line_scores(&asked, &ranked);
        let without_score = lines.iter().flatten().filter(|score| score.is_none()).count();
        let named = asked.lines.iter().map(|line| line.name.as_str());
        let mut bytes = Vec::new();
        let range = range_of(&lines);
        write_candidate_scores(&asked.columns, named.zip(lines.iter().map(Vec::as_slice)), range, &mut bytes)
            .and_then(|()| write_atomic(&args.out, &bytes))
            .map_err(|error| ProjectError::Write { path: args.out.clone(), reason: error.to_string() })?;
        let problems = session.bench.catalog.problems().iter().chain(&asked.problems).map(in_words);
        Ok(Ranked {
            out: args.out.clone(),
            lines: lines.len(),
            candidates: lines.iter().map(Vec::len).sum(),
            strategies,
            without_score,
            problems: problems.collect(),
        })
    })?;
    console.answer(&answer, || {
        let gaps = match answer.without_score {
            0 => String::new(),
            n => format!(
                "\n{n} of {} candidates have no score and stand last{}",
                answer.candidates,
                named(&answer.problems)
            ),
        };
        format!(
            "{} lines ranked by {}: {}{gaps}",
            answer.lines,
            answer.strategies.join(" and "),
            answer.out.display()
        )
    });
    Ok(())
}

/// Scores strategies on the catalogue's own pairs.
pub(super) fn evaluate(
    project: &Path,
    args: &QuestionArgs,
    device: &DeviceArgs,
    console: &Console,
) -> Result<(), JobError> {
    let answer = with_context(|context| {
        let session = Session::open(project, device, context)?;
        let strategies = chosen(&args.strategies, session.project.settings());
        let drawing =
            Drawing { n_candidates: args.n_candidates.max(1), nearest_share: args.nearest, seed: args.seed };
        let source = args.candidates.clone().map_or(QuestionSource::Pairs(drawing), QuestionSource::File);
        let plan = RankPlan { source: &source, strategies: &strategies, extra: RankExtra::Cost };
        let ranked = rank_questions(&session.bench, &plan, context)?;
        let mut summaries = summarise(&ranked);
        let Some(first) = summaries.first() else {
            return Err(JobError::Refused(
                "no question has a candidate known to match: the catalogue's groups say which do. Open the table of pairs".to_owned(),
            ));
        };
        let n_known = first.n_questions;
        add_recall(&session.bench, &ranked, &mut summaries, context)?;
        Ok(Evaluated {
            questions: n_known,
            without_match: ranked.questions.len() - n_known,
            strategies: summaries,
            problems: ranked.problems.iter().map(in_words).collect(),
        })
    })?;
    console.answer(&answer, || {
        let share = |share: f64| format!("{share:.4}");
        let mut rows = vec![
            ["", "top-1", "top-2", "top-5", "MRR", "R@1 of all", "R@10 of all", "parameters", "ms a query"]
                .map(str::to_owned)
                .to_vec(),
        ];
        rows.extend(answer.strategies.iter().map(|it| {
            vec![
                it.id.clone(),
                share(it.top_1),
                share(it.top_2),
                share(it.top_5),
                share(it.mean_reciprocal_rank),
                it.recall_at_1.map(share).unwrap_or_default(),
                it.recall_at_10.map(share).unwrap_or_default(),
                it.n_parameters.map(|n| format!("{:.1} M", n as f64 / 1e6)).unwrap_or_default(),
                it.millis_per_query.map_or_else(String::new, |millis| format!("{millis:.1}")),
            ]
        }));
        let left_out = match answer.without_match {
            0 => String::new(),
            n => format!("; {n} more have no match among their candidates and are left out"),
        };
        format!("{}\n{} questions{left_out}{}", table(&rows), answer.questions, named(&answer.problems))
    });
    Ok(())
}

/// The project with a catalogue that holds what the file names: its own, else the file itself as one.
fn open(args: &Args, context: &Context<'_>) -> Result<(Session, CandidateTable), JobError> {
    let session = Session::open(&args.project, &args.device, context)?;
    if args.images.is_none() {
        let table = read_candidates(&args.candidates, &session.bench.catalog)?;
        if !table.problems.iter().any(|problem| problem.kind == ProblemKind::MissingImage) {
            return Ok((session, table));
        }
    }
    let path = std::path::absolute(&args.candidates).unwrap_or_else(|_| args.candidates.clone());
    let images_dir = args.images.clone().or_else(|| session.project.settings().open.images_dir.clone());
    let options = OpenOptions { images_dir, ..OpenOptions::default() };
    let catalog = load_catalog(&CatalogSource::File(path), &options, context)?;
    let session = Session::with(session.project, catalog, &args.device);
    let table = read_candidates(&args.candidates, &session.bench.catalog)?;
    Ok((session, table))
}

/// The strategies asked for, else the encoder the project compares pictures (or titles) by.
fn chosen(asked: &[String], settings: &ProjectSettings) -> Vec<String> {
    if !asked.is_empty() {
        return asked.to_vec();
    }
    let matching = settings.matching.frozen();
    let usual = matching.image_encoder.or(matching.text_encoder);
    usual.or_else(|| settings.image_encoders.first().cloned()).into_iter().collect()
}

/// The score of each cell of the file, the mean of all strategies; `None` where there is none.
fn line_scores(table: &CandidateTable, ranked: &RankedQuestions) -> Vec<Vec<Option<f32>>> {
    // Questions stand in the order of their lines; a line that could not be asked has none.
    let mut questions = ranked.questions.iter().enumerate().peekable();
    let mean = |at: usize, place: usize| {
        let scores = ranked.strategies.iter().map(|strategy| strategy.scores[at][place]);
        let sum: f32 = scores.sum();
        (!sum.is_nan()).then(|| sum / ranked.strategies.len() as f32)
    };
    let of_line = |line: &crate::catalog::CandidateLine| {
        let query = line.query.map(|query| query.0);
        let is_asked = line.candidates.iter().flatten().any(|candidate| Some(candidate.0) != query);
        let asked = questions.next_if(|(_, question)| is_asked && Some(question.query) == query);
        let of_cell = |cell: &Option<crate::catalog::PostingIdx>| {
            let (at, question) = asked?;
            let place = question.candidates.iter().position(|row| Some(*row) == cell.map(|it| it.0))?;
            mean(at, place)
        };
        line.candidates.iter().map(of_cell).collect()
    };
    table.lines.iter().map(of_line).collect()
}

/// What confidences 0 and 1 stand for: cosines from -1 to 1, or as far as the scores go beyond.
fn range_of(lines: &[Vec<Option<f32>>]) -> [f32; 2] {
    let scores = lines.iter().flatten().flatten();
    scores.fold([-1.0, 1.0], |[low, high], &score| [low.min(score), high.max(score)])
}

fn in_words(problem: &Problem) -> String {
    let row = problem.row.map(|row| format!(", line {row}")).unwrap_or_default();
    format!("{}{row}: {}", problem.file, problem.message)
}

fn named(problems: &[String]) -> String {
    let mut text: String =
        problems.iter().take(MOST_PROBLEMS_NAMED).map(|problem| format!("\n  {problem}")).collect();
    if let Some(more) = problems.len().checked_sub(MOST_PROBLEMS_NAMED).filter(|more| *more > 0) {
        text.push_str(&format!("\n  and {more} more"));
    }
    text
}

fn forms_help() -> String {
    format!("A strategy is {STRATEGY_FORMS}.")
}
