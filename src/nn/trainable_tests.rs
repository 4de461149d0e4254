//! The executor that trains against nested loops in f64: outputs, gradients and running statistics of every operation.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use super::*;
use crate::nn::testing::{Array, Case, Phase, cases, check_gradients, evaluate, fill};
use crate::nn::{Operation, write_safetensors};

fn numbers(tensor: &Tensor) -> Vec<f32> {
    tensor.flatten_all().unwrap().to_dtype(DType::F32).unwrap().to_vec1().unwrap()
}

fn case(name: &str) -> Case {
    cases().into_iter().find(|case| case.name == name).unwrap()
}

fn network(case: &Case) -> TrainableNetwork {
    network_in(case, DType::F32)
}

fn network_in(case: &Case, dtype: DType) -> TrainableNetwork {
    let weights = case.weights(&fill(&case.graph, 3));
    let values = |parameter: &Parameter| weights.values(&parameter.name, &parameter.shape);
    TrainableNetwork::new(&case.graph, &Device::Cpu, dtype, values).unwrap()
}

fn run(network: &TrainableNetwork, case: &Case, mode: &mut Mode) -> Tensor {
    case.with_input(&Device::Cpu, |input| network.forward(input, mode)).unwrap()
}

fn drops(case: &Case) -> bool {
    let is_random =
        |operation: &Operation| matches!(operation, Operation::Dropout(_) | Operation::DropPath(_));
    case.graph.nodes().iter().any(|node| is_random(&node.operation))
}

#[test]
fn evaluation_agrees_with_nested_loops() {
    for case in cases() {
        let expected =
            evaluate(&case.graph, &fill(&case.graph, 3), &case.input, case.mask.as_ref(), Phase::Evaluation);
        let found = run(&network(&case), &case, &mut Mode::Evaluation);
        assert_eq!(found.dims(), expected.shape, "{}", case.name);
        for (found, expected) in numbers(&found).into_iter().zip(expected.values) {
            let error = (f64::from(found) - expected).abs();
            assert!(error < 1e-4 * (1.0 + expected.abs()), "{}: {found}, not {expected}", case.name);
        }
    }
}

/// Fixed factors, so that a gradient in the wrong place shows.
fn mix(n: usize) -> Vec<f64> {
    let mut random = Random::new(11);
    (0..n).map(|_| f64::from((random.uniform() * 2.0 - 1.0) as f32)).collect()
}

fn check_case(case: &Case, phase: Phase, dtype: DType) {
    let tensors = fill(&case.graph, 3);
    let network = network_in(case, dtype);
    let mut mode = if phase == Phase::Training { Mode::Training(Random::new(1)) } else { Mode::Evaluation };
    let values: Vec<f32> = case.input.values.iter().map(|&value| value as f32).collect();
    let picture = Tensor::from_vec(values, case.input.shape.as_slice(), &Device::Cpu).unwrap();
    let picture = Var::from_tensor(&picture.to_dtype(dtype).unwrap()).unwrap();
    let output = match &case.mask {
        None => network.forward(NetworkInput::Images(&picture), &mut mode).unwrap(),
        Some(_) => run(&network, case, &mut mode),
    };
    let factors = mix(output.elem_count());
    let factors_f32: Vec<f32> = factors.iter().map(|&factor| factor as f32).collect();
    let factors_f32 =
        Tensor::from_vec(factors_f32, output.dims(), &Device::Cpu).unwrap().to_dtype(dtype).unwrap();
    let gradients = (output * factors_f32).unwrap().sum_all().unwrap().backward().unwrap();
    let objective = |tensors: &BTreeMap<String, Array>, input: &Array| {
        let output = evaluate(&case.graph, tensors, input, case.mask.as_ref(), phase);
        output.values.iter().zip(&factors).map(|(value, factor)| value * factor).sum::<f64>()
    };
    for (name, var) in network.parameters() {
        let slopes = gradients.get(var).unwrap_or_else(|| panic!("{}: no gradient of {name}", case.name));
        check_gradients(
            &format!("{} {phase:?}: {name}", case.name),
            &tensors[name].values,
            &numbers(slopes),
            |moved| {
                let mut tensors = tensors.clone();
                tensors.insert(name.to_owned(), Array::new(&tensors[name].shape, moved.to_vec()));
                objective(&tensors, &case.input)
            },
        );
    }
    if case.mask.is_none() {
        let slopes = numbers(gradients.get(&picture).unwrap());
        check_gradients(&format!("{} {phase:?}: input", case.name), &case.input.values, &slopes, |moved| {
            objective(&tensors, &Array::new(&case.input.shape, moved.to_vec()))
        });
    }
}

