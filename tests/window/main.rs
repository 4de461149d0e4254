//! The real window on the real demo catalogue, driven by keyboard and accessible labels.

mod arena;
mod compare;
mod driver;
mod keyboard;
mod layouts;
mod look_alikes;
mod models;
mod pictures;
mod train;
mod two_windows;
