//! `lookalike` without a subcommand: the window on the demo or the last project; without a display the demo's job, headless.

use super::console::Console;
use super::headless;
use crate::jobs::JobError;
use crate::ui::{Launch, run as run_window};

pub(super) fn run(console: &Console) -> Result<(), JobError> {
    match need_display() {
        Ok(()) => match run_window(Launch::default()) {
            Ok(()) => Ok(()),
            Err(reason) => headless::run(&reason, console),
        },
        Err(reason) => headless::run(&reason.to_string(), console),
    }
}

/// Refuses where no window can be shown.
pub(super) fn need_display() -> Result<(), JobError> {
    let has = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    if cfg!(all(unix, not(target_os = "macos")))
        && !has("DISPLAY")
        && !has("WAYLAND_DISPLAY")
        && !has("WAYLAND_SOCKET")
    {
        return Err(JobError::Refused(
            "no display was found (neither DISPLAY nor WAYLAND_DISPLAY is set). Run it on a desktop, through `ssh -X`, or with `xvfb-run -a lookalike`"
                .to_owned(),
        ));
    }
    Ok(())
}
