//! Averages of the uncentred blocks over 2,370 product photographs (fashion, groceries; studio and shelf), rounded to
//! three digits. Taking them off leaves what sets a picture apart. They are part of the encoder: changing one changes
//! every row, so the fingerprint's version must change with it.

use super::blocks::{N_COLOURS, N_ORIENTATIONS};

/// One value an orientation, the same for every cell; a leaning and its mirror image have the same.
pub const AVERAGE_GRADIENTS: [f32; N_ORIENTATIONS] = [0.767, 0.629, 0.591, 0.599, 0.754, 0.599, 0.591, 0.629];

/// Hue by hue, each with two chromas of four values; greys last. The same for every region.
#[rustfmt::skip]
pub const AVERAGE_COLOURS: [f32; N_COLOURS] = [
    0.057, 0.163, 0.249, 0.172, 0.000, 0.021, 0.082, 0.065,
    0.049, 0.147, 0.243, 0.180, 0.000, 0.017, 0.073, 0.062,
    0.017, 0.039, 0.051, 0.037, 0.000, 0.003, 0.010, 0.008,
    0.012, 0.030, 0.037, 0.023, 0.000, 0.003, 0.007, 0.003,
    0.020, 0.057, 0.076, 0.050, 0.000, 0.007, 0.024, 0.016,
    0.037, 0.091, 0.097, 0.055, 0.000, 0.008, 0.023, 0.014,
    0.030, 0.060, 0.056, 0.032, 0.000, 0.003, 0.005, 0.002,
    0.027, 0.053, 0.055, 0.039, 0.000, 0.003, 0.013, 0.012,
    0.184, 0.303, 0.286, 0.243,
];
