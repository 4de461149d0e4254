//! Progress bars on a terminal, silence in a pipe.

use std::sync::{Mutex, PoisonError};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::console::Console;
use crate::jobs::{Progress, Reporter};

/// Draws one bar for the stage that runs.
pub(super) struct Bar {
    bar: ProgressBar,
    stage: Mutex<String>,
    is_watched: bool,
}

impl Bar {
    pub(super) fn new() -> Self {
        let is_watched = Console::is_watched();
        let target = if is_watched { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        Self { bar: ProgressBar::with_draw_target(None, target), stage: Mutex::default(), is_watched }
    }
}

impl Reporter for Bar {
    fn progress(&self, progress: &Progress) {
        if !self.is_watched {
            return;
        }
        let mut stage = self.stage.lock().unwrap_or_else(PoisonError::into_inner);
        if *stage != progress.stage {
            stage.clone_from(&progress.stage);
            let template = if progress.n_total == 0 { "{msg} {prefix}" } else { "{msg} {wide_bar} {prefix}" };
            if let Ok(style) = ProgressStyle::with_template(template) {
                self.bar.set_style(style);
            }
        }
        let left = progress.secs_left.map_or_else(String::new, |secs| format!(", {} left", duration(secs)));
        self.bar.set_length(progress.n_total);
        self.bar.set_position(progress.n_done);
        self.bar.set_prefix(format!("{}{left}", progress.counts()));
        self.bar.set_message(progress.stage.clone());
    }

    fn note(&self, message: &str) {
        self.bar.println(message);
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

/// Seconds as people say them.
pub(super) fn duration(secs: f64) -> String {
    let secs = secs.max(0.0);
    if secs < 10.0 {
        format!("{secs:.1} s")
    } else if secs < 90.0 {
        format!("{secs:.0} s")
    } else if secs < 5400.0 {
        format!("{:.0} min", secs / 60.0)
    } else {
        format!("{:.1} h", secs / 3600.0)
    }
}
