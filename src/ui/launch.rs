//! Opens the native window.

use std::path::PathBuf;

use super::{LookalikeApp, preferences};

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
    let (preferences, problems) = preferences::load();
    let size = preferences.window_size.map_or([1440.0, 900.0], |(width, height)| [width, height]);
    let viewport = egui::ViewportBuilder::default()
        .with_title("Lookalike")
        .with_app_id("lookalike")
        .with_inner_size(size)
        .with_min_inner_size([1024.0, 700.0])
        .with_drag_and_drop(true);
    let options = eframe::NativeOptions { viewport, ..Default::default() };
    eframe::run_native(
        "lookalike",
        options,
        Box::new(move |cc| {
            let mut app = LookalikeApp::new(&cc.egui_ctx, launch, preferences);
            app.keep_notes(problems);
            Ok(Box::new(app))
        }),
    )
    .map_err(|error| error.to_string())
}

/// One line about what would draw the window, for `lookalike doctor`: the graphics adapters found, best first.
pub fn describe_renderer() -> String {
    use eframe::wgpu;

    let instance = wgpu::Instance::new(wgpu::InstanceDescriptor::new_without_display_handle());
    let mut found = std::pin::pin!(instance.enumerate_adapters(wgpu::Backends::all()));
    // On the desktop the answer is there at the first poll; only browsers make one wait.
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    let std::task::Poll::Ready(adapters) = found.as_mut().poll(&mut context) else {
        return "wgpu, adapters unknown".to_owned();
    };
    let names: Vec<String> = adapters
        .iter()
        .map(|adapter| {
            let info = adapter.get_info();
            format!("{} ({})", info.name, info.backend)
        })
        .collect();
    if names.is_empty() {
        "none found; install a graphics driver (Vulkan or OpenGL)".to_owned()
    } else {
        names.join(", ")
    }
}
