//! The compare overlay by keyboard: modes, zoom, partners, a verdict on exactly one pair, undo, and back.

use egui::{Key, Modifiers};
use lookalike::app::{CompareMode, Scale, ZoomLock};
use lookalike::review::{Claim, Gesture, Verdict, View};

use crate::driver::Driver;

fn open(size: [f32; 2]) -> (tempfile::TempDir, Driver) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut driver = Driver::with_demo(&folder.path().join("Demo.lookalike"), 12, size);
    tap(&mut driver, Key::Enter);
    assert!(driver.state().compare.is_open());
    driver.wait("both pictures", |state| state.compare.is_drawn);
    (folder, driver)
}

/// Presses a key; what lies under the overlay is not waited for.
fn tap(driver: &mut Driver, key: Key) {
    tap_with(driver, Modifiers::NONE, key);
}

fn tap_with(driver: &mut Driver, modifiers: Modifiers, key: Key) {
    driver.harness.key_press_modifiers(modifiers, key);
    driver.harness.step();
    driver.harness.step();
}

#[test]
fn looking_by_keyboard() {
    let (_folder, mut driver) = open([1440.0, 900.0]);
    assert!(driver.shows("Left picture") && driver.shows("Right picture") && driver.shows("Back"));
    for mode in [CompareMode::Flip, CompareMode::Wipe, CompareMode::Difference, CompareMode::SideBySide] {
        tap(&mut driver, Key::M);
        assert_eq!(driver.state().compare.mode, mode);
    }
    driver.harness.key_down(Key::Space);
    driver.harness.step();
    assert!(driver.state().compare.is_flipped, "while Space is down");
    driver.harness.key_up(Key::Space);
    driver.harness.step();
    assert!(!driver.state().compare.is_flipped);
    tap(&mut driver, Key::Num9);
    assert_eq!(driver.state().compare.looks[1].scale, Scale::Pixels(1.0));
    tap(&mut driver, Key::Num0);
    tap(&mut driver, Key::Plus);
    tap(&mut driver, Key::ArrowRight);
    assert_eq!(driver.state().compare.looks[0].scale, Scale::Fit(1.25));
    assert!(driver.state().compare.looks[0].centre[0] > 0.5);
    tap_with(&mut driver, Modifiers::SHIFT, Key::ArrowLeft);
    assert!(driver.state().compare.wipe < 0.5);
    tap(&mut driver, Key::L);
    assert_eq!(driver.state().compare.lock, ZoomLock::Free);
    let pair = driver.state().compare.pair.expect("a pair");
    tap(&mut driver, Key::R);
    assert_eq!(driver.state().compare.pair, Some((pair.1, pair.0)));
    tap(&mut driver, Key::Escape);
    assert!(!driver.state().compare.is_open());
    assert!(driver.state().saving.review.entries().is_empty(), "looking records nothing");
}

#[test]
fn a_verdict_on_one_pair_and_its_undo() {
    let (_folder, mut driver) = open([1024.0, 700.0]);
    let pair = driver.state().compare.pair.expect("a pair");
    tap(&mut driver, Key::V);
    let entries = driver.state().saving.review.entries();
    assert_eq!(entries.len(), 1);
    assert_eq!(entries[0].seen.view, View::Compare);
    let Gesture::Judge { claims } = &entries[0].gesture else { panic!("a verdict") };
    let [Claim::Within { members, verdict: Verdict::Variant }] = claims.as_slice() else {
        panic!("one pair: {claims:?}")
    };
    assert_eq!(members.len(), 2);
    if driver.state().compare.is_open() {
        tap(&mut driver, Key::Z);
        assert_eq!(driver.state().compare.pair, Some(pair));
        assert_eq!(driver.state().saving.review.entries().len(), 2);
    }
}

#[test]
fn every_mode_renders() {
    let (_folder, mut driver) = open([1024.0, 700.0]);
    for mode in CompareMode::ALL {
        assert_eq!(driver.state().compare.mode, mode);
        driver.wait("the pictures of the mode", |state| state.compare.is_drawn);
        let image = driver.harness.render().expect("the overlay renders");
        let first = *image.get_pixel(0, 0);
        let n_other = image.pixels().filter(|pixel| **pixel != first).count();
        assert!(n_other > image.pixels().len() / 50, "{mode:?} is not empty");
        tap(&mut driver, Key::M);
    }
}
