//! Every action of the window: a command with a label, a tooltip and default keys. The footer, the palette, the key
//! editor, tooltips and the keyboard itself are all made from this table; an area adds its lines in its own file.

use std::sync::LazyLock;

use super::{AppState, Command, Dialog, DuplicatesMode, LookAlikesSection, Station};

/// Where an action's keys are valid. An inner context hides the outer ones' bindings on the same key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Context {
    /// In every context.
    Everywhere,
    /// Deciding clusters and pairs.
    Duplicates,
    /// Cutting a cluster into groups.
    Cut,
    /// The page of twelve clusters.
    Batch,
    /// One posting against many.
    LookAlikes,
    /// The Arena.
    Arena,
    /// The studio of hard negatives.
    HardNegatives,
    /// Where questions come from.
    Questions,
    /// Two postings side by side.
    Compare,
    /// The Catalogue station.
    Catalogue,
    /// The Train station.
    Train,
    /// The History station.
    History,
    /// The Models panel.
    Models,
}

impl Context {
    /// Heading in the key editor.
    pub fn label(self) -> &'static str {
        match self {
            Self::Everywhere => "Everywhere",
            Self::Duplicates => "Duplicates",
            Self::Cut => "Cut",
            Self::Batch => "Batch",
            Self::LookAlikes => "Look-alikes",
            Self::Arena => "Arena",
            Self::HardNegatives => "Hard negatives",
            Self::Questions => "Questions",
            Self::Compare => "Compare",
            Self::Catalogue => "Catalogue",
            Self::Train => "Train",
            Self::History => "History",
            Self::Models => "Models",
        }
    }

    /// An action on a key press that is valid here, shown in the footer.
    pub const fn action(
        self,
        id: &'static str,
        label: &'static str,
        tooltip: &'static str,
        keys: &'static [&'static str],
        command: fn() -> Command,
    ) -> ActionSpec {
        ActionSpec::press(id, self, label, tooltip, keys, command)
    }

    /// The context of the state as it stands (never `Everywhere`, except where no station has keys of its own).
    pub fn current(state: &AppState) -> Self {
        if state.chrome.dialog == Some(Dialog::Models) {
            return Self::Models;
        }
        if state.compare.is_open() {
            return Self::Compare;
        }
        match state.chrome.station {
            Station::Duplicates => match state.duplicates.mode {
                DuplicatesMode::Review => Self::Duplicates,
                DuplicatesMode::Cut(_) => Self::Cut,
                DuplicatesMode::Batch(_) => Self::Batch,
            },
            Station::Arena => Self::Arena,
            Station::LookAlikes => match super::look_alikes::page(state) {
                LookAlikesSection::Grid => Self::LookAlikes,
                LookAlikesSection::HardNegatives => Self::HardNegatives,
                LookAlikesSection::Questions => Self::Questions,
            },
            Station::Catalogue => Self::Catalogue,
            Station::Train => Self::Train,
            Station::History => Self::History,
        }
    }
}

/// How a key triggers an action.
#[derive(Clone, Copy, Debug)]
pub enum Trigger {
    /// Once a press; key repeats do nothing. Everything that writes.
    Press,
    /// On the press and on each repeat: moving about.
    Repeat,
    /// On the press, and the second command on the release: looking while held.
    Hold(fn() -> Command),
}

/// One line of the table.
#[derive(Clone, Copy, Debug)]
pub struct ActionSpec {
    /// Stable id, `area.verb`; key bindings are stored under it.
    pub id: &'static str,
    /// Where its keys are valid.
    pub context: Context,
    /// Sentence case, no full stop.
    pub label: &'static str,
    /// What it does and records, one sentence.
    pub tooltip: &'static str,
    /// Default keys, such as "S", "1", "Ctrl+Shift+Z", "Shift+Left", "Space".
    pub keys: &'static [&'static str],
    /// How keys trigger it.
    pub trigger: Trigger,
    /// What it sends.
    pub command: fn() -> Command,
    /// Whether the footer names it (the palette and the key editor name all).
    pub in_footer: bool,
}

impl ActionSpec {
    /// An action on a key press, shown in the footer.
    pub const fn press(
        id: &'static str,
        context: Context,
        label: &'static str,
        tooltip: &'static str,
        keys: &'static [&'static str],
        command: fn() -> Command,
    ) -> Self {
        Self { id, context, label, tooltip, keys, trigger: Trigger::Press, command, in_footer: true }
    }

    /// The same action, repeating while the key is down.
    pub const fn repeating(mut self) -> Self {
        self.trigger = Trigger::Repeat;
        self
    }

    /// The same action, undone by `release` when the key is let go.
    pub const fn held(mut self, release: fn() -> Command) -> Self {
        self.trigger = Trigger::Hold(release);
        self
    }

    /// The same action, left out of the footer.
    pub const fn quiet(mut self) -> Self {
        self.in_footer = false;
        self
    }
}

static ACTIONS: LazyLock<Vec<ActionSpec>> = LazyLock::new(|| {
    [
        super::chrome::ACTIONS,
        super::session::ACTIONS,
        super::matching::ACTIONS,
        super::duplicates::ACTIONS,
        super::look_alikes::ACTIONS,
        super::arena::ACTIONS,
        super::compare::ACTIONS,
        super::catalogue::ACTIONS,
        super::train::ACTIONS,
        super::history::ACTIONS,
        super::models::ACTIONS,
    ]
    .concat()
});

/// Every action, area by area.
pub fn actions() -> &'static [ActionSpec] {
    &ACTIONS
}

/// The action with this id.
pub fn action(id: &str) -> Option<&'static ActionSpec> {
    ACTIONS.iter().find(|action| action.id == id)
}

/// The actions whose keys are valid now, the current context's first.
pub fn available(state: &AppState) -> Vec<&'static ActionSpec> {
    let current = Context::current(state);
    let inner = ACTIONS.iter().filter(|action| action.context == current);
    let outer = ACTIONS.iter().filter(|action| action.context == Context::Everywhere);
    inner.chain(outer).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_unique_and_named_by_area() {
        let mut ids: Vec<_> = actions().iter().map(|action| action.id).collect();
        ids.sort_unstable();
        assert!(ids.windows(2).all(|pair| pair[0] != pair[1]), "an id stands twice");
        assert!(ids.iter().all(|id| id.contains('.')));
    }

    #[test]
    fn labels_are_short_sentences_without_a_full_stop() {
        for action in actions() {
            assert!(!action.label.is_empty() && !action.label.ends_with('.'), "{}", action.id);
            assert!(action.tooltip.len() > 8, "{} explains itself", action.id);
        }
    }
}
