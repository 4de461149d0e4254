//! Image encoders, one file an architecture.
