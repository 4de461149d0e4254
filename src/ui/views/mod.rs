//! The views, one file each: they draw state and send commands.

pub(super) mod catalogue;
pub(super) mod duplicates;
pub(super) mod history;
