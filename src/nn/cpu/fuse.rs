//! Operations put together: sums, activations, gates and norms done by the convolution before or after them.

use std::sync::Arc;

use super::lower::{Convolved, Lowered, Node, Pointwise};
use crate::nn::Activation;

/// Fuses what can be, and leaves out what nobody reads any more; the last node stays the last.
pub(super) fn fuse(nodes: Vec<Node>) -> Vec<Node> {
    let mut fusing = Fusing { nodes: nodes.into_iter().map(Some).collect() };
    fusing.skip_aliases();
    for position in 0..fusing.nodes.len() {
        fusing.join_with_input(position);
    }
    for position in 0..fusing.nodes.len() {
        fusing.join_with_summand(position);
    }
    // A sum that a convolution has taken over may be followed by an activation.
    for position in 0..fusing.nodes.len() {
        fusing.join_with_input(position);
    }
    for position in 0..fusing.nodes.len() {
        fusing.join_into_reader(position);
    }
    fusing.compacted()
}

struct Fusing {
    nodes: Vec<Option<Node>>,
}

impl Fusing {
    fn operation(&self, position: usize) -> Option<&Lowered> {
        self.nodes.get(position)?.as_ref().map(|node| &node.operation)
    }

    fn n_readers(&self, position: usize) -> usize {
        let inputs = self.nodes.iter().flatten().flat_map(|node| &node.inputs);
        inputs.filter(|&&input| input == position).count()
    }

    /// Reads through operations that change nothing but the kind of tensor, where they are not the last.
    fn skip_aliases(&mut self) {
        let mut leads_to: Vec<usize> = (0..self.nodes.len()).collect();
        for position in 0..self.nodes.len() {
            let Some(node) = self.nodes.get_mut(position).and_then(Option::as_mut) else { continue };
            node.inputs.iter_mut().for_each(|input| *input = leads_to[*input]);
            if let (Lowered::Alias, Some(&input)) = (&node.operation, node.inputs.first()) {
                leads_to[position] = input;
            }
        }
    }

    /// An elementwise operation by the operation before it.
    fn join_with_input(&mut self, position: usize) {
        let Some(Lowered::Elementwise(after)) = self.operation(position).cloned() else { return };
        let Some(node) = self.nodes[position].clone() else { return };
        let Some(&from) = node.inputs.first() else { return };
        if self.n_readers(from) != 1 {
            return;
        }
        let Some(mut before) = self.nodes[from].clone() else { return };
        let is_plain = !after.has_gate && !after.has_other && after.first == Activation::Identity;
        let is_activation = is_plain && after.affine.is_none() && after.factor == 1.0;
        match &mut before.operation {
            Lowered::Convolve(Convolved { activation, .. }) | Lowered::Channelwise { activation, .. }
                if is_activation && *activation == Activation::Identity =>
            {
                *activation = after.last;
            }
            // Scales and shifts of a convolution's sums are those of its weights and bias.
            Lowered::Convolve(convolved)
                if is_plain
                    && after.factor == 1.0
                    && convolved.activation == Activation::Identity
                    && !convolved.has_residual
                    && convolved.weights.packed.n_groups() == 1 =>
            {
                let Some(affine) = &after.affine else { return };
                if affine
                    .iter()
                    .any(|values| values.len() != convolved.weights.packed.width().next_multiple_of(16))
                {
                    return;
                }
                convolved.weights = Arc::new(convolved.weights.scaled(affine));
                convolved.activation = after.last;
            }
            Lowered::Elementwise(first) => {
                let Some(joined) = joined(first, &after) else { return };
                *first = joined;
                before.inputs.extend(node.inputs.get(1..).unwrap_or_default());
            }
            _ => return,
        }
        self.nodes[from] = None;
        self.nodes[position] = Some(before);
    }

