//! Linear layers of rows in strips in whole numbers of eight bits: weights rounded to -127 to 127 with a scale for each
//! output, rows rounded as they come with a scale for each row (symmetric, "dynamic" quantisation; Jacob et al.,
//! "Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only Inference", CVPR 2018). Sums are
//! exact in 32 bits, so every processor gives the same; those with VNNI add four products at once. Never changes what lies
//! between layers: that stays in f32.
#![allow(unsafe_code, reason = "SIMD on pointers; every block carries its proof")]

use super::activate::activate_run;
use super::place::{BLOCK, n_blocks};
use super::simd::Lanes;
use super::strips::Strips;
use super::tile::{MAX_PIXELS, Tiles, dispatch, for_every_isa};
use crate::nn::Activation;
use crate::nn::kernels::Isa;

/// Inputs that are multiplied and added up at once.
const QUAD: usize = 4;
/// What is added to a row's whole numbers, so that none is negative.
const ZERO: i32 = 128;
const LARGEST: f32 = 127.0;

/// activation(x W^T + b) in whole numbers, and then the rows that are added.
#[derive(Clone, Debug)]
pub(in crate::nn) struct StripLinearInt8 {
    /// For each block of sixteen outputs, for each four inputs, four weights of every output.
    weights: Vec<i8>,
    /// Of each output, in blocks: scale, bias, and the sum of its weights times [`ZERO`].
    scales: Vec<[f32; BLOCK]>,
    biases: Vec<[f32; BLOCK]>,
    offsets: Vec<[i32; BLOCK]>,
    in_width: usize,
    out_width: usize,
    activation: Activation,
    tiles: Tiles,
    dots: Dots,
}

/// Who multiplies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::nn) enum Dots {
    /// `vpdpbusd` on 512 bits.
    Avx512,
    /// `vpdpbusd` on 256 bits.
    Avx,
    Portable,
}

impl Dots {
    /// The fastest of this processor that goes with `tiles`.
    pub(in crate::nn) fn detect(tiles: Tiles) -> Self {
        [Self::Avx512, Self::Avx].into_iter().find(|dots| dots.goes_with(tiles)).unwrap_or(Self::Portable)
    }

    /// Whether this processor has it, and strips are of its height.
    pub(in crate::nn) fn goes_with(self, tiles: Tiles) -> bool {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => {
                tiles.isa() == Isa::Avx512
                    && is_x86_feature_detected!("avx512vnni")
                    && is_x86_feature_detected!("avx512f")
            }
            #[cfg(target_arch = "x86_64")]
            Self::Avx => {
                tiles.isa() == Isa::Avx2
                    && is_x86_feature_detected!("avxvnni")
                    && is_x86_feature_detected!("avx2")
            }
            #[cfg(not(target_arch = "x86_64"))]
            Self::Avx512 | Self::Avx => false,
            Self::Portable => true,
        }
    }
}

/// Rows of a strip in whole numbers.
struct Quantised {
    /// For each row all inputs, in whole quads.
    values: Vec<u8>,
    /// What one of them is worth, for each row.
    scales: [f32; MAX_PIXELS],
    sums: Vec<i32>,
}

impl StripLinearInt8 {
    /// A layer of `matrix` (out, in) and `bias` (out).
    ///
    /// # Panics
    /// When the matrix has other numbers than that.
    pub(in crate::nn) fn new(
        tiles: Tiles,
        dots: Dots,
        [matrix, bias]: [&[f32]; 2],
        activation: Activation,
    ) -> Self {
        let out_width = bias.len();
        let in_width = matrix.len() / out_width.max(1);
        assert!(matrix.len() == in_width * out_width && dots.goes_with(tiles));
        let n_quads = in_width.div_ceil(QUAD);
        let blocks = n_blocks(out_width);
        let mut weights = vec![0_i8; blocks * BLOCK * n_quads * QUAD];
        let (mut scales, mut biases) = (vec![[0.0; BLOCK]; blocks], vec![[0.0; BLOCK]; blocks]);
        let mut offsets = vec![[0; BLOCK]; blocks];
        for (output, (row, &bias)) in matrix.chunks_exact(in_width.max(1)).zip(bias).enumerate() {
            let largest = row.iter().fold(0.0_f32, |largest, weight| largest.max(weight.abs()));
            let scale = if largest > 0.0 { largest / LARGEST } else { 1.0 };
            let mut sum = 0;
            for (input, weight) in row.iter().enumerate() {
                let whole = (weight / scale).round().clamp(-LARGEST, LARGEST) as i8;
                let quad = (output / BLOCK * n_quads + input / QUAD) * BLOCK + output % BLOCK;
                weights[quad * QUAD + input % QUAD] = whole;
                sum += i32::from(whole);
            }
            let (block, lane) = (output / BLOCK, output % BLOCK);
            (scales[block][lane], biases[block][lane]) = (scale, bias);
            offsets[block][lane] = sum * ZERO;
        }
        Self { weights, scales, biases, offsets, in_width, out_width, activation, tiles, dots }
    }

