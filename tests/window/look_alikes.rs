//! Look-alikes by keyboard: two hundred questions answered and held against the log on disk, the triplets and the agreement; the
//! studio, play, what is refused, and whether every tile is in view. Real photographs where the shared folder has them
//! (LOOKALIKE_SHARED), else the built-in set.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Instant;

use egui::{Event, Key, Modifiers};
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use lookalike::app::{
    Asked, ChromeCommand, Command, LookAlikesCommand, LookAlikesSection, OpenQuestion, Phase, Preferences,
    SessionCommand, Station, ThemeChoice,
};
use lookalike::catalog::{CatalogSource, PostingIdx};
use lookalike::jobs::RankedQuestions;
use lookalike::project::{LookAlikesSettings, Project};
use lookalike::review::{
    CandidateVerdict, Gesture, LookAlikes, ReviewState, ShownOrder, View, self_agreement,
};

use crate::driver::Driver;
use crate::pictures::{picture, settle_pictures};

/// Questions answered in the long test.
const N_ANSWERS: usize = 200;

/// What one answer said: the posting asked about, and the picks in the order of picking.
type Typed = (String, Vec<String>);

fn demo(n_pairs: u32) -> CatalogSource {
    CatalogSource::DemoLooksLike { n_pairs, seed: 7 }
}

/// As many real pairs as the long test needs, laid out in `folder` with a file of twenty candidates each, where the shared set is
/// there. Its pictures are copied for the time of the test.
fn photographs(folder: &Path) -> Option<(CatalogSource, PathBuf)> {
    let manifest = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let shared = std::env::var_os("LOOKALIKE_SHARED").map_or(manifest.join("../shared"), PathBuf::from);
    let shared = shared.join("data/tll");
    let table = std::fs::read_to_string(shared.join("train.csv")).ok()?;
    let pairs: Vec<(&str, &str)> =
        table.lines().skip(1).filter_map(|line| line.split_once(',')).take(N_ANSWERS + 20).collect();
    let (mut rows, mut candidates) = ("left,right\n".to_owned(), "left".to_owned());
    (0..20).for_each(|column| candidates.push_str(&format!(",c{column}")));
    for side in ["left", "right"] {
        std::fs::create_dir_all(folder.join(side)).ok()?;
    }
    for (number, (left, right)) in pairs.iter().enumerate() {
        for (side, name) in [("left", left), ("right", right)] {
            let name = format!("{side}/{name}.jpg");
            std::fs::copy(shared.join("train").join(&name), folder.join(&name)).ok()?;
        }
        rows.push_str(&format!("{left},{right}\n"));
        candidates.push_str(&format!("\n{left}"));
        // The match stands in another column from line to line.
        for column in 0..20 {
            let other = (number + (column + number) % 20 * 11) % pairs.len();
            candidates.push_str(&format!(",{}", pairs[other].1));
        }
    }
    let (table, file) = (folder.join("pairs.csv"), folder.join("candidates.csv"));
    std::fs::write(&table, rows).ok()?;
    std::fs::write(&file, candidates + "\n").ok()?;
    Some((CatalogSource::File(table), file))
}

/// The station with its questions on screen, from the catalogue's own pairs or a file of candidates.
fn open(source: CatalogSource, candidates: Option<PathBuf>, folder: &Path, size: [f32; 2]) -> Driver {
    let mut driver = Driver::bare(size);
    let folder = folder.join("looks.lookalike");
    driver.send(Command::Session(SessionCommand::OpenSource { source, folder }));
    driver.wait("the project", |state| state.session.open.is_some());
    driver.press_with(Modifiers::COMMAND, Key::Num3);
    assert_eq!(driver.state().chrome.station, Station::LookAlikes);
    if let Some(path) = candidates {
        driver.send(Command::LookAlikes(LookAlikesCommand::OpenFile(path)));
    }
    driver.wait("the questions", |state| {
        state.look_alikes.item.is_some() && state.look_alikes.asking_since.is_none()
    });
    wait_drawn(&mut driver);
    driver
}

fn change(driver: &mut Driver, change: impl FnOnce(&mut LookAlikesSettings)) {
    let mut settings = driver.state().session.open.as_ref().expect("open").settings.look_alikes.clone();
    change(&mut settings);
    driver.send(Command::LookAlikes(LookAlikesCommand::Set(Box::new(settings))));
}

