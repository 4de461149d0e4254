//! Activations of sixteen lanes.
#![allow(unsafe_code, reason = "built of SIMD intrinsics; every block carries its proof")]

use super::simd::Lanes;
use crate::nn::Activation;

/// 2^x, x held within -126 and 126; NaN stays NaN.
///
/// # Safety
/// The processor has the instruction set.
#[inline(always)]
unsafe fn exp2<V: Lanes>(x: V) -> V {
    // The polynomial of degree 5 with the smallest relative error within |r| <= 1/2, 2.0e-7 with rounding.
    const POLYNOMIAL: [f32; 5] = [0.001_327_647_1, 0.009_675_541, 0.055_507_13, 0.240_221_2, 0.693_146_94];
    // SAFETY: the caller vouches for the instruction set.
    unsafe {
        let held = V::splat(-126.0).max(V::splat(126.0).min(x));
        let n = held.round();
        let r = held.sub(n);
        let mut power = V::splat(POLYNOMIAL[0]);
        for coefficient in &POLYNOMIAL[1..] {
            power = power.mul_add(r, V::splat(*coefficient));
        }
        power.mul_add(r, V::splat(1.0)).times_power_of_two(n)
    }
}

/// exp(x), held within 1e-38 and 8e37.
///
/// # Safety
/// The processor has the instruction set.
#[inline(always)]
pub(super) unsafe fn exp<V: Lanes>(x: V) -> V {
    // SAFETY: the caller vouches for the instruction set.
    unsafe { exp2(x.mul(V::splat(std::f32::consts::LOG2_E))) }
}

/// 1 / (1 + exp(-scale x)).
///
/// # Safety
/// The processor has the instruction set.
#[inline(always)]
unsafe fn sigmoid<V: Lanes>(x: V, scale: f32) -> V {
    // SAFETY: the caller vouches for the instruction set.
    unsafe {
        let power = exp2(x.mul(V::splat(-scale * std::f32::consts::LOG2_E)));
        power.add(V::splat(1.0)).reciprocal()
    }
}

/// The error function within 6e-7: Abramowitz and Stegun, "Handbook of Mathematical Functions", formula 7.1.26.
///
/// # Safety
/// The processor has the instruction set.
#[inline(always)]
unsafe fn erf<V: Lanes>(x: V) -> V {
    // SAFETY: the caller vouches for the instruction set.
    unsafe {
        let size = x.abs();
        let t = size.mul_add(V::splat(0.327_591_1), V::splat(1.0)).reciprocal();
        let mut polynomial = V::splat(1.061_405_4);
        for coefficient in [-1.453_152_1, 1.421_413_8, -0.284_496_72, 0.254_829_6] {
            polynomial = polynomial.mul_add(t, V::splat(coefficient));
        }
        let power = exp2(size.mul(size).mul(V::splat(-std::f32::consts::LOG2_E)));
        polynomial.mul(t).mul_sub_from(power, V::splat(1.0)).with_sign_of(x)
    }
}

/// relu6(x + 3) / 6.
///
/// # Safety
/// The processor has the instruction set.
#[inline(always)]
unsafe fn hard_sigmoid<V: Lanes>(x: V) -> V {
    // SAFETY: the caller vouches for the instruction set.
    unsafe {
        let moved = x.add(V::splat(3.0));
        V::splat(6.0).min(V::splat(0.0).max(moved)).mul(V::splat(1.0 / 6.0))
    }
}

/// The activation of sixteen numbers; `kind` should be known to the caller's loop, so that the choice is made once.
///
/// # Safety
/// The processor has the instruction set.
#[inline(always)]
pub(super) unsafe fn activate<V: Lanes>(x: V, kind: Activation) -> V {
    // SAFETY: the caller vouches for the instruction set.
    unsafe {
        match kind {
            Activation::Identity => x,
            Activation::Relu => V::splat(0.0).max(x),
            Activation::Relu6 => V::splat(6.0).min(V::splat(0.0).max(x)),
            Activation::Silu => x.mul(sigmoid(x, 1.0)),
            Activation::HardSwish => x.mul(hard_sigmoid(x)),
            Activation::HardSigmoid => hard_sigmoid(x),
            Activation::Sigmoid => sigmoid(x, 1.0),
            Activation::Gelu => {
                let normal = erf(x.mul(V::splat(std::f32::consts::FRAC_1_SQRT_2)));
                x.mul(normal.mul_add(V::splat(0.5), V::splat(0.5)))
            }
            Activation::GeluTanh => {
                // 0.5 (1 + tanh(u)) is the logistic function of 2 u.
                let inner = x.mul(x).mul_add(V::splat(0.044_715), V::splat(1.0)).mul(x);
                x.mul(sigmoid(inner, 2.0 * 0.797_884_6))
            }
            Activation::QuickGelu => x.mul(sigmoid(x, 1.702)),
            Activation::Tanh => sigmoid(x, 2.0).mul_add(V::splat(2.0), V::splat(-1.0)),
        }
    }
}

/// The bounds that make an activation of a clamp; `None` where it is more than that.
pub(super) fn as_bounds(kind: Activation) -> Option<[f32; 2]> {
    match kind {
        Activation::Identity => Some([f32::NEG_INFINITY, f32::INFINITY]),
        Activation::Relu => Some([0.0, f32::INFINITY]),
        Activation::Relu6 => Some([0.0, 6.0]),
        _ => None,
    }
}

/// Applies `kind` to `n` blocks of sixteen floats at `values`, each `stride` floats after the one before, and adds them up
/// in each lane.
///
/// # Safety
/// The processor has the instruction set; every block lies within what the caller may write.
#[inline(always)]
pub(super) unsafe fn activate_run<V: Lanes>(values: *mut f32, n: usize, kind: Activation) -> V {
    /// One loop an activation.
    macro_rules! each {
        ($($name:ident),*) => {
            match kind {
                // SAFETY: the caller vouches for the instruction set and for `n` blocks from `values`.
                $(Activation::$name => unsafe {
                    let mut sum = V::splat(0.0);
                    for index in 0..n {
                        let place = values.add(index * 16);
                        let value = activate(V::load(place), Activation::$name);
                        value.store(place);
                        sum = sum.add(value);
                    }
                    sum
                },)*
            }
        };
    }
    each!(Identity, Relu, Relu6, Silu, HardSwish, HardSigmoid, Sigmoid, Gelu, GeluTanh, QuickGelu, Tanh)
}
