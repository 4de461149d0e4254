//! From a graph to operations that the kernels have, parameters loaded and packed. A graph with any other operation is not
//! lowered at all.

use std::sync::{Arc, OnceLock};

use crate::nn::kernels::blocked::{
    BLOCK, Buffer, Packed, PackedChannels, Tiles, WindowPool, WinogradWeights, blocked_order, n_blocks,
};
use crate::nn::layers::convolution::{FoldedWeights, folded_norm};
use crate::nn::{
    Activation, AttentionMask, AttentionWeights, ChannelAttention, Convolution, FeatureAxis, Graph,
    LayerNorm, Linear, NnError, Operation, Padding, PaddingCounts, Pool, SelfAttention, SqueezeExcite, Table,
    TokenPool, Weights,
};

/// An operation and the operations it reads.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) operation: Lowered,
    pub(super) inputs: Vec<usize>,
}

/// What the kernels can do.
#[derive(Clone, Debug)]
pub(super) enum Lowered {
    /// The pictures as a blocked map.
    Input,
    /// The pictures as planes, for the one convolution that reads them.
    InputPlanes,
    /// The pictures in squares of this side, for the one convolution that reads them.
    InputPatches(usize),
    Convolve(Convolved),
    Channelwise {
        weights: Arc<PackedChannels>,
        stride: usize,
        padding: Padding,
        activation: Activation,
    },
    Pool(Pool, WindowPool, PaddingCounts),
    GlobalMean,
    /// Inputs: what it is applied to; then, in this order, the gate and the summand where there are any.
    Elementwise(Pointwise),
    Neighbours(Arc<Vec<f32>>),
    LayerNorm(Arc<[Buffer; 2]>, f32),
    Concatenate,
    Flatten,
    /// Rows added to tokens (for each block of channels all rows), and how many of them come before the first.
    TokenTable {
        table: Arc<Buffer>,
        channels: usize,
        n_rows: usize,
        n_before: usize,
    },
    /// Attention of so many heads among queries, keys and values.
    Attention(usize),
    FirstPixel,
    /// The same numbers, seen as another kind of tensor.
    Alias,
}

impl Lowered {
    /// Floats of the weights.
    pub(super) fn n_weights(&self) -> usize {
        match self {
            Self::Convolve(convolved) => convolved.n_weights(),
            _ => 0,
        }
    }
}

/// What kind of tensor a result is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// (n, c, h, w).
    Picture,
    /// (n, h w, c).
    Tokens,
    /// (n, c).
    Rows,
}

/// A convolution with groups of whole blocks, or a linear layer. Inputs: the map; then, in this order, the gate of its
/// input and the residual where there are any.
#[derive(Clone, Debug)]
pub(super) struct Convolved {
    pub(super) weights: Arc<ConvolvedWeights>,
    pub(super) kernel: [usize; 2],
    pub(super) stride: usize,
    pub(super) padding: Padding,
    pub(super) activation: Activation,
    pub(super) has_gate: bool,
    /// Scale and shift of the input's channels and the bounds they are held within.
    pub(super) affine: Option<(Arc<[Buffer; 2]>, [f32; 2])>,
    pub(super) has_residual: bool,
}

impl Convolved {
    /// Whether each output pixel reads one input pixel, the same, in one group.
    pub(super) fn is_pointwise(&self) -> bool {
        let has_no_zeros = matches!(self.padding, Padding::Same | Padding::Symmetric([0, 0]));
        (self.kernel, self.stride) == ([1, 1], 1) && has_no_zeros && self.weights.packed.n_groups() == 1
    }

    /// Floats of the weights.
    pub(super) fn n_weights(&self) -> usize {
        self.weights.packed.width() * self.weights.packed.depth()
    }
}

/// Weights in the order of tiles, and those of a 3x3 convolution for tiles of 4x4 once somebody wants them.
#[derive(Debug)]
pub(super) struct ConvolvedWeights {
    pub(super) packed: Arc<Packed>,
    pub(super) in_channels: usize,
    winograd: OnceLock<Arc<WinogradWeights>>,
}

