//! The real models against the numbers of the field's own libraries (timm, transformers, Pillow) in
//! `parity/real.json` of the shared folder.

use std::path::Path;

use image::RgbImage;
use lookalike::catalog::{DecodeLimits, decode_image, decode_image_at_least};
use lookalike::encode::{
    EmbeddingRows, Embeddings, Encoder, EncoderOptions, EncoderTable, Fit, Interpolation, Manifest,
    ModelStore, Preprocess, TextEncoder, TransformerEncoder,
};
use lookalike::nn::{DeviceChoice, Precision};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::{cosine, json, shared};

/// One section of real.json.
fn section<T: DeserializeOwned>(shared: &Path, name: &str) -> Vec<T> {
    let mut all: serde_json::Value = json(shared, "parity/real.json");
    let cases: Vec<T> = serde_json::from_value(all[name].take()).unwrap();
    assert!(!cases.is_empty());
    cases
}

fn picture(path: &Path) -> RgbImage {
    image::open(path).unwrap_or_else(|error| panic!("{}: {error}", path.display())).to_rgb8()
}

fn store(shared: &Path) -> ModelStore {
    let store = ModelStore::new(shared.join("models"));
    for model in ["mobilenetv2_tf", "all-MiniLM-L6-v2"] {
        assert!(store.has(model), "{model} is missing in {}", store.folder().display());
    }
    store
}

#[derive(Deserialize)]
struct ImageCase {
    image: String,
    embedding_l2: Vec<f64>,
}

#[test]
fn parity_mobilenetv2() {
    let Some(shared) = shared() else { return };
    let store = store(&shared);
    let table = EncoderTable::of(&store);
    let spec = table.spec("mobilenetv2_tf").unwrap();
    let opened = spec.open(&store, DeviceChoice::Auto, &EncoderOptions::default()).unwrap();
    let Encoder::Image(encoder) = opened else { panic!("not an image encoder") };
    let cases: Vec<ImageCase> = section(&shared, "mobilenetv2_tf");
    let prepared: Vec<_> =
        cases.iter().map(|case| encoder.prepare(&picture(&shared.join(&case.image)))).collect();
    let mut alone = Vec::new();
    for batch in prepared.chunks(encoder.batch_size()) {
        let EmbeddingRows::Dense(rows) = encoder.embed(batch).unwrap() else { panic!("not dense") };
        alone.extend(rows.values);
    }
    let EmbeddingRows::Dense(rows) = encoder.embed(&prepared).unwrap() else { panic!("not dense") };
    assert_eq!((rows.width, rows.n_rows()), (1280, cases.len()));
    for (row, case) in cases.iter().enumerate() {
        let found = cosine(rows.row(row), &case.embedding_l2);
        assert!(found >= 0.9999, "{}: cosine {found}", case.image);
        let expected: Vec<f64> = rows.row(row).iter().map(|&value| f64::from(value)).collect();
        let found = cosine(&alone[row * rows.width..(row + 1) * rows.width], &expected);
        assert!(found >= 0.999_999, "{}: batches of another size give cosine {found}", case.image);
    }
    let EmbeddingRows::Dense(rows) = encoder.embed(&[]).unwrap() else { panic!("not dense") };
    assert_eq!(Embeddings { rows: EmbeddingRows::Dense(rows), present: Vec::new() }.n_rows(), 0);
}

/// Photos of sellers, decoded whole and only as large as the network needs.
#[test]
fn pictures_decoded_at_reduced_scale_give_the_same_rows() {
    let Some(shared) = shared() else { return };
    let store = store(&shared);
    let table = EncoderTable::of(&store);
    let opened =
        table.spec("mobilenetv2_tf").unwrap().open(&store, DeviceChoice::Auto, &EncoderOptions::default());
    let Encoder::Image(encoder) = opened.unwrap() else { panic!("not an image encoder") };
    let folder = shared.join("data/shopee_sample/train_images");
    let limits = DecodeLimits::default();
    let mut n_reduced = 0;
    for entry in std::fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        let (name, bytes) = (path.to_string_lossy(), std::fs::read(&path).unwrap());
        let whole = decode_image(&bytes, &name, &limits).unwrap();
        let least = |full_size| encoder.least_size(full_size);
        let reduced = decode_image_at_least(&bytes, &name, &limits, &least).unwrap();
        assert_eq!(reduced.full_size, whole.dimensions());
        if reduced.picture.dimensions() == whole.dimensions() {
            continue;
        }
        n_reduced += 1;
        let batch = [encoder.prepare(&whole), encoder.prepare(&reduced.picture)];
        let EmbeddingRows::Dense(rows) = encoder.embed(&batch).unwrap() else { panic!("not dense") };
        let expected: Vec<f64> = rows.row(0).iter().map(|&value| f64::from(value)).collect();
        let found = cosine(rows.row(1), &expected);
        eprintln!("{:?} from {:?}: cosine {found:.5}", reduced.picture.dimensions(), whole.dimensions());
        assert!(found >= 0.998, "{name}: cosine {found}");
    }
    assert!(n_reduced > 0, "no picture of {} is large enough", folder.display());
}

