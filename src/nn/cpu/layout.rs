//! Where each result lies: which results are rows of images, which lie inside a concatenation, with which zeros around
//! them, and in which part of the arena.

use std::collections::HashMap;

use candle_core::Result;

use super::lower::{Convolved, Lowered, Node};
use super::shape::{Size, border, windows};
use crate::nn::Padding;
use crate::nn::kernels::blocked::{BLOCK, Border, Place, WindowPool, n_blocks};

/// When 3x3 convolutions go by tiles of 4x4.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WinogradUse {
    /// Where they are faster.
    WhereFaster,
    /// Wherever they can, to be tried on small maps.
    #[cfg(test)]
    Always,
}

/// How a convolution is computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// By register tiles on the map itself.
    Direct,
    /// 3x3 in tiles of 4x4.
    Winograd,
    /// The whole picture under one kernel: its pixels become channels of rows.
    Regrouped,
}

/// Positions, sizes and neighbours of all nodes, for so many images.
pub(super) struct Nodes<'a> {
    pub(super) nodes: &'a [Node],
    pub(super) sizes: &'a [Size],
    pub(super) n_images: usize,
    pub(super) readers: Vec<Vec<usize>>,
    pub(super) winograd: WinogradUse,
}

impl<'a> Nodes<'a> {
    pub(super) fn new(nodes: &'a [Node], sizes: &'a [Size], n_images: usize, winograd: WinogradUse) -> Self {
        let mut readers = vec![Vec::new(); nodes.len()];
        for (position, node) in nodes.iter().enumerate() {
            node.inputs.iter().for_each(|&input| readers[input].push(position));
        }
        Self { nodes, sizes, n_images, readers, winograd }
    }

    fn first_input(&self, position: usize) -> Option<usize> {
        self.nodes[position].inputs.first().copied()
    }

    /// The node whose numbers this one's are.
    pub(super) fn source(&self, position: usize) -> usize {
        match (&self.nodes[position].operation, self.first_input(position)) {
            (Lowered::Alias, Some(input)) => self.source(input),
            _ => position,
        }
    }

    /// How a convolution is best computed.
    pub(super) fn way(&self, position: usize, convolved: &Convolved) -> Way {
        let (Some(from), to) = (self.first_input(position), self.sizes[position]) else { return Way::Direct };
        let size = self.sizes[from];
        let packed = &convolved.weights.packed;
        let is_blocked = !matches!(self.nodes[from].operation, Lowered::InputPlanes);
        let is_plain =
            !convolved.has_gate && convolved.affine.is_none() && packed.n_groups() == 1 && is_blocked;
        if is_plain
            && to.n_pixels() == 1
            && size.n_pixels() > 1
            && [size.height, size.width] == convolved.kernel
            && convolved.padding == Padding::Symmetric([0, 0])
            && size.channels.is_multiple_of(BLOCK)
            && !convolved.has_residual
            && self.can_be_rows(position)
        {
            return Way::Regrouped;
        }
        let is_wanted = match self.winograd {
            WinogradUse::WhereFaster => self.is_winograd_faster(size, to),
            #[cfg(test)]
            WinogradUse::Always => true,
        };
        if is_plain && (convolved.kernel, convolved.stride) == ([3, 3], 1) && is_wanted {
            return Way::Winograd;
        }
        Way::Direct
    }

    /// By a rough count of cycles: two vector operations each, and what streams from the third cache.
    fn is_winograd_faster(&self, from: Size, to: Size) -> bool {
        const L2_FLOATS: f64 = 3e5;
        const STREAM: f64 = 2.5;
        let blocks = |n: usize| n_blocks(n) as f64;
        let (n_images, in_channels) = (self.n_images as f64, from.channels as f64);
        let (in_blocks, out_blocks) = (blocks(from.channels), blocks(to.channels));
        let streamed =
            |floats: f64, times: f64| if floats > L2_FLOATS { floats / STREAM * times } else { 0.0 };
        let weights = in_channels * out_blocks * BLOCK as f64;
        let direct = n_images * to.n_pixels() as f64 * 9.0 * in_channels * out_blocks / 1.7
            + streamed(9.0 * weights, n_images);
        let n_tiles = n_images * (to.height.div_ceil(4) * to.width.div_ceil(4)) as f64;
        let n_chunks = (n_tiles / 28.0).ceil();
        let winograd = n_tiles * (36.0 * in_channels * out_blocks / 1.5 + 130.0 * (in_blocks + out_blocks))
            + streamed(36.0 * weights, n_chunks);
        winograd < 0.95 * direct
    }

