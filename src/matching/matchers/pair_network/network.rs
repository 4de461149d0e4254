//! Two fully connected layers with ReLU between, to log odds; cross entropy, Adam (Kingma and Ba, ICLR 2015) with a rate that
//! falls along a cosine. Seeded and single-threaded: the same pairs give the same numbers. Inputs are standardised by the mean and
//! deviation of what was learned from, which are part of the network.

use crate::nn::Random;

/// Decides first weights and order.
const SEED: u64 = 2021;
/// Pairs a step.
const BATCH: usize = 256;
/// Rate of the first step.
const LEARNING_RATE: f32 = 3e-3;
/// Pull of the weights towards 0, added to the gradient.
const WEIGHT_DECAY: f32 = 1e-4;

/// How long and how much it learns.
#[derive(Clone, Copy, Debug)]
pub(super) struct Schooling {
    pub hidden: usize,
    pub n_rounds: usize,
}

/// Means, reciprocal deviations, then per hidden number its weights, bias and weight in the output, then the output's bias.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Network {
    width: usize,
    hidden: usize,
    means: Vec<f32>,
    factors: Vec<f32>,
    /// hidden x (width + 2), then one.
    weights: Vec<f32>,
}

impl Network {
    /// Learns from pairs: `rows` (n, width), `targets` (n) 1 or 0.
    pub fn learned(rows: &[f32], targets: &[f32], schooling: Schooling) -> Self {
        let n_pairs = targets.len();
        let width = rows.len() / n_pairs.max(1);
        let mut network = Self::new(rows, width, schooling.hidden);
        let mut standard = rows.to_vec();
        for row in standard.chunks_mut(width.max(1)) {
            network.standardise(row);
        }
        let n_weights = network.weights.len();
        let (mut first, mut second) = (vec![0.0_f32; n_weights], vec![0.0_f32; n_weights]);
        let mut order: Vec<usize> = (0..n_pairs).collect();
        let mut random = Random::named(SEED, "order");
        let n_steps = (schooling.n_rounds * n_pairs.div_ceil(BATCH)).max(1);
        let mut step = 0;
        let mut active = vec![0.0_f32; schooling.hidden];
        for _ in 0..schooling.n_rounds {
            for last in (1..order.len()).rev() {
                order.swap(last, (random.next_bits() % (last as u64 + 1)) as usize);
            }
            for batch in order.chunks(BATCH) {
                let mut gradient: Vec<f32> =
                    network.weights.iter().map(|weight| WEIGHT_DECAY * weight).collect();
                for &pair in batch {
                    let row = standard.get(pair * width..(pair + 1) * width).unwrap_or_default();
                    let odds = network.forward(row, &mut active);
                    let wrong =
                        (sigmoid(odds) - targets.get(pair).copied().unwrap_or_default()) / batch.len() as f32;
                    network.backward(row, &active, wrong, &mut gradient);
                }
                step += 1;
                let progress = step as f32 / n_steps as f32;
                let rate = LEARNING_RATE * 0.5 * (1.0 + (std::f32::consts::PI * progress).cos());
                let (keep1, keep2) = (0.9_f32, 0.999_f32);
                let (bias1, bias2) = (1.0 - keep1.powi(step), 1.0 - keep2.powi(step));
                for (((weight, gradient), first), second) in
                    network.weights.iter_mut().zip(&gradient).zip(&mut first).zip(&mut second)
                {
                    *first = keep1 * *first + (1.0 - keep1) * gradient;
                    *second = keep2 * *second + (1.0 - keep2) * gradient * gradient;
                    *weight -= rate * (*first / bias1) / ((*second / bias2).sqrt() + 1e-8);
                }
            }
        }
        network
    }

    /// Means and deviations of the rows, weights from the seed (Glorot and Bengio, AISTATS 2010).
    fn new(rows: &[f32], width: usize, hidden: usize) -> Self {
        let n_pairs = (rows.len() / width.max(1)).max(1) as f64;
        let mut sums = vec![(0.0_f64, 0.0_f64); width];
        for row in rows.chunks(width.max(1)) {
            for (sum, value) in sums.iter_mut().zip(row) {
                *sum = (sum.0 + f64::from(*value), sum.1 + f64::from(*value).powi(2));
            }
        }
        let moments = sums.into_iter().map(|(sum, squares)| {
            let mean = sum / n_pairs;
            let deviation = (squares / n_pairs - mean * mean).max(0.0).sqrt();
            // What never changes says nothing.
            (mean as f32, if deviation > 1e-6 { (1.0 / deviation) as f32 } else { 0.0 })
        });
        let (means, factors) = moments.unzip();
        let mut random = Random::named(SEED, "weights");
        let mut draw = |bound: f32| ((random.next_bits() >> 40) as f32 / (1_u32 << 23) as f32 - 1.0) * bound;
        let mut weights = Vec::with_capacity(hidden * (width + 2) + 1);
        for _ in 0..hidden {
            let bound = (6.0 / (width + hidden) as f32).sqrt();
            weights.extend((0..width).map(|_| draw(bound)));
            weights.push(0.0);
            weights.push(draw((6.0 / (hidden + 1) as f32).sqrt()));
        }
        weights.push(0.0);
        Self { width, hidden, means, factors, weights }
    }

    /// Whether a pair is of one group, in (0, 1).
    pub fn probability(&self, row: &[f32]) -> f32 {
        let mut row = row.to_vec();
        self.standardise(&mut row);
        sigmoid(self.forward(&row, &mut vec![0.0; self.hidden]))
    }

    /// All of it: the number of hidden numbers first.
    pub fn to_numbers(&self) -> Vec<f32> {
        [&[self.hidden as f32], self.means.as_slice(), &self.factors, &self.weights].concat()
    }

