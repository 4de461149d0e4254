//! Operations by nested loops in f64, written from their definitions: what both executors are compared with.

use std::collections::BTreeMap;

use crate::nn::{
    Activation, AttentionMask, AttentionWeights, BatchNorm, Convolution, FeatureAxis, Graph, Operation,
    Padding, PaddingCounts, Pool, PoolEdge, Positions, Table, TokenPool,
};

/// Numbers with their shape, row-major.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Array {
    pub(crate) shape: Vec<usize>,
    pub(crate) values: Vec<f64>,
}

/// Whether batch norms use the batch's statistics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    Training,
    Evaluation,
}

pub(crate) type Tensors = BTreeMap<String, Array>;

impl Array {
    pub(crate) fn new(shape: &[usize], values: Vec<f64>) -> Self {
        assert_eq!(shape.iter().product::<usize>(), values.len());
        Self { shape: shape.to_vec(), values }
    }

    /// Each number from its indices.
    fn from_fn(shape: &[usize], mut number: impl FnMut(&[usize]) -> f64) -> Self {
        let mut index = vec![0; shape.len()];
        let values = (0..shape.iter().product())
            .map(|flat: usize| {
                let mut rest = flat;
                for (index, side) in index.iter_mut().zip(shape).rev() {
                    *index = rest % side;
                    rest /= side;
                }
                number(&index)
            })
            .collect();
        Self { shape: shape.to_vec(), values }
    }

    fn at(&self, index: &[usize]) -> f64 {
        assert_eq!(index.len(), self.shape.len());
        let mut flat = 0;
        for (index, side) in index.iter().zip(&self.shape) {
            assert!(index < side);
            flat = flat * side + index;
        }
        self.values[flat]
    }

    /// A pixel of (n, c, h, w), zero outside.
    fn pixel(&self, image: usize, channel: usize, [row, column]: [isize; 2]) -> Option<f64> {
        let (row, column) = (usize::try_from(row).ok()?, usize::try_from(column).ok()?);
        (row < self.shape[2] && column < self.shape[3]).then(|| self.at(&[image, channel, row, column]))
    }

    fn map(&self, function: impl Fn(f64) -> f64) -> Self {
        Self { shape: self.shape.clone(), values: self.values.iter().map(|&value| function(value)).collect() }
    }

    fn last(&self) -> usize {
        *self.shape.last().unwrap()
    }
}

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

fn activate(activation: Activation, x: f64) -> f64 {
    match activation {
        Activation::Identity => x,
        Activation::Relu => x.max(0.0),
        Activation::Relu6 => x.clamp(0.0, 6.0),
        Activation::Silu => x * sigmoid(x),
        Activation::HardSwish => x * (x + 3.0).clamp(0.0, 6.0) / 6.0,
        Activation::HardSigmoid => (x + 3.0).clamp(0.0, 6.0) / 6.0,
        Activation::Sigmoid => sigmoid(x),
        Activation::Gelu => x * 0.5 * (1.0 + candle_core::cpu::erf::erf_f64(x / 2_f64.sqrt())),
        Activation::GeluTanh => {
            0.5 * x * (1.0 + ((2.0 / std::f64::consts::PI).sqrt() * (x + 0.044715 * x.powi(3))).tanh())
        }
        Activation::QuickGelu => x * sigmoid(1.702 * x),
        Activation::Tanh => x.tanh(),
    }
}

/// Zeros before, zeros after.
fn padding(padding: Padding, side: usize, input: usize, kernel: usize, stride: usize) -> [usize; 2] {
    match padding {
        Padding::Symmetric(amounts) => [amounts[side]; 2],
        Padding::Same => {
            let total = ((input.div_ceil(stride) - 1) * stride + kernel).saturating_sub(input);
            [total / 2, total - total / 2]
        }
    }
}

