//! The views, one file each: they draw state and send commands.

pub(super) mod arena;
pub(super) mod catalogue;
pub(super) mod compare;
pub(super) mod duplicates;
pub(super) mod history;
pub(super) mod look_alikes;
pub(super) mod table;
pub(super) mod train;
