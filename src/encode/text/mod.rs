//! Text encoders, one file an architecture.
