//! The fused executor against nested loops in f64: every instruction set this processor has, one and several workers, with
//! and without Winograd's convolutions.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use candle_core::{Device, Tensor};
use proptest::prelude::{Just, ProptestConfig, Strategy, prop_oneof, proptest};

use super::*;
use crate::nn::kernels::Isa;
use crate::nn::testing::{Array, Case, Phase, cases, evaluate, fill};
use crate::nn::{
    Activation, AttentionMask, AttentionWeights, BatchNorm, ChannelAttention, Convolution, FeatureAxis,
    GraphBuilder, LayerNorm, Linear, NodeId, Operation, Padding, PaddingCounts, Pool, PoolEdge, Random,
    SelfAttention, SplitGraph, SqueezeExcite, Table, TokenPool, WeightStandardisation,
};

fn all_tiles() -> Vec<Tiles> {
    [Isa::Avx512, Isa::Avx2, Isa::Portable].into_iter().filter_map(Tiles::with_isa).collect()
}

fn pictures(shape: [usize; 4]) -> Array {
    let mut random = Random::named(7, &format!("{shape:?}"));
    let values = (0..shape.iter().product()).map(|_| f64::from(random.normal() as f32));
    Array::new(&shape, values.collect())
}

fn case(shape: [usize; 4], build: impl FnOnce(&mut GraphBuilder)) -> Case {
    let mut builder = GraphBuilder::of_images();
    build(&mut builder);
    Case { name: String::new(), graph: builder.build(), input: pictures(shape), mask: None }
}

/// Runs the case every way there is; false where it is left to the layers.
fn check(case: &Case, tolerance: f64) -> bool {
    let tensors = fill(&case.graph, 3);
    let expected = evaluate(&case.graph, &tensors, &case.input, None, Phase::Evaluation);
    let largest = expected.values.iter().fold(0.0_f64, |largest, value| largest.max(value.abs()));
    let weights = case.weights(&tensors);
    for tiles in all_tiles() {
        for winograd in [WinogradUse::WhereFaster, WinogradUse::Always] {
            let Some(plan) = CpuPlan::lower_for(&case.graph, &weights, tiles, winograd).unwrap() else {
                return false;
            };
            let input: Vec<f32> = case.input.values.iter().map(|&value| value as f32).collect();
            let input = Tensor::from_vec(input, case.input.shape.as_slice(), &Device::Cpu).unwrap();
            let found = plan.run(&input).unwrap();
            assert_eq!(found.dims(), expected.shape, "{}", case.name);
            let found = found.flatten_all().unwrap().to_vec1::<f32>().unwrap();
            for (place, (&found, &expected)) in found.iter().zip(&expected.values).enumerate() {
                let error = (f64::from(found) - expected).abs();
                assert!(
                    error <= tolerance * (1.0 + largest),
                    "{} with {tiles:?}, {winograd:?} at {place}: {found}, not {expected}",
                    case.name
                );
            }
        }
    }
    true
}

#[test]
fn operations_agree_with_nested_loops() {
    let n_lowered = cases().iter().filter(|case| case.mask.is_none() && check(case, 3e-5)).count();
    // All of pictures but upsampling, generalised means, rows of length one, joins within a block, odd groups and strides.
    assert!(n_lowered >= 45, "{n_lowered}");
}

fn paddings() -> impl Strategy<Value = Padding> {
    prop_oneof![[0_usize..4, 0..4].prop_map(Padding::Symmetric), Just(Padding::Same)]
}

/// Groups, and channels in and out.
fn channels() -> impl Strategy<Value = (usize, [usize; 2])> {
    prop_oneof![
        [1_usize..40, 1..50].prop_map(|channels| (1, channels)),
        (2_usize..40).prop_map(|channels| (channels, [channels; 2])),
        [2_usize..4, 1..3, 1..3].prop_map(|[n, from, to]| (n, [n * from * 16, n * to * 16])),
    ]
}

