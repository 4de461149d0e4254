//! The plans of a CPU. That of convolutional networks and vision transformers: operations put together, results in blocked
//! maps of one arena whose places are fixed for each size of picture, kernels for the processor at hand. Computes in f32; a
//! graph with an operation it does not know is left to the layers. That of transformers over titles is in `titles`.

mod fuse;
mod layout;
mod lower;
mod program;
mod shape;
mod spares;
mod titles;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use candle_core::{CpuStorage, DType, Device, Result, Storage, Tensor, bail};
use rayon::prelude::{IntoParallelIterator as _, ParallelIterator as _};

use self::layout::WinogradUse;
use self::lower::{Form, Node};
use self::program::Program;
use self::shape::Size;
use self::spares::Spares;
use super::kernels::blocked::{Memory, Team, Tiles, with_team};
use super::{Graph, NnError, Weights};

pub(super) use self::titles::{Products, TitlePlan, Titles};

/// A lowered network.
#[derive(Debug)]
pub(super) struct CpuPlan {
    nodes: Vec<Node>,
    form: Form,
    tiles: Tiles,
    winograd: WinogradUse,
    programs: Mutex<HashMap<ProgramKey, Arc<Program>>>,
    memories: Spares<Memory>,
}

/// What a program is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct ProgramKey {
    channels: usize,
    height: usize,
    width: usize,
    n_images: usize,
    n_workers: usize,
}

/// Programs kept; a network sees few sizes.
const MOST_PROGRAMS: usize = 16;
/// Most pictures that a worker takes through the network together.
const MOST_IMAGES: usize = 8;

impl CpuPlan {
    /// Lowers `graph`; `None` when it has an operation that the kernels lack.
    ///
    /// # Errors
    /// [`NnError::Tensor`] naming the first parameter that is absent or of another shape.
    pub(super) fn lower(graph: &Graph, weights: &Weights) -> std::result::Result<Option<Self>, NnError> {
        Self::lower_for(graph, weights, Tiles::detect(), WinogradUse::WhereFaster)
    }

    /// The same for certain tiles and a certain use of Winograd's.
    fn lower_for(
        graph: &Graph,
        weights: &Weights,
        tiles: Tiles,
        winograd: WinogradUse,
    ) -> std::result::Result<Option<Self>, NnError> {
        let Some((nodes, form)) = lower::lower(graph, weights, tiles)? else { return Ok(None) };
        let nodes = fuse::fuse(nodes);
        Ok(Some(Self {
            nodes,
            form,
            tiles,
            winograd,
            programs: Mutex::default(),
            memories: Spares::default(),
        }))
    }

    /// The network's output for pictures (n, c, h, w).
    ///
    /// # Errors
    /// When they do not fit the network.
    pub(super) fn run(&self, pictures: &Tensor) -> Result<Tensor> {
        let (n_images, channels, height, width) = pictures.dims4()?;
        if n_images == 0 || height * width == 0 {
            bail!("a network cannot be run on pictures of {:?}", pictures.dims());
        }
        let picture = Size { channels, height, width };
        let contiguous = pictures.to_dtype(DType::F32)?.contiguous()?;
        let (storage, layout) = contiguous.storage_and_layout();
        let Storage::Cpu(CpuStorage::F32(values)) = &*storage else {
            bail!("the pictures are not on the CPU")
        };
        let values = values.get(layout.start_offset()..).unwrap_or_default();
        let Some(values) = values.get(..n_images * channels * height * width) else {
            bail!("the pictures are fewer numbers than their shape says")
        };
        let n_workers = rayon::current_num_threads();
        let mut results = Vec::new();
        let mut first = 0;
        let mut dims = Vec::new();
        while first < n_images {
            let left = n_images - first;
            let from = |image: usize| values.get(image * channels * height * width..).unwrap_or_default();
            // Whole pictures for each worker as long as there are as many, for their results stay in its own cache.
            if left >= n_workers {
                let each = (left / n_workers).min(self.images_at_once(picture)?);
                let n_parts = left / (each * n_workers) * n_workers;
                let program = self.program(picture, each, 1)?;
                let part = |part: usize| {
                    let pictures = from(first + part * each).get(..each * channels * height * width);
                    self.memories.with(|memory| {
                        let mut result = Vec::new();
                        program.run(pictures.unwrap_or_default(), memory, &Team::alone(), &mut result);
                        result
                    })
                };
                let parts: Vec<Vec<f32>> = (0..n_parts).into_par_iter().map(part).collect();
                parts.into_iter().for_each(|part| results.extend(part));
                first += n_parts * each;
                dims = program.dims().to_vec();
            } else {
                let program = self.program(picture, left, n_workers)?;
                let pictures = from(first);
                let result = self.memories.with(|memory| {
                    with_team(|team| {
                        let mut result = Vec::new();
                        program.run(pictures, memory, team, &mut result);
                        result
                    })
                });
                results.extend(result);
                first += left;
                dims = program.dims().to_vec();
            }
        }
        let shape: Vec<usize> = [n_images].into_iter().chain(dims).collect();
        Tensor::from_vec(results, shape, &Device::Cpu)
    }

    /// Pictures that a worker takes through the network together. Their maps should not push each other out of the cache,
    /// their weights should be read for several of them: so the more, the larger all weights are beside the largest map.
    fn images_at_once(&self, picture: Size) -> Result<usize> {
        let sizes = shape::sizes(&self.nodes, picture)?;
        let largest = sizes.iter().map(|size| size.channels * size.n_pixels()).max().unwrap_or(1);
        let n_weights: usize = self.nodes.iter().map(|node| node.operation.n_weights()).sum();
        Ok((n_weights / (2 * largest.max(1))).clamp(2, MOST_IMAGES))
    }

    fn program(&self, picture: Size, n_images: usize, n_workers: usize) -> Result<Arc<Program>> {
        let Size { channels, height, width } = picture;
        let key = ProgramKey { channels, height, width, n_images, n_workers };
        let lock = || self.programs.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(program) = lock().get(&key) {
            return Ok(Arc::clone(program));
        }
        let nodes = (self.nodes.as_slice(), self.form);
        let program =
            Arc::new(Program::new(nodes, picture, (n_images, n_workers), (self.tiles, self.winograd))?);
        let mut programs = lock();
        if programs.len() >= MOST_PROGRAMS {
            programs.clear();
        }
        programs.insert(key, Arc::clone(&program));
        Ok(program)
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
