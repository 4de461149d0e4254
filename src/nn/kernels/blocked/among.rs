//! Attention among the tokens of each title (Vaswani et al., "Attention Is All You Need", NIPS 2017, section 3.2), titles
//! of any length one after the other in one table of rows. Scores and sums of values are register tiles on copies of a
//! head's queries, keys and values, which are small enough for the first cache.
#![allow(unsafe_code, reason = "tiles take pointers; every block carries its proof")]

use std::ops::Range;

use super::activate::exp;
use super::place::{BLOCK, n_blocks};
use super::simd::Lanes;
use super::strips::Strips;
use super::tile::{MAX_PIXELS, Segment, TileTask, Tiles, dispatch, for_every_isa};

/// softmax(Q K^T / sqrt(head width)) V for each head.
#[derive(Clone, Copy, Debug)]
pub(in crate::nn) struct Among {
    pub(in crate::nn) tiles: Tiles,
    pub(in crate::nn) n_heads: usize,
    /// Numbers of a head.
    pub(in crate::nn) head: usize,
}

/// Rows and the channel at which a part of them (queries, keys, values) begins.
#[derive(Clone, Copy, Debug)]
pub(in crate::nn) struct Part<'a> {
    pub(in crate::nn) rows: Strips,
    pub(in crate::nn) values: &'a [f32],
    pub(in crate::nn) first_channel: usize,
}

/// Which tokens of its title a query sees.
#[derive(Clone, Copy, Debug)]
pub(in crate::nn) enum Seen<'a> {
    /// All.
    All,
    /// Those that are not hidden; all where every one is hidden. As many as keys.
    NotHidden(&'a [bool]),
    /// Itself and those before it.
    UpToItself,
}

/// Room for one head's copies; grows as titles do.
#[derive(Debug, Default)]
pub(in crate::nn) struct HeadRoom(super::buffer::Buffer);

