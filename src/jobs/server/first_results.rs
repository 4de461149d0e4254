//! Quick settings that give a queue within seconds while the configured encoders still embed.

use crate::encode::{Modality, Training};
use crate::jobs::Workbench;
use crate::project::MatchSettings;

/// Threshold of `idf-word` alone: where its mean F1 peaks on real seller titles.
const TITLES_THRESHOLD: f32 = 0.5;
/// Threshold of the mean of `phash` and `idf-word`; unrelated pictures agree in half of their bits, which shifts it up.
const BOTH_THRESHOLD: f32 = 0.65;
/// Threshold of `phash` alone: at most ten of 64 bits differ.
const PICTURES_THRESHOLD: f32 = 0.84;

/// Settings to try in order before `wanted`, quickest first; empty where `wanted` itself is quick.
pub(super) fn first_settings(wanted: &MatchSettings, bench: &Workbench) -> Vec<MatchSettings> {
    let wants_image = wanted.fusion != "text" && wanted.image_encoder.is_some() && bench.has(Modality::Image);
    let wants_text = wanted.fusion != "image" && wanted.text_encoder.is_some() && bench.has(Modality::Text);
    let is_slow = |encoder: &Option<String>| {
        encoder
            .as_deref()
            .and_then(|id| bench.table().spec(id).ok())
            .is_some_and(|spec| !spec.needs.is_empty() || spec.training != Training::NotNeeded)
    };
    let slow_image = wants_image && is_slow(&wanted.image_encoder);
    let slow_text = wants_text && (is_slow(&wanted.text_encoder) || wanted.translate.is_some());
    let quick = |image: bool, text: bool, threshold: f32| MatchSettings {
        image_encoder: image.then(|| "phash".to_owned()),
        text_encoder: text.then(|| "idf-word".to_owned()),
        translate: None,
        fusion: "mean".to_owned(),
        params: crate::fuse::FusionParams::default(),
        threshold,
        ..wanted.clone()
    };
    let mut settings = Vec::new();
    // Titles are compared in a fraction of a second, pictures must be decoded first.
    if wants_text && (wants_image || slow_text) {
        settings.push(quick(false, true, TITLES_THRESHOLD));
    }
    if wants_image && (slow_image || slow_text) {
        settings.push(quick(true, wants_text, if wants_text { BOTH_THRESHOLD } else { PICTURES_THRESHOLD }));
    }
    settings
}
