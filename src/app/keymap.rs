//! Keys and what they mean: parsing, rebinding per context, clashes, and matching real key events.
//!
//! Letters are matched by meaning (the logical key), digits by position (the physical key, falling back to the logical
//! one), so that `1` works on AZERTY without Shift and `Z` is where its letter is printed. `[Q]` is the key in the position
//! of the US keyboard's Q, whatever is printed on it. Modifiers match exactly, except that signs such as `?` or `/` ignore
//! Shift, which other layouts need to type them. AltGr is never Ctrl+Alt.

use std::collections::BTreeMap;

use egui::{Key, Modifiers};

use super::{ActionSpec, AppState, Context, actions, available};

/// A key with modifiers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Binding {
    /// The key.
    pub key: Key,
    /// Ctrl, or Cmd on macOS.
    pub command: bool,
    /// Shift.
    pub shift: bool,
    /// Alt or Option.
    pub alt: bool,
    /// What of the key counts.
    pub by: KeyBy,
}

/// What of a key counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum KeyBy {
    /// What it means; for digits its position.
    #[default]
    Meaning,
    /// Where it lies: the key in that position of the US keyboard.
    Position,
}

/// A key event as the window receives it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyEvent {
    /// By meaning.
    pub key: Key,
    /// By position, where the system tells it.
    pub physical_key: Option<Key>,
    /// Down or up.
    pub pressed: bool,
    /// Whether the system repeats a key held down.
    pub repeat: bool,
    /// Modifiers at the time.
    pub modifiers: Modifiers,
}

/// Two actions that one key would trigger in the same context.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clash {
    /// The key.
    pub binding: Binding,
    /// The action that has it.
    pub first: &'static str,
    /// The action that would get it too.
    pub second: &'static str,
}

/// The bindings in force: the defaults, with the user's own in their place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Keymap {
    own: BTreeMap<String, Vec<Binding>>,
}

fn is_digit(key: Key) -> bool {
    matches!(
        key,
        Key::Num0
            | Key::Num1
            | Key::Num2
            | Key::Num3
            | Key::Num4
            | Key::Num5
            | Key::Num6
            | Key::Num7
            | Key::Num8
            | Key::Num9
    )
}

fn is_sign(key: Key) -> bool {
    matches!(
        key,
        Key::Plus
            | Key::Minus
            | Key::Equals
            | Key::Questionmark
            | Key::Slash
            | Key::Comma
            | Key::Period
            | Key::Colon
            | Key::Semicolon
    )
}

impl Binding {
    /// Parses `S`, `Ctrl+Shift+Z`, `Alt+Left`, `?`, `Ctrl+,`, `[Q]`.
    pub fn parse(text: &str) -> Option<Self> {
        let mut binding =
            Self { key: Key::Space, command: false, shift: false, alt: false, by: KeyBy::Meaning };
        let mut rest = text.trim();
        while let Some((head, tail)) = rest.split_once('+').filter(|(head, _)| !head.is_empty()) {
            match head.trim().to_ascii_lowercase().as_str() {
                "ctrl" | "cmd" => binding.command = true,
                "shift" => binding.shift = true,
                "alt" => binding.alt = true,
                _ => return None,
            }
            rest = tail.trim();
        }
        if let Some(inner) = rest.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            binding.by = KeyBy::Position;
            rest = inner;
        }
        let name = match rest {
            "Left" | "Right" | "Up" | "Down" => format!("Arrow{rest}"),
            "Esc" => "Escape".to_owned(),
            other => other.to_owned(),
        };
        binding.key = Key::from_name(&name)?;
        Some(binding)
    }

    /// Text for keycaps and files; [`Self::parse`] reads it back.
    pub fn label(self) -> String {
        let mut text = String::new();
        for (present, name) in [(self.command, "Ctrl+"), (self.alt, "Alt+"), (self.shift, "Shift+")] {
            if present {
                text.push_str(name);
            }
        }
        let name = match self.key {
            Key::ArrowLeft => "Left",
            Key::ArrowRight => "Right",
            Key::ArrowUp => "Up",
            Key::ArrowDown => "Down",
            Key::Escape => "Esc",
            Key::Plus => "+",
            Key::Minus => "-",
            Key::Equals => "=",
            Key::Questionmark => "?",
            Key::Slash => "/",
            Key::Comma => ",",
            Key::Period => ".",
            key => key.name(),
        };
        match self.by {
            KeyBy::Meaning => text.push_str(name),
            KeyBy::Position => text.push_str(&format!("[{name}]")),
        }
        text
    }

    /// Whether some keyboard could take one for the other: the same key with the same modifiers, by meaning or by position.
    pub fn overlaps(self, other: Self) -> bool {
        Self { by: KeyBy::Meaning, ..self } == Self { by: KeyBy::Meaning, ..other }
    }

    /// Whether this event is this binding.
    pub fn matches(self, event: &KeyEvent) -> bool {
        let Modifiers { alt, ctrl, shift, mac_cmd, command } = event.modifiers;
        // Windows reports AltGr as Ctrl+Alt; no default uses both.
        let alt_gr = ctrl && alt && !mac_cmd;
        let by_position = is_digit(self.key) || self.by == KeyBy::Position;
        let key = if by_position { event.physical_key.unwrap_or(event.key) } else { event.key };
        let shift_matters = !is_sign(self.key);
        key == self.key
            && (!alt_gr || is_sign(self.key))
            && (self.command == command || alt_gr)
            && (self.alt == alt || alt_gr)
            && (!shift_matters || self.shift == shift)
    }
}

