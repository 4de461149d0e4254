//! A picture in two dimensions of which rows lie near which: t-SNE, exact, for the few hundred rows of a plot. Distances
//! between far groups mean nothing in it, and the axes have no unit. Knows rows of numbers only.
//!
//! van der Maaten and Hinton, "Visualizing Data using t-SNE", JMLR 9 (2008); early exaggeration and learning rate after
//! Belkina et al., "Automated optimized parameters for t-distributed stochastic neighbor embedding", Nature
//! Communications 10 (2019).

use rayon::prelude::*;

use super::Random;
use crate::encode::DenseMatrix;

/// Neighbours a row listens to, about; fewer where there are few rows.
const PERPLEXITY: f64 = 30.0;
/// Steps of the descent.
const N_STEPS: usize = 500;
/// Steps in which attraction is exaggerated, so that groups form before they spread.
const N_EXAGGERATED: usize = 150;
/// By how much.
const EXAGGERATION: f64 = 12.0;
/// Smallest learning rate.
const SLOWEST: f64 = 50.0;
/// Smallest probability, so that its logarithm exists.
const SMALLEST: f64 = 1e-12;

/// Where each row of `points` (n, width) stands in the picture (n); the same rows and seed give the same picture.
/// `goes_on` is asked before every step; `None` once it says no. Fewer than three rows lie on a line.
pub fn tsne(points: &DenseMatrix, seed: u64, goes_on: &(dyn Fn() -> bool + Sync)) -> Option<Vec<[f64; 2]>> {
    let n_rows = points.n_rows();
    if n_rows < 3 {
        return Some((0..n_rows).map(|row| [row as f64, 0.0]).collect());
    }
    let wanted = joint_probabilities(&squared_distances(points), n_rows);
    let mut random = Random::new(seed, "tsne");
    let mut places: Vec<[f64; 2]> = (0..n_rows).map(|_| near_origin(&mut random)).collect();
    let mut steps = vec![[0.0; 2]; n_rows];
    let mut gains = vec![[1.0_f64; 2]; n_rows];
    let learning_rate = (n_rows as f64 / EXAGGERATION / 4.0).max(SLOWEST);
    for step in 0..N_STEPS {
        if !goes_on() {
            return None;
        }
        let is_early = step < N_EXAGGERATED;
        let (factor, momentum) = if is_early { (EXAGGERATION, 0.5) } else { (1.0, 0.8) };
        let slope = gradient(&wanted, &places, factor);
        for (((place, step), gain), slope) in places.iter_mut().zip(&mut steps).zip(&mut gains).zip(&slope) {
            for (((place, step), gain), slope) in place.iter_mut().zip(step).zip(gain).zip(slope) {
                let turns = (*slope > 0.0) == (*step > 0.0);
                *gain = if turns { (*gain * 0.8).max(0.01) } else { *gain + 0.2 };
                *step = momentum * *step - learning_rate * *gain * slope;
                *place += *step;
            }
        }
        centre(&mut places);
    }
    Some(places)
}

/// A draw from a narrow normal distribution (Box and Muller).
fn near_origin(random: &mut Random) -> [f64; 2] {
    let radius = (-2.0 * (1.0 - random.unit()).ln()).sqrt() * 1e-4;
    let angle = std::f64::consts::TAU * random.unit();
    [radius * angle.cos(), radius * angle.sin()]
}

/// (n, n)
fn squared_distances(points: &DenseMatrix) -> Vec<f64> {
    let n_rows = points.n_rows();
    let row = |row: usize| {
        let own = points.row(row);
        (0..n_rows).map(move |other| {
            let pairs = own.iter().zip(points.row(other));
            pairs.map(|(a, b)| (f64::from(*a) - f64::from(*b)).powi(2)).sum::<f64>()
        })
    };
    (0..n_rows).into_par_iter().flat_map_iter(row).collect()
}

