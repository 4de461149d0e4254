//! A transformer over titles: tokenizer, network, pooling and the identity of all three. One type for every architecture
//! of the table; which one, and how its rows are pooled, is data. It never pads a title to another's length where that
//! can be helped (the CPU's plan reads titles one after the other, elsewhere they run sorted by length), and tokenises and
//! embeds equal titles of a call once.

use std::collections::HashMap;
use std::hash::Hash;

use candle_core::{Device, Tensor};
use rayon::prelude::*;
use serde::Deserialize;

use super::architecture::{TextArchitecture, TextConfig, TitleLength, text_architecture};
use super::tokenizer::TitleTokenizer;
use crate::encode::encoder::l2_normalise;
use crate::encode::{DenseMatrix, EncodeError, ModelEntry, ModelStore, Pooling, TextEncoder, TextInput};
use crate::nn::{DeviceChoice, Graph, NetworkInput, NnError, Plan, Precision, Weights, open_device};

const CONFIG: &str = "config.json";
const MODULES: &str = "modules.json";
/// Raised when the same files and titles give other numbers.
const CODE_VERSION: u32 = 3;
/// Padded tokens a forward pass, so that one long title does not stretch many short ones; of a plan that pads.
const TOKENS_PER_PASS: usize = 256;
const TOKENS_PER_PASS_GPU: usize = 1 << 15;
/// Titles a call: on the CPU some tenths of a second, so that whoever calls can stop or show how far it is.
const TITLES_PER_CALL: usize = 256;
const TITLES_PER_CALL_GPU: usize = 512;

/// An opened text encoder.
pub struct TransformerEncoder {
    plan: Plan,
    tokenizer: TitleTokenizer,
    device: Device,
    config: TextConfig,
    prefix: String,
    fingerprint: String,
}

impl std::fmt::Debug for TransformerEncoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TransformerEncoder").field("fingerprint", &self.fingerprint).finish_non_exhaustive()
    }
}

impl TransformerEncoder {
    /// Opens the model's files. How rows are pooled is read from the folder's modules.json (sentence-transformers) where
    /// there is one, else from the entry.
    ///
    /// # Errors
    /// When a file is absent or unusable, names an architecture or a pooling that is not known, or the device is not
    /// there.
    pub fn open(
        entry: &ModelEntry,
        store: &ModelStore,
        device: DeviceChoice,
        precision: Precision,
    ) -> Result<Self, EncodeError> {
        let model = entry.id.as_str();
        let bad = |name: &str, reason: String| EncodeError::BadModelFile {
            path: store.file(model, name).unwrap_or_else(|_| store.folder().join(model).join(name)),
            reason,
        };
        let config_json = store.text(model, CONFIG)?;
        let Some(architecture) = text_architecture(&entry.architecture) else {
            let known =
                super::architecture::TEXT_ARCHITECTURES.iter().map(|line| line.id).collect::<Vec<_>>();
            let reason = format!("its kind `{}` is not one of {}", entry.architecture, known.join(", "));
            return Err(bad(CONFIG, reason));
        };
        let config = (architecture.configure)(&config_json).map_err(|reason| bad(CONFIG, reason))?;
        if config.output_width != entry.width {
            let reason = format!("its rows have {} numbers, expected {}", config.output_width, entry.width);
            return Err(bad(CONFIG, reason));
        }
        let input = entry.text.clone().unwrap_or_else(|| TextInput {
            max_tokens: config.length.longest(),
            pooling: Pooling::Own,
            prefix: String::new(),
        });
        let pooling = pooling_of(store, model)?.unwrap_or(input.pooling);
        let max_tokens = match config.length {
            TitleLength::AtMost(longest) => longest.min(input.max_tokens),
            TitleLength::Always(n_tokens) => n_tokens,
        };
        let tokenizer = TitleTokenizer::open(store, model, max_tokens, config.vocabulary)?;

        let weights_name = entry.files.first().map_or("model.safetensors", |file| file.name.as_str());
        let weights = Weights::open(&store.file(model, weights_name)?)?;
        let graph = (config.graph)(&config, pooling);
        let weights = with_names_of_the_file(weights, &graph, architecture);
        let device = open_device(device)?;
        let plan = Plan::compile(&graph, &weights, &device, precision)?;
        let precision = plan.precision(precision);
        let fingerprint = format!(
            "{model} v{CODE_VERSION} {precision:?}; {pooling:?} of {max_tokens} tokens; prefix {:?}; config {}; tokenizer {}; weights {}",
            input.prefix,
            blake3::hash(config_json.as_bytes()).to_hex(),
            tokenizer.digest(),
            weights.digest()
        );
        Ok(Self { plan, tokenizer, device, config, prefix: input.prefix, fingerprint })
    }

    /// The token ids of a title, the model's prefix and the special ones included, cut to the model's length.
    ///
    /// # Errors
    /// [`EncodeError::BadModelFile`] when the tokenizer has no token for what it met and none for the unknown.
    pub fn token_ids(&self, title: &str) -> Result<Vec<u32>, EncodeError> {
        if self.prefix.is_empty() {
            return self.tokenizer.ids(title);
        }
        self.tokenizer.ids(&format!("{}{title}", self.prefix))
    }

