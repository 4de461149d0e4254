//! Opens the native window.

use std::path::PathBuf;

use super::LookalikeApp;

/// What to show first.
#[derive(Clone, Debug, Default)]
pub struct Launch {
    /// A catalogue, folder or project; `None` reopens the last project, or the demo on first start.
    pub open: Option<PathBuf>,
    /// Models folder from the command line.
    pub models: Option<PathBuf>,
    /// Device from the command line.
    pub device: crate::nn::DeviceChoice,
}

/// Runs the window until it is closed.
///
/// # Errors
/// When no window can be opened (no display, no graphics driver), with the reason.
pub fn run(launch: Launch) -> Result<(), String> {
    let viewport = egui::ViewportBuilder::default()
        .with_title("Lookalike")
        .with_app_id("lookalike")
        .with_inner_size([1440.0, 900.0])
        .with_min_inner_size([1024.0, 700.0])
        .with_drag_and_drop(true);
    let options = eframe::NativeOptions { viewport, ..Default::default() };
    eframe::run_native(
        "lookalike",
        options,
        Box::new(move |cc| Ok(Box::new(LookalikeApp::new(&cc.egui_ctx, launch)))),
    )
    .map_err(|error| error.to_string())
}