    /// Computes `output` from `n_rows` rows of `input`; `residual` has the shape of the output.
    ///
    /// # Panics
    /// When one of them has fewer floats than its strips.
    pub(in crate::nn) fn run(
        &self,
        n_rows: usize,
        input: &[f32],
        residual: Option<&[f32]>,
        output: &mut [f32],
    ) {
        let strip = self.tiles.strip();
        let rows = |width: usize| Strips { n_rows, width, strip };
        let (from, to) = (rows(self.in_width), rows(self.out_width));
        assert!(input.len() >= from.len() && output.len() >= to.len());
        assert!(residual.is_none_or(|residual| residual.len() >= to.len()));
        let row_len = self.in_width.div_ceil(QUAD) * QUAD;
        let mut quantised = Quantised {
            // Whole blocks are written; those beyond the width meet no weight.
            values: vec![0; strip * row_len.next_multiple_of(BLOCK)],
            scales: [0.0; MAX_PIXELS],
            sums: vec![0; MAX_PIXELS * 2 * BLOCK],
        };
        for index in 0..from.n_strips() {
            let first = index * strip;
            let n = from.rows_of(index);
            let start = from.at(first, 0);
            let values = &input[start..start + from.n_blocks() * from.block_len()];
            let sizes = [n, self.in_width, strip];
            // SAFETY: the processor has the instruction set of its tiles; everything else is safe.
            unsafe { dispatch!(self.tiles, quantise, values, sizes, &mut quantised) };
            let most = 2;
            for block in (0..to.n_blocks()).step_by(most) {
                let blocks = (to.n_blocks() - block).min(most);
                self.sums([n, block, blocks], row_len, &mut quantised);
                for within in 0..blocks {
                    let start = to.at(first, block + within);
                    let places = start..start + n * BLOCK;
                    let number = block + within;
                    let task = Finish {
                        sums: &quantised.sums[within * MAX_PIXELS * BLOCK..][..n * BLOCK],
                        row_scales: &quantised.scales[..n],
                        scales: self.scales[number],
                        biases: self.biases[number],
                        offsets: self.offsets[number],
                        activation: self.activation,
                        residual: residual.map(|residual| &residual[places.clone()]),
                    };
                    // SAFETY: as above.
                    unsafe { dispatch!(self.tiles, finish, &task, &mut output[places]) };
                }
            }
        }
    }

    /// Sums of products of the strip's rows with one or two blocks of outputs: for each block, for each row sixteen.
    fn sums(&self, [rows, block, blocks]: [usize; 3], row_len: usize, quantised: &mut Quantised) {
        let n_quads = row_len / QUAD;
        let block_len = n_quads * BLOCK * QUAD;
        let weights = &self.weights[block * block_len..(block + blocks) * block_len];
        assert!(rows <= MAX_PIXELS && blocks <= 2 && quantised.sums.len() >= MAX_PIXELS * 2 * BLOCK);
        let pitch = row_len.next_multiple_of(BLOCK);
        assert!(quantised.values.len() >= rows * pitch);
        let task = DotTask {
            rows: quantised.values.as_ptr(),
            pitch,
            n_quads,
            weights: weights.as_ptr(),
            block_len,
            sums: quantised.sums.as_mut_ptr(),
        };
        // SAFETY: the lengths were checked above, and the processor has what `dots` names, for `new` has asked.
        unsafe {
            match self.dots {
                #[cfg(target_arch = "x86_64")]
                Dots::Avx512 => x86::avx512([rows, blocks], &task),
                #[cfg(target_arch = "x86_64")]
                Dots::Avx => (0..blocks).for_each(|block| x86::avx(rows, &task.of_block(block))),
                _ => (0..blocks).for_each(|block| portable(rows, &task.of_block(block))),
            }
        }
    }
}

/// What sums are of: rows of `n_quads` quads, `pitch` bytes apart, and blocks of weights, `block_len` bytes apart; the sums
/// of a block are [`MAX_PIXELS`] times sixteen.
struct DotTask {
    rows: *const u8,
    pitch: usize,
    n_quads: usize,
    weights: *const i8,
    block_len: usize,
    sums: *mut i32,
}

impl DotTask {
    /// The same of one block alone.
    ///
    /// # Safety
    /// There is such a block.
    unsafe fn of_block(&self, block: usize) -> Self {
        // SAFETY: the caller vouches for the block.
        unsafe {
            Self {
                weights: self.weights.add(block * self.block_len),
                sums: self.sums.add(block * MAX_PIXELS * BLOCK),
                ..*self
            }
        }
    }
}