impl ConvolvedWeights {
    /// The same for sums scaled and shifted.
    pub(super) fn scaled(&self, affine: &[Buffer; 2]) -> Self {
        let packed = Arc::new(self.packed.scaled(affine.each_ref().map(Buffer::as_slice)));
        Self { packed, in_channels: self.in_channels, winograd: OnceLock::new() }
    }

    /// The transformed weights, made at the first call; only of a 3x3 convolution in one group.
    pub(super) fn winograd(&self) -> Arc<WinogradWeights> {
        let make = || Arc::new(WinogradWeights::new(&self.packed, self.in_channels));
        Arc::clone(self.winograd.get_or_init(make))
    }
}

/// last(first(x) * scale * gate + shift + other).
#[derive(Clone, Debug)]
pub(super) struct Pointwise {
    pub(super) first: Activation,
    pub(super) affine: Option<[Buffer; 2]>,
    /// Every channel times this, beside `affine`.
    pub(super) factor: f32,
    pub(super) has_gate: bool,
    pub(super) has_other: bool,
    pub(super) last: Activation,
}

impl Pointwise {
    pub(super) const PLAIN: Self = Self {
        first: Activation::Identity,
        affine: None,
        factor: 1.0,
        has_gate: false,
        has_other: false,
        last: Activation::Identity,
    };
}

/// The operations of `graph` and the kind of its result; `None` when it has one that the kernels lack.
///
/// # Errors
/// [`NnError::Tensor`] naming the first parameter that is absent or of another shape.
pub(super) fn lower(
    graph: &Graph,
    weights: &Weights,
    tiles: Tiles,
) -> Result<Option<(Vec<Node>, Form)>, NnError> {
    if !graph.nodes().iter().all(|node| is_known(&node.operation)) {
        return Ok(None);
    }
    let mut lowering = Lowering {
        weights,
        tiles,
        nodes: Vec::new(),
        places: Vec::new(),
        channels: Vec::new(),
        forms: Vec::new(),
    };
    for node in graph.nodes() {
        let inputs: Vec<usize> = node.inputs.iter().map(|input| input.index()).collect();
        let of_inputs: Vec<Form> =
            inputs.iter().filter_map(|&input| lowering.forms.get(input).copied()).collect();
        let Some(form) = form_of(&node.operation, &of_inputs) else { return Ok(None) };
        lowering.forms.push(form);
        if !lowering.add(&node.operation, &inputs)? {
            return Ok(None);
        }
    }
    Ok(lowering.forms.last().map(|&form| (lowering.nodes, form)))
}

/// The kind of an operation's result; `None` where it is given tensors of a kind that its kernel does not read.
fn form_of(operation: &Operation, inputs: &[Form]) -> Option<Form> {
    let first = inputs.first().copied();
    let only = |wanted: Form, result: Form| (first == Some(wanted)).then_some(result);
    let last_axis_is_channels = |axis: FeatureAxis| match axis {
        FeatureAxis::Channels => only(Form::Picture, Form::Picture),
        FeatureAxis::Last => first.filter(|&form| form != Form::Picture),
    };
    match operation {
        Operation::Images | Operation::Features => Some(Form::Picture),
        Operation::Linear(_) => last_axis_is_channels(FeatureAxis::Last),
        Operation::LayerNorm(LayerNorm { axis, .. }) | Operation::LayerScale(_, _, axis) => {
            last_axis_is_channels(*axis)
        }
        Operation::Activation(_)
        | Operation::Scale(_)
        | Operation::LearnedScale(_)
        | Operation::Dropout(_)
        | Operation::DropPath(_) => first,
        Operation::Add => first.filter(|&form| inputs.get(1) == Some(&form)),
        Operation::GlobalAverage | Operation::Flatten => only(Form::Picture, Form::Rows),
        Operation::ToTokens => only(Form::Picture, Form::Tokens),
        Operation::ToImage => only(Form::Tokens, Form::Picture),
        Operation::PrependToken(..) | Operation::AddTable(_) | Operation::SelfAttention(_) => {
            only(Form::Tokens, Form::Tokens)
        }
        Operation::PoolTokens(_) => only(Form::Tokens, Form::Rows),
        Operation::Concatenate => inputs.iter().all(|&form| form == Form::Picture).then_some(Form::Picture),
        _ => only(Form::Picture, Form::Picture),
    }
}

