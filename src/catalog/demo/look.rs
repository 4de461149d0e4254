//! How a product looks, as plain numbers and words; families turn it into shapes.

use super::families::Family;
use super::icons::Motif;
use super::palette::Palette;

/// The visual design of one product line in one colour. Everything that reaches the picture is here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Look {
    pub(super) family: Family,
    pub(super) motif: Motif,
    /// Printed brand.
    pub(super) brand: &'static str,
    /// Printed series or flavour.
    pub(super) series: &'static str,
    /// Printed name of the thing, in English.
    pub(super) noun: &'static str,
    pub(super) palette: Palette,
    /// Free shape parameters; each family reads them with [`Look::shape`].
    pub(super) shape: [u8; 8],
    /// Label layout, modulo the number of layouts.
    pub(super) layout: u8,
}

impl Look {
    /// Shape parameter `i`, spread over `low` to `high`.
    pub(super) fn shape(&self, i: usize, low: f32, high: f32) -> f32 {
        let byte = self.shape.get(i).copied().unwrap_or(128);
        low + (high - low) * f32::from(byte) / 255.0
    }

    /// Shape parameter `i` as one of `n` styles.
    pub(super) fn style(&self, i: usize, n: u32) -> u32 {
        let byte = self.shape.get(i).copied().unwrap_or(0);
        u32::from(byte) * n / 256
    }
}

/// How one item is turned towards the camera.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Pose {
    /// -100 (turned left) to 100 (turned right).
    pub(super) turn: i8,
}

impl Pose {
    /// The turn as -1 to 1.
    pub(super) fn turn(self) -> f32 {
        f32::from(self.turn) / 100.0
    }
}
