//! Widgets shared by several views, one file each.