#[derive(Deserialize)]
struct TextCase {
    title: String,
    ids: Vec<u32>,
    embedding_l2: Vec<f64>,
}

#[test]
fn parity_minilm() {
    let Some(shared) = shared() else { return };
    let entry = Manifest::built_in().find("all-MiniLM-L6-v2").unwrap();
    let encoder =
        TransformerEncoder::open(entry, &store(&shared), DeviceChoice::Auto, Precision::F32).unwrap();
    let cases: Vec<TextCase> = section(&shared, "all-MiniLM-L6-v2");
    for case in &cases {
        assert_eq!(encoder.token_ids(&case.title).unwrap(), case.ids, "{:?}", case.title);
    }
    let titles: Vec<&str> = cases.iter().map(|case| case.title.as_str()).collect();
    let rows = encoder.embed(&titles).unwrap();
    assert_eq!((rows.width, rows.n_rows()), (384, cases.len()));
    for (row, case) in cases.iter().enumerate() {
        let found = cosine(rows.row(row), &case.embedding_l2);
        assert!(found >= 0.9999, "{:?}: cosine {found}", case.title);
    }
    assert_eq!(encoder.embed(&[]).unwrap().n_rows(), 0);
}

#[test]
fn minilm_in_whole_numbers_gives_rows_of_nearly_the_same_direction() {
    let Some(shared) = shared() else { return };
    let entry = Manifest::built_in().find("all-MiniLM-L6-v2").unwrap();
    let open =
        |precision| TransformerEncoder::open(entry, &store(&shared), DeviceChoice::Cpu, precision).unwrap();
    let (floats, whole) = (open(Precision::F32), open(Precision::Int8));
    assert_ne!(floats.fingerprint(), whole.fingerprint());
    // Sellers' titles: one without a word, or of one letter 500 times, may lie below.
    let mut table = csv::Reader::from_path(shared.join("data/mix/catalog.csv")).unwrap();
    let titles: Vec<String> =
        table.records().step_by(40).map(|record| record.unwrap()[2].to_owned()).collect();
    let titles: Vec<&str> = titles.iter().map(String::as_str).collect();
    assert!(titles.len() > 50);
    let (expected, rows) = (floats.embed(&titles).unwrap(), whole.embed(&titles).unwrap());
    assert_ne!(expected, rows);
    for (row, title) in titles.iter().enumerate() {
        let expected: Vec<f64> = expected.row(row).iter().map(|&value| f64::from(value)).collect();
        let found = cosine(rows.row(row), &expected);
        assert!(found > 0.99, "{title:?}: cosine {found}");
    }
}

#[derive(Deserialize)]
struct PreprocessCase {
    image: String,
    transform: String,
    input_size: u32,
    crop_pct: f64,
    interpolation: Interpolation,
    mean: [f32; 3],
    std: [f32; 3],
    grid_index: Vec<usize>,
    /// (3, grid, grid).
    values_chw: Vec<Vec<Vec<f32>>>,
}

#[test]
fn parity_preprocess() {
    let Some(shared) = shared() else { return };
    for case in section::<PreprocessCase>(&shared, "preprocess") {
        let preprocess = Preprocess {
            size: case.input_size,
            fit: Fit::CropCentre { fraction: case.crop_pct },
            interpolation: case.interpolation,
            mean: case.mean,
            std: case.std,
        };
        let values = preprocess.apply(&picture(&shared.join(&case.image)));
        let side = case.input_size as usize;
        let mut errors = Vec::new();
        for (channel, plane) in case.values_chw.iter().enumerate() {
            for (&row, line) in case.grid_index.iter().zip(plane) {
                for (&column, &expected) in case.grid_index.iter().zip(line) {
                    errors.push((values[(channel * side + row) * side + column] - expected).abs());
                }
            }
        }
        let mean = errors.iter().sum::<f32>() / errors.len() as f32;
        let worst = errors.iter().copied().fold(0.0, f32::max);
        let close = errors.iter().filter(|&&error| error <= 0.02).count() as f32 / errors.len() as f32;
        let name =
            format!("{} {}: worst {worst}, mean {mean}, within 0.02 {close}", case.image, case.transform);
        eprintln!("{name}");
        if case.image.ends_with(".png") {
            assert!(worst <= 0.02, "{name}");
        } else {
            // Decoders of JPEG differ in the last bit or two.
            assert!(mean <= 0.005 && close >= 0.99 && worst <= 0.07, "{name}");
        }
    }
}
