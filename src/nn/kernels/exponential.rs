//! Exponential and error function without a branch or a call, so that the compiler makes SIMD of loops over them.

/// exp(x) within two units in the last place, 0 below -87.3 and the largest finite power above 88.3; NaN stays NaN.
#[inline]
pub(crate) fn exp(x: f32) -> f32 {
    // Adding and taking away 1.5 * 2^23 rounds to an integer.
    const ROUNDER: f32 = 12_582_912.0;
    let held = if x > 88.3 { 88.3 } else { x };
    let held = if held < -87.3 { -87.3 } else { held };
    let shifted = held * std::f32::consts::LOG2_E + ROUNDER;
    let n = shifted - ROUNDER;
    // ln 2 in two parts, the first exact in few bits (Cody and Waite, 1980).
    let r = (held - n * 0.693_359_4) - n * -2.121_944_4e-4;
    // The Taylor series suffices within |r| <= ln 2 / 2: the first term left out is below 2^-25.
    let polynomial = 1.0 / 720.0 + r * (1.0 / 5040.0);
    let polynomial = 1.0 / 120.0 + r * polynomial;
    let polynomial = 1.0 / 24.0 + r * polynomial;
    let polynomial = 1.0 / 6.0 + r * polynomial;
    let polynomial = 0.5 + r * polynomial;
    let power = 1.0 + (r + r * r * polynomial);
    // `shifted` holds n in its lowest bits; moved up they become the exponent's.
    let scale = f32::from_bits((shifted.to_bits() << 23).wrapping_add(0x3F80_0000));
    let result = power * scale;
    if x < -87.3 { 0.0 } else { result }
}

/// 1 / (1 + exp(-x)).
#[inline]
pub(crate) fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + exp(-x))
}

/// tanh(x), within 2e-7.
#[inline]
pub(crate) fn tanh(x: f32) -> f32 {
    1.0 - 2.0 / (1.0 + exp(2.0 * x))
}

/// The error function within 6e-7: Abramowitz and Stegun, "Handbook of Mathematical Functions", formula 7.1.26.
#[inline]
pub(crate) fn erf(x: f32) -> f32 {
    let size = x.abs();
    let t = 1.0 / (1.0 + 0.327_591_1 * size);
    let polynomial = -1.453_152_1 + t * 1.061_405_4;
    let polynomial = 1.421_413_8 + t * polynomial;
    let polynomial = -0.284_496_72 + t * polynomial;
    let polynomial = 0.254_829_6 + t * polynomial;
    (1.0 - t * polynomial * exp(-size * size)).copysign(x)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn for_each_value(mut check: impl FnMut(f32)) {
        for step in -90_000..=88_000 {
            check(step as f32 * 1e-3);
        }
    }

    #[test]
    fn close_to_the_exact_functions() {
        for_each_value(|x| {
            let exact = f64::from(x).exp();
            let relative = (f64::from(exp(x)) / exact - 1.0).abs();
            assert!(relative < 2.4e-7 || x < -87.3 && exp(x) == 0.0, "exp({x}): {relative}");
            assert!((f64::from(tanh(x)) - f64::from(x).tanh()).abs() < 2e-7, "tanh({x})");
            let exact = 1.0 / (1.0 + (-f64::from(x)).exp());
            assert!((f64::from(sigmoid(x)) - exact).abs() < 2e-7, "sigmoid({x})");
            let exact = candle_core::cpu::erf::erf_f64(f64::from(x));
            assert!((f64::from(erf(x)) - exact).abs() < 6e-7, "erf({x})");
        });
    }

    #[test]
    fn the_ends_are_finite_and_nan_shows() {
        assert_eq!([exp(f32::NEG_INFINITY), exp(-1e9), tanh(1e9), tanh(-1e9)], [0.0, 0.0, 1.0, -1.0]);
        assert!((0.0..1e-38).contains(&sigmoid(-1e9)));
        assert!(exp(1e9).is_finite() && exp(1e9) > 1e38 && sigmoid(f32::INFINITY) == 1.0);
        assert_eq!(exp(0.0), 1.0);
        for function in [exp, sigmoid, tanh, erf] {
            assert!(function(f32::NAN).is_nan());
        }
    }
}
