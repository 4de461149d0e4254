//! Titles translated before they are encoded, by a tiny translator whose weights are made by a formula.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::cell::Cell;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use super::*;
use crate::catalog::{CatalogBuilder, CatalogSource, ImageSource};
use crate::encode::translate::tests::write_tiny;
use crate::encode::{EmbeddingRows, EncoderOptions, ModelStore};
use crate::index::Metric;
use crate::jobs::{CancelToken, Progress, Reporter, SearchQuery, SilentReporter, embed, search};
use crate::nn::DeviceChoice;
use crate::project::{EmbeddingCache, TranslationCache};

const MODEL: &str = "opus-mt-id-en";
const TITLES: [&str; 5] = ["tas kertas", "sepatu merah", "tas kertas", "", "botol minum"];

/// What was said, and how many titles were translated.
#[derive(Default)]
struct Heard {
    notes: Mutex<Vec<String>>,
    translating: Mutex<Vec<Progress>>,
}

impl Reporter for Heard {
    fn progress(&self, progress: &Progress) {
        if progress.stage.starts_with("Translating") {
            self.translating.lock().unwrap().push(progress.clone());
        }
    }
    fn note(&self, message: &str) {
        self.notes.lock().unwrap().push(message.to_owned());
    }
}

impl Heard {
    /// The first and the last that was told of translating; `None` when nothing was translated.
    fn translated(&self) -> Option<(u64, u64)> {
        let told = self.translating.lock().unwrap();
        Some((told.first()?.n_done, told.last()?.n_done))
    }
}

fn scene() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    write_tiny(&folder.path().join("models").join(MODEL));
    folder
}

fn bench_of(folder: &Path, titles: &[&str]) -> Workbench {
    let mut builder = CatalogBuilder::new("shop", CatalogSource::File("shop.csv".into()), Vec::new());
    for (row, title) in titles.iter().enumerate() {
        builder.push(&format!("k{row}"), title, title, ImageSource::None, None, &[]);
    }
    let encoders = OpenEncoders::new(ModelStore::new(folder.join("models")), DeviceChoice::Cpu);
    Workbench::new(
        Arc::new(builder.finish()),
        EmbeddingCache::new(folder.join("embeddings")),
        TranslationCache::new(folder.join("translations")),
        &folder.join("trained"),
        Arc::new(encoders),
        EncoderOptions::default(),
    )
}

fn translations_of(titles: &[&str]) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    write_tiny(folder.path());
    Translator::open(folder.path(), DeviceChoice::Cpu).unwrap().translate(titles).unwrap()
}

fn parts(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let folders = std::fs::read_dir(folder.join("translations")).unwrap().map(|it| it.unwrap().path());
    let files = folders.flat_map(|folder| std::fs::read_dir(folder).unwrap().map(|it| it.unwrap().path()));
    files.filter(|path| path.to_string_lossy().ends_with(ending)).collect()
}

#[test]
fn encoders_read_the_translations_and_people_the_titles() {
    let folder = scene();
    let bench = bench_of(folder.path(), &TITLES);
    let context = Context::new(&SilentReporter, CancelToken::default());
    let translated = translations_of(&TITLES);
    assert_ne!(translated[0], TITLES[0], "the tiny translator changes what it reads");
    let translated: Vec<&str> = translated.iter().map(String::as_str).collect();
    let of_translated = tempfile::tempdir().unwrap();
    let expected_bench = bench_of(of_translated.path(), &translated);
    for encoder in ["tfidf-word", "tfidf-char"] {
        let plain = embed(&bench, encoder, None, &context).unwrap();
        let found = embed(&bench, encoder, Some(MODEL), &context).unwrap();
        let expected = embed(&expected_bench, encoder, None, &context).unwrap();
        let rows = |embeddings: &crate::encode::Embeddings| match &embeddings.rows {
            EmbeddingRows::Sparse(matrix) => matrix.clone(),
            _ => panic!("words are sparse"),
        };
        assert_eq!(rows(&found.embeddings), rows(&expected.embeddings), "{encoder}");
        assert_ne!(rows(&found.embeddings), rows(&plain.embeddings), "{encoder}");
        assert_ne!(found.key, plain.key, "they never mix");
        assert_eq!(found.translate.as_deref(), Some(MODEL));
        // A query passes the same translator.
        let query = SearchQuery::Title(TITLES[0].to_owned());
        let hits = search(&bench, found.for_search(), &query, 2, Metric::Cosine, &context).unwrap();
        assert!(hits.iter().all(|hit| hit.score > 0.999 && [0, 2].contains(&hit.row)), "{hits:?}");
    }
    assert_eq!(bench.catalog.title(PostingIdx(0)), TITLES[0]);
}

