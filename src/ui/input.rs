//! Real key events become commands through the keymap, once a frame, before anything is drawn.

use egui::{Event, Key};

use crate::app::{ActionSpec, AppState, Dialog, KeyEvent, Keymap, Trigger};

use super::Outbox;

/// The one focusable widget of a station's centre. While it has the keyboard, Space, Enter and arrows are actions; while a
/// button has it, they are the button's.
pub(super) fn canvas_id() -> egui::Id {
    egui::Id::unique("canvas")
}

/// The canvas of an overlay that has keys of its own.
fn overlay_canvas_id() -> egui::Id {
    egui::Id::unique("overlay_canvas")
}

/// Makes `rect` the canvas: it takes the keyboard whenever nothing else has it, and keeps arrows and Esc to itself.
pub(super) fn canvas(ui: &egui::Ui, rect: egui::Rect, name: &str) {
    canvas_of(ui, rect, name, canvas_id());
}

/// The same in an overlay, which also takes the keyboard from the station under it.
pub(super) fn overlay_canvas(ui: &egui::Ui, rect: egui::Rect, name: &str) {
    canvas_of(ui, rect, name, overlay_canvas_id());
}

fn canvas_of(ui: &egui::Ui, rect: egui::Rect, name: &str, id: egui::Id) {
    let response = ui.interact(rect, id, egui::Sense::focusable_noninteractive());
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Group, true, name));
    let focused = ui.memory(|memory| memory.focused());
    if focused.is_none() || id != canvas_id() && focused == Some(canvas_id()) {
        response.request_focus();
    }
    if response.has_focus() {
        let filter =
            egui::EventFilter { tab: false, horizontal_arrows: true, vertical_arrows: true, escape: true };
        ui.memory_mut(|memory| memory.set_focus_lock_filter(id, filter));
    }
}

/// The field that filters the queue.
pub(super) fn queue_filter_id() -> egui::Id {
    egui::Id::unique("queue_filter")
}

/// The first button of the rail.
pub(super) fn rail_id() -> egui::Id {
    egui::Id::unique("rail_first")
}

/// Gives the keyboard to the pane after the one that has it: centre, queue filter, rail.
pub(super) fn focus_next_pane(ctx: &egui::Context) {
    let panes = [canvas_id(), queue_filter_id(), rail_id()];
    ctx.memory_mut(|memory| {
        let at = memory.focused().and_then(|id| panes.iter().position(|pane| *pane == id)).unwrap_or(0);
        memory.request_focus(panes[(at + 1) % panes.len()]);
    });
}

/// Which keys are actions now.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Listening {
    /// All.
    All,
    /// A button has the keyboard: all but Space, Enter and arrows.
    NotToButtons,
    /// A field or an overlay has it: only keys with Ctrl or Alt, function keys and Esc.
    NotToText,
}

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
        let focused = ctx.memory(|memory| memory.focused());
        let is_typing = |dialog: &Dialog| *dialog != Dialog::Models;
        let listening = if ctx.text_edit_focused() || state.chrome.dialog.as_ref().is_some_and(is_typing) {
            Listening::NotToText
        } else if focused.is_some_and(|id| id != canvas_id() && id != overlay_canvas_id()) {
            Listening::NotToButtons
        } else {
            Listening::All
        };
        ctx.input_mut(|input| {
            input.events.retain(|event| {
                let &Event::Key { key, physical_key, pressed, repeat, modifiers } = event else {
                    return true;
                };
                let event = KeyEvent { key, physical_key, pressed, repeat, modifiers };
                !self.take(state, keymap, &event, listening, out)
            });
        });
    }

    fn take(
        &mut self,
        state: &AppState,
        keymap: &Keymap,
        event: &KeyEvent,
        listening: Listening,
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
        let name = event.key.name();
        let always = event.key == Key::Escape || name.starts_with('F') && name.len() > 1;
        let is_button_key = matches!(
            event.key,
            Key::Space | Key::Enter | Key::ArrowLeft | Key::ArrowRight | Key::ArrowUp | Key::ArrowDown
        );
        let is_heard = match listening {
            Listening::All => true,
            Listening::NotToButtons => !(bare && is_button_key),
            Listening::NotToText => !bare || always,
        };
        if !is_heard {
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
