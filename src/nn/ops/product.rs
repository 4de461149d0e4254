//! Products of matrices as one operation with gradients of its own, by our tiles on the CPU. candle's product would also compute
//! the gradient of rows that nobody learns, a third of all the work of a linear head, and would give the weight's the other way
//! round in memory.

use candle_core::backend::BackendStorage;
use candle_core::{
    CpuStorage, CudaStorage, CustomOp2, CustomOp3, DType, Layout, MetalStorage, Result, Shape, Tensor, bail,
};
use rayon::prelude::*;

use super::storage::floats;

use crate::nn::kernels::matrix::{Strided, product_with_transposed};

/// `a` (m, k) times `b` (n, k) transposed: (m, n). Differentiable in both, on any device.
///
/// # Errors
/// When the inner dimensions differ.
pub fn product_with_transposed_rows(a: &Tensor, b: &Tensor) -> Result<Tensor> {
    a.apply_op2(b, Product)
}

/// As [`product_with_transposed_rows`] with `bias` (n) added to every row. Differentiable in all three.
///
/// # Errors
/// When the shapes do not fit.
pub fn linear_rows(rows: &Tensor, weight: &Tensor, bias: &Tensor) -> Result<Tensor> {
    if rows.device().is_cpu() && rows.dtype() == DType::F32 {
        return rows.apply_op3(weight, &bias.contiguous()?, LinearRows);
    }
    product_with_transposed_rows(rows, weight)?.broadcast_add(bias)
}

struct Product;

/// A product whose rows get a bias on the way out.
struct LinearRows;

/// Rows of both and their common width.
fn sizes(a: &Layout, b: &Layout) -> Result<[usize; 3]> {
    let ((m, width), (n, expected)) = (a.shape().dims2()?, b.shape().dims2()?);
    if width != expected {
        bail!("rows of {expected} numbers were multiplied with rows of {width}");
    }
    Ok([m, n, width])
}

impl Product {
    fn by_the_device<S: BackendStorage>(
        a: &S,
        a_layout: &Layout,
        b: &S,
        b_layout: &Layout,
    ) -> Result<(S, Shape)> {
        let [m, n, width] = sizes(a_layout, b_layout)?;
        let product = a.matmul(b, (1, m, n, width), a_layout, &b_layout.transpose(0, 1)?)?;
        Ok((product, Shape::from((m, n))))
    }
}

fn strided<'a>(storage: &'a CpuStorage, layout: &Layout) -> Result<Strided<'a>> {
    let (CpuStorage::F32(values), [rows, width], [row, column]) = (storage, layout.dims(), layout.stride())
    else {
        bail!("a product on the CPU needs matrices of f32");
    };
    let values = values.get(layout.start_offset()..).unwrap_or_default();
    match Strided::new(values, [*rows, *width], [*row, *column]) {
        Some(matrix) => Ok(matrix),
        None => bail!("a tensor lies outside its storage"),
    }
}

/// The gradients of a product by that of its result.
fn of_both(a: &Tensor, b: &Tensor, gradient: &Tensor) -> Result<(Option<Tensor>, Option<Tensor>)> {
    // Devices other than the CPU multiply only what lies one way or the other in memory.
    let gradient = if gradient.device().is_cpu() { gradient.clone() } else { gradient.contiguous()? };
    let of = |left: &Tensor, right: &Tensor| left.detach().apply_op2_no_bwd(&right.detach().t()?, &Product);
    let of_a = a.track_op().then(|| of(&gradient, b)).transpose()?;
    let of_b = b.track_op().then(|| of(&gradient.t()?, a)).transpose()?;
    Ok((of_a, of_b))
}

impl CustomOp3 for LinearRows {
    fn name(&self) -> &'static str {
        "linear-rows"
    }

    fn cpu_fwd(
        &self,
        rows: &CpuStorage,
        rows_layout: &Layout,
        weight: &CpuStorage,
        weight_layout: &Layout,
        bias: &CpuStorage,
        bias_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let [m, n, _] = sizes(rows_layout, weight_layout)?;
        let bias = floats(bias, bias_layout)?;
        if bias.len() != n {
            bail!("a bias of {} numbers was given to rows of {n}", bias.len());
        }
        let mut result =
            product_with_transposed(strided(rows, rows_layout)?, strided(weight, weight_layout)?);
        result.par_chunks_mut(n.max(1)).with_min_len(16).for_each(|row| {
            row.iter_mut().zip(bias).for_each(|(value, bias)| *value += bias);
        });
        Ok((CpuStorage::F32(result), Shape::from((m, n))))
    }

    fn bwd(
        &self,
        rows: &Tensor,
        weight: &Tensor,
        bias: &Tensor,
        _: &Tensor,
        gradient: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let (of_rows, of_weight) = of_both(rows, weight, gradient)?;
        // Sums of columns, as a product with ones: candle adds them up number by number.
        let sums = || {
            let ones = Tensor::ones((1, gradient.dim(0)?), gradient.dtype(), gradient.device())?;
            ones.apply_op2_no_bwd(&gradient.t()?, &Product)?.squeeze(0)
        };
        let of_bias = bias.track_op().then(sums).transpose()?;
        Ok((of_rows, of_weight, of_bias))
    }
}