/// Steps until everything on the page has been drawn.
fn wait_drawn(driver: &mut Driver) {
    let start = Instant::now();
    while driver.state().look_alikes.item.as_ref().is_some_and(|item| !item.is_drawn()) {
        driver.harness.step();
        assert!(start.elapsed().as_secs() < 120, "the pictures of the question never came");
        std::thread::yield_now();
    }
}

fn item(driver: &Driver) -> &OpenQuestion {
    driver.state().look_alikes.item.as_ref().expect("a question is open")
}

fn questions(driver: &Driver) -> &RankedQuestions {
    driver.state().look_alikes.questions.as_ref().expect("questions")
}

fn key(driver: &Driver, posting: u32) -> String {
    driver.state().session.open.as_ref().expect("open").catalog.key(PostingIdx(posting)).to_owned()
}

/// Presses a key and lets the window settle.
fn tap(driver: &mut Driver, modifiers: Modifiers, key: Key) {
    driver.harness.key_press_modifiers(modifiers, key);
    driver.harness.step();
    driver.harness.step();
}

/// How a hand picks a tile.
#[derive(Clone, Copy)]
enum Hand {
    /// Digits, with Shift for the second ten.
    Digits,
    /// The block under the left hand of a US keyboard.
    Left,
    /// The same block where other letters are printed on it.
    LeftOnAzerty,
}

/// Presses the key of a tile.
fn pick(driver: &mut Driver, tile: usize, hand: Hand) {
    const DIGITS: [Key; 10] = [
        Key::Num1,
        Key::Num2,
        Key::Num3,
        Key::Num4,
        Key::Num5,
        Key::Num6,
        Key::Num7,
        Key::Num8,
        Key::Num9,
        Key::Num0,
    ];
    const BLOCK: [Key; 15] = [
        Key::Q,
        Key::W,
        Key::E,
        Key::R,
        Key::T,
        Key::A,
        Key::S,
        Key::D,
        Key::F,
        Key::G,
        Key::Z,
        Key::X,
        Key::C,
        Key::V,
        Key::B,
    ];
    let (key, physical_key, modifiers) = match hand {
        Hand::Left | Hand::LeftOnAzerty if tile >= 5 => {
            let position = BLOCK[tile - 5];
            let printed = match (hand, position) {
                (Hand::LeftOnAzerty, Key::Q) => Key::A,
                (Hand::LeftOnAzerty, Key::W) => Key::Z,
                (Hand::LeftOnAzerty, Key::A) => Key::Q,
                (Hand::LeftOnAzerty, Key::Z) => Key::W,
                _ => position,
            };
            (printed, position, Modifiers::NONE)
        }
        _ if tile < 10 => (DIGITS[tile], DIGITS[tile], Modifiers::NONE),
        _ => (DIGITS[tile - 10], DIGITS[tile - 10], Modifiers::SHIFT),
    };
    for pressed in [true, false] {
        let physical_key = Some(physical_key);
        driver.harness.event(Event::Key { key, physical_key, pressed, repeat: false, modifiers });
    }
    driver.harness.step();
    driver.harness.step();
}

/// Answers the open question by keys: the candidates wanted, or N for none. Gives what was typed.
fn answer(driver: &mut Driver, wanted: &[usize], hand: Hand) -> Typed {
    wait_drawn(driver);
    let (query, candidates) = {
        let question = &questions(driver).questions[item(driver).number];
        (question.query, question.candidates.clone())
    };
    for candidate in wanted {
        let place = item(driver).order.iter().position(|shown| shown == candidate).expect("shown");
        pick(driver, place, hand);
    }
    let picks = wanted.iter().map(|candidate| key(driver, candidates[*candidate])).collect();
    let typed = (key(driver, query), picks);
    tap(driver, Modifiers::NONE, if wanted.is_empty() { Key::N } else { Key::Enter });
    typed
}

