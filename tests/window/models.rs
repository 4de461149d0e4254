//! The Models panel by keyboard, against a hub on this machine.

use egui::{Key, Modifiers};
use egui_kittest::kittest::Queryable;
use lookalike::app::{ChromeCommand, Command, MatchCommand, Preferences, Said, Station, ThemeChoice};
use lookalike::encode::{Manifest, ModelEntry, ModelSource};

use crate::driver::Driver;

#[allow(dead_code, reason = "shared with tests/models, which uses all of it")]
#[path = "../models/server.rs"]
mod server;
#[allow(dead_code, reason = "shared with tests/models, which uses all of it")]
#[path = "../models/weights.rs"]
mod weights;

use server::TestHub;

/// A models folder with a small model on the hub, and the window that looks there.
fn scene(hub: &TestHub) -> (tempfile::TempDir, Driver) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let entry = ModelEntry { id: "tiny".to_owned(), label: "Tiny test net".to_owned(), ..entry() };
    let text =
        format!("(entry: {}, references: {{}})", ron::to_string(&entry).expect("the entry is written"));
    std::fs::create_dir(folder.path().join("tiny")).expect("the model's folder");
    std::fs::write(folder.path().join("tiny/model.ron"), text).expect("the entry");
    let mut driver = Driver::bare([1440.0, 900.0]);
    let preferences = Preferences {
        models_dir: Some(folder.path().to_owned()),
        hub: Some(hub.address.clone()),
        ..driver.state().preferences.clone()
    };
    driver.send(Command::Chrome(ChromeCommand::SetPreferences(Box::new(preferences))));
    (folder, driver)
}

fn entry() -> ModelEntry {
    let known = Manifest::built_in().find("mobilenetv3_small_100").expect("a small network");
    let source = Some(ModelSource { repository: "owner/tiny".to_owned(), revision: "main".to_owned() });
    ModelEntry { source, ..known.clone() }
}

/// The files of [`entry`], its numbers all zero.
fn files() -> Vec<(&'static str, Vec<u8>)> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("weights");
    weights::write(&path, &weights::needed(&entry(), None));
    let config = entry().preprocess.expect("it is known").to_config();
    vec![("model.safetensors", std::fs::read(path).expect("weights")), ("config.json", config.into_bytes())]
}

/// Opens the panel and puts the cursor on the test's model, by keyboard alone.
fn open_and_filter(driver: &mut Driver) {
    driver.press_with(Modifiers::COMMAND, Key::M);
    driver.wait("the models", |state| {
        state
            .catalogue
            .models
            .statuses
            .as_ref()
            .is_some_and(|statuses| statuses.iter().any(|status| status.is_own))
    });
    assert!(driver.shows("ResNet-50, reads pictures"), "the manifest is listed");
    driver.press(Key::Slash);
    driver.type_text("tiny test");
    assert_eq!(driver.state().catalogue.models.shown.len(), 1);
    assert!(driver.shows("Tiny test net, reads pictures"));
    // Enter leaves the field; from then on keys are actions again.
    driver.press(Key::Enter);
}

fn said(driver: &Driver) -> Option<&Said> {
    driver.state().catalogue.models.said.get("tiny")
}

#[test]
fn a_model_is_found_got_verified_and_removed_by_keyboard() {
    let hub = TestHub::with(&files());
    // The connection breaks once on the way.
    hub.script(|script| script.breaks = [1_000_000].into());
    let (folder, mut driver) = scene(&hub);
    open_and_filter(&mut driver);
    assert!(hub.asked().is_empty(), "looking asks nobody");
    driver.press(Key::Enter);
    driver.wait("the download", |state| {
        state.catalogue.models.status("tiny").is_some_and(|status| status.is_ready())
    });
    assert!(driver.state().catalogue.models.running.is_empty());
    assert!(matches!(said(&driver), Some(Said::Good(text)) if text.contains("ready")), "{:?}", said(&driver));
    assert!(folder.path().join("tiny/model.safetensors").is_file());
    assert!(driver.shows("\u{2714} ready"));
    driver.press(Key::V);
    driver.wait("verifying", |state| {
        matches!(state.catalogue.models.said.get("tiny"), Some(Said::Good(text)) if text.contains("every digest matches"))
    });
    driver.press(Key::Delete);
    driver.wait("removing", |state| state.catalogue.models.status("tiny").is_none());
    assert!(!folder.path().join("tiny").exists());
    driver.press(Key::Escape);
    assert!(driver.state().chrome.dialog.is_none());
}

#[test]
fn a_refusal_stays_on_the_row_and_offline_asks_nobody() {
    let hub = TestHub::with(&files());
    let (_folder, mut driver) = scene(&hub);
    hub.script(|script| script.status = Some(401));
    open_and_filter(&mut driver);
    driver.press(Key::G);
    driver.wait("the refusal", |state| state.catalogue.models.said.contains_key("tiny"));
    assert!(matches!(said(&driver), Some(Said::Bad(text)) if text.contains("accept its terms")));
    assert!(driver.shows("accept its terms"), "the panel shows the remedy");

    let preferences = Preferences { offline: true, ..driver.state().preferences.clone() };
    driver.send(Command::Chrome(ChromeCommand::SetPreferences(Box::new(preferences))));
    hub.asked();
    driver.press(Key::G);
    driver.wait("the refusal", |state| {
        matches!(state.catalogue.models.said.get("tiny"), Some(Said::Bad(text)) if text.contains("switched off"))
    });
    assert!(hub.asked().is_empty());
}

#[test]
fn the_encoder_picker_gets_what_the_chosen_encoder_lacks() {
    let hub = TestHub::with(&files());
    let (_folder, mut driver) = scene(&hub);
    let project = tempfile::tempdir().expect("a temporary folder");
    driver.open_demo(&project.path().join("demo.lookalike"), 8);
    driver.send(Command::Chrome(ChromeCommand::Go(Station::Catalogue)));
    driver.press(Key::Num5);
    driver.send(Command::Match(MatchCommand::ImageEncoder(Some("tiny".to_owned()))));
    driver.wait("the refusal", |state| {
        state.chrome.toasts.iter().any(|toast| toast.text.contains("lookalike models get tiny"))
    });
    driver.wait("the picker", |state| state.matching.updating_since.is_none());
    assert!(driver.shows("Tiny test net needs its model files"));
    driver.harness.get_by_label("Get Tiny test net").click();
    driver.wait("the matching by the new encoder", |state| {
        let outcome = state.matching.outcome.as_ref();
        outcome.is_some_and(|outcome| outcome.settings.image_encoder.as_deref() == Some("tiny"))
    });
}

#[test]
fn the_panel_renders_light_and_dark() {
    let mut driver = Driver::bare([1440.0, 900.0]);
    for (theme, suffix) in [(ThemeChoice::Light, "light"), (ThemeChoice::Dark, "dark")] {
        let preferences =
            Preferences { theme, models_dir: Some("models".into()), ..driver.state().preferences.clone() };
        driver.send(Command::Chrome(ChromeCommand::SetPreferences(Box::new(preferences))));
        driver.press_with(Modifiers::COMMAND, Key::M);
        driver.wait("the models", |state| state.catalogue.models.statuses.is_some());
        driver.press(Key::ArrowDown);
        driver.press(Key::ArrowDown);
        crate::pictures::picture(&mut driver, &format!("models-{suffix}"));
        driver.press(Key::Escape);
    }
}
