//! Keeps one bad batch from throwing everything far away: gradients are shortened together (Pascanu, Mikolov and Bengio,
//! ICML 2013), as torch.nn.utils.clip_grad_norm_.

use super::Gradients;
use crate::nn::ops::sum_of_squares;
use crate::train::TrainError;

/// Shortens all gradients by one factor so that their common length is at most `max_norm`; the length before.
///
/// # Errors
/// When the device fails.
pub fn clip_by_global_norm(gradients: &mut Gradients, max_norm: f64) -> Result<f64, TrainError> {
    let mut squares = 0.0;
    for gradient in gradients.values() {
        squares += sum_of_squares(gradient)?;
    }
    let norm = squares.sqrt();
    let factor = max_norm / (norm + 1e-6);
    if factor < 1.0 {
        for gradient in gradients.values_mut() {
            *gradient = (&*gradient * factor)?;
        }
    }
    Ok(norm)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use candle_core::{Device, Tensor};

    use super::{Gradients, clip_by_global_norm};

    fn check(max_norm: f64, expected: [f32; 3]) {
        let mut gradients = Gradients::from([
            ("a".to_owned(), Tensor::new(&[3.0_f32, 0.0], &Device::Cpu).unwrap()),
            ("b".to_owned(), Tensor::new(&[4.0_f32], &Device::Cpu).unwrap()),
        ]);
        assert!((clip_by_global_norm(&mut gradients, max_norm).unwrap() - 5.0).abs() < 1e-6);
        let found: Vec<f32> = gradients.values().flat_map(|g| g.to_vec1::<f32>().unwrap()).collect();
        for (found, expected) in found.iter().zip(expected) {
            assert!((found - expected).abs() < 1e-5, "{found} {expected}");
        }
    }

    #[test]
    fn long_gradients_are_shortened_together() {
        // a.grad = torch.tensor([3., 0.]); b.grad = torch.tensor([4.])
        // torch.nn.utils.clip_grad_norm_([a, b], 1.0) -> 5; [0.6, 0], [0.8]
        check(1.0, [0.6, 0.0, 0.8]);
        check(10.0, [3.0, 0.0, 4.0]);
    }
}
