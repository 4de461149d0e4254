//! Tests of heads: shapes, seeds, files, and what does not go together.

use std::path::Path;

use candle_core::{Device, Tensor};

use super::{Depth, HEADS, Head, HeadRecipe, HeadShape, Mode, PairMeasure, Towers};

fn head(recipe: HeadRecipe, seed: u64) -> Head {
    let shape = HeadShape { recipe, modality_widths: vec![6, 4], n_classes: 3 };
    Head::new(shape, seed, &Device::Cpu).unwrap()
}

fn rows(n_rows: usize) -> Vec<Tensor> {
    [6, 4]
        .map(|width| {
            let values: Vec<f32> =
                (0..n_rows * width).map(|place| ((place * 7 + width) % 11) as f32 - 5.0).collect();
            Tensor::from_vec(values, (n_rows, width), &Device::Cpu).unwrap()
        })
        .to_vec()
}

fn scores(head: &Head) -> Vec<f32> {
    let towers = head.towers(&rows(5), None, Mode::Evaluate).unwrap();
    let other: Vec<Tensor> = towers
        .iter()
        .map(|tower| {
            tower.index_select(&Tensor::new(&[1_u32, 2, 3, 4, 0], &Device::Cpu).unwrap(), 0).unwrap()
        })
        .collect();
    let forth = head.pair_scores(&towers, &other).unwrap().to_vec1::<f32>().unwrap();
    let back = head.pair_scores(&other, &towers).unwrap().to_vec1::<f32>().unwrap();
    assert_eq!(forth, back, "both orders of a pair are one");
    forth
}

#[test]
fn every_head_of_the_table_works_and_survives_a_file() {
    for spec in HEADS {
        let recipe = HeadRecipe { width: 8, ..(spec.default)() };
        let first = head(recipe, 1);
        let towers = first.towers(&rows(5), None, Mode::Train).unwrap();
        let width: usize = towers.iter().map(|tower| tower.dim(1).unwrap()).sum();
        assert_eq!(width, first.shape().embedding_width(), "{}", spec.id);
        for tower in &towers {
            let lengths: Vec<f32> = tower.sqr().unwrap().sum(1).unwrap().to_vec1().unwrap();
            assert!(lengths.iter().all(|length| (length - 1.0).abs() < 1e-5), "{} {lengths:?}", spec.id);
        }
        assert_eq!(
            head(recipe, 1).parameters().to_tensors().unwrap().names().count(),
            first.parameters().to_tensors().unwrap().names().count()
        );
        let bytes = first.to_safetensors().unwrap();
        let back = Head::from_safetensors(Path::new("head"), bytes, &Device::Cpu).unwrap();
        assert_eq!(back.shape(), first.shape());
        assert_eq!(scores(&back), scores(&first), "{}", spec.id);
    }
}

#[test]
fn the_seed_decides() {
    let values = |seed| {
        head(HeadRecipe { width: 8, ..HeadRecipe::default() }, seed).parameters().to_tensors().unwrap()
    };
    assert_eq!(values(1), values(1));
    assert_ne!(values(1), values(2));
    assert_eq!(
        head(HeadRecipe { width: 8, depth: Depth::Linear, ..HeadRecipe::default() }, 1)
            .parameters()
            .n_values(),
        8 * 10 + 8 + 3 * 8
    );
}

#[test]
fn parts_that_do_not_go_together_are_refused() {
    let check = |recipe: HeadRecipe, widths: &[usize], expected: &str| {
        let shape = HeadShape { recipe, modality_widths: widths.to_vec(), n_classes: 0 };
        let message = Head::new(shape, 1, &Device::Cpu).unwrap_err().to_string();
        assert!(message.contains(expected), "{message}");
    };
    let base = HeadRecipe::default();
    check(base, &[], "needs embeddings");
    check(HeadRecipe { width: 0, ..base }, &[4], "at least one number");
    check(HeadRecipe { measure: PairMeasure::Neuron, ..base }, &[4, 4], "two towers");
    check(
        HeadRecipe { measure: PairMeasure::Neuron, towers: Towers::PerModality, ..base },
        &[4],
        "two towers",
    );
    let classifier = PairMeasure::Classifier { hidden: 4 };
    check(HeadRecipe { measure: classifier, towers: Towers::PerModality, ..base }, &[4, 4], "fused");
    check(HeadRecipe { width: usize::MAX, ..base }, &[4], "too large");
}

#[test]
fn a_file_of_something_else_is_refused() {
    let tensors = head(HeadRecipe::default(), 1).parameters().to_tensors().unwrap();
    let bytes = tensors.to_safetensors(None).unwrap();
    let message =
        Head::from_safetensors(Path::new("some/head"), bytes, &Device::Cpu).unwrap_err().to_string();
    assert!(message.contains("no trained head") && message.contains("some/head"), "{message}");
    assert!(Head::from_safetensors(Path::new("x"), vec![1, 2, 3], &Device::Cpu).is_err());
}