/// What this reviewer answers: mostly the match, at times another, two, or none.
fn opinion(driver: &Driver, turn: usize) -> Vec<usize> {
    let number = item(driver).number;
    let truths = &questions(driver).truths[number];
    let right = truths.iter().position(|truth| *truth).unwrap_or(0);
    let other = (right + 1 + turn % (truths.len() - 1)) % truths.len();
    match turn % 13 {
        3 => vec![other],
        7 => Vec::new(),
        10 => vec![right, other],
        _ => vec![right],
    }
}

/// Hard negatives of an answer, written out naively: above a pick, and neither a match nor nearly the same picture as one.
fn expected_negatives(questions: &RankedQuestions, number: usize, picks: &[usize]) -> BTreeSet<usize> {
    let scores = &questions.strategies[0].scores[number];
    let truths = &questions.truths[number];
    let stands_above = |a: usize, b: usize| scores[a] > scores[b] || scores[a] == scores[b] && a < b;
    (0..scores.len())
        .filter(|candidate| {
            let candidate = *candidate;
            let matches = (0..scores.len()).filter(|other| truths[*other] || picks.contains(other));
            let looks_the_same = |other: usize| questions.are_near_duplicates(number, candidate, other);
            !picks.contains(&candidate)
                && !truths[candidate]
                && picks.iter().any(|pick| stands_above(candidate, *pick))
                && !matches.clone().any(looks_the_same)
        })
        .collect()
}

/// The picks of an answer, and everything it was given to.
type Given<'a> = (&'a BTreeSet<&'a String>, &'a [String]);

/// Cohen's kappa of consecutive answers to the same question, from its definition.
fn expected_kappa(typed: &[(Typed, Vec<String>)]) -> Option<(usize, f64)> {
    let mut by_query: BTreeMap<&str, Vec<Given>> = BTreeMap::new();
    let sets: Vec<BTreeSet<&String>> = typed.iter().map(|((_, picks), _)| picks.iter().collect()).collect();
    for (((query, _), shown), picks) in typed.iter().zip(&sets) {
        by_query.entry(query).or_default().push((picks, shown));
    }
    let (mut n, mut both, mut first, mut second, mut agreed, mut n_questions) = (0.0, 0.0, 0.0, 0.0, 0.0, 0);
    for answers in by_query.values() {
        for pair in answers.windows(2) {
            n_questions += 1;
            for candidate in pair[0].1 {
                let (a, b) = (pair[0].0.contains(candidate), pair[1].0.contains(candidate));
                n += 1.0;
                both += f64::from(u8::from(a && b));
                first += f64::from(u8::from(a));
                second += f64::from(u8::from(b));
                agreed += f64::from(u8::from(a == b));
            }
        }
    }
    assert!(both <= first.min(second));
    let expected = first / n * (second / n) + (1.0 - first / n) * (1.0 - second / n);
    (n_questions > 0).then(|| (n_questions, (agreed / n - expected) / (1.0 - expected)))
}

