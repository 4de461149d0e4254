//! How long building and tessellating a frame takes while scrolling (the rasteriser is left out): 34,250 postings, 1440 x 900,
//! 2,000 frames. Prints median, p99 and the slowest frame of each view; then the time from the key that answers a question of the
//! Look-alikes station to the next one with all its pictures drawn. Run with `cargo bench --bench frames`;
//! `-- look-alikes` takes that time alone.

use std::time::{Duration, Instant};

use egui::{Event, Key, Modifiers, MouseWheelUnit, Pos2, RawInput, Rect, TouchPhase, vec2};
use lookalike::app::{ChromeCommand, Command, SessionCommand, Station};
use lookalike::catalog::CatalogSource;
use lookalike::project::{MatchSettings, Project, ProjectSettings};
use lookalike::ui::LookalikeApp;

const N_FRAMES: usize = 2_000;
/// About 34,250 postings.
const N_PRODUCTS: u32 = 11_400;

struct Window {
    ctx: egui::Context,
    app: LookalikeApp,
    time: f64,
}

impl Window {
    /// One frame: (time to build it, time to tessellate it).
    fn frame(&mut self, events: Vec<Event>) -> (Duration, Duration) {
        self.time += 1.0 / 60.0;
        let input = RawInput {
            screen_rect: Some(Rect::from_min_size(Pos2::ZERO, vec2(1440.0, 900.0))),
            time: Some(self.time),
            events,
            focused: true,
            ..RawInput::default()
        };
        let start = Instant::now();
        let output = self.ctx.run_ui(input, |ui| self.app.frame(ui));
        let built = start.elapsed();
        let start = Instant::now();
        let _ = self.ctx.tessellate(output.shapes, output.pixels_per_point);
        (built, start.elapsed())
    }

    fn scroll_over(&mut self, name: &str, pointer: Pos2) {
        let mut frames: Vec<Duration> = Vec::with_capacity(N_FRAMES);
        for number in 0..N_FRAMES {
            let wheel = Event::MouseWheel {
                unit: MouseWheelUnit::Point,
                delta: vec2(0.0, if number < N_FRAMES * 3 / 4 { -240.0 } else { 720.0 }),
                modifiers: Modifiers::NONE,
                phase: TouchPhase::Move,
                source: egui::MouseWheelSource::Unknown,
            };
            let (build, tessellate) = self.frame(vec![Event::PointerMoved(pointer), wheel]);
            frames.push(build + tessellate);
        }
        frames.sort_unstable();
        let at = |share: f64| frames[((frames.len() - 1) as f64 * share) as usize].as_secs_f64() * 1000.0;
        let (median, p99, slowest) = (at(0.5), at(0.99), at(1.0));
        writeln(&format!("{name:<12} median {median:6.2} ms   p99 {p99:6.2} ms   slowest {slowest:6.2} ms"));
    }
}

impl Window {
    /// Goes on until everything of the open question is drawn and a hand may answer it.
    fn look(&mut self) {
        let n_answers = |window: &Self| window.app.state().saving.review.entries().len();
        let before = n_answers(self);
        for number in 0..10_000 {
            let item = self.app.state().look_alikes.item.as_ref();
            if number > 12 && item.is_none_or(lookalike::app::OpenQuestion::is_drawn) {
                break;
            }
            self.frame(Vec::new());
        }
        assert_eq!(before, n_answers(self), "looking records nothing");
    }

    fn press(&mut self, key: Key) {
        let event = |pressed| Event::Key {
            key,
            physical_key: Some(key),
            pressed,
            repeat: false,
            modifiers: Modifiers::NONE,
        };
        self.frame(vec![event(true), event(false)]);
    }

