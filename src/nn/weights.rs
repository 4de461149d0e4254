//! Reads weight files: named tensors with their expected shapes checked.

/// A checked, open safetensors file.
#[derive(Debug)]
pub struct Weights {
    _private: (),
}