    /// A sum by the convolution that makes one of its summands.
    fn join_with_summand(&mut self, position: usize) {
        let Some(Lowered::Elementwise(sum)) = self.operation(position).cloned() else { return };
        let Some(node) = self.nodes[position].clone() else { return };
        let &[a, b] = node.inputs.as_slice() else { return };
        let is_sum =
            sum.has_other && sum.affine.is_none() && sum.factor == 1.0 && sum.first == Activation::Identity;
        if !is_sum || a == b {
            return;
        }
        // The later of the two, so that the other is there.
        let mut choices = [(a, b), (b, a)];
        choices.sort_by_key(|&(made, _)| std::cmp::Reverse(made));
        for (made, other) in choices {
            let Some(Node { operation: Lowered::Convolve(convolved), inputs }) = self.nodes[made].clone()
            else {
                continue;
            };
            if self.n_readers(made) != 1
                || convolved.activation != Activation::Identity
                || convolved.has_residual
            {
                continue;
            }
            let convolved = Convolved { has_residual: true, activation: sum.last, ..convolved };
            let inputs = inputs.into_iter().chain([other]).collect();
            self.nodes[made] = None;
            self.nodes[position] = Some(Node { operation: Lowered::Convolve(convolved), inputs });
            return;
        }
    }

    /// A gate, or a norm with its activation, by the 1x1 convolution that reads it.
    fn join_into_reader(&mut self, position: usize) {
        let Some(Node { operation: Lowered::Convolve(convolved), inputs }) = self.nodes[position].clone()
        else {
            return;
        };
        let is_plain = convolved.is_pointwise() && !convolved.has_gate && convolved.affine.is_none();
        let Some(&from) = inputs.first() else { return };
        if !is_plain || self.n_readers(from) != 1 {
            return;
        }
        let Some(Node { operation: Lowered::Elementwise(before), inputs: before_inputs }) =
            self.nodes[from].clone()
        else {
            return;
        };
        if before.has_other || before.first != Activation::Identity || before.factor != 1.0 {
            return;
        }
        let bounds = match before.last {
            Activation::Identity => [f32::NEG_INFINITY, f32::INFINITY],
            Activation::Relu => [0.0, f32::INFINITY],
            Activation::Relu6 => [0.0, 6.0],
            _ => return,
        };
        let changed = match (before.has_gate, before.affine) {
            (true, None) if before.last == Activation::Identity => Convolved { has_gate: true, ..convolved },
            (false, Some(affine)) => Convolved { affine: Some((Arc::new(affine), bounds)), ..convolved },
            _ => return,
        };
        let inputs = before_inputs.into_iter().chain(inputs.into_iter().skip(1)).collect();
        self.nodes[from] = None;
        self.nodes[position] = Some(Node { operation: Lowered::Convolve(changed), inputs });
    }

    fn compacted(self) -> Vec<Node> {
        let last = self.nodes.len().saturating_sub(1);
        let mut is_read = vec![false; self.nodes.len()];
        is_read[last] = true;
        for position in (0..self.nodes.len()).rev() {
            if let (true, Some(node)) = (is_read[position], &self.nodes[position]) {
                node.inputs.iter().for_each(|&input| is_read[input] = true);
            }
        }
        let mut places = vec![usize::MAX; self.nodes.len()];
        let mut result: Vec<Node> = Vec::new();
        for (position, node) in self.nodes.into_iter().enumerate() {
            let Some(mut node) = node.filter(|_| is_read[position]) else { continue };
            node.inputs.iter_mut().for_each(|input| *input = places[*input]);
            places[position] = result.len();
            result.push(node);
        }
        result
    }
}

/// Two elementwise operations as one, where one can do both.
fn joined(first: &Pointwise, after: &Pointwise) -> Option<Pointwise> {
    // first: last1(first1(x) s1 g1 + t1 + o1); after: last2(first2(.) s2 g2 + t2 + o2).
    let has_no_sum = !first.has_other && first.affine.is_none();
    if after.first != Activation::Identity && first.last != Activation::Identity {
        return None;
    }
    if after.affine.is_none() && !after.has_gate && after.factor == 1.0 && !after.has_other {
        // Only an activation follows.
        let is_free = first.last == Activation::Identity && after.first == Activation::Identity;
        return is_free.then(|| Pointwise { last: after.last, ..first.clone() });
    }
    let is_activation_alone =
        first.affine.is_none() && first.factor == 1.0 && !first.has_gate && !first.has_other;
    if is_activation_alone && first.first == Activation::Identity && after.first == Activation::Identity {
        return Some(Pointwise { first: first.last, ..after.clone() });
    }
    let is_linear = first.last == Activation::Identity && after.first == Activation::Identity;
    if has_no_sum && is_linear && after.affine.is_none() && !after.has_gate {
        return Some(Pointwise {
            factor: first.factor * after.factor,
            has_other: after.has_other,
            last: after.last,
            ..first.clone()
        });
    }
    None
}
