//! Rows times a weight as one operation with gradients of its own. candle's product would also compute the gradient of rows
//! that nobody learns, a third of all the work of a linear head, and would give the weight's the other way round in memory.

use candle_core::backend::BackendStorage;
use candle_core::{CpuStorage, CudaStorage, CustomOp2, Layout, MetalStorage, Result, Shape, Tensor, bail};

/// (n, in) times (out, in) transposed: (n, out).
pub(super) fn product(rows: &Tensor, weight: &Tensor) -> Result<Tensor> {
    rows.apply_op2(weight, Product)
}

struct Product;

impl Product {
    fn forward<S: BackendStorage>(
        rows: &S,
        rows_layout: &Layout,
        weight: &S,
        weight_layout: &Layout,
    ) -> Result<(S, Shape)> {
        let ((n, width), (out, expected)) = (rows_layout.shape().dims2()?, weight_layout.shape().dims2()?);
        if width != expected {
            bail!("a projection of {expected} numbers was given rows of {width}");
        }
        let product =
            rows.matmul(weight, (1, n, out, width), rows_layout, &weight_layout.transpose(0, 1)?)?;
        Ok((product, Shape::from((n, out))))
    }
}

impl CustomOp2 for Product {
    fn name(&self) -> &'static str {
        "rows-times-weight"
    }

    fn cpu_fwd(
        &self,
        rows: &CpuStorage,
        rows_layout: &Layout,
        weight: &CpuStorage,
        weight_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        Self::forward(rows, rows_layout, weight, weight_layout)
    }

    fn cuda_fwd(
        &self,
        rows: &CudaStorage,
        rows_layout: &Layout,
        weight: &CudaStorage,
        weight_layout: &Layout,
    ) -> Result<(CudaStorage, Shape)> {
        Self::forward(rows, rows_layout, weight, weight_layout)
    }

    fn metal_fwd(
        &self,
        rows: &MetalStorage,
        rows_layout: &Layout,
        weight: &MetalStorage,
        weight_layout: &Layout,
    ) -> Result<(MetalStorage, Shape)> {
        Self::forward(rows, rows_layout, weight, weight_layout)
    }

    fn bwd(
        &self,
        rows: &Tensor,
        weight: &Tensor,
        _: &Tensor,
        gradient: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let gradient = gradient.contiguous()?;
        let of_rows = rows.track_op().then(|| gradient.matmul(&weight.contiguous()?)).transpose()?;
        let of_weight = weight.track_op().then(|| gradient.t()?.matmul(&rows.contiguous()?)).transpose()?;
        Ok((of_rows, of_weight))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use candle_core::{Device, Tensor, Var};

    use super::product;
    use crate::nn::Random;

    fn random(name: &str, shape: (usize, usize)) -> Tensor {
        let mut random = Random::named(3, name);
        let values: Vec<f32> = (0..shape.0 * shape.1).map(|_| random.uniform() as f32 - 0.5).collect();
        Tensor::from_vec(values, shape, &Device::Cpu).unwrap()
    }

    fn check_equal(found: &Tensor, expected: &Tensor) {
        assert_eq!(found.dims(), expected.dims());
        let off = (found - expected).unwrap().abs().unwrap().max_all().unwrap().to_scalar::<f32>().unwrap();
        assert!(off < 1e-5, "{off}");
    }

    #[test]
    fn value_and_gradients_are_those_of_the_plain_product() {
        let rows = Var::from_tensor(&random("rows", (5, 7))).unwrap();
        let weight = Var::from_tensor(&random("weight", (3, 7))).unwrap();
        let factors = random("factors", (5, 3));
        let plain = rows.matmul(&weight.t().unwrap()).unwrap();
        let own = product(&rows, &weight).unwrap();
        check_equal(&own, &plain);
        let gradients = |out: &Tensor| (out * &factors).unwrap().sum_all().unwrap().backward().unwrap();
        let (plain, own) = (gradients(&plain), gradients(&own));
        for variable in [&rows, &weight] {
            check_equal(own.get(variable).unwrap(), plain.get(variable).unwrap());
        }
    }

    #[test]
    fn rows_that_nobody_learns_get_no_gradient() {
        let rows = random("rows", (5, 7));
        let weight = Var::from_tensor(&random("weight", (3, 7))).unwrap();
        let own = product(&rows, &weight).unwrap().sum_all().unwrap().backward().unwrap();
        assert!(own.get(&rows).is_none() && own.get(&weight).is_some());
        assert!(product(&rows, &random("narrow", (3, 6))).is_err());
    }
}