impl Among {
    /// Writes what the queries of one title attend to. `queries` are rows of the first part, `tokens` rows of keys and
    /// values, which begin at the same row; results go to the rows from `first_output` on.
    ///
    /// # Panics
    /// When rows or channels lie outside of their tables.
    pub(in crate::nn) fn run(
        &self,
        (queries, query_rows): (Part<'_>, Range<usize>),
        (keys, values, tokens): (Part<'_>, Part<'_>, Range<usize>),
        seen: Seen<'_>,
        (output_rows, output, first_output): (Strips, &mut [f32], usize),
        room: &mut HeadRoom,
    ) {
        let (n_queries, n_keys) = (query_rows.len(), tokens.len());
        if n_queries == 0 || n_keys == 0 {
            return;
        }
        let width = self.n_heads * self.head;
        for (part, rows) in [(queries, &query_rows), (keys, &tokens), (values, &tokens)] {
            assert!(part.values.len() >= part.rows.len() && rows.end <= part.rows.n_rows);
            assert!(part.first_channel + width <= part.rows.width);
        }
        assert!(output.len() >= output_rows.len() && first_output + n_queries <= output_rows.n_rows);
        assert!(output_rows.width == width);
        if let Seen::NotHidden(hidden) = seen {
            assert!(hidden.len() == n_keys);
        }
        let (head_blocks, key_blocks) = (n_blocks(self.head), n_blocks(n_keys));
        let tile = MAX_PIXELS * BLOCK;
        let lens = [
            head_blocks * tile,
            key_blocks * BLOCK * self.head,
            n_keys * head_blocks * BLOCK,
            key_blocks * tile,
            head_blocks * tile,
        ];
        let len: usize = lens.iter().sum();
        if room.0.len() < len {
            room.0 = super::buffer::Buffer::zeros(len);
        }
        let (own, rest) = room.0.as_mut_slice().split_at_mut(lens[0]);
        let (packed_keys, rest) = rest.split_at_mut(lens[1]);
        let (packed_values, rest) = rest.split_at_mut(lens[2]);
        let (scores, rest) = rest.split_at_mut(lens[3]);
        let attended = &mut rest[..lens[4]];
        let channels = segments(self.head);
        let all_keys = segments(n_keys);
        let heights = self.tiles.widths(n_queries);
        for head in 0..self.n_heads {
            let first = head * self.head;
            self.pack_keys(keys, tokens.clone(), keys.first_channel + first, packed_keys);
            self.pack_values(values, tokens.clone(), values.first_channel + first, packed_values);
            let mut query = 0;
            for &height in &heights {
                for row in 0..height {
                    let from = query_rows.start + query + row;
                    each_run(queries.rows, from, queries.first_channel + first, self.head, |at, place, n| {
                        let to = place / BLOCK * tile + row * BLOCK + place % BLOCK;
                        copy(&queries.values[at..at + n], &mut own[to..to + n]);
                    });
                }
                self.multiply(height, &channels, own, packed_keys, (scores, key_blocks));
                let mut shares = [0.0_f32; MAX_PIXELS];
                for (row, share) in shares[..height].iter_mut().enumerate() {
                    let n_seen = match seen {
                        Seen::All => n_keys,
                        Seen::NotHidden(hidden) => {
                            hide(scores, row, hidden);
                            n_keys
                        }
                        Seen::UpToItself => (query + row + 1).min(n_keys),
                    };
                    // SAFETY: `scores` has a tile for each block of keys, `row` is below its height.
                    *share = unsafe {
                        let row = scores.as_mut_ptr().add(row * BLOCK);
                        dispatch!(self.tiles, soften_seen, row, [n_keys, n_seen])
                    };
                }
                self.multiply(height, &all_keys, scores, packed_values, (attended, head_blocks));
                for (row, &share) in shares[..height].iter().enumerate() {
                    let to = first_output + query + row;
                    each_run(output_rows, to, first, self.head, |at, place, n| {
                        let from = place / BLOCK * tile + row * BLOCK + place % BLOCK;
                        copy(&attended[from..from + n], &mut output[at..at + n]);
                        output[at..at + n].iter_mut().for_each(|value| *value *= share);
                    });
                }
                query += height;
            }
        }
    }

    /// A tile of `height` rows, whose inputs lie in segments of `input`, by all blocks of `weights`.
    fn multiply(
        &self,
        height: usize,
        segments: &[Segment],
        input: &[f32],
        weights: &[f32],
        (output, blocks): (&mut [f32], usize),
    ) {
        let most = self.tiles.most_blocks();
        let depth: usize = segments.iter().map(|segment| segment.run).sum();
        assert!(height <= MAX_PIXELS && input.len() >= segments.len() * MAX_PIXELS * BLOCK);
        assert!(weights.len() >= blocks * BLOCK * depth && output.len() >= blocks * MAX_PIXELS * BLOCK);
        let zeros = [0.0_f32; 2 * BLOCK];
        for block in (0..blocks).step_by(most) {
            let n = (blocks - block).min(most);
            let Some(function) = self.tiles.function(height, n, BLOCK) else { return };
            // SAFETY: the lengths were checked above; a panel has `depth` numbers for each of its lanes.
            unsafe {
                function(&TileTask {
                    input: input.as_ptr(),
                    segments: segments.as_ptr(),
                    n_segments: segments.len(),
                    weights: weights.as_ptr().add(block * BLOCK * depth),
                    bias: zeros.as_ptr(),
                    residual: std::ptr::null(),
                    residual_block: 0,
                    output: output.as_mut_ptr().add(block * MAX_PIXELS * BLOCK),
                    output_block: MAX_PIXELS * BLOCK,
                    bounds: [f32::NEG_INFINITY, f32::INFINITY],
                });
            }
        }
    }

    /// Keys as weights: for each panel of blocks of keys, for each channel, the number of every key, scaled.
    fn pack_keys(&self, keys: Part<'_>, tokens: Range<usize>, first: usize, to: &mut [f32]) {
        let scale = 1.0 / (self.head as f32).sqrt();
        let (n_keys, most) = (tokens.len(), self.tiles.most_blocks());
        let blocks = n_blocks(n_keys);
        for block in (0..blocks).step_by(most) {
            let lanes = (blocks - block).min(most) * BLOCK;
            let panel = &mut to[block * BLOCK * self.head..][..lanes * self.head];
            for lane in 0..lanes {
                let key = block * BLOCK + lane;
                if key >= n_keys {
                    panel.iter_mut().skip(lane).step_by(lanes).for_each(|value| *value = 0.0);
                    continue;
                }
                each_run(keys.rows, tokens.start + key, first, self.head, |at, place, n| {
                    let column = &mut panel[place * lanes + lane..][..(n - 1) * lanes + 1];
                    for (channel, from) in keys.values[at..at + n].iter().enumerate() {
                        column[channel * lanes] = from * scale;
                    }
                });
            }
        }
    }

    /// Values as weights: for each panel of blocks of channels, for each token, the number of every channel.
    fn pack_values(&self, values: Part<'_>, tokens: Range<usize>, first: usize, to: &mut [f32]) {
        let (n_keys, most, blocks) = (tokens.len(), self.tiles.most_blocks(), n_blocks(self.head));
        for (key, row) in tokens.enumerate() {
            each_run(values.rows, row, first, self.head, |at, place, n| {
                let block = place / BLOCK;
                let panel = block / most * most;
                let panel_blocks = (blocks - panel).min(most);
                let at_panel = panel * n_keys * BLOCK + (key * panel_blocks + block - panel) * BLOCK;
                let start = at_panel + place % BLOCK;
                copy(&values.values[at..at + n], &mut to[start..start + n]);
            });
        }
    }
}

/// Places of a row of `len` numbers in a tile's input.
fn segments(len: usize) -> Vec<Segment> {
    (0..len)
        .step_by(BLOCK)
        .map(|first| Segment { offset: first * MAX_PIXELS, run: (len - first).min(BLOCK) })
        .collect()
}

/// Calls `copy` for every run of channels of a row that lie together and within one block of sixteen counted from `first`:
/// the place of the run, its first channel counted from `first`, and its length.
#[inline(always)]
fn each_run(rows: Strips, row: usize, first: usize, n: usize, mut copy: impl FnMut(usize, usize, usize)) {
    let mut done = 0;
    while done < n {
        let channel = first + done;
        let run = (n - done).min(BLOCK - channel % BLOCK).min(BLOCK - done % BLOCK);
        // A length that is known makes of copies a few moves.
        if run == BLOCK {
            copy(rows.channel(row, channel), done, BLOCK);
        } else {
            copy(rows.channel(row, channel), done, run);
        }
        done += run;
    }
}

/// Copies a run, whole blocks in one move.
#[inline(always)]
fn copy(from: &[f32], to: &mut [f32]) {
    match (<&[f32; BLOCK]>::try_from(from), <&mut [f32; BLOCK]>::try_from(&mut *to)) {
        (Ok(from), Ok(to)) => *to = *from,
        _ => to.copy_from_slice(from),
    }
}

/// Sets the scores of hidden keys of row `row` of a tile to minus infinity, unless all are hidden.
fn hide(scores: &mut [f32], row: usize, hidden: &[bool]) {
    if hidden.iter().all(|&is_hidden| is_hidden) {
        return;
    }
    for (key, _) in hidden.iter().enumerate().filter(|(_, is_hidden)| **is_hidden) {
        scores[key / BLOCK * MAX_PIXELS * BLOCK + row * BLOCK + key % BLOCK] = f32::NEG_INFINITY;
    }
}

/// Turns a row of scores, in blocks of keys, to exp(score - largest), those beyond the seen ones to zeros; one over their
/// sum.
///
/// # Safety
/// The processor has the instruction set; from `scores` on there are blocks for the first of the two numbers of keys,
/// [`MAX_PIXELS`] blocks apart.
#[inline(always)]
unsafe fn soften_seen_of<V: Lanes>(scores: *mut f32, [n_keys, n_seen]: [usize; 2]) -> f32 {
    let (blocks, seen_blocks) = (n_keys.div_ceil(BLOCK), n_seen.div_ceil(BLOCK));
    // SAFETY: block < blocks, for which the caller vouches; the array has sixteen floats.
    unsafe {
        let at = |block: usize| scores.add(block * MAX_PIXELS * BLOCK);
        // Lanes beyond the last key must not count.
        for lane in n_seen - (seen_blocks - 1) * BLOCK..BLOCK {
            *at(seen_blocks - 1).add(lane) = f32::NEG_INFINITY;
        }
        for block in seen_blocks..blocks {
            V::splat(0.0).store(at(block));
        }
        let mut largest = V::load(at(0));
        for block in 1..seen_blocks {
            largest = largest.max(V::load(at(block)));
        }
        let mut lanes = [0.0_f32; BLOCK];
        largest.store(lanes.as_mut_ptr());
        let largest = V::splat(lanes.iter().copied().fold(f32::NEG_INFINITY, f32::max));
        let mut sum = V::splat(0.0);
        for block in 0..seen_blocks {
            let power = exp(V::load(at(block)).sub(largest));
            power.store(at(block));
            sum = sum.add(power);
        }
        sum.store(lanes.as_mut_ptr());
        1.0 / lanes.iter().sum::<f32>()
    }
}

for_every_isa!(soften_seen, soften_seen_of, (scores: *mut f32, sizes: [usize; 2]) -> f32);
