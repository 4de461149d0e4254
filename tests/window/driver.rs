//! Starts the application in a harness and talks to it as a person does: keys, and labels on screen.

use std::path::Path;
use std::time::{Duration, Instant};

use egui::{Key, Modifiers};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable;
use lookalike::app::{AppState, Command, SessionCommand};
use lookalike::catalog::CatalogSource;
use lookalike::ui::LookalikeApp;

/// How long background work may take before a test gives up.
const PATIENCE: Duration = Duration::from_secs(300);

pub struct Driver {
    pub harness: Harness<'static, LookalikeApp>,
}

impl Driver {
    /// The window at this size, with a demo of `n_products` products in a project at `folder`, its final queue on screen.
    pub fn with_demo(folder: &Path, n_products: u32, size: [f32; 2]) -> Self {
        let mut driver = Self::bare(size);
        driver.open_demo(folder, n_products);
        driver
    }

    /// The window with nothing open.
    pub fn bare(size: [f32; 2]) -> Self {
        let builder =
            Harness::builder().with_size(size).with_step_dt(0.25).with_max_steps(64).allow_missing_glyphs();
        let harness = builder.wgpu().build_eframe(|cc| LookalikeApp::bare(&cc.egui_ctx));
        Self { harness }
    }

    pub fn open_demo(&mut self, folder: &Path, n_products: u32) {
        let source = CatalogSource::Demo { n_products, seed: 7 };
        self.send(Command::Session(SessionCommand::OpenSource { source, folder: folder.to_owned() }));
        self.wait("the final queue", |state| {
            state.matching.outcome.is_some()
                && state.matching.updating_since.is_none()
                && state.duplicates.queue.is_some()
                && !state.duplicates.is_updating
        });
        self.wait_drawn();
    }

    pub fn state(&self) -> &AppState {
        self.harness.state().state()
    }

    /// Sends what no key sends, such as the path of a test's folder.
    pub fn send(&mut self, command: Command) {
        self.harness.state_mut().send(command);
        self.harness.step();
    }

    /// Steps until `is_there`; background threads get the processor between steps.
    pub fn wait(&mut self, what: &str, is_there: impl Fn(&AppState) -> bool) {
        let start = Instant::now();
        loop {
            self.harness.step();
            if is_there(self.state()) {
                return;
            }
            let chrome = &self.state().chrome;
            assert!(
                start.elapsed() < PATIENCE,
                "waited too long for {what}; messages: {:?}, jobs: {:?}",
                chrome.toasts,
                chrome.jobs
            );
            std::thread::yield_now();
        }
    }

    /// Steps until the cards of the open item that are in view have been drawn with their pictures.
    pub fn wait_drawn(&mut self) {
        let start = Instant::now();
        loop {
            self.harness.step();
            let is_drawn = self.state().duplicates.item.as_ref().is_none_or(|item| {
                let n_unseen = item.n_unseen();
                n_unseen == 0 || n_unseen < item.cards.len() && self.harness.state().has_all_pictures()
            });
            let is_elsewhere = !self.shows("Cards, ");
            if is_drawn || is_elsewhere {
                return;
            }
            assert!(start.elapsed() < PATIENCE, "the pictures of the open item never came");
            std::thread::yield_now();
        }
    }

    /// Presses a key and lets the window settle.
    pub fn press(&mut self, key: Key) {
        self.press_with(Modifiers::NONE, key);
    }

    pub fn press_with(&mut self, modifiers: Modifiers, key: Key) {
        self.harness.key_press_modifiers(modifiers, key);
        self.harness.step();
        self.harness.step();
        self.wait_drawn();
    }

    /// Types text into the field that has the keyboard.
    pub fn type_text(&mut self, text: &str) {
        self.harness.event(egui::Event::Text(text.to_owned()));
        self.harness.step();
        self.harness.step();
    }

    /// Whether something on screen has a label that contains `text`.
    pub fn shows(&self, text: &str) -> bool {
        self.harness.query_all_by_label_contains(text).next().is_some()
    }
}
