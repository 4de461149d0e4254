//! The preferences file: read before the window opens, written whenever something in it changes.

use crate::app::Preferences;
use crate::project::user_files;

/// Name of the file in the user's settings folder.
const FILE: &str = "preferences.ron";

/// The user's preferences, or the defaults; and what could not be read of them.
pub(super) fn load() -> (Preferences, Vec<String>) {
    let Some(text) = user_files::load(FILE) else {
        let reviewer = std::env::var("USER").or_else(|_| std::env::var("USERNAME"));
        let defaults = Preferences::default();
        return (Preferences { reviewer: reviewer.unwrap_or(defaults.reviewer), ..defaults }, Vec::new());
    };
    match ron::from_str::<Preferences>(&text) {
        Ok(preferences) => {
            let (_, problems) = preferences.keymap();
            (preferences, problems)
        }
        Err(error) => {
            let problem = format!("{FILE} cannot be read and is ignored: {error}");
            (Preferences::default(), vec![problem])
        }
    }
}

/// Writes the preferences.
///
/// # Errors
/// A sentence with the reason and the path.
pub(super) fn save(preferences: &Preferences) -> Result<(), String> {
    let text = ron::ser::to_string_pretty(preferences, ron::ser::PrettyConfig::default());
    text.map_err(|error| error.to_string()).and_then(|text| user_files::save(FILE, &text))
}
