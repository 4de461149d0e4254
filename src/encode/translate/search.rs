//! How a translation is found among all that the network could write: always the likeliest next token (greedy), or the
//! likeliest of several beginnings kept side by side (beams). Finished titles leave the batch.
//! Follows transformers' generate: scores of beams are sums of log-probabilities over the number of tokens, and a title
//! is done once no beginning can beat its worst finished translation. Never samples.

use candle_core::{Result, Tensor};

use super::config::MarianConfig;
use super::model::{Marian, Writing};

/// How to search.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Search {
    /// The likeliest token at each step: fastest.
    Greedy,
    /// So many beginnings side by side; 4 and 6 are usual, and cost as many times the work.
    Beams(usize),
}

/// Translations of titles, as ids without the start, with the end; `limits` are the most tokens of each, start and end
/// counted.
///
/// # Errors
/// When the device fails.
pub(super) fn search(
    model: &Marian,
    config: &MarianConfig,
    titles: &[&[u32]],
    limits: &[usize],
    search: Search,
) -> Result<Vec<Vec<u32>>> {
    let longest = titles.iter().map(|ids| ids.len()).max().unwrap_or(0);
    if longest == 0 {
        return Ok(vec![Vec::new(); titles.len()]);
    }
    let (ids, mask) = padded(titles, longest, config.padding_id, model)?;
    let read = model.read(&ids, &mask)?;
    let writing = model.writing(&read, &mask)?;
    match search {
        Search::Greedy | Search::Beams(0 | 1) => greedy(writing, config, limits),
        Search::Beams(n_beams) => beams(writing, config, limits, n_beams),
    }
}

/// Ids and mask (n, longest).
pub(super) fn padded(
    titles: &[&[u32]],
    longest: usize,
    padding_id: u32,
    model: &Marian,
) -> Result<(Tensor, Tensor)> {
    let (mut ids, mut mask) = (Vec::new(), Vec::new());
    for title in titles {
        let n_padding = longest - title.len();
        ids.extend(title.iter().copied().chain(std::iter::repeat_n(padding_id, n_padding)));
        mask.extend(std::iter::repeat_n(1_f32, title.len()).chain(std::iter::repeat_n(0.0, n_padding)));
    }
    let shape = (titles.len(), longest);
    Ok((Tensor::from_vec(ids, shape, model.device())?, Tensor::from_vec(mask, shape, model.device())?))
}

fn greedy(mut writing: Writing<'_>, config: &MarianConfig, limits: &[usize]) -> Result<Vec<Vec<u32>>> {
    let mut written: Vec<Vec<u32>> = vec![Vec::new(); limits.len()];
    let mut open: Vec<usize> = (0..limits.len()).collect();
    let mut last = vec![config.start_id; open.len()];
    while !open.is_empty() {
        let scores = writing.step(&last)?.to_vec2::<f32>()?;
        let (mut rows, mut still_open) = (Vec::new(), Vec::new());
        last.clear();
        for ((row, &title), scores) in (0_u32..).zip(&open).zip(&scores) {
            let Some(tokens) = written.get_mut(title) else { continue };
            // The start is one token, this one another.
            let is_last = tokens.len() + 2 >= limits.get(title).copied().unwrap_or(0);
            let token = if is_last { config.end_id } else { likeliest(scores, config) };
            tokens.push(token);
            if token != config.end_id {
                rows.push(row);
                still_open.push(title);
                last.push(token);
            }
        }
        open = still_open;
        writing.keep(&rows)?;
    }
    Ok(written)
}

fn likeliest(scores: &[f32], config: &MarianConfig) -> u32 {
    let mut best = (config.end_id, f32::NEG_INFINITY);
    for (token, &score) in (0_u32..).zip(scores) {
        if score > best.1 && !config.forbidden.contains(&token) {
            best = (token, score);
        }
    }
    best.0
}

/// A beginning, or a whole translation.
#[derive(Clone, Debug)]
struct Candidate {
    tokens: Vec<u32>,
    /// Sum of log-probabilities; of a whole translation, over the number of its tokens.
    score: f32,
}

/// A title's beginnings, each one row of the batch, and what is finished.
struct Title {
    beginnings: Vec<Candidate>,
    finished: Vec<Candidate>,
    limit: usize,
    is_done: bool,
}

