//! Station 1: networks. Devices, weight files, graphs, layers and kernels; knows nothing of postings.
//!
//! An architecture describes its network once as a [`Graph`]. [`InferenceNetwork`] loads the weights it names and
//! runs it on candle tensors, batch norms folded away.

mod device;
mod error;
mod graph;
mod inference;
pub mod kernels;
pub mod layers;
pub mod ops;
mod weights;

pub use device::{DeviceChoice, describe_device, open_device};
pub use error::NnError;
pub use graph::{
    Activation, AttentionMask, AttentionWeights, BatchNorm, ChannelAttention, Convolution, FeatureAxis,
    Graph, GraphBuilder, LayerNorm, Linear, Node, NodeId, Operation, Padding, PaddingCounts, Parameter,
    ParameterRole, Pool, PoolEdge, Positions, ProbeAttention, SelfAttention, SqueezeExcite, Table, TokenPool,
    WeightStandardisation,
};
pub use inference::InferenceNetwork;
pub use weights::Weights;