    /// From such numbers; `None` when they are no network over `width` numbers.
    pub fn from_numbers(numbers: &[f32], width: usize) -> Option<Self> {
        let (hidden, rest) = numbers.split_first()?;
        let hidden = (*hidden >= 1.0 && *hidden <= 4096.0).then_some(*hidden as usize)?;
        if rest.len() != 2 * width + hidden * (width + 2) + 1 || rest.iter().any(|number| !number.is_finite())
        {
            return None;
        }
        let (means, rest) = rest.split_at(width);
        let (factors, weights) = rest.split_at(width);
        Some(Self {
            width,
            hidden,
            means: means.to_vec(),
            factors: factors.to_vec(),
            weights: weights.to_vec(),
        })
    }

    fn standardise(&self, row: &mut [f32]) {
        for ((value, mean), factor) in row.iter_mut().zip(&self.means).zip(&self.factors) {
            // Far outside of what was learned from, a number would drown all others.
            *value = ((*value - mean) * factor).clamp(-10.0, 10.0);
        }
    }

    /// Log odds; `active` takes the hidden numbers.
    fn forward(&self, row: &[f32], active: &mut [f32]) -> f32 {
        let mut odds = self.weights.last().copied().unwrap_or_default();
        for (unit, active) in self.weights.chunks_exact(self.width + 2).zip(active) {
            let (weights, rest) = unit.split_at(self.width);
            let &[bias, out] = rest else { continue };
            let sum: f32 = weights.iter().zip(row).map(|(weight, value)| weight * value).sum();
            *active = (sum + bias).max(0.0);
            odds += out * *active;
        }
        odds
    }

    fn backward(&self, row: &[f32], active: &[f32], wrong: f32, gradient: &mut [f32]) {
        let size = self.width + 2;
        for ((unit, gradient), active) in
            self.weights.chunks_exact(size).zip(gradient.chunks_exact_mut(size)).zip(active)
        {
            let Some(out) = unit.last().copied() else { continue };
            let (weights, rest) = gradient.split_at_mut(self.width);
            let [bias, of_out] = rest else { continue };
            *of_out += wrong * active;
            if *active > 0.0 {
                *bias += wrong * out;
                weights.iter_mut().zip(row).for_each(|(weight, value)| *weight += wrong * out * value);
            }
        }
        if let Some(bias) = gradient.last_mut() {
            *bias += wrong;
        }
    }
}

fn sigmoid(odds: f32) -> f32 {
    1.0 / (1.0 + (-odds).exp())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::{Network, Schooling, sigmoid};

    /// Points of a square; of one kind where both signs agree, which no straight line tells.
    fn square() -> (Vec<f32>, Vec<f32>) {
        let steps: Vec<f32> = (-10..=10).filter(|step| *step != 0).map(|step| step as f32 / 10.0).collect();
        let points: Vec<(f32, f32)> = steps.iter().flat_map(|x| steps.iter().map(|y| (*x, *y))).collect();
        let targets = points.iter().map(|(x, y)| f32::from(x * y > 0.0)).collect();
        (points.into_iter().flat_map(|(x, y)| [x, y]).collect(), targets)
    }

    #[test]
    fn it_learns_what_is_not_linear_and_the_same_each_time() {
        let (rows, targets) = square();
        let schooling = Schooling { hidden: 16, n_rounds: 300 };
        let network = Network::learned(&rows, &targets, schooling);
        let is_right = |(row, target): (&[f32], &f32)| (network.probability(row) > 0.5) == (*target > 0.5);
        let n_right = rows.chunks(2).zip(&targets).filter(|pair| is_right(*pair)).count();
        assert!(n_right as f32 > 0.97 * targets.len() as f32, "{n_right} of {}", targets.len());
        assert_eq!(Network::learned(&rows, &targets, schooling), network);
        assert_eq!(Network::from_numbers(&network.to_numbers(), 2).unwrap(), network);
    }

    #[test]
    fn the_gradient_is_that_of_the_loss() {
        let (rows, targets) = square();
        let mut network = Network::new(&rows, 2, 4);
        let (row, target) = (&rows[6..8], targets[3]);
        let loss = |network: &Network| {
            let odds = network.forward(row, &mut [0.0; 4]);
            -(target * sigmoid(odds).ln() + (1.0 - target) * (1.0 - sigmoid(odds)).ln())
        };
        let mut active = [0.0; 4];
        let wrong = sigmoid(network.forward(row, &mut active)) - target;
        let mut gradient = vec![0.0; network.weights.len()];
        network.backward(row, &active, wrong, &mut gradient);
        for (place, expected) in gradient.iter().enumerate() {
            let before = network.weights[place];
            network.weights[place] = before + 1e-2;
            let above = loss(&network);
            network.weights[place] = before - 1e-2;
            let slope = (above - loss(&network)) / 2e-2;
            network.weights[place] = before;
            assert!((slope - expected).abs() < 2e-3, "{place}: {slope} {expected}");
        }
    }

    #[test]
    fn numbers_that_are_no_network_are_refused() {
        assert!(Network::from_numbers(&[], 2).is_none());
        assert!(Network::from_numbers(&[2.0, 0.0], 2).is_none());
        let mut numbers = vec![1.0; 1 + 4 + 4 + 1];
        assert!(Network::from_numbers(&numbers, 2).is_some());
        numbers[5] = f32::NAN;
        assert!(Network::from_numbers(&numbers, 2).is_none());
        numbers[0] = 0.5;
        assert!(Network::from_numbers(&numbers, 2).is_none());
    }
}
