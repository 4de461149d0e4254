//! A tiny network over pictures of one colour each: what is trained, what is seen, and that a run can be taken up again.

use candle_core::{Device, Tensor};
use image::{Rgb, RgbImage};

use super::super::augment::Augmentation;
use super::super::heads::{Depth, HeadRecipe, Towers};
use super::super::samplers::SamplerRecipe;
use super::super::{
    Checkpoint, Ended, Features, Flow, Labels, Part, Start, TrainError, TrainingData, TrainingOutcome,
    TrainingRecipe, TrainingReport, TrainingReporter, Unreviewed, train_with,
};
use super::*;
use crate::encode::DenseMatrix;
use crate::nn::{
    Activation, BatchNorm, Convolution, Graph, GraphBuilder, Mode, NetworkInput, SplitGraph, TrainableNetwork,
};

const SIDE: usize = 6;
const WIDTH: usize = 5;
const N_ROWS: usize = 60;

/// A stem and a last layer with a norm.
fn graph() -> Graph {
    let mut builder = GraphBuilder::of_images();
    let stem = Convolution { activation: Activation::Relu, ..Convolution::square("stem", [3, 4], 3) };
    let stem = builder.convolution(builder.input(), stem);
    let last = Convolution {
        norm: Some(BatchNorm { name: "norm".to_owned(), epsilon: 1e-5 }),
        activation: Activation::Relu,
        ..Convolution::square("last", [4, WIDTH], 3)
    };
    let last = builder.convolution(stem, last);
    builder.global_average(last);
    builder.build()
}

/// Three rows a group, each group a colour.
fn picture(row: usize) -> RgbImage {
    let group = (row / 3) as u8;
    RgbImage::from_pixel(8, 8, Rgb([group * 12, 255 - group * 9, (row % 3) as u8 * 40]))
}

fn prepare(picture: &RgbImage) -> Vec<f32> {
    let small = image::imageops::thumbnail(picture, SIDE as u32, SIDE as u32);
    (0..3)
        .flat_map(|channel| small.pixels().map(move |pixel| f32::from(pixel.0[channel]) / 127.5 - 1.0))
        .collect()
}

/// Everything but the tail.
struct World {
    labels: Labels,
    parts: Vec<Part>,
    frozen: DenseMatrix,
    present: Vec<bool>,
    split: SplitGraph,
}

impl World {
    fn new() -> Self {
        let groups = (0..N_ROWS as u32).map(|row| Some(row / 3)).collect();
        let parts = (0..N_ROWS / 3).flat_map(|group| {
            let part = [Part::Train, Part::Train, Part::Train, Part::Validation, Part::Test][group % 5];
            [part; 3]
        });
        let whole = TrainableNetwork::initialise(&graph(), 3, &Device::Cpu).unwrap();
        let pictures: Vec<f32> = (0..N_ROWS).flat_map(|row| prepare(&picture(row))).collect();
        let pictures = Tensor::from_vec(pictures, (N_ROWS, 3, SIDE, SIDE), &Device::Cpu).unwrap();
        let rows = whole.forward(NetworkInput::Images(&pictures), &mut Mode::Evaluation).unwrap();
        let rows = crate::nn::ops::normalise_rows(&rows).unwrap();
        let split = graph().split_at(graph().first_node_of("last").unwrap()).unwrap();
        Self {
            labels: Labels::new(groups, &[], Unreviewed::Different),
            parts: parts.collect(),
            frozen: DenseMatrix { width: WIDTH, values: rows.flatten_all().unwrap().to_vec1().unwrap() },
            present: vec![true; N_ROWS],
            split,
        }
    }

    fn data(&self) -> TrainingData<'_> {
        let modalities = vec![Features { matrix: &self.frozen, present: &self.present }];
        TrainingData { modalities, labels: &self.labels, parts: &self.parts, neighbors: None, sides: None }
    }

    fn maps(&self, recipe: &BackboneRecipe) -> Maps {
        let trunk = TrainableNetwork::initialise(&self.split.trunk, 3, &Device::Cpu).unwrap();
        let views = views(recipe, &self.data(), SIDE, 9);
        let mut maps = Maps::new(vec![4, SIDE, SIDE], &views).unwrap();
        for view in &views {
            maps.begin(view, N_ROWS);
            for &row in &view.rows {
                let (own, partner) = view.pictures_of(row);
                let partner = partner.map(|row| picture(row as usize));
                let values = view.make(recipe, row, &picture(own as usize), partner.as_ref(), prepare);
                let values = Tensor::from_vec(values, (1, 3, SIDE, SIDE), &Device::Cpu).unwrap();
                let features = trunk.forward(NetworkInput::Images(&values), &mut Mode::Evaluation).unwrap();
                maps.add(row, &features.flatten_all().unwrap().to_vec1::<f32>().unwrap()).unwrap();
            }
        }
        maps
    }

    fn tail<'a>(&self, maps: &'a Maps, recipe: &'a BackboneRecipe) -> Tail<'a> {
        let network = TrainableNetwork::initialise(&self.split.tail, 3, &Device::Cpu).unwrap();
        Tail::new(network, maps, recipe, WIDTH, 9)
    }
}

