//! For tests: every operation computed the naive way in f64, a case of every operation, and gradient checks.

mod cases;
mod gradients;
mod reference;

pub(crate) use cases::{Case, cases, fill, of_picture};
pub(crate) use gradients::{check_gradients, gradient_check};
pub(crate) use reference::{Array, Phase, evaluate};