#[test]
fn gradients_agree_with_differences_in_evaluation() {
    cases().iter().for_each(|case| check_case(case, Phase::Evaluation, DType::F32));
}

#[test]
fn gradients_agree_with_differences_in_training() {
    let has_norm =
        |case: &Case| case.graph.parameters().iter().any(|parameter| parameter.name.ends_with("running_var"));
    let normed: Vec<Case> = cases().into_iter().filter(|case| has_norm(case) && !drops(case)).collect();
    assert!(normed.len() > 5);
    normed.iter().for_each(|case| check_case(case, Phase::Training, DType::F32));
}

/// Other devices go by candle's operations, and so do numbers of 64 bits on the CPU.
#[test]
fn gradients_by_candle_s_operations_agree_too() {
    for case in cases() {
        check_case(&case, Phase::Evaluation, DType::F64);
        if !drops(&case) {
            check_case(&case, Phase::Training, DType::F64);
        }
    }
}

#[test]
fn running_statistics_follow_the_batches() {
    let case = case("norm with Identity");
    let network = network(&case);
    let before = network.export().unwrap();
    let output = run(&network, &case, &mut Mode::Training(Random::new(1)));
    // The output of the norm has the batch's statistics: mean bias, deviation weight.
    let expected = evaluate(&case.graph, &fill(&case.graph, 3), &case.input, None, Phase::Training);
    for (found, expected) in numbers(&output).into_iter().zip(expected.values) {
        assert!((f64::from(found) - expected).abs() < 1e-4);
    }
    let count = (case.input.values.len() / 6) as f64;
    let plane = case.input.shape[2] * case.input.shape[3];
    for channel in 0..6 {
        let values: Vec<f64> = (0..2)
            .flat_map(|image| &case.input.values[(image * 6 + channel) * plane..][..plane])
            .copied()
            .collect();
        let mean = values.iter().sum::<f64>() / count;
        let unbiased = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (count - 1.0);
        for (kind, newest) in [("running_mean", mean), ("running_var", unbiased)] {
            let name = format!("bn.{kind}");
            let old = f64::from(numbers(&before[&name])[channel]);
            let (_, found) = network.buffers().into_iter().find(|(found, _)| *found == name).unwrap();
            let found = f64::from(numbers(found)[channel]);
            assert!((found - (0.9 * old + 0.1 * newest)).abs() < 1e-5, "{name} {channel}: {found}");
        }
    }
    run(&network, &case, &mut Mode::Evaluation);
    let gathered = network.export().unwrap();
    network.restore(&before).unwrap();
    assert_ne!(numbers(&gathered["bn.running_mean"]), numbers(&network.export().unwrap()["bn.running_mean"]));
    assert_eq!(numbers(&before["bn.running_mean"]), numbers(&network.export().unwrap()["bn.running_mean"]));
}

#[test]
fn what_is_dropped_follows_the_seed() {
    for (operation, n_together) in [(Operation::Dropout(0.25), 1), (Operation::DropPath(0.25), 300)] {
        let mut builder = crate::nn::GraphBuilder::of_images();
        builder.then(builder.input(), operation);
        let network = TrainableNetwork::initialise(&builder.build(), 0, &Device::Cpu).unwrap();
        let ones = Var::ones((400, 3, 10, 10), candle_core::DType::F32, &Device::Cpu).unwrap();
        let pass = |mode: &mut Mode| network.forward(NetworkInput::Images(&ones), mode).unwrap();
        let training = |seed| pass(&mut Mode::Training(Random::new(seed)));
        let output = training(5);
        let kept = numbers(&output);
        assert_eq!(kept, numbers(&training(5)));
        assert_ne!(kept, numbers(&training(6)));
        assert!(numbers(&pass(&mut Mode::Evaluation)).iter().all(|&value| value == 1.0));
        assert!(kept.iter().all(|&value| value == 0.0 || (value - 4.0 / 3.0).abs() < 1e-6));
        assert!(kept.chunks(n_together).all(|together| together.iter().all(|value| *value == together[0])));
        let share = kept.iter().filter(|&&value| value == 0.0).count() as f64 / kept.len() as f64;
        assert!((share - 0.25).abs() < 0.07, "{share}");
        let gradients = output.sum_all().unwrap().backward().unwrap();
        assert_eq!(numbers(gradients.get(&ones).unwrap()), kept);
    }
}

