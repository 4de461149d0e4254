//! The Arena by keyboard: rows of strategies on one question, the order of questions, the summary, pictures of it all.

use egui::{Key, Modifiers};
use lookalike::app::{
    ArenaCommand, ArenaOrder, ArenaPage, ChromeCommand, Command, Preferences, SessionCommand, Station,
    ThemeChoice,
};
use lookalike::catalog::CatalogSource;

use crate::driver::Driver;
use crate::pictures::{picture, settle_pictures};

fn open(source: CatalogSource, folder: &std::path::Path) -> Driver {
    let mut driver = Driver::bare([1440.0, 900.0]);
    let folder = folder.join("arena.lookalike");
    driver.send(Command::Session(SessionCommand::OpenSource { source, folder }));
    driver.wait("the project", |state| state.session.open.is_some());
    driver.press_with(Modifiers::COMMAND, Key::Num4);
    assert_eq!(driver.state().chrome.station, Station::Arena);
    wait_ranked(&mut driver);
    driver
}

fn wait_ranked(driver: &mut Driver) {
    driver.wait("the rankings", |state| {
        let arena = &state.look_alikes.arena;
        arena.ranked.is_some() && arena.asking_since.is_none()
    });
    settle_pictures(driver);
}

fn n_rows(driver: &Driver) -> usize {
    driver.state().look_alikes.arena.ranked.as_ref().map_or(0, |ranked| ranked.strategies.len())
}

#[test]
fn strategies_are_compared_by_keyboard() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut driver = open(CatalogSource::DemoLooksLike { n_pairs: 40, seed: 7 }, folder.path());
    assert_eq!(n_rows(&driver), 3, "shapes, hashes, and both side by side");
    assert_eq!(driver.state().look_alikes.arena.n_listed(), 40);
    assert!(driver.shows("the match ranks "), "rows say where the match is");
    // N goes on; O takes the next order, in which the first row's worst question comes first.
    driver.press(Key::N);
    assert_eq!(driver.state().look_alikes.arena.at, 1);
    driver.press(Key::O);
    assert_eq!(driver.state().look_alikes.arena.order, ArenaOrder::Worst);
    let arena = &driver.state().look_alikes.arena;
    let (ranked, worst) = (arena.ranked.clone().expect("ranked"), arena.question().expect("a question"));
    let rank = |question: usize| {
        let (scores, truths) = (&ranked.strategies[0].scores[question], &ranked.truths[question]);
        let of_match = truths.iter().position(|is_match| *is_match).map(|at| scores[at]).expect("a match");
        scores.iter().filter(|score| **score > of_match).count()
    };
    assert!((0..40).all(|question| rank(question) <= rank(worst)));
    // The cursor stays on its candidate from row to row; Enter compares it with the posting.
    driver.press(Key::ArrowRight);
    let before = driver.state().look_alikes.arena.candidate(0, 1);
    driver.press(Key::ArrowDown);
    let arena = &driver.state().look_alikes.arena;
    assert_eq!(arena.candidate(arena.row, arena.rank), before);
    driver.press(Key::Enter);
    assert!(driver.state().compare.is_open());
    driver.press(Key::Escape);
    // A field takes any strategy; one that makes no sense is refused with its forms, and the rows stay.
    driver.press(Key::A);
    driver.type_text("average:perceptual,phash");
    driver.press(Key::Enter);
    driver.wait("the refusal", |state| state.look_alikes.arena.refused.is_some());
    assert!(driver.shows("not of one width"));
    assert_eq!(n_rows(&driver), 3);
    driver.send(Command::Arena(ArenaCommand::Toggle("phash".to_owned())));
    driver.wait("two rows", |state| state.look_alikes.arena.asking_since.is_none());
    assert_eq!(n_rows(&driver), 2);
    driver.press(Key::Num2);
    assert_eq!(driver.state().look_alikes.arena.page, ArenaPage::Summary);
    assert!(driver.shows("match first"));
    assert!(driver.state().saving.review.entries().is_empty(), "looking records nothing");
}

fn dress(driver: &mut Driver, theme: ThemeChoice, text_scale: f32) {
    let preferences = Preferences { theme, text_scale, ..driver.state().preferences.clone() };
    driver.send(Command::Chrome(ChromeCommand::SetPreferences(Box::new(preferences))));
    settle_pictures(driver);
}

#[test]
fn both_pages_render_light_and_dark() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let n_products = if std::env::var_os("UPDATE_SCREENSHOTS").is_some() { 300 } else { 40 };
    let mut driver = open(CatalogSource::Demo { n_products, seed: 7 }, folder.path());
    assert_eq!(n_rows(&driver), 5, "picture, title and three fusions of both");
    for (theme, suffix) in [(ThemeChoice::Light, "light"), (ThemeChoice::Dark, "dark")] {
        dress(&mut driver, theme, 1.0);
        for (size, width) in [([1440.0, 900.0], ""), ([1024.0, 700.0], "-narrow")] {
            driver.harness.set_size(size.into());
            for (key, name) in [(Key::Num1, "arena"), (Key::Num2, "arena-summary")] {
                driver.press(key);
                settle_pictures(&mut driver);
                picture(&mut driver, &format!("{name}-{suffix}{width}"));
            }
        }
    }
    dress(&mut driver, ThemeChoice::Light, 2.0);
    driver.press(Key::Num1);
    settle_pictures(&mut driver);
    picture(&mut driver, "arena-large-text");
}
