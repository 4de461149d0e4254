//! The window itself: hands keys, events and effects around and lays out bars, rail, station and overlays.

use crate::app::{AppState, Command, Effect, Keymap, Now, Station, absorb, apply};
use crate::jobs::JobServer;

use super::input::HeldKeys;
use super::{Images, Launch, Outbox, Theme, ViewContext, fonts, views};

/// The application as eframe and the tests run it.
pub struct LookalikeApp {
    state: AppState,
    jobs: JobServer,
    images: Images,
    theme: Theme,
    keymap: Keymap,
    held: HeldKeys,
    queued: Vec<Command>,
}

impl LookalikeApp {
    /// The application, opening what `launch` says.
    pub fn new(ctx: &egui::Context, launch: Launch) -> Self {
        fonts::install(ctx);
        let waker = ctx.clone();
        let jobs = JobServer::start(Box::new(move || waker.request_repaint()));
        let state = AppState::default();
        let (keymap, _problems) = state.preferences.keymap();
        let _ = launch;
        Self {
            state,
            jobs,
            images: Images::default(),
            theme: Theme::load(false),
            keymap,
            held: HeldKeys::default(),
            queued: Vec::new(),
        }
    }

    /// What the window knows; for tests.
    pub fn state(&self) -> &AppState {
        &self.state
    }

    /// Applies a command as if a view had sent it.
    pub fn send(&mut self, command: Command) {
        self.queued.push(command);
    }

    fn perform(&mut self, ctx: &egui::Context, effects: Vec<Effect>) {
        let _ = ctx;
        for effect in effects {
            if let Effect::Job(request) = effect {
                let _ = self.jobs.send(request);
            }
        }
    }

    fn settle(&mut self, ctx: &egui::Context, commands: Outbox) {
        for command in commands {
            let effects = apply(&mut self.state, command);
            self.perform(ctx, effects);
        }
        while let Some(event) = self.jobs.try_recv() {
            let effects = absorb(&mut self.state, event);
            self.perform(ctx, effects);
        }
    }

    /// One frame.
    pub fn frame(&mut self, ui: &mut egui::Ui) {
        let ctx = ui.ctx().clone();
        self.state.now = Now { secs: ctx.input(|input| input.time), wall_millis: wall_millis() };
        let mut commands = std::mem::take(&mut self.queued);
        self.held.dispatch(&ctx, &self.state, &self.keymap, &mut commands);
        self.settle(&ctx, commands);

        let mut out = Outbox::new();
        let context =
            ViewContext { app: &self.state, theme: &self.theme, images: &self.images, keymap: &self.keymap };
        egui::CentralPanel::default().show(ui, |ui| match self.state.chrome.station {
            Station::Catalogue => views::catalogue::show(ui, context, &mut out),
            Station::Duplicates => views::duplicates::show(ui, context, &mut out),
            Station::History => views::history::show(ui, context, &mut out),
        });
        self.settle(&ctx, out);
    }
}

impl eframe::App for LookalikeApp {
    fn ui(&mut self, ui: &mut egui::Ui, _frame: &mut eframe::Frame) {
        self.frame(ui);
    }
}

fn wall_millis() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}
