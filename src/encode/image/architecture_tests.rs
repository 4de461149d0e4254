//! What every architecture has to keep: sizes, unique names, sides.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::collections::HashSet;

use super::{IMAGE_ARCHITECTURES, image_architecture};

/// timm 1.0: `sum(p.numel() for p in create_model(id, num_classes=0).parameters())`, for `.head` with `num_classes=512`.
const N_PARAMETERS: [(&str, usize); 27] = [
    ("resnet18", 11_176_512),
    ("resnet34", 21_284_672),
    ("resnet50", 23_508_032),
    ("resnet101", 42_500_160),
    ("vgg16", 134_260_544),
    ("vgg19", 139_570_240),
    ("efficientnet_b0", 4_007_548),
    ("efficientnet_b1", 6_513_184),
    ("efficientnet_b2", 7_700_994),
    ("efficientnet_b3", 10_696_232),
    ("efficientnet_b4", 17_548_616),
    ("tf_efficientnetv2_s", 20_177_488),
    ("mobilenetv2_100", 2_223_872),
    ("mobilenetv2_tf", 2_223_872),
    ("mobilenetv3_large_100", 4_202_032),
    ("mobilenetv3_small_100", 1_517_856),
    ("inception_v3", 21_785_568),
    ("densenet121", 6_953_856),
    ("densenet201", 18_092_928),
    ("convnext_tiny", 27_820_128),
    ("eca_nfnet_l0", 21_838_924),
    ("eca_nfnet_l1", 38_334_728),
    ("vit_small_patch14_dinov2", 22_056_192),
    ("vit_base_patch32_clip_224.openai", 87_456_000),
    ("vit_base_patch32_clip_quickgelu_224.openai", 87_456_000),
    ("vit_base_patch32_clip_quickgelu_224.openai.head", 87_849_728),
    ("vit_base_patch16_siglip_224", 92_884_224),
];

#[test]
fn every_network_has_timm_s_size() {
    assert_eq!(N_PARAMETERS.len(), IMAGE_ARCHITECTURES.len());
    for (id, expected) in N_PARAMETERS {
        let architecture = image_architecture(id).unwrap();
        assert_eq!(architecture.id, id);
        assert_eq!((architecture.graph)(architecture.size).n_parameters(), expected, "{id}");
    }
}

#[test]
fn no_two_parameters_share_a_name() {
    for architecture in IMAGE_ARCHITECTURES {
        let graph = (architecture.graph)(architecture.size);
        let mut seen = HashSet::new();
        for parameter in graph.nodes().iter().flat_map(|node| node.operation.parameters()) {
            let other = (architecture.other_name)(&parameter.name);
            assert!(seen.insert(parameter.name.clone()), "{}: {} twice", architecture.id, parameter.name);
            if let Some(other) = other {
                assert!(seen.insert(other.clone()), "{}: {other} twice", architecture.id);
            }
        }
    }
}

#[test]
fn the_usual_side_is_one_of_those_taken() {
    for architecture in IMAGE_ARCHITECTURES {
        assert!(architecture.sides.includes(architecture.size), "{}", architecture.id);
        assert!(!architecture.sides.includes(0) && !architecture.sides.includes(13), "{}", architecture.id);
    }
    let sides = image_architecture("vit_small_patch14_dinov2").unwrap().sides;
    assert!(sides.includes(224) && !sides.includes(225));
    assert_eq!(sides.to_string(), "a multiple of 14 pixels");
}

#[test]
fn names_with_the_origin_of_the_weights_are_found() {
    for (name, expected) in [
        ("resnet50.a1_in1k", Some("resnet50")),
        ("vit_base_patch32_clip_224.laion2b", Some("vit_base_patch32_clip_224.openai")),
        ("vit_base_patch16_siglip_224.v2_webli", Some("vit_base_patch16_siglip_224")),
        ("vit_base_patch32_clip_quickgelu_224", Some("vit_base_patch32_clip_quickgelu_224.openai")),
        ("resnet", None),
        ("", None),
    ] {
        assert_eq!(image_architecture(name).map(|found| found.id), expected, "{name}");
    }
}

#[test]
fn torchvision_s_names_are_found() {
    for (id, name, expected) in [
        ("vgg16", "pre_logits.fc1.weight", Some("classifier.0.weight")),
        ("vgg19", "pre_logits.fc2.bias", Some("classifier.3.bias")),
        ("vgg16", "features.0.weight", None),
        ("mobilenetv2_100", "conv_stem.weight", Some("features.0.0.weight")),
        ("mobilenetv2_100", "bn2.running_mean", Some("features.18.1.running_mean")),
        ("mobilenetv2_100", "blocks.0.0.conv_pw.weight", Some("features.1.conv.1.weight")),
        ("mobilenetv2_100", "blocks.1.1.conv_dw.weight", Some("features.3.conv.1.0.weight")),
        ("mobilenetv2_100", "blocks.6.0.bn3.bias", Some("features.17.conv.3.bias")),
        ("efficientnet_b0", "blocks.0.0.se.conv_expand.bias", Some("features.1.0.block.1.fc2.bias")),
        ("efficientnet_b0", "blocks.6.0.conv_pwl.weight", Some("features.7.0.block.3.0.weight")),
        ("efficientnet_b0", "conv_head.weight", Some("features.8.0.weight")),
        (
            "densenet121",
            "features.denseblock2.denselayer11.norm1.weight",
            Some("features.denseblock2.denselayer11.norm.1.weight"),
        ),
        ("convnext_tiny", "stem.1.bias", Some("features.0.1.bias")),
        ("convnext_tiny", "stages.2.downsample.1.weight", Some("features.4.1.weight")),
        ("convnext_tiny", "stages.2.blocks.8.mlp.fc2.weight", Some("features.5.8.block.5.weight")),
        ("convnext_tiny", "stages.0.blocks.1.gamma", Some("features.1.1.layer_scale")),
        ("convnext_tiny", "head.norm.weight", Some("classifier.0.weight")),
        (
            "vit_base_patch32_clip_224.openai",
            "blocks.3.attn.qkv.weight",
            Some("visual.transformer.resblocks.3.attn.in_proj_weight"),
        ),
        ("vit_base_patch32_clip_224.openai", "norm.bias", Some("visual.ln_post.bias")),
    ] {
        let other_name = image_architecture(id).unwrap().other_name;
        assert_eq!(other_name(name).as_deref(), expected, "{id} {name}");
    }
}