    /// Whether all that follows reads rows of images as well as maps of one pixel.
    fn can_be_rows(&self, position: usize) -> bool {
        self.readers[position].iter().all(|&reader| match &self.nodes[reader].operation {
            Lowered::Convolve(convolved) => {
                convolved.is_pointwise()
                    && !convolved.has_gate
                    && !convolved.has_residual
                    && convolved.affine.is_none()
                    && self.can_be_rows(reader)
            }
            Lowered::Elementwise(pointwise) => {
                !pointwise.has_gate && !pointwise.has_other && self.can_be_rows(reader)
            }
            Lowered::GlobalMean | Lowered::Flatten => true,
            Lowered::Alias => self.can_be_rows(reader),
            _ => false,
        })
    }

    /// For each node whether its images are the pixels of one row.
    fn rows(&self, ways: &[Way]) -> Vec<bool> {
        let mut rows = Vec::with_capacity(self.nodes.len());
        for (position, node) in self.nodes.iter().enumerate() {
            let of_input = self.first_input(position).is_some_and(|input| rows[input]);
            rows.push(match &node.operation {
                Lowered::GlobalMean | Lowered::Flatten | Lowered::FirstPixel => true,
                Lowered::Convolve(_) => of_input || ways[position] == Way::Regrouped,
                Lowered::Pool(_, WindowPool::Mean, _) => self.is_whole_mean(position),
                Lowered::Elementwise(_)
                | Lowered::LayerNorm(..)
                | Lowered::Neighbours(_)
                | Lowered::Alias => of_input,
                _ => false,
            });
        }
        rows
    }

    /// Whether a pool of means has one window, which is the whole picture.
    fn is_whole_mean(&self, position: usize) -> bool {
        let (Lowered::Pool(pool, _, _), Some(input)) =
            (&self.nodes[position].operation, self.first_input(position))
        else {
            return false;
        };
        let size = self.sizes[input];
        pool.padding == Padding::Symmetric([0, 0])
            && [size.height, size.width] == [pool.kernel; 2]
            && self.can_be_rows(position)
    }

    /// Zeros that the readers of each node want around it.
    fn borders(&self, ways: &[Way]) -> Result<Vec<Border>> {
        let mut borders = vec![Border::default(); self.nodes.len()];
        for (position, node) in self.nodes.iter().enumerate() {
            let (kernel, stride, padding) = match &node.operation {
                Lowered::Convolve(convolved) if ways[position] == Way::Direct => {
                    (convolved.kernel, convolved.stride, convolved.padding)
                }
                Lowered::Channelwise { weights, stride, padding, .. } => {
                    (weights.kernel(), *stride, *padding)
                }
                _ => continue,
            };
            let Some(input) = self.first_input(position) else { continue };
            if matches!(self.nodes[input].operation, Lowered::InputPlanes) {
                continue;
            }
            let (out, pad) = windows(self.sizes[input], kernel, stride, padding)?;
            let wanted = border(self.sizes[input], out, kernel, stride, pad);
            borders[input] = borders[input].union(wanted);
        }
        Ok(borders)
    }
}

/// Where everything lies.
pub(super) struct Layout {
    pub(super) ways: Vec<Way>,
    pub(super) places: Vec<Place>,
    pub(super) rows: Vec<bool>,
    /// Inputs of concatenations that are written elsewhere and have to be copied: the concatenation, the input, and the
    /// first channel.
    pub(super) copies: Vec<(usize, usize, usize)>,
    /// Where the pixels of convolutions of whole pictures become channels.
    pub(super) regrouped: HashMap<usize, Place>,
    pub(super) arena_len: usize,
}

