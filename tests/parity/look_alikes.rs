//! Real pictures that look alike: features from inside the real network against PyTorch's, and what within-pair whitening of them
//! is worth on pairs it has not seen.

use std::path::Path;

use candle_core::Device;
use lookalike::catalog::{CatalogSource, OpenOptions, Side, open};
use lookalike::encode::{
    DenseMatrix, EmbeddingRows, Encoder, EncoderOptions, EncoderTable, ImageEncoder, ModelStore,
};
use lookalike::nn::DeviceChoice;
use lookalike::train::heads::{Depth, HeadRecipe, Towers};
use lookalike::train::{
    Features, Flow, Labels, Part, Questions, Selection, Start, TrainingData, TrainingRecipe, TrainingReport,
    TrainingReporter, Unreviewed, frozen_head, head_pair_scores, train,
};
use rayon::iter::{IntoParallelRefIterator, ParallelIterator};

use super::shared;

/// Pairs learned from, chosen by (which is not done here, but a run asks for them) and asked about.
const N_PAIRS: [u32; 3] = [150, 20, 80];
const ENCODER: &str = "mobilenetv2-blocks5-layout";

fn encoder(shared: &Path, id: &str) -> Box<dyn ImageEncoder> {
    let store = ModelStore::new(shared.join("models"));
    let table = EncoderTable::of(&store);
    let opened = table.spec(id).unwrap().open(&store, DeviceChoice::Cpu, &EncoderOptions::default()).unwrap();
    let Encoder::Image(encoder) = opened else { panic!("{id} is no image encoder") };
    encoder
}

fn rows(encoder: &dyn ImageEncoder, paths: &[std::path::PathBuf]) -> DenseMatrix {
    let prepare = |path: &std::path::PathBuf| {
        let picture = image::open(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        encoder.prepare(&picture.to_rgb8())
    };
    let batches: Vec<DenseMatrix> = paths
        .chunks(encoder.batch_size())
        .map(|paths| {
            let prepared: Vec<_> = paths.par_iter().map(prepare).collect();
            let EmbeddingRows::Dense(matrix) = encoder.embed(&prepared).unwrap() else { panic!("not dense") };
            matrix
        })
        .collect();
    let width = batches.first().map_or(0, |matrix| matrix.width);
    DenseMatrix { width, values: batches.into_iter().flat_map(|matrix| matrix.values).collect() }
}

/// An encoder, the width of its rows, and some of the numbers of the first row.
type Case<'a> = (&'a str, usize, &'a [(usize, f32)]);

#[test]
fn parity_features_from_inside_the_network() {
    let Some(shared) = shared() else { return };
    // timm's mobilenetv2_100 with SAME padding, adaptive_avg_pool2d after the block, picture and mirror image of length 1 added.
    let picture = shared.join("data/tll/train/left/aaz.jpg");
    let cases: [Case; 4] = [
        (
            "mobilenetv2-blocks4-layout",
            1536,
            &[(0, -0.02893), (5, 0.06288), (100, -0.00414), (700, -0.00096), (1535, -0.00965)],
        ),
        (
            "mobilenetv2-blocks5-layout",
            1440,
            &[(0, -0.01388), (5, -0.02429), (100, -0.00004), (700, 0.02565), (1439, -0.0037)],
        ),
        (
            "mobilenetv2-blocks6-layout",
            1280,
            &[(0, 0.03544), (5, 0.00494), (100, 0.00518), (700, -0.01471), (1279, -0.00542)],
        ),
        ("mobilenetv2-blocks5", 160, &[(0, -0.09736), (5, 0.00215), (77, 0.11106), (159, -0.00701)]),
    ];
    for (id, width, numbers) in cases {
        let found = rows(&*encoder(&shared, id), std::slice::from_ref(&picture));
        assert_eq!(found.width, width, "{id}");
        for (place, expected) in numbers {
            let found = found.values[*place];
            assert!((found - expected).abs() < 2e-3, "{id} {place}: {found} {expected}");
        }
    }
}

struct Silent;

impl TrainingReporter for Silent {
    fn report(&mut self, _: &TrainingReport) -> Flow {
        Flow::Continue
    }
}

#[test]
fn whitening_within_pairs_answers_questions_it_has_not_seen() {
    let Some(shared) = shared() else { return };
    let table = shared.join("data/tll/train.csv");
    let catalog = open(&CatalogSource::File(table), &OpenOptions::default()).unwrap();
    let n_rows = 2 * N_PAIRS.iter().sum::<u32>() as usize;
    assert!(catalog.n_postings() > n_rows);
    let postings = || (0..n_rows).map(lookalike::catalog::PostingIdx::from_row);
    let folder = shared.join("data/tll/train");
    let paths: Vec<_> =
        postings().map(|posting| folder.join(format!("{}.jpg", catalog.key(posting)))).collect();
    let matrix = rows(&*encoder(&shared, ENCODER), &paths);
    let present = vec![true; n_rows];
    let sides: Vec<Option<Side>> = postings().map(|posting| Side::of_key(catalog.key(posting))).collect();
    let groups: Vec<Option<u32>> = catalog.group_ids().into_iter().take(n_rows).collect();
    let labels = Labels::new(groups, &[], Unreviewed::Different);
    let [n_train, n_validation, _] = N_PAIRS.map(|n_pairs| 2 * n_pairs as usize);
    let part = |row: usize| match row {
        row if row < n_train => Part::Train,
        row if row < n_train + n_validation => Part::Validation,
        _ => Part::Test,
    };
    let parts: Vec<Part> = (0..n_rows).map(part).collect();
    let data = TrainingData {
        modalities: vec![Features { matrix: &matrix, present: &present }],
        labels: &labels,
        parts: &parts,
        neighbors: None,
        sides: Some(&sides),
    };
    let recipe = TrainingRecipe {
        head: HeadRecipe {
            towers: Towers::PerModality,
            depth: Depth::Linear,
            width: 256,
            ..HeadRecipe::default()
        },
        start: Start::Whitened { shrinkage: 3.0 },
        loss: "info-nce".to_owned(),
        max_epochs: 0,
        selection: Selection::TopK { k: 2, of: 20 },
        ..TrainingRecipe::default()
    };
    let outcome = train(&data, &recipe, None, &Device::Cpu, &mut Silent).unwrap();
    let questions = Questions::of(&data, Part::Test);
    assert_eq!(questions.queries.len(), N_PAIRS[2] as usize);
    let pairs: Vec<(u32, u32)> = questions.pairs().collect();
    let top_2 = |head| {
        let scores = head_pair_scores(head, &data, &pairs, &Device::Cpu).unwrap();
        questions.expected_top_k(&scores, 2, 20)
    };
    let (before, after) = (top_2(&frozen_head(&data, &Device::Cpu).unwrap()), top_2(&outcome.head));
    eprintln!("{ENCODER}: first two of twenty {before:.3} frozen, {after:.3} whitened");
    assert!(after > before + 0.03, "{before} {after}");
    assert!(after > 0.5, "{after}");
}
