//! How many zeros a padding mode means for a picture of a given size.

use candle_core::{Result, Tensor};

use crate::nn::Padding;

/// Zeros on each side.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PadAmounts {
    /// Rows above.
    pub top: usize,
    /// Rows below.
    pub bottom: usize,
    /// Columns left.
    pub left: usize,
    /// Columns right.
    pub right: usize,
}

impl PadAmounts {
    /// The same on every side.
    pub fn symmetric(amount: usize) -> Self {
        Self { top: amount, bottom: amount, left: amount, right: amount }
    }

    /// What `padding` means for a picture of this size. A stride of zero counts as one.
    pub fn new(padding: Padding, [height, width]: [usize; 2], kernel: [usize; 2], stride: usize) -> Self {
        match padding {
            Padding::Symmetric([rows, columns]) => {
                Self { top: rows, bottom: rows, left: columns, right: columns }
            }
            Padding::Same => {
                let (top, bottom) = same(height, kernel[0], stride.max(1));
                let (left, right) = same(width, kernel[1], stride.max(1));
                Self { top, bottom, left, right }
            }
        }
    }

    /// Lays the zeros around (n, c, h, w).
    ///
    /// # Errors
    /// When there are no rows and columns.
    pub fn apply(self, features: &Tensor) -> Result<Tensor> {
        let mut padded = features.clone();
        if self.top + self.bottom > 0 {
            padded = padded.pad_with_zeros(2, self.top, self.bottom)?;
        }
        if self.left + self.right > 0 {
            padded = padded.pad_with_zeros(3, self.left, self.right)?;
        }
        Ok(padded)
    }
}

/// TensorFlow's SAME along one side: zeros before and after.
fn same(input: usize, kernel: usize, stride: usize) -> (usize, usize) {
    let reach = (input.div_ceil(stride).saturating_sub(1)) * stride + kernel;
    let total = reach.saturating_sub(input);
    (total / 2, total - total / 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn same_is_tensorflow_s() {
        // tf.keras.layers.Conv2D(padding="same") on 224 with 3x3 stride 2 pads (0, 1); on 225 it pads (1, 1).
        for (input, kernel, stride, expected) in [
            (224, 3, 2, (0, 1)),
            (225, 3, 2, (1, 1)),
            (112, 3, 1, (1, 1)),
            (112, 5, 2, (1, 2)),
            (7, 1, 1, (0, 0)),
            (1, 7, 3, (3, 3)),
            (4, 1, 2, (0, 0)),
        ] {
            assert_eq!(same(input, kernel, stride), expected, "{input} {kernel} {stride}");
        }
    }
}
