//! The table of encoders: unique ids, every line opens or says what is absent.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::collections::HashSet;

use super::*;

fn store(folder: &std::path::Path) -> ModelStore {
    ModelStore::new(folder.to_owned())
}

#[test]
fn ids_are_unique_and_safe_in_file_names() {
    let folder = tempfile::tempdir().unwrap();
    let table = EncoderTable::of(&store(folder.path()));
    assert!(table.problems().is_empty(), "{:?}", table.problems());
    let mut seen = HashSet::new();
    for spec in table.specs() {
        assert!(seen.insert(&spec.id), "two encoders are called {}", spec.id);
        let is_safe = spec.id.chars().all(|letter| letter.is_ascii_alphanumeric() || "-_.".contains(letter));
        assert!(is_safe && !spec.id.is_empty(), "{:?} is no file name", spec.id);
        assert!(spec.id != "none", "`none` is how one asks for no encoder");
        assert!(!spec.label.is_empty() && !spec.summary.is_empty(), "{} says nothing of itself", spec.id);
    }
    assert!(seen.len() >= 7);
}

#[test]
fn pictures_come_first() {
    let table = EncoderTable::of(&store(std::path::Path::new("nowhere")));
    let modalities: Vec<Modality> = table.specs().iter().map(|spec| spec.modality).collect();
    let n_pictures = modalities.iter().filter(|&&modality| modality == Modality::Image).count();
    assert!(modalities[..n_pictures].iter().all(|&modality| modality == Modality::Image), "{modalities:?}");
    assert_eq!(table.of_modality(Modality::Image).count(), n_pictures);
}

#[test]
fn every_encoder_opens_or_says_what_is_absent() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path());
    let table = EncoderTable::of(&store);
    for spec in table.specs() {
        let opened = spec.open(&store, DeviceChoice::Cpu, &EncoderOptions::default());
        if spec.training != Training::NotNeeded {
            let message = opened.err().unwrap().to_string();
            assert!(message.contains(&spec.id), "{message}");
            continue;
        }
        match (opened, spec.needs.first()) {
            (Ok(Encoder::Image(_)), None) => assert_eq!(spec.modality, Modality::Image),
            (Ok(Encoder::Text(_) | Encoder::Fits(_) | Encoder::FitsDense(_) | Encoder::Mixed(_)), None) => {
                assert_eq!(spec.modality, Modality::Text)
            }
            (Ok(_), Some(model)) => panic!("{} opened without the files of {model}", spec.id),
            (Err(error), Some(_)) => {
                let message = error.to_string();
                assert!(spec.needs.iter().any(|model| message.contains(model)), "{}: {message}", spec.id);
                assert!(!spec.is_ready(&store));
            }
            (Err(error), None) => panic!("{} does not open: {error}", spec.id),
        }
    }
}

#[test]
fn an_unknown_id_is_told_where_the_known_ones_stand() {
    let table = EncoderTable::of(&store(std::path::Path::new("nowhere")));
    let message = table.spec("resnet9").unwrap_err().to_string();
    assert!(message.contains("resnet9") && message.contains("lookalike encoders"), "{message}");
}

#[test]
fn a_second_encoder_of_one_id_is_a_problem_and_the_first_stays() {
    let mut table = EncoderTable::default();
    table.add(EncoderSpec::built_in(&BUILT_IN[0]));
    table.add(EncoderSpec::built_in(&BuiltIn { label: "Other", ..BUILT_IN[0] }));
    assert_eq!(table.specs().len(), 1);
    assert!(table.problems()[0].message.contains(BUILT_IN[0].id));
    assert_eq!(table.spec(BUILT_IN[0].id).unwrap().label, BUILT_IN[0].label);
}