fn beams(
    mut writing: Writing<'_>,
    config: &MarianConfig,
    limits: &[usize],
    n_beams: usize,
) -> Result<Vec<Vec<u32>>> {
    let begin = |&limit: &usize| Title {
        beginnings: vec![Candidate { tokens: vec![config.start_id], score: 0.0 }],
        finished: Vec::new(),
        limit,
        is_done: false,
    };
    let mut titles: Vec<Title> = limits.iter().map(begin).collect();
    loop {
        let open = || titles.iter().filter(|title| !title.is_done);
        let last: Vec<u32> = open()
            .flat_map(|title| &title.beginnings)
            .filter_map(|beginning| beginning.tokens.last().copied())
            .collect();
        if last.is_empty() {
            break;
        }
        let scores = writing.step(&last)?.to_vec2::<f32>()?;
        let mut rows: Vec<u32> = Vec::new();
        let mut first_row = 0;
        for title in titles.iter_mut().filter(|title| !title.is_done) {
            let n_rows = title.beginnings.len();
            let scores = scores.get(first_row..first_row + n_rows).unwrap_or_default();
            let sources = title.advance(scores, config, n_beams);
            rows.extend(sources.into_iter().map(|source| (first_row + source) as u32));
            first_row += n_rows;
        }
        if rows.is_empty() {
            break;
        }
        writing.keep(&rows)?;
    }
    let best = |title: Title| {
        let tokens = title.finished.into_iter().next().map(|best| best.tokens).unwrap_or_default();
        tokens.into_iter().skip(1).collect()
    };
    Ok(titles.into_iter().map(best).collect())
}

impl Title {
    /// Lengthens the beginnings by one token, given the network's scores of each; the result says which of the old
    /// beginnings each new one goes on from, none once the title is done.
    fn advance(&mut self, scores: &[Vec<f32>], config: &MarianConfig, n_beams: usize) -> Vec<usize> {
        let length = self.beginnings.first().map_or(1, |beginning| beginning.tokens.len());
        let must_end = length + 1 >= self.limit;
        let mut best: Vec<(f32, usize, u32)> = Vec::new();
        for (source, (beginning, scores)) in self.beginnings.iter().zip(scores).enumerate() {
            let before = beginning.score;
            if must_end {
                best.push((before, source, config.end_id));
                continue;
            }
            let log_total = log_sum_exp(scores);
            let scored = (0_u32..).zip(scores).filter(|(token, _)| !config.forbidden.contains(token));
            best.extend(
                largest(scored, 2 * n_beams)
                    .map(|(token, score)| (score - log_total + before, source, token)),
            );
        }
        best.sort_by(|a, b| b.0.total_cmp(&a.0).then((a.1, a.2).cmp(&(b.1, b.2))));
        best.truncate(2 * n_beams);

        let (mut next, mut sources) = (Vec::new(), Vec::new());
        for (rank, &(score, source, token)) in best.iter().enumerate() {
            let Some(beginning) = self.beginnings.get(source) else { continue };
            let extended = |score| {
                let tokens = beginning.tokens.iter().copied().chain([token]).collect();
                Candidate { tokens, score }
            };
            if token == config.end_id {
                // An end among the lesser half of the candidates does not count.
                if rank < n_beams {
                    self.finished.push(extended(score / length as f32));
                }
            } else if next.len() < n_beams {
                next.push(extended(score));
                sources.push(source);
            }
        }
        // Stable, so of two alike the earlier stays.
        self.finished.sort_by(|a, b| b.score.total_cmp(&a.score));
        self.finished.truncate(n_beams);
        let worst_finished = self.finished.get(n_beams - 1).map_or(f32::NEG_INFINITY, |worst| worst.score);
        let best_possible = next.first().map(|beginning: &Candidate| beginning.score / length as f32);
        self.is_done = best_possible.is_none_or(|best| best <= worst_finished);
        if self.is_done {
            sources.clear();
        }
        self.beginnings = next;
        sources
    }
}

/// The `n` largest scores with their tokens, in no order.
fn largest<'a>(scored: impl Iterator<Item = (u32, &'a f32)>, n: usize) -> impl Iterator<Item = (u32, f32)> {
    let mut kept: Vec<(u32, f32)> = Vec::with_capacity(n + 1);
    for (token, &score) in scored {
        if kept.len() == n && kept.last().is_some_and(|worst| score <= worst.1) {
            continue;
        }
        let place = kept.partition_point(|other| other.1 >= score);
        kept.insert(place, (token, score));
        kept.truncate(n);
    }
    kept.into_iter()
}

fn log_sum_exp(scores: &[f32]) -> f32 {
    let largest = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let total: f64 = scores.iter().map(|&score| f64::from(score - largest).exp()).sum();
    largest + total.ln() as f32
}