impl Keymap {
    /// The keymap with the user's own bindings, `action id -> keys`; keys that cannot be read are reported.
    pub fn from_own(own: &BTreeMap<String, Vec<String>>) -> (Self, Vec<String>) {
        let mut keymap = Self::default();
        let mut problems = Vec::new();
        for (id, keys) in own {
            if super::action(id).is_none() {
                problems.push(format!("there is no action `{id}`; its keys are ignored"));
                continue;
            }
            let bindings = keys.iter().filter_map(|key| {
                let binding = Binding::parse(key);
                if binding.is_none() {
                    problems.push(format!("`{key}` is no key; it is ignored for `{id}`"));
                }
                binding
            });
            keymap.own.insert(id.clone(), bindings.collect());
        }
        (keymap, problems)
    }

    /// The user's own bindings as stored.
    pub fn to_own(&self) -> BTreeMap<String, Vec<String>> {
        let labels = |bindings: &Vec<Binding>| bindings.iter().map(|binding| binding.label()).collect();
        self.own.iter().map(|(id, bindings)| (id.clone(), labels(bindings))).collect()
    }

    /// The keys of an action.
    pub fn bindings(&self, action: &ActionSpec) -> Vec<Binding> {
        match self.own.get(action.id) {
            Some(bindings) => bindings.clone(),
            None => action.keys.iter().filter_map(|key| Binding::parse(key)).collect(),
        }
    }

    /// The first key of an action as text, for keycaps.
    pub fn keycap(&self, action_id: &str) -> Option<String> {
        let action = super::action(action_id)?;
        self.bindings(action).first().map(|binding| binding.label())
    }

    /// Gives an action these keys instead.
    ///
    /// # Errors
    /// The clash, when another action of the same context (or of every context) has one of them; nothing changes.
    pub fn rebind(&mut self, action: &'static ActionSpec, keys: Vec<Binding>) -> Result<(), Clash> {
        for &binding in &keys {
            for other in actions() {
                let same_place = other.context == action.context
                    || other.context == Context::Everywhere
                    || action.context == Context::Everywhere;
                let is_taken = || self.bindings(other).iter().any(|taken| taken.overlaps(binding));
                if other.id != action.id && same_place && is_taken() {
                    return Err(Clash { binding, first: other.id, second: action.id });
                }
            }
        }
        self.own.insert(action.id.to_owned(), keys);
        Ok(())
    }

    /// Takes an action back to its default keys.
    pub fn reset(&mut self, action_id: &str) {
        self.own.remove(action_id);
    }

    /// Every clash of the keymap as it stands.
    pub fn clashes(&self) -> Vec<Clash> {
        let mut clashes = Vec::new();
        for (position, first) in actions().iter().enumerate() {
            for second in &actions()[position + 1..] {
                let same_place = first.context == second.context
                    || first.context == Context::Everywhere
                    || second.context == Context::Everywhere;
                if !same_place {
                    continue;
                }
                let others = self.bindings(second);
                clashes.extend(
                    self.bindings(first)
                        .into_iter()
                        .filter(|binding| others.iter().any(|other| other.overlaps(*binding)))
                        .map(|binding| Clash { binding, first: first.id, second: second.id }),
                );
            }
        }
        clashes
    }