fn activations() -> impl Strategy<Value = Activation> {
    prop_oneof![
        Just(Activation::Identity),
        Just(Activation::Relu),
        Just(Activation::Relu6),
        Just(Activation::Silu),
        Just(Activation::HardSwish),
        Just(Activation::Gelu),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn convolutions_of_any_shape(
        (groups, [in_channels, out_channels]) in channels(),
        kernel in prop_oneof![[1_usize..6, 1..6], Just([3, 3]), Just([1, 1])],
        stride in 1_usize..3,
        padding in paddings(),
        size in [1_usize..19, 1..32],
        n_images in 1_usize..4,
        activation in activations(),
        is_first: bool,
    ) {
        let fits = match padding {
            Padding::Same => true,
            Padding::Symmetric(zeros) => (0..2).all(|side| size[side] + 2 * zeros[side] >= kernel[side]),
        };
        let convolution = Convolution {
            groups, kernel, stride, padding, has_bias: true, activation,
            ..Convolution::square("c", [in_channels, out_channels], 3)
        };
        let mut case = case([n_images, in_channels, size[0], size[1]], |builder| {
            // An operation before it makes it read a blocked map, however few the channels.
            let input = builder.input();
            let from = if is_first { input } else { builder.activation(input, Activation::Relu) };
            builder.convolution(from, convolution.clone());
        });
        case.name = format!("{convolution:?}");
        if fits {
            assert!(check(&case, 3e-5));
        } else {
            let weights = case.weights(&fill(&case.graph, 1));
            let plan = CpuPlan::lower(&case.graph, &weights).unwrap().unwrap();
            let zeros = Tensor::zeros(case.input.shape.as_slice(), DType::F32, &Device::Cpu).unwrap();
            assert!(plan.run(&zeros).is_err());
        }
    }

    #[test]
    fn windows_of_any_shape(
        kernel in 1_usize..5,
        stride in 1_usize..5,
        zeros in 0_usize..3,
        edge in prop_oneof![Just(PoolEdge::Floor), Just(PoolEdge::Ceil)],
        size in [4_usize..12, 4..12],
        channels in 1_usize..36,
    ) {
        let pool = Pool { kernel, stride, padding: Padding::Symmetric([zeros.min(kernel / 2); 2]), edge };
        for operation in [
            Operation::MaxPool(pool),
            Operation::AveragePool(pool, PaddingCounts::Yes),
            Operation::AveragePool(pool, PaddingCounts::No),
        ] {
            let mut case = case([2, channels, size[0], size[1]], |builder| {
                let input = builder.input();
                builder.then(input, operation.clone());
            });
            case.name = format!("{operation:?}");
            assert!(check(&case, 3e-5));
        }
    }
}

fn layer(name: &str, channels: [usize; 2], kernel: usize, activation: Activation) -> Convolution {
    let norm = Some(BatchNorm { name: format!("{name}.bn"), epsilon: 1e-3 });
    Convolution { norm, activation, ..Convolution::square(name, channels, kernel) }
}

/// A stem, an inverted residual with a gate, a head.
fn inverted(builder: &mut GraphBuilder) {
    let stem = Convolution { stride: 2, ..layer("stem", [3, 20], 3, Activation::HardSwish) };
    let stem = builder.convolution(builder.input(), stem);
    let wide = builder.convolution(stem, layer("wide", [20, 72], 1, Activation::Silu));
    let deep = Convolution { groups: 72, ..layer("deep", [72, 72], 5, Activation::Silu) };
    let deep = builder.convolution(wide, deep);
    let gate = SqueezeExcite {
        reduce: "reduce".into(),
        expand: "expand".into(),
        n_channels: 72,
        n_reduced: 6,
        activation: Activation::Silu,
        gate: Activation::Sigmoid,
    };
    let gated = builder.then(deep, Operation::SqueezeExcite(gate));
    let narrow = builder.convolution(gated, layer("narrow", [72, 20], 1, Activation::Identity));
    let sum = builder.add(narrow, stem);
    let head = builder.convolution(sum, layer("head", [20, 33], 1, Activation::Relu6));
    builder.global_average(head);
}

/// Bottlenecks with and without a projection.
fn residual(builder: &mut GraphBuilder) {
    let (relu, identity) = (Activation::Relu, Activation::Identity);
    let mut from = builder.convolution(builder.input(), layer("stem", [3, 32], 7, relu));
    for (index, (channels, stride)) in [([32, 48], 2), ([48, 48], 1)].into_iter().enumerate() {
        let name = |part: &str| format!("{index}.{part}");
        let narrow = builder.convolution(from, layer(&name("a"), [channels[0], 32], 1, relu));
        let middle = Convolution { stride, ..layer(&name("b"), [32, 32], 3, relu) };
        let middle = builder.convolution(narrow, middle);
        let wide = builder.convolution(middle, layer(&name("c"), [32, channels[1]], 1, identity));
        let shortcut = if stride == 1 {
            from
        } else {
            let projection = Convolution { stride, ..layer(&name("d"), channels, 1, identity) };
            builder.convolution(from, projection)
        };
        let sum = builder.add(wide, shortcut);
        from = builder.activation(sum, relu);
    }
}

/// Two dense layers, a transition, and a second join of what was joined.
fn dense(builder: &mut GraphBuilder) {
    let mut features = builder.convolution(builder.input(), layer("stem", [3, 32], 3, Activation::Relu));
    let mut n_channels = 32;
    for index in 0..2 {
        let norm = BatchNorm { name: format!("{index}.norm"), epsilon: 1e-5 };
        let normed = builder.then(features, Operation::BatchNorm(norm, n_channels, Activation::Relu));
        let narrow = layer(&format!("{index}.a"), [n_channels, 48], 1, Activation::Relu);
        let narrow = builder.convolution(normed, narrow);
        let added =
            builder.convolution(narrow, layer(&format!("{index}.b"), [48, 16], 3, Activation::Identity));
        features = builder.join(&[features, added], Operation::Concatenate);
        n_channels += 16;
    }
    let pool = Pool { kernel: 2, stride: 2, padding: Padding::Symmetric([0, 0]), edge: PoolEdge::Floor };
    let pooled = builder.then(features, Operation::AveragePool(pool, PaddingCounts::Yes));
    builder.join(&[pooled, pooled], Operation::Concatenate);
}

/// A block without norms: standardised weights, groups, attention of channels, scales.
fn without_norms(builder: &mut GraphBuilder) {
    let standardised = |name: &str, channels, kernel| Convolution {
        standardisation: Some(WeightStandardisation {
            gain: format!("{name}.gain"),
            gamma: 1.7,
            epsilon: 1e-5,
        }),
        has_bias: true,
        ..Convolution::square(name, channels, kernel)
    };
    let stem = builder.convolution(builder.input(), standardised("stem", [3, 32], 3));
    let active = builder.activation(stem, Activation::Silu);
    let scaled = builder.then(active, Operation::Scale(0.8));
    let grouped = Convolution { groups: 2, ..standardised("grouped", [32, 32], 3) };
    let grouped = builder.convolution(scaled, Convolution { activation: Activation::Silu, ..grouped });
    let last = builder.convolution(grouped, standardised("last", [32, 32], 1));
    let attention = ChannelAttention { name: "eca".into(), n_channels: 32, kernel: 3 };
    let attended = builder.then(last, Operation::ChannelAttention(attention));
    let halved = builder.then(attended, Operation::Scale(0.4));
    let learned = builder.then(halved, Operation::LearnedScale("skip".into()));
    builder.add(learned, stem);
}

/// Patches, a norm over channels, a block with linear layers on tokens.
fn patched(builder: &mut GraphBuilder) {
    let norm =
        |axis| Operation::LayerNorm(LayerNorm { name: format!("{axis:?}"), width: 20, epsilon: 1e-6, axis });
    let linear = |name: &str, [in_features, out_features]: [usize; 2], activation| {
        Operation::Linear(Linear { name: name.into(), in_features, out_features, has_bias: true, activation })
    };
    let patches = Convolution {
        stride: 4,
        padding: Padding::Symmetric([0, 0]),
        has_bias: true,
        ..Convolution::square("patches", [3, 20], 4)
    };
    let patches = builder.convolution(builder.input(), patches);
    let from = builder.then(patches, norm(FeatureAxis::Channels));
    let deep = Convolution { groups: 20, has_bias: true, ..Convolution::square("deep", [20, 20], 7) };
    let deep = builder.convolution(from, deep);
    let mut rows = builder.then(deep, Operation::ToTokens);
    rows = builder.then(rows, norm(FeatureAxis::Last));
    rows = builder.then(rows, linear("up", [20, 80], Activation::Gelu));
    rows = builder.then(rows, linear("down", [80, 20], Activation::Identity));
    rows = builder.then(rows, Operation::LayerScale("gamma".into(), 20, FeatureAxis::Last));
    let branch = builder.join(&[rows, from], Operation::ToImage);
    builder.add(branch, from);
}

/// Patches, a token before them, positions, attention, and the first token.
fn attending(builder: &mut GraphBuilder) {
    let patches = Convolution {
        stride: 4,
        padding: Padding::Symmetric([0, 0]),
        has_bias: true,
        ..Convolution::square("patches", [3, 96], 4)
    };
    let patches = builder.convolution(builder.input(), patches);
    let mut tokens = builder.then(patches, Operation::ToTokens);
    tokens = builder.then(tokens, Operation::PrependToken("cls".into(), 96));
    tokens =
        builder.then(tokens, Operation::AddTable(Table { name: "places".into(), n_rows: 10, width: 96 }));
    for index in 0..2 {
        let weights = AttentionWeights::Packed(format!("{index}.qkv"));
        let attention = SelfAttention { weights, width: 96, n_heads: 2, mask: AttentionMask::None };
        let axis = FeatureAxis::Last;
        let norm = LayerNorm { name: format!("{index}.norm"), width: 96, epsilon: 1e-6, axis };
        let normed = builder.then(tokens, Operation::LayerNorm(norm));
        let seen = builder.then(normed, Operation::SelfAttention(attention));
        let linear = Linear {
            name: format!("{index}.proj"),
            in_features: 96,
            out_features: 96,
            has_bias: true,
            activation: Activation::Identity,
        };
        let branch = builder.linear(seen, linear);
        let scaled = builder.then(branch, Operation::LayerScale(format!("{index}.gamma"), 96, axis));
        tokens = builder.add(scaled, tokens);
    }
    builder.then(tokens, Operation::PoolTokens(TokenPool::First));
}

/// A kernel as large as the picture, as dense layers were written.
fn whole_pictures(builder: &mut GraphBuilder) {
    let from = builder.convolution(builder.input(), layer("stem", [3, 32], 3, Activation::Relu));
    let first =
        Convolution { padding: Padding::Symmetric([0, 0]), ..layer("first", [32, 40], 13, Activation::Relu) };
    let first = builder.convolution(from, first);
    let second = builder.convolution(first, layer("second", [40, 50], 1, Activation::Relu));
    builder.global_average(second);
}

/// Adds a network to a builder.
type Build = fn(&mut GraphBuilder);

const NETWORKS: [(&str, Build); 7] = [
    ("attending", attending),
    ("inverted", inverted),
    ("residual", residual),
    ("dense", dense),
    ("without norms", without_norms),
    ("patched", patched),
    ("whole pictures", whole_pictures),
];

#[test]
fn fused_networks_agree_with_nested_loops() {
    for (name, build) in NETWORKS {
        for n_images in [1, 2, 5] {
            let mut case = case([n_images, 3, 13, 13], build);
            case.name = format!("{name}, {n_images} pictures");
            assert!(check(&case, 2e-5), "{name} is left to the layers");
        }
    }
}

#[test]
fn sums_and_gates_become_parts_of_convolutions() {
    let n_steps = |build: fn(&mut GraphBuilder)| {
        let case = case([1, 3, 13, 13], build);
        let plan = CpuPlan::lower(&case.graph, &case.weights(&fill(&case.graph, 1))).unwrap().unwrap();
        plan.nodes.len()
    };
    // Planes, stem, wide, deep, mean, reduce, expand, narrow with gate and sum, head, mean.
    assert_eq!(n_steps(inverted), 10);
    // Planes, stem; a, b, d, c with sum and activation; a, b, c with both.
    assert_eq!(n_steps(residual), 9);
}

/// The bound that the header of the kernel states, on sums of 64 x 9 products.
#[test]
fn the_error_of_winograd_s_convolutions_is_small() {
    let case = case([1, 64, 12, 12], |builder| {
        let relu = builder.activation(builder.input(), Activation::Relu);
        builder.convolution(relu, Convolution::square("c", [64, 64], 3));
    });
    assert!(check(&case, 4e-6));
}

#[test]
fn both_parts_of_a_cut_network_run() {
    let whole = case([2, 3, 13, 13], inverted);
    let weights = whole.weights(&fill(&whole.graph, 2));
    let run =
        |graph: &Graph, input: &Tensor| CpuPlan::lower(graph, &weights).unwrap().unwrap().run(input).unwrap();
    let input: Vec<f32> = whole.input.values.iter().map(|&value| value as f32).collect();
    let input = Tensor::from_vec(input, (2, 3, 13, 13), &Device::Cpu).unwrap();
    let expected: Vec<Vec<f32>> = run(&whole.graph, &input).to_vec2().unwrap();
    let mut n_cuts = 0;
    for first in 0..whole.graph.nodes().len() {
        let Some(SplitGraph { trunk, tail }) = whole.graph.split_at(first) else { continue };
        let found: Vec<Vec<f32>> = run(&tail, &run(&trunk, &input)).to_vec2().unwrap();
        for (found, expected) in found.concat().iter().zip(expected.concat()) {
            assert!((found - expected).abs() < 1e-4 * (1.0 + expected.abs()), "cut at {first}");
        }
        n_cuts += 1;
    }
    assert!(n_cuts >= 3, "{n_cuts}");
}

#[test]
fn later_runs_need_no_new_memory() {
    let case = case([1, 3, 13, 13], residual);
    let plan = CpuPlan::lower(&case.graph, &case.weights(&fill(&case.graph, 1))).unwrap().unwrap();
    let zeros = Tensor::zeros((1, 3, 13, 13), DType::F32, &Device::Cpu).unwrap();
    let arena = || {
        plan.run(&zeros).unwrap();
        let memories = plan.memories.free();
        assert_eq!(memories.len(), 1);
        (memories[0].arena.as_slice().as_ptr(), memories[0].scratch.as_slice().as_ptr())
    };
    assert_eq!(arena(), arena());
    assert_eq!(plan.programs.lock().unwrap().len(), 1);
}

/// One size leaves numbers in the arena that the next must not read as zeros.
#[test]
fn sizes_may_alternate() {
    let case = case([1, 3, 13, 13], dense);
    let plan = CpuPlan::lower(&case.graph, &case.weights(&fill(&case.graph, 1))).unwrap().unwrap();
    let run = |side: usize| {
        let ones = Tensor::ones((1, 3, side, side), DType::F32, &Device::Cpu).unwrap();
        plan.run(&ones).unwrap().flatten_all().unwrap().to_vec1::<f32>().unwrap()
    };
    let (small, large) = (run(9), run(14));
    for _ in 0..2 {
        assert!(run(9) == small && run(14) == large);
    }
}

#[test]
fn what_the_kernels_lack_is_left_to_the_layers() {
    let weights =
        crate::nn::Weights::from_tensors("none", std::collections::BTreeMap::new().into_iter().collect());
    let weights = weights.unwrap();
    let is_lowered = |operation: Operation| {
        let mut builder = GraphBuilder::of_images();
        let input: NodeId = builder.input();
        builder.then(input, operation);
        CpuPlan::lower(&builder.build(), &weights).unwrap().is_some()
    };
    assert!(is_lowered(Operation::GlobalAverage));
    assert!(!is_lowered(Operation::UpsampleNearest(2)));
    // A layer norm over the last axis of a picture is over its columns.
    let axis = FeatureAxis::Last;
    assert!(!is_lowered(Operation::LayerNorm(LayerNorm { name: "n".into(), width: 4, epsilon: 1e-5, axis })));
    let strided = Convolution { stride: 3, ..Convolution::square("c", [3, 4], 5) };
    assert!(!is_lowered(Operation::Convolution(strided)));
}
