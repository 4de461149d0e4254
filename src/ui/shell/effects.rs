//! Carries out effects: jobs, native dialogs, the system's programs, announcements, preferences.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use crate::app::{
    CatalogueCommand, ChromeCommand, Command, Dialog, Effect, HistoryCommand, LookAlikesCommand,
    ModelsCommand, PickFor, SessionCommand, ToastKind, TrainCommand,
};
use crate::catalog::{CatalogSource, write_problems};
use crate::jobs::{Request, SearchQuery};

use super::LookalikeApp;
use crate::ui::{Outbox, input, preferences};

/// Native dialogs, each waiting on a thread of its own so that the window goes on.
#[derive(Clone, Default)]
pub(super) struct Dialogs {
    answered: Arc<Mutex<Vec<(PickFor, PathBuf)>>>,
}

impl Dialogs {
    fn ask(&self, what: PickFor, ctx: &egui::Context) {
        let answered = Arc::clone(&self.answered);
        let ctx = ctx.clone();
        // The dialog blocks until it is answered; without a portal it ends at once and the palette takes a typed path.
        thread::spawn(move || {
            let dialog = rfd::FileDialog::new();
            let path = match &what {
                PickFor::Catalogue | PickFor::ImportPairs | PickFor::Candidates => dialog.pick_file(),
                PickFor::Head(id) => dialog
                    .add_filter("safetensors", &["safetensors"])
                    .set_file_name(format!("{id}.safetensors"))
                    .save_file(),
                PickFor::ModelFiles(_) => dialog.add_filter("Weights", WEIGHTS).pick_file(),
                PickFor::Folder | PickFor::ImagesFolder => dialog.pick_folder(),
                PickFor::Export { file_name, .. } => dialog.set_file_name(*file_name).save_file(),
                PickFor::LogCopy => dialog.set_file_name("review-copy.sqlite").save_file(),
                PickFor::Problems => dialog.set_file_name("problems.csv").save_file(),
            };
            if let Some(path) = path {
                answered.lock().unwrap_or_else(PoisonError::into_inner).push((what, path));
                ctx.request_repaint();
            }
        });
    }

    /// Answers that came in, as commands.
    pub(super) fn answers(&self) -> Outbox {
        let mut answered = self.answered.lock().unwrap_or_else(PoisonError::into_inner);
        let command = |(what, path): (PickFor, PathBuf)| match what {
            PickFor::Catalogue | PickFor::Folder => Command::Session(SessionCommand::OpenPath(path)),
            PickFor::ImagesFolder => Command::Catalogue(CatalogueCommand::ImagesFolder(path)),
            PickFor::Export { format, .. } => {
                Command::Chrome(ChromeCommand::Export { format: format.to_owned(), path })
            }
            PickFor::Candidates => Command::LookAlikes(LookAlikesCommand::OpenFile(path)),
            PickFor::ImportPairs => Command::History(HistoryCommand::Import(path)),
            PickFor::LogCopy => Command::Chrome(ChromeCommand::SaveCopy(path)),
            PickFor::Problems => Command::Catalogue(CatalogueCommand::SaveProblems(path)),
            PickFor::Head(id) => Command::Train(TrainCommand::Export { id, path }),
            PickFor::ModelFiles(id) => Command::Models(ModelsCommand::Add { path, id }),
        };
        answered.drain(..).map(command).collect()
    }
}