#[test]
fn two_hundred_questions_by_keyboard_and_the_log_says_what_was_typed() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (source, candidates) = match photographs(&folder.path().join("photographs")) {
        Some((source, candidates)) => (source, Some(candidates)),
        // Without the shared folder: the built-in set, as many pairs.
        None => (demo(N_ANSWERS as u32 + 20), None),
    };
    let mut driver = open(source, candidates, folder.path(), [1440.0, 900.0]);
    change(&mut driver, |settings| {
        settings.goal = N_ANSWERS;
        settings.repeat_every = 10;
    });
    let ranked = questions(&driver).clone();
    assert!(ranked.questions.len() >= N_ANSWERS);
    assert!(ranked.questions.iter().all(|question| question.candidates.len() == 20));
    assert_eq!(ranked.strategies.len(), 1, "no agreement of several rankings is expected below");

    let mut typed: Vec<(Typed, Vec<String>)> = Vec::new();
    let mut negatives: BTreeMap<String, (Vec<String>, BTreeSet<String>)> = BTreeMap::new();
    let mut n_again = 0;
    for turn in 0..N_ANSWERS {
        let hand = [Hand::Digits, Hand::Left, Hand::LeftOnAzerty][turn % 3];
        let shown_item = item(&driver).clone();
        n_again += usize::from(shown_item.asked == Asked::Again);
        let wanted = opinion(&driver, turn);
        let number = shown_item.number;
        let candidate_keys: Vec<String> =
            ranked.questions[number].candidates.iter().map(|row| key(&driver, *row)).collect();
        let shown: Vec<String> =
            shown_item.order.iter().map(|candidate| candidate_keys[*candidate].clone()).collect();
        if turn % 50 == 20 {
            // A wrong answer, taken back: the question is there again, as it lay, and is answered anew.
            answer(&mut driver, &[(wanted.first().copied().unwrap_or(0) + 1) % 20], hand);
            tap(&mut driver, Modifiers::NONE, Key::Backspace);
            let again = item(&driver);
            assert_eq!((again.number, &again.order), (number, &shown_item.order), "undo jumps back");
            assert_eq!(driver.state().look_alikes.outlined.len(), 1);
            assert!(again.picks.is_empty());
        }
        if turn % 40 == 11 {
            // Looking and moving about record nothing.
            driver.harness.key_down(Key::Space);
            driver.harness.step();
            assert!(driver.state().look_alikes.is_side_by_side);
            driver.harness.key_up(Key::Space);
            driver.harness.step();
            assert!(!driver.state().look_alikes.is_side_by_side);
            tap(&mut driver, Modifiers::NONE, Key::ArrowRight);
            tap(&mut driver, Modifiers::NONE, Key::ArrowDown);
            assert_eq!(item(&driver).cursor, 6);
            tap(&mut driver, Modifiers::NONE, Key::O);
            tap(&mut driver, Modifiers::NONE, Key::O);
        }
        let n_session = driver.state().look_alikes.n_session(driver.state());
        assert_eq!(n_session, turn, "{:?}", driver.state().chrome.toasts.last());
        let said = answer(&mut driver, &wanted, hand);
        let expected = expected_negatives(&ranked, number, &wanted);
        let expected = expected.iter().map(|candidate| candidate_keys[*candidate].clone()).collect();
        negatives.insert(said.0.clone(), (said.1.clone(), expected));
        typed.push((said, shown));
    }
    assert_eq!(n_again, N_ANSWERS / 10, "one question in ten is an old one");
    assert!(driver.shows(&format!("{N_ANSWERS} of {N_ANSWERS}")), "the goal");
    assert!(driver.shows("agreement with yourself"));

    // Saved means saved: the log on disk says what was typed, answer by answer.
    driver.wait("the disk", |state| state.saving.n_pending == 0);
    let reviewer = driver.state().preferences.reviewer.clone();
    let partners: BTreeMap<String, Vec<String>> = ranked
        .questions
        .iter()
        .zip(&ranked.truths)
        .map(|(question, truths)| {
            let right = question.candidates.iter().zip(truths).filter(|(_, truth)| **truth);
            (key(&driver, question.query), right.map(|(row, _)| key(&driver, *row)).collect())
        })
        .collect();
    tap(&mut driver, Modifiers::NONE, Key::K);
    let n_triplets = driver.state().look_alikes.known.n_triplets();
    drop(driver);
    let project = Project::open(&folder.path().join("looks.lookalike")).expect("the project opens");
    let on_disk = project.review_store().and_then(|store| store.entries()).expect("the log is readable");
    let review = ReviewState::from_entries(on_disk);
    let mut found: Vec<(Typed, Vec<String>)> = Vec::new();
    for entry in review.entries().iter().filter(|entry| review.is_active(entry.id)) {
        let Gesture::LookAlike { query, picks, shown, order, .. } = &entry.gesture else { continue };
        assert!(matches!(order, ShownOrder::Shuffled { .. }), "labels are made blind");
        assert_eq!(entry.seen.view, View::LookAlikes);
        assert!(entry.seen.without_picture.is_empty(), "{:?}", entry.seen.without_picture);
        let texts =
            |keys: &[lookalike::review::Key]| keys.iter().map(|key| key.to_string()).collect::<Vec<_>>();
        found.push(((query.to_string(), texts(picks)), texts(shown)));
    }
    assert_eq!(found.len(), typed.len());
    for (found, typed) in found.iter().zip(&typed) {
        assert_eq!(found, typed);
    }
    let mut expected: BTreeSet<(String, String, String)> = BTreeSet::new();
    for (query, (picks, negatives)) in &negatives {
        // The match the catalogue knows is a positive too.
        for positive in picks.iter().chain(&partners[query]) {
            let triplet = |negative: &String| (query.clone(), positive.clone(), negative.clone());
            expected.extend(negatives.iter().map(triplet));
        }
    }
    let known =
        |query: &str| partners.get(query).into_iter().flatten().map(|key| key.as_str().into()).collect();
    let triplets = LookAlikes::of(&review).triplets(&known);
    let triplets: BTreeSet<(String, String, String)> = triplets
        .iter()
        .map(|it| (it.anchor.to_string(), it.positive.to_string(), it.negative.to_string()))
        .collect();
    assert!(!triplets.is_empty());
    assert_eq!(triplets, expected);
    assert_eq!(n_triplets, triplets.len());
    let (n_questions, kappa) = expected_kappa(&typed).expect("questions came again");
    let agreement = self_agreement(&review, &reviewer).expect("questions came again");
    assert_eq!(agreement.n_questions, n_questions);
    assert!((agreement.kappa - kappa).abs() < 1e-9, "{} {kappa}", agreement.kappa);
}

