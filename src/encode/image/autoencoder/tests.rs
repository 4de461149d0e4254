//! The autoencoder learns, and its encoder computes what learning computed.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use super::learn::SmallPicture;
use super::*;
use crate::catalog::{Catalog, DecodeLimits, demo};
use crate::encode::Embeddings;

/// Pictures of the demo catalogue with the product each shows.
fn pictures() -> (Vec<RgbImage>, Vec<u32>) {
    let catalog: Catalog = demo::catalog(24, 3);
    let groups = catalog.group_ids();
    let of = |posting: crate::catalog::PostingIdx| {
        let picture = catalog.image(posting).decode(&DecodeLimits::default()).ok()?;
        Some((picture, groups.get(posting.at()).copied().flatten()?))
    };
    catalog.postings().filter_map(of).unzip()
}

fn encoder(learning: &AutoencoderLearning, small: &[SmallPicture]) -> Encoder {
    let all: Vec<&SmallPicture> = small.iter().collect();
    let codes = learning.codes(&all).unwrap();
    let bytes = learning.encoder_weights().unwrap().to_safetensors(&codes).unwrap();
    from_weights(&Weights::from_bytes(Path::new("learnt"), bytes).unwrap(), DeviceChoice::Cpu).unwrap()
}

/// How much more alike two pictures of one product are than two of different ones, in units of the spread of the latter.
fn separation(encoder: &Encoder, pictures: &[RgbImage], products: &[u32]) -> f64 {
    let Encoder::Image(encoder) = encoder else { panic!("it reads no pictures") };
    let prepared: Vec<Prepared> = pictures.iter().map(|picture| encoder.prepare(picture)).collect();
    let embeddings =
        Embeddings { rows: encoder.embed(&prepared).unwrap(), present: vec![true; pictures.len()] };
    let (mut same, mut other) = (Vec::new(), Vec::new());
    for a in 0..pictures.len() {
        for b in 0..a {
            let similarity = f64::from(embeddings.similarity(a, b).unwrap());
            if products[a] == products[b] { same.push(similarity) } else { other.push(similarity) }
        }
    }
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let centre = mean(&other);
    let spread = mean(&other.iter().map(|value| (value - centre).powi(2)).collect::<Vec<_>>()).sqrt();
    (mean(&same) - centre) / spread
}

#[test]
fn learning_lowers_the_error_and_its_rows_tell_products_apart() {
    let (pictures, products) = pictures();
    let small: Vec<SmallPicture> = pictures.iter().map(SmallPicture::new).collect();
    let mut learning = AutoencoderLearning::new(DeviceChoice::Cpu, 1).unwrap();
    let all: Vec<&SmallPicture> = small.iter().collect();
    let before = learning.loss(&all).unwrap();
    for _ in 0..12 {
        for batch in all.chunks(16) {
            learning.step(batch).unwrap();
        }
    }
    let after = learning.loss(&all).unwrap();
    assert!(after < 0.5 * before, "the error only went from {before} to {after}");
    let trained = separation(&encoder(&learning, &small), &pictures, &products);
    // Rows drawn at random separate nothing: 0.
    assert!(trained > 0.5, "pictures of one product are only {trained} deviations nearer than others");
}

#[test]
fn the_encoder_computes_what_learning_computed() {
    let (pictures, _) = pictures();
    let small: Vec<SmallPicture> = pictures.iter().take(3).map(SmallPicture::new).collect();
    let all: Vec<&SmallPicture> = small.iter().collect();
    let learning = AutoencoderLearning::new(DeviceChoice::Cpu, 2).unwrap();
    let codes = learning.codes(&all).unwrap();
    let whitening = Whitening::of(&codes, WIDTH);
    let Encoder::Image(encoder) = encoder(&learning, &small) else { panic!("it reads no pictures") };
    let prepared: Vec<Prepared> = pictures.iter().take(3).map(|picture| encoder.prepare(picture)).collect();
    let EmbeddingRows::Dense(rows) = encoder.embed(&prepared).unwrap() else { panic!("not dense") };
    for (code, row) in codes.chunks_exact(WIDTH).zip(rows.values.chunks_exact(WIDTH)) {
        let mut expected = code.to_vec();
        whitening.apply(&mut expected);
        l2_normalise(&mut expected);
        for (found, expected) in row.iter().zip(&expected) {
            assert!((found - expected).abs() < 1e-4, "{found} {expected}");
        }
    }
}

#[test]
fn one_seed_gives_one_network_and_another_another() {
    let picture = RgbImage::from_fn(30, 50, |x, y| image::Rgb([x as u8 * 8, y as u8 * 5, 90]));
    let small = SmallPicture::new(&picture);
    let codes = |seed| {
        let mut learning = AutoencoderLearning::new(DeviceChoice::Cpu, seed).unwrap();
        learning.step(&[&small]).unwrap();
        learning.codes(&[&small]).unwrap()
    };
    assert_eq!(codes(1), codes(1));
    assert_ne!(codes(1), codes(2));
}

#[test]
fn what_has_not_learnt_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let message = open(folder.path(), DeviceChoice::Cpu).err().unwrap().to_string();
    assert!(message.contains("autoencoder") && message.contains("Index"), "{message}");
    std::fs::write(folder.path().join(WEIGHTS), b"broken").unwrap();
    let message = open(folder.path(), DeviceChoice::Cpu).err().unwrap().to_string();
    assert!(message.contains("cut or damaged"), "{message}");
}
