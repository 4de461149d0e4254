//! The steps of a network for pictures of one size and number, with every place fixed beforehand.

use std::sync::Arc;

use candle_core::{Result, bail};

use super::layout::{Layout, Nodes, Way, WinogradUse};
use super::lower::{Convolved, Form, Lowered, Node, Pointwise};
use super::shape::{Size, pool_windows, sizes, windows};
use crate::nn::kernels::blocked::{
    Attention, BLOCK, Buffer, Channelwise, Convolve, Elementwise, FirstPixel, Flatten, FromBlocked,
    GlobalMean, LayerNormRows, Memory, Neighbours, Order, Patches, Place, PoolWindows, Prologue, Reading,
    Regroup, Team, Tiles, ToBlocked, ToPlanes, TokenTable, Winograd, ZeroBorder,
};
use crate::nn::layers::PadAmounts;
use crate::nn::{Activation, PaddingCounts};

/// One kernel on places of the arena.
#[derive(Clone, Debug)]
enum Step {
    ToBlocked(ToBlocked),
    ToPlanes(ToPlanes),
    Patches(Patches),
    ZeroBorder(ZeroBorder),
    Convolve(Convolve),
    Winograd(Winograd),
    Channelwise(Channelwise),
    PoolWindows(PoolWindows),
    GlobalMean(GlobalMean),
    Neighbours(Neighbours),
    Elementwise(Elementwise),
    LayerNorm(LayerNormRows),
    Regroup(Regroup),
    Flatten(Flatten),
    TokenTable(TokenTable),
    Attention(Attention),
    FirstPixel(FirstPixel),
}

/// A network for so many pictures of one size.
#[derive(Debug)]
pub(super) struct Program {
    steps: Vec<Step>,
    arena_len: usize,
    scratch_len: usize,
    n_workers: usize,
    output: FromBlocked,
    /// Of one image's result.
    dims: Vec<usize>,
}

impl Program {
    /// The steps of `nodes` for `n_images` pictures and a team of `n_workers`.
    ///
    /// # Errors
    /// When an operation does not fit what it is given.
    pub(super) fn new(
        (nodes, form): (&[Node], Form),
        picture: Size,
        (n_images, n_workers): (usize, usize),
        (tiles, winograd): (Tiles, WinogradUse),
    ) -> Result<Self> {
        let sizes = sizes(nodes, picture)?;
        let all = Nodes::new(nodes, &sizes, n_images, winograd);
        let layout = Layout::new(&all, |position| planes_of(&all, position).map(|planes| planes.len()))?;
        let Some(&last) = sizes.last() else { bail!("the network is empty") };
        let mut builder =
            Builder { all: &all, layout: &layout, picture, tiles, n_workers, steps: Vec::new() };
        for position in 0..nodes.len() {
            builder.add(position)?;
        }
        let steps = builder.steps;
        let output = layout.places[nodes.len() - 1];
        let (order, dims) = match form {
            Form::Picture if layout.rows[nodes.len() - 1] => (Order::ChannelsLast, vec![last.channels, 1, 1]),
            Form::Picture => (Order::ChannelsFirst, vec![last.channels, last.height, last.width]),
            Form::Tokens => (Order::ChannelsLast, vec![last.n_pixels(), last.channels]),
            Form::Rows => (Order::ChannelsLast, vec![last.channels]),
        };
        let scratch_len = steps.iter().map(Step::scratch_len).max().unwrap_or(0).next_multiple_of(BLOCK);
        let output = FromBlocked { input: output, order };
        Ok(Self { steps, arena_len: layout.arena_len, scratch_len, n_workers, output, dims })
    }

    /// Shape of one image's result.
    pub(super) fn dims(&self) -> &[usize] {
        &self.dims
    }

    /// Makes `memory` large enough.
    fn reserve(&self, memory: &mut Memory) {
        if memory.arena.len() < self.arena_len {
            memory.arena = Buffer::zeros(self.arena_len);
        }
        memory.scratch_len = memory.scratch_len.max(self.scratch_len);
        if memory.scratch.len() < memory.scratch_len * self.n_workers {
            memory.scratch = Buffer::zeros(memory.scratch_len * self.n_workers);
        }
    }

