//! MobileNetV2 1.0 as TensorFlow trained it on ImageNet: SAME padding, ReLU6, 1280 pooled features, timm's parameter
//! names. Sandler et al., "MobileNetV2: Inverted Residuals and Linear Bottlenecks", CVPR 2018, table 2.

use candle_core::Tensor;
use image::RgbImage;

use crate::encode::encoder::l2_normalise;
use crate::encode::preprocess::Preprocess;
use crate::encode::{DenseMatrix, EmbeddingRows, EncodeError, Encoder, ImageEncoder, ModelStore, Prepared};
use crate::nn::{
    Activation, BatchNorm, Convolution, DeviceChoice, Graph, GraphBuilder, NetworkInput, NodeId, Padding,
    Plan, Precision, Weights, open_device,
};

/// Name of the model folder.
pub(crate) const MODEL: &str = "mobilenetv2_tf";

const WEIGHTS: &str = "model.safetensors";
/// Raised when the same weights and pictures give other numbers.
const CODE_VERSION: u32 = 1;
/// Numbers an embedding.
const WIDTH: usize = 1280;

/// Expansion, output channels, repetitions and first stride of each stage.
const STAGES: [(usize, usize, usize, usize); 7] = [
    (1, 16, 1, 1),
    (6, 24, 2, 2),
    (6, 32, 3, 2),
    (6, 64, 4, 2),
    (6, 96, 3, 1),
    (6, 160, 3, 2),
    (6, 320, 1, 1),
];

struct MobileNetV2 {
    network: Plan,
    preprocess: Preprocess,
    fingerprint: String,
}

pub(super) fn open(store: &ModelStore, device: DeviceChoice) -> Result<Encoder, EncodeError> {
    let preprocess = Preprocess::from_config(&store.text(MODEL, "config.json")?).map_err(|reason| {
        EncodeError::BadModelFile { path: store.folder().join(MODEL).join("config.json"), reason }
    })?;
    let weights = Weights::open(&store.file(MODEL, WEIGHTS)?)?;
    let network = Plan::compile(&graph(), &weights, &open_device(device)?, Precision::F32)?;
    let fingerprint =
        format!("{MODEL} v{CODE_VERSION}; {}; weights {}", preprocess.fingerprint(), weights.digest());
    Ok(Encoder::Image(Box::new(MobileNetV2 { network, preprocess, fingerprint })))
}

impl ImageEncoder for MobileNetV2 {
    fn fingerprint(&self) -> String {
        self.fingerprint.clone()
    }

    fn batch_size(&self) -> usize {
        if self.network.device().is_cpu() { 2 } else { 64 }
    }

    fn prepare(&self, picture: &RgbImage) -> Prepared {
        Prepared(self.preprocess.apply(picture))
    }

    fn embed(&self, batch: &[Prepared]) -> Result<EmbeddingRows, EncodeError> {
        let side = self.preprocess.size as usize;
        let mut values = Vec::with_capacity(batch.len() * 3 * side * side);
        for Prepared(picture) in batch {
            values.extend_from_slice(picture);
        }
        let mut rows = DenseMatrix { width: WIDTH, values: Vec::new() };
        if !batch.is_empty() {
            let batch = Tensor::from_vec(values, (batch.len(), 3, side, side), self.network.device())?;
            rows.values = self.network.run(NetworkInput::Images(&batch))?.flatten_all()?.to_vec1()?;
            rows.values.chunks_exact_mut(WIDTH).for_each(l2_normalise);
        }
        Ok(EmbeddingRows::Dense(rows))
    }
}

/// The network up to its pooled features.
fn graph() -> Graph {
    let mut builder = GraphBuilder::of_images();
    let input = builder.input();
    let mut features =
        convolve(&mut builder, input, ["conv_stem", "bn1"], [3, 32], [3, 2, 1], Activation::Relu6);
    let mut in_channels = 32;
    for (stage, (expansion, out_channels, repetitions, first_stride)) in STAGES.into_iter().enumerate() {
        for block in 0..repetitions {
            let prefix = format!("blocks.{stage}.{block}");
            let stride = if block == 0 { first_stride } else { 1 };
            let before = features;
            features = inverted_residual(
                &mut builder,
                features,
                &prefix,
                [in_channels, out_channels],
                expansion,
                stride,
            );
            if stride == 1 && in_channels == out_channels {
                features = builder.add(before, features);
            }
            in_channels = out_channels;
        }
    }
    let head = [in_channels, WIDTH];
    let features = convolve(&mut builder, features, ["conv_head", "bn2"], head, [1, 1, 1], Activation::Relu6);
    builder.global_average(features);
    builder.build()
}

/// Widen (where the expansion is not 1), depthwise, narrow without activation.
fn inverted_residual(
    builder: &mut GraphBuilder,
    from: NodeId,
    prefix: &str,
    [in_channels, out_channels]: [usize; 2],
    expansion: usize,
    stride: usize,
) -> NodeId {
    let name = |part: &str| format!("{prefix}.{part}");
    let wide = in_channels * expansion;
    // timm names the parts of a block without expansion differently, and counts norms from 1 in both.
    let (mut features, norms, narrow) =
        if expansion == 1 { (from, ["bn1", "bn2"], "conv_pw") } else { (from, ["bn2", "bn3"], "conv_pwl") };
    if expansion != 1 {
        let names = [&*name("conv_pw"), &*name("bn1")];
        features = convolve(builder, features, names, [in_channels, wide], [1, 1, 1], Activation::Relu6);
    }
    let names = [&*name("conv_dw"), &*name(norms[0])];
    features = convolve(builder, features, names, [wide, wide], [3, stride, wide], Activation::Relu6);
    let names = [&*name(narrow), &*name(norms[1])];
    convolve(builder, features, names, [wide, out_channels], [1, 1, 1], Activation::Identity)
}

fn convolve(
    builder: &mut GraphBuilder,
    from: NodeId,
    [name, norm]: [&str; 2],
    [in_channels, out_channels]: [usize; 2],
    [kernel, stride, groups]: [usize; 3],
    activation: Activation,
) -> NodeId {
    let convolution = Convolution {
        name: name.to_owned(),
        in_channels,
        out_channels,
        kernel: [kernel, kernel],
        stride,
        groups,
        padding: Padding::Same,
        has_bias: false,
        standardisation: None,
        norm: Some(BatchNorm { name: norm.to_owned(), epsilon: 1e-5 }),
        activation,
    };
    builder.convolution(from, convolution)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nn::Operation;

    #[test]
    fn the_graph_has_the_paper_s_size() {
        let mut n_parameters = 0;
        let mut n_convolutions = 0;
        for node in graph().nodes() {
            if let Operation::Convolution(convolution) = &node.operation {
                n_convolutions += 1;
                let fan_in = convolution.in_channels / convolution.groups
                    * convolution.kernel[0]
                    * convolution.kernel[1];
                n_parameters += convolution.out_channels * (fan_in + 2);
            }
        }
        // timm: sum(p.numel() for p in create_model("mobilenetv2_100", num_classes=0).parameters()) == 2223872
        assert_eq!((n_convolutions, n_parameters), (52, 2_223_872));
    }
}
