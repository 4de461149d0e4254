//! Renders every view, light and dark, wide and narrow. With `UPDATE_SCREENSHOTS=1` the pictures go to screenshots/, which
//! the README shows; without it the views must render, hold more than one colour, and name every widget.

use std::path::PathBuf;

use egui::{Key, Modifiers};
use lookalike::app::{ChromeCommand, Command, Preferences, Station, ThemeChoice, TrainCommand, TrainSection};

use crate::driver::Driver;

/// Renders what the window shows; see the head of this file.
pub fn picture(driver: &mut Driver, name: &str) {
    driver.harness.step();
    let image = driver.harness.render().expect("the view renders");
    let first = *image.get_pixel(0, 0);
    let n_other = image.pixels().filter(|pixel| **pixel != first).count();
    assert!(n_other > image.pixels().len() / 50, "{name} is not empty");
    if std::env::var_os("UPDATE_SCREENSHOTS").is_some() {
        let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("screenshots");
        image.save(folder.join(format!("{name}.png"))).expect("the picture is written");
    }
}

pub fn settle_pictures(driver: &mut Driver) {
    let start = std::time::Instant::now();
    driver.harness.step();
    driver.harness.step();
    while !driver.harness.state().has_all_pictures() {
        assert!(start.elapsed().as_secs() < 60, "the pictures never came");
        driver.harness.step();
        std::thread::yield_now();
    }
    // Uploads are spread over some frames.
    for _ in 0..30 {
        driver.harness.step();
    }
}

/// Skips to an item that fills the centre without scrolling far.
fn skip_to_a_middling_item(driver: &mut Driver) {
    for _ in 0..40 {
        let n_cards = driver.state().duplicates.item.as_ref().map_or(0, |item| item.cards.len());
        if (4..=6).contains(&n_cards) {
            return;
        }
        driver.press(Key::N);
    }
}

fn dress(driver: &mut Driver, theme: ThemeChoice) {
    let preferences = Preferences { theme, ..driver.state().preferences.clone() };
    driver.send(Command::Chrome(ChromeCommand::SetPreferences(Box::new(preferences))));
    settle_pictures(driver);
}

#[test]
fn every_view_renders_light_and_dark() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let n_products = if std::env::var_os("UPDATE_SCREENSHOTS").is_some() { 300 } else { 40 };
    let mut driver = Driver::with_demo(&folder.path().join("Demo.lookalike"), n_products, [1440.0, 900.0]);
    for (theme, suffix) in [(ThemeChoice::Light, "light"), (ThemeChoice::Dark, "dark")] {
        driver.send(Command::Chrome(ChromeCommand::Go(Station::Duplicates)));
        dress(&mut driver, theme);
        skip_to_a_middling_item(&mut driver);
        driver.press(Key::S);
        skip_to_a_middling_item(&mut driver);
        settle_pictures(&mut driver);
        picture(&mut driver, &format!("duplicates-{suffix}"));
        driver.press(Key::C);
        picture(&mut driver, &format!("cut-{suffix}"));
        driver.press(Key::Escape);
        driver.press(Key::Enter);
        settle_pictures(&mut driver);
        picture(&mut driver, &format!("compare-{suffix}"));
        driver.press(Key::Escape);
        driver.press(Key::B);
        settle_pictures(&mut driver);
        picture(&mut driver, &format!("batch-{suffix}"));
        driver.press(Key::Escape);
        driver.press_with(Modifiers::COMMAND, Key::K);
        picture(&mut driver, &format!("palette-{suffix}"));
        driver.press(Key::Escape);
        for (station, name) in [(Station::Catalogue, "catalogue"), (Station::History, "history")] {
            driver.send(Command::Chrome(ChromeCommand::Go(station)));
            settle_pictures(&mut driver);
            picture(&mut driver, &format!("{name}-{suffix}"));
        }
    }
    train_pictures(&mut driver);
    driver.send(Command::Chrome(ChromeCommand::Go(Station::Duplicates)));
    driver.harness.set_size(egui::vec2(1024.0, 700.0));
    settle_pictures(&mut driver);
    picture(&mut driver, "duplicates-narrow");
    let preferences = Preferences { text_scale: 2.0, ..driver.state().preferences.clone() };
    driver.send(Command::Chrome(ChromeCommand::SetPreferences(Box::new(preferences))));
    settle_pictures(&mut driver);
    picture(&mut driver, "duplicates-large-text");
}

/// The Train station before, during and after a run, wide and narrow, light and dark; leaves the window dark and wide.
fn train_pictures(driver: &mut Driver) {
    let set = |driver: &mut Driver, name: &str, value: &str| {
        let (name, value) = (name.to_owned(), value.to_owned());
        driver.send(Command::Train(TrainCommand::Set { name, value }));
    };
    driver.send(Command::Chrome(ChromeCommand::Go(Station::Train)));
    driver.wait("the counts", |state| state.train.counts.is_some());
    // A run that can be looked at while it goes on.
    driver.send(Command::Train(TrainCommand::Recipe("siamese-cosine".to_owned())));
    set(driver, "max_epochs", "100000");
    set(driver, "patience", "null");
    driver.press(Key::T);
    driver.wait("some rounds", |state| {
        state.train.running.as_ref().is_some_and(|run| {
            run.curve.moments().iter().filter(|moment| moment.validation_f1.is_some()).count() > 12
        })
    });
    picture(driver, "train-running");
    driver.press(Key::Backspace);
    driver.wait("the receipt", |state| state.train.running.is_none());
    driver.send(Command::Train(TrainCommand::Recipe("lookalike-best".to_owned())));
    driver.press(Key::Num1);
    driver.press(Key::T);
    driver.wait("the receipt", |state| state.train.running.is_none());
    driver.wait("the groups", |state| {
        state.train.shown_run().is_some_and(|run| state.train.map_of(&run.receipt).is_some())
    });
    for (theme, suffix) in [(ThemeChoice::Light, "light"), (ThemeChoice::Dark, "dark")] {
        dress(driver, theme);
        for (size, width) in [([1440.0, 900.0], ""), ([1024.0, 700.0], "-narrow")] {
            driver.harness.set_size(size.into());
            for (section, name) in [
                (TrainSection::Learn, "train"),
                (TrainSection::Receipt, "train-receipt"),
                (TrainSection::Receipts, "train-receipts"),
            ] {
                driver.send(Command::Train(TrainCommand::Section(section)));
                settle_pictures(driver);
                picture(driver, &format!("{name}-{suffix}{width}"));
            }
            if width.is_empty() {
                driver.press(Key::Num2);
                driver.press(Key::PageDown);
                driver.press(Key::PageDown);
                settle_pictures(driver);
                picture(driver, &format!("train-groups-{suffix}"));
                driver.press(Key::Home);
            }
        }
    }
    driver.harness.set_size(egui::vec2(1440.0, 900.0));
}
