//! The parameters an operation needs: names, shapes and how they start when a network is trained from nothing.

use super::operation::{AttentionWeights, BatchNorm, Operation};

/// How a parameter starts, and whether it is learned or counted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ParameterRole {
    /// Random, by fan-in.
    Weight,
    /// Random rows of a table.
    Table,
    /// Zero.
    Bias,
    /// This value.
    Constant(f64),
    /// A batch norm's mean, gathered while training, not learned.
    RunningMean,
    /// A batch norm's variance, gathered while training, not learned.
    RunningVariance,
}

/// One named tensor.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameter {
    /// Its name in weight files.
    pub name: String,
    /// Its shape.
    pub shape: Vec<usize>,
    /// What it is.
    pub role: ParameterRole,
}

impl Parameter {
    /// Numbers in it.
    pub fn n_values(&self) -> usize {
        self.shape.iter().product()
    }

    /// Whether gradients change it; running statistics are gathered instead.
    pub fn is_learned(&self) -> bool {
        !matches!(self.role, ParameterRole::RunningMean | ParameterRole::RunningVariance)
    }
}

impl Operation {
    /// Every parameter it names, in a fixed order.
    pub fn parameters(&self) -> Vec<Parameter> {
        let mut list = List(Vec::new());
        match self {
            Self::Convolution(convolution) => {
                let [rows, columns] = convolution.kernel;
                let fan_in = convolution.in_channels.checked_div(convolution.groups).unwrap_or(0);
                list.weight(&convolution.name, &[convolution.out_channels, fan_in, rows, columns]);
                if convolution.has_bias {
                    list.bias(&convolution.name, convolution.out_channels);
                }
                if let Some(standardisation) = &convolution.standardisation {
                    let shape = [convolution.out_channels, 1, 1, 1];
                    list.push(standardisation.gain.clone(), &shape, ParameterRole::Constant(1.0));
                }
                if let Some(norm) = &convolution.norm {
                    list.batch_norm(norm, convolution.out_channels);
                }
            }
            Self::BatchNorm(norm, n_channels, _) => list.batch_norm(norm, *n_channels),
            Self::LearnedScale(name) => list.push(name.clone(), &[], ParameterRole::Constant(0.0)),
            Self::GeneralisedMean { power, .. } => {
                list.push(power.clone(), &[1], ParameterRole::Constant(3.0));
            }
            Self::SqueezeExcite(gate) => {
                list.weight(&gate.reduce, &[gate.n_reduced, gate.n_channels, 1, 1]);
                list.bias(&gate.reduce, gate.n_reduced);
                list.weight(&gate.expand, &[gate.n_channels, gate.n_reduced, 1, 1]);
                list.bias(&gate.expand, gate.n_channels);
            }
            Self::ChannelAttention(gate) => list.weight(&gate.name, &[1, 1, gate.kernel]),
            Self::Linear(linear) => {
                list.weight(&linear.name, &[linear.out_features, linear.in_features]);
                if linear.has_bias {
                    list.bias(&linear.name, linear.out_features);
                }
            }
            Self::LayerNorm(norm) => {
                list.push(format!("{}.weight", norm.name), &[norm.width], ParameterRole::Constant(1.0));
                list.bias(&norm.name, norm.width);
            }
            Self::LayerScale(name, width, _) => {
                list.push(name.clone(), &[*width], ParameterRole::Constant(1e-5));
            }
            Self::Embedding(table) | Self::AddPositions(table, _) | Self::AddFirstRow(table) => {
                list.push(table.name.clone(), &[table.n_rows, table.width], ParameterRole::Table);
            }
            Self::AddTable(table) => {
                list.push(table.name.clone(), &[1, table.n_rows, table.width], ParameterRole::Table);
            }
            Self::PrependToken(name, width) => {
                list.push(name.clone(), &[1, 1, *width], ParameterRole::Table);
            }
            Self::SelfAttention(attention) => list.attention(&attention.weights, attention.width),
            Self::ProbeAttention(attention) => {
                let width = attention.width;
                list.push(attention.probe.clone(), &[1, 1, width], ParameterRole::Table);
                list.linear(&attention.query, [width, width]);
                list.linear(&attention.key_value, [width, 2 * width]);
            }
            Self::Images
            | Self::Features
            | Self::TokenIds
            | Self::Activation(_)
            | Self::Scale(_)
            | Self::Add
            | Self::Concatenate
            | Self::MaxPool(_)
            | Self::AveragePool(..)
            | Self::GlobalAverage
            | Self::UpsampleNearest(_)
            | Self::Flatten
            | Self::Dropout(_)
            | Self::DropPath(_)
            | Self::ToTokens
            | Self::ToImage
            | Self::PoolTokens(_)
            | Self::Normalise => {}
        }
        list.0
    }
}

struct List(Vec<Parameter>);

impl List {
    fn push(&mut self, name: String, shape: &[usize], role: ParameterRole) {
        self.0.push(Parameter { name, shape: shape.to_vec(), role });
    }

    fn weight(&mut self, prefix: &str, shape: &[usize]) {
        self.push(format!("{prefix}.weight"), shape, ParameterRole::Weight);
    }

    fn bias(&mut self, prefix: &str, width: usize) {
        self.push(format!("{prefix}.bias"), &[width], ParameterRole::Bias);
    }

    fn linear(&mut self, prefix: &str, [from, to]: [usize; 2]) {
        self.weight(prefix, &[to, from]);
        self.bias(prefix, to);
    }

    fn batch_norm(&mut self, norm: &BatchNorm, n_channels: usize) {
        let name = &norm.name;
        self.push(format!("{name}.weight"), &[n_channels], ParameterRole::Constant(1.0));
        self.bias(name, n_channels);
        self.push(format!("{name}.running_mean"), &[n_channels], ParameterRole::RunningMean);
        self.push(format!("{name}.running_var"), &[n_channels], ParameterRole::RunningVariance);
    }

    fn attention(&mut self, weights: &AttentionWeights, width: usize) {
        match weights {
            AttentionWeights::Packed(name) => self.linear(name, [width, 3 * width]),
            AttentionWeights::InProjection(name) => {
                self.push(format!("{name}.in_proj_weight"), &[3 * width, width], ParameterRole::Weight);
                self.push(format!("{name}.in_proj_bias"), &[3 * width], ParameterRole::Bias);
            }
            AttentionWeights::Separate(names) => {
                for name in names {
                    self.linear(name, [width, width]);
                }
            }
        }
    }
}
