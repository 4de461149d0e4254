//! Layers that serve inference and training.
