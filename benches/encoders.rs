//! Pictures and titles a second through the neural encoders, preprocessing apart, one batch of the size they ask for; and
//! JPEGs decoded whole and at the scale that a network needs. The encoders need `LOOKALIKE_SHARED` (default `../shared`) with
//! its models; without them only decoding is measured.
#![allow(missing_docs, reason = "criterion's macros make undocumented functions")]
#![allow(clippy::unwrap_used, reason = "a bench that cannot start should stop")]

use std::hint::black_box;
use std::path::PathBuf;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use image::RgbImage;
use image::codecs::jpeg::JpegEncoder;
use lookalike::catalog::{DecodeLimits, decode_image, decode_image_at_least};
use lookalike::encode::{Encoder, EncoderOptions, EncoderTable, ModelStore};
use lookalike::nn::DeviceChoice;

fn open(id: &str) -> Option<Encoder> {
    let shared =
        std::env::var_os("LOOKALIKE_SHARED").map_or_else(|| PathBuf::from("../shared"), PathBuf::from);
    let store = ModelStore::new(shared.join("models"));
    let table = EncoderTable::of(&store);
    let spec = table.spec(id).unwrap();
    if !spec.is_ready(&store) {
        eprintln!("skipped: {id} is not in {}", store.folder().display());
        return None;
    }
    Some(spec.open(&store, DeviceChoice::Auto, &EncoderOptions::default()).unwrap())
}

fn pictures(criterion: &mut Criterion) {
    let Some(Encoder::Image(encoder)) = open("mobilenetv2_tf") else { return };
    let picture = RgbImage::from_fn(1000, 800, |x, y| image::Rgb([x as u8, y as u8, (x * y) as u8]));
    let mut group = criterion.benchmark_group("mobilenetv2_tf");
    group.throughput(Throughput::Elements(1));
    group.bench_function("prepare", |bencher| bencher.iter(|| encoder.prepare(black_box(&picture))));
    for n_pictures in [1, encoder.batch_size(), 4, 16] {
        let batch = vec![encoder.prepare(&picture); n_pictures];
        group.throughput(Throughput::Elements(n_pictures as u64));
        group.bench_function(format!("embed-b{n_pictures}"), |bencher| {
            bencher.iter(|| encoder.embed(black_box(&batch)).unwrap());
        });
    }
    group.finish();
}

/// A photo of twelve megapixels for a network that scales it to 224 x 298.
fn decoding(criterion: &mut Criterion) {
    let photo = RgbImage::from_fn(3000, 4000, |x, y| {
        let wave = ((x as f32 / 41.0).sin() + (y as f32 / 67.0).cos()) * 60.0 + 128.0;
        image::Rgb([wave as u8, (255.0 - wave) as u8, ((x ^ y) / 16) as u8])
    });
    let mut bytes = Vec::new();
    photo.write_with_encoder(JpegEncoder::new_with_quality(&mut bytes, 88)).unwrap();
    let limits = DecodeLimits::default();
    let mut group = criterion.benchmark_group("decode-12-megapixels");
    group.sample_size(20);
    group.bench_function("whole", |bencher| {
        bencher.iter(|| decode_image(black_box(&bytes), "photo", &limits).unwrap());
    });
    group.bench_function("at-least-672", |bencher| {
        let least = |_| (672, 896);
        bencher.iter(|| decode_image_at_least(black_box(&bytes), "photo", &limits, &least).unwrap());
    });
    group.finish();
}

fn titles(criterion: &mut Criterion) {
    let Some(Encoder::Text(encoder)) = open("all-MiniLM-L6-v2") else { return };
    let title = "Double Tape 3M VHB 12 mm x 4,5 m ORIGINAL / DOUBLE FOAM";
    let titles = vec![title; encoder.batch_size()];
    let mut group = criterion.benchmark_group("all-MiniLM-L6-v2");
    group.throughput(Throughput::Elements(titles.len() as u64));
    group.bench_function(format!("embed-b{}", titles.len()), |bencher| {
        bencher.iter(|| encoder.embed(black_box(&titles)).unwrap());
    });
    group.finish();
}

criterion_group!(benches, decoding, pictures, titles);
criterion_main!(benches);