/// How much each two rows should be together (n, n), of sum 1: both sides' normal weights, each with its own width.
fn joint_probabilities(distances: &[f64], n_rows: usize) -> Vec<f64> {
    let perplexity = PERPLEXITY.min((n_rows as f64 - 1.0) / 3.0).max(1.0);
    let one_sided: Vec<f64> = distances
        .par_chunks(n_rows)
        .enumerate()
        .flat_map_iter(|(row, distances)| weights_of_row(row, distances, perplexity.ln()))
        .collect();
    let at = |row: usize, other: usize| one_sided.get(row * n_rows + other).copied().unwrap_or_default();
    let both =
        |row: usize| (0..n_rows).map(move |other| (at(row, other) + at(other, row)) / (2.0 * n_rows as f64));
    (0..n_rows).flat_map(both).map(|joint| joint.max(SMALLEST)).collect()
}

/// Weights of the others as one row sees them, of sum 1, with the given entropy (natural logarithm), found by bisection.
fn weights_of_row(row: usize, distances: &[f64], entropy: f64) -> Vec<f64> {
    let nearest = distances.iter().enumerate().filter(|(other, _)| *other != row).map(|(_, far)| *far);
    let nearest = nearest.fold(f64::INFINITY, f64::min);
    let (mut low, mut high, mut narrowness) = (0.0, f64::INFINITY, 1.0_f64);
    let mut weights = Vec::new();
    for _ in 0..64 {
        let weigh = |(other, far): (usize, &f64)| {
            if other == row { 0.0 } else { (-narrowness * (far - nearest)).exp() }
        };
        weights = distances.iter().enumerate().map(weigh).collect();
        let sum: f64 = weights.iter().sum();
        let mean: f64 = weights.iter().zip(distances).map(|(weight, far)| weight * (far - nearest)).sum();
        weights.iter_mut().for_each(|weight| *weight /= sum);
        let found = sum.ln() + narrowness * mean / sum;
        if (found - entropy).abs() < 1e-6 {
            break;
        }
        if found > entropy {
            low = narrowness;
            narrowness = if high.is_finite() { (low + high) / 2.0 } else { narrowness * 2.0 };
        } else {
            high = narrowness;
            narrowness = (low + high) / 2.0;
        }
    }
    weights
}

/// The slope of the divergence between `factor` times the wanted probabilities and those of the picture (n, 2).
fn gradient(wanted: &[f64], places: &[[f64; 2]], factor: f64) -> Vec<[f64; 2]> {
    let n_rows = places.len();
    let sums: Vec<f64> = places
        .par_iter()
        .map(|[x, y]| {
            places.iter().map(|[u, v]| 1.0 / (1.0 + (x - u).powi(2) + (y - v).powi(2))).sum::<f64>()
        })
        .collect();
    // Each row is near itself by 1, which does not count. Summed in order, so that every run gives the same.
    let total = sums.iter().sum::<f64>() - n_rows as f64;
    let slope = |(own, [x, y]): (&[f64], &[f64; 2])| {
        let mut slope = [0.0; 2];
        for (wanted, [u, v]) in own.iter().zip(places) {
            let (dx, dy) = (x - u, y - v);
            let near = 1.0 / (1.0 + dx * dx + dy * dy);
            let pull = 4.0 * (factor * wanted - near / total) * near;
            slope = [slope[0] + pull * dx, slope[1] + pull * dy];
        }
        slope
    };
    wanted.par_chunks(n_rows).zip(places.par_iter()).map(slope).collect()
}