    /// Rows of titles that are padded to the longest of them.
    fn padded_rows(&self, titles: &[&[u32]]) -> Result<Vec<f32>, NnError> {
        let longest = titles.iter().map(|ids| ids.len()).max().unwrap_or(0);
        let (length, seen_padding) = match self.config.length {
            TitleLength::AtMost(_) => (longest, 0.0_f32),
            TitleLength::Always(n_tokens) => (n_tokens.max(longest), 1.0),
        };
        let shape = (titles.len(), length);
        let (mut ids, mut mask) = (Vec::new(), Vec::new());
        for title in titles {
            let n_padding = length - title.len();
            ids.extend(title.iter().copied().chain(std::iter::repeat_n(self.config.padding_id, n_padding)));
            mask.extend(std::iter::repeat_n(1_f32, title.len()));
            mask.extend(std::iter::repeat_n(seen_padding, n_padding));
        }
        let ids = Tensor::from_vec(ids, shape, &self.device)?;
        let mask = Tensor::from_vec(mask, shape, &self.device)?;
        let pooled = self.plan.run(NetworkInput::Tokens { ids: &ids, mask: &mask })?;
        Ok(pooled.flatten_all()?.to_vec1::<f32>()?)
    }

    /// Rows of titles one after the other, with padding only where the network was trained to see it.
    fn unpadded_rows(&self, titles: &[&[u32]]) -> Result<Vec<f32>, NnError> {
        let (mut ids, mut lengths) = (Vec::new(), Vec::new());
        for title in titles {
            let n_padding = match self.config.length {
                TitleLength::AtMost(_) => 0,
                TitleLength::Always(n_tokens) => n_tokens.saturating_sub(title.len()),
            };
            ids.extend_from_slice(title);
            ids.extend(std::iter::repeat_n(self.config.padding_id, n_padding));
            lengths.push(title.len() + n_padding);
        }
        let pooled = self.plan.run(NetworkInput::Titles { ids: &ids, lengths: &lengths })?;
        Ok(pooled.flatten_all()?.to_vec1::<f32>()?)
    }

    /// L2-normalised rows (n, width) of titles that all differ; the row of a title without a token stays zero.
    fn rows_of_ids(&self, ids: &[&[u32]]) -> Result<DenseMatrix, EncodeError> {
        let width = self.config.output_width;
        let is_fused = self.plan.reads_titles_unpadded();
        let tokens_per_pass = match self.device.is_cpu() {
            // The plan itself divides what it is given among workers.
            true if is_fused => usize::MAX,
            true => TOKENS_PER_PASS,
            false => TOKENS_PER_PASS_GPU,
        };
        let passes = passes(ids, tokens_per_pass, self.config.length);
        let run = |pass: &Vec<usize>| {
            let titles: Vec<&[u32]> = pass.iter().map(|&title| ids[title]).collect();
            if is_fused { self.unpadded_rows(&titles) } else { self.padded_rows(&titles) }
        };
        // On the CPU passes run side by side: what is not a matrix product mostly uses one thread.
        let rows: Vec<Vec<f32>> = if self.device.is_cpu() {
            passes.par_iter().map(run).collect::<Result<_, _>>()?
        } else {
            passes.iter().map(run).collect::<Result<_, _>>()?
        };
        let mut matrix = DenseMatrix { width, values: vec![0.0; ids.len() * width] };
        for (pass, rows) in passes.iter().zip(&rows) {
            for (&title, row) in pass.iter().zip(rows.chunks_exact(width)) {
                let to = &mut matrix.values[title * width..(title + 1) * width];
                to.copy_from_slice(row);
                l2_normalise(to);
            }
        }
        Ok(matrix)
    }
}

impl TextEncoder for TransformerEncoder {
    fn fingerprint(&self) -> String {
        self.fingerprint.clone()
    }

    fn batch_size(&self) -> usize {
        if self.device.is_cpu() { TITLES_PER_CALL } else { TITLES_PER_CALL_GPU }
    }

    fn embed(&self, titles: &[&str]) -> Result<DenseMatrix, EncodeError> {
        let width = self.config.output_width;
        let (titles, title_of) = distinct(titles.iter().copied());
        let ids = titles.par_iter().map(|title| self.token_ids(title)).collect::<Result<Vec<_>, _>>()?;
        // Titles that differ only in what the tokenizer drops, as large letters, have the same ids.
        let (ids, ids_of) = distinct(ids.iter().map(Vec::as_slice));
        let rows = self.rows_of_ids(&ids)?;
        let mut matrix = DenseMatrix { width, values: Vec::with_capacity(title_of.len() * width) };
        for title in title_of {
            matrix.values.extend_from_slice(rows.row(ids_of[title]));
        }
        Ok(matrix)
    }
}

/// Each item once, in order of first appearance, and for every item where it stands among those.
fn distinct<T: Copy + Eq + Hash>(items: impl Iterator<Item = T>) -> (Vec<T>, Vec<usize>) {
    let (mut all, mut places, mut known) = (Vec::new(), Vec::new(), HashMap::new());
    for item in items {
        let place = *known.entry(item).or_insert(all.len());
        if place == all.len() {
            all.push(item);
        }
        places.push(place);
    }
    (all, places)
}

