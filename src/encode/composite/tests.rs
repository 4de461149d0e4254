//! Composites described by data: what they compute, and what is refused.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::path::Path;

use super::combine::Combiner;
use super::recipe::{Combine, parse};
use super::*;
use crate::encode::{CsrMatrix, DenseMatrix, EmbeddingRows, Embeddings, EncoderTable};

/// A table over a models folder with these composite files.
fn table(files: &[(&str, &str)]) -> (tempfile::TempDir, Arc<EncoderTable>) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join(FOLDER)).unwrap();
    for (name, text) in files {
        std::fs::write(folder.path().join(FOLDER).join(name), text).unwrap();
    }
    let table = EncoderTable::of(&ModelStore::new(folder.path().to_owned()));
    (folder, table)
}

fn open(table: &EncoderTable, id: &str) -> Encoder {
    let store = ModelStore::new(std::path::PathBuf::from("nowhere"));
    table.spec(id).unwrap().open(&store, DeviceChoice::Cpu, &EncoderOptions::default()).unwrap()
}

fn check_rows(combine: Combine, weights: &[f32], parts: &[(usize, &[f32])], expected: &[f32]) {
    let parts = parts.iter().map(|&(width, values)| DenseMatrix { width, values: values.to_vec() }).collect();
    let found = Combiner::new(combine, weights.to_vec()).combine(parts);
    assert_eq!(found.values.len(), expected.len(), "{combine:?}");
    for (found, expected) in found.values.iter().zip(expected) {
        assert!((found - expected).abs() < 1e-6, "{combine:?}: {found} {expected}");
    }
}

#[test]
fn rows_are_combined_as_by_hand() {
    // a = (3, 4) has length 5 and becomes (.6, .8); b = (0, 2, 0) becomes (0, 1, 0).
    let a: (usize, &[f32]) = (2, &[3.0, 4.0]);
    let b: (usize, &[f32]) = (3, &[0.0, 2.0, 0.0]);
    // (1.2, 1.6, 0, 1, 0) of length sqrt(4 + 1).
    let five = 5.0_f32.sqrt();
    check_rows(Combine::Concatenate, &[2.0, 1.0], &[a, b], &[1.2 / five, 1.6 / five, 0.0, 1.0 / five, 0.0]);
    // Weights 4 and 1 in an ensemble are the factors 2 and 1.
    check_rows(Combine::Ensemble, &[4.0, 1.0], &[a, b], &[1.2 / five, 1.6 / five, 0.0, 1.0 / five, 0.0]);
    // (.6, .8) + (1, 0) = (1.6, .8) of length sqrt(3.2).
    let c: (usize, &[f32]) = (2, &[7.0, 0.0]);
    check_rows(Combine::Average, &[1.0, 1.0], &[a, c], &[1.6 / 3.2_f32.sqrt(), 0.8 / 3.2_f32.sqrt()]);
    // 3 (.6, .8) + (1, 0) = (2.8, 2.4) of length sqrt(13.6).
    check_rows(Combine::Average, &[3.0, 1.0], &[a, c], &[2.8 / 13.6_f32.sqrt(), 2.4 / 13.6_f32.sqrt()]);
}

#[test]
fn an_ensemble_s_similarity_is_the_weighted_mean_of_its_parts_similarities() {
    let parts = [
        DenseMatrix { width: 2, values: vec![1.0, 0.0, 0.6, 0.8] },
        DenseMatrix { width: 3, values: vec![0.0, 1.0, 0.0, 0.0, -0.28, 0.96] },
    ];
    let found = Combiner::new(Combine::Ensemble, vec![3.0, 1.0]).combine(parts.to_vec());
    let cosine: f32 = found.row(0).iter().zip(found.row(1)).map(|(a, b)| a * b).sum();
    assert!((cosine - (3.0 * 0.6 - 0.28) / 4.0).abs() < 1e-6, "{cosine}");
    // Concatenation squares the weights.
    let found = Combiner::new(Combine::Concatenate, vec![3.0, 1.0]).combine(parts.to_vec());
    let cosine: f32 = found.row(0).iter().zip(found.row(1)).map(|(a, b)| a * b).sum();
    assert!((cosine - (9.0 * 0.6 - 0.28) / 10.0).abs() < 1e-6, "{cosine}");
}

#[test]
fn different_widths_are_averaged_in_the_narrowest_and_the_same_every_time() {
    let wide: Vec<f32> = (0..64).map(|i| ((i * 37 % 11) as f32) - 5.0).collect();
    let parts = || {
        vec![
            DenseMatrix { width: 32, values: wide.clone() },
            DenseMatrix { width: 2, values: vec![1.0, 0.0, 0.0, 1.0] },
        ]
    };
    let combiner = Combiner::new(Combine::Average, vec![1.0, 1.0]);
    let first = combiner.combine(parts());
    assert_eq!((first.width, first.n_rows()), (2, 2));
    for row in 0..2 {
        let length: f32 = first.row(row).iter().map(|value| value * value).sum();
        assert!((length - 1.0).abs() < 1e-5);
    }
    assert_eq!(Combiner::new(Combine::Average, vec![1.0, 1.0]).combine(parts()), first);
}

