//! The executor that infers: a graph compiled for one device and precision, norms folded away. Has no gradient.

use candle_core::{DType, Device, Tensor};

use super::cpu::{CpuPlan, Products, TitlePlan, Titles};
use super::layers::{Parameters, Pass};
use super::steps::{Steps, output_width};
use super::{Graph, NetworkInput, NnError, Operation, Weights};

/// The numbers a device computes in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    /// 32 bits.
    #[default]
    F32,
    /// IEEE halves: twice as fast on most GPUs, about three digits.
    F16,
    /// Halves with the range of f32, about two digits.
    BF16,
    /// Linear layers of title networks on the CPU in whole numbers of eight bits, rounded anew for each token; all else,
    /// and every other network and device, in f32.
    Int8,
}

impl std::fmt::Display for Precision {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.id())
    }
}

impl std::str::FromStr for Precision {
    type Err = NnError;

    fn from_str(id: &str) -> Result<Self, NnError> {
        Self::ALL.into_iter().find(|precision| precision.id() == id).ok_or_else(|| {
            let message = format!("there is no precision `{id}`; known are f32, f16, bf16 and int8");
            candle_core::Error::msg(message).into()
        })
    }
}

impl Precision {
    /// Every precision, in the order pickers show them.
    pub const ALL: [Self; 4] = [Self::F32, Self::F16, Self::BF16, Self::Int8];

    /// Stable id, as typed after `--precision`.
    pub fn id(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::F16 => "f16",
            Self::BF16 => "bf16",
            Self::Int8 => "int8",
        }
    }

    /// What the device computes in when asked for this: the CPU always in f32, since halves would only be slower there.
    fn dtype(self, device: &Device) -> DType {
        match self {
            _ if device.is_cpu() => DType::F32,
            Self::F32 | Self::Int8 => DType::F32,
            Self::F16 => DType::F16,
            Self::BF16 => DType::BF16,
        }
    }
}

/// What runs a plan.
#[derive(Debug)]
enum Executor {
    /// One layer after the other, on any device.
    Layers(Steps),
    /// Fused on the CPU, from pictures.
    Pictures(CpuPlan),
    /// Fused on the CPU, from what another part of the network has computed.
    Features(CpuPlan),
    /// Fused on the CPU, from titles.
    Titles(TitlePlan),
}

impl Executor {
    /// The fused executor, where the device and all operations have one.
    fn fused(
        graph: &Graph,
        weights: &Weights,
        device: &Device,
        precision: Precision,
    ) -> Result<Option<Self>, NnError> {
        let first = graph.nodes().first().map(|node| &node.operation);
        let wrap = match first {
            Some(Operation::Images) if device.is_cpu() => Self::Pictures,
            Some(Operation::Features) if device.is_cpu() => Self::Features,
            Some(Operation::TokenIds) if device.is_cpu() => {
                let products = if precision == Precision::Int8 { Products::Int8 } else { Products::Floats };
                return Ok(TitlePlan::lower(graph, weights, products)?.map(Self::Titles));
            }
            _ => return Ok(None),
        };
        Ok(CpuPlan::lower(graph, weights)?.map(wrap))
    }
}

/// A graph with its weights on a device, ready to run.
#[derive(Debug)]
pub struct Plan {
    executor: Executor,
    device: Device,
    output_width: Option<usize>,
}

impl Plan {
    /// Loads every parameter the graph names and prepares each operation for the device.
    ///
    /// # Errors
    /// [`NnError::Tensor`] naming the first parameter that is absent or of another shape.
    pub fn compile(
        graph: &Graph,
        weights: &Weights,
        device: &Device,
        precision: Precision,
    ) -> Result<Self, NnError> {
        let executor = match Executor::fused(graph, weights, device, precision)? {
            Some(executor) => executor,
            None => {
                let parameters = Parameters::Fixed { weights, device, dtype: precision.dtype(device) };
                Executor::Layers(Steps::load(graph, parameters)?)
            }
        };
        Ok(Self { executor, device: device.clone(), output_width: output_width(graph) })
    }

    /// Where the weights are; inputs must be there too.
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// Numbers a row of the output, where the graph alone tells (a flattened picture's depends on its size).
    pub fn output_width(&self) -> Option<usize> {
        self.output_width
    }

    /// Whether it reads [`NetworkInput::Titles`].
    pub fn reads_titles_unpadded(&self) -> bool {
        matches!(self.executor, Executor::Titles(_))
    }

    /// What it computes in of what was asked for: the CPU in f32, but for title networks in int8 where that was asked
    /// for; other devices have no int8.
    pub fn precision(&self, asked: Precision) -> Precision {
        match asked {
            Precision::Int8 if self.reads_titles_unpadded() => Precision::Int8,
            _ if self.device.is_cpu() => Precision::F32,
            Precision::Int8 => Precision::F32,
            other => other,
        }
    }

    /// The network's output for a batch, in f32.
    ///
    /// # Errors
    /// When the input does not fit the network or the device fails.
    pub fn run(&self, input: NetworkInput<'_>) -> Result<Tensor, NnError> {
        let result = match &self.executor {
            Executor::Layers(steps) => steps.run(&mut Pass { input, random: None })?,
            Executor::Pictures(plan) => plan.run(input.images()?)?,
            Executor::Features(plan) => plan.run(input.features()?)?,
            Executor::Titles(plan) => run_titles(plan, input)?,
        };
        Ok(result.to_dtype(DType::F32)?)
    }
}

/// Titles as the fused executor reads them.
fn run_titles(plan: &TitlePlan, input: NetworkInput<'_>) -> candle_core::Result<Tensor> {
    if let NetworkInput::Titles { ids, lengths } = input {
        return plan.run(Titles { ids, lengths, hidden: None });
    }
    let (ids, mask) = input.tokens()?;
    let (n_titles, length) = ids.dims2()?;
    let ids = ids.flatten_all()?.to_vec1::<u32>()?;
    let hidden: Vec<bool> =
        mask.flatten_all()?.to_vec1::<f32>()?.into_iter().map(|is_real| is_real == 0.0).collect();
    let hidden = hidden.contains(&true).then_some(hidden.as_slice());
    plan.run(Titles { ids: &ids, lengths: &vec![length; n_titles], hidden })
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
