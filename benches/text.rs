//! Fitting a text encoder to the Shopee half's 16,595 titles, and their 50 nearest neighbours each.
//! Reads `LOOKALIKE_SHARED` (default `../shared`); without it nothing is measured, and that is said.
#![allow(missing_docs, reason = "criterion's macros make undocumented functions")]
#![allow(clippy::unwrap_used, reason = "a bench that cannot unwrap should fail")]

use std::io::Write;
use std::path::PathBuf;

use criterion::{Criterion, criterion_group, criterion_main};
use lookalike::encode::{Embeddings, Encoder, EncoderOptions, EncoderTable, FitsText, ModelStore};
use lookalike::index::{JoinOptions, Metric, self_join};
use lookalike::nn::DeviceChoice;

fn titles() -> Option<Vec<String>> {
    let folder =
        std::env::var_os("LOOKALIKE_SHARED").map_or_else(|| PathBuf::from("../shared"), PathBuf::from);
    let path = folder.join("data/shopee/train.csv");
    if !path.exists() {
        let _ = writeln!(std::io::stderr(), "skipped: {} is not there", path.display());
        return None;
    }
    let mut reader = csv::Reader::from_path(path).unwrap();
    let title = reader.headers().unwrap().iter().position(|name| name == "title").unwrap();
    Some(reader.records().map(|row| row.unwrap()[title].to_owned()).collect())
}

fn encoder(id: &str) -> Box<dyn FitsText> {
    let store = ModelStore::new(PathBuf::new());
    let table = EncoderTable::of(&store);
    match table.spec(id).unwrap().open(&store, DeviceChoice::Cpu, &EncoderOptions::default()).unwrap() {
        Encoder::Fits(encoder) => encoder,
        _ => panic!("{id} is not fitted to a corpus"),
    }
}

fn fit_and_join(criterion: &mut Criterion) {
    let Some(titles) = titles() else { return };
    let titles: Vec<&str> = titles.iter().map(String::as_str).collect();
    let key_ranks: Vec<u32> = (0..).take(titles.len()).collect();
    let mut group = criterion.benchmark_group("text");
    group.sample_size(10);
    for id in ["idf-word", "tfidf-word", "tfidf-char"] {
        let encoder = encoder(id);
        group.bench_function(format!("fit/{id}"), |bencher| bencher.iter(|| encoder.fit(&titles)));
        let embeddings = Embeddings::from_sparse(encoder.fit(&titles).1);
        let options = JoinOptions { k: 50, metric: Metric::Cosine };
        group.bench_function(format!("join/{id}"), |bencher| {
            bencher.iter(|| self_join(&embeddings, &key_ranks, options, &|_| true));
        });
    }
    group.finish();
}

criterion_group!(benches, fit_and_join);
criterion_main!(benches);
