//! A network run by the executor against the same network written out in candle's own operations.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::collections::{BTreeMap, HashMap};

use proptest::prelude::{Just, ProptestConfig, Strategy, prop_assert, prop_oneof, proptest};

use super::*;
use crate::nn::testing::{Array, Case, Phase, cases, evaluate, fill, of_picture};
use crate::nn::{
    Activation, BatchNorm, Convolution, GraphBuilder, Linear, Operation, Padding, PaddingCounts, Pool,
    PoolEdge,
};

type Tensors = HashMap<String, Tensor>;

/// Random parameters of the two convolutions and the linear layer below.
fn parameters() -> Tensors {
    let random = |shape: &[usize]| Tensor::randn(0_f32, 0.5, shape, &Device::Cpu).unwrap();
    let mut tensors = HashMap::from([
        ("stem.weight".to_owned(), random(&[4, 3, 3, 3])),
        ("deep.weight".to_owned(), random(&[4, 1, 3, 3])),
        ("thin.weight".to_owned(), random(&[4, 4, 1, 1])),
        ("thin.bias".to_owned(), random(&[4])),
        ("head.weight".to_owned(), random(&[2, 4])),
        ("head.bias".to_owned(), random(&[2])),
    ]);
    for norm in ["n1", "n2"] {
        for kind in ["weight", "bias", "running_mean"] {
            tensors.insert(format!("{norm}.{kind}"), random(&[4]));
        }
        tensors.insert(format!("{norm}.running_var"), random(&[4]).sqr().unwrap());
    }
    tensors
}

fn weights(tensors: &Tensors) -> Weights {
    let numbers = |tensor: &Tensor| tensor.flatten_all().unwrap().to_vec1::<f32>().unwrap();
    let tensors =
        tensors.iter().map(|(name, tensor)| (name.clone(), (tensor.dims().to_vec(), numbers(tensor))));
    Weights::from_tensors("a test", tensors.collect()).unwrap()
}

fn compile(tensors: &Tensors) -> Result<Plan, NnError> {
    Plan::compile(&graph(), &weights(tensors), &Device::Cpu, Precision::F32)
}

fn convolution(
    name: &str,
    norm: Option<&str>,
    in_channels: usize,
    kernel: usize,
    groups: usize,
) -> Convolution {
    Convolution {
        name: name.to_owned(),
        in_channels,
        out_channels: 4,
        kernel: [kernel, kernel],
        stride: 1,
        groups,
        standardisation: None,
        padding: Padding::Symmetric([kernel / 2; 2]),
        has_bias: norm.is_none(),
        norm: norm.map(|name| BatchNorm { name: name.to_owned(), epsilon: 1e-3 }),
        activation: if norm.is_some() { Activation::Relu6 } else { Activation::Identity },
    }
}

fn graph() -> Graph {
    let mut builder = GraphBuilder::of_images();
    let stem = builder.convolution(builder.input(), convolution("stem", Some("n1"), 3, 3, 1));
    let deep = builder.convolution(stem, convolution("deep", Some("n2"), 4, 3, 4));
    let thin = builder.convolution(deep, convolution("thin", None, 4, 1, 1));
    let sum = builder.add(stem, thin);
    let pooled = builder.global_average(sum);
    let flat = builder.flatten(pooled);
    builder.linear(
        flat,
        Linear {
            name: "head".to_owned(),
            in_features: 4,
            out_features: 2,
            has_bias: true,
            activation: Activation::Identity,
        },
    );
    builder.build()
}

fn written_out(tensors: &Tensors, input: &Tensor) -> candle_core::Result<Tensor> {
    let get = |name: &str| tensors.get(name).unwrap();
    let column = |name: &str| get(name).reshape((1, (), 1, 1));
    let norm = |x: Tensor, name: &str| {
        let deviation = (column(&format!("{name}.running_var"))? + 1e-3)?.sqrt()?;
        let centred =
            x.broadcast_sub(&column(&format!("{name}.running_mean"))?)?.broadcast_div(&deviation)?;
        let scaled = centred.broadcast_mul(&column(&format!("{name}.weight"))?)?;
        scaled.broadcast_add(&column(&format!("{name}.bias"))?)?.clamp(0_f32, 6_f32)
    };
    let stem = norm(input.conv2d(get("stem.weight"), 1, 1, 1, 1)?, "n1")?;
    let deep = norm(stem.conv2d(get("deep.weight"), 1, 1, 1, 4)?, "n2")?;
    let thin = deep.conv2d(get("thin.weight"), 0, 1, 1, 1)?.broadcast_add(&column("thin.bias")?)?;
    let pooled = (stem + thin)?.mean((2, 3))?;
    pooled.matmul(&get("head.weight").t()?)?.broadcast_add(get("head.bias"))
}