impl CustomOp2 for Product {
    fn name(&self) -> &'static str {
        "product-with-transposed"
    }

    fn cpu_fwd(
        &self,
        a: &CpuStorage,
        a_layout: &Layout,
        b: &CpuStorage,
        b_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        if a.dtype() != DType::F32 {
            return Self::by_the_device(a, a_layout, b, b_layout);
        }
        let [m, n, _] = sizes(a_layout, b_layout)?;
        let product = product_with_transposed(strided(a, a_layout)?, strided(b, b_layout)?);
        Ok((CpuStorage::F32(product), Shape::from((m, n))))
    }

    fn cuda_fwd(
        &self,
        a: &CudaStorage,
        a_layout: &Layout,
        b: &CudaStorage,
        b_layout: &Layout,
    ) -> Result<(CudaStorage, Shape)> {
        Self::by_the_device(a, a_layout, b, b_layout)
    }

    fn metal_fwd(
        &self,
        a: &MetalStorage,
        a_layout: &Layout,
        b: &MetalStorage,
        b_layout: &Layout,
    ) -> Result<(MetalStorage, Shape)> {
        Self::by_the_device(a, a_layout, b, b_layout)
    }

    fn bwd(
        &self,
        a: &Tensor,
        b: &Tensor,
        _: &Tensor,
        gradient: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        of_both(a, b, gradient)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use candle_core::{DType, Device, Tensor, Var};

    use super::{linear_rows, product_with_transposed_rows};
    use crate::nn::Random;

    fn random(name: &str, shape: (usize, usize)) -> Tensor {
        let mut random = Random::named(3, name);
        let values: Vec<f32> = (0..shape.0 * shape.1).map(|_| random.uniform() as f32 - 0.5).collect();
        Tensor::from_vec(values, shape, &Device::Cpu).unwrap()
    }

    fn check_equal(found: &Tensor, expected: &Tensor) {
        assert_eq!(found.dims(), expected.dims());
        let off = (found - expected).unwrap().abs().unwrap().max_all().unwrap();
        let off = off.to_dtype(DType::F32).unwrap().to_scalar::<f32>().unwrap();
        assert!(off < 1e-5, "{off}");
    }

    fn check(rows: &Tensor, weight: &Tensor) {
        let (rows, weight) = (Var::from_tensor(rows).unwrap(), Var::from_tensor(weight).unwrap());
        // Every other row of a wider matrix, so that neither side lies densely in memory.
        let factors = random("factors", (3, 10)).t().unwrap().narrow(0, 2, 5).unwrap();
        let factors = factors.to_dtype(rows.dtype()).unwrap();
        let plain = rows.matmul(&weight.t().unwrap()).unwrap();
        let own = product_with_transposed_rows(&rows, &weight).unwrap();
        check_equal(&own, &plain);
        let gradients = |out: &Tensor| (out * &factors).unwrap().sum_all().unwrap().backward().unwrap();
        let (plain, own) = (gradients(&plain), gradients(&own));
        for variable in [&rows, &weight] {
            check_equal(own.get(variable).unwrap(), plain.get(variable).unwrap());
        }
    }

    #[test]
    fn value_and_gradients_are_those_of_the_plain_product() {
        let (rows, weight) = (random("rows", (5, 7)), random("weight", (3, 7)));
        check(&rows, &weight);
        check(&rows.to_dtype(DType::F64).unwrap(), &weight.to_dtype(DType::F64).unwrap());
    }

    #[test]
    fn a_bias_is_added_and_learned() {
        let variable = |name: &str, shape| Var::from_tensor(&random(name, shape)).unwrap();
        let (rows, weight) = (variable("rows", (5, 7)), variable("weight", (3, 7)));
        let bias = Var::from_tensor(&random("bias", (1, 3)).squeeze(0).unwrap()).unwrap();
        let factors = random("factors", (5, 3));
        let plain = rows.matmul(&weight.t().unwrap()).unwrap().broadcast_add(&bias).unwrap();
        let own = linear_rows(&rows, &weight, &bias).unwrap();
        check_equal(&own, &plain);
        let gradients = |out: &Tensor| (out * &factors).unwrap().sum_all().unwrap().backward().unwrap();
        let (plain, own) = (gradients(&plain), gradients(&own));
        for variable in [&rows, &weight, &bias] {
            check_equal(own.get(variable).unwrap(), plain.get(variable).unwrap());
        }
        assert!(linear_rows(&rows, &weight, &random("long", (1, 4)).squeeze(0).unwrap()).is_err());
    }

    #[test]
    fn views_of_larger_tensors_are_multiplied_where_they_lie() {
        let rows = random("large", (9, 20)).narrow(0, 2, 5).unwrap().narrow(1, 3, 7).unwrap();
        let weight = random("tall", (7, 11)).t().unwrap().narrow(0, 4, 3).unwrap();
        let plain = rows.contiguous().unwrap().matmul(&weight.t().unwrap().contiguous().unwrap()).unwrap();
        check_equal(&product_with_transposed_rows(&rows, &weight).unwrap(), &plain);
    }

    #[test]
    fn rows_that_nobody_learns_get_no_gradient() {
        let rows = random("rows", (5, 7));
        let weight = Var::from_tensor(&random("weight", (3, 7))).unwrap();
        let own =
            product_with_transposed_rows(&rows, &weight).unwrap().sum_all().unwrap().backward().unwrap();
        assert!(own.get(&rows).is_none() && own.get(&weight).is_some());
        assert!(product_with_transposed_rows(&rows, &random("narrow", (3, 6))).is_err());
    }
}
