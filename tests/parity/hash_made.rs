//! Weights and inputs made by a small hash of their names, the same ones the reference outputs were computed with.
//!
//! Number i of a tensor is the splitmix64 finaliser of FNV-1a("SEED/NAME") + (i + 1) * 0x9E3779B97F4A7C15, its upper 24
//! bits mapped to [-1, 1); then scaled by the kind of tensor, in f64, and rounded once.
#![allow(dead_code, reason = "each test file uses a part of it")]

const STEP: u64 = 0x9E37_79B9_7F4A_7C15;

/// `n` numbers in [-1, 1).
pub fn uniform(name: &str, n: usize, seed: &str) -> impl Iterator<Item = f64> + use<> {
    let start = fnv1a(&format!("{seed}/{name}"));
    (1..=n as u64).map(move |i| {
        (finalise(start.wrapping_add(i.wrapping_mul(STEP))) >> 40) as f64 / f64::from(1 << 23) - 1.0
    })
}

/// Values of the parameter `name`, row-major: variances and norm scales about 1, means and biases about 0, matrices and
/// kernels by fan-in.
pub fn fill(name: &str, shape: &[usize], seed: &str) -> Vec<f32> {
    let (mut around, mut spread) = (0.0, 0.1);
    match name.rsplit('.').next().unwrap_or_default() {
        "running_var" => around = 1.0,
        "running_mean" => {}
        "weight" | "gamma" if shape.len() <= 1 => around = 1.0,
        _ if shape.len() <= 1 => {}
        _ => {
            let fan_in = shape[1..].iter().product::<usize>() as f64;
            let gain = if shape.len() == 4 { 2.0 } else { 1.0 };
            spread = (3.0 * gain / fan_in).sqrt();
        }
    }
    uniform(name, shape.iter().product(), seed).map(|u| (around + spread * u) as f32).collect()
}

/// (n, 3, size, size) normalised pictures in [-2, 2), row-major.
pub fn images(seed: &str, n: usize, size: usize) -> Vec<f32> {
    uniform(&format!("images/{n}x{size}"), n * 3 * size * size, seed).map(|u| (2.0 * u) as f32).collect()
}

/// `n` token ids in 5..=1904 for the text architecture `name`, before padding.
pub fn token_ids(name: &str, n: usize, seed: &str) -> Vec<u32> {
    uniform(&format!("ids/{name}"), n, seed).map(|u| (u.abs() * 1900.0) as u32 + 5).collect()
}

fn fnv1a(text: &str) -> u64 {
    text.bytes()
        .fold(0xCBF2_9CE4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3))
}

fn finalise(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

#[test]
fn the_hash_is_the_reference_s() {
    assert_eq!(fnv1a("0/x"), 5_626_720_072_384_404_584);
    let Some(shared) = super::shared() else { return };
    let check: serde_json::Value = super::json(&shared, "parity/fill_check.json");
    assert_eq!(check["fnv1a('0/x')"], fnv1a("0/x").to_string());
    let expected: Vec<f64> = serde_json::from_value(check["uniform('x', 8)"].clone()).unwrap();
    assert_eq!(uniform("x", 8, "0").collect::<Vec<_>>(), expected);
    let expected: Vec<Vec<f64>> =
        serde_json::from_value(check["fill('layer.weight', (2,3))"].clone()).unwrap();
    let found: Vec<f64> = fill("layer.weight", &[2, 3], "0").into_iter().map(f64::from).collect();
    assert_eq!(found, expected.concat());
}
