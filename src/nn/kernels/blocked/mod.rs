//! Kernels of networks on blocked maps: channels in blocks of sixteen, (n, c / 16, h, w, 16), so that sixteen channels of a
//! pixel are one AVX-512 register and neighbouring pixels lie side by side ("NCHWc": Georganas et al., "Anatomy of
//! High-Performance Deep Learning Convolutions on SIMD Architectures", SC 2018).
//!
//! A matrix product, a 1x1, a 3x3 and a first convolution are one register tile: pixels by output channels, over segments
//! of consecutive inputs that every pixel of the tile reads at the same distance. Steps are safe to call: places are
//! checked against the buffer before a pointer is made, and a step's tasks write to places apart. Knows no graph.
//!
//! Titles are plain rows, one a token, without any place between them: those lie in strips as high as a tile.

mod activate;
mod among;
mod attention;
mod buffer;
mod channelwise;
mod convolve;
mod elementwise;
mod layout;
mod linear;
mod linear_int8;
mod pack;
mod peak;
mod place;
mod pool;
mod rows;
mod simd;
mod strips;
mod team;
mod tile;
mod winograd;

pub(in crate::nn) use among::{Among, HeadRoom, Part, Seen};
pub(in crate::nn) use attention::{Attention, FirstPixel, TokenTable};
pub(in crate::nn) use buffer::Buffer;
pub(in crate::nn) use channelwise::Channelwise;
pub(in crate::nn) use convolve::{Convolve, Prologue, Reading};
pub(in crate::nn) use elementwise::Elementwise;
pub(in crate::nn) use layout::{
    Flatten, FromBlocked, Order, Patches, Regroup, ToBlocked, ToPlanes, ZeroBorder,
};
pub(in crate::nn) use linear::StripLinear;
pub(in crate::nn) use linear_int8::{Dots, StripLinearInt8};
pub(in crate::nn) use pack::{Packed, PackedChannels, blocked_order};
pub use peak::spend_multiply_adds;
pub(in crate::nn) use place::{BLOCK, Border, Place, n_blocks};
pub(in crate::nn) use pool::{GlobalMean, PoolWindows, WindowPool};
pub(in crate::nn) use rows::{LayerNormRows, Neighbours, norm_strips};
pub(in crate::nn) use strips::{RowTable, Strips};
pub(in crate::nn) use team::{Team, with_team};
pub(in crate::nn) use tile::Tiles;
pub(in crate::nn) use winograd::{Winograd, WinogradWeights};

/// What a step works on: the arena of maps, and scratch for each worker.
#[derive(Debug, Default)]
pub(in crate::nn) struct Memory {
    /// All maps.
    pub(in crate::nn) arena: Buffer,
    /// `scratch_len` floats for each worker.
    pub(in crate::nn) scratch: Buffer,
    /// Floats a worker has.
    pub(in crate::nn) scratch_len: usize,
}
