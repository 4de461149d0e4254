//! Dot products of one row with eight others, rounded exactly as the tiles round them: eight sums, each added up in
//! order of the columns (eight, because a fused multiply-add takes four cycles and two start in each).

/// Rows a call.
pub const DOT_LANES: usize = 8;

/// Dot products of `row` with each of `others`, all of one length (the shortest counts).
pub fn dot_products(row: &[f32], others: [&[f32]; DOT_LANES]) -> [f32; DOT_LANES] {
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("fma") && is_x86_feature_detected!("avx2") {
        #[allow(unsafe_code, reason = "FMA behind run-time detection")]
        // SAFETY: FMA and AVX2 were just detected; the function reads through slices only.
        return unsafe { dot_products_fma(row, others) };
    }
    sums(row, others, |number, other, sum| number * other + sum)
}

/// Asks for a row that will be read soon, so that it is on its way from memory while another is multiplied.
pub fn prefetch(row: &[f32]) {
    #[cfg(target_arch = "x86_64")]
    for line in row.chunks(16) {
        #[allow(unsafe_code, reason = "a hint to the processor")]
        // SAFETY: a prefetch reads nothing and cannot fail, and the address is inside the row; every x86-64 has it.
        unsafe {
            std::arch::x86_64::_mm_prefetch::<{ std::arch::x86_64::_MM_HINT_T0 }>(line.as_ptr().cast());
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = row;
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn dot_products_fma(row: &[f32], others: [&[f32]; DOT_LANES]) -> [f32; DOT_LANES] {
    sums(row, others, f32::mul_add)
}

#[inline(always)]
fn sums(
    row: &[f32],
    others: [&[f32]; DOT_LANES],
    multiply_add: impl Fn(f32, f32, f32) -> f32,
) -> [f32; DOT_LANES] {
    let n = others.iter().map(|other| other.len()).fold(row.len(), usize::min);
    let row = &row[..n];
    let others = others.map(|other| &other[..n]);
    let mut sums = [0.0_f32; DOT_LANES];
    for (step, &number) in row.iter().enumerate() {
        for (sum, other) in sums.iter_mut().zip(&others) {
            *sum = multiply_add(number, other[step], *sum);
        }
    }
    sums
}