impl LookalikeApp {
    pub(super) fn perform(&mut self, ctx: &egui::Context, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::OpenPath { path, options } => {
                    if is_weights(&path) {
                        let id = None;
                        self.queued.push(Command::Models(ModelsCommand::Add { path, id }));
                        continue;
                    }
                    if self.state.session.open.is_some() && is_picture(&path) {
                        let query = SearchQuery::Picture(path);
                        self.queued.push(Command::Chrome(ChromeCommand::Open(Dialog::Search)));
                        self.queued.push(Command::Chrome(ChromeCommand::Search(query)));
                        continue;
                    }
                    let request = if path.join("project.ron").exists() {
                        Request::OpenProject { folder: path }
                    } else if path.is_dir() {
                        Request::OpenCatalogue { source: CatalogSource::Folder(path), options, folder: None }
                    } else {
                        Request::OpenCatalogue { source: CatalogSource::File(path), options, folder: None }
                    };
                    let _ = self.jobs.send(request);
                }
                Effect::Job(request) => {
                    let _ = self.jobs.send(request);
                }
                Effect::CancelJob => {
                    if let Some(running) = self.state.chrome.jobs.last() {
                        self.jobs.cancel(running.job);
                    }
                }
                Effect::CancelThis(job) => self.jobs.cancel(job),
                Effect::PickPath(what) => self.dialogs.ask(what, ctx),
                Effect::OpenExternally(target) => ctx.open_url(egui::OpenUrl::new_tab(as_url(&target))),
                Effect::CopyText(text) => ctx.copy_text(text),
                Effect::Announce(text, politeness) => super::footer::announce(ctx, &text, politeness),
                Effect::SaveProblems(path) => self.save_problems(&path),
                Effect::SavePreferences => self.save_preferences(),
                Effect::ToggleFullScreen => {
                    let full = ctx.input(|input| input.viewport().fullscreen.unwrap_or(false));
                    ctx.send_viewport_cmd(egui::ViewportCommand::Fullscreen(!full));
                }
                Effect::NextPane => input::focus_next_pane(ctx),
                Effect::Quit => ctx.send_viewport_cmd(egui::ViewportCommand::Close),
            }
        }
    }

    fn save_problems(&mut self, path: &Path) {
        let Some(session) = &self.state.session.open else { return };
        let problems = [session.catalog.problems(), &self.state.catalogue.late_problems].concat();
        let mut table = Vec::new();
        let written =
            write_problems(&problems, &mut table).and_then(|()| crate::project::write_atomic(path, &table));
        let (kind, text) = match written {
            Ok(()) => {
                (ToastKind::Success, format!("Wrote {} problems to {}", problems.len(), path.display()))
            }
            Err(error) => (
                ToastKind::Error,
                format!("The problems are not saved: {error}. Choose another place: {}", path.display()),
            ),
        };
        self.state.chrome.toast(self.state.now, kind, text);
    }

    pub(super) fn save_preferences(&mut self) {
        if !self.keeps_preferences {
            return;
        }
        let saved = preferences::save(&self.state.preferences);
        if let Err(reason) = saved {
            self.state.chrome.notes.push(format!("preferences are not saved: {reason}"));
        }
    }
}

/// A dropped picture is looked for in the open catalogue instead of being opened as one.
fn is_picture(path: &std::path::Path) -> bool {
    let extension =
        path.extension().and_then(|extension| extension.to_str()).unwrap_or_default().to_lowercase();
    ["jpg", "jpeg", "png", "webp", "gif", "bmp", "tif", "tiff"].contains(&extension.as_str())
}

/// Dropped weights become a model instead of being opened as a catalogue.
fn is_weights(path: &std::path::Path) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    WEIGHTS.iter().any(|known| extension.eq_ignore_ascii_case(known))
}

/// Endings of weights: safetensors and PyTorch checkpoints.
const WEIGHTS: &[&str] = &["safetensors", "pth", "pt", "bin"];

/// A file's path as the system's programs take it; a URL as it is.
fn as_url(target: &str) -> String {
    if target.contains("://") {
        return target.to_owned();
    }
    let path = target.replace('\\', "/");
    let slash = if path.starts_with('/') { "" } else { "/" };
    format!("file://{slash}{path}")
}

#[cfg(test)]
mod tests {
    use super::as_url;

    #[test]
    fn paths_become_urls_and_urls_stay() {
        assert_eq!(as_url("/a/b.jpg"), "file:///a/b.jpg");
        assert_eq!(as_url("C:\\a\\b.jpg"), "file:///C:/a/b.jpg");
        assert_eq!(as_url("https://a.example/b"), "https://a.example/b");
    }
}