    /// The action a key event means now, if any.
    pub fn lookup(&self, state: &AppState, event: &KeyEvent) -> Option<&'static ActionSpec> {
        let letters_off = !state.preferences.single_keys;
        available(state).into_iter().find(|action| {
            self.bindings(action).iter().any(|binding| {
                let bare = !binding.command && !binding.alt && binding.key.name().len() == 1;
                !(letters_off && bare) && binding.matches(event)
            })
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    fn event(key: Key, physical_key: Option<Key>, modifiers: Modifiers) -> KeyEvent {
        KeyEvent { key, physical_key, pressed: true, repeat: false, modifiers }
    }

    #[test]
    fn every_default_key_can_be_read_and_written() {
        for action in actions() {
            for key in action.keys {
                let binding = Binding::parse(key).unwrap_or_else(|| panic!("`{key}` of {}", action.id));
                assert_eq!(Binding::parse(&binding.label()), Some(binding), "{key}");
            }
        }
    }

    #[test]
    fn the_defaults_do_not_clash() {
        assert_eq!(Keymap::default().clashes(), Vec::new());
    }

    #[test]
    fn no_default_takes_a_key_the_system_or_zoom_needs() {
        for action in actions() {
            for key in action.keys {
                let binding = Binding::parse(key).unwrap();
                let taken = [Key::Plus, Key::Minus, Key::Num0, Key::X, Key::C, Key::V];
                assert!(!(binding.command && taken.contains(&binding.key)), "{} uses {key}", action.id);
            }
        }
    }

    #[test]
    fn layouts() {
        let (none, shift) = (Modifiers::NONE, Modifiers::SHIFT);
        let one = Binding::parse("1").unwrap();
        // US, and a test without a physical key.
        assert!(one.matches(&event(Key::Num1, Some(Key::Num1), none)));
        assert!(one.matches(&event(Key::Num1, None, none)));
        // AZERTY types & on that key; egui has no name for it and reports the position as the key.
        assert!(one.matches(&event(Key::Num1, Some(Key::Num1), none)));
        assert!(!one.matches(&event(Key::Num1, Some(Key::Num1), shift)));
        // QWERTZ: Z is printed where US has Y.
        let z = Binding::parse("Z").unwrap();
        assert!(z.matches(&event(Key::Z, Some(Key::Y), none)));
        assert!(!z.matches(&event(Key::Y, Some(Key::Z), none)));
        // AZERTY: A is printed where US has Q.
        assert!(Binding::parse("A").unwrap().matches(&event(Key::A, Some(Key::Q), none)));
        // German types / with Shift+7 and ? with Shift+ß.
        assert!(Binding::parse("/").unwrap().matches(&event(Key::Slash, Some(Key::Num7), shift)));
        assert!(Binding::parse("?").unwrap().matches(&event(Key::Questionmark, Some(Key::Minus), shift)));
        // AltGr+E (the euro sign) is not Ctrl+E.
        let alt_gr = Modifiers { alt: true, ctrl: true, command: true, ..Modifiers::NONE };
        assert!(!Binding::parse("Ctrl+E").unwrap().matches(&event(Key::E, Some(Key::E), alt_gr)));
    }

    /// Rows of letters as printed, from the left of the US keyboard's Q, A and Z on.
    const US: [&str; 3] = ["QWERTYUIOP", "ASDFGHJKL", "ZXCVBNM"];
    const GERMAN: [&str; 3] = ["QWERTZUIOP", "ASDFGHJKL", "YXCVBNM"];
    const AZERTY: [&str; 3] = ["AZERTYUIOP", "QSDFGHJKLM", "WXCVBN"];

    #[test]
    fn no_key_of_a_layout_means_two_things() {
        for layout in [US, GERMAN, AZERTY] {
            for (printed, positions) in layout.iter().zip(US) {
                for (printed, position) in printed.chars().zip(positions.chars()) {
                    let key = |letter: char| Key::from_name(&letter.to_string()).unwrap();
                    let event = event(key(printed), Some(key(position)), Modifiers::NONE);
                    for context in actions().iter().map(|action| action.context) {
                        let mut taken = actions().iter().filter(|action| {
                            action.context == context
                                && Keymap::default().bindings(action).iter().any(|key| key.matches(&event))
                        });
                        let first = taken.next().map(|action| action.id);
                        let second = taken.next().map(|action| action.id);
                        assert_eq!(second, None, "{printed} on {layout:?}: {first:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn a_key_by_position_takes_the_place_of_its_letter() {
        let position = Binding::parse("[Q]").unwrap();
        assert_eq!((position.by, position.label().as_str()), (KeyBy::Position, "[Q]"));
        // AZERTY prints A there.
        assert!(position.matches(&event(Key::A, Some(Key::Q), Modifiers::NONE)));
        assert!(!position.matches(&event(Key::Q, Some(Key::A), Modifiers::NONE)));
        assert!(position.matches(&event(Key::Q, None, Modifiers::NONE)));
        let mut keymap = Keymap::default();
        let none = super::super::action("look_alikes.none").unwrap();
        for taken in ["W", "[W]", "7", "Shift+3"] {
            assert!(keymap.rebind(none, vec![Binding::parse(taken).unwrap()]).is_err(), "{taken}");
        }
    }

    #[test]
    fn a_clash_is_refused_and_nothing_changes() {
        let mut keymap = Keymap::default();
        let same = super::super::action("duplicates.same").unwrap();
        let before = keymap.clone();
        let clash = keymap.rebind(same, vec![Binding::parse("D").unwrap()]).unwrap_err();
        assert_eq!(clash.first, "duplicates.different");
        assert_eq!(keymap, before);
        keymap.rebind(same, vec![Binding::parse("F7").unwrap()]).unwrap();
        assert_eq!(keymap.keycap("duplicates.same").as_deref(), Some("F7"));
        assert_eq!(Keymap::from_own(&keymap.to_own()).0, keymap);
    }
}
