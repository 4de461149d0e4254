//! `lookalike open`: the window on a project or a catalogue.

use std::path::PathBuf;

use super::session::DeviceArgs;
use super::window;
use crate::jobs::JobError;
use crate::ui::{Launch, run as run_window};

/// Open a project folder or a catalogue in the window.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// NAME.lookalike, a CSV, TSV or JSON Lines file, or a folder of pictures.
    path: PathBuf,
    #[command(flatten)]
    device: DeviceArgs,
}

pub(super) fn run(args: Args) -> Result<(), JobError> {
    if !args.path.exists() {
        return Err(JobError::Refused(format!(
            "there is no such file or folder. Check the path: {}",
            args.path.display()
        )));
    }
    window::need_display()?;
    let launch = Launch { open: Some(args.path), models: args.device.models, device: args.device.device };
    run_window(launch).map_err(JobError::Refused)
}
