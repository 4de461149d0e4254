//! Every channel times a number plus a number: gates over channels and batch norms by themselves.

use candle_core::{CpuStorage, CustomOp2, DType, Layout, Result, Shape, Tensor, bail};
use rayon::prelude::*;

use super::storage::floats;

/// Floats a task is worth.
const MIN_TASK_LEN: usize = 1 << 14;

/// `features` (n, c, h, w) times `scale` (n, c), one number a plane. Differentiable in both, on any device.
///
/// # Errors
/// When the shapes do not fit.
pub fn scale_planes(features: &Tensor, scale: &Tensor) -> Result<Tensor> {
    let (n_images, channels, _, _) = features.dims4()?;
    if scale.dims2()? != (n_images, channels) {
        bail!("{:?} scales for pictures {:?}", scale.dims(), features.dims());
    }
    if features.device().is_cpu() && features.dtype() == DType::F32 {
        return features.contiguous()?.apply_op2(&scale.contiguous()?, ScalePlanes);
    }
    features.broadcast_mul(&scale.reshape((n_images, channels, 1, 1))?)
}

struct ScalePlanes;

impl CustomOp2 for ScalePlanes {
    fn name(&self) -> &'static str {
        "scale-planes"
    }

    fn cpu_fwd(
        &self,
        s1: &CpuStorage,
        l1: &Layout,
        s2: &CpuStorage,
        l2: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let (features, scale) = (floats(s1, l1)?, floats(s2, l2)?);
        let mut result = features.to_vec();
        let plane_len = features.len().checked_div(scale.len()).unwrap_or(0);
        if plane_len > 0 {
            let min_planes = MIN_TASK_LEN.div_ceil(plane_len);
            result.par_chunks_mut(plane_len).with_min_len(min_planes).zip(scale).for_each(
                |(plane, scale)| {
                    plane.iter_mut().for_each(|value| *value *= scale);
                },
            );
        }
        Ok((CpuStorage::F32(result), l1.shape().clone()))
    }

    fn bwd(
        &self,
        features: &Tensor,
        scale: &Tensor,
        _: &Tensor,
        gradient: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let gradient = gradient.contiguous()?;
        let of_features = gradient.apply_op2_no_bwd(scale, &Self)?;
        let of_scale = (gradient * features.detach())?.flatten_from(2)?.sum(2)?;
        Ok((Some(of_features), Some(of_scale)))
    }
}
