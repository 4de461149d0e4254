//! Seeded random numbers for initialisation and dropout: the same on every machine and device.

use std::f64::consts::TAU;

/// A splitmix64 stream (Steele, Lea and Flood, "Fast Splittable Pseudorandom Number Generators", OOPSLA 2014).
#[derive(Clone, Debug)]
pub struct Random {
    state: u64,
}

const STEP: u64 = 0x9E37_79B9_7F4A_7C15;

impl Random {
    /// The stream of a seed.
    pub fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// The stream of a seed and a name, independent of the streams of other names.
    pub fn named(seed: u64, name: &str) -> Self {
        let hash = name.bytes().fold(0xCBF2_9CE4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3)
        });
        Self { state: finalise(seed.wrapping_add(STEP)) ^ hash }
    }

    /// The next 64 bits.
    pub fn next_bits(&mut self) -> u64 {
        self.state = self.state.wrapping_add(STEP);
        finalise(self.state)
    }

    /// The next number in [0, 1).
    pub fn uniform(&mut self) -> f64 {
        (self.next_bits() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Uniform in `0..n`; 0 where `n` is 0 (Lemire's multiplication; the bias is below n / 2^64).
    pub fn below(&mut self, n: usize) -> usize {
        ((u128::from(self.next_bits()) * n as u128) >> 64) as usize
    }

    /// Fisher and Yates.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
    }

    /// The next normal number, mean 0 and variance 1 (Box and Muller, 1958).
    pub fn normal(&mut self) -> f64 {
        let length = (-2.0 * (1.0 - self.uniform()).ln()).sqrt();
        length * (TAU * self.uniform()).cos()
    }
}

fn finalise(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_spread_as_they_should() {
        let mut random = Random::new(7);
        let (mut sum, mut squares, mut uniform_sum) = (0.0, 0.0, 0.0);
        const N: usize = 100_000;
        for _ in 0..N {
            let normal = random.normal();
            sum += normal;
            squares += normal * normal;
            let uniform = random.uniform();
            assert!((0.0..1.0).contains(&uniform));
            uniform_sum += uniform;
        }
        let n = N as f64;
        assert!(
            (sum / n).abs() < 0.02
                && (squares / n - 1.0).abs() < 0.02
                && (uniform_sum / n - 0.5).abs() < 0.01
        );
    }

    #[test]
    fn seeds_and_names_give_streams_of_their_own() {
        let first = |mut random: Random| random.next_bits();
        // The published first output of splitmix64 for the seed 1234567.
        assert_eq!(first(Random::new(1_234_567)), 6_457_827_717_110_365_317);
        assert_eq!(first(Random::named(1, "a")), first(Random::named(1, "a")));
        assert_ne!(first(Random::named(1, "a")), first(Random::named(1, "b")));
        assert_ne!(first(Random::named(1, "a")), first(Random::named(2, "a")));
    }
}