/// One block by plain Rust.
///
/// # Safety
/// The task's pointers lead to as much as it says, for `rows` rows.
unsafe fn portable(rows: usize, task: &DotTask) {
    for row in 0..rows {
        let mut sums = [0_i32; BLOCK];
        // SAFETY: the caller vouches for rows and quads.
        unsafe {
            for quad in 0..task.n_quads {
                let inputs = task.rows.add(row * task.pitch + quad * QUAD).cast::<[u8; QUAD]>().read();
                let weights =
                    task.weights.add(quad * BLOCK * QUAD).cast::<[[i8; QUAD]; BLOCK]>().read_unaligned();
                for (sum, weights) in sums.iter_mut().zip(weights) {
                    for (input, weight) in inputs.into_iter().zip(weights) {
                        *sum += i32::from(input) * i32::from(weight);
                    }
                }
            }
            task.sums.add(row * BLOCK).cast::<[i32; BLOCK]>().write(sums);
        }
    }
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::{
        __m256i, __m512i, _mm256_dpbusd_avx_epi32, _mm256_loadu_si256, _mm256_set1_epi32,
        _mm256_setzero_si256, _mm256_storeu_si256, _mm512_dpbusd_epi32, _mm512_loadu_si512,
        _mm512_set1_epi32, _mm512_setzero_si512, _mm512_storeu_si512,
    };

    use super::{BLOCK, DotTask, MAX_PIXELS, QUAD};

    /// Calls a tile of a height that the compiler knows.
    macro_rules! of_height {
        ($rows:expr, $tile:ident, $task:expr, $registers:literal, [$($height:literal),*]) => {
            match $rows {
                $($height => $tile::<$height, $registers>($task),)*
                _ => {}
            }
        };
    }

    /// # Safety
    /// The processor has AVX-512F and its VNNI; the task's pointers lead to as much as it says, for at most 14 rows and two
    /// blocks.
    #[target_feature(enable = "avx512f,avx512vnni")]
    pub(super) unsafe fn avx512([rows, blocks]: [usize; 2], task: &DotTask) {
        // SAFETY: the caller vouches for rows and blocks.
        unsafe {
            if blocks == 2 {
                of_height!(rows, tile512, task, 2, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14]);
            } else {
                of_height!(rows, tile512, task, 1, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14]);
            }
        }
    }

    /// # Safety
    /// As for [`avx512`].
    #[target_feature(enable = "avx512f,avx512vnni")]
    unsafe fn tile512<const ROWS: usize, const BLOCKS: usize>(task: &DotTask) {
        // SAFETY: row < ROWS, block < BLOCKS, quad < n_quads, for which the caller vouches.
        unsafe {
            let mut sums: [[__m512i; BLOCKS]; ROWS] = [[_mm512_setzero_si512(); BLOCKS]; ROWS];
            for quad in 0..task.n_quads {
                let mut weights = [_mm512_setzero_si512(); BLOCKS];
                for (block, weights) in weights.iter_mut().enumerate() {
                    let from = task.weights.add(block * task.block_len + quad * BLOCK * QUAD);
                    *weights = _mm512_loadu_si512(from.cast());
                }
                for (row, sums) in sums.iter_mut().enumerate() {
                    let from = task.rows.add(row * task.pitch + quad * QUAD).cast::<i32>();
                    let inputs = _mm512_set1_epi32(from.read_unaligned());
                    for (sum, &weights) in sums.iter_mut().zip(&weights) {
                        *sum = _mm512_dpbusd_epi32(*sum, inputs, weights);
                    }
                }
            }
            for (row, sums) in sums.iter().enumerate() {
                for (block, &sum) in sums.iter().enumerate() {
                    let to = task.sums.add((block * MAX_PIXELS + row) * BLOCK);
                    _mm512_storeu_si512(to.cast(), sum);
                }
            }
        }
    }

    /// # Safety
    /// The processor has AVX2 and AVX-VNNI; the task's pointers lead to as much as it says, for at most 6 rows and a block.
    #[target_feature(enable = "avx2,avxvnni")]
    pub(super) unsafe fn avx(rows: usize, task: &DotTask) {
        // SAFETY: the caller vouches for the rows.
        unsafe { of_height!(rows, tile256, task, 2, [1, 2, 3, 4, 5, 6]) };
    }

    /// # Safety
    /// As for [`avx`].
    #[target_feature(enable = "avx2,avxvnni")]
    unsafe fn tile256<const ROWS: usize, const HALVES: usize>(task: &DotTask) {
        // SAFETY: row < ROWS, half < HALVES, of which a block has two, quad < n_quads, for which the caller vouches.
        unsafe {
            let mut sums: [[__m256i; HALVES]; ROWS] = [[_mm256_setzero_si256(); HALVES]; ROWS];
            for quad in 0..task.n_quads {
                let from = task.weights.add(quad * BLOCK * QUAD).cast::<__m256i>();
                let mut weights = [_mm256_setzero_si256(); HALVES];
                for (half, weights) in weights.iter_mut().enumerate() {
                    *weights = _mm256_loadu_si256(from.add(half));
                }
                for (row, sums) in sums.iter_mut().enumerate() {
                    let from = task.rows.add(row * task.pitch + quad * QUAD).cast::<i32>();
                    let inputs = _mm256_set1_epi32(from.read_unaligned());
                    for (sum, &weights) in sums.iter_mut().zip(&weights) {
                        *sum = _mm256_dpbusd_avx_epi32(*sum, inputs, weights);
                    }
                }
            }
            for (row, sums) in sums.iter().enumerate() {
                for (half, &sum) in sums.iter().enumerate() {
                    _mm256_storeu_si256(task.sums.add(row * BLOCK).cast::<__m256i>().add(half), sum);
                }
            }
        }
    }
}