/// Whether there is a kernel, as far as the operation alone tells.
fn is_known(operation: &Operation) -> bool {
    match operation {
        Operation::Images
        | Operation::Features
        | Operation::Activation(_)
        | Operation::Scale(_)
        | Operation::Add
        | Operation::Concatenate
        | Operation::MaxPool(_)
        | Operation::AveragePool(..)
        | Operation::GlobalAverage
        | Operation::SqueezeExcite(_)
        | Operation::ChannelAttention(_)
        | Operation::Flatten
        | Operation::Linear(_)
        | Operation::Dropout(_)
        | Operation::DropPath(_)
        | Operation::LayerNorm(_)
        | Operation::LayerScale(..)
        | Operation::LearnedScale(_)
        | Operation::ToTokens
        | Operation::ToImage
        | Operation::PrependToken(..)
        | Operation::AddTable(_)
        | Operation::PoolTokens(TokenPool::First)
        | Operation::BatchNorm(..) => true,
        Operation::SelfAttention(attention) => {
            let SelfAttention { mask, width, n_heads, .. } = attention;
            *n_heads > 0 && width.is_multiple_of(n_heads * BLOCK) && *mask == AttentionMask::None
        }
        Operation::Convolution(convolution) => is_known_convolution(convolution),
        _ => false,
    }
}

fn is_known_convolution(convolution: &Convolution) -> bool {
    let Convolution { in_channels, out_channels, kernel, stride, groups, padding, .. } = convolution;
    let is_patches = kernel == &[*stride; 2] && *padding == Padding::Symmetric([0, 0]);
    let is_channelwise = groups == in_channels && groups == out_channels && *groups > 1;
    let has_whole_blocks = *groups == 1
        || *groups > 1
            && in_channels.is_multiple_of(groups * BLOCK)
            && out_channels.is_multiple_of(groups * BLOCK);
    let is_sized = kernel[0] > 0 && kernel[1] > 0 && *in_channels > 0 && *out_channels > 0;
    is_sized
        && (is_channelwise || has_whole_blocks)
        && (matches!(stride, 1 | 2) || *stride > 2 && is_patches && *groups == 1)
}

struct Lowering<'a> {
    weights: &'a Weights,
    tiles: Tiles,
    nodes: Vec<Node>,
    /// Node of `nodes` for each of the graph's.
    places: Vec<usize>,
    /// Channels of each of the graph's nodes, where its operations tell.
    channels: Vec<Option<usize>>,
    /// Kind of each of the graph's nodes.
    forms: Vec<Form>,
}

