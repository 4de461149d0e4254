//! Station 1: networks. Devices, weight files, graphs, layers and kernels; knows nothing of postings.
//!
//! An architecture describes its network once as a [`Graph`]; two executors read it. A [`Plan`] infers: norms folded
//! away, steps in place, no gradient. A [`TrainableNetwork`] trains: every parameter a variable, every step
//! differentiable.

mod cpu;
mod device;
mod error;
mod graph;
mod initialise;
mod input;
pub mod kernels;
pub mod layers;
pub mod ops;
mod plan;
mod random;
mod steps;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, reason = "a failed unwrap is a failed test")]
pub(crate) mod testing;
mod trainable;
mod weights;

pub use device::{DeviceChoice, describe_device, open_device};
pub use error::NnError;
pub use graph::{
    Activation, AttentionMask, AttentionWeights, BatchNorm, ChannelAttention, Convolution, FeatureAxis,
    Graph, GraphBuilder, LayerNorm, Linear, Node, NodeId, Operation, Padding, PaddingCounts, Parameter,
    ParameterRole, Pool, PoolEdge, Positions, ProbeAttention, SelfAttention, SplitGraph, SqueezeExcite,
    Table, TokenPool, WeightStandardisation,
};
pub use input::NetworkInput;
pub use plan::{Plan, Precision};
pub use random::Random;
pub use trainable::{Mode, TrainableNetwork, Trained};
pub use weights::{Weights, write_safetensors};
