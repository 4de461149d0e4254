//! Every positive pair of a batch is told apart from all the others, in both directions.

use candle_core::{D, DType, Result, Tensor};

use super::spec::wrong_batch;
use super::{LossBatch, LossNeeds, LossParams, LossSpec};
use crate::nn::ops::log_sum_exp_rows;
use crate::train::math::{cosine_matrix, masked};

/// The line in the table.
pub const SPEC: LossSpec = LossSpec {
    id: "info-nce",
    label: "InfoNCE",
    summary: "Each posting shall find its partner among the partners of the whole batch; the larger the batch, the better.",
    formula: "-log(exp(s_ii / T) / sum_j exp(s_ij / T)), the mean of rows and columns",
    reference: "van den Oord, Li and Vinyals, arXiv 1807.03748; symmetric as in Radford et al., CLIP, ICML 2021",
    needs: LossNeeds::PairsInBatch,
    uses: &["temperature"],
    defaults: || LossParams { temperature: 0.05, ..LossParams::default() },
    compute: |batch, params| match batch {
        LossBatch::PairsInBatch { a, b, different } => info_nce(a, b, different, params.temperature),
        _ => wrong_batch(SPEC.id),
    },
};

/// The mean over both directions; `a` and `b` (n, d), `different` (n, n). Row i of `a` belongs to row i of `b`; other
/// pairs take part where `different` is 1.
///
/// # Errors
/// When shapes do not fit.
pub fn info_nce(a: &Tensor, b: &Tensor, different: &Tensor, temperature: f64) -> Result<Tensor> {
    let logits = (cosine_matrix(a, b)? / temperature)?;
    let own = Tensor::eye(logits.dim(0)?, DType::F32, logits.device())?;
    let logits = masked(&logits, &(different + &own)?)?;
    let true_logits = (&logits * &own)?.sum(D::Minus1)?;
    let rows = log_sum_exp_rows(&logits)?.mean_all()?;
    let columns = log_sum_exp_rows(&logits.t()?.contiguous()?)?.mean_all()?;
    ((rows + columns)? * 0.5)? - true_logits.mean_all()?
}
