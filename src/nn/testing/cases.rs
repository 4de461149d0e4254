//! A small network for every operation, most of them several times, with seeded parameters and input.

use candle_core::{DType, Device, Tensor};

use super::reference::{Array, Tensors};
use crate::nn::{
    Activation, AttentionMask, AttentionWeights, BatchNorm, ChannelAttention, Convolution, FeatureAxis,
    Graph, GraphBuilder, LayerNorm, Linear, NetworkInput, NodeId, Operation, Padding, PaddingCounts,
    ParameterRole, Pool, PoolEdge, Positions, ProbeAttention, Random, SelfAttention, SqueezeExcite, Table,
    TokenPool, WeightStandardisation, Weights,
};

/// A network and what it is given.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) graph: Graph,
    pub(crate) input: Array,
    pub(crate) mask: Option<Array>,
}

impl Case {
    /// The parameters as a weight file.
    pub(crate) fn weights(&self, tensors: &Tensors) -> Weights {
        let numbers = |array: &Array| array.values.iter().map(|&value| value as f32).collect();
        let tensors =
            tensors.iter().map(|(name, array)| (name.clone(), (array.shape.clone(), numbers(array))));
        Weights::from_tensors("a test", tensors.collect()).unwrap()
    }

    /// Calls `run` with the input as tensors.
    pub(crate) fn with_input<T>(&self, device: &Device, run: impl FnOnce(NetworkInput<'_>) -> T) -> T {
        let tensor = |array: &Array| {
            let values: Vec<f32> = array.values.iter().map(|&value| value as f32).collect();
            Tensor::from_vec(values, array.shape.as_slice(), device).unwrap()
        };
        let input = tensor(&self.input);
        match &self.mask {
            None => run(NetworkInput::Images(&input)),
            Some(mask) => {
                run(NetworkInput::Tokens { ids: &input.to_dtype(DType::U32).unwrap(), mask: &tensor(mask) })
            }
        }
    }
}

/// Parameters of a graph: running variances and the powers of generalised means positive, the rest around zero or one.
pub(crate) fn fill(graph: &Graph, seed: u64) -> Tensors {
    let value = |role, random: &mut Random| match role {
        ParameterRole::RunningVariance => 0.5 + random.uniform(),
        ParameterRole::Constant(3.0) => 2.0 + random.uniform(),
        ParameterRole::Constant(_) => 1.0 + 0.5 * random.normal(),
        _ => 0.5 * random.normal(),
    };
    let tensor = |parameter: &crate::nn::Parameter| {
        let mut random = Random::named(seed, &parameter.name);
        // What an f32 can hold, so that both sides start from the same numbers.
        let values = (0..parameter.n_values()).map(|_| f64::from(value(parameter.role, &mut random) as f32));
        (parameter.name.clone(), Array::new(&parameter.shape, values.collect()))
    };
    graph.parameters().iter().map(tensor).collect()
}

fn pictures(shape: [usize; 4]) -> Array {
    let mut random = Random::named(5, &format!("{shape:?}"));
    let n_values = shape.iter().product();
    Array::new(&shape, (0..n_values).map(|_| f64::from(random.normal() as f32)).collect())
}

/// A case whose operation reads pictures of this shape.
pub(crate) fn of_picture(name: impl Into<String>, shape: [usize; 4], operation: Operation) -> Case {
    of_pictures(name, shape, |builder, input| {
        builder.then(input, operation);
    })
}

fn of_pictures(
    name: impl Into<String>,
    shape: [usize; 4],
    build: impl FnOnce(&mut GraphBuilder, NodeId),
) -> Case {
    let mut builder = GraphBuilder::of_images();
    let input = builder.input();
    build(&mut builder, input);
    Case { name: name.into(), graph: builder.build(), input: pictures(shape), mask: None }
}

/// A case that starts with an embedding of two titles, the second shorter, of width 8.
fn of_titles(name: impl Into<String>, build: impl FnOnce(&mut GraphBuilder, [NodeId; 2])) -> Case {
    let mut builder = GraphBuilder::of_tokens();
    let ids = builder.input();
    let tokens =
        builder.then(ids, Operation::Embedding(Table { name: "words".into(), n_rows: 11, width: 8 }));
    build(&mut builder, [ids, tokens]);
    let input = Array::new(&[2, 5], vec![3.0, 7.0, 10.0, 2.0, 4.0, 5.0, 10.0, 6.0, 1.0, 1.0]);
    let mask = Array::new(&[2, 5], vec![1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.0, 0.0]);
    Case { name: name.into(), graph: builder.build(), input, mask: Some(mask) }
}

fn norm(name: &str) -> Option<BatchNorm> {
    Some(BatchNorm { name: name.into(), epsilon: 1e-3 })
}

/// Every operation at least once.
pub(crate) fn cases() -> Vec<Case> {
    let mut all = convolutions();
    all.extend(poolings());
    all.extend(gates_and_norms());
    all.extend(of_tokens());
    all.push(everything_joined());
    all
}

fn convolutions() -> Vec<Case> {
    let standardisation = || Some(WeightStandardisation { gain: "c.gain".into(), gamma: 1.7, epsilon: 1e-5 });
    let variants: [(&str, Convolution); 10] = [
        ("3x3", Convolution { has_bias: true, ..Convolution::square("c", [3, 4], 3) }),
        (
            "3x3 stride 2 with norm",
            Convolution {
                stride: 2,
                norm: norm("n"),
                activation: Activation::Silu,
                ..Convolution::square("c", [3, 4], 3)
            },
        ),
        (
            "7x7 stride 2 SAME",
            Convolution {
                stride: 2,
                padding: Padding::Same,
                norm: norm("n"),
                ..Convolution::square("c", [3, 5], 7)
            },
        ),
        (
            "1x7",
            Convolution {
                kernel: [1, 7],
                padding: Padding::Symmetric([0, 3]),
                has_bias: true,
                activation: Activation::Relu,
                ..Convolution::square("c", [3, 4], 1)
            },
        ),
        (
            "1x1",
            Convolution {
                norm: norm("n"),
                activation: Activation::HardSwish,
                ..Convolution::square("c", [3, 4], 1)
            },
        ),
        ("1x1 stride 2", Convolution { stride: 2, has_bias: true, ..Convolution::square("c", [3, 4], 1) }),
        (
            "patches",
            Convolution {
                stride: 4,
                kernel: [4, 4],
                padding: Padding::Symmetric([0, 0]),
                has_bias: true,
                ..Convolution::square("c", [3, 4], 4)
            },
        ),
        (
            "depthwise",
            Convolution {
                groups: 6,
                stride: 2,
                norm: norm("n"),
                activation: Activation::Relu6,
                ..Convolution::square("c", [6, 6], 5)
            },
        ),
        (
            "two groups",
            Convolution { groups: 2, has_bias: true, norm: norm("n"), ..Convolution::square("c", [6, 4], 3) },
        ),
        (
            "standardised",
            Convolution {
                groups: 3,
                stride: 2,
                has_bias: true,
                standardisation: standardisation(),
                activation: Activation::Gelu,
                ..Convolution::square("c", [6, 9], 3)
            },
        ),
    ];
    variants
        .into_iter()
        .map(|(name, convolution)| {
            let shape = [2, convolution.in_channels, 9, 10];
            of_picture(format!("convolution {name}"), shape, Operation::Convolution(convolution))
        })
        .collect()
}

fn poolings() -> Vec<Case> {
    let pool = |kernel, stride, padding, edge| Pool { kernel, stride, padding, edge };
    let symmetric = |amount| Padding::Symmetric([amount; 2]);
    let windows = [
        pool(2, 2, symmetric(0), PoolEdge::Floor),
        pool(3, 2, symmetric(1), PoolEdge::Floor),
        pool(3, 2, symmetric(0), PoolEdge::Ceil),
        pool(3, 1, symmetric(1), PoolEdge::Floor),
        pool(2, 2, symmetric(1), PoolEdge::Ceil),
        pool(3, 2, Padding::Same, PoolEdge::Floor),
    ];
    let shape = [2, 3, 7, 8];
    let mut all = Vec::new();
    for pool in windows {
        all.push(of_picture(format!("max {pool:?}"), shape, Operation::MaxPool(pool)));
        for counts in [PaddingCounts::Yes, PaddingCounts::No] {
            let operation = Operation::AveragePool(pool, counts);
            all.push(of_picture(format!("average {pool:?} {counts:?}"), shape, operation));
        }
    }
    all.push(of_picture("global average", shape, Operation::GlobalAverage));
    let mean = Operation::GeneralisedMean { power: "gem.p".into(), epsilon: 1e-2 };
    all.push(of_picture("generalised mean", shape, mean));
    all.push(of_picture("upsampling", shape, Operation::UpsampleNearest(3)));
    all
}

fn gates_and_norms() -> Vec<Case> {
    let shape = [2, 6, 4, 3];
    let squeeze = SqueezeExcite {
        reduce: "reduce".into(),
        expand: "expand".into(),
        n_channels: 6,
        n_reduced: 3,
        activation: Activation::Silu,
        gate: Activation::HardSigmoid,
    };
    let layer_norm = |axis| LayerNorm { name: "ln".into(), width: 6, epsilon: 1e-6, axis };
    let head = Linear {
        name: "fc".into(),
        in_features: 6 * 4 * 3,
        out_features: 5,
        has_bias: true,
        activation: Activation::Tanh,
    };
    let mut all = vec![
        of_picture("squeeze and excite", shape, Operation::SqueezeExcite(squeeze)),
        of_picture(
            "channel attention",
            shape,
            Operation::ChannelAttention(ChannelAttention { name: "eca".into(), n_channels: 6, kernel: 3 }),
        ),
        of_picture(
            "channel attention 5",
            shape,
            Operation::ChannelAttention(ChannelAttention { name: "eca".into(), n_channels: 6, kernel: 5 }),
        ),
        of_picture("layer norm of channels", shape, Operation::LayerNorm(layer_norm(FeatureAxis::Channels))),
        of_picture(
            "layer scale of channels",
            shape,
            Operation::LayerScale("gamma".into(), 6, FeatureAxis::Channels),
        ),
        of_picture("constant", shape, Operation::Scale(-0.3)),
        of_picture("learned number", shape, Operation::LearnedScale("skip".into())),
        of_pictures("flat and linear", shape, |builder, input| {
            let flat = builder.flatten(input);
            let dropped = builder.then(flat, Operation::Dropout(0.5));
            builder.linear(dropped, head);
        }),
        of_pictures("rows of length one", shape, |builder, input| {
            let pooled = builder.global_average(input);
            builder.then(pooled, Operation::Normalise);
        }),
        of_pictures("tokens and back", shape, |builder, input| {
            let tokens = builder.then(input, Operation::ToTokens);
            let normed = builder.then(tokens, Operation::LayerNorm(layer_norm(FeatureAxis::Last)));
            let scaled = builder.then(normed, Operation::LayerScale("gamma".into(), 6, FeatureAxis::Last));
            let kept = builder.then(scaled, Operation::DropPath(0.5));
            let image = builder.join(&[kept, input], Operation::ToImage);
            builder.add(image, input);
        }),
    ];
    for activation in [Activation::Identity, Activation::Relu, Activation::QuickGelu] {
        let norm = BatchNorm { name: "bn".into(), epsilon: 1e-5 };
        all.push(of_picture(
            format!("norm with {activation:?}"),
            shape,
            Operation::BatchNorm(norm, 6, activation),
        ));
    }
    for activation in [
        Activation::Identity,
        Activation::Relu,
        Activation::Relu6,
        Activation::Silu,
        Activation::HardSwish,
        Activation::HardSigmoid,
        Activation::Sigmoid,
        Activation::Gelu,
        Activation::GeluTanh,
        Activation::QuickGelu,
        Activation::Tanh,
    ] {
        all.push(of_picture(format!("{activation:?}"), shape, Operation::Activation(activation)));
    }
    all
}

fn of_tokens() -> Vec<Case> {
    let mut all = vec![of_titles("embedding", |_, _| {})];
    let table = |name: &str, n_rows| Table { name: name.into(), n_rows, width: 8 };
    for positions in [Positions::FromZero, Positions::AfterPadding { padding_id: 1 }] {
        all.push(of_titles(format!("{positions:?}"), |builder, [ids, tokens]| {
            builder.join(&[tokens, ids], Operation::AddPositions(table("positions", 9), positions));
        }));
    }
    all.push(of_titles("types", |builder, [_, tokens]| {
        builder.then(tokens, Operation::AddFirstRow(table("types", 2)));
    }));
    all.push(of_titles("a class token and a table", |builder, [_, tokens]| {
        let more = builder.then(tokens, Operation::PrependToken("cls".into(), 8));
        builder.then(more, Operation::AddTable(table("places", 6)));
    }));
    let weights = [
        AttentionWeights::Packed("qkv".into()),
        AttentionWeights::InProjection("attn".into()),
        AttentionWeights::Separate(["q", "k", "v"].map(String::from)),
    ];
    for (weights, mask) in
        weights.into_iter().zip([AttentionMask::None, AttentionMask::Causal, AttentionMask::Padding])
    {
        let attention = SelfAttention { weights, width: 8, n_heads: 2, mask };
        all.push(of_titles(format!("{attention:?}"), |builder, [_, tokens]| {
            builder.then(tokens, Operation::SelfAttention(attention));
        }));
    }
    let probe = ProbeAttention {
        probe: "probe".into(),
        query: "q".into(),
        key_value: "kv".into(),
        width: 8,
        n_heads: 4,
    };
    all.push(of_titles("probe", |builder, [_, tokens]| {
        builder.then(tokens, Operation::ProbeAttention(probe));
    }));
    for pool in [
        TokenPool::First,
        TokenPool::Mean,
        TokenPool::Last,
        TokenPool::EndOfText(Some(10)),
        TokenPool::EndOfText(Some(9)),
        TokenPool::EndOfText(None),
    ] {
        all.push(of_titles(format!("{pool:?}"), |builder, [_, tokens]| {
            builder.then(tokens, Operation::PoolTokens(pool));
        }));
    }
    all
}

/// Two branches of one input, joined, used again and summed up: results are kept as long as they are read.
fn everything_joined() -> Case {
    of_pictures("branches", [2, 4, 6, 6], |builder, input| {
        let left = builder.convolution(
            input,
            Convolution {
                norm: norm("n1"),
                activation: Activation::Relu,
                ..Convolution::square("a", [4, 3], 3)
            },
        );
        let right = builder
            .convolution(input, Convolution { norm: norm("n2"), ..Convolution::square("b", [4, 5], 1) });
        let joined = builder.join(&[left, right, left], Operation::Concatenate);
        let mixed = builder
            .convolution(joined, Convolution { has_bias: true, ..Convolution::square("c", [11, 4], 1) });
        let sum = builder.add(mixed, input);
        let pooled = builder.global_average(sum);
        builder.linear(
            pooled,
            Linear {
                name: "fc".into(),
                in_features: 4,
                out_features: 3,
                has_bias: false,
                activation: Activation::Identity,
            },
        );
    })
}
