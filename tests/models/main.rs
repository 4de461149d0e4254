//! The model store against a hub on this machine: downloads that break, resume, lie and stop; and every model of the manifest
//! with files of the right and of wrong shapes.

mod download;
mod entries;
mod own;
mod server;
mod weights;
