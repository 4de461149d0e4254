//! The plan of a CPU for transformers over titles: tokens of many titles one after the other, none of them padding unless
//! the network wants it, since linear layers and norms see one token at a time and attention one title at a time. Titles
//! go in passes that fit the caches, one worker each. Computes in f32, where wanted its linear layers in whole numbers of
//! eight bits; a graph with an operation it does not know is left to the layers.

mod lower;
mod pass;

use candle_core::{Device, Result, Tensor, bail};
use rayon::prelude::{IntoParallelRefIterator as _, ParallelIterator as _};

pub(in crate::nn) use self::lower::Products;
use self::lower::{Level, Lowered};
use self::pass::{PassMemory, PassTitles};
use super::spares::Spares;
use crate::nn::kernels::blocked::Tiles;
use crate::nn::{Graph, NnError, Weights};

/// Tokens a pass: as many as make good use of weights that are in the second cache, few enough that their own numbers
/// are there as well.
const TOKENS_PER_PASS: usize = 256;

/// A lowered transformer.
#[derive(Debug)]
pub(in crate::nn) struct TitlePlan {
    lowered: Lowered,
    tokens_per_pass: usize,
    memories: Spares<PassMemory>,
}

/// Titles as tokens.
#[derive(Clone, Copy, Debug)]
pub(in crate::nn) struct Titles<'a> {
    /// Of all titles, one after the other.
    pub(in crate::nn) ids: &'a [u32],
    /// Tokens of each title.
    pub(in crate::nn) lengths: &'a [usize],
    /// For each token whether it is padding that only some operations see.
    pub(in crate::nn) hidden: Option<&'a [bool]>,
}

impl TitlePlan {
    /// Lowers `graph`; `None` when it has an operation that the kernels lack.
    ///
    /// # Errors
    /// [`NnError::Tensor`] naming the first parameter that is absent or of another shape.
    pub(in crate::nn) fn lower(
        graph: &Graph,
        weights: &Weights,
        products: Products,
    ) -> std::result::Result<Option<Self>, NnError> {
        Self::lower_for(graph, weights, (Tiles::detect(), products), TOKENS_PER_PASS)
    }

    /// The same for certain tiles and passes.
    fn lower_for(
        graph: &Graph,
        weights: &Weights,
        kernels: (Tiles, Products),
        tokens_per_pass: usize,
    ) -> std::result::Result<Option<Self>, NnError> {
        let lowered = lower::lower(graph, weights, kernels)?;
        Ok(lowered.map(|lowered| Self { lowered, tokens_per_pass, memories: Spares::default() }))
    }

    /// The network's output: (titles, width), or (titles, tokens, width) where it has a row a token and all titles are of
    /// one length.
    ///
    /// # Errors
    /// When the titles do not fit the network.
    pub(in crate::nn) fn run(&self, titles: Titles<'_>) -> Result<Tensor> {
        let Titles { ids, lengths, hidden } = titles;
        let n_tokens: usize = lengths.iter().sum();
        if n_tokens != ids.len() || hidden.is_some_and(|hidden| hidden.len() != ids.len()) {
            bail!("{} token ids, where the titles' lengths add up to {n_tokens}", ids.len());
        }
        if lengths.is_empty() || lengths.contains(&0) {
            bail!("a network cannot be run on titles without tokens");
        }
        let passes = self.passes(lengths, n_tokens);
        let run = |pass: &std::ops::Range<usize>| {
            let before: usize = lengths.get(..pass.start).unwrap_or_default().iter().sum();
            let lengths = lengths.get(pass.clone()).unwrap_or_default();
            let tokens = before..before + lengths.iter().sum::<usize>();
            let hidden = hidden.map(|hidden| hidden.get(tokens.clone()).unwrap_or_default());
            let ids = ids.get(tokens).unwrap_or_default();
            self.memories.with(|memory| self.lowered.run(&PassTitles::new(ids, lengths, hidden), memory))
        };
        let parts: Vec<Vec<f32>> = passes.par_iter().map(run).collect::<Result<_>>()?;
        let (level, width) = self.lowered.output();
        let shape = match level {
            Level::Titles => vec![lengths.len(), width],
            Level::Probes => vec![lengths.len(), 1, width],
            Level::Tokens => {
                let length = lengths.first().copied().unwrap_or(0);
                if lengths.iter().any(|&other| other != length) {
                    bail!("the network gives a row for every token, and the titles differ in length");
                }
                vec![lengths.len(), length, width]
            }
        };
        Tensor::from_vec(parts.concat(), shape, &Device::Cpu)
    }

    /// Neighbours that go together: at most as many tokens as a pass takes (or one title), and no more than leave
    /// something for every worker.
    fn passes(&self, lengths: &[usize], n_tokens: usize) -> Vec<std::ops::Range<usize>> {
        /// Rows below which a pass is not worth dividing.
        const FEW: usize = 32;
        let for_each = n_tokens.div_ceil(rayon::current_num_threads()).max(FEW);
        let most = self.tokens_per_pass.min(for_each);
        let mut passes: Vec<std::ops::Range<usize>> = Vec::new();
        let mut filled = 0;
        for (title, &length) in lengths.iter().enumerate() {
            match passes.last_mut() {
                Some(pass) if filled + length <= most => {
                    pass.end = title + 1;
                    filled += length;
                }
                _ => {
                    passes.push(title..title + 1);
                    filled = length;
                }
            }
        }
        passes
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