#[test]
fn agrees_with_the_network_written_out() {
    let tensors = parameters();
    let network = compile(&tensors).unwrap();
    for (n_images, height, width) in [(1, 5, 5), (3, 8, 6)] {
        let input = Tensor::randn(0_f32, 1.0, (n_images, 3, height, width), &Device::Cpu).unwrap();
        let (ours, plain) =
            (network.run(NetworkInput::Images(&input)).unwrap(), written_out(&tensors, &input).unwrap());
        assert_eq!(ours.dims(), [n_images, 2]);
        let worst = (ours - plain).unwrap().abs().unwrap().max_all().unwrap().to_scalar::<f32>().unwrap();
        assert!(worst < 1e-4, "{worst}");
    }
}

#[test]
fn the_missing_or_misshaped_tensor_is_named() {
    for name in ["stem.weight", "n2.running_var", "thin.bias", "head.bias"] {
        let mut tensors = parameters();
        tensors.insert(name.to_owned(), Tensor::zeros((7, 1), DType::F32, &Device::Cpu).unwrap());
        let error = compile(&tensors).unwrap_err();
        assert!(error.to_string().contains(&format!("tensor `{name}`")), "{error}");
        tensors.remove(name);
        let error = compile(&tensors).unwrap_err();
        assert!(error.to_string().contains("found nothing"), "{error}");
    }
}

#[test]
fn an_input_of_another_depth_is_an_error() {
    let network = compile(&parameters()).unwrap();
    let run = |shape: &[usize]| {
        network.run(NetworkInput::Images(&Tensor::zeros(shape, DType::F32, &Device::Cpu).unwrap()))
    };
    assert!(run(&[1, 3, 5, 5]).is_ok());
    assert!(run(&[1, 4, 5, 5]).is_err());
    assert!(run(&[3, 5]).is_err());
}

#[test]
fn every_operation_agrees_with_nested_loops() {
    for case in cases() {
        check_case(&case, 1);
    }
}

/// Other devices go by candle's operations, and so do numbers of 64 bits on the CPU.
#[test]
fn candle_s_operations_agree_too() {
    for case in cases() {
        compare(&case, &fill(&case.graph, 2), DType::F64, 1e-4);
    }
}

/// The way of a GPU, tried on the CPU (where candle multiplies no matrices of bf16).
#[test]
fn halves_are_close() {
    for case in cases() {
        compare(&case, &fill(&case.graph, 4), DType::F16, 0.03);
    }
}

/// Runs a case with seeded parameters and compares shape and numbers.
fn check_case(case: &Case, seed: u64) {
    compare(case, &fill(&case.graph, seed), DType::F32, 1e-4);
}

fn compare(case: &Case, tensors: &BTreeMap<String, Array>, dtype: DType, tolerance: f64) {
    let expected = evaluate(&case.graph, tensors, &case.input, case.mask.as_ref(), Phase::Evaluation);
    let weights = case.weights(tensors);
    let parameters = Parameters::Fixed { weights: &weights, device: &Device::Cpu, dtype };
    let steps = Steps::load(&case.graph, parameters).unwrap();
    let plan = Plan { executor: Executor::Layers(steps), device: Device::Cpu, output_width: None };
    let found = case.with_input(&Device::Cpu, |input| plan.run(input)).unwrap();
    assert_eq!(found.dims(), expected.shape, "{}", case.name);
    let found = found.flatten_all().unwrap().to_vec1::<f32>().unwrap();
    for (place, (found, expected)) in found.into_iter().zip(expected.values).enumerate() {
        let error = (f64::from(found) - expected).abs();
        let name = &case.name;
        assert!(
            error < tolerance * (1.0 + expected.abs()),
            "{name} in {dtype:?} at {place}: {found}, not {expected}"
        );
    }
}

