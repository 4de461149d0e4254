//! Weights in other forms, and weights that no form makes fit.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::collections::BTreeMap;

use super::{Resampling, adapt_weights, is_same_in_another_form};
use crate::encode::{IMAGE_ARCHITECTURES, image_architecture};
use crate::nn::{Graph, Plan, Precision, Weights};

type Tensors = BTreeMap<String, (Vec<usize>, Vec<f32>)>;

fn file(tensors: Tensors) -> Weights {
    Weights::from_tensors("some/model.safetensors", tensors).unwrap()
}

fn compile_error(graph: &Graph, weights: &Weights) -> String {
    Plan::compile(graph, weights, &candle_core::Device::Cpu, Precision::F32).unwrap_err().to_string()
}

#[test]
fn forms_are_told_from_substance() {
    for (found, expected, is_same) in [
        (&[96, 1, 1][..], &[96][..], true),
        (&[768], &[1, 1, 768], true),
        (&[50, 768], &[1, 50, 768], true),
        (&[4096, 25088], &[4096, 512, 7, 7], true),
        (&[4096, 25088], &[4096, 512, 7, 6], false),
        (&[25088, 4096], &[4096, 512, 7, 7], false),
        (&[3072, 768], &[768, 3072], false),
        (&[2304], &[768, 3], false),
    ] {
        assert_eq!(is_same_in_another_form(found, expected), is_same, "{found:?} {expected:?}");
    }
}

/// F.interpolate(x, (2, 2), mode="bicubic", antialias=True) of the 3x3 numbers below, and to (5, 5).
#[test]
fn positions_are_resampled_as_torch_does() {
    let values: Vec<f32> = (0..9).map(|i| ((i * i * 7) % 11) as f32).collect();
    let resampled = |to_side: usize| {
        let change = Resampling { n_prefix: 1, from_side: 3, to_side, width: 1 };
        change.apply(&[[100.0].as_slice(), &values].concat())
    };
    let close = |found: &[f32], expected: &[f32]| {
        assert_eq!(found.len(), expected.len());
        assert!(found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-5), "{found:?} {expected:?}");
    };
    close(&resampled(2), &TORCH_2);
    close(&resampled(5), &TORCH_5);
}

const TORCH_2: [f32; 5] = [100.0, 3.515385, 6.801354, 6.600828, 6.075693];
const TORCH_5: [f32; 26] = [
    100.0, -1.206123, 2.270769, 7.377358, 6.644466, 5.571378, 2.525486, 3.503174, 5.246268, 6.817945,
    7.662067, 8.452829, 5.537313, 2.0, 6.925375, 10.603773, 10.251477, 6.574515, 1.77612, 6.035866, 9.416782,
    10.766109, 7.030132, 2.0, 5.432555, 8.290494,
];

#[test]
fn positions_of_another_side_are_found() {
    let architecture = image_architecture("vit_small_patch14_dinov2").unwrap();
    let graph = (architecture.graph)(28);
    let change = |found: &[usize]| Resampling::between("pos_embed", found, &[1, 5, 384], &graph);
    let found = change(&[1, 1370, 384]).unwrap();
    assert_eq!((found.n_prefix, found.from_side, found.to_side), (1, 37, 2));
    assert!(change(&[1370, 384]).is_some());
    assert!(change(&[1, 1371, 384]).is_none() && change(&[1, 1370, 768]).is_none());
    assert!(change(&[1, 1, 384]).is_none() && change(&[1, 0, 384]).is_none());
    assert!(Resampling::between("norm.weight", &[1, 1370, 384], &[1, 5, 384], &graph).is_none());
}

/// Whatever the architecture, what is missing or misshaped is named. The file holds one tensor at most, so that no large
/// network is filled.
#[test]
fn every_architecture_names_the_tensor_that_does_not_fit() {
    for architecture in IMAGE_ARCHITECTURES {
        let graph = (architecture.graph)(architecture.size);
        let parameters = graph.parameters();
        let message = |tensors: Tensors| {
            let weights = adapt_weights(file(tensors), architecture, &graph).unwrap();
            compile_error(&graph, &weights)
        };
        let first = &parameters[0];
        let expected = format!("tensor `{}`: expected {:?}, found nothing", first.name, first.shape);
        assert!(message(Tensors::new()).contains(&expected), "{}", architecture.id);
        let wrong: Vec<usize> = first.shape.iter().map(|n| n + 1).collect();
        let n_values = wrong.iter().product();
        let tensors = Tensors::from([(first.name.clone(), (wrong.clone(), vec![0.0; n_values]))]);
        let expected = format!("tensor `{}`: expected {:?}, found {wrong:?}", first.name, first.shape);
        assert!(message(tensors).contains(&expected), "{}", architecture.id);
    }
}

/// In small networks everything but the last parameter is there.
#[test]
fn a_tensor_missing_at_the_end_is_named_too() {
    for id in ["mobilenetv3_small_100", "efficientnet_b0", "densenet121", "mobilenetv2_tf"] {
        let architecture = image_architecture(id).unwrap();
        let graph = (architecture.graph)(architecture.size);
        let parameters = graph.parameters();
        let (last, before) = parameters.split_last().unwrap();
        let tensors = before.iter().map(|parameter| {
            (parameter.name.clone(), (parameter.shape.clone(), vec![1.0; parameter.n_values()]))
        });
        let weights = adapt_weights(file(tensors.collect()), architecture, &graph).unwrap();
        let error = compile_error(&graph, &weights);
        assert!(error.contains(&format!("tensor `{}`", last.name)), "{id}: {error}");
    }
}