impl Layout {
    /// Lays out all results of `nodes`; `planes` are the floats of nodes that are planes.
    ///
    /// # Errors
    /// When a kernel does not fit what it is given.
    pub(super) fn new(all: &Nodes<'_>, planes: impl Fn(usize) -> Option<usize>) -> Result<Self> {
        let n = all.nodes.len();
        let way = |(position, node): (usize, &Node)| match &node.operation {
            Lowered::Convolve(convolved) => all.way(position, convolved),
            _ => Way::Direct,
        };
        let ways: Vec<Way> = all.nodes.iter().enumerate().map(way).collect();
        let rows = all.rows(&ways);
        let mut copies = Vec::new();
        let within = concatenated(all, &rows, &mut copies);
        // The result that a result is a part of, and from which channel on.
        let root = |mut position: usize| {
            let mut first_channel = 0;
            while let Some((whole, offset)) = within[position] {
                (position, first_channel) = (whole, first_channel + offset);
            }
            (position, first_channel)
        };
        let mut borders = all.borders(&ways)?;
        for position in 0..n {
            let wanted = borders[position];
            let whole = &mut borders[root(position).0];
            *whole = whole.union(wanted);
        }
        let place = |position: usize, first: usize| {
            let Size { channels, height, width } = all.sizes[position];
            if rows[position] {
                Place::new(first, 1, channels, [1, all.n_images], Border::default())
            } else {
                Place::new(first, all.n_images, channels, [height, width], borders[position])
            }
        };
        let mut spans: Vec<Option<Span>> = vec![None; n];
        for position in 0..n {
            let last =
                if position + 1 == n { n } else { all.readers[position].iter().copied().max().unwrap_or(n) };
            let (first, source) = (first_written(all, position), root(all.source(position)).0);
            let len = planes(source).unwrap_or_else(|| place(source, 0).len());
            let span = spans[source].get_or_insert(Span { first, last, len, start: 0 });
            (span.first, span.last) = (span.first.min(first), span.last.max(last));
        }
        let regrouped: Vec<usize> = (0..n).filter(|&position| ways[position] == Way::Regrouped).collect();
        let regrouped_place = |position: usize, first: usize| {
            let from = all
                .first_input(position)
                .map_or(0, |input| all.sizes[input].channels * all.sizes[input].n_pixels());
            Place::new(first, 1, from, [1, all.n_images], Border::default())
        };
        for &position in &regrouped {
            let len = regrouped_place(position, 0).len();
            spans.push(Some(Span { first: position, last: position, len, start: 0 }));
        }
        let arena_len = allocate(&mut spans);
        let regrouped = regrouped.into_iter().zip(&spans[n..]);
        let regrouped = regrouped
            .map(|(position, span)| (position, regrouped_place(position, span.map_or(0, |span| span.start))))
            .collect();
        let places = (0..n)
            .map(|position| {
                let (whole, first_channel) = root(all.source(position));
                let start = spans[whole].map_or(0, |span| span.start);
                place(whole, start).channels_from(first_channel, all.sizes[position].channels)
            })
            .collect();
        Ok(Self { ways, places, rows, copies, regrouped, arena_len })
    }
}

/// The step that first writes a result: means may be taken by the convolution that makes what they are of.
fn first_written(all: &Nodes<'_>, position: usize) -> usize {
    match (&all.nodes[position].operation, all.first_input(position)) {
        (Lowered::GlobalMean, Some(input)) => input,
        _ => position,
    }
}

/// For each node the concatenation it is written into, and the first channel there.
fn concatenated(
    all: &Nodes<'_>,
    rows: &[bool],
    copies: &mut Vec<(usize, usize, usize)>,
) -> Vec<Option<(usize, usize)>> {
    let mut within: Vec<Option<(usize, usize)>> = vec![None; all.nodes.len()];
    for (position, node) in all.nodes.iter().enumerate() {
        if !matches!(node.operation, Lowered::Concatenate) {
            continue;
        }
        let mut first_channel = 0;
        for &input in &node.inputs {
            let is_written = !matches!(
                all.nodes[input].operation,
                Lowered::Input | Lowered::InputPlanes | Lowered::InputPatches(_) | Lowered::Alias
            );
            let n_uses = node.inputs.iter().filter(|&&other| other == input).count();
            if is_written && !rows[input] && within[input].is_none() && n_uses == 1 {
                within[input] = Some((position, first_channel));
            } else {
                copies.push((position, input, first_channel));
            }
            first_channel += all.sizes[input].channels;
        }
    }
    within
}

/// When a part of the arena is in use, and where it lies.
#[derive(Clone, Copy, Debug)]
struct Span {
    first: usize,
    last: usize,
    len: usize,
    start: usize,
}

/// Gives every span a start such that spans in use at once lie apart, the largest first; the length of all.
fn allocate(spans: &mut [Option<Span>]) -> usize {
    let mut order: Vec<usize> = (0..spans.len()).filter(|&index| spans[index].is_some()).collect();
    order.sort_by_key(|&index| std::cmp::Reverse(spans[index].map_or(0, |span| span.len)));
    let mut placed: Vec<Span> = Vec::new();
    let mut arena_len = 0;
    for index in order {
        let Some(span) = &mut spans[index] else { continue };
        span.len = span.len.next_multiple_of(BLOCK);
        let mut taken: Vec<(usize, usize)> = placed
            .iter()
            .filter(|other| other.first <= span.last && span.first <= other.last)
            .map(|other| (other.start, other.start + other.len))
            .collect();
        taken.sort_unstable();
        for (start, end) in taken {
            if span.start + span.len <= start {
                break;
            }
            span.start = span.start.max(end);
        }
        arena_len = arena_len.max(span.start + span.len);
        placed.push(*span);
    }
    arena_len
}