fn backbone(augmentations: Vec<Augmentation>) -> BackboneRecipe {
    BackboneRecipe {
        trained: TrainedPart::From("last".to_owned()),
        rate_share: 0.5,
        views: 1,
        augmentations,
        ..BackboneRecipe::default()
    }
}

fn recipe(max_epochs: usize) -> TrainingRecipe {
    TrainingRecipe {
        head: HeadRecipe { towers: Towers::Fused, depth: Depth::Linear, width: 4, ..HeadRecipe::default() },
        start: Start::Whitened { shrinkage: 0.1 },
        loss: "supervised-contrastive".to_owned(),
        loss_params: (super::super::losses::loss_spec("supervised-contrastive").unwrap().defaults)(),
        sampler: SamplerRecipe::ClassesByItems { classes: 6, items: 3 },
        learning_rate: 0.02,
        max_epochs,
        patience: None,
        ..TrainingRecipe::default()
    }
}

/// Stops after so many reports.
struct Watch(usize);

impl TrainingReporter for Watch {
    fn report(&mut self, _: &TrainingReport) -> Flow {
        self.0 = self.0.saturating_sub(1);
        if self.0 == 0 { Flow::Stop } else { Flow::Continue }
    }
}

fn run(
    world: &World,
    backbone: &BackboneRecipe,
    epochs: usize,
    resume: Option<&Checkpoint>,
) -> (TrainingOutcome, Vec<(String, Vec<f32>)>) {
    let maps = world.maps(backbone);
    let tail = world.tail(&maps, backbone);
    let outcome =
        train_with(&world.data(), &recipe(epochs), Some(&tail), resume, &Device::Cpu, &mut Watch(usize::MAX))
            .unwrap();
    let weights = tail.weights().unwrap().into_iter();
    let weights = weights.map(|(name, tensor)| (name, tensor.flatten_all().unwrap().to_vec1().unwrap()));
    (outcome, weights.collect())
}

fn crop_and_colour() -> Vec<Augmentation> {
    vec![
        Augmentation::Crop { least_area: 0.5 },
        Augmentation::Colour { brightness: 0.2, contrast: 0.2, saturation: 0.2 },
    ]
}

#[test]
fn before_training_the_tail_gives_the_frozen_embeddings() {
    let world = World::new();
    let backbone = backbone(crop_and_colour());
    let maps = world.maps(&backbone);
    let tail = world.tail(&maps, &backbone);
    let rows: Vec<u32> = (0..N_ROWS as u32).filter(|row| world.parts[*row as usize] != Part::Test).collect();
    let matrix = tail.matrix(&rows, N_ROWS).unwrap();
    for row in 0..N_ROWS {
        let is_seen = world.parts[row] != Part::Test;
        for (found, expected) in matrix.row(row).iter().zip(world.frozen.row(row)) {
            let expected = if is_seen { *expected } else { 0.0 };
            assert!((found - expected).abs() < 2e-3, "row {row}: {found} {expected}");
        }
    }
}

#[test]
fn head_and_tail_learn_and_the_running_statistics_stay() {
    let world = World::new();
    let backbone = backbone(crop_and_colour());
    let (outcome, weights) = run(&world, &backbone, 4, None);
    assert_eq!(outcome.ended, Ended::Finished);
    assert_eq!(outcome.history.len(), 5);
    let losses: Vec<f64> = outcome.history.iter().filter_map(|record| record.loss).collect();
    assert!(losses[3] < losses[0], "{losses:?}");
    let maps = world.maps(&backbone);
    let before = world.tail(&maps, &backbone).weights().unwrap();
    let changed: Vec<&str> = weights
        .iter()
        .filter(|(name, values)| before[name].flatten_all().unwrap().to_vec1::<f32>().unwrap() != *values)
        .map(|(name, _)| name.as_str())
        .collect();
    let expected: &[&str] =
        if outcome.best.epoch == 0 { &[] } else { &["last.weight", "norm.bias", "norm.weight"] };
    assert_eq!(changed, expected);

    let of_the_batch = BackboneRecipe { norms: NormStatistics::OfTheBatch, ..backbone };
    let (outcome, weights) = run(&world, &of_the_batch, 1, None);
    let statistics = outcome.checkpoint.to_bytes().unwrap();
    assert!(!statistics.is_empty() && weights.iter().any(|(name, _)| name == "norm.running_mean"));
}