    /// Appends the results of `pictures` to `result`.
    pub(super) fn run(&self, pictures: &[f32], memory: &mut Memory, team: &Team<'_>, result: &mut Vec<f32>) {
        self.reserve(memory);
        for step in &self.steps {
            step.run(pictures, memory, team);
        }
        self.output.run(memory, result);
    }
}

impl Step {
    fn scratch_len(&self) -> usize {
        match self {
            Self::Convolve(step) => step.scratch_len(),
            Self::Winograd(step) => step.scratch_len(),
            Self::Attention(step) => step.scratch_len(),
            _ => 0,
        }
    }

    fn run(&self, pictures: &[f32], memory: &mut Memory, team: &Team<'_>) {
        match self {
            Self::ToBlocked(step) => step.run(pictures, memory, team),
            Self::ToPlanes(step) => step.run(pictures, memory, team),
            Self::Patches(step) => step.run(pictures, memory, team),
            Self::ZeroBorder(step) => step.run(memory),
            Self::Convolve(step) => step.run(memory, team),
            Self::Winograd(step) => step.run(memory, team),
            Self::Channelwise(step) => step.run(memory, team),
            Self::PoolWindows(step) => step.run(memory, team),
            Self::GlobalMean(step) => step.run(memory, team),
            Self::Neighbours(step) => step.run(memory),
            Self::Elementwise(step) => step.run(memory, team),
            Self::LayerNorm(step) => step.run(memory, team),
            Self::Regroup(step) => step.run(memory),
            Self::Flatten(step) => step.run(memory),
            Self::TokenTable(step) => step.run(memory),
            Self::Attention(step) => step.run(memory, team),
            Self::FirstPixel(step) => step.run(memory),
        }
    }
}

/// Pictures as planes with zeros around them.
struct Planes {
    n_planes: usize,
    size: [usize; 2],
    before: [usize; 2],
    padded: [usize; 2],
}

impl Planes {
    fn len(&self) -> usize {
        self.n_planes * self.padded[0] * self.padded[1]
    }
}

/// The planes that node `position` is, for the one convolution that reads them.
fn planes_of(all: &Nodes<'_>, position: usize) -> Option<Planes> {
    let (Lowered::InputPlanes, &[reader]) =
        (&all.nodes[position].operation, all.readers[position].as_slice())
    else {
        return None;
    };
    let Lowered::Convolve(convolved) = &all.nodes[reader].operation else { return None };
    let size = all.sizes[position];
    let PadAmounts { top, bottom, left, right } =
        PadAmounts::new(convolved.padding, [size.height, size.width], convolved.kernel, convolved.stride);
    Some(Planes {
        n_planes: all.n_images * size.channels,
        size: [size.height, size.width],
        before: [top, left],
        padded: [top + size.height + bottom, left + size.width + right],
    })
}

struct Builder<'a> {
    all: &'a Nodes<'a>,
    layout: &'a Layout,
    picture: Size,
    tiles: Tiles,
    n_workers: usize,
    steps: Vec<Step>,
}

