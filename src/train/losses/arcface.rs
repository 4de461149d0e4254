//! Softmax over classes on the sphere with an angle added to the true class (additive angular margin).
//!
//! cos(t + m) comes from the angle sum, cos t cos m - sin t sin m; no arccosine is taken, whose slope is infinite at the
//! poles. sin t is kept above 1e-3, so that a row that meets its class vector has a finite gradient.

use candle_core::{Result, Tensor};

use super::spec::wrong_batch;
use super::{LossBatch, LossNeeds, LossParams, LossSpec};
use crate::train::math::{cosine_matrix, cross_entropy, one_hot};

/// The line in the table.
pub const SPEC: LossSpec = LossSpec {
    id: "arcface",
    label: "ArcFace",
    summary: "Each group is a class with a direction of its own; rows must come nearer to theirs than to all others by an angle.",
    formula: "cross entropy of scale * cos(t_c + m_c [c is true]); m_c = margin * n_c^-exponent + floor where adaptive",
    reference: "Deng et al., ArcFace, CVPR 2019, eq. 3; adaptive margin after Ha et al., arXiv 2010.05350",
    needs: LossNeeds::Classes,
    uses: &["scale", "margin", "margin_ramp_steps", "margin_exponent", "margin_floor"],
    defaults: || LossParams { scale: 30.0, margin: 0.5, ..LossParams::default() },
    compute: |batch, params| match batch {
        LossBatch::Classes { embeddings, classes, weight, class_sizes, step } => {
            let margins = (class_margins(class_sizes, params)? * ramp(params.margin_ramp_steps, *step))?;
            arcface(embeddings, weight, classes, params.scale, &margins)
        }
        _ => wrong_batch(SPEC.id),
    },
};

/// Part of the margin in force after `step` steps: rises linearly to 1 over `ramp_steps`.
pub fn ramp(ramp_steps: usize, step: usize) -> f64 {
    if ramp_steps == 0 { 1.0 } else { (step as f64 / ramp_steps as f64).min(1.0) }
}

/// Margin of each class in radians (c) from its number of rows: rare classes get a wider one.
///
/// # Errors
/// When the device fails.
pub fn class_margins(class_sizes: &Tensor, params: &LossParams) -> Result<Tensor> {
    if params.margin_exponent == 0.0 {
        return class_sizes.zeros_like()? + params.margin;
    }
    class_sizes.maximum(1.0)?.powf(-params.margin_exponent)?.affine(params.margin, params.margin_floor)
}

/// The mean over rows; `embeddings` (n, d), `weight` (c, d), `classes` (n) of u32, `margins` (c) in radians. Beyond
/// t = pi - m the plain cos(t + m) is kept: there is no easy-margin branch.
///
/// # Errors
/// When shapes do not fit.
pub fn arcface(
    embeddings: &Tensor,
    weight: &Tensor,
    classes: &Tensor,
    scale: f64,
    margins: &Tensor,
) -> Result<Tensor> {
    let cosines = cosine_matrix(embeddings, weight)?;
    let sines = cosines.sqr()?.affine(-1.0, 1.0)?.maximum(1e-6)?.sqrt()?;
    let shifted = (cosines.broadcast_mul(&margins.cos()?)? - sines.broadcast_mul(&margins.sin()?)?)?;
    let logits = one_hot(classes, weight.dim(0)?)?.where_cond(&shifted, &cosines)?;
    cross_entropy(&(logits * scale)?, classes)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use candle_core::{Device, Tensor, Var};

    use super::{LossParams, arcface, class_margins, ramp};

    #[test]
    fn the_margin_rises_to_its_value() {
        assert_eq!([0, 5, 10, 99].map(|step| ramp(10, step)), [0.0, 0.5, 1.0, 1.0]);
        assert_eq!(ramp(0, 0), 1.0);
    }

    #[test]
    fn rare_classes_get_a_wider_margin() {
        let sizes = Tensor::new(&[1.0_f32, 16.0, 81.0], &Device::Cpu).unwrap();
        let params =
            LossParams { margin: 0.4, margin_exponent: 0.25, margin_floor: 0.05, ..LossParams::default() };
        let margins: Vec<f32> = class_margins(&sizes, &params).unwrap().to_vec1().unwrap();
        for (found, expected) in margins.iter().zip([0.45, 0.25, 0.4 / 3.0 + 0.05]) {
            assert!((found - expected).abs() < 1e-6, "{margins:?}");
        }
        let same = class_margins(&sizes, &LossParams { margin: 0.3, ..LossParams::default() }).unwrap();
        assert!(same.to_vec1::<f32>().unwrap().iter().all(|margin| (margin - 0.3).abs() < 1e-6));
    }

    #[test]
    fn a_row_on_its_class_vector_has_a_finite_gradient() {
        let rows = Var::new(&[[1.0_f32, 0.0], [0.0, -1.0]], &Device::Cpu).unwrap();
        let weight = Tensor::new(&[[1.0_f32, 0.0], [0.0, 1.0]], &Device::Cpu).unwrap();
        let classes = Tensor::new(&[0_u32, 1], &Device::Cpu).unwrap();
        let margins = Tensor::new(&[0.5_f32, 0.5], &Device::Cpu).unwrap();
        let gradients = arcface(&rows, &weight, &classes, 64.0, &margins).unwrap().backward().unwrap();
        let gradient: Vec<f32> = gradients.get(&rows).unwrap().flatten_all().unwrap().to_vec1().unwrap();
        assert!(gradient.iter().all(|number| number.is_finite()), "{gradient:?}");
    }
}