#[test]
fn frozen_parameters_get_no_gradient_and_keep_their_statistics() {
    let case = case("branches");
    let mut network = network(&case);
    let all = network.parameters().len();
    assert_eq!(network.train_only(Trained::Prefixes(&["fc.", "b."])).unwrap(), 4 * 3 + 5 * 4);
    let names: Vec<&str> = network.parameters().into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["b.weight", "fc.weight"]);
    let before = network.export().unwrap();
    let output = run(&network, &case, &mut Mode::Training(Random::new(1)));
    let gradients = output.sum_all().unwrap().backward().unwrap();
    assert!(network.parameters().into_iter().all(|(_, var)| gradients.get(var).is_some()));
    let after = network.export().unwrap();
    assert!(before.iter().all(|(name, tensor)| numbers(tensor) == numbers(&after[name])));
    let last = case.graph.nodes().len() - 1;
    assert_eq!(network.train_only(Trained::FromNode(last)).unwrap(), 12);
    assert_eq!(network.train_only(Trained::FromNode(last + 1)).unwrap(), 0);
    network.train_only(Trained::All).unwrap();
    assert_eq!(network.parameters().len(), all);
    let output = run(&network, &case, &mut Mode::Training(Random::new(1)));
    let gradients = output.sum_all().unwrap().backward().unwrap();
    assert!(network.parameters().into_iter().all(|(_, var)| gradients.get(var).is_some()));
    let after = network.export().unwrap();
    assert_ne!(numbers(&before["n1.running_mean"]), numbers(&after["n1.running_mean"]));
}

#[test]
fn an_exported_network_is_read_back() {
    let case = case("branches");
    let network = TrainableNetwork::initialise(&case.graph, 9, &Device::Cpu).unwrap();
    run(&network, &case, &mut Mode::Training(Random::new(1)));
    let mut bytes = Vec::new();
    write_safetensors(&mut bytes, &network.export().unwrap()).unwrap();
    let weights = Weights::from_bytes("trained.safetensors".as_ref(), bytes).unwrap();
    let plan =
        crate::nn::Plan::compile(&case.graph, &weights, &Device::Cpu, crate::nn::Precision::F32).unwrap();
    let expected = numbers(&run(&network, &case, &mut Mode::Evaluation));
    let found = numbers(&case.with_input(&Device::Cpu, |input| plan.run(input)).unwrap());
    for (found, expected) in found.into_iter().zip(expected) {
        assert!((found - expected).abs() < 1e-4 * (1.0 + expected.abs()), "{found} {expected}");
    }
    let again = TrainableNetwork::initialise(&case.graph, 9, &Device::Cpu).unwrap();
    let other = TrainableNetwork::initialise(&case.graph, 10, &Device::Cpu).unwrap();
    let weight = |network: &TrainableNetwork| numbers(&network.export().unwrap()["a.weight"]);
    assert_eq!(weight(&network), weight(&again));
    assert_ne!(weight(&network), weight(&other));
    let mut damaged = network.export().unwrap();
    damaged.remove("a.weight");
    assert!(again.restore(&damaged).unwrap_err().to_string().contains("a.weight"));
}

/// A step along the gradient changes what the network computes at once: layers hold the variables, not copies.
#[test]
fn layers_see_what_the_optimiser_sets() {
    for case in cases().iter().filter(|case| !drops(case)) {
        let network = network(case);
        let before = numbers(&run(&network, case, &mut Mode::Evaluation));
        for (name, var) in network.parameters() {
            let old = var.as_detached_tensor().copy().unwrap();
            let mut random = Random::new(2);
            let moved =
                numbers(&old).into_iter().map(|value| value + random.uniform() as f32 + 0.5).collect();
            var.set(&Tensor::from_vec(moved, old.dims(), &Device::Cpu).unwrap()).unwrap();
            let after = numbers(&run(&network, case, &mut Mode::Evaluation));
            assert!(before != after, "{}: {name} is set without effect", case.name);
            var.set(&old).unwrap();
        }
    }
}
