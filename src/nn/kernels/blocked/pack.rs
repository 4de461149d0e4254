//! Weights in the order in which tiles read them, made once.

use super::Tiles;
use super::buffer::Buffer;
use super::place::{BLOCK, n_blocks};

/// Weights of a convolution or linear layer: for each group, panels of one or two blocks of output channels; in a panel for
/// each k (a channel under a tap) one number for every output channel. Channels that fill up a block are zeros.
#[derive(Clone, Debug)]
pub(in crate::nn) struct Packed {
    values: Buffer,
    bias: Buffer,
    tiles: Tiles,
    n_groups: usize,
    /// Output channels of a group.
    group_width: usize,
    /// Numbers k runs over.
    depth: usize,
}

/// For each k the place of its weight in a row (channels, rows, columns) of a kernel, in the order of blocked maps: blocks
/// of channels, then taps, then channels of the block.
pub(in crate::nn) fn blocked_order(channels: usize, kernel: [usize; 2]) -> Vec<usize> {
    let n_taps = kernel[0] * kernel[1];
    let mut order = Vec::with_capacity(channels * n_taps);
    for first in (0..channels).step_by(BLOCK) {
        for tap in 0..n_taps {
            order.extend((first..channels.min(first + BLOCK)).map(|channel| channel * n_taps + tap));
        }
    }
    order
}

impl Packed {
    /// `weight` holds for each output channel `order.len()` numbers; `order` says which comes when.
    ///
    /// # Panics
    /// When lengths do not fit.
    pub(in crate::nn) fn new(
        tiles: Tiles,
        weight: &[f32],
        bias: &[f32],
        n_groups: usize,
        order: &[usize],
    ) -> Self {
        let depth = order.len();
        assert!(weight.len() == bias.len() * depth && n_groups > 0 && bias.len().is_multiple_of(n_groups));
        let group_width = bias.len() / n_groups;
        let group_blocks = n_blocks(group_width);
        let mut values = Buffer::zeros(n_groups * group_blocks * depth * BLOCK);
        let mut padded_bias = Buffer::zeros(n_groups * group_blocks * BLOCK);
        let most = tiles.most_blocks();
        let to = values.as_mut_slice();
        for (channel, (row, &bias)) in weight.chunks(depth.max(1)).zip(bias).enumerate() {
            let (group, within) = (channel / group_width, channel % group_width);
            let block = within / BLOCK;
            let panel = block / most;
            let panel_blocks = (group_blocks - panel * most).min(most);
            let panel_start = (group * group_blocks + panel * most) * depth * BLOCK;
            let lane = panel_start + (block - panel * most) * BLOCK + within % BLOCK;
            for (k, &from) in order.iter().enumerate() {
                to[lane + k * panel_blocks * BLOCK] = row[from];
            }
            padded_bias.as_mut_slice()[group * group_blocks * BLOCK + within] = bias;
        }
        Self { values, bias: padded_bias, tiles, n_groups, group_width, depth }
    }

    /// The same with every output channel's sum times `scale` plus `shift`; only of a single group.
    ///
    /// # Panics
    /// When there are more groups, or fewer numbers than whole blocks of channels.
    pub(in crate::nn) fn scaled(&self, [scale, shift]: [&[f32]; 2]) -> Self {
        let (blocks, most) = (self.group_blocks(), self.tiles.most_blocks());
        assert!(self.n_groups == 1 && scale.len().min(shift.len()) >= blocks * BLOCK);
        let mut this = self.clone();
        let values = this.values.as_mut_slice();
        for panel in (0..blocks).step_by(most) {
            let width = (blocks - panel).min(most) * BLOCK;
            let panel_values = &mut values[panel * self.depth * BLOCK..][..width * self.depth];
            for row in panel_values.chunks_exact_mut(width) {
                row.iter_mut().zip(&scale[panel * BLOCK..]).for_each(|(value, scale)| *value *= scale);
            }
        }
        let affine = scale.iter().zip(shift);
        this.bias.as_mut_slice().iter_mut().zip(affine).for_each(|(bias, (scale, shift))| {
            *bias = *bias * scale + shift;
        });
        this
    }

    /// The tiles it is packed for.
    pub(in crate::nn) fn tiles(&self) -> Tiles {
        self.tiles
    }

    pub(in crate::nn) fn n_groups(&self) -> usize {
        self.n_groups
    }

    /// Output channels.
    pub(in crate::nn) fn width(&self) -> usize {
        self.n_groups * self.group_width
    }

    /// Blocks of output channels of a group.
    pub(super) fn group_blocks(&self) -> usize {
        n_blocks(self.group_width)
    }

    /// Numbers k runs over.
    pub(in crate::nn) fn depth(&self) -> usize {
        self.depth
    }

    /// The weights from block `block` of group `group` on, which begins a panel.
    pub(super) fn panel(&self, group: usize, block: usize) -> &[f32] {
        let first = (group * self.group_blocks() + block) * self.depth * BLOCK;
        self.values.as_slice().get(first..).unwrap_or_default()
    }

    /// The bias from block `block` of group `group` on.
    pub(super) fn bias(&self, group: usize, block: usize) -> &[f32] {
        self.bias.as_slice().get((group * self.group_blocks() + block) * BLOCK..).unwrap_or_default()
    }

    /// The weight of output channel `channel` (of a single group) at place `k`.
    pub(super) fn value(&self, channel: usize, k: usize) -> f32 {
        let most = self.tiles.most_blocks();
        let block = channel / BLOCK;
        let panel = block / most;
        let panel_blocks = (self.group_blocks() - panel * most).min(most);
        let start = panel * most * self.depth * BLOCK;
        let at = start + k * panel_blocks * BLOCK + (block - panel * most) * BLOCK + channel % BLOCK;
        self.values.as_slice().get(at).copied().unwrap_or_default()
    }
}

/// A number for every channel and tap, in blocks of sixteen channels: for each block all taps, then the bias.
#[derive(Clone, Debug)]
pub(in crate::nn) struct PackedChannels {
    values: Buffer,
    kernel: [usize; 2],
    channels: usize,
}

impl PackedChannels {
    /// `weight` holds for each channel the kernel's rows.
    ///
    /// # Panics
    /// When lengths do not fit.
    pub(in crate::nn) fn new(weight: &[f32], bias: &[f32], kernel: [usize; 2]) -> Self {
        let n_taps = kernel[0] * kernel[1];
        assert_eq!(weight.len(), bias.len() * n_taps);
        let mut values = Buffer::zeros(n_blocks(bias.len()) * (n_taps + 1) * BLOCK);
        let to = values.as_mut_slice();
        for (channel, (taps, &bias)) in weight.chunks(n_taps.max(1)).zip(bias).enumerate() {
            let lane = channel / BLOCK * (n_taps + 1) * BLOCK + channel % BLOCK;
            for (tap, &value) in taps.iter().chain([&bias]).enumerate() {
                to[lane + tap * BLOCK] = value;
            }
        }
        Self { values, kernel, channels: bias.len() }
    }

    pub(in crate::nn) fn kernel(&self) -> [usize; 2] {
        self.kernel
    }

    pub(in crate::nn) fn channels(&self) -> usize {
        self.channels
    }

    /// Taps and bias of a block.
    pub(super) fn of_block(&self, block: usize) -> &[f32] {
        let len = (self.kernel[0] * self.kernel[1] + 1) * BLOCK;
        self.values.as_slice().get(block * len..).unwrap_or_default()
    }
}
