//! The table of image architectures: each builds its graph up to the pooled features, with timm's parameter names.

use super::mobile::PaddingStyle;
use super::resnet::Block;
use super::{
    convnext, densenet, efficientnet, efficientnetv2, inception_v3, mobilenetv2, mobilenetv3, nfnet, resnet,
    vgg, vit,
};
use crate::nn::{Activation, Graph};

/// One line of the table. An architecture is one file; its sizes are lines.
#[derive(Clone, Copy)]
pub struct ImageArchitecture {
    /// Stable id, timm's name of the architecture.
    pub id: &'static str,
    /// Numbers an embedding.
    pub width: usize,
    /// Side in pixels of the square it is usually given; the graph itself may take others.
    pub size: u32,
    /// Which other sides it takes.
    pub sides: Sides,
    /// Builds the graph for pictures of this side: (n, 3, side, side) to (n, width).
    pub graph: fn(side: u32) -> Graph,
    /// The name a parameter has in files of other libraries (torchvision), tried where timm's name is absent.
    pub other_name: fn(&str) -> Option<String>,
}

/// Sides of pictures, in pixels, that an architecture takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sides {
    /// This and all larger ones.
    AtLeast(u32),
    /// Multiples of the side of a patch.
    MultiplesOf(u32),
}

impl Sides {
    /// Whether pictures of this side can be embedded.
    pub fn includes(self, side: u32) -> bool {
        match self {
            Self::AtLeast(smallest) => side >= smallest,
            Self::MultiplesOf(patch) => side >= patch && side.is_multiple_of(patch),
        }
    }
}

impl std::fmt::Display for Sides {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::AtLeast(smallest) => write!(f, "{smallest} pixels or more"),
            Self::MultiplesOf(patch) => write!(f, "a multiple of {patch} pixels"),
        }
    }
}

impl std::fmt::Debug for ImageArchitecture {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ImageArchitecture").field("id", &self.id).finish_non_exhaustive()
    }
}

const fn convolutional(
    id: &'static str,
    [width, size]: [u32; 2],
    graph: fn(u32) -> Graph,
    other_name: fn(&str) -> Option<String>,
) -> ImageArchitecture {
    ImageArchitecture { id, width: width as usize, size, sides: Sides::AtLeast(32), graph, other_name }
}

const fn from(smallest: u32, architecture: ImageArchitecture) -> ImageArchitecture {
    ImageArchitecture { sides: Sides::AtLeast(smallest), ..architecture }
}

const fn transformer(
    id: &'static str,
    [width, size, patch]: [u32; 3],
    graph: fn(u32) -> Graph,
    other_name: fn(&str) -> Option<String>,
) -> ImageArchitecture {
    ImageArchitecture { id, width: width as usize, size, sides: Sides::MultiplesOf(patch), graph, other_name }
}

/// For architectures whose other files have the same names, or none that fit.
fn only_here(_: &str) -> Option<String> {
    None
}

/// Every image architecture.
#[rustfmt::skip]
pub const IMAGE_ARCHITECTURES: &[ImageArchitecture] = &[
    convolutional("resnet18", [512, 224], |_| resnet::graph(Block::Basic, [2, 2, 2, 2]), only_here),
    convolutional("resnet34", [512, 224], |_| resnet::graph(Block::Basic, [3, 4, 6, 3]), only_here),
    convolutional("resnet50", [2048, 224], |_| resnet::graph(Block::Bottleneck, [3, 4, 6, 3]), only_here),
    convolutional("resnet101", [2048, 224], |_| resnet::graph(Block::Bottleneck, [3, 4, 23, 3]), only_here),
    from(vgg::SMALLEST_SIDE, convolutional("vgg16", [4096, 224], |_| vgg::graph([2, 2, 3, 3, 3]), vgg::torchvision_name)),
    from(vgg::SMALLEST_SIDE, convolutional("vgg19", [4096, 224], |_| vgg::graph([2, 2, 4, 4, 4]), vgg::torchvision_name)),
    convolutional("efficientnet_b0", [1280, 224], |_| efficientnet::graph(1.0, 1.0), efficientnet::torchvision_name),
    convolutional("efficientnet_b1", [1280, 240], |_| efficientnet::graph(1.0, 1.1), efficientnet::torchvision_name),
    convolutional("efficientnet_b2", [1408, 256], |_| efficientnet::graph(1.1, 1.2), efficientnet::torchvision_name),
    convolutional("efficientnet_b3", [1536, 288], |_| efficientnet::graph(1.2, 1.4), efficientnet::torchvision_name),
    convolutional("efficientnet_b4", [1792, 320], |_| efficientnet::graph(1.4, 1.8), efficientnet::torchvision_name),
    convolutional("tf_efficientnetv2_s", [1280, 300], |_| efficientnetv2::graph(), only_here),
    convolutional("mobilenetv2_100", [1280, 224], |_| mobilenetv2::graph(PaddingStyle::Symmetric), mobilenetv2::torchvision_name),
    convolutional("mobilenetv2_tf", [1280, 224], |_| mobilenetv2::graph(PaddingStyle::Same), only_here),
    convolutional("mobilenetv3_large_100", [1280, 224], mobilenetv3::large, only_here),
    convolutional("mobilenetv3_small_100", [1024, 224], mobilenetv3::small, only_here),
    from(inception_v3::SMALLEST_SIDE, convolutional("inception_v3", [2048, 299], |_| inception_v3::graph(), only_here)),
    convolutional("densenet121", [1024, 224], |_| densenet::graph([6, 12, 24, 16]), densenet::torchvision_name),
    convolutional("densenet201", [1920, 224], |_| densenet::graph([6, 12, 48, 32]), densenet::torchvision_name),
    convolutional("convnext_tiny", [768, 224], |_| convnext::graph([3, 3, 9, 3], [96, 192, 384, 768]), convnext::torchvision_name),
    convolutional("eca_nfnet_l0", [2304, 224], |_| nfnet::graph([1, 2, 6, 3], 2304), only_here),
    convolutional("eca_nfnet_l1", [3072, 256], |_| nfnet::graph([2, 4, 12, 6], 3072), only_here),
    transformer("vit_small_patch14_dinov2", [384, 518, 14], vit::dinov2_small, only_here),
    transformer("vit_base_patch32_clip_224.openai", [768, 224, 32], |side| vit::clip_base_32(side, Activation::Gelu), vit::clip_name),
    transformer("vit_base_patch32_clip_quickgelu_224.openai", [768, 224, 32], |side| vit::clip_base_32(side, Activation::QuickGelu), vit::clip_name),
    transformer("vit_base_patch32_clip_quickgelu_224.openai.head", [512, 224, 32], |side| vit::clip_base_32_projected(side, Activation::QuickGelu), vit::clip_name),
    transformer("vit_base_patch16_siglip_224", [768, 224, 16], vit::siglip_base_16, only_here),
];

/// The architecture with this id; where there is none, the first whose name before the dot is the same, because timm
/// writes the origin of the weights behind it ("resnet50.a1_in1k").
pub fn image_architecture(id: &str) -> Option<&'static ImageArchitecture> {
    let name = |id: &str| id.split('.').next().map(str::to_owned);
    let exact = IMAGE_ARCHITECTURES.iter().find(|architecture| architecture.id == id);
    exact.or_else(|| IMAGE_ARCHITECTURES.iter().find(|architecture| name(architecture.id) == name(id)))
}

#[cfg(test)]
#[path = "architecture_tests.rs"]
mod tests;
