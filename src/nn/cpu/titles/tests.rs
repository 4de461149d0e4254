//! Titles through the fused plan against nested loops in f64 and against the plain layers: every instruction set this
//! processor has, titles of all lengths side by side.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use proptest::prelude::{Just, ProptestConfig, Strategy, prop_oneof, proptest};

use super::*;
use crate::nn::kernels::Isa;
use crate::nn::layers::{Parameters, Pass};
use crate::nn::steps::Steps;
use crate::nn::testing::{Array, Case, Phase, cases, evaluate, fill};
use crate::nn::{
    Activation, AttentionMask, AttentionWeights, FeatureAxis, GraphBuilder, LayerNorm, Linear, NetworkInput,
    Operation, Positions, ProbeAttention, Random, SelfAttention, Table, TokenPool,
};

fn all_tiles() -> Vec<Tiles> {
    [Isa::Avx512, Isa::Avx2, Isa::Portable].into_iter().filter_map(Tiles::with_isa).collect()
}

const FLOATS: Products = Products::Floats;

#[test]
fn operations_agree_with_nested_loops() {
    let mut n_lowered = 0;
    for case in cases().iter().filter(|case| case.mask.is_some()) {
        let tensors = fill(&case.graph, 3);
        let expected = evaluate(&case.graph, &tensors, &case.input, case.mask.as_ref(), Phase::Evaluation);
        let ids: Vec<u32> = case.input.values.iter().map(|&id| id as u32).collect();
        let hidden: Vec<bool> = case.mask.iter().flat_map(numbers_hidden).collect();
        for tiles in all_tiles() {
            let plan =
                TitlePlan::lower_for(&case.graph, &case.weights(&tensors), (tiles, FLOATS), 256).unwrap();
            let Some(plan) = plan else { continue };
            n_lowered += 1;
            let titles = Titles { ids: &ids, lengths: &[5, 5], hidden: Some(&hidden) };
            let found = plan.run(titles).unwrap();
            assert_eq!(found.dims(), expected.shape, "{}", case.name);
            let found = found.flatten_all().unwrap().to_vec1::<f32>().unwrap();
            for (found, expected) in found.iter().zip(&expected.values) {
                let error = (f64::from(*found) - expected).abs();
                assert!(
                    error < 3e-5 * (1.0 + expected.abs()),
                    "{} by {tiles:?}: {found}, not {expected}",
                    case.name
                );
            }
        }
    }
    // All of titles but the token before the others.
    assert_eq!(n_lowered, 14 * all_tiles().len());
}

fn numbers_hidden(mask: &Array) -> Vec<bool> {
    mask.values.iter().map(|&is_real| is_real == 0.0).collect()
}

/// A small transformer.
#[derive(Clone, Debug)]
struct Shape {
    n_heads: usize,
    head: usize,
    inner: usize,
    activation: Activation,
    mask: AttentionMask,
    positions: Positions,
    pool: Option<TokenPool>,
    norms_first: bool,
}

const VOCABULARY: usize = 23;
const LONGEST: usize = 70;

fn network(shape: &Shape) -> Graph {
    let width = shape.n_heads * shape.head;
    let table = |name: &str, n_rows| Table { name: name.into(), n_rows, width };
    let norm = |name: String| {
        Operation::LayerNorm(LayerNorm { name, width, epsilon: 1e-6, axis: FeatureAxis::Last })
    };
    let linear = |name: String, [in_features, out_features]: [usize; 2], activation| Linear {
        name,
        in_features,
        out_features,
        has_bias: true,
        activation,
    };
    let mut builder = GraphBuilder::of_tokens();
    let ids = builder.input();
    let mut tokens = builder.then(ids, Operation::Embedding(table("words", VOCABULARY)));
    tokens = builder.then(tokens, Operation::AddFirstRow(table("types", 2)));
    tokens =
        builder.join(&[tokens, ids], Operation::AddPositions(table("places", LONGEST + 2), shape.positions));
    for layer in 0..2 {
        let name = |part: &str| format!("{layer}.{part}");
        let before = if shape.norms_first { builder.then(tokens, norm(name("n1"))) } else { tokens };
        let weights = if layer == 0 {
            AttentionWeights::Separate(["q", "k", "v"].map(&name))
        } else {
            AttentionWeights::Packed(name("qkv"))
        };
        let attention = SelfAttention { weights, width, n_heads: shape.n_heads, mask: shape.mask };
        let seen = builder.then(before, Operation::SelfAttention(attention));
        let seen = builder.linear(seen, linear(name("o"), [width, width], Activation::Identity));
        let sum = builder.add(seen, tokens);
        let middle = builder.then(sum, norm(name("n2")));
        let inside = builder.linear(middle, linear(name("up"), [width, shape.inner], shape.activation));
        let fed = builder.linear(inside, linear(name("down"), [shape.inner, width], Activation::Relu));
        tokens = builder.add(fed, sum);
    }
    match shape.pool {
        Some(pool) => {
            let pooled = builder.then(tokens, Operation::PoolTokens(pool));
            builder.linear(pooled, linear("head".into(), [width, 5], Activation::Tanh));
        }
        None => {
            let probe = ProbeAttention {
                probe: "probe".into(),
                query: "pq".into(),
                key_value: "pkv".into(),
                width,
                n_heads: shape.n_heads,
            };
            builder.then(tokens, Operation::ProbeAttention(probe));
        }
    }
    builder.build()
}

