//! The palette: any command by a few letters of its name, or a typed path to open.

use std::path::{Path, PathBuf};

use egui::{Key, RichText};

use crate::app::{ActionSpec, ChromeCommand, Command, Context, SessionCommand, actions};
use crate::ui::{Outbox, ViewContext, widgets};

const N_SHOWN: usize = 12;

pub(super) fn show(ui: &mut egui::Ui, context: ViewContext<'_>, out: &mut Outbox) {
    let field = super::focused_field(
        ui,
        context,
        "Command or path",
        "Type a command, or the path of a catalogue or project",
        out,
    );
    let typed = context.app.chrome.typed.trim();
    let found = matching_actions(context, typed);
    let selection = egui::Id::unique("palette_selection");
    let mut selected: usize = ui.data(|data| data.get_temp(selection)).unwrap_or(0);
    if field.changed() {
        selected = 0;
    }
    let path = typed_path(typed);
    let n_rows = found.len() + usize::from(path.is_some());
    let (up, down, enter) = ui.input_mut(|input| {
        let mut take = |key| input.consume_key(egui::Modifiers::NONE, key);
        (take(Key::ArrowUp), take(Key::ArrowDown), take(Key::Enter))
    });
    selected = match (up, down) {
        (true, _) => selected.saturating_sub(1),
        (_, true) => (selected + 1).min(n_rows.saturating_sub(1)),
        _ => selected.min(n_rows.saturating_sub(1)),
    };
    ui.data_mut(|data| data.insert_temp(selection, selected));
    let enter = enter || field.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
    let mut row = 0;
    if let Some(path) = path {
        let text = format!("Open {}", path.display());
        let response = ui.selectable_label(selected == row, text);
        if response.clicked() || enter && selected == row {
            out.push(Command::Chrome(ChromeCommand::Escape));
            out.push(Command::Session(SessionCommand::OpenPath(path)));
        }
        row += 1;
    }
    for action in found {
        let response = line(ui, context, action, selected == row);
        if response.clicked() || enter && selected == row {
            out.push(Command::Chrome(ChromeCommand::Escape));
            out.push((action.command)());
        }
        row += 1;
    }
    if row == 0 {
        ui.label("No command has this name. A path that starts with /, ~ or a drive letter is opened");
    }
}

fn line(
    ui: &mut egui::Ui,
    context: ViewContext<'_>,
    action: &ActionSpec,
    is_selected: bool,
) -> egui::Response {
    ui.horizontal(|ui| {
        let response = ui.selectable_label(is_selected, action.label).on_hover_text(action.tooltip);
        ui.label(RichText::new(action.context.label()).small().color(context.theme.palette.text_weak));
        if let Some(keycap) = context.keymap.keycap(action.id) {
            widgets::keycap(ui, context.theme, &keycap);
        }
        response
    })
    .inner
}

/// Actions of the current context and of everywhere whose label holds all typed letters in order, best first.
fn matching_actions(context: ViewContext<'_>, typed: &str) -> Vec<&'static ActionSpec> {
    let current = Context::current(context.app);
    let mut found: Vec<(usize, &ActionSpec)> = actions()
        .iter()
        .filter(|action| action.context == current || action.context == Context::Everywhere)
        .filter_map(|action| Some((rank(action.label, typed)?, action)))
        .collect();
    found.sort_by_key(|(rank, _)| *rank);
    found.into_iter().map(|(_, action)| action).take(N_SHOWN).collect()
}

/// 0 for a prefix, 1 for a part, 2 for scattered letters; `None` when a letter is missing.
fn rank(label: &str, typed: &str) -> Option<usize> {
    let (label, typed) = (label.to_lowercase(), typed.to_lowercase());
    if label.starts_with(&typed) {
        return Some(0);
    }
    if label.contains(&typed) {
        return Some(1);
    }
    let mut letters = label.chars();
    typed
        .chars()
        .filter(|letter| !letter.is_whitespace())
        .all(|letter| letters.any(|c| c == letter))
        .then_some(2)
}

/// The path that was typed, when the text looks like one; `~` is the home folder.
fn typed_path(typed: &str) -> Option<PathBuf> {
    let typed = typed.trim_matches('"');
    if let Some(rest) = typed.strip_prefix("~/") {
        return directories::BaseDirs::new().map(|dirs| dirs.home_dir().join(rest));
    }
    let is_path = Path::new(typed).is_absolute() || typed.starts_with("./") || typed.starts_with("../");
    is_path.then(|| PathBuf::from(typed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_find_labels() {
        assert_eq!(rank("Open catalogue\u{2026}", "open"), Some(0));
        assert_eq!(rank("Open catalogue\u{2026}", "cat"), Some(1));
        assert_eq!(rank("Open catalogue\u{2026}", "oct"), Some(2));
        assert_eq!(rank("Open catalogue\u{2026}", "xyz"), None);
    }

    #[test]
    fn only_paths_are_paths() {
        assert!(typed_path("/data/catalog.csv").is_some() && typed_path("./a").is_some());
        assert!(typed_path("undo").is_none() && typed_path("").is_none());
    }
}