#[test]
fn a_picture_composite_is_its_parts_side_by_side() {
    let text = r#"[(id: "both", label: "B", summary: "s", combine: Ensemble, parts: [(encoder: "perceptual"), (encoder: "phash", weight: 0.5)])]"#;
    let (_folder, table) = table(&[("a.ron", text)]);
    let pictures: Vec<::image::RgbImage> = (0..3_u32).map(picture).collect();
    let rows = |id: &str| {
        let Encoder::Image(encoder) = open(&table, id) else { panic!("{id} reads no pictures") };
        let prepared: Vec<_> = pictures.iter().map(|picture| encoder.prepare(picture)).collect();
        let rows = encoder.embed(&prepared).unwrap();
        Embeddings { rows, present: vec![true; pictures.len()] }
    };
    let (perceptual, phash, both) = (rows("perceptual"), rows("phash"), rows("both"));
    for (a, b) in [(0, 1), (0, 2), (1, 2)] {
        let of = |rows: &Embeddings| rows.similarity(a, b).unwrap();
        // Equal bits from 0 to 1 become a cosine from -1 to 1.
        let expected = (of(&perceptual) + 0.5 * (2.0 * of(&phash) - 1.0)) / 1.5;
        assert!((of(&both) - expected).abs() < 1e-5, "{a} {b}: {} {expected}", of(&both));
    }
}

#[test]
fn flip_averaging_makes_a_picture_equal_to_its_mirror_image() {
    let text = r#"[(id: "twice", label: "B", summary: "s", combine: Average, flip: true, parts: [(encoder: "phash")])]"#;
    let (_folder, table) = table(&[("a.ron", text)]);
    let picture = picture(5);
    let mirrored = ::image::imageops::flip_horizontal(&picture);
    let similarity = |id: &str| {
        let Encoder::Image(encoder) = open(&table, id) else { panic!("{id} reads no pictures") };
        let rows = encoder.embed(&[encoder.prepare(&picture), encoder.prepare(&mirrored)]).unwrap();
        Embeddings { rows, present: vec![true; 2] }.similarity(0, 1).unwrap()
    };
    assert!(similarity("phash") < 0.95, "the mirror image is another picture by itself");
    assert!((similarity("twice") - 1.0).abs() < 1e-6);
}

#[test]
fn words_and_dense_rows_join_into_one_sparse_row() {
    let Encoder::Mixed(mixed) = open(&table(&[]).1, "words-and-letters") else { panic!("not mixed") };
    assert!(mixed.dense().is_none() && mixed.fitted().len() == 2);
    let titles = ["red mug", "red shirt", ""];
    let parts: Vec<CsrMatrix> = mixed.fitted().iter().map(|part| part.encoder.fit(&titles).1).collect();
    let cosine = |rows: &EmbeddingRows| {
        Embeddings { rows: rows.clone(), present: vec![true; 3] }.similarity(0, 1).unwrap()
    };
    let alone: Vec<f32> = parts.iter().map(|part| cosine(&EmbeddingRows::Sparse(part.clone()))).collect();
    let joined = mixed.join(&parts, None);
    assert_eq!((joined.n_rows(), joined.row(2).0.len()), (3, 0));
    let found = cosine(&EmbeddingRows::Sparse(joined));
    assert!((found - (alone[0] + alone[1]) / 2.0).abs() < 1e-6, "{found} {alone:?}");
}

#[test]
fn composites_of_composites_open_after_their_parts() {
    let outer = r#"[(id: "outer", label: "O", summary: "s", combine: Concatenate, parts: [(encoder: "inner"), (encoder: "phash")])]"#;
    let inner = r#"[(id: "inner", label: "I", summary: "s", combine: Ensemble, parts: [(encoder: "perceptual"), (encoder: "phash")])]"#;
    // The outer one is read first.
    let (_folder, table) = table(&[("a.ron", outer), ("b.ron", inner)]);
    assert!(table.problems().is_empty(), "{:?}", table.problems());
    assert!(matches!(open(&table, "outer"), Encoder::Image(_)));
}

#[test]
fn needs_are_the_parts_needs() {
    let (_folder, table) = table(&[]);
    assert_eq!(table.spec("mobilenetv2-perceptual").unwrap().needs, ["mobilenetv2_tf"]);
    assert_eq!(table.spec("minilm-idf").unwrap().output, OutputKind::Sparse);
    let error = table.spec("mobilenetv2-flip").unwrap().open(
        &ModelStore::new("nowhere".into()),
        DeviceChoice::Cpu,
        &EncoderOptions::default(),
    );
    let message = error.err().unwrap().to_string();
    assert!(message.contains("mobilenetv2_tf"), "{message}");
}