fn convolve(x: &Array, convolution: &Convolution, tensors: &Tensors, phase: Phase) -> Array {
    let Convolution { name, out_channels, kernel, stride, groups, .. } = convolution;
    let mut weight = tensors[&format!("{name}.weight")].clone();
    if let Some(standardisation) = &convolution.standardisation {
        let len = weight.values.len() / out_channels;
        let gain = &tensors[&standardisation.gain];
        for (channel, values) in weight.values.chunks_mut(len).enumerate() {
            let mean = values.iter().sum::<f64>() / len as f64;
            let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / len as f64;
            for value in values {
                *value = (*value - mean) / (variance + standardisation.epsilon).sqrt()
                    * gain.values[channel]
                    * standardisation.gamma
                    / (len as f64).sqrt();
            }
        }
    }
    let pads =
        [0, 1].map(|side| padding(convolution.padding, side, x.shape[2 + side], kernel[side], *stride));
    let out =
        [0, 1].map(|side| (x.shape[2 + side] + pads[side][0] + pads[side][1] - kernel[side]) / stride + 1);
    let fan_in = x.shape[1] / groups;
    let result = Array::from_fn(&[x.shape[0], *out_channels, out[0], out[1]], |index| {
        let [image, channel, row, column] = *index else { unreachable!() };
        let group = channel / (out_channels / groups);
        let mut sum =
            if convolution.has_bias { tensors[&format!("{name}.bias")].values[channel] } else { 0.0 };
        for (from, tap_row, tap_column) in
            (0..fan_in).flat_map(|c| (0..kernel[0]).flat_map(move |y| (0..kernel[1]).map(move |x| (c, y, x))))
        {
            let place = [
                (row * stride + tap_row) as isize - pads[0][0] as isize,
                (column * stride + tap_column) as isize - pads[1][0] as isize,
            ];
            sum += x.pixel(image, group * fan_in + from, place).unwrap_or(0.0)
                * weight.at(&[channel, from, tap_row, tap_column]);
        }
        sum
    });
    let normed = match &convolution.norm {
        Some(norm) => batch_norm(&result, norm, tensors, phase),
        None => result,
    };
    normed.map(|value| activate(convolution.activation, value))
}

fn batch_norm(x: &Array, norm: &BatchNorm, tensors: &Tensors, phase: Phase) -> Array {
    let of = |kind: &str| &tensors[&format!("{}.{kind}", norm.name)].values;
    let statistics = |channel: usize| match phase {
        Phase::Evaluation => (of("running_mean")[channel], of("running_var")[channel]),
        Phase::Training => {
            let plane = x.shape[2] * x.shape[3];
            let values: Vec<f64> = (0..x.shape[0])
                .flat_map(|image| &x.values[(image * x.shape[1] + channel) * plane..][..plane])
                .copied()
                .collect();
            let mean = values.iter().sum::<f64>() / values.len() as f64;
            (mean, values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / values.len() as f64)
        }
    };
    let statistics: Vec<_> = (0..x.shape[1]).map(statistics).collect();
    Array::from_fn(&x.shape, |index| {
        let (mean, variance) = statistics[index[1]];
        (x.at(index) - mean) / (variance + norm.epsilon).sqrt() * of("weight")[index[1]]
            + of("bias")[index[1]]
    })
}

fn pool(x: &Array, pool: &Pool, reduce: impl Fn(&[f64], usize) -> f64) -> Array {
    let Pool { kernel, stride, .. } = *pool;
    let pads = [0, 1].map(|side| padding(pool.padding, side, x.shape[2 + side], kernel, stride));
    let out = [0, 1].map(|side| {
        let (input, [before, after]) = (x.shape[2 + side], pads[side]);
        let mut count = (input + before + after - kernel) / stride + 1;
        // Another window, as long as it hangs over the edge only in part and starts before the picture's end.
        if pool.edge == PoolEdge::Ceil
            && (count - 1) * stride + kernel < input + before + after
            && count * stride < input + before
        {
            count += 1;
        }
        count
    });
    Array::from_fn(&[x.shape[0], x.shape[1], out[0], out[1]], |index| {
        let [image, channel, row, column] = *index else { unreachable!() };
        let (mut values, mut whole) = (Vec::new(), 0);
        for (tap_row, tap_column) in (0..kernel).flat_map(|y| (0..kernel).map(move |x| (y, x))) {
            let padded = [row * stride + tap_row, column * stride + tap_column];
            if (0..2).all(|side| padded[side] < x.shape[2 + side] + pads[side][0] + pads[side][1]) {
                whole += 1;
            }
            let place = [padded[0] as isize - pads[0][0] as isize, padded[1] as isize - pads[1][0] as isize];
            values.extend(x.pixel(image, channel, place));
        }
        reduce(&values, whole)
    })
}

fn plane_mean(x: &Array, of: impl Fn(f64) -> f64) -> Array {
    let plane = x.shape[2] * x.shape[3];
    Array::from_fn(&x.shape[..2], |index| {
        let start = (index[0] * x.shape[1] + index[1]) * plane;
        x.values[start..start + plane].iter().map(|&value| of(value)).sum::<f64>() / plane as f64
    })
}