impl Lowering<'_> {
    fn push(&mut self, operation: Lowered, inputs: Vec<usize>) -> usize {
        self.nodes.push(Node { operation, inputs });
        self.nodes.len() - 1
    }

    /// Adds one of the graph's nodes; false when the kernels lack it.
    fn add(&mut self, operation: &Operation, graph_inputs: &[usize]) -> Result<bool, NnError> {
        let inputs: Vec<usize> =
            graph_inputs.iter().filter_map(|&input| self.places.get(input).copied()).collect();
        let known = graph_inputs.iter().map(|&input| self.channels.get(input).copied().flatten());
        let known: Vec<Option<usize>> = known.collect();
        let mut channels = known.first().copied().flatten();
        let pointwise = |changed: Pointwise| Lowered::Elementwise(changed);
        let node = match operation {
            Operation::Images | Operation::Features => self.push(Lowered::Input, inputs),
            Operation::Convolution(convolution) => {
                channels = Some(convolution.out_channels);
                match self.convolution(convolution, &inputs)? {
                    Some(node) => node,
                    None => return Ok(false),
                }
            }
            Operation::Linear(linear) => {
                channels = Some(linear.out_features);
                self.linear(linear, inputs)?
            }
            Operation::BatchNorm(norm, n_channels, activation) => {
                channels = Some(*n_channels);
                let (scale, shift) = folded_norm(norm, self.weights, *n_channels)?.into_iter().unzip();
                let affine = Some([scale, shift].map(|values: Vec<f64>| buffer_of(&values)));
                self.push(pointwise(Pointwise { affine, last: *activation, ..Pointwise::PLAIN }), inputs)
            }
            Operation::Activation(activation) => {
                self.push(pointwise(Pointwise { last: *activation, ..Pointwise::PLAIN }), inputs)
            }
            Operation::Scale(factor) => {
                self.push(pointwise(Pointwise { factor: *factor as f32, ..Pointwise::PLAIN }), inputs)
            }
            Operation::LearnedScale(name) => {
                let factor = self.weights.values(name, &[])?.first().copied().unwrap_or(1.0);
                self.push(pointwise(Pointwise { factor, ..Pointwise::PLAIN }), inputs)
            }
            Operation::LayerScale(name, width, _) => {
                let scale = widened(&self.weights.values(name, &[*width])?);
                let affine = Some([buffer_of(&scale), buffer_of(&vec![0.0; *width])]);
                self.push(pointwise(Pointwise { affine, ..Pointwise::PLAIN }), inputs)
            }
            Operation::Add => self.push(pointwise(Pointwise { has_other: true, ..Pointwise::PLAIN }), inputs),
            Operation::Concatenate => {
                // All but the last must fill their blocks, else channels would lie across two.
                let all: Option<Vec<usize>> = known.iter().copied().collect();
                let Some(all) = all else { return Ok(false) };
                if all.split_last().is_none_or(|(_, before)| before.iter().any(|n| !n.is_multiple_of(BLOCK)))
                {
                    return Ok(false);
                }
                channels = Some(all.iter().sum());
                self.push(Lowered::Concatenate, inputs)
            }
            Operation::MaxPool(pool) => {
                self.push(Lowered::Pool(*pool, WindowPool::Largest, PaddingCounts::No), inputs)
            }
            Operation::AveragePool(pool, counts) => {
                self.push(Lowered::Pool(*pool, WindowPool::Mean, *counts), inputs)
            }
            Operation::GlobalAverage => self.push(Lowered::GlobalMean, inputs),
            Operation::SqueezeExcite(gate) => self.squeeze_excite(gate, &inputs)?,
            Operation::ChannelAttention(gate) => self.channel_attention(gate, &inputs)?,
            Operation::Flatten => {
                channels = None;
                self.push(Lowered::Flatten, inputs)
            }
            Operation::Dropout(_) | Operation::DropPath(_) => self.push(Lowered::Alias, inputs),
            Operation::LayerNorm(norm) => self.layer_norm(norm, inputs)?,
            Operation::PrependToken(name, width) => {
                let row = self.weights.values(name, &[1, 1, *width])?;
                self.push(token_table(&row, *width, 1), inputs)
            }
            Operation::AddTable(Table { name, n_rows, width }) => {
                let rows = self.weights.values(name, &[1, *n_rows, *width])?;
                self.push(token_table(&rows, *width, 0), inputs)
            }
            Operation::SelfAttention(attention) => self.attention(attention, inputs)?,
            Operation::PoolTokens(_) => self.push(Lowered::FirstPixel, inputs),
            // A map never stops being one, so going back to it needs only the map itself.
            Operation::ToTokens | Operation::ToImage => {
                self.push(Lowered::Alias, inputs.into_iter().take(1).collect())
            }
            _ => return Ok(false),
        };
        self.places.push(node);
        self.channels.push(channels);
        Ok(true)
    }

    fn convolution(&mut self, convolution: &Convolution, inputs: &[usize]) -> Result<Option<usize>, NnError> {
        let Convolution { in_channels, kernel, stride, padding, groups, activation, .. } = convolution;
        let &[from] = inputs else { return Ok(None) };
        let FoldedWeights { weight, bias, .. } = FoldedWeights::load(convolution, self.weights)?;
        if groups == in_channels && *groups == bias.len() && *groups > 1 {
            let weights = Arc::new(PackedChannels::new(&weight, &bias, *kernel));
            let (stride, padding, activation) = (*stride, *padding, *activation);
            let operation = Lowered::Channelwise { weights, stride, padding, activation };
            return Ok(Some(self.push(operation, vec![from])));
        }
        let depth = in_channels / groups * kernel[0] * kernel[1];
        let in_order: Vec<usize> = (0..depth).collect();
        let is_first = matches!(self.nodes.get(from), Some(Node { operation: Lowered::Input, .. }));
        let (from, kernel, stride, order) = if *stride > 2 {
            if !is_first {
                return Ok(None);
            }
            (self.push(Lowered::InputPatches(*stride), Vec::new()), [1, 1], 1, in_order)
        } else if is_first && *in_channels <= 4 && *groups == 1 {
            (self.push(Lowered::InputPlanes, Vec::new()), *kernel, *stride, in_order)
        } else {
            (from, *kernel, *stride, blocked_order(in_channels / groups, *kernel))
        };
        let packed = Arc::new(Packed::new(self.tiles, &weight, &bias, *groups, &order));
        let in_channels = if kernel == [1, 1] { depth * groups } else { *in_channels };
        Ok(Some(self.convolve(packed, in_channels, (kernel, stride, *padding), *activation, vec![from])))
    }

    fn convolve(
        &mut self,
        packed: Arc<Packed>,
        in_channels: usize,
        (kernel, stride, padding): ([usize; 2], usize, Padding),
        activation: Activation,
        inputs: Vec<usize>,
    ) -> usize {
        let weights = Arc::new(ConvolvedWeights { packed, in_channels, winograd: OnceLock::new() });
        let convolved = Convolved {
            weights,
            kernel,
            stride,
            padding,
            activation,
            has_gate: false,
            affine: None,
            has_residual: false,
        };
        self.push(Lowered::Convolve(convolved), inputs)
    }

    /// A layer of each pixel: weight (out, in), bias (out).
    fn dense(
        &mut self,
        [weight, bias]: [&[f32]; 2],
        in_features: usize,
        activation: Activation,
        inputs: Vec<usize>,
    ) -> usize {
        let order: Vec<usize> = (0..in_features).collect();
        let packed = Arc::new(Packed::new(self.tiles, weight, bias, 1, &order));
        self.convolve(packed, in_features, ([1, 1], 1, Padding::Symmetric([0, 0])), activation, inputs)
    }

    fn linear(&mut self, linear: &Linear, inputs: Vec<usize>) -> Result<usize, NnError> {
        let Linear { name, in_features, out_features, has_bias, activation } = linear;
        let weight = self.weights.values(&format!("{name}.weight"), &[*out_features, *in_features])?;
        let bias = if *has_bias {
            self.weights.values(&format!("{name}.bias"), &[*out_features])?
        } else {
            vec![0.0; *out_features]
        };
        Ok(self.dense([&weight, &bias], *in_features, *activation, inputs))
    }

    fn squeeze_excite(&mut self, gate: &SqueezeExcite, inputs: &[usize]) -> Result<usize, NnError> {
        let mut rows = self.push(Lowered::GlobalMean, inputs.to_vec());
        let layers = [
            (&gate.reduce, gate.n_channels, gate.n_reduced, gate.activation),
            (&gate.expand, gate.n_reduced, gate.n_channels, gate.gate),
        ];
        for (name, from, to, activation) in layers {
            let weight = self.weights.values(&format!("{name}.weight"), &[to, from, 1, 1])?;
            let bias = self.weights.values(&format!("{name}.bias"), &[to])?;
            rows = self.dense([&weight, &bias], from, activation, vec![rows]);
        }
        Ok(self.gated(inputs, rows))
    }

    fn channel_attention(&mut self, gate: &ChannelAttention, inputs: &[usize]) -> Result<usize, NnError> {
        let taps = self.weights.values(&format!("{}.weight", gate.name), &[1, 1, gate.kernel])?;
        let means = self.push(Lowered::GlobalMean, inputs.to_vec());
        let rows = self.push(Lowered::Neighbours(Arc::new(taps)), vec![means]);
        Ok(self.gated(inputs, rows))
    }

    fn gated(&mut self, inputs: &[usize], rows: usize) -> usize {
        let gated = Pointwise { has_gate: true, ..Pointwise::PLAIN };
        self.push(Lowered::Elementwise(gated), inputs.iter().copied().chain([rows]).collect())
    }

    fn attention(&mut self, attention: &SelfAttention, inputs: Vec<usize>) -> Result<usize, NnError> {
        let SelfAttention { weights, width, n_heads, .. } = attention;
        let names: Vec<[String; 2]> = match weights {
            AttentionWeights::Packed(name) => vec![["weight", "bias"].map(|kind| format!("{name}.{kind}"))],
            AttentionWeights::InProjection(name) => {
                vec![["weight", "bias"].map(|kind| format!("{name}.in_proj_{kind}"))]
            }
            AttentionWeights::Separate(names) => {
                let of = |name: &String| ["weight", "bias"].map(|kind| format!("{name}.{kind}"));
                names.iter().map(of).collect()
            }
        };
        let each = 3 * width / names.len();
        let (mut matrix, mut biases) = (Vec::new(), Vec::new());
        for [weight, bias] in names {
            matrix.extend(self.weights.values(&weight, &[each, *width])?);
            biases.extend(self.weights.values(&bias, &[each])?);
        }
        let all = self.dense([&matrix, &biases], *width, Activation::Identity, inputs);
        Ok(self.push(Lowered::Attention(*n_heads), vec![all]))
    }

    fn layer_norm(&mut self, norm: &LayerNorm, inputs: Vec<usize>) -> Result<usize, NnError> {
        let LayerNorm { name, width, epsilon, .. } = norm;
        let values = |kind: &str| self.weights.values(&format!("{name}.{kind}"), &[*width]);
        let affine = [values("weight")?, values("bias")?].map(|values| buffer_of(&widened(&values)));
        Ok(self.push(Lowered::LayerNorm(Arc::new(affine), *epsilon as f32), inputs))
    }
}

/// Rows (n, width) in blocks of channels.
fn token_table(rows: &[f32], width: usize, n_before: usize) -> Lowered {
    let n_rows = rows.len() / width.max(1);
    let mut table = Buffer::zeros(n_blocks(width) * n_rows * BLOCK);
    for (index, &value) in rows.iter().enumerate() {
        let (row, channel) = (index / width, index % width);
        table.as_mut_slice()[(channel / BLOCK * n_rows + row) * BLOCK + channel % BLOCK] = value;
    }
    Lowered::TokenTable { table: Arc::new(table), channels: width, n_rows, n_before }
}

fn widened(values: &[f32]) -> Vec<f64> {
    values.iter().copied().map(f64::from).collect()
}

/// One number a channel, in whole blocks.
fn buffer_of(values: &[f64]) -> Buffer {
    let mut buffer = Buffer::zeros(n_blocks(values.len()) * BLOCK);
    for (to, &value) in buffer.as_mut_slice().iter_mut().zip(values) {
        *to = value as f32;
    }
    buffer
}