#[test]
fn hasty_hands_repeats_and_typing_record_nothing() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut driver = open(demo(24), None, folder.path(), [1024.0, 700.0]);
    let n_entries = |driver: &Driver| driver.state().saving.review.entries().len();
    pick(&mut driver, 0, Hand::Digits);
    let down = |key: Key| Event::Key {
        key,
        physical_key: None,
        pressed: true,
        repeat: false,
        modifiers: Modifiers::NONE,
    };
    // Enter held: egui tells a repeat by itself. Only the first press records, on whatever question it would fall.
    for _ in 0..6 {
        driver.harness.event(down(Key::Enter));
        driver.harness.step();
        wait_drawn(&mut driver);
        driver.harness.step();
    }
    driver.harness.key_up(Key::Enter);
    assert_eq!(n_entries(&driver), 1);
    // Typing in the palette picks nothing, and Esc decides nothing.
    tap(&mut driver, Modifiers::COMMAND, Key::K);
    driver.type_text("n");
    tap(&mut driver, Modifiers::NONE, Key::N);
    tap(&mut driver, Modifiers::NONE, Key::Num1);
    tap(&mut driver, Modifiers::NONE, Key::Escape);
    assert!(driver.state().chrome.dialog.is_none() && item(&driver).picks.is_empty());
    assert_eq!(n_entries(&driver), 1);
    // With one pick a verdict, a pick falls under the same guards.
    driver.send(Command::LookAlikes(LookAlikesCommand::ToggleOnePick));
    wait_drawn(&mut driver);
    // Both in one frame, as fast as hands can be.
    driver.harness.input_mut().events.extend([down(Key::Num2), down(Key::Num3)]);
    driver.harness.step();
    assert_eq!(n_entries(&driver), 2, "the second key came with the new question");
    assert!(driver.state().chrome.flash_secs.is_some());
}

#[test]
fn every_tile_is_in_view_with_its_name() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut driver = open(demo(70), None, folder.path(), [1440.0, 900.0]);
    for n_candidates in [20, 1, 7, 45] {
        change(&mut driver, |settings| settings.n_candidates = n_candidates);
        tap(&mut driver, Modifiers::COMMAND, Key::R);
        driver.wait("the questions", |state| {
            state.look_alikes.asking_since.is_none()
                && state.look_alikes.item.as_ref().is_some_and(|item| item.order.len() == n_candidates)
        });
        for size in [[1440.0, 900.0], [1024.0, 700.0]] {
            driver.harness.set_size(size.into());
            driver.harness.step();
            driver.harness.step();
            wait_drawn(&mut driver);
            let tiles: Vec<(String, egui::Rect)> = driver
                .harness
                .query_all_by_label_contains("candidate ")
                .filter_map(|node| {
                    let name = node.accesskit_node().label()?;
                    name.starts_with("candidate ").then(|| (name, node.rect()))
                })
                .collect();
            let n_shown = n_candidates.min(20);
            assert_eq!(tiles.len(), n_shown, "{n_candidates} at {size:?}");
            let screen = egui::Rect::from_min_size(egui::Pos2::ZERO, size.into());
            for (at, (name, rect)) in tiles.iter().enumerate() {
                assert!(screen.contains_rect(*rect), "{name} at {rect:?} of {size:?}");
                assert!(rect.width() >= 90.0 && rect.height() >= 90.0, "{name}: {rect:?}");
                let overlaps = tiles[at + 1..].iter().any(|(_, other)| other.shrink(1.0).intersects(*rect));
                assert!(!overlaps, "{name} lies over another");
                assert!(name.starts_with(&format!("candidate {} of {n_candidates}", at + 1)), "{name}");
            }
        }
    }
    assert!(driver.shows("Page 1 of 3"));
    tap(&mut driver, Modifiers::NONE, Key::N);
    assert!(driver.state().chrome.toasts.iter().any(|toast| toast.text.contains("not seen")));
    for _ in 0..2 {
        tap(&mut driver, Modifiers::NONE, Key::PageDown);
        wait_drawn(&mut driver);
    }
    tap(&mut driver, Modifiers::NONE, Key::N);
    assert_eq!(driver.state().saving.review.entries().len(), 1, "all pages were seen");
}

