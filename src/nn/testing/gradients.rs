//! Gradients against finite differences.

use candle_core::{Device, Tensor, Var};

/// Checks the gradient of `objective` in every number of every input: `objective` gives a scalar and is differentiable.
/// Differences are taken in f32 with step 1e-2, so a tolerance of a few thousandths (absolute, plus relative) is what it
/// can tell; [`check_gradients`] compares with an exact objective instead.
pub(crate) fn gradient_check(inputs: &[Tensor], tolerance: f64, objective: impl Fn(&[Tensor]) -> Tensor) {
    const STEP: f32 = 1e-2;
    let vars: Vec<Var> = inputs.iter().map(|input| Var::from_tensor(input).unwrap()).collect();
    let tensors: Vec<Tensor> = vars.iter().map(|var| var.as_tensor().clone()).collect();
    let gradients = objective(&tensors).backward().unwrap();
    for (which, var) in vars.iter().enumerate() {
        let slopes = gradients.get(var).expect("a gradient reaches every input");
        let slopes = slopes.flatten_all().unwrap().to_vec1::<f32>().unwrap();
        let numbers = inputs[which].flatten_all().unwrap().to_vec1::<f32>().unwrap();
        for (place, &slope) in slopes.iter().enumerate() {
            let value = |step: f32| {
                let mut numbers = numbers.clone();
                numbers[place] += step;
                let mut moved = inputs.to_vec();
                moved[which] = Tensor::from_vec(numbers, inputs[which].dims(), &Device::Cpu).unwrap();
                f64::from(objective(&moved).to_scalar::<f32>().unwrap())
            };
            let difference = (value(STEP) - value(-STEP)) / f64::from(2.0 * STEP);
            let error = (difference - f64::from(slope)).abs();
            assert!(
                error <= tolerance * (1.0 + difference.abs()),
                "input {which}, number {place}: gradient {slope}, difference {difference}"
            );
        }
    }
}

/// Checks `slopes` against differences of an exact (f64) objective, which is given the numbers and gives one. Of many
/// numbers an even choice is checked.
pub(crate) fn check_gradients(
    what: &str,
    numbers: &[f64],
    slopes: &[f32],
    mut objective: impl FnMut(&[f64]) -> f64,
) {
    const STEP: f64 = 1e-5;
    const MOST_CHECKED: usize = 61;
    assert_eq!(numbers.len(), slopes.len(), "{what}");
    let mut moved = numbers.to_vec();
    let every = slopes.len().div_ceil(MOST_CHECKED);
    for (place, &slope) in slopes.iter().enumerate().step_by(every.max(1)) {
        let mut value = |step: f64| {
            moved[place] = numbers[place] + step;
            let value = objective(&moved);
            moved[place] = numbers[place];
            value
        };
        let difference = (value(STEP) - value(-STEP)) / (2.0 * STEP);
        let error = (difference - f64::from(slope)).abs();
        assert!(
            error < 1e-3 * (1.0 + difference.abs()),
            "{what}, number {place}: gradient {slope}, difference {difference}"
        );
    }
}
