//! What must happen outside the state: the shell carries these out and reports back as commands and events.
use std::path::PathBuf;

use crate::catalog::OpenOptions;
use crate::jobs::{JobId, Request};

/// Why a path is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PickFor {
    /// A catalogue file.
    Catalogue,
    /// A folder of pictures, or a project.
    Folder,
    /// The folder in which missing pictures are looked up.
    ImagesFolder,
    /// Where an export goes; the format id and the suggested file name.
    Export {
        /// Format id.
        format: &'static str,
        /// Suggested file name.
        file_name: &'static str,
    },
    /// A file of decided pairs.
    ImportPairs,
    /// A candidates file: a query and its candidates a line.
    Candidates,
    /// Where a copy of the decision log goes.
    LogCopy,
    /// Where the problems table goes.
    Problems,
    /// Where the head trained by the recipe with this id goes.
    Head(String),
    /// The weights of a known model, or (`None`) of a new one.
    ModelFiles(Option<String>),
}

/// How a screen reader should say something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Politeness {
    /// When there is a pause: verdicts.
    Polite,
    /// At once: errors.
    Assertive,
}

/// One thing to do outside.
#[derive(Clone, Debug)]
pub enum Effect {
    /// Open a path: a project folder, a folder of pictures, or a catalogue file, whichever it is.
    OpenPath {
        /// The path as given.
        path: PathBuf,
        /// How to read it, where it is a catalogue.
        options: OpenOptions,
    },
    /// Ask a job.
    Job(Request),
    /// Stop the running long job; what is finished stays.
    CancelJob,
    /// Stop this job; what is finished stays.
    CancelThis(JobId),
    /// Show a native dialog; the answer comes back as a command.
    PickPath(PickFor),
    /// Open a file or URL with the system's program for it.
    OpenExternally(String),
    /// Put text on the clipboard.
    CopyText(String),
    /// Say something to assistive technology.
    Announce(String, Politeness),
    /// Write the table of problems as CSV.
    SaveProblems(PathBuf),
    /// Write the preferences file.
    SavePreferences,
    /// Give the keyboard to the next pane.
    NextPane,
    /// Switch full screen.
    ToggleFullScreen,
    /// Close the window.
    Quit,
}
