//! The operations a network is made of: what they compute, over which shapes, with which parameters. Parameters carry
//! the names of the published weight files (timm, transformers).

use super::Activation;

/// How zeros are laid around a picture before a convolution or pooling.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Padding {
    /// Rows above and below, columns left and right.
    Symmetric([usize; 2]),
    /// TensorFlow's SAME: the output has ceil(input / stride) rows; an odd zero goes below and right.
    Same,
}

/// Batch normalisation over channels; its parameters are NAME.weight, .bias, .running_mean and .running_var.
#[derive(Clone, Debug, PartialEq)]
pub struct BatchNorm {
    /// Prefix of its parameters.
    pub name: String,
    /// Added to the variance.
    pub epsilon: f64,
}

/// Scaled weight standardisation (Brock et al., "High-Performance Large-Scale Image Recognition Without Normalization",
/// 2021, equation 1): each output channel's weights are centred, divided by their deviation and multiplied with
/// gamma / sqrt(fan-in) and a learned gain, parameter `gain` (out, 1, 1, 1).
#[derive(Clone, Debug, PartialEq)]
pub struct WeightStandardisation {
    /// Full name of the learned gain.
    pub gain: String,
    /// Constant factor.
    pub gamma: f64,
    /// Added to the variance of the weights.
    pub epsilon: f64,
}

/// Convolution, then batch norm, then activation. Its parameters are NAME.weight (out, in / groups, rows, columns)
/// and optionally NAME.bias (out).
#[derive(Clone, Debug, PartialEq)]
pub struct Convolution {
    /// Prefix of its parameters.
    pub name: String,
    /// Channels it reads.
    pub in_channels: usize,
    /// Channels it writes.
    pub out_channels: usize,
    /// Rows and columns of the kernel.
    pub kernel: [usize; 2],
    /// Step between outputs, both ways.
    pub stride: usize,
    /// Groups of channels that do not see each other; `in_channels` when depthwise.
    pub groups: usize,
    /// Zeros around the input.
    pub padding: Padding,
    /// Whether NAME.bias is there.
    pub has_bias: bool,
    /// Standardises the weights before use.
    pub standardisation: Option<WeightStandardisation>,
    /// The norm that follows.
    pub norm: Option<BatchNorm>,
    /// The activation that follows.
    pub activation: Activation,
}

impl Convolution {
    /// A square kernel at stride 1 with symmetric padding that keeps the size (odd kernels), without bias, norm or
    /// activation; the fields that differ are set by struct update.
    pub fn square(name: impl Into<String>, [in_channels, out_channels]: [usize; 2], kernel: usize) -> Self {
        Self {
            name: name.into(),
            in_channels,
            out_channels,
            kernel: [kernel, kernel],
            stride: 1,
            groups: 1,
            padding: Padding::Symmetric([kernel / 2; 2]),
            has_bias: false,
            standardisation: None,
            norm: None,
            activation: Activation::Identity,
        }
    }
}

/// A window moved over rows and columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pool {
    /// Side of the square window.
    pub kernel: usize,
    /// Step between windows.
    pub stride: usize,
    /// What lies around the picture; maxima never see it.
    pub padding: Padding,
    /// Whether a window may hang over the lower and right edge (PyTorch's `ceil_mode`).
    pub edge: PoolEdge,
}

/// What a pooling does where the last window does not fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PoolEdge {
    /// Leaves it out.
    Floor,
    /// Takes what is there of it.
    Ceil,
}

/// What an average divides by where its window lies partly on padding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PaddingCounts {
    /// By the whole window, zeros included.
    Yes,
    /// By what lies on the picture.
    No,
}

