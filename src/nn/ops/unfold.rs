//! The patches under a convolution's kernel as columns of a matrix, and back: what a convolution's gradient is made of
//! on the CPU.

use candle_core::{CpuStorage, CustomOp1, Layout, Result, Shape, bail};
use rayon::prelude::*;

use super::storage::{chunk, floats};

/// How a kernel moves over a padded picture.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sliding {
    /// Rows and columns of the picture, padding included.
    pub(super) input: [usize; 2],
    pub(super) kernel: [usize; 2],
    pub(super) stride: usize,
}

impl Sliding {
    /// Rows and columns of the result.
    pub(super) fn output(&self) -> [usize; 2] {
        [0, 1].map(|side| (self.input[side] - self.kernel[side]) / self.stride + 1)
    }

    /// Calls `visit` for each row of the patch matrix of one channel that belongs to one output row: its start in the
    /// matrix, its start in the picture and its length; the step in the picture is the stride.
    fn for_each_run(&self, mut visit: impl FnMut(usize, usize, usize)) {
        let [rows, columns] = self.output();
        for tap_row in 0..self.kernel[0] {
            for tap_column in 0..self.kernel[1] {
                let matrix_row = (tap_row * self.kernel[1] + tap_column) * rows * columns;
                for row in 0..rows {
                    let from = (row * self.stride + tap_row) * self.input[1] + tap_column;
                    visit(matrix_row + row * columns, from, columns);
                }
            }
        }
    }

    fn picture_len(&self) -> usize {
        self.input[0] * self.input[1]
    }

    fn matrix_len(&self) -> usize {
        self.kernel[0] * self.kernel[1] * self.output()[0] * self.output()[1]
    }
}

/// (1, c, h, w) to (c kh kw, oh ow).
pub(super) struct Unfold(pub(super) Sliding);

/// (c kh kw, oh ow) to (1, c, h, w): every number is added where [`Unfold`] takes it from.
pub(super) struct Fold(pub(super) Sliding);

impl CustomOp1 for Unfold {
    fn name(&self) -> &'static str {
        "unfold"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let picture = floats(storage, layout)?;
        let (one, channels, height, width) = layout.shape().dims4()?;
        let sliding = &self.0;
        if one != 1 || [height, width] != sliding.input {
            bail!("unfold: {:?} is not one picture of {:?}", layout.dims(), sliding.input);
        }
        let mut matrix = vec![0.0_f32; channels * sliding.matrix_len()];
        matrix.par_chunks_mut(sliding.matrix_len()).enumerate().for_each(|(channel, matrix)| {
            let plane = chunk(picture, channel, sliding.picture_len());
            sliding.for_each_run(|to, from, len| {
                let taken = plane[from..].iter().step_by(sliding.stride);
                matrix[to..to + len].iter_mut().zip(taken).for_each(|(to, from)| *to = *from);
            });
        });
        let [rows, columns] = sliding.output();
        Ok((
            CpuStorage::F32(matrix),
            Shape::from((channels * sliding.kernel[0] * sliding.kernel[1], rows * columns)),
        ))
    }
}

impl CustomOp1 for Fold {
    fn name(&self) -> &'static str {
        "fold"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let matrix = floats(storage, layout)?;
        let sliding = &self.0;
        let channels = matrix.len() / sliding.matrix_len();
        let mut picture = vec![0.0_f32; channels * sliding.picture_len()];
        picture.par_chunks_mut(sliding.picture_len()).enumerate().for_each(|(channel, plane)| {
            let matrix = chunk(matrix, channel, sliding.matrix_len());
            sliding.for_each_run(|from, to, len| {
                let places = plane[to..].iter_mut().step_by(sliding.stride);
                places.zip(&matrix[from..from + len]).for_each(|(to, from)| *to += from);
            });
        });
        Ok((CpuStorage::F32(picture), Shape::from((1, channels, sliding.input[0], sliding.input[1]))))
    }
}
