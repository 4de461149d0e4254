//! Real key events become commands through the keymap, once a frame, before anything is drawn.

use egui::{Event, Key};

use crate::app::{ActionSpec, AppState, KeyEvent, Keymap, Trigger};

use super::Outbox;

/// Keys held down whose action sends a second command on release.
#[derive(Debug, Default)]
pub(super) struct HeldKeys {
    held: Vec<(Key, &'static ActionSpec)>,
}

impl HeldKeys {
    /// Turns this frame's key events into commands and takes them out of egui's input, so that no widget sees them twice.
    /// While a text field or an overlay has the keyboard, only keys with Ctrl or Alt, function keys and Esc count.
    pub(super) fn dispatch(
        &mut self,
        ctx: &egui::Context,
        state: &AppState,
        keymap: &Keymap,
        out: &mut Outbox,
    ) {
        let typing = ctx.text_edit_focused() || state.chrome.dialog.is_some();
        ctx.input_mut(|input| {
            input.events.retain(|event| {
                let &Event::Key { key, physical_key, pressed, repeat, modifiers } = event else {
                    return true;
                };
                let event = KeyEvent { key, physical_key, pressed, repeat, modifiers };
                !self.take(state, keymap, &event, typing, out)
            });
        });
    }

    fn take(
        &mut self,
        state: &AppState,
        keymap: &Keymap,
        event: &KeyEvent,
        typing: bool,
        out: &mut Outbox,
    ) -> bool {
        let pressed_key = event.physical_key.unwrap_or(event.key);
        if !event.pressed {
            let Some(position) = self.held.iter().position(|(key, _)| *key == pressed_key) else {
                return false;
            };
            if let (_, ActionSpec { trigger: Trigger::Hold(release), .. }) = self.held.swap_remove(position) {
                out.push(release());
            }
            return true;
        }
        let bare = !event.modifiers.command && !event.modifiers.alt;
        let always =
            event.key == Key::Escape || event.key.name().starts_with('F') && event.key.name().len() > 1;
        if typing && bare && !always {
            return false;
        }
        let Some(action) = keymap.lookup(state, event) else { return false };
        match action.trigger {
            Trigger::Press if event.repeat => {}
            Trigger::Press | Trigger::Repeat => out.push((action.command)()),
            Trigger::Hold(_) if event.repeat => {}
            Trigger::Hold(_) => {
                self.held.push((pressed_key, action));
                out.push((action.command)());
            }
        }
        true
    }
}
