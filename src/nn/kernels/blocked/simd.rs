//! Sixteen lanes in the registers of each instruction set. Never called unless the processor has it.
#![allow(unsafe_code, reason = "SIMD intrinsics; every block carries its proof")]

/// Sixteen floats. Comparisons keep the second argument where one is NaN, so that a NaN shows.
///
/// # Safety
/// Every function may only be called on a processor that has the instruction set; pointers lead to as many floats as are
/// read or written.
pub(super) trait Lanes: Copy {
    /// How many fit the registers.
    const N_REGISTERS: usize;
    unsafe fn splat(value: f32) -> Self;
    unsafe fn broadcast(from: *const f32) -> Self;
    unsafe fn load(from: *const f32) -> Self;
    unsafe fn store(self, to: *mut f32);
    unsafe fn add(self, other: Self) -> Self;
    unsafe fn sub(self, other: Self) -> Self;
    unsafe fn mul(self, other: Self) -> Self;
    /// Asks for the cache line at `from`, which need not be readable.
    unsafe fn prefetch(from: *const f32);
    /// self * factor + sum.
    unsafe fn mul_add(self, factor: Self, sum: Self) -> Self;
    /// sum - self * factor.
    unsafe fn mul_sub_from(self, factor: Self, sum: Self) -> Self;
    unsafe fn max(self, other: Self) -> Self;
    unsafe fn min(self, other: Self) -> Self;
    /// To the nearest integer.
    unsafe fn round(self) -> Self;
    /// self * 2^n for integers n within -126 and 127.
    unsafe fn times_power_of_two(self, n: Self) -> Self;
    /// 1 / self within two units in the last place.
    unsafe fn reciprocal(self) -> Self;
    unsafe fn abs(self) -> Self;
    /// self with the sign of `other`.
    unsafe fn with_sign_of(self, other: Self) -> Self;
}

/// Plain Rust, for any processor.
#[derive(Clone, Copy)]
pub(super) struct Portable([f32; 16]);

impl Portable {
    #[inline(always)]
    fn map(self, function: impl Fn(f32) -> f32) -> Self {
        Self(self.0.map(function))
    }

    #[inline(always)]
    fn zip(self, other: Self, function: impl Fn(f32, f32) -> f32) -> Self {
        let mut result = self.0;
        for (value, other) in result.iter_mut().zip(other.0) {
            *value = function(*value, other);
        }
        Self(result)
    }
}

impl Lanes for Portable {
    const N_REGISTERS: usize = 4;

    #[inline(always)]
    unsafe fn splat(value: f32) -> Self {
        Self([value; 16])
    }
    #[inline(always)]
    unsafe fn broadcast(from: *const f32) -> Self {
        // SAFETY: the caller gives a float.
        Self([unsafe { *from }; 16])
    }
    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        // SAFETY: the caller gives sixteen floats.
        Self(unsafe { from.cast::<[f32; 16]>().read() })
    }
    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        // SAFETY: the caller gives room for sixteen floats.
        unsafe { to.cast::<[f32; 16]>().write(self.0) }
    }
    #[inline(always)]
    unsafe fn add(self, other: Self) -> Self {
        self.zip(other, |a, b| a + b)
    }
    #[inline(always)]
    unsafe fn sub(self, other: Self) -> Self {
        self.zip(other, |a, b| a - b)
    }
    #[inline(always)]
    unsafe fn mul(self, other: Self) -> Self {
        self.zip(other, |a, b| a * b)
    }
    #[inline(always)]
    unsafe fn prefetch(_: *const f32) {}
    #[inline(always)]
    unsafe fn mul_add(self, factor: Self, sum: Self) -> Self {
        self.zip(factor, |a, b| a * b).zip(sum, |a, b| a + b)
    }
    #[inline(always)]
    unsafe fn mul_sub_from(self, factor: Self, sum: Self) -> Self {
        self.zip(factor, |a, b| a * b).zip(sum, |a, b| b - a)
    }
    #[inline(always)]
    unsafe fn max(self, other: Self) -> Self {
        self.zip(other, |a, b| if a > b { a } else { b })
    }
    #[inline(always)]
    unsafe fn min(self, other: Self) -> Self {
        self.zip(other, |a, b| if a < b { a } else { b })
    }
    #[inline(always)]
    unsafe fn round(self) -> Self {
        // Adding and taking away 1.5 * 2^23 rounds to an integer.
        const ROUNDER: f32 = 12_582_912.0;
        self.map(|a| (a + ROUNDER) - ROUNDER)
    }
    #[inline(always)]
    unsafe fn times_power_of_two(self, n: Self) -> Self {
        self.zip(n, |a, n| a * f32::from_bits((((n as i32) + 127) as u32) << 23))
    }
    #[inline(always)]
    unsafe fn reciprocal(self) -> Self {
        self.map(|a| 1.0 / a)
    }
    #[inline(always)]
    unsafe fn abs(self) -> Self {
        self.map(f32::abs)
    }
    #[inline(always)]
    unsafe fn with_sign_of(self, other: Self) -> Self {
        self.zip(other, f32::copysign)
    }
}