    /// Answers every question with its first tile and prints how long the next one took to be there.
    fn answer_all(&mut self) {
        let mut waits: Vec<Duration> = Vec::new();
        self.look();
        while self.app.state().look_alikes.item.is_some() && waits.len() < 200 {
            self.press(Key::Num1);
            let start = Instant::now();
            self.press(Key::Enter);
            while self.app.state().look_alikes.item.as_ref().is_some_and(|item| !item.is_drawn()) {
                self.frame(Vec::new());
            }
            waits.push(start.elapsed());
            // The time a fast hand takes to look; pictures ahead are decoded meanwhile.
            std::thread::sleep(Duration::from_millis(250));
            self.look();
        }
        waits.sort_unstable();
        let Some(last) = waits.len().checked_sub(1) else { return writeln("no question was asked") };
        let at = |share: f64| waits[(last as f64 * share) as usize].as_secs_f64() * 1000.0;
        let (median, p95, slowest) = (at(0.5), at(0.95), at(1.0));
        let n = waits.len();
        writeln(&format!(
            "Look-alikes  key to next question drawn, {n} answers: median {median:6.2} ms   p95 {p95:6.2} ms   slowest {slowest:6.2} ms"
        ));
    }
}

/// Two hundred questions of the built-in set, answered by key.
fn look_alikes(folder: &std::path::Path) {
    let ctx = egui::Context::default();
    let app = LookalikeApp::bare(&ctx);
    let mut window = Window { ctx, app, time: 0.0 };
    let source = CatalogSource::DemoLooksLike { n_pairs: 220, seed: 7 };
    let project = folder.join("looks.lookalike");
    window.app.send(Command::Session(SessionCommand::OpenSource { source, folder: project }));
    window.app.send(Command::Chrome(ChromeCommand::Go(Station::LookAlikes)));
    let start = Instant::now();
    while window.app.state().look_alikes.item.is_none() {
        window.frame(Vec::new());
        std::thread::sleep(Duration::from_millis(5));
        if start.elapsed() > Duration::from_secs(300) {
            return writeln("the questions never came");
        }
    }
    window.answer_all();
}

fn writeln(line: &str) {
    use std::io::Write as _;
    let _ = writeln!(std::io::stdout(), "{line}");
}

fn main() {
    let folder = std::env::temp_dir().join(format!("lookalike-frames-{}", std::process::id()));
    if std::env::args().any(|argument| argument == "look-alikes") {
        look_alikes(&folder);
        let _ = std::fs::remove_dir_all(folder);
        return;
    }
    let source = CatalogSource::Demo { n_products: N_PRODUCTS, seed: 7 };
    let matching =
        MatchSettings { image_encoder: None, fusion: "text".to_owned(), ..MatchSettings::default() };
    let settings = ProjectSettings { matching, ..ProjectSettings::new(source.clone(), Default::default()) };
    let project = folder.join("frames.lookalike");
    if let Err(error) = Project::create(&project, settings) {
        return writeln(&error.to_string());
    }
    let ctx = egui::Context::default();
    let app = LookalikeApp::bare(&ctx);
    let mut window = Window { ctx, app, time: 0.0 };
    window.app.send(Command::Session(SessionCommand::OpenSource { source, folder: project }));
    let start = Instant::now();
    while window.app.state().duplicates.queue.is_none()
        || window.app.state().matching.updating_since.is_some()
    {
        window.frame(Vec::new());
        std::thread::sleep(Duration::from_millis(5));
        if start.elapsed() > Duration::from_secs(300) {
            return writeln("the queue never came");
        }
    }
    let n_postings =
        window.app.state().session.open.as_ref().map_or(0, |session| session.catalog.n_postings());
    let n_items = window.app.state().duplicates.queue.as_ref().map_or(0, |queue| queue.items.len());
    writeln(&format!("{n_postings} postings, {n_items} clusters, {N_FRAMES} scroll frames at 1440 x 900"));
    window.scroll_over("Duplicates", Pos2::new(200.0, 500.0));
    for (station, name) in [(Station::Catalogue, "Catalogue"), (Station::History, "History")] {
        window.app.send(Command::Chrome(ChromeCommand::Go(station)));
        window.scroll_over(name, Pos2::new(700.0, 500.0));
    }
    look_alikes(&folder);
    let _ = std::fs::remove_dir_all(folder);
}
