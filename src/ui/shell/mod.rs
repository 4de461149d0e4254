//! The window itself: hands keys, events and effects around and lays out bars, rail, station and overlays.

mod effects;
mod footer;
mod rail;
mod toasts;
mod top_bar;

use crate::app::{
    AppState, ChromeCommand, Command, Focus, Keymap, Now, Preferences, SessionCommand, Station, ThemeChoice,
    absorb, apply,
};
use crate::jobs::{JobServer, Request};

use super::input::HeldKeys;
use super::{Images, Launch, Outbox, Theme, ViewContext, fonts, overlays, views};

/// The application as eframe and the tests run it.
pub struct LookalikeApp {
    state: AppState,
    jobs: JobServer,
    images: Images,
    theme: Theme,
    keymap: Keymap,
    held: HeldKeys,
    dialogs: effects::Dialogs,
    queued: Outbox,
    /// The look that is installed in egui: dark, text scale.
    installed: Option<(bool, f32)>,
    has_focus: bool,
    keeps_preferences: bool,
}

impl LookalikeApp {
    /// The application with the user's preferences, opening what `launch` says.
    pub fn new(ctx: &egui::Context, launch: Launch, preferences: Preferences) -> Self {
        let mut app = Self::bare(ctx);
        app.keeps_preferences = true;
        app.state.preferences = preferences;
        app.keymap = app.state.preferences.keymap().0;
        app.state.chrome.models_given = launch.models;
        app.state.chrome.device_choice = launch.device;
        let models = app.state.models_folder();
        let _ = app.jobs.send(Request::Configure { device: launch.device, models });
        let last = app.state.preferences.recent.first().cloned().filter(|folder| folder.exists());
        app.queued.push(Command::Session(match launch.open.or(last) {
            Some(path) => SessionCommand::OpenPath(path),
            None => SessionCommand::OpenDemo,
        }));
        app
    }

    /// Keeps sentences for the user to read under the running jobs.
    pub fn keep_notes(&mut self, notes: Vec<String>) {
        self.state.chrome.notes.extend(notes);
    }

    /// The application with default preferences and nothing open, as tests start it; preferences are not saved.
    pub fn bare(ctx: &egui::Context) -> Self {
        fonts::install(ctx);
        let waker = ctx.clone();
        Self {
            state: AppState::default(),
            jobs: JobServer::start(Box::new(move || waker.request_repaint())),
            images: Images::default(),
            theme: Theme::load(false),
            keymap: Keymap::default(),
            held: HeldKeys::default(),
            dialogs: effects::Dialogs::default(),
            queued: Outbox::new(),
            installed: None,
            has_focus: true,
            keeps_preferences: false,
        }
    }

    /// What the window knows; for tests.
    pub fn state(&self) -> &AppState {
        &self.state
    }

    /// Whether every picture asked for is there; for tests.
    pub fn has_all_pictures(&self) -> bool {
        self.images.is_idle()
    }

    /// Sends a command as a view would.
    pub fn send(&mut self, command: Command) {
        self.queued.push(command);
    }

    fn settle(&mut self, ctx: &egui::Context, commands: Outbox) {
        for command in commands {
            let effects = apply(&mut self.state, command);
            self.perform(ctx, effects);
        }
    }

    fn listen(&mut self, ctx: &egui::Context) {
        while let Some(event) = self.jobs.try_recv() {
            let effects = absorb(&mut self.state, event);
            self.perform(ctx, effects);
            if let Some(session) = &self.state.session.open {
                self.images.set_catalog(&session.catalog);
            }
        }
    }

    /// Brings egui's look up to date with the preferences.
    fn dress(&mut self, ctx: &egui::Context) {
        let preferences = &self.state.preferences;
        let dark = match preferences.theme {
            ThemeChoice::Light => false,
            ThemeChoice::Dark => true,
            ThemeChoice::System => ctx.system_theme() == Some(egui::Theme::Dark),
        };
        let scale =
            preferences.text_scale.clamp(1.0, 2.0).max(if preferences.presentation { 1.5 } else { 1.0 });
        if self.installed != Some((dark, scale)) {
            self.theme = Theme::load(dark);
            self.theme.install(ctx, scale);
            self.installed = Some((dark, scale));
        }
        if self.keymap.to_own() != preferences.keys {
            self.keymap = preferences.keymap().0;
        }
    }

    /// One frame.
    pub fn frame(&mut self, ui: &mut egui::Ui) {
        let ctx = ui.ctx().clone();
        let (secs, focused, dropped) = ctx.input(|input| {
            let dropped: Vec<_> =
                input.raw.dropped_files.iter().map(|file| file.path().to_path_buf()).collect();
            (input.time, input.focused, dropped)
        });
        self.state.now = Now { secs, wall_millis: jiff::Timestamp::now().as_millisecond() };
        self.listen(&ctx);

        let mut commands = std::mem::take(&mut self.queued);
        commands.push(Command::Chrome(ChromeCommand::Tick));
        if focused != self.has_focus {
            self.has_focus = focused;
            let focus = if focused { Focus::Gained } else { Focus::Lost };
            commands.push(Command::Chrome(ChromeCommand::Focus(focus)));
        }
        commands.extend(dropped.into_iter().map(|path| Command::Session(SessionCommand::OpenPath(path))));
        commands.extend(self.dialogs.answers());
        self.held.dispatch(&ctx, &self.state, &self.keymap, &mut commands);
        self.settle(&ctx, commands);
        self.dress(&ctx);

        let mut out = Outbox::new();
        let context =
            ViewContext { app: &self.state, theme: &self.theme, images: &self.images, keymap: &self.keymap };
        top_bar::show(ui, context, &mut out);
        footer::show(ui, context, &mut out);
        rail::show(ui, context, &mut out);
        let frame = egui::Frame::new().fill(self.theme.palette.window);
        egui::CentralPanel::default().frame(frame).show(ui, |ui| {
            if self.state.compare.is_open() {
                views::compare::show(ui, context, &mut out);
            } else {
                match self.state.chrome.station {
                    Station::Catalogue => views::catalogue::show(ui, context, &mut out),
                    Station::Duplicates => views::duplicates::show(ui, context, &mut out),
                    Station::LookAlikes => views::look_alikes::show(ui, context, &mut out),
                    Station::Arena => views::arena::show(ui, context, &mut out),
                    Station::Train => views::train::show(ui, context, &mut out),
                    Station::History => views::history::show(ui, context, &mut out),
                }
            }
        });
        overlays::show(&ctx, context, &mut out);
        toasts::show(&ctx, context, &mut out);
        self.settle(&ctx, out);
        if !self.state.chrome.toasts.is_empty() || !self.state.chrome.jobs.is_empty() {
            ctx.request_repaint_after_secs(0.25);
        }
    }
}

impl eframe::App for LookalikeApp {
    fn ui(&mut self, ui: &mut egui::Ui, _frame: &mut eframe::Frame) {
        self.frame(ui);
        let size =
            ui.ctx().input(|input| input.viewport().inner_rect.map(|rect| (rect.width(), rect.height())));
        if size.is_some() && !ui.ctx().input(|input| input.viewport().fullscreen.unwrap_or(false)) {
            self.state.preferences.window_size = size;
        }
    }

    fn on_exit(&mut self) {
        self.save_preferences();
    }
}