/// Splits titles into passes of neighbours in length, each at most `max_tokens` with padding (or one title). A title
/// without a single token is in none: its row stays zero.
fn passes(ids: &[&[u32]], max_tokens: usize, length: TitleLength) -> Vec<Vec<usize>> {
    let padded = |title: usize| match length {
        TitleLength::AtMost(_) => ids[title].len(),
        TitleLength::Always(n_tokens) => n_tokens,
    };
    let mut order: Vec<usize> = (0..ids.len()).filter(|&title| padded(title) > 0).collect();
    order.sort_by_key(|&title| std::cmp::Reverse(padded(title)));
    let mut passes: Vec<Vec<usize>> = Vec::new();
    for title in order {
        match passes.last_mut() {
            // Sorted from the longest, so a pass is padded to its first title.
            Some(pass)
                if pass
                    .first()
                    .is_some_and(|&first| padded(first).saturating_mul(pass.len() + 1) <= max_tokens) =>
            {
                pass.push(title);
            }
            _ => passes.push(vec![title]),
        }
    }
    passes
}

/// The file read by the way of naming under which it has the most of the graph's parameters, transformers' own first.
fn with_names_of_the_file(weights: Weights, graph: &Graph, architecture: &TextArchitecture) -> Weights {
    let parameters = graph.parameters();
    let is_there = |name: &str| weights.shape(name).is_some();
    let found = |other: fn(&str) -> Option<String>| {
        let present = |name: &str| is_there(name) || other(name).is_some_and(|other| is_there(&other));
        parameters.iter().filter(|parameter| present(&parameter.name)).count()
    };
    let mut best = (found(|_| None), None);
    for &other in architecture.other_names {
        let n_found = found(other);
        if n_found > best.0 {
            best = (n_found, Some(other));
        }
    }
    match best.1 {
        Some(other) => weights.with_names(other),
        None => weights,
    }
}

/// One step of a sentence-transformers model.
#[derive(Deserialize)]
struct Module {
    path: String,
    #[serde(rename = "type")]
    kind: String,
}

/// What 1_Pooling/config.json says.
#[derive(Default, Deserialize)]
#[serde(default)]
struct PoolingFile {
    /// How newer files say it.
    pooling_mode: Option<String>,
    pooling_mode_cls_token: bool,
    pooling_mode_mean_tokens: bool,
    pooling_mode_max_tokens: bool,
    pooling_mode_mean_sqrt_len_tokens: bool,
    pooling_mode_weightedmean_tokens: bool,
    pooling_mode_lasttoken: bool,
}

/// The pooling of a sentence-transformers model; `None` where the folder does not describe one.
fn pooling_of(store: &ModelStore, model: &str) -> Result<Option<Pooling>, EncodeError> {
    let Ok(path) = store.file(model, MODULES) else { return Ok(None) };
    let bad =
        |path: &std::path::Path, reason: String| EncodeError::BadModelFile { path: path.to_owned(), reason };
    let modules: Vec<Module> =
        serde_json::from_str(&store.text(model, MODULES)?).map_err(|error| bad(&path, error.to_string()))?;
    let mut pooling = None;
    for module in modules {
        match module.kind.rsplit('.').next().unwrap_or_default() {
            "Transformer" | "Normalize" => {}
            "Pooling" => {
                let name = format!("{}/config.json", module.path);
                let path = store.file(model, &name)?;
                let file: PoolingFile = serde_json::from_str(&store.text(model, &name)?)
                    .map_err(|error| bad(&path, error.to_string()))?;
                pooling = Some(file.pooling().map_err(|reason| bad(&path, reason))?);
            }
            other => return Err(bad(&path, format!("its step `{other}` is not known"))),
        }
    }
    Ok(pooling)
}

impl PoolingFile {
    fn pooling(&self) -> Result<Pooling, String> {
        let others = [
            ("max", self.pooling_mode_max_tokens),
            ("mean_sqrt_len", self.pooling_mode_mean_sqrt_len_tokens),
            ("weightedmean", self.pooling_mode_weightedmean_tokens),
            ("lasttoken", self.pooling_mode_lasttoken),
        ];
        if let Some((name, _)) = others.into_iter().find(|(_, is_on)| *is_on) {
            return Err(format!("the pooling `{name}` is not known, only mean and cls"));
        }
        match self.pooling_mode.as_deref() {
            None => {}
            Some("mean") => return Ok(Pooling::Mean),
            Some("cls") => return Ok(Pooling::Cls),
            Some(other) => return Err(format!("the pooling `{other}` is not known, only mean and cls")),
        }
        match (self.pooling_mode_mean_tokens, self.pooling_mode_cls_token) {
            (true, false) => Ok(Pooling::Mean),
            (false, true) => Ok(Pooling::Cls),
            _ => Err("it names no pooling, or several at once".to_owned()),
        }
    }
}

#[cfg(test)]
#[path = "transformer_tests.rs"]
mod tests;