#[cfg(target_arch = "x86_64")]
pub(super) use x86::{Avx2, Avx512};

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::{
        __m256, __m512, _MM_HINT_T0, _mm_prefetch, _mm256_add_epi32, _mm256_add_ps, _mm256_and_ps,
        _mm256_andnot_ps, _mm256_broadcast_ss, _mm256_castsi256_ps, _mm256_cvtps_epi32, _mm256_div_ps,
        _mm256_fmadd_ps, _mm256_fnmadd_ps, _mm256_loadu_ps, _mm256_max_ps, _mm256_min_ps, _mm256_mul_ps,
        _mm256_or_ps, _mm256_round_ps, _mm256_set1_epi32, _mm256_set1_ps, _mm256_slli_epi32,
        _mm256_storeu_ps, _mm256_sub_ps, _mm512_abs_ps, _mm512_add_ps, _mm512_castps_si512,
        _mm512_castsi512_ps, _mm512_fmadd_ps, _mm512_fnmadd_ps, _mm512_loadu_ps, _mm512_max_ps,
        _mm512_min_ps, _mm512_mul_ps, _mm512_rcp14_ps, _mm512_roundscale_ps, _mm512_scalef_ps,
        _mm512_set1_epi32, _mm512_set1_ps, _mm512_storeu_ps, _mm512_sub_ps, _mm512_ternarylogic_epi32,
    };

    use super::Lanes;

    /// One register.
    #[derive(Clone, Copy)]
    pub(in super::super) struct Avx512(__m512);

    /// Two registers.
    #[derive(Clone, Copy)]
    pub(in super::super) struct Avx2(__m256, __m256);

    /// The functions of `Lanes` as one expression each.
    macro_rules! lanes {
        ($($name:ident($($arguments:tt)*) -> $result:ty = $body:expr;)*) => {$(
            #[inline(always)]
            unsafe fn $name($($arguments)*) -> $result {
                // SAFETY: the caller vouches for the instruction set and for the pointers, as the trait asks.
                unsafe { $body }
            }
        )*};
    }

    impl Lanes for Avx512 {
        const N_REGISTERS: usize = 32;

        lanes! {
            splat(value: f32) -> Self = Self(_mm512_set1_ps(value));
            broadcast(from: *const f32) -> Self = Self(_mm512_set1_ps(*from));
            load(from: *const f32) -> Self = Self(_mm512_loadu_ps(from));
            store(self, to: *mut f32) -> () = _mm512_storeu_ps(to, self.0);
            add(self, other: Self) -> Self = Self(_mm512_add_ps(self.0, other.0));
            sub(self, other: Self) -> Self = Self(_mm512_sub_ps(self.0, other.0));
            mul(self, other: Self) -> Self = Self(_mm512_mul_ps(self.0, other.0));
            prefetch(from: *const f32) -> () = _mm_prefetch::<_MM_HINT_T0>(from.cast());
            mul_add(self, factor: Self, sum: Self) -> Self = Self(_mm512_fmadd_ps(self.0, factor.0, sum.0));
            mul_sub_from(self, factor: Self, sum: Self) -> Self = Self(_mm512_fnmadd_ps(self.0, factor.0, sum.0));
            max(self, other: Self) -> Self = Self(_mm512_max_ps(self.0, other.0));
            min(self, other: Self) -> Self = Self(_mm512_min_ps(self.0, other.0));
            round(self) -> Self = Self(_mm512_roundscale_ps::<0>(self.0));
            times_power_of_two(self, n: Self) -> Self = Self(_mm512_scalef_ps(self.0, n.0));
            reciprocal(self) -> Self = {
                let guess = _mm512_rcp14_ps(self.0);
                let error = _mm512_fnmadd_ps(self.0, guess, _mm512_set1_ps(2.0));
                Self(_mm512_mul_ps(guess, error))
            };
            abs(self) -> Self = Self(_mm512_abs_ps(self.0));
            with_sign_of(self, other: Self) -> Self = {
                let (number, other) = (_mm512_castps_si512(self.0), _mm512_castps_si512(other.0));
                // Bit by bit: the sign where the mask is set, else the number.
                let mixed = _mm512_ternarylogic_epi32::<0xCA>(_mm512_set1_epi32(i32::MIN), other, number);
                Self(_mm512_castsi512_ps(mixed))
            };
        }
    }

    impl Lanes for Avx2 {
        const N_REGISTERS: usize = 8;

        lanes! {
            splat(value: f32) -> Self = Self(_mm256_set1_ps(value), _mm256_set1_ps(value));
            broadcast(from: *const f32) -> Self = {
                let value = _mm256_broadcast_ss(&*from);
                Self(value, value)
            };
            load(from: *const f32) -> Self = Self(_mm256_loadu_ps(from), _mm256_loadu_ps(from.add(8)));
            store(self, to: *mut f32) -> () = {
                _mm256_storeu_ps(to, self.0);
                _mm256_storeu_ps(to.add(8), self.1);
            };
            add(self, other: Self) -> Self = Self(_mm256_add_ps(self.0, other.0), _mm256_add_ps(self.1, other.1));
            sub(self, other: Self) -> Self = Self(_mm256_sub_ps(self.0, other.0), _mm256_sub_ps(self.1, other.1));
            mul(self, other: Self) -> Self = Self(_mm256_mul_ps(self.0, other.0), _mm256_mul_ps(self.1, other.1));
            prefetch(from: *const f32) -> () = _mm_prefetch::<_MM_HINT_T0>(from.cast());
            mul_add(self, factor: Self, sum: Self) -> Self =
                Self(_mm256_fmadd_ps(self.0, factor.0, sum.0), _mm256_fmadd_ps(self.1, factor.1, sum.1));
            mul_sub_from(self, factor: Self, sum: Self) -> Self =
                Self(_mm256_fnmadd_ps(self.0, factor.0, sum.0), _mm256_fnmadd_ps(self.1, factor.1, sum.1));
            max(self, other: Self) -> Self = Self(_mm256_max_ps(self.0, other.0), _mm256_max_ps(self.1, other.1));
            min(self, other: Self) -> Self = Self(_mm256_min_ps(self.0, other.0), _mm256_min_ps(self.1, other.1));
            round(self) -> Self = Self(_mm256_round_ps::<8>(self.0), _mm256_round_ps::<8>(self.1));
            times_power_of_two(self, n: Self) -> Self = {
                let power = |n: __m256| {
                    let exponent = _mm256_add_epi32(_mm256_cvtps_epi32(n), _mm256_set1_epi32(127));
                    _mm256_castsi256_ps(_mm256_slli_epi32::<23>(exponent))
                };
                Self(_mm256_mul_ps(self.0, power(n.0)), _mm256_mul_ps(self.1, power(n.1)))
            };
            reciprocal(self) -> Self = {
                let one = _mm256_set1_ps(1.0);
                Self(_mm256_div_ps(one, self.0), _mm256_div_ps(one, self.1))
            };
            abs(self) -> Self = {
                let sign = _mm256_set1_ps(-0.0);
                Self(_mm256_andnot_ps(sign, self.0), _mm256_andnot_ps(sign, self.1))
            };
            with_sign_of(self, other: Self) -> Self = {
                let sign = _mm256_set1_ps(-0.0);
                let mix = |number, other| _mm256_or_ps(_mm256_and_ps(sign, other), _mm256_andnot_ps(sign, number));
                Self(mix(self.0, other.0), mix(self.1, other.1))
            };
        }
    }
}
