//! Makes published weights fit a graph where they differ in form only: another library's names, a matrix where the graph
//! has a convolution over everything, positions of another picture size. What differs in substance is left as it is,
//! and loading names it.

use super::architecture::ImageArchitecture;
use super::vit::POSITIONS;
use crate::encode::Interpolation;
use crate::encode::preprocess::{Window, weights as resize_weights};
use crate::nn::{Graph, NnError, Operation, Weights};

/// The weights as `graph`, a graph of `architecture`, reads them.
///
/// # Errors
/// [`NnError::Tensor`] when a tensor that must be computed anew cannot be read.
pub fn adapt_weights(
    weights: Weights,
    architecture: &ImageArchitecture,
    graph: &Graph,
) -> Result<Weights, NnError> {
    let mut weights = weights.with_names(architecture.other_name);
    for parameter in graph.parameters() {
        let Some(found) = weights.shape(&parameter.name).map(<[usize]>::to_vec) else { continue };
        if found == parameter.shape {
            continue;
        }
        if is_same_in_another_form(&found, &parameter.shape) {
            weights.reshape(&parameter.name, &parameter.shape);
        } else if let Some(change) = Resampling::between(&parameter.name, &found, &parameter.shape, graph) {
            let values = weights.values(&parameter.name, &found)?;
            weights.replace(&parameter.name, &parameter.shape, &change.apply(&values))?;
        }
    }
    Ok(weights)
}

/// Whether a tensor found with one shape can be read with another: dimensions of one added or left out, or a matrix for
/// a convolution that sees its whole input.
pub(crate) fn is_same_in_another_form(found: &[usize], expected: &[usize]) -> bool {
    let without_ones =
        |shape: &[usize]| -> Vec<usize> { shape.iter().copied().filter(|&n| n != 1).collect() };
    if without_ones(found) == without_ones(expected) {
        return true;
    }
    match (found, expected) {
        ([rows, columns], [out, rest @ ..]) if rest.len() == 3 => {
            rows == out && *columns == rest.iter().product::<usize>()
        }
        _ => false,
    }
}

/// Positions learned for one square of patches, computed for another.
#[derive(Clone, Copy, Debug)]
struct Resampling {
    /// Rows before those of the patches (the class token's), kept as they are.
    n_prefix: usize,
    from_side: usize,
    to_side: usize,
    width: usize,
}

impl Resampling {
    fn between(name: &str, found: &[usize], expected: &[usize], graph: &Graph) -> Option<Self> {
        let (&[1, _, width], [.., n_found, found_width]) = (expected, found) else { return None };
        if name != POSITIONS || *found_width != width {
            return None;
        }
        let prefixes =
            graph.nodes().iter().filter(|node| matches!(node.operation, Operation::PrependToken(..)));
        let n_prefix = prefixes.count();
        let side = |n_rows: usize| {
            let n_patches = n_rows.checked_sub(n_prefix)?;
            let side = n_patches.isqrt();
            (side > 0 && side * side == n_patches && u32::try_from(side).is_ok()).then_some(side)
        };
        Some(Self { n_prefix, from_side: side(*n_found)?, to_side: side(expected[1])?, width })
    }

    /// Antialiased bicubic interpolation of each number over the square, first along the rows, as timm resamples them.
    fn apply(self, values: &[f32]) -> Vec<f32> {
        let Self { n_prefix, from_side, to_side, width } = self;
        let (prefix, square) = values.split_at((n_prefix * width).min(values.len()));
        let window = Window { resized: to_side as u32, start: 0, len: to_side as u32 };
        let taps: Vec<_> = resize_weights(from_side as u32, window, Interpolation::Bicubic).collect();
        // Weighted sums of runs of `len` numbers that lie one after the other.
        let blend = |line: &[f32], len: usize, to: &mut Vec<f32>| {
            for (start, weights) in &taps {
                let mut sums = vec![0.0_f64; len];
                for (weight, run) in weights.iter().zip(line.chunks_exact(len).skip(*start)) {
                    sums.iter_mut().zip(run).for_each(|(sum, &value)| *sum += weight * f64::from(value));
                }
                to.extend(sums.into_iter().map(|sum| sum as f32));
            }
        };
        let mut narrow = Vec::with_capacity(from_side * to_side * width);
        for line in square.chunks_exact(from_side * width) {
            blend(line, width, &mut narrow);
        }
        let mut resampled = prefix.to_vec();
        blend(&narrow, to_side * width, &mut resampled);
        resampled
    }
}

#[cfg(test)]
#[path = "adapt_tests.rs"]
mod tests;