#[test]
fn a_run_taken_up_again_ends_as_it_would_have() {
    let world = World::new();
    let recipes = [
        backbone(crop_and_colour()),
        BackboneRecipe {
            norms: NormStatistics::OfTheBatch,
            ..backbone(vec![Augmentation::CutMix { views: 1 }])
        },
    ];
    for backbone in recipes {
        let (whole, weights) = run(&world, &backbone, 4, None);
        let (again, same_weights) = run(&world, &backbone, 4, None);
        assert_eq!((&whole.history, &weights), (&again.history, &same_weights), "the seed does not decide");
        let (half, _) = run(&world, &backbone, 2, None);
        let bytes = half.checkpoint.to_bytes().unwrap();
        let checkpoint = Checkpoint::from_bytes(std::path::Path::new("x"), bytes).unwrap();
        let (rest, rest_weights) = run(&world, &backbone, 4, Some(&checkpoint));
        assert_eq!(rest.history, whole.history);
        assert_eq!(rest_weights, weights);
        assert_eq!(rest.head.to_safetensors().unwrap(), whole.head.to_safetensors().unwrap());
    }
    // Of another network's training it is refused.
    let (half, _) = run(&world, &backbone(crop_and_colour()), 2, None);
    let other = BackboneRecipe { rate_share: 0.25, ..backbone(crop_and_colour()) };
    let maps = world.maps(&other);
    let tail = world.tail(&maps, &other);
    let result = train_with(
        &world.data(),
        &recipe(4),
        Some(&tail),
        Some(&half.checkpoint),
        &Device::Cpu,
        &mut Watch(usize::MAX),
    );
    assert!(matches!(result, Err(TrainError::Checkpoint(_))));
}

#[test]
fn stopped_it_leaves_the_best_so_far() {
    let world = World::new();
    let backbone = backbone(crop_and_colour());
    let maps = world.maps(&backbone);
    let tail = world.tail(&maps, &backbone);
    let outcome =
        train_with(&world.data(), &recipe(4), Some(&tail), None, &Device::Cpu, &mut Watch(1)).unwrap();
    assert_eq!((outcome.ended, outcome.best.epoch), (Ended::Stopped, 0));
    // Half a round's steps are undone.
    let start = world.tail(&maps, &backbone).weights().unwrap();
    for (name, tensor) in tail.weights().unwrap() {
        let values = |tensor: &Tensor| tensor.flatten_all().unwrap().to_vec1::<f32>().unwrap();
        assert_eq!(values(&tensor), values(&start[&name]), "{name}");
    }
}

#[test]
fn a_rate_without_bounds_is_told() {
    let world = World::new();
    let backbone = backbone(vec![]);
    let maps = world.maps(&backbone);
    let tail = world.tail(&maps, &backbone);
    let recipe = TrainingRecipe { learning_rate: 1e38, clip_norm: None, ..recipe(4) };
    let outcome = train_with(&world.data(), &recipe, Some(&tail), None, &Device::Cpu, &mut Watch(usize::MAX));
    assert!(matches!(outcome.unwrap().ended, Ended::Diverged { .. }));
}

#[test]
fn views_are_of_the_pictures_that_may_be_learned_from() {
    let world = World::new();
    let recipe = BackboneRecipe { views: 2, ..backbone(vec![Augmentation::CutMix { views: 1 }]) };
    let views = views(&recipe, &world.data(), SIDE, 9);
    assert_eq!(views.len(), 4);
    let parts = |view: &View| -> std::collections::HashSet<u8> {
        view.rows.iter().map(|row| world.parts[*row as usize] as u8).collect()
    };
    assert_eq!(parts(&views[0]), [Part::Train as u8, Part::Validation as u8].into_iter().collect());
    assert!(views[1..].iter().all(|view| parts(view) == [Part::Train as u8].into_iter().collect()));
    // Partners are of another group, and one group's partners of one group.
    for &row in &views[3].rows {
        let partner = views[3].pictures_of(row).1.unwrap();
        let first = views[3].pictures_of(row / 3 * 3).1.unwrap();
        assert!(
            partner / 3 != row / 3
                && partner / 3 == first / 3
                && world.parts[partner as usize] == Part::Train
        );
    }
}

#[test]
fn too_many_maps_are_refused() {
    let world = World::new();
    let views = views(&backbone(vec![]), &world.data(), SIDE, 9);
    let message = Maps::new(vec![1 << 30], &views).unwrap_err().to_string();
    assert!(message.contains("later block"), "{message}");
    let mut maps = Maps::new(vec![2], &views).unwrap();
    assert!(maps.add(0, &[1.0, 2.0]).is_err(), "no view was begun");
    maps.begin(&views[0], 3);
    assert!(maps.add(0, &[1.0]).is_err() && maps.add(7, &[1.0, 2.0]).is_err());
    maps.add(0, &[1.0, 2.0]).unwrap();
}