#[test]
fn each_distinct_title_is_translated_once_in_the_life_of_a_project() {
    let folder = scene();
    let heard = Heard::default();
    let context = Context::new(&heard, CancelToken::default());
    embed(&bench_of(folder.path(), &TITLES), "tfidf-word", Some(MODEL), &context).unwrap();
    assert_eq!(heard.translated(), Some((0, 3)), "the empty title and the second of two are none");

    let heard = Heard::default();
    let context = Context::new(&heard, CancelToken::default());
    embed(&bench_of(folder.path(), &TITLES), "tfidf-char", Some(MODEL), &context).unwrap();
    assert_eq!(heard.translated(), None);
    let more = [&TITLES[..], &["gelas kaca"]].concat();
    embed(&bench_of(folder.path(), &more), "tfidf-char", Some(MODEL), &context).unwrap();
    assert_eq!(heard.translated(), Some((3, 4)), "what is new alone");
}

#[test]
fn a_stopped_translation_keeps_what_it_has_and_goes_on() {
    let folder = scene();
    let n_batch = 16 * rayon::current_num_threads();
    let titles: Vec<String> = (0..=n_batch).map(|n| format!("tas kertas {n}")).collect();
    let titles: Vec<&str> = titles.iter().map(String::as_str).collect();
    let heard = Heard::default();
    let cancel = CancelToken::default();
    // The first turn comes before the first batch; the next call comes while it is translated or after it.
    let n_calls = Cell::new(0);
    let stop = || {
        n_calls.set(n_calls.get() + u32::from(heard.translated().is_some()));
        if n_calls.get() == 2 {
            cancel.cancel();
        }
    };
    let context = Context { reporter: &heard, cancel: cancel.clone(), between: &stop };
    let stopped = embed(&bench_of(folder.path(), &titles), "tfidf-word", Some(MODEL), &context);
    assert!(matches!(stopped, Err(JobError::Cancelled)), "{stopped:?}");
    let by = Reading::open(&bench_of(folder.path(), &titles), Some(MODEL)).unwrap();
    let by = by.translator.unwrap().fingerprint();
    let (kept, _) = TranslationCache::new(folder.path().join("translations")).load(&by).unwrap();
    assert_eq!(kept.len(), n_batch, "the finished batch");

    let again = Heard::default();
    let context = Context::new(&again, CancelToken::default());
    embed(&bench_of(folder.path(), &titles), "tfidf-word", Some(MODEL), &context).unwrap();
    assert_eq!(again.translated(), Some((kept.len() as u64, titles.len() as u64)));
}

#[test]
fn a_damaged_file_of_translations_is_set_aside_said_and_made_again() {
    let folder = scene();
    let context = Context::new(&SilentReporter, CancelToken::default());
    embed(&bench_of(folder.path(), &TITLES), "tfidf-word", Some(MODEL), &context).unwrap();
    for path in parts(folder.path(), ".jsonl") {
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, &text[..text.len() - 5]).unwrap();
    }
    let heard = Heard::default();
    let context = Context::new(&heard, CancelToken::default());
    embed(&bench_of(folder.path(), &TITLES), "tfidf-char", Some(MODEL), &context).unwrap();
    assert_eq!(heard.translated(), Some((0, 3)));
    let notes = heard.notes.lock().unwrap();
    assert!(notes.len() == 1 && notes[0].contains("set aside"), "{notes:?}");
    assert_eq!(parts(folder.path(), ".damaged").len(), 1);
}

#[test]
fn an_absent_or_unknown_translation_model_is_named_with_the_remedy() {
    let folder = tempfile::tempdir().unwrap();
    let bench = bench_of(folder.path(), &TITLES);
    let context = Context::new(&SilentReporter, CancelToken::default());
    for (model, expected) in [
        (MODEL, &["model.safetensors is missing", "lookalike models add --id opus-mt-id-en"][..]),
        ("resnet18", &["no translation model `resnet18`", MODEL]),
        ("nothing", &["no translation model `nothing`", MODEL]),
    ] {
        let message = embed(&bench, "tfidf-word", Some(model), &context).unwrap_err().to_string();
        for part in expected {
            assert!(message.contains(part), "{message}");
        }
    }
    // Pictures have no titles.
    assert!(embed(&bench, "phash", Some("nothing"), &context).is_ok());
}
