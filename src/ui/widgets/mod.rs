//! Widgets shared by several views, one file each.

mod keycap;
mod picture;

pub(super) use keycap::keycap;
pub(super) use picture::{Drawn, paint_picture, picture};