#[test]
fn the_cpu_computes_in_f32_whatever_is_asked_for() {
    let plan = |precision| {
        let plan = Plan::compile(&graph(), &weights(&tensors()), &Device::Cpu, precision).unwrap();
        let ones = Tensor::ones((1, 3, 6, 6), DType::F32, &Device::Cpu).unwrap();
        (plan.run(NetworkInput::Images(&ones)).unwrap().to_vec2::<f32>().unwrap(), plan.output_width())
    };
    fn tensors() -> Tensors {
        let shapes = graph().parameters();
        let ones = |shape: &[usize]| Tensor::full(0.3_f32, shape, &Device::Cpu).unwrap();
        shapes.iter().map(|parameter| (parameter.name.clone(), ones(&parameter.shape))).collect()
    }
    assert_eq!(plan(Precision::F16), plan(Precision::F32));
    assert_eq!(plan(Precision::BF16).1, Some(2));
}

#[test]
fn a_network_given_the_wrong_kind_of_input_says_so() {
    let plan = compile(&parameters()).unwrap();
    let ids = Tensor::zeros((1, 3), DType::U32, &Device::Cpu).unwrap();
    let mask = Tensor::ones((1, 3), DType::F32, &Device::Cpu).unwrap();
    let message = plan.run(NetworkInput::Tokens { ids: &ids, mask: &mask }).unwrap_err().to_string();
    assert!(message.contains("reads pictures"), "{message}");
    let case = cases().into_iter().find(|case| case.name == "embedding").unwrap();
    let weights = case.weights(&fill(&case.graph, 1));
    let plan = Plan::compile(&case.graph, &weights, &Device::Cpu, Precision::F32).unwrap();
    assert_eq!(plan.output_width(), Some(8));
    let message = |input: NetworkInput<'_>| plan.run(input).unwrap_err().to_string();
    assert!(message(NetworkInput::Images(&mask)).contains("reads tokens"));
    assert!(message(NetworkInput::Tokens { ids: &ids, mask: &ids }).contains("u32 and f32"));
    let unknown = Tensor::full(11_u32, (1, 3), &Device::Cpu).unwrap();
    assert!(plan.run(NetworkInput::Tokens { ids: &unknown, mask: &mask }).is_err());
}

fn paddings() -> impl Strategy<Value = Padding> {
    prop_oneof![[0_usize..4, 0..4].prop_map(Padding::Symmetric), Just(Padding::Same)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn convolutions_of_any_shape(
        [groups, in_group, out_group] in [1_usize..4, 1..4, 1..4],
        kernel in [1_usize..6, 1..6],
        stride in 1_usize..4,
        padding in paddings(),
        size in [1_usize..13, 1..13],
        has_bias: bool,
    ) {
        let convolution = Convolution {
            groups, kernel, stride, padding, has_bias,
            norm: (!has_bias).then(|| BatchNorm { name: "n".into(), epsilon: 1e-3 }),
            activation: Activation::Silu,
            ..Convolution::square("c", [groups * in_group, groups * out_group], 3)
        };
        let fits = match padding {
            Padding::Same => true,
            Padding::Symmetric(zeros) => (0..2).all(|side| size[side] + 2 * zeros[side] >= kernel[side]),
        };
        let shape = [2, groups * in_group, size[0], size[1]];
        let case = of_picture(format!("{convolution:?}"), shape, Operation::Convolution(convolution));
        if fits {
            check_case(&case, 1);
        } else {
            let plan = Plan::compile(&case.graph, &case.weights(&fill(&case.graph, 1)), &Device::Cpu, Precision::F32);
            prop_assert!(case.with_input(&Device::Cpu, |input| plan.unwrap().run(input)).is_err());
        }
    }

    #[test]
    fn windows_of_any_shape(
        kernel in 1_usize..5,
        stride in 1_usize..5,
        zeros in 0_usize..3,
        is_same: bool,
        edge in prop_oneof![Just(PoolEdge::Floor), Just(PoolEdge::Ceil)],
        size in [4_usize..12, 4..12],
    ) {
        // Larger zeros would leave windows wholly on the padding, as PyTorch refuses too.
        let padding = if is_same { Padding::Same } else { Padding::Symmetric([zeros.min(kernel / 2); 2]) };
        let pool = Pool { kernel, stride, padding, edge };
        let operations =
            [Operation::MaxPool(pool), Operation::AveragePool(pool, PaddingCounts::Yes), Operation::AveragePool(pool, PaddingCounts::No)];
        for operation in operations {
            let case = of_picture(format!("{operation:?}"), [2, 3, size[0], size[1]], operation);
            check_case(&case, 1);
            compare(&case, &BTreeMap::new(), DType::F64, 1e-4);
        }
    }
}
