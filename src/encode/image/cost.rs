//! What a network costs, told from its graph: multiplications and memory for one picture. Runs nothing.

use crate::nn::{Convolution, Graph, Operation, Padding, Pool, PoolEdge};

/// The cost of one picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cost {
    /// Multiplications with an addition.
    pub(super) n_multiply_adds: u64,
    /// Most numbers that have to be held at once between two operations.
    pub(super) n_values_held: u64,
}

/// The shape of one picture's result.
#[derive(Clone, Copy, Debug)]
enum Shape {
    /// Channels, rows, columns.
    Picture([u64; 3]),
    /// Tokens, numbers each.
    Tokens([u64; 2]),
    Row(u64),
}

impl Shape {
    fn n_values(self) -> u64 {
        match self {
            Self::Picture(shape) => shape.iter().product(),
            Self::Tokens(shape) => shape.iter().product(),
            Self::Row(width) => width,
        }
    }
}

impl Cost {
    /// The cost of a picture of this side.
    pub(super) fn of(graph: &Graph, side: u32) -> Self {
        let last_readers = graph.last_readers();
        let mut shapes: Vec<Shape> = Vec::with_capacity(graph.nodes().len());
        let (mut n_multiply_adds, mut n_values_held, mut held) = (0, 0, 0);
        for (position, node) in graph.nodes().iter().enumerate() {
            let inputs: Vec<Shape> = node.inputs.iter().map(|input| shapes[input.index()]).collect();
            let (shape, work) = step(&node.operation, &inputs, u64::from(side));
            n_multiply_adds += work;
            held += shape.n_values();
            shapes.push(shape);
            n_values_held = held.max(n_values_held);
            let mut finished: Vec<usize> = node.inputs.iter().map(|input| input.index()).collect();
            finished.sort_unstable();
            finished.dedup();
            finished.retain(|&input| last_readers[input] == position);
            held -= finished.into_iter().map(|input| shapes[input].n_values()).sum::<u64>();
        }
        Self { n_multiply_adds, n_values_held }
    }
}

/// The shape of an operation's result, and its multiplications.
fn step(operation: &Operation, inputs: &[Shape], side: u64) -> (Shape, u64) {
    let input = inputs.first().copied().unwrap_or(Shape::Row(0));
    match (operation, input) {
        (Operation::Images, _) => (Shape::Picture([3, side, side]), 0),
        (Operation::Convolution(convolution), Shape::Picture(from)) => convolved(convolution, from),
        (Operation::MaxPool(pool) | Operation::AveragePool(pool, _), Shape::Picture(from)) => {
            (pooled(pool, from), 0)
        }
        (Operation::Concatenate, Shape::Picture([_, rows, columns])) => {
            let channels = inputs.iter().map(|shape| shape.n_values() / (rows * columns).max(1)).sum();
            (Shape::Picture([channels, rows, columns]), 0)
        }
        (Operation::GlobalAverage | Operation::GeneralisedMean { .. }, Shape::Picture([channels, ..])) => {
            (Shape::Row(channels), 0)
        }
        (Operation::UpsampleNearest(factor), Shape::Picture([channels, rows, columns])) => {
            let factor = *factor as u64;
            (Shape::Picture([channels, rows * factor, columns * factor]), 0)
        }
        (Operation::Flatten, shape) => (Shape::Row(shape.n_values()), 0),
        (Operation::Linear(linear), shape) => {
            let (from, to) = (linear.in_features as u64, linear.out_features as u64);
            let n_rows = shape.n_values() / from.max(1);
            let result = match shape {
                Shape::Row(_) => Shape::Row(to),
                _ => Shape::Tokens([n_rows, to]),
            };
            (result, n_rows * from * to)
        }
        (Operation::ToTokens, Shape::Picture([channels, rows, columns])) => {
            (Shape::Tokens([rows * columns, channels]), 0)
        }
        (Operation::ToImage, _) => (inputs.get(1).copied().unwrap_or(input), 0),
        (Operation::PrependToken(..), Shape::Tokens([n_tokens, width])) => {
            (Shape::Tokens([n_tokens + 1, width]), 0)
        }
        (Operation::SelfAttention(_), Shape::Tokens([n_tokens, width])) => {
            (input, n_tokens * width * (3 * width + 2 * n_tokens))
        }
        (Operation::ProbeAttention(_), Shape::Tokens([n_tokens, width])) => {
            (Shape::Tokens([1, width]), 2 * n_tokens * width * (width + 1))
        }
        (Operation::PoolTokens(_), Shape::Tokens([_, width])) => (Shape::Row(width), 0),
        // All others give what they read its shape back, at a cost beside which theirs is none.
        (_, shape) => (shape, 0),
    }
}

fn convolved(convolution: &Convolution, [_, rows, columns]: [u64; 3]) -> (Shape, u64) {
    let Convolution { kernel, stride, padding, .. } = convolution;
    let side = |axis: usize, from: u64| {
        windows(from, kernel[axis] as u64, *stride as u64, *padding, axis, PoolEdge::Floor)
    };
    let out = Shape::Picture([convolution.out_channels as u64, side(0, rows), side(1, columns)]);
    let fan_in = convolution.in_channels / convolution.groups.max(1) * kernel[0] * kernel[1];
    (out, out.n_values() * fan_in as u64)
}

fn pooled(pool: &Pool, [channels, rows, columns]: [u64; 3]) -> Shape {
    let (kernel, stride) = (pool.kernel as u64, pool.stride as u64);
    let side = |axis: usize, from: u64| windows(from, kernel, stride, pool.padding, axis, pool.edge);
    Shape::Picture([channels, side(0, rows), side(1, columns)])
}

/// How often a window fits into a side.
fn windows(from: u64, kernel: u64, stride: u64, padding: Padding, axis: usize, edge: PoolEdge) -> u64 {
    let stride = stride.max(1);
    match padding {
        Padding::Same => from.div_ceil(stride),
        Padding::Symmetric(amounts) => {
            let free = (from + 2 * amounts[axis] as u64).saturating_sub(kernel);
            1 + if edge == PoolEdge::Ceil { free.div_ceil(stride) } else { free / stride }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use super::*;
    use crate::encode::image_architecture;

    /// Multiply-adds in units of 10^7: torchvision's and timm's model pages; counted by fvcore for the last two.
    #[test]
    fn costs_are_those_of_the_papers() {
        for (id, side, expected) in [
            ("resnet18", 224, 181),
            ("resnet50", 224, 409),
            ("vgg16", 224, 1547),
            ("mobilenetv2_100", 224, 30),
            ("mobilenetv2_tf", 224, 30),
            ("mobilenetv3_large_100", 224, 22),
            ("efficientnet_b0", 224, 39),
            ("inception_v3", 299, 571),
            ("densenet121", 224, 283),
            ("convnext_tiny", 224, 446),
            ("vit_base_patch32_clip_224.openai", 224, 440),
        ] {
            let graph = (image_architecture(id).unwrap().graph)(side);
            let found = Cost::of(&graph, side).n_multiply_adds as f64 / 1e7;
            let close = (found / f64::from(expected) - 1.0).abs() < 0.06;
            assert!(close, "{id}: {found} instead of {expected}");
        }
    }

    #[test]
    fn what_is_held_is_the_widest_place() {
        let graph = (image_architecture("resnet18").unwrap().graph)(224);
        // The stem's 64 channels at 112 x 112 beside the picture.
        assert_eq!(Cost::of(&graph, 224).n_values_held, 64 * 112 * 112 + 64 * 56 * 56);
    }
}