fn centre(places: &mut [[f64; 2]]) {
    let n_rows = places.len() as f64;
    let sum = places.iter().fold([0.0, 0.0], |sum, place| [sum[0] + place[0], sum[1] + place[1]]);
    for place in places {
        *place = [place[0] - sum[0] / n_rows, place[1] - sum[1] / n_rows];
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    /// Three groups of `n` rows around corners far apart.
    fn groups(n: usize) -> DenseMatrix {
        let mut random = Random::new(1, "groups");
        let mut values = Vec::new();
        for row in 0..3 * n {
            for column in 0..3 {
                let corner = f32::from(u8::from(row / n == column));
                values.push(corner + 0.1 * random.unit() as f32);
            }
        }
        DenseMatrix { width: 3, values }
    }

    fn divergence(wanted: &[f64], places: &[[f64; 2]]) -> f64 {
        let near = |a: &[f64; 2], b: &[f64; 2]| 1.0 / (1.0 + (a[0] - b[0]).powi(2) + (a[1] - b[1]).powi(2));
        let n_rows = places.len();
        let pairs = || (0..n_rows).flat_map(|a| (0..n_rows).map(move |b| (a, b))).filter(|(a, b)| a != b);
        let total: f64 = pairs().map(|(a, b)| near(&places[a], &places[b])).sum();
        pairs()
            .map(|(a, b)| {
                let (wanted, found) = (wanted[a * n_rows + b], near(&places[a], &places[b]) / total);
                wanted * (wanted / found).ln()
            })
            .sum()
    }

    #[test]
    fn the_gradient_is_that_of_the_divergence() {
        let points = groups(4);
        let wanted = joint_probabilities(&squared_distances(&points), 12);
        assert!((wanted.iter().sum::<f64>() - 1.0).abs() < 1e-9);
        let mut random = Random::new(2, "places");
        let mut places: Vec<[f64; 2]> = (0..12).map(|_| [random.unit(), random.unit()]).collect();
        let slope = gradient(&wanted, &places, 1.0);
        let step = 1e-6;
        for row in [0, 5, 11] {
            for axis in 0..2 {
                places[row][axis] += step;
                let above = divergence(&wanted, &places);
                places[row][axis] -= 2.0 * step;
                let below = divergence(&wanted, &places);
                places[row][axis] += step;
                let expected = (above - below) / (2.0 * step);
                assert!((slope[row][axis] - expected).abs() < 1e-6, "{row} {axis}");
            }
        }
    }

    #[test]
    fn every_row_listens_to_as_many_as_the_perplexity() {
        let points = groups(8);
        let distances = squared_distances(&points);
        for (row, own) in distances.chunks(24).enumerate() {
            let weights = weights_of_row(row, own, 5.0_f64.ln());
            let entropy: f64 = weights.iter().filter(|it| **it > 0.0).map(|it| -it * it.ln()).sum();
            assert!((entropy.exp() - 5.0).abs() < 0.01, "{row}: {}", entropy.exp());
        }
    }

    #[test]
    fn groups_stay_together() {
        let places = tsne(&groups(12), 3, &|| true).unwrap();
        let far = |a: usize, b: usize| {
            ((places[a][0] - places[b][0]).powi(2) + (places[a][1] - places[b][1]).powi(2)).sqrt()
        };
        for row in 0..36 {
            let nearest =
                (0..36).filter(|other| *other != row).min_by(|a, b| far(row, *a).total_cmp(&far(row, *b)));
            assert_eq!(nearest.map(|other| other / 12), Some(row / 12), "{row}");
        }
        assert_eq!(tsne(&groups(12), 3, &|| true).unwrap(), places);
        assert_ne!(tsne(&groups(12), 4, &|| true).unwrap(), places);
    }

    #[test]
    fn it_stops_and_bears_few_and_equal_rows() {
        assert_eq!(tsne(&groups(4), 1, &|| false), None);
        for n_rows in 0..5 {
            let equal = DenseMatrix { width: 2, values: vec![0.5; n_rows * 2] };
            let places = tsne(&equal, 1, &|| true).unwrap();
            assert_eq!(places.len(), n_rows);
            assert!(places.iter().flatten().all(|number| number.is_finite()), "{places:?}");
        }
    }
}
