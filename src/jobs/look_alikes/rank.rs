//! Scores every candidate of every question by each strategy.

use std::sync::Arc;
use std::time::Instant;

use rayon::iter::{IntoParallelRefIterator, ParallelIterator};

use super::super::{Context, JobError, Meter, Workbench, embed};
use super::QuestionSource;
use super::questions::{Asked, questions};
use super::strategy::{Strategy, millis_to_embed, n_parameters};
use crate::catalog::Problem;
use crate::encode::{Embeddings, Modality};
use crate::index::{Metric, exact_scores};
use crate::matching::Question;

/// The encoder that says which pictures look the same.
const SAME_PICTURE_ENCODER: &str = "phash";
/// Share of equal bits of two perceptual hashes from which pictures count as the same.
const SAME_BITS: f32 = 0.92;
/// Cosine by the ranking strategy's rows from which they do.
const SAME_COSINE: f32 = 0.95;
/// Questions of more candidates are not looked through for pictures that are the same.
const MOST_COMPARED: usize = 64;
/// Queries on which the time of one embedding is measured.
const N_TIMED: usize = 3;

/// What to rank, by what.
#[derive(Clone, Debug)]
pub struct RankPlan<'a> {
    /// Where questions come from.
    pub source: &'a QuestionSource,
    /// Strategies ([`super::STRATEGY_FORMS`]); the first decides what is near.
    pub strategies: &'a [String],
    /// What is wanted beside the scores.
    pub extra: RankExtra,
}

/// What takes longer than scores, and is not for everybody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RankExtra {
    /// Nothing.
    Nothing,
    /// What a query costs by each strategy: a few are embedded anew.
    Cost,
    /// Which candidates are nearly the same picture: every picture is hashed once.
    NearDuplicates,
}

/// Questions with the scores of their candidates.
#[derive(Clone, Debug, Default)]
pub struct RankedQuestions {
    /// The questions.
    pub questions: Vec<Question>,
    /// Which candidates share their query's group, per question and candidate.
    pub truths: Vec<Vec<bool>>,
    /// Pairs of places of a question's candidates whose pictures are nearly the same, smaller first; empty unless asked for.
    pub near_duplicates: Vec<Vec<(u16, u16)>>,
    /// One for each strategy, in the order asked for.
    pub strategies: Vec<StrategyScores>,
    /// Names that were not found, lines that are odd.
    pub problems: Vec<Problem>,
}

/// What one strategy gives.
#[derive(Clone, Debug)]
pub struct StrategyScores {
    /// As it was asked for.
    pub id: String,
    /// Name shown to people.
    pub label: String,
    /// Per question, per candidate, larger is more alike; NaN where either posting has nothing to compare.
    pub scores: Vec<Vec<f32>>,
    /// Trained numbers of its networks, where known.
    pub n_parameters: Option<u64>,
    /// Milliseconds to embed one query and score its candidates, the candidates being embedded, the median of a few; where
    /// asked for.
    pub millis_per_query: Option<f64>,
}

impl RankedQuestions {
    /// Whether a question's match is among its candidates.
    pub fn has_truth(&self, question: usize) -> bool {
        self.truths.get(question).is_some_and(|truths| truths.contains(&true))
    }

    /// Whether the pictures at two places of a question are nearly the same.
    pub fn are_near_duplicates(&self, question: usize, a: usize, b: usize) -> bool {
        let pair = (a.min(b) as u16, a.max(b) as u16);
        self.near_duplicates.get(question).is_some_and(|pairs| pairs.binary_search(&pair).is_ok())
    }
}

