//! Where questions come from: a candidate file, the catalogue's own pairs, or postings the user chose.

use std::path::PathBuf;

use rayon::iter::ParallelIterator;
use rayon::slice::ParallelSlice;

use super::super::{JobError, Workbench};
use crate::catalog::{Catalog, PostingIdx, Problem, Side, read_candidates};
use crate::encode::Embeddings;
use crate::index::{Metric, exact_scores};
use crate::matching::{Drawing, Pool, Question, QuestionRows, draw_questions, rank_order};

/// Questions at most; of more queries the first are asked.
const MAX_QUESTIONS: usize = 20_000;
/// Queries drawn between two looks at the token.
const QUERIES_A_PIECE: usize = 256;

/// What is asked.
#[derive(Clone, Debug, PartialEq)]
pub enum QuestionSource {
    /// The lines of a candidate file, in its order; names the catalogue lacks are problems.
    File(PathBuf),
    /// Every left posting of a looks-like table, or every posting of a labelled catalogue, that has a partner. The partner is among
    /// the candidates.
    Pairs(Drawing),
    /// These rows; whether what matches them is among the candidates is left to the draw.
    Postings {
        /// Rows of the catalogue.
        queries: Vec<u32>,
        /// How candidates are drawn.
        drawing: Drawing,
    },
}

/// Questions and what is wrong with their source.
#[derive(Debug, Default)]
pub(super) struct Asked {
    pub(super) questions: Vec<Question>,
    pub(super) problems: Vec<Problem>,
}

/// The questions of `source`. `rows` says what is near, and which rows can be asked about at all.
pub(super) fn questions(
    bench: &Workbench,
    source: &QuestionSource,
    rows: &Embeddings,
    turn: &dyn Fn() -> Result<(), JobError>,
) -> Result<Asked, JobError> {
    let catalog = &bench.catalog;
    match source {
        QuestionSource::File(path) => {
            let table = read_candidates(path, catalog)?;
            let questions = table.lines.iter().filter_map(|line| {
                let query = line.query?;
                let mut candidates: Vec<u32> = Vec::with_capacity(line.candidates.len());
                for candidate in line.candidates.iter().flatten() {
                    if *candidate != query && !candidates.contains(&candidate.0) {
                        candidates.push(candidate.0);
                    }
                }
                (!candidates.is_empty()).then_some(Question { query: query.0, candidates })
            });
            Ok(Asked { questions: questions.collect(), problems: table.problems })
        }
        QuestionSource::Pairs(drawing) => {
            if !catalog.has_groups() {
                return Err(JobError::Refused(
                    "the catalogue has no pairs to ask about. Open a table with left,right or with group labels, or give a candidate file"
                        .to_owned(),
                ));
            }
            let queries = queries_with_partner(catalog);
            let questions = draw(catalog, &queries, rows, Pool::WithPartners, *drawing, turn)?;
            Ok(Asked { questions, problems: Vec::new() })
        }
        QuestionSource::Postings { queries, drawing } => {
            let questions = draw(catalog, queries, rows, Pool::Anything, *drawing, turn)?;
            Ok(Asked { questions, problems: Vec::new() })
        }
    }
}

/// Rows of one side of a looks-like table; all rows of another catalogue.
pub(super) fn rows_of(catalog: &Catalog, side: Side) -> Vec<u32> {
    let all = 0..catalog.n_postings() as u32;
    match catalog.has_sides() {
        true => all.filter(|row| catalog.side(PostingIdx(*row)) == Some(side)).collect(),
        false => all.collect(),
    }
}

/// Rows of the asking side whose group has another member.
fn queries_with_partner(catalog: &Catalog) -> Vec<u32> {
    let groups = catalog.group_ids();
    let mut sizes = vec![0_u32; groups.iter().flatten().max().map_or(0, |last| *last as usize + 1)];
    groups.iter().flatten().for_each(|group| sizes[*group as usize] += 1);
    let has_partner = |row: &u32| groups[*row as usize].is_some_and(|group| sizes[group as usize] > 1);
    rows_of(catalog, Side::Left).into_iter().filter(has_partner).collect()
}

fn draw(
    catalog: &Catalog,
    queries: &[u32],
    embeddings: &Embeddings,
    pool: Pool,
    drawing: Drawing,
    turn: &dyn Fn() -> Result<(), JobError>,
) -> Result<Vec<Question>, JobError> {
    let is_there = |row: &u32| embeddings.present.get(*row as usize) == Some(&true);
    let candidates: Vec<u32> = rows_of(catalog, Side::Right).into_iter().filter(is_there).collect();
    let groups = catalog.group_ids();
    let nearest = |query: u32| {
        let mut scores = Vec::with_capacity(candidates.len());
        exact_scores(embeddings, Metric::Cosine, query as usize, &candidates, &mut scores);
        rank_order(&scores).into_iter().map(|at| candidates[at]).take(drawing.n_candidates * 2 + 16).collect()
    };
    let rows = QuestionRows { pool: &candidates, groups: &groups, nearest: &nearest };
    let asked: Vec<u32> = queries.iter().copied().filter(is_there).take(MAX_QUESTIONS).collect();
    let mut questions = Vec::with_capacity(asked.len());
    for piece in asked.chunks(QUERIES_A_PIECE) {
        turn()?;
        let drawn: Vec<Vec<Question>> =
            piece.par_chunks(8).map(|queries| draw_questions(queries, &rows, pool, drawing)).collect();
        questions.extend(drawn.into_iter().flatten());
    }
    Ok(questions)
}
