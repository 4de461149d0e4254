//! Where picture and title disagree about a pair, only the one that is wrong is corrected.
//!
//! Two products may share a picture or a title; to punish the modality that is right teaches it what the other should
//! have known. The gate is computed from the cosines and passes no gradient.

use candle_core::{Result, Tensor};

use super::cosine_embedding::cosine_embedding_each;
use super::spec::wrong_batch;
use super::{LossBatch, LossNeeds, LossParams, LossSpec};
use crate::train::math::row_cosines;

/// The line in the table.
pub const SPEC: LossSpec = LossSpec {
    id: "gated",
    label: "Gated by disagreement",
    summary: "Picture and title are trained side by side; where they disagree, only the wrong one is corrected.",
    formula: "g_i * cosine-embedding(picture) + g_t * cosine-embedding(title); g = 0 for the right one of two that disagree, else 1",
    reference: "this project; the parts are torch.nn.CosineEmbeddingLoss",
    needs: LossNeeds::TwoTowers,
    uses: &["margin", "base"],
    defaults: || LossParams { margin: 0.2, base: 0.5, ..LossParams::default() },
    compute: |batch, params| match batch {
        LossBatch::TwoTowers { a, b, same } => gated(*a, *b, same, params.margin, params.base),
        _ => wrong_batch(SPEC.id),
    },
};

/// The mean over pairs; towers (n, d) as (picture, title), `same` (n). A modality says "same" from cosine `base` on.
///
/// # Errors
/// When shapes do not fit.
pub fn gated(
    a: (&Tensor, &Tensor),
    b: (&Tensor, &Tensor),
    same: &Tensor,
    margin: f64,
    base: f64,
) -> Result<Tensor> {
    let image = row_cosines(a.0, b.0)?;
    let text = row_cosines(a.1, b.1)?;
    let is_wrong = |cosines: &Tensor| -> Result<Tensor> {
        let says_same = cosines.detach().ge(base)?.to_dtype(same.dtype())?;
        (says_same - same)?.abs()
    };
    let (image_wrong, text_wrong) = (is_wrong(&image)?, is_wrong(&text)?);
    // Both right or both wrong: they agree, and both are trained.
    let agree = (&image_wrong - &text_wrong)?.abs()?.affine(-1.0, 1.0)?;
    let gate = |wrong: &Tensor| wrong.maximum(&agree);
    let image = (cosine_embedding_each(&image, same, margin)? * gate(&image_wrong)?)?;
    let text = (cosine_embedding_each(&text, same, margin)? * gate(&text_wrong)?)?;
    (image + text)?.mean_all()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use candle_core::{Device, Tensor, Var};

    use super::gated;

    /// Gradient lengths of picture and title of one pair with these cosines.
    fn check(image_cosine: f32, text_cosine: f32, same: f32, image_moves: bool, text_moves: bool) {
        let row = |cosine: f32| Var::new(&[[cosine, (1.0 - cosine * cosine).sqrt()]], &Device::Cpu).unwrap();
        let (image, text) = (row(image_cosine), row(text_cosine));
        let east = Tensor::new(&[[1.0_f32, 0.0]], &Device::Cpu).unwrap();
        let same = Tensor::new(&[same], &Device::Cpu).unwrap();
        let loss = gated((&image, &text), (&east, &east), &same, 0.2, 0.5).unwrap();
        let gradients = loss.backward().unwrap();
        for (row, moves) in [(&image, image_moves), (&text, text_moves)] {
            let length = gradients.get(row).unwrap().sqr().unwrap().sum_all().unwrap();
            let length = length.to_scalar::<f32>().unwrap();
            assert_eq!(length > 1e-9, moves, "{image_cosine} {text_cosine}: {length}");
        }
    }

    #[test]
    fn only_the_wrong_one_of_two_that_disagree_moves() {
        check(0.9, 0.1, 1.0, false, true);
        check(0.1, 0.9, 1.0, true, false);
        check(0.9, 0.3, 0.0, true, false);
        check(0.3, 0.9, 0.0, false, true);
    }

    #[test]
    fn both_move_where_they_agree() {
        check(0.8, 0.7, 1.0, true, true);
        check(0.1, 0.2, 1.0, true, true);
        check(0.3, 0.4, 0.0, true, true);
        check(0.8, 0.7, 0.0, true, true);
    }
}