/// Rounds the rows of one strip: `sizes` are rows, width and rows of a whole strip.
///
/// # Safety
/// The processor has the instruction set.
#[inline(always)]
unsafe fn quantise_of<V: Lanes>(values: &[f32], [rows, width, strip]: [usize; 3], quantised: &mut Quantised) {
    /// 1.5 * 2^23, above which floats are whole numbers, and what makes a row's numbers positive.
    const ROUNDER: f32 = 12_582_912.0 + ZERO as f32;
    let pitch = width.div_ceil(QUAD).next_multiple_of(BLOCK / QUAD) * QUAD;
    for row in 0..rows {
        let mut largest = 0.0_f32;
        // SAFETY: the caller vouches for the instruction set; a block has sixteen floats.
        unsafe {
            let mut lanes = V::splat(0.0);
            for block in values.chunks_exact(strip * BLOCK).take(width / BLOCK) {
                lanes = lanes.max(V::load(block[row * BLOCK..][..BLOCK].as_ptr()).abs());
            }
            let mut each = [0.0_f32; BLOCK];
            lanes.store(each.as_mut_ptr());
            // What fills up the last block must not count.
            let rest = values.chunks_exact(strip * BLOCK).nth(width / BLOCK).unwrap_or_default();
            let rest = rest.get(row * BLOCK..).unwrap_or_default();
            for value in each.iter().chain(rest.iter().take(width % BLOCK)) {
                largest = largest.max(value.abs());
            }
        }
        let factor = if largest > 0.0 { LARGEST / largest } else { 0.0 };
        quantised.scales[row] = largest / LARGEST;
        let to = &mut quantised.values[row * pitch..][..pitch];
        for (block, to) in values.chunks_exact(strip * BLOCK).zip(to.chunks_exact_mut(BLOCK)) {
            for (to, &value) in to.iter_mut().zip(&block[row * BLOCK..][..BLOCK]) {
                // The sum's last bits are the number rounded to a whole one.
                *to = (value * factor + ROUNDER).to_bits() as u8;
            }
        }
    }
}

for_every_isa!(quantise, quantise_of, (values: &[f32], sizes: [usize; 3], quantised: &mut Quantised));

/// What becomes of the sums of one block.
struct Finish<'a> {
    sums: &'a [i32],
    row_scales: &'a [f32],
    scales: [f32; BLOCK],
    biases: [f32; BLOCK],
    offsets: [i32; BLOCK],
    activation: Activation,
    residual: Option<&'a [f32]>,
}

/// Sums to numbers, bias, activation, and what is added.
///
/// # Safety
/// The processor has the instruction set.
#[inline(always)]
unsafe fn finish_of<V: Lanes>(task: &Finish<'_>, output: &mut [f32]) {
    let of_output = task.scales.iter().zip(&task.biases).zip(&task.offsets);
    let rows = task.sums.chunks_exact(BLOCK).zip(output.chunks_exact_mut(BLOCK)).zip(task.row_scales);
    for ((sums, to), row_scale) in rows {
        for ((to, sum), ((scale, bias), offset)) in to.iter_mut().zip(sums).zip(of_output.clone()) {
            *to = (sum - offset) as f32 * (row_scale * scale) + bias;
        }
    }
    if task.activation != Activation::Identity {
        // SAFETY: the caller vouches for the instruction set; the output are whole blocks.
        unsafe { activate_run::<V>(output.as_mut_ptr(), output.len() / BLOCK, task.activation) };
    }
    if let Some(residual) = task.residual {
        output.iter_mut().zip(residual).for_each(|(value, added)| *value += added);
    }
}

for_every_isa!(finish, finish_of, (task: &Finish<'_>, output: &mut [f32]));
