//! A station alone on screen, its commands applied, as the tests of views drive it.

use std::path::PathBuf;
use std::sync::Arc;

use egui_kittest::Harness;

use super::{Images, Outbox, Theme, ViewContext};
use crate::app::{AppState, Keymap, Session, Station, apply};
use crate::catalog::{Catalog, OpenOptions};
use crate::project::{Access, ProjectSettings};

/// A state with this catalogue open at this station.
pub(in crate::ui) fn state_at(station: Station, catalog: Catalog) -> AppState {
    let settings = ProjectSettings::new(catalog.source().clone(), OpenOptions::default());
    let mut state = AppState::default();
    state.chrome.station = station;
    state.session.open = Some(Session {
        folder: PathBuf::from("demo.lookalike"),
        name: "Demo".to_owned(),
        access: Access::Write,
        catalog: Arc::new(catalog),
        settings,
    });
    state
}

/// What `show` draws of the state, at the size of the centre of a small window.
pub(in crate::ui) fn stage(
    state: AppState,
    show: fn(&mut egui::Ui, ViewContext<'_>, &mut Outbox),
) -> Harness<'static, AppState> {
    let (theme, keymap, images) = (Theme::load(false), Keymap::default(), Images::default());
    if let Some(session) = &state.session.open {
        images.set_catalog(&session.catalog);
    }
    Harness::builder().with_size(egui::vec2(968.0, 632.0)).with_max_steps(32).build_ui_state(
        move |ui, state: &mut AppState| {
            let context = ViewContext { app: state, theme: &theme, images: &images, keymap: &keymap };
            let mut out = Outbox::new();
            show(ui, context, &mut out);
            for command in out {
                apply(state, command);
            }
        },
        state,
    )
}