fn linear(x: &Array, weight: &Array, bias: Option<&Array>) -> Array {
    let (n_out, n_in) = (weight.shape[0], x.last());
    let mut shape = x.shape.clone();
    *shape.last_mut().unwrap() = n_out;
    let values = x.values.chunks(n_in).flat_map(|row| {
        (0..n_out).map(|out| {
            let products = row.iter().zip(&weight.values[out * n_in..]).map(|(a, b)| a * b);
            products.sum::<f64>() + bias.map_or(0.0, |bias| bias.values[out])
        })
    });
    Array { values: values.collect(), shape }
}

fn layer_norm(rows: &mut [f64], weight: &Array, bias: &Array, epsilon: f64) {
    let n = rows.len() as f64;
    let mean = rows.iter().sum::<f64>() / n;
    let variance = rows.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / n;
    for ((value, weight), bias) in rows.iter_mut().zip(&weight.values).zip(&bias.values) {
        *value = (*value - mean) / (variance + epsilon).sqrt() * weight + bias;
    }
}

fn attention(
    queries: &Array,
    keys: &Array,
    values: &Array,
    n_heads: usize,
    sees: impl Fn(usize, usize, usize) -> bool,
) -> Array {
    let (n, n_queries, width) = (queries.shape[0], queries.shape[1], queries.last());
    let head_width = width / n_heads;
    let mut result = Array { shape: queries.shape.clone(), values: vec![0.0; queries.values.len()] };
    for (sample, head, query) in
        (0..n).flat_map(|n| (0..n_heads).flat_map(move |h| (0..n_queries).map(move |q| (n, h, q))))
    {
        let columns = head * head_width..(head + 1) * head_width;
        let scores: Vec<f64> = (0..keys.shape[1])
            .map(|key| {
                let products =
                    columns.clone().map(|c| queries.at(&[sample, query, c]) * keys.at(&[sample, key, c]));
                let score = products.sum::<f64>() / (head_width as f64).sqrt();
                if sees(sample, query, key) { score.exp() } else { 0.0 }
            })
            .collect();
        let sum: f64 = scores.iter().sum();
        for column in columns {
            let mixed: f64 = scores
                .iter()
                .enumerate()
                .map(|(key, score)| score / sum * values.at(&[sample, key, column]))
                .sum();
            result.values[(sample * n_queries + query) * width + column] = mixed;
        }
    }
    result
}

fn columns(x: &Array, start: usize, len: usize) -> Array {
    let mut shape = x.shape.clone();
    *shape.last_mut().unwrap() = len;
    Array {
        values: x.values.chunks(x.last()).flat_map(|row| row[start..start + len].to_vec()).collect(),
        shape,
    }
}

fn table_rows(tensors: &Tensors, table: &Table, ids: &Array) -> Array {
    let rows = &tensors[&table.name].values;
    let values = ids.values.iter().flat_map(|&id| rows[id as usize * table.width..][..table.width].to_vec());
    Array { values: values.collect(), shape: [&ids.shape[..], &[table.width]].concat() }
}

fn sum(a: &Array, b: &Array) -> Array {
    assert_eq!(a.shape, b.shape);
    Array { shape: a.shape.clone(), values: a.values.iter().zip(&b.values).map(|(a, b)| a + b).collect() }
}

/// The network's output for pictures, or for ids (n, t) with their mask.
pub(crate) fn evaluate(
    graph: &Graph,
    tensors: &Tensors,
    input: &Array,
    mask: Option<&Array>,
    phase: Phase,
) -> Array {
    let mut results: Vec<Array> = Vec::new();
    for node in graph.nodes() {
        let inputs: Vec<&Array> = node.inputs.iter().map(|id| &results[id.index()]).collect();
        results.push(operate(&node.operation, &inputs, tensors, (input, mask), phase));
    }
    results.pop().unwrap()
}

