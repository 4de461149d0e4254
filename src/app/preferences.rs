//! What the user likes, saved across projects as RON: theme, text size, keys, reviewer name, recent projects.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::Keymap;

/// Light, dark, or as the system says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum ThemeChoice {
    /// Follow the system.
    #[default]
    System,
    /// Always light.
    Light,
    /// Always dark.
    Dark,
}

/// Saved preferences. Missing fields take defaults, so older files keep working.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Preferences {
    /// Colours.
    pub theme: ThemeChoice,
    /// Text size as a factor, 1.0 to 2.0.
    pub text_scale: f32,
    /// Name under which decisions are recorded.
    pub reviewer: String,
    /// The user's own keys, `action id -> keys`.
    pub keys: BTreeMap<String, Vec<String>>,
    /// Whether keys without modifiers trigger anything.
    pub single_keys: bool,
    /// Whether scores are hidden while deciding.
    pub hide_scores: bool,
    /// Whether the queue is shown.
    pub show_queue: bool,
    /// Whether the details pane is shown.
    pub show_details: bool,
    /// Presentation mode: large text; ids, paths and sellers hidden.
    pub presentation: bool,
    /// Folder of model files chosen by the user.
    pub models_dir: Option<PathBuf>,
    /// Address of another hub than huggingface.co; `None` takes HF_ENDPOINT where it is set.
    pub hub: Option<String>,
    /// Whether nothing may be downloaded.
    pub offline: bool,
    /// Size of the window when it was last closed, points.
    pub window_size: Option<(f32, f32)>,
    /// Projects opened lately, latest first, at most five.
    pub recent: Vec<PathBuf>,
}

impl Default for Preferences {
    fn default() -> Self {
        Self {
            theme: ThemeChoice::System,
            text_scale: 1.0,
            reviewer: "reviewer".to_owned(),
            keys: BTreeMap::new(),
            single_keys: true,
            hide_scores: false,
            show_queue: true,
            show_details: true,
            presentation: false,
            models_dir: None,
            hub: None,
            offline: false,
            window_size: None,
            recent: Vec::new(),
        }
    }
}

impl Preferences {
    /// The keymap these preferences describe, and what could not be read of it.
    pub fn keymap(&self) -> (Keymap, Vec<String>) {
        Keymap::from_own(&self.keys)
    }

    /// Puts a project first among the recent ones.
    pub fn remember_project(&mut self, folder: PathBuf) {
        self.recent.retain(|known| *known != folder);
        self.recent.insert(0, folder);
        self.recent.truncate(5);
    }
}