/// The message about composite `id`, which must name the file too.
fn check_refused(text: &str, id: &str, expected: &[&str]) {
    let (_folder, table) = table(&[("mine.ron", text)]);
    let message = table.spec(id).unwrap_err().to_string();
    for part in expected.iter().chain(&["mine.ron"]) {
        assert!(message.contains(part), "{message:?} does not say {part:?}");
    }
    assert!(table.spec("perceptual").is_ok(), "one bad file breaks nothing else");
}

#[test]
fn what_cannot_be_is_refused_with_its_file() {
    let with = |id: &str, rest: &str| format!(r#"(id: "{id}", label: "L", summary: "s", combine: {rest})"#);
    let itself = with("a", r#"Average, parts: [(encoder: "a"), (encoder: "phash")]"#);
    check_refused(&format!("[{itself}]"), "a", &["contains itself", "a in a"]);
    let round = [
        with("a", r#"Average, parts: [(encoder: "b"), (encoder: "phash")]"#),
        with("b", r#"Average, parts: [(encoder: "c"), (encoder: "phash")]"#),
        with("c", r#"Average, parts: [(encoder: "a"), (encoder: "phash")]"#),
    ];
    check_refused(&format!("[{}]", round.join(",")), "b", &["contains itself", "b in a in c in b"]);
    let one = |rest: &str| format!("[{}]", with("x", rest));
    check_refused(
        &one(r#"Average, parts: [(encoder: "resnet9"), (encoder: "phash")]"#),
        "x",
        &["resnet9", "lookalike encoders"],
    );
    check_refused(
        &one(r#"Ensemble, parts: [(encoder: "phash"), (encoder: "idf-word")]"#),
        "x",
        &["pictures", "titles", "fusion"],
    );
    check_refused(
        &one(r#"Average, parts: [(encoder: "idf-word"), (encoder: "tfidf-char")]"#),
        "x",
        &["idf-word", "Ensemble"],
    );
    check_refused(&one(r#"Ensemble, flip: true, parts: [(encoder: "idf-word")]"#), "x", &["mirrored"]);
    check_refused(&one(r#"Ensemble, parts: [(encoder: "phash")]"#), "x", &["two parts"]);
    check_refused(
        &one(r#"Ensemble, parts: [(encoder: "phash"), (encoder: "perceptual", weight: 0)]"#),
        "x",
        &["perceptual", "above zero"],
    );
    check_refused(
        &one(r#"Ensemble, parts: [(encoder: "phash"), (encoder: "perceptual", weight: NaN)]"#),
        "x",
        &["above zero"],
    );
}

#[test]
fn broken_ron_is_named_by_file_and_line() {
    for (text, expected) in [
        ("[\n  (id: \"a\",\n   lable: \"b\")\n]", ["line 3", "lable"]),
        ("[\n(id: \"a\", label: \"b\", summary: \"s\", combine: Magic, parts: [])]", ["line 2", "Magic"]),
        ("[(", ["line 1", "mine.ron"]),
        ("", ["line 1", "mine.ron"]),
    ] {
        let (_folder, table) = table(&[("mine.ron", text)]);
        let messages: Vec<&str> = table.problems().iter().map(|problem| problem.message.as_str()).collect();
        assert_eq!(messages.len(), 1, "{text}: {messages:?}");
        for part in expected.iter().chain(&["mine.ron", "Correct the file"]) {
            assert!(messages[0].contains(part), "{:?} does not say {part:?}", messages[0]);
        }
    }
}

#[test]
fn an_id_taken_already_is_a_problem() {
    let text = r#"[(id: "phash", label: "L", summary: "s", combine: Ensemble, parts: [(encoder: "phash"), (encoder: "perceptual")])]"#;
    let (_folder, table) = table(&[("mine.ron", text)]);
    assert!(table.problems()[0].message.contains("`phash`"), "{:?}", table.problems());
    assert!(matches!(open(&table, "phash"), Encoder::Image(_)));
}

#[test]
fn another_weight_is_another_fingerprint() {
    let text = |weight: &str| {
        format!(
            r#"[(id: "x", label: "L", summary: "s", combine: Ensemble, parts: [(encoder: "phash", weight: {weight}), (encoder: "perceptual")])]"#
        )
    };
    let fingerprint = |text: &str| {
        let Encoder::Image(encoder) = open(&table(&[("a.ron", text)]).1, "x") else { panic!("no pictures") };
        encoder.fingerprint()
    };
    assert_eq!(fingerprint(&text("1")), fingerprint(&text("1.0")));
    assert_ne!(fingerprint(&text("1")), fingerprint(&text("2")));
    assert!(parse(Path::new("p"), &text("2")).recipes.is_ok());
}

fn picture(seed: u32) -> ::image::RgbImage {
    ::image::RgbImage::from_fn(40, 30, |x, y| {
        let wave = (x * (seed + 2) + y * y / (seed + 1)) * 7;
        ::image::Rgb([wave as u8, (x * 6) as u8, (y * 8 + seed * 40) as u8])
    })
}