/// Channel gate: mean over the picture, two 1x1 convolutions with biases, the input times the gate. Parameters are
/// REDUCE.weight (reduced, channels, 1, 1), REDUCE.bias, EXPAND.weight (channels, reduced, 1, 1) and EXPAND.bias.
/// Hu et al., "Squeeze-and-Excitation Networks", CVPR 2018.
#[derive(Clone, Debug, PartialEq)]
pub struct SqueezeExcite {
    /// Prefix of the first convolution.
    pub reduce: String,
    /// Prefix of the second.
    pub expand: String,
    /// Channels of the picture.
    pub n_channels: usize,
    /// Channels in between.
    pub n_reduced: usize,
    /// Between the two.
    pub activation: Activation,
    /// After the second.
    pub gate: Activation,
}

/// Channel gate by a one-dimensional convolution over the channel means: NAME.weight (1, 1, kernel), zero padding,
/// sigmoid. Wang et al., "ECA-Net", CVPR 2020.
#[derive(Clone, Debug, PartialEq)]
pub struct ChannelAttention {
    /// Prefix of its parameter.
    pub name: String,
    /// Channels of the picture.
    pub n_channels: usize,
    /// Length of the kernel, odd.
    pub kernel: usize,
}

/// x W^T + b over the last dimension, then the activation; parameters NAME.weight (out, in) and NAME.bias (out).
#[derive(Clone, Debug, PartialEq)]
pub struct Linear {
    /// Prefix of its parameters.
    pub name: String,
    /// Numbers it reads.
    pub in_features: usize,
    /// Numbers it writes.
    pub out_features: usize,
    /// Whether NAME.bias is there.
    pub has_bias: bool,
    /// The activation that follows.
    pub activation: Activation,
}

/// Which dimension holds the features.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FeatureAxis {
    /// The last: rows of features or tokens.
    Last,
    /// The second: (n, c, h, w).
    Channels,
}

/// Mean 0, variance 1 over the features, then NAME.weight and NAME.bias.
#[derive(Clone, Debug, PartialEq)]
pub struct LayerNorm {
    /// Prefix of its parameters.
    pub name: String,
    /// Number of features.
    pub width: usize,
    /// Added to the variance.
    pub epsilon: f64,
    /// Where they lie.
    pub axis: FeatureAxis,
}

/// Rows looked up in the parameter `name` (rows, width); the name is whole.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// Full name.
    pub name: String,
    /// Number of rows.
    pub n_rows: usize,
    /// Numbers a row.
    pub width: usize,
}

/// How tokens are numbered for their position row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Positions {
    /// 0, 1, 2 ... whatever the token.
    FromZero,
    /// padding_id + 1, + 2 ... over the real tokens; padding has row padding_id (RoBERTa).
    AfterPadding {
        /// Id of the padding token.
        padding_id: u32,
    },
}

/// Where queries, keys and values come from.
#[derive(Clone, Debug, PartialEq)]
pub enum AttentionWeights {
    /// One linear layer NAME.weight (3 width, width), NAME.bias: queries, keys, values in this order.
    Packed(String),
    /// PyTorch's MultiheadAttention: NAME.in_proj_weight (3 width, width), NAME.in_proj_bias.
    InProjection(String),
    /// One linear layer each: query, key, value.
    Separate([String; 3]),
}

/// Which tokens a token sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttentionMask {
    /// All, padding too.
    None,
    /// All real tokens.
    Padding,
    /// Itself and those before it.
    Causal,
}

/// softmax(Q K^T / sqrt(width / heads)) V, heads side by side again; the output projection is a [`Linear`] of its own.
/// Vaswani et al., "Attention Is All You Need", NIPS 2017, section 3.2.
#[derive(Clone, Debug, PartialEq)]
pub struct SelfAttention {
    /// Its three projections, all with biases.
    pub weights: AttentionWeights,
    /// Numbers a token.
    pub width: usize,
    /// Heads, a divisor of the width.
    pub n_heads: usize,
    /// What is seen.
    pub mask: AttentionMask,
}