fn shapes() -> impl Strategy<Value = Shape> {
    let of_sizes = (1_usize..5, prop_oneof![1_usize..40, Just(16), Just(32)], 1_usize..70);
    let activations =
        prop_oneof![Just(Activation::Gelu), Just(Activation::QuickGelu), Just(Activation::Relu)];
    let masks =
        prop_oneof![Just(AttentionMask::None), Just(AttentionMask::Padding), Just(AttentionMask::Causal)];
    let positions = prop_oneof![Just(Positions::FromZero), Just(Positions::AfterPadding { padding_id: 1 })];
    let pools = prop_oneof![
        Just(Some(TokenPool::First)),
        Just(Some(TokenPool::Mean)),
        Just(Some(TokenPool::Last)),
        Just(Some(TokenPool::EndOfText(None))),
        Just(Some(TokenPool::EndOfText(Some(4)))),
        Just(None),
    ];
    (of_sizes, activations, masks, positions, pools, proptest::bool::ANY).prop_map(
        |((n_heads, head, inner), activation, mask, positions, pool, norms_first)| Shape {
            n_heads,
            head,
            inner,
            activation,
            mask,
            positions,
            pool,
            norms_first,
        },
    )
}

/// The plain layers, one title at a time.
fn by_layers(graph: &Graph, weights: &Weights, ids: &[u32], lengths: &[usize]) -> Vec<f32> {
    let device = Device::Cpu;
    let parameters = Parameters::Fixed { weights, device: &device, dtype: candle_core::DType::F32 };
    let steps = Steps::load(graph, parameters).unwrap();
    let mut rows = Vec::new();
    let mut first = 0;
    for &length in lengths {
        let title = Tensor::from_slice(&ids[first..first + length], (1, length), &device).unwrap();
        let mask = Tensor::ones((1, length), candle_core::DType::F32, &device).unwrap();
        let input = NetworkInput::Tokens { ids: &title, mask: &mask };
        let row = steps.run(&mut Pass { input, random: None }).unwrap();
        rows.extend(row.flatten_all().unwrap().to_vec1::<f32>().unwrap());
        first += length;
    }
    rows
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn titles_side_by_side_agree_with_the_layers(
        shape in shapes(),
        lengths in proptest::collection::vec(prop_oneof![4 => 1_usize..20, 1 => 1..=LONGEST], 1..9),
        seed: u64,
        tokens_per_pass in 1_usize..200,
    ) {
        let graph = network(&shape);
        let mut random = Random::named(seed, "ids");
        let n_tokens = lengths.iter().sum();
        let ids: Vec<u32> =
            (0..n_tokens).map(|_| ((random.uniform() * VOCABULARY as f64) as u32).min(22)).collect();
        let case = Case { name: String::new(), graph, input: Array::new(&[0], Vec::new()), mask: None };
        let mut tensors = fill(&case.graph, seed);
        // Sums of many inputs stay of the size of one.
        for array in tensors.values_mut().filter(|array| array.shape.len() == 2) {
            let fan_in = (array.shape[1] as f64).sqrt();
            array.values.iter_mut().for_each(|value| *value = f64::from((*value / fan_in * 2.0) as f32));
        }
        let weights = case.weights(&tensors);
        let expected = by_layers(&case.graph, &weights, &ids, &lengths);
        for tiles in all_tiles() {
            let plan = TitlePlan::lower_for(&case.graph, &weights, (tiles, FLOATS), tokens_per_pass).unwrap().unwrap();
            let titles = Titles { ids: &ids, lengths: &lengths, hidden: None };
            let found = plan.run(titles).unwrap().flatten_all().unwrap().to_vec1::<f32>().unwrap();
            assert_eq!(found.len(), expected.len());
            for (found, expected) in found.iter().zip(&expected) {
                assert!((found - expected).abs() < 2e-4 * (1.0 + expected.abs()), "{tiles:?}: {found}, not {expected}");
            }
        }
    }
}