/// Reads or draws the questions and scores them.
///
/// # Errors
/// [`JobError::Refused`] when no strategy is given or one makes no sense, or nothing can be asked; when embedding fails, or cancelled.
pub fn rank_questions(
    bench: &Workbench,
    plan: &RankPlan<'_>,
    context: &Context<'_>,
) -> Result<RankedQuestions, JobError> {
    let strategies = plan
        .strategies
        .iter()
        .map(|id| Strategy::prepare(bench, id, context))
        .collect::<Result<Vec<_>, _>>()?;
    let Some(first) = strategies.first() else {
        return Err(JobError::Refused("no strategy ranks the candidates. Name an encoder".to_owned()));
    };
    let near = first.rows().clone();
    let Asked { questions, problems } = questions(bench, plan.source, &near, &|| context.turn())?;
    if questions.is_empty() {
        return Err(nothing_to_ask(plan.source));
    }
    let mut meter =
        Meter::new(context.reporter, "Ranking candidates", 0, (questions.len() * strategies.len()) as u64);
    let mut scored = Vec::with_capacity(strategies.len());
    for strategy in &strategies {
        let start = Instant::now();
        let scores = strategy.score_all(bench, &questions, context)?;
        meter.advance(questions.len() as u64);
        let of_scoring = start.elapsed().as_secs_f64() * 1000.0 / questions.len() as f64;
        let of_embedding = || {
            let timed = questions.iter().take(N_TIMED);
            let mut millis: Vec<f64> =
                timed.map(|question| millis_to_embed(bench, &strategy.encoders, question.query)).collect();
            millis.sort_by(f64::total_cmp);
            millis.get(millis.len() / 2).copied().unwrap_or(0.0)
        };
        scored.push(StrategyScores {
            id: strategy.id.clone(),
            label: strategy.label.clone(),
            scores,
            n_parameters: n_parameters(bench, &strategy.encoders),
            millis_per_query: (plan.extra == RankExtra::Cost).then(|| of_scoring + of_embedding()),
        });
    }
    let groups = bench.catalog.group_ids();
    let group_of = |row: u32| groups.get(row as usize).copied().flatten();
    let truths = questions
        .iter()
        .map(|question| {
            let group = group_of(question.query);
            question.candidates.iter().map(|&row| group.is_some() && group_of(row) == group).collect()
        })
        .collect();
    let near_duplicates = match plan.extra {
        RankExtra::NearDuplicates => near_duplicates(bench, &questions, &near, context)?,
        RankExtra::Nothing | RankExtra::Cost => Vec::new(),
    };
    meter.finish();
    Ok(RankedQuestions { questions, truths, near_duplicates, strategies: scored, problems })
}

/// Pairs of places of each question's candidates that are nearly the same picture.
fn near_duplicates(
    bench: &Workbench,
    questions: &[Question],
    near: &Embeddings,
    context: &Context<'_>,
) -> Result<Vec<Vec<(u16, u16)>>, JobError> {
    let hashes = match bench.has(Modality::Image) {
        true => Some(embed(bench, SAME_PICTURE_ENCODER, None, context)?.embeddings),
        false => None,
    };
    context.turn()?;
    let compare = |question: &Question| same_pictures(question, near, hashes.as_ref());
    Ok(context.aside(|| questions.par_iter().map(compare).collect()))
}

fn nothing_to_ask(source: &QuestionSource) -> JobError {
    JobError::Refused(match source {
        QuestionSource::File(path) => format!(
            "no line of the candidate file can be asked: its names are not in this catalogue. Open the catalogue it belongs to: {}",
            path.display()
        ),
        QuestionSource::Pairs(_) => {
            "no posting with something to compare has a partner. Give a candidate file, or check that pictures are found".to_owned()
        }
        QuestionSource::Postings { .. } => {
            "none of these postings has something to compare. Check that their pictures are found".to_owned()
        }
    })
}

/// Places of candidates that are nearly the same picture, ascending.
fn same_pictures(
    question: &Question,
    near: &Embeddings,
    hashes: Option<&Arc<Embeddings>>,
) -> Vec<(u16, u16)> {
    let mut pairs = Vec::new();
    if question.candidates.len() > MOST_COMPARED {
        return pairs;
    }
    let (mut cosines, mut bits) = (Vec::new(), Vec::new());
    for (at, &row) in question.candidates.iter().enumerate() {
        let others = question.candidates.get(at + 1..).unwrap_or(&[]);
        cosines.clear();
        exact_scores(near, Metric::Cosine, row as usize, others, &mut cosines);
        bits.clear();
        match hashes {
            Some(hashes) => exact_scores(hashes, Metric::Cosine, row as usize, others, &mut bits),
            None => bits.resize(others.len(), f32::NAN),
        }
        for (further, (cosine, bits)) in cosines.iter().zip(&bits).enumerate() {
            // NaN is at least nothing.
            if *cosine >= SAME_COSINE || *bits >= SAME_BITS {
                pairs.push((at as u16, (at + 1 + further) as u16));
            }
        }
    }
    pairs
}