/// One learned query attends to all tokens (SigLIP's pooling head): parameter `probe` (1, 1, width), QUERY.weight
/// (width, width), KEY_VALUE.weight (2 width, width) with biases; (n, t, width) to (n, 1, width).
#[derive(Clone, Debug, PartialEq)]
pub struct ProbeAttention {
    /// Full name of the learned query.
    pub probe: String,
    /// Prefix of its projection.
    pub query: String,
    /// Prefix of the tokens' projection.
    pub key_value: String,
    /// Numbers a token.
    pub width: usize,
    /// Heads, a divisor of the width.
    pub n_heads: usize,
}

/// One row out of (n, t, width).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenPool {
    /// The first token (CLS).
    First,
    /// The mean over the real tokens (over all, for pictures).
    Mean,
    /// The last, padding or not (SigLIP's text tower).
    Last,
    /// The first token with this id, or the one with the largest id when `None` (CLIP's end of text).
    EndOfText(Option<u32>),
}

/// What a node computes. Pictures are (n, c, h, w), tokens (n, t, width), rows (n, width).
#[derive(Clone, Debug, PartialEq)]
pub enum Operation {
    /// The pictures given.
    Images,
    /// The features given, (n, ...): what another part of the network has computed.
    Features,
    /// The token ids given, (n, t), with their mask.
    TokenIds,
    /// (n, c, h, w) to (n, out, oh, ow).
    Convolution(Convolution),
    /// Batch norm by itself over this many channels, then an activation.
    BatchNorm(BatchNorm, usize, Activation),
    /// An activation by itself.
    Activation(Activation),
    /// Times a constant.
    Scale(f64),
    /// Times the learned number of this full name (shape []).
    LearnedScale(String),
    /// The sum of two nodes of one shape.
    Add,
    /// Pictures one after the other along the channels.
    Concatenate,
    /// Largest of each window.
    MaxPool(Pool),
    /// Mean of each window.
    AveragePool(Pool, PaddingCounts),
    /// The mean over rows and columns: (n, c, h, w) to (n, c).
    GlobalAverage,
    /// (mean over rows and columns of max(x, epsilon)^p)^(1/p): (n, c, h, w) to (n, c); p is the learned parameter of
    /// this full name, of one number. Radenovic et al., "Fine-tuning CNN Image Retrieval with No Human Annotation", 2018.
    GeneralisedMean {
        /// Full name of p.
        power: String,
        /// Smallest value before the power.
        epsilon: f64,
    },
    /// Channel gate.
    SqueezeExcite(SqueezeExcite),
    /// Channel gate without reduction.
    ChannelAttention(ChannelAttention),
    /// Every pixel becomes a square of this side.
    UpsampleNearest(usize),
    /// (n, ...) to (n, product of the rest).
    Flatten,
    /// Linear layer over the last dimension.
    Linear(Linear),
    /// In training sets each number to zero with this probability and scales the rest; nothing otherwise.
    Dropout(f64),
    /// In training sets whole samples to zero with this probability and scales the rest; nothing otherwise.
    /// Huang et al., "Deep Networks with Stochastic Depth", ECCV 2016.
    DropPath(f64),
    /// Layer norm.
    LayerNorm(LayerNorm),
    /// Times a learned number a feature: full name, number of features.
    LayerScale(String, usize, FeatureAxis),
    /// (n, c, h, w) to (n, h w, c).
    ToTokens,
    /// (n, h w, c) to (n, c, h, w); the second input is a picture of that height and width.
    ToImage,
    /// Ids to rows: (n, t) to (n, t, width).
    Embedding(Table),
    /// Adds to each token the row of its position; the second input is the token ids.
    AddPositions(Table, Positions),
    /// Adds row 0 of the table to every token (BERT's token types, of which titles have one).
    AddFirstRow(Table),
    /// Adds the parameter `name` (1, rows, width) to all tokens.
    AddTable(Table),
    /// Puts the parameter `name` (1, 1, width) before the tokens.
    PrependToken(String, usize),
    /// Attention among the tokens.
    SelfAttention(SelfAttention),
    /// Attention of a learned query.
    ProbeAttention(ProbeAttention),
    /// (n, t, width) to (n, width).
    PoolTokens(TokenPool),
    /// (n, width) divided by its length.
    Normalise,
}