fn operate(
    operation: &Operation,
    inputs: &[&Array],
    tensors: &Tensors,
    (input, mask): (&Array, Option<&Array>),
    phase: Phase,
) -> Array {
    let of = |prefix: &str, kind: &str| &tensors[&format!("{prefix}.{kind}")];
    let x = inputs.first().copied().unwrap_or(input);
    let scaled =
        |x: &Array, gate: Array| Array::from_fn(&x.shape, |index| x.at(index) * gate.at(&index[..2]));
    match operation {
        Operation::Images | Operation::Features | Operation::TokenIds => input.clone(),
        Operation::Convolution(convolution) => convolve(x, convolution, tensors, phase),
        Operation::BatchNorm(norm, _, activation) => {
            batch_norm(x, norm, tensors, phase).map(|value| activate(*activation, value))
        }
        Operation::Activation(activation) => x.map(|value| activate(*activation, value)),
        Operation::Scale(factor) => x.map(|value| value * factor),
        Operation::LearnedScale(name) => x.map(|value| value * tensors[name].values[0]),
        Operation::Add => sum(x, inputs[1]),
        Operation::Concatenate => {
            let shape = [x.shape[0], inputs.iter().map(|x| x.shape[1]).sum(), x.shape[2], x.shape[3]];
            Array::from_fn(&shape, |index| {
                let mut channel = index[1];
                let part = inputs.iter().find(|part| {
                    let is_here = channel < part.shape[1];
                    if !is_here {
                        channel -= part.shape[1];
                    }
                    is_here
                });
                part.unwrap().at(&[index[0], channel, index[2], index[3]])
            })
        }
        Operation::MaxPool(window) => {
            pool(x, window, |values, _| values.iter().copied().fold(f64::MIN, f64::max))
        }
        Operation::AveragePool(window, counts) => pool(x, window, |values, whole| {
            values.iter().sum::<f64>()
                / if *counts == PaddingCounts::Yes { whole } else { values.len() } as f64
        }),
        Operation::GlobalAverage => plane_mean(x, |value| value),
        Operation::GeneralisedMean { power, epsilon } => {
            let power = tensors[power].values[0];
            plane_mean(x, |value| value.max(*epsilon).powf(power)).map(|mean| mean.powf(1.0 / power))
        }
        Operation::SqueezeExcite(gate) => {
            let reduced = linear(
                &plane_mean(x, |value| value),
                of(&gate.reduce, "weight"),
                Some(of(&gate.reduce, "bias")),
            );
            let reduced = reduced.map(|value| activate(gate.activation, value));
            let expanded = linear(&reduced, of(&gate.expand, "weight"), Some(of(&gate.expand, "bias")));
            scaled(x, expanded.map(|value| activate(gate.gate, value)))
        }
        Operation::ChannelAttention(gate) => {
            let (means, weight) = (plane_mean(x, |value| value), of(&gate.name, "weight"));
            let gates = Array::from_fn(&means.shape, |index| {
                let taps = weight.values.iter().enumerate().map(|(tap, weight)| {
                    let channel =
                        (index[1] + tap).checked_sub(gate.kernel / 2).filter(|&c| c < means.shape[1]);
                    channel.map_or(0.0, |channel| means.at(&[index[0], channel]) * weight)
                });
                sigmoid(taps.sum())
            });
            scaled(x, gates)
        }
        Operation::UpsampleNearest(factor) => {
            let shape = [x.shape[0], x.shape[1], x.shape[2] * factor, x.shape[3] * factor];
            Array::from_fn(&shape, |index| x.at(&[index[0], index[1], index[2] / factor, index[3] / factor]))
        }
        Operation::Flatten => Array::new(&[x.shape[0], x.values.len() / x.shape[0]], x.values.clone()),
        Operation::Linear(layer) => {
            let bias = layer.has_bias.then(|| of(&layer.name, "bias"));
            linear(x, of(&layer.name, "weight"), bias).map(|value| activate(layer.activation, value))
        }
        Operation::Dropout(_) | Operation::DropPath(_) => x.clone(),
        Operation::LayerNorm(norm) => {
            let (weight, bias) = (of(&norm.name, "weight"), of(&norm.name, "bias"));
            if norm.axis == FeatureAxis::Last {
                let mut result = x.clone();
                result
                    .values
                    .chunks_mut(norm.width)
                    .for_each(|row| layer_norm(row, weight, bias, norm.epsilon));
                return result;
            }
            Array::from_fn(&x.shape, |index| {
                let mut row: Vec<f64> =
                    (0..x.shape[1]).map(|channel| x.at(&[index[0], channel, index[2], index[3]])).collect();
                layer_norm(&mut row, weight, bias, norm.epsilon);
                row[index[1]]
            })
        }
        Operation::LayerScale(name, _, axis) => Array::from_fn(&x.shape, |index| {
            let feature = if *axis == FeatureAxis::Last { index[index.len() - 1] } else { index[1] };
            x.at(index) * tensors[name].values[feature]
        }),
        Operation::ToTokens => {
            let width = x.shape[3];
            Array::from_fn(&[x.shape[0], x.shape[2] * width, x.shape[1]], |index| {
                x.at(&[index[0], index[2], index[1] / width, index[1] % width])
            })
        }
        Operation::ToImage => {
            let like = inputs[1];
            let shape = [x.shape[0], x.shape[2], like.shape[2], like.shape[3]];
            Array::from_fn(&shape, |index| x.at(&[index[0], index[2] * shape[3] + index[3], index[1]]))
        }
        Operation::Embedding(table) => table_rows(tensors, table, x),
        Operation::AddPositions(table, positions) => {
            let ids = input;
            let mut position_ids = ids.clone();
            for (row, ids) in
                position_ids.values.chunks_mut(ids.shape[1]).zip(ids.values.chunks(ids.shape[1]))
            {
                let mut n_real = 0.0;
                for (place, id) in ids.iter().enumerate() {
                    row[place] = match positions {
                        Positions::FromZero => place as f64,
                        Positions::AfterPadding { padding_id } if *id == f64::from(*padding_id) => *id,
                        Positions::AfterPadding { padding_id } => {
                            n_real += 1.0;
                            f64::from(*padding_id) + n_real
                        }
                    };
                }
            }
            sum(x, &table_rows(tensors, table, &position_ids))
        }
        Operation::AddFirstRow(table) => {
            Array::from_fn(&x.shape, |index| x.at(index) + tensors[&table.name].at(&[0, index[2]]))
        }
        Operation::AddTable(table) => {
            Array::from_fn(&x.shape, |index| x.at(index) + tensors[&table.name].at(&[0, index[1], index[2]]))
        }
        Operation::PrependToken(name, width) => {
            Array::from_fn(&[x.shape[0], x.shape[1] + 1, *width], |index| match index[1].checked_sub(1) {
                None => tensors[name].values[index[2]],
                Some(token) => x.at(&[index[0], token, index[2]]),
            })
        }
        Operation::SelfAttention(layer) => {
            let width = layer.width;
            let [queries, keys, values] = match &layer.weights {
                AttentionWeights::Separate(names) => {
                    names.each_ref().map(|name| linear(x, of(name, "weight"), Some(of(name, "bias"))))
                }
                AttentionWeights::Packed(name) => {
                    let all = linear(x, of(name, "weight"), Some(of(name, "bias")));
                    [0, 1, 2].map(|part| columns(&all, part * width, width))
                }
                AttentionWeights::InProjection(name) => {
                    let all = linear(x, of(name, "in_proj_weight"), Some(of(name, "in_proj_bias")));
                    [0, 1, 2].map(|part| columns(&all, part * width, width))
                }
            };
            attention(&queries, &keys, &values, layer.n_heads, |sample, query, key| match layer.mask {
                AttentionMask::None => true,
                AttentionMask::Causal => key <= query,
                AttentionMask::Padding => mask.is_none_or(|mask| mask.at(&[sample, key]) > 0.0),
            })
        }
        Operation::ProbeAttention(layer) => {
            let width = layer.width;
            let probe = Array::new(&[1, width], tensors[&layer.probe].values.clone());
            let query = linear(&probe, of(&layer.query, "weight"), Some(of(&layer.query, "bias")));
            let query = Array::from_fn(&[x.shape[0], 1, width], |index| query.values[index[2]]);
            let both = linear(x, of(&layer.key_value, "weight"), Some(of(&layer.key_value, "bias")));
            attention(
                &query,
                &columns(&both, 0, width),
                &columns(&both, width, width),
                layer.n_heads,
                |_, _, _| true,
            )
        }
        Operation::PoolTokens(pooling) => {
            let (n_tokens, width) = (x.shape[1], x.shape[2]);
            Array::from_fn(&[x.shape[0], width], |index| {
                let token = |token: usize| x.at(&[index[0], token, index[1]]);
                let ids = || input.values.chunks(n_tokens).nth(index[0]).unwrap();
                match pooling {
                    TokenPool::First => token(0),
                    TokenPool::Last => token(n_tokens - 1),
                    TokenPool::Mean => {
                        let weight = |place: usize| mask.map_or(1.0, |mask| mask.at(&[index[0], place]));
                        (0..n_tokens).map(|place| weight(place) * token(place)).sum::<f64>()
                            / (0..n_tokens).map(weight).sum::<f64>()
                    }
                    TokenPool::EndOfText(Some(id)) => {
                        token(ids().iter().position(|&found| found == f64::from(*id)).unwrap_or(0))
                    }
                    TokenPool::EndOfText(None) => {
                        let largest = ids().iter().copied().fold(0.0, f64::max);
                        token(ids().iter().position(|&id| id == largest).unwrap())
                    }
                }
            })
        }
        Operation::Normalise => {
            let mut result = x.clone();
            for row in result.values.chunks_mut(x.last()) {
                let length = row.iter().map(|value| value * value).sum::<f64>().sqrt();
                row.iter_mut().for_each(|value| *value /= length);
            }
            result
        }
    }
}