#[test]
fn what_lies_beyond_the_tables_is_an_error() {
    let shape = Shape {
        n_heads: 2,
        head: 8,
        inner: 20,
        activation: Activation::Gelu,
        mask: AttentionMask::Padding,
        positions: Positions::FromZero,
        pool: Some(TokenPool::Mean),
        norms_first: false,
    };
    let graph = network(&shape);
    let case = Case { name: String::new(), graph, input: Array::new(&[0], Vec::new()), mask: None };
    let plan = TitlePlan::lower(&case.graph, &case.weights(&fill(&case.graph, 1)), FLOATS).unwrap().unwrap();
    let run = |ids: &[u32], lengths: &[usize]| plan.run(Titles { ids, lengths, hidden: None });
    let fails = |ids: &[u32], lengths: &[usize], part: &str| {
        let message = run(ids, lengths).unwrap_err().to_string();
        assert!(message.contains(part), "{message:?} lacks {part:?}");
    };
    assert_eq!(run(&[1, 2, 3], &[1, 2]).unwrap().dims(), [2, 5]);
    fails(&[1, 23], &[2], "token 23");
    fails(&[1; LONGEST + 3], &[LONGEST + 3], "positions");
    fails(&[1, 2], &[1], "add up to 1");
    fails(&[1, 2], &[2, 0], "without tokens");
    fails(&[], &[], "without tokens");
    // A failed pass leaves the memory whole.
    assert_eq!(run(&[1, 2, 3], &[3]).unwrap().dims(), [1, 5]);
}

#[test]
fn later_passes_need_no_new_memory() {
    let case = cases().into_iter().find(|case| case.name.contains("Causal")).unwrap();
    let plan = TitlePlan::lower(&case.graph, &case.weights(&fill(&case.graph, 1)), FLOATS).unwrap().unwrap();
    let places = || {
        plan.run(Titles { ids: &[1, 2, 3, 4, 5], lengths: &[5], hidden: None }).unwrap();
        let memories = plan.memories.free();
        assert_eq!(memories.len(), 1);
        memories[0].places()
    };
    assert_eq!(places(), places());
}

#[test]
fn titles_are_divided_among_passes_and_workers() {
    let case = cases().into_iter().find(|case| case.name == "Mean").unwrap();
    let weights = case.weights(&fill(&case.graph, 1));
    let plan = TitlePlan::lower_for(&case.graph, &weights, (Tiles::detect(), FLOATS), 100).unwrap().unwrap();
    let passes = |lengths: &[usize]| plan.passes(lengths, 100_000);
    assert_eq!(passes(&[60, 50, 50, 120, 1, 2]), [0..1, 1..3, 3..4, 4..6]);
    assert!(passes(&[]).is_empty());
    // What little there is goes by halves where there are two workers.
    let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build().unwrap();
    assert_eq!(pool.install(|| plan.passes(&[20; 4], 80)), [0..2, 2..4]);
    assert_eq!(pool.install(|| plan.passes(&[8; 4], 32)), std::iter::once(0..4).collect::<Vec<_>>());
}

/// Whole numbers against floats: rows of the same direction, and the same numbers from every kernel there is.
#[test]
fn int8_is_near_and_the_same_everywhere() {
    let shape = Shape {
        n_heads: 3,
        head: 23,
        inner: 101,
        activation: Activation::Gelu,
        mask: AttentionMask::Padding,
        positions: Positions::FromZero,
        pool: Some(TokenPool::Mean),
        norms_first: true,
    };
    let graph = network(&shape);
    let case = Case { name: String::new(), graph, input: Array::new(&[0], Vec::new()), mask: None };
    let mut tensors = fill(&case.graph, 5);
    for array in tensors.values_mut().filter(|array| array.shape.len() == 2) {
        let fan_in = (array.shape[1] as f64).sqrt();
        array.values.iter_mut().for_each(|value| *value /= fan_in);
    }
    let weights = case.weights(&tensors);
    let ids: Vec<u32> = (0..64).map(|token| token * 7 % VOCABULARY as u32).collect();
    let lengths = [20, 1, 3, 40];
    let run = |tiles, products| {
        let plan = TitlePlan::lower_for(&case.graph, &weights, (tiles, products), 30).unwrap().unwrap();
        let found = plan.run(Titles { ids: &ids, lengths: &lengths, hidden: None }).unwrap();
        found.to_vec2::<f32>().unwrap()
    };
    let floats = run(Tiles::detect(), FLOATS);
    let first = run(Tiles::detect(), Products::Int8);
    assert_ne!(first, floats);
    for tiles in all_tiles() {
        for ((row, other), float) in run(tiles, Products::Int8).iter().zip(&first).zip(&floats) {
            let dot = |a: &[f32], b: &[f32]| -> f32 { a.iter().zip(b).map(|(a, b)| a * b).sum() };
            let cosine = dot(row, float) / (dot(row, row) * dot(float, float)).sqrt();
            assert!(cosine > 0.995, "{tiles:?}: {cosine}");
            // A number that lies between two steps may fall either way where kernels add floats in another order.
            assert!(
                row.iter().zip(other).all(|(a, b)| (a - b).abs() < 0.02),
                "{tiles:?}: {row:?}, {other:?}"
            );
        }
    }
}