#[test]
fn the_studio_and_play_by_keyboard() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut driver = open(demo(30), None, folder.path(), [1440.0, 900.0]);
    tap(&mut driver, Modifiers::NONE, Key::K);
    assert_eq!(driver.state().look_alikes.section, LookAlikesSection::HardNegatives);
    let lines = driver.state().look_alikes.studio.list.clone();
    assert!(lines.len() > 5, "the model ranks something above a match");
    assert!(lines.windows(2).all(|pair| pair[0].margin >= pair[1].margin), "widest margin first");
    let typed = [
        (Key::D, CandidateVerdict::Negative),
        (Key::S, CandidateVerdict::Match),
        (Key::V, CandidateVerdict::Variant),
        (Key::U, CandidateVerdict::LeftOut),
        (Key::D, CandidateVerdict::Negative),
    ];
    for (key, _) in typed {
        let start = Instant::now();
        while !driver.state().look_alikes.studio.is_drawn {
            driver.harness.step();
            assert!(start.elapsed().as_secs() < 60, "the pictures never came");
        }
        tap(&mut driver, Modifiers::NONE, key);
    }
    tap(&mut driver, Modifiers::NONE, Key::Backspace);
    assert_eq!(driver.state().look_alikes.studio.cursor, 4, "undo shows its line");
    let review = &driver.state().saving.review;
    let said: Vec<CandidateVerdict> = review
        .entries()
        .iter()
        .filter(|entry| review.is_active(entry.id))
        .filter_map(|entry| match &entry.gesture {
            Gesture::Candidate { verdict, .. } => Some(*verdict),
            _ => None,
        })
        .collect();
    let expected: Vec<CandidateVerdict> = typed.iter().take(4).map(|(_, verdict)| *verdict).collect();
    assert_eq!(said, expected);
    assert!(driver.shows("4 decided"));
    let path = folder.path().join("triplets.jsonl");
    let export = ChromeCommand::Export { format: "triplets-jsonl".to_owned(), path: path.clone() };
    driver.send(Command::Chrome(export));
    driver
        .wait("the export", |state| state.chrome.toasts.iter().any(|toast| toast.text.contains("Exported")));
    let text = std::fs::read_to_string(&path).expect("the file is there");
    assert!(text.lines().count() >= 1 && text.contains("\"negative\""), "{text}");

    // K goes back; U twice is the demo with truth, once is play.
    tap(&mut driver, Modifiers::NONE, Key::K);
    tap(&mut driver, Modifiers::NONE, Key::U);
    wait_drawn(&mut driver);
    assert!(driver.shows("rank 1"), "play lies ranked");
    assert!(!driver.shows("score 0."), "scores come with the truth");
    let before = driver.state().saving.review.entries().len();
    let turn_wanted = opinion(&driver, 0);
    answer(&mut driver, &turn_wanted, Hand::Digits);
    assert_eq!(item(&driver).phase, Phase::Revealed);
    assert!(driver.shows(", picked, the match") && driver.shows("You: right"));
    assert!(driver.shows("After 1: you top 1 100 %"));
    let number = item(&driver).number;
    tap(&mut driver, Modifiers::NONE, Key::Enter);
    assert_ne!(item(&driver).number, number);
    tap(&mut driver, Modifiers::NONE, Key::U);
    wait_drawn(&mut driver);
    assert!(driver.shows(", the match"), "the demo shows the truth at once");
    pick(&mut driver, 0, Hand::Digits);
    tap(&mut driver, Modifiers::NONE, Key::Enter);
    assert_eq!(driver.state().saving.review.entries().len(), before + 1, "the demo records nothing");
    // Comparing is for looking only here.
    tap(&mut driver, Modifiers::NONE, Key::M);
    driver.wait("both pictures", |state| state.compare.is_drawn);
    tap(&mut driver, Modifiers::NONE, Key::S);
    tap(&mut driver, Modifiers::NONE, Key::Escape);
    assert_eq!(driver.state().saving.review.entries().len(), before + 1);
    assert!(!driver.state().compare.is_open());
}

