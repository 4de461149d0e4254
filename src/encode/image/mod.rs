//! Image encoders, one file an architecture.

pub(super) mod mobilenetv2_tf;
