//! How the learning rate changes in a run: a pure function of the step and of the validation curve so far, so that a
//! resumed run needs no state of its own for it.

use serde::{Deserialize, Serialize};

/// A schedule with its numbers, as recipes hold it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Schedule {
    /// The same rate all along.
    #[default]
    Constant,
    /// Multiplied by `factor` after every so many epochs (torch StepLR).
    StepDecay {
        /// Epochs between two falls.
        every_epochs: usize,
        /// What the rate is multiplied by.
        factor: f64,
    },
    /// Rises linearly over the first steps, then falls along half a cosine to 0 (torch CosineAnnealingLR).
    Cosine {
        /// Steps of the rise.
        warmup_steps: usize,
    },
    /// Multiplied by `factor` once the validation metric has not risen for more than `patience` epochs (torch
    /// ReduceLROnPlateau, mode max, threshold 1e-4 relative).
    Plateau {
        /// Epochs without a rise that are forgiven.
        patience: usize,
        /// What the rate is multiplied by.
        factor: f64,
    },
}

impl Schedule {
    /// What the recipe's rate is multiplied by at `step` (from 0) of `n_steps`, in `epoch` (from 0), after the
    /// validation metrics of all epochs before.
    pub fn factor(&self, step: usize, n_steps: usize, epoch: usize, metrics: &[f64]) -> f64 {
        match *self {
            Self::Constant => 1.0,
            Self::StepDecay { every_epochs, factor } => {
                let n_falls = epoch.checked_div(every_epochs).unwrap_or(0);
                factor.powi(n_falls.min(i32::MAX as usize) as i32)
            }
            Self::Cosine { warmup_steps } if step < warmup_steps => (step + 1) as f64 / warmup_steps as f64,
            Self::Cosine { warmup_steps } => {
                let part = (step - warmup_steps) as f64 / n_steps.saturating_sub(warmup_steps).max(1) as f64;
                0.5 * (1.0 + (std::f64::consts::PI * part.min(1.0)).cos())
            }
            Self::Plateau { patience, factor } => factor.powi(n_plateaus(metrics, patience)),
        }
    }
}

/// How often the metric has stood still for more than `patience` epochs.
fn n_plateaus(metrics: &[f64], patience: usize) -> i32 {
    let (mut best, mut n_bad, mut n_plateaus) = (f64::NEG_INFINITY, 0, 0);
    for &metric in metrics {
        if metric > best + best.abs() * 1e-4 || best == f64::NEG_INFINITY {
            (best, n_bad) = (metric, 0);
        } else {
            n_bad += 1;
        }
        if n_bad > patience {
            n_plateaus += 1;
            n_bad = 0;
        }
    }
    n_plateaus
}

#[cfg(test)]
mod tests {
    use super::Schedule;

    fn check(found: impl Iterator<Item = f64>, expected: &[f64]) {
        let found: Vec<f64> = found.collect();
        assert_eq!(found.len(), expected.len());
        for (step, (found, expected)) in found.iter().zip(expected).enumerate() {
            assert!((found - expected).abs() < 1e-6, "step {step}: {found}, not {expected}");
        }
    }

    // o = torch.optim.SGD([p], lr=1.0); before each o.step(); s.step(...): o.param_groups[0]['lr']
    #[test]
    fn factors_have_parity_with_pytorch() {
        // torch.optim.lr_scheduler.StepLR(o, 2, 0.1)
        let step_decay = Schedule::StepDecay { every_epochs: 2, factor: 0.1 };
        check((0..5).map(|epoch| step_decay.factor(0, 1, epoch, &[])), &[1.0, 1.0, 0.1, 0.1, 0.01]);
        // torch.optim.lr_scheduler.CosineAnnealingLR(o, 8)
        let cosine = Schedule::Cosine { warmup_steps: 0 };
        let expected = [1.0, 0.9619398, 0.8535534, 0.6913417, 0.5, 0.3086583, 0.1464466, 0.0380602];
        check((0..8).map(|step| cosine.factor(step, 8, 0, &[])), &expected);
        // ReduceLROnPlateau(o, mode='max', factor=0.5, patience=1); s.step(m) for m in the metrics below
        let plateau = Schedule::Plateau { patience: 1, factor: 0.5 };
        let metrics = [0.5, 0.6, 0.6, 0.55, 0.6, 0.6, 0.7, 0.7, 0.7];
        let expected = [1.0, 1.0, 1.0, 1.0, 0.5, 0.5, 0.25, 0.25, 0.25];
        check((0..9).map(|epoch| plateau.factor(0, 1, epoch, &metrics[..epoch])), &expected);
    }

    #[test]
    fn a_warm_up_rises_to_the_whole_rate() {
        let cosine = Schedule::Cosine { warmup_steps: 4 };
        check((0..6).map(|step| cosine.factor(step, 6, 0, &[])), &[0.25, 0.5, 0.75, 1.0, 1.0, 0.5]);
        check([Schedule::Constant.factor(7, 9, 3, &[0.1])].into_iter(), &[1.0]);
    }
}