fn dress(driver: &mut Driver, theme: ThemeChoice) {
    let preferences = Preferences { theme, ..driver.state().preferences.clone() };
    driver.send(Command::Chrome(ChromeCommand::SetPreferences(Box::new(preferences))));
    settle_pictures(driver);
}

#[test]
fn every_page_renders_light_and_dark() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut driver = open(demo(60), None, folder.path(), [1440.0, 900.0]);
    // A few answers, so that counters and the studio have something to show.
    for turn in 0..4 {
        let wanted = opinion(&driver, turn);
        answer(&mut driver, &wanted, Hand::Digits);
    }
    wait_drawn(&mut driver);
    let first_two = opinion(&driver, 10);
    for candidate in first_two {
        let place = item(&driver).order.iter().position(|shown| *shown == candidate).expect("shown");
        pick(&mut driver, place, Hand::Digits);
    }
    for (theme, suffix) in [(ThemeChoice::Light, "light"), (ThemeChoice::Dark, "dark")] {
        dress(&mut driver, theme);
        for (size, width) in [([1440.0, 900.0], ""), ([1024.0, 700.0], "-narrow")] {
            driver.harness.set_size(size.into());
            settle_pictures(&mut driver);
            picture(&mut driver, &format!("look-alikes-{suffix}{width}"));
            tap(&mut driver, Modifiers::NONE, Key::K);
            settle_pictures(&mut driver);
            picture(&mut driver, &format!("hard-negatives-{suffix}{width}"));
            tap(&mut driver, Modifiers::NONE, Key::K);
            tap(&mut driver, Modifiers::NONE, Key::I);
            settle_pictures(&mut driver);
            picture(&mut driver, &format!("questions-{suffix}{width}"));
            tap(&mut driver, Modifiers::NONE, Key::I);
            wait_drawn(&mut driver);
        }
        driver.harness.set_size(egui::vec2(1440.0, 900.0));
        if suffix == "light" {
            driver.harness.key_down(Key::Space);
            settle_pictures(&mut driver);
            picture(&mut driver, "look-alikes-side-by-side");
            driver.harness.key_up(Key::Space);
            driver.harness.step();
        }
    }
    // Play, answered; and the demo with its truth.
    tap(&mut driver, Modifiers::NONE, Key::U);
    let wanted = opinion(&driver, 3);
    answer(&mut driver, &wanted, Hand::Digits);
    settle_pictures(&mut driver);
    picture(&mut driver, "look-alikes-play");
    tap(&mut driver, Modifiers::NONE, Key::Enter);
    tap(&mut driver, Modifiers::NONE, Key::U);
    tap(&mut driver, Modifiers::NONE, Key::O);
    settle_pictures(&mut driver);
    picture(&mut driver, "look-alikes-demo");
    let preferences = Preferences { text_scale: 2.0, ..driver.state().preferences.clone() };
    driver.send(Command::Chrome(ChromeCommand::SetPreferences(Box::new(preferences))));
    driver.harness.set_size(egui::vec2(1024.0, 700.0));
    tap(&mut driver, Modifiers::NONE, Key::O);
    settle_pictures(&mut driver);
    picture(&mut driver, "look-alikes-large-text");
}