impl Builder<'_> {
    /// The place of input `index` of a node.
    fn input(&self, position: usize, index: usize) -> Result<Place> {
        match self.all.nodes[position].inputs.get(index) {
            Some(&input) => Ok(self.layout.places[input]),
            None => bail!("an operation lacks its input {index}"),
        }
    }

    fn add(&mut self, position: usize) -> Result<()> {
        let output = self.layout.places[position];
        let size = self.all.sizes[position];
        let is_planes = matches!(self.all.nodes[position].operation, Lowered::InputPlanes);
        if output.border != Default::default() && !is_planes {
            self.steps.push(Step::ZeroBorder(ZeroBorder { place: output }));
        }
        let (tiles, all) = (self.tiles, self.all);
        match &all.nodes[position].operation {
            Lowered::Input => self.steps.push(Step::ToBlocked(ToBlocked { output })),
            Lowered::InputPlanes => {
                let Some(Planes { n_planes, size, before, padded }) = planes_of(self.all, position) else {
                    bail!("planes that nobody reads")
                };
                let start = output.start;
                self.steps.push(Step::ToPlanes(ToPlanes { start, n_planes, size, before, padded }));
            }
            Lowered::InputPatches(side) => {
                let channels = size.channels / (side * side);
                let size = [self.picture.height, self.picture.width];
                self.steps.push(Step::Patches(Patches { output, channels, size, side: *side }));
            }
            Lowered::Convolve(convolved) => self.convolve(position, convolved)?,
            Lowered::Channelwise { weights, stride, padding, activation } => {
                let input = self.input(position, 0)?;
                let from = all.sizes[all.nodes[position].inputs[0]];
                let (_, pad) = windows(from, weights.kernel(), *stride, *padding)?;
                let geometry = (*stride, [pad.top, pad.left]);
                let weights = Arc::clone(weights);
                let mut step = Channelwise::new(tiles, weights, [input, output], geometry, *activation);
                if let Some(mean) = self.mean_of(position) {
                    step = step.with_mean(self.layout.places[mean]);
                }
                self.steps.push(Step::Channelwise(step));
            }
            Lowered::Pool(pool, kind, counts) => {
                let input = self.input(position, 0)?;
                if self.layout.rows[position] {
                    self.steps.push(Step::GlobalMean(GlobalMean { tiles, input, output }));
                    return Ok(());
                }
                let from = all.sizes[all.nodes[position].inputs[0]];
                let pad =
                    PadAmounts::new(pool.padding, [from.height, from.width], [pool.kernel; 2], pool.stride);
                let counted = *counts == PaddingCounts::Yes;
                let rows = pool_windows(*pool, from.height, [pad.top, pad.bottom], counted)?;
                let columns = pool_windows(*pool, from.width, [pad.left, pad.right], counted)?;
                let pool = *kind;
                self.steps.push(Step::PoolWindows(PoolWindows { tiles, input, output, pool, rows, columns }));
            }
            Lowered::GlobalMean => {
                let input = self.input(position, 0)?;
                let from = all.nodes[position].inputs[0];
                if self.layout.rows[from] {
                    self.copy(input, output);
                } else if self.mean_of(from) != Some(position) {
                    self.steps.push(Step::GlobalMean(GlobalMean { tiles, input, output }));
                }
            }
            Lowered::Elementwise(pointwise) => self.elementwise(position, pointwise)?,
            Lowered::Neighbours(taps) => {
                let (input, taps, activation) =
                    (self.input(position, 0)?, Arc::clone(taps), Activation::Sigmoid);
                self.steps.push(Step::Neighbours(Neighbours { input, output, taps, activation }));
            }
            Lowered::LayerNorm(affine, epsilon) => {
                let (input, affine, epsilon) = (self.input(position, 0)?, Arc::clone(affine), *epsilon);
                self.steps.push(Step::LayerNorm(LayerNormRows { tiles, input, output, affine, epsilon }));
            }
            Lowered::Concatenate => {
                for &(_, input, first) in self.layout.copies.iter().filter(|copy| copy.0 == position) {
                    let channels = self.all.sizes[input].channels;
                    let to = output.channels_from(first, channels);
                    self.copy(self.layout.places[input], to);
                }
            }
            Lowered::Flatten => {
                let input = self.input(position, 0)?;
                if self.layout.rows[all.nodes[position].inputs[0]] {
                    self.copy(input, output);
                } else {
                    self.steps.push(Step::Flatten(Flatten { input, output }));
                }
            }
            Lowered::TokenTable { table, n_rows, n_before, .. } => {
                let (input, table) = (self.input(position, 0)?, Arc::clone(table));
                let (n_rows, n_before) = (*n_rows, *n_before);
                self.steps.push(Step::TokenTable(TokenTable { input, output, table, n_rows, n_before }));
            }
            Lowered::Attention(n_heads) => {
                let input = self.input(position, 0)?;
                self.steps.push(Step::Attention(Attention::new(tiles, input, output, *n_heads)));
            }
            Lowered::FirstPixel => {
                let input = self.input(position, 0)?;
                self.steps.push(Step::FirstPixel(FirstPixel { input, output }));
            }
            Lowered::Alias => {}
        }
        Ok(())
    }

    /// The node that is the mean of node `position`, where the convolution there takes it on its way.
    fn mean_of(&self, position: usize) -> Option<usize> {
        let is_mean = |&&reader: &&usize| matches!(self.all.nodes[reader].operation, Lowered::GlobalMean);
        let is_taken = matches!(self.all.nodes[position].operation, Lowered::Channelwise { .. });
        self.all.readers[position].iter().find(is_mean).copied().filter(|_| is_taken)
    }

    fn copy(&mut self, input: Place, output: Place) {
        self.steps.push(Step::Elementwise(Elementwise {
            tiles: self.tiles,
            input,
            output,
            first: Activation::Identity,
            affine: None,
            gate: None,
            other: None,
            last: Activation::Identity,
        }));
    }

    fn convolve(&mut self, position: usize, convolved: &Convolved) -> Result<()> {
        let (all, output) = (self.all, self.layout.places[position]);
        let input = self.input(position, 0)?;
        let from = all.nodes[position].inputs[0];
        let after_gate = 1 + usize::from(convolved.has_gate);
        let residual = if convolved.has_residual { Some(self.input(position, after_gate)?) } else { None };
        let (_, pad) = windows(all.sizes[from], convolved.kernel, convolved.stride, convolved.padding)?;
        let weights = Arc::clone(&convolved.weights.packed);
        let mut geometry = (convolved.kernel, convolved.stride, [pad.top, pad.left]);
        let reading = match self.layout.ways[position] {
            Way::Winograd => {
                let (weights, pad) = (convolved.weights.winograd(), [pad.top, pad.left]);
                let maps = [input, output];
                let step = Winograd::new(weights, maps, residual, pad, convolved.activation, self.n_workers);
                self.steps.push(Step::Winograd(step));
                return Ok(());
            }
            Way::Regrouped => {
                let Some(&rows) = self.layout.regrouped.get(&position) else {
                    bail!("a convolution of whole pictures was not laid out")
                };
                self.steps.push(Step::Regroup(Regroup { input, output: rows }));
                geometry = ([1, 1], 1, [0, 0]);
                Reading::Blocked(rows)
            }
            Way::Direct => match planes_of(all, from) {
                Some(planes) => {
                    geometry.2 = [0, 0];
                    let plane = planes.padded[0] * planes.padded[1];
                    let channels = all.sizes[from].channels;
                    let (start, row, n_images) = (input.start, planes.padded[1], all.n_images);
                    Reading::Planes { start, image: channels * plane, plane, row, channels, n_images }
                }
                None => Reading::Blocked(input),
            },
        };
        let Some(mut step) = Convolve::new(weights, reading, output, residual, geometry) else {
            bail!("a convolution of stride {} has no kernel", convolved.stride)
        };
        if convolved.has_gate {
            step = step.with_prologue(Prologue::Gate(self.input(position, 1)?));
        } else if let Some((affine, bounds)) = &convolved.affine {
            let [scale, shift] = affine.as_ref().clone();
            step = step.with_prologue(Prologue::Affine { scale, shift, bounds: *bounds });
        }
        self.steps.push(Step::Convolve(step.with_activation(convolved.activation)));
        Ok(())
    }

    fn elementwise(&mut self, position: usize, pointwise: &Pointwise) -> Result<()> {
        let input = self.input(position, 0)?;
        let gate = if pointwise.has_gate { Some(self.input(position, 1)?) } else { None };
        let after_gate = 1 + usize::from(pointwise.has_gate);
        let other = if pointwise.has_other { Some(self.input(position, after_gate)?) } else { None };
        let mut affine = pointwise.affine.clone();
        if pointwise.factor != 1.0 {
            let len = input.channels.next_multiple_of(BLOCK);
            let [scale, shift] = affine.get_or_insert_with(|| {
                let mut ones = Buffer::zeros(len);
                ones.as_mut_slice().fill(1.0);
                [ones, Buffer::zeros(len)]
            });
            for values in [scale, shift] {
                values.as_mut_slice().iter_mut().for_each(|value| *value *= pointwise.factor);
            }
        }
        self.steps.push(Step::Elementwise(Elementwise {
            tiles: self.tiles,
            input,
            output: self.layout.places[position],
            first: pointwise.first,
            affine,
            gate,
            other,
            last: pointwise.last,
        }));
        Ok(())
    }
}
