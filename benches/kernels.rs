//! Single layers of convolutional networks on one core, in GFLOP/s (criterion's elements) and as a part of what the core does
//! at most, measured by a loop of multiply-adds in registers. Each network is eight times the layer, so that the change of
//! layout at its ends counts little. 3x3 convolutions by Winograd's way are counted as plain ones, and may be above 100 %.
#![allow(missing_docs, reason = "criterion's macros make undocumented functions")]
#![allow(clippy::unwrap_used, reason = "a bench that cannot start should stop")]

use std::hint::black_box;
use std::io::Write;
use std::time::Instant;

use candle_core::{Device, Tensor};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use lookalike::nn::kernels::spend_multiply_adds;
use lookalike::nn::{Activation, Convolution, GraphBuilder, NetworkInput, Plan, Precision, Random, Weights};

/// Layers a network.
const N_LAYERS: usize = 8;

/// Name, channels, kernel, whether depthwise, side of the map, activation.
const LAYERS: [(&str, usize, usize, Kind, usize, Activation); 9] = [
    ("1x1-64-56", 64, 1, Kind::Dense, 56, Activation::Relu),
    ("1x1-96-28", 96, 1, Kind::Dense, 28, Activation::Relu6),
    ("1x1-192-28-silu", 192, 1, Kind::Dense, 28, Activation::Silu),
    ("1x1-512-14", 512, 1, Kind::Dense, 14, Activation::Relu),
    ("3x3-64-56", 64, 3, Kind::Dense, 56, Activation::Relu),
    ("3x3-256-14", 256, 3, Kind::Dense, 14, Activation::Relu),
    ("5x5-64-28", 64, 5, Kind::Dense, 28, Activation::Relu),
    ("depthwise-3x3-144-56", 144, 3, Kind::Depthwise, 56, Activation::Relu6),
    ("depthwise-5x5-240-28", 240, 5, Kind::Depthwise, 28, Activation::Relu6),
];

/// Which channels a channel reads.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Dense,
    Depthwise,
}

/// Floating-point operations a second that a core does at most.
fn peak() -> f64 {
    let rate = || {
        let start = Instant::now();
        let n = spend_multiply_adds(black_box(20_000_000));
        2.0 * n as f64 / start.elapsed().as_secs_f64()
    };
    (0..5).map(|_| rate()).fold(0.0, f64::max)
}

fn layers(criterion: &mut Criterion) {
    let peak = peak();
    let mut words = format!("a core does at most {:.1} GFLOP/s\n", peak * 1e-9);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    let mut group = criterion.benchmark_group("layers");
    group.sample_size(10);
    for (name, channels, kernel, kind, side, activation) in LAYERS {
        let (plan, flops) = network(channels, kernel, kind, side, activation);
        let pictures =
            Tensor::ones((1, channels, side, side), candle_core::DType::F32, &Device::Cpu).unwrap();
        let run = || pool.install(|| plan.run(NetworkInput::Images(black_box(&pictures))).unwrap());
        group.throughput(Throughput::Elements(flops));
        group.bench_function(name, |bencher| bencher.iter(run));
        let mut times: Vec<f64> = (0..15)
            .map(|_| {
                let start = Instant::now();
                run();
                start.elapsed().as_secs_f64()
            })
            .collect();
        times.sort_by(f64::total_cmp);
        let rate = flops as f64 / times[times.len() / 2];
        words += &format!("{name:24} {:7.1} GFLOP/s {:5.0} % of peak\n", rate * 1e-9, 100.0 * rate / peak);
    }
    group.finish();
    std::io::stdout().write_all(words.as_bytes()).unwrap();
}

/// The layer eight times, and its operations.
fn network(channels: usize, kernel: usize, kind: Kind, side: usize, activation: Activation) -> (Plan, u64) {
    let groups = if kind == Kind::Depthwise { channels } else { 1 };
    let mut builder = GraphBuilder::of_images();
    let mut features = builder.input();
    for index in 0..N_LAYERS {
        let layer = Convolution::square(format!("{index}"), [channels, channels], kernel);
        features = builder.convolution(features, Convolution { groups, activation, has_bias: true, ..layer });
    }
    let graph = builder.build();
    let tensors = graph.parameters().into_iter().map(|parameter| {
        let mut random = Random::named(0, &parameter.name);
        let n: usize = parameter.shape.iter().product();
        let fan_in = (parameter.shape.iter().skip(1).product::<usize>() as f64).sqrt();
        let values = (0..n).map(|_| (random.normal() / fan_in) as f32).collect();
        (parameter.name, (parameter.shape, values))
    });
    let weights = Weights::from_tensors("a bench", tensors.collect()).unwrap();
    let plan = Plan::compile(&graph, &weights, &Device::Cpu, Precision::F32).unwrap();
    let n_products = N_LAYERS * channels * channels / groups * kernel * kernel * side * side;
    (plan, 2 * n_products as u64)
}

criterion_group!(benches, layers);
criterion_main!(benches);
