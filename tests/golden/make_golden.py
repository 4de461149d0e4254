"""Writes the reference numbers beside this file: python make_golden.py (needs torch, timm, transformers, pillow, numpy).

image/*.json: embeddings of architectures that have no other reference. Weights and pictures are made by a hash of their
names (tests/parity/hash_made.rs does the same), so no weight file is needed. A tensor's names and shapes are kept as
one digest. preprocess.json: timm's and transformers' preprocessing of pictures made by a formula, sampled on a grid.
"""
import json
import math
import pathlib

import numpy as np
import timm
import torch
from PIL import Image
from timm.data import create_transform

SEED = "0"
HERE = pathlib.Path(__file__).parent
WORD = (1 << 64) - 1


def fnv1a(data: bytes) -> int:
    value = 0xCBF29CE484222325
    for byte in data:
        value = (value ^ byte) * 0x100000001B3 & WORD
    return value


def uniform(name: str, count: int) -> np.ndarray:
    """`count` numbers in [-1, 1): splitmix64 from the hash of the name."""
    mixed = np.arange(1, count + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    mixed += np.uint64(fnv1a(f"{SEED}/{name}".encode()))
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(factor)
    mixed ^= mixed >> np.uint64(31)
    return (mixed >> np.uint64(40)).astype(np.float64) / (1 << 23) - 1


def values(name: str, shape: tuple) -> torch.Tensor:
    """A parameter: about one for variances and scales, about zero for means and biases, by fan-in otherwise."""
    kind = name.rpartition(".")[2]
    centre, spread = 0.0, 0.1
    if kind == "running_var" or (kind in ("weight", "gamma") and len(shape) <= 1):
        centre = 1.0
    elif kind != "running_mean" and len(shape) > 1:
        gain = 2.0 if len(shape) == 4 else 1.0
        spread = math.sqrt(3 * gain / math.prod(shape[1:]))
    numbers = centre + spread * uniform(name, math.prod(shape))
    return torch.from_numpy(numbers.astype(np.float32).reshape(shape))


def fill(model: torch.nn.Module, damping: float = 1.0) -> dict:
    """`damping` multiplies the scales of norms and the gains, so that a deep network does not blow its numbers up."""
    tensors = {name: tensor for name, tensor in model.state_dict().items() if tensor.is_floating_point()}
    for name, tensor in tensors.items():
        is_scale = name.endswith(".gain") or (name.endswith(".weight") and tensor.dim() == 1)
        tensor.copy_(values(name, tuple(tensor.shape)) * (damping if is_scale else 1.0))
    model.eval()
    return tensors


def digest(shapes: dict) -> str:
    lines = (f"{name} {','.join(map(str, shape))}\n" for name, shape in sorted(shapes.items()))
    return str(fnv1a("".join(lines).encode()))


def short(numbers, digits: int = 7) -> list:
    return [[float(f"{number:.{digits}g}") for number in row] for row in numbers.double().tolist()]


# File name: architecture here, architecture in timm, side, further arguments.
CASES = {
    "resnet34": ("resnet34", 96, {}),
    "resnet101": ("resnet101", 64, {}),
    "efficientnet_b1": ("efficientnet_b1", 80, {}),
    "efficientnet_b2": ("efficientnet_b2", 77, {}),
    "efficientnet_b4": ("efficientnet_b4", 64, {}),
    "mobilenetv2_100": ("mobilenetv2_100", 96, {}),
    "mobilenetv2_tf": ("mobilenetv2_100", 98, {"pad_type": "same"}),
    "densenet201": ("densenet201", 64, {}),
    "vit_base_patch32_clip_224.openai": ("vit_base_patch32_clip_224.openai", 224, {}),
    "vit_base_patch32_clip_quickgelu_224.openai": ("vit_base_patch32_clip_quickgelu_224.openai", 224, {}),
    "vit_base_patch32_clip_quickgelu_224.openai.head": (
        "vit_base_patch32_clip_quickgelu_224.openai", 224, {"num_classes": 512}),
    "vit_base_patch16_siglip_224": ("vit_base_patch16_siglip_224", 224, {}),
}
# Without damping these depend on the last bit of every number: PyTorch itself gives other results batch by batch.
DAMPED = {"eca_nfnet_l0@damped": ("eca_nfnet_l0", 72, 0.5), "eca_nfnet_l1": ("eca_nfnet_l1", 72, 0.5),
          "tf_efficientnetv2_s@damped": ("tf_efficientnetv2_s", 75, 0.8)}
# The same without damping and in f64, where rounding has no say.
EXACT = {"eca_nfnet_l0@exact": ("eca_nfnet_l0", 72), "tf_efficientnetv2_s@exact": ("tf_efficientnetv2_s", 75)}
# The same weights at another side: positions are resampled while loading.
RESAMPLED = {"vit_small_patch14_dinov2@224": ("vit_small_patch14_dinov2", 224),
             "vit_base_patch16_siglip_224@160": ("vit_base_patch16_siglip_224", 160)}


def embed(model: torch.nn.Module, side: int, n_images: int) -> torch.Tensor:
    pixels = 2 * uniform(f"images/{n_images}x{side}", n_images * 3 * side * side)
    batch = torch.from_numpy(pixels.astype(np.float32).reshape(n_images, 3, side, side))
    with torch.inference_mode():
        return model(batch.to(next(model.parameters()).dtype))


def write(file: str, architecture: str, sides: list, tensors: dict, embedding: torch.Tensor,
          damping: float = 1.0) -> None:
    shapes = {name: list(tensor.shape) for name, tensor in tensors.items()}
    side, weights_side = sides
    record = {"architecture": architecture, "input": [len(embedding), 3, side, side], "weights_side": weights_side,
              "damping": damping, "dim": embedding.shape[1], "n_tensors": len(shapes), "shapes_digest": digest(shapes),
              "embedding": short(embedding)}
    if embedding.dtype == torch.float64:
        record |= {"is_exact": True, "embedding": short(embedding, 12)}
    (HERE / "image" / f"{file}.json").write_text(json.dumps(record))
    print(file, tuple(embedding.shape), float(embedding.std()))


def architectures() -> None:
    for file, (name, side, options) in CASES.items():
        model = timm.create_model(name, pretrained=False, **{"num_classes": 0, **options})
        tensors = fill(model)
        write(file, file, [side, side], tensors, embed(model, side, 2))
    badly_conditioned()
    for file, (name, side) in RESAMPLED.items():
        full = timm.create_model(name, pretrained=False, num_classes=0)
        tensors = fill(full)
        model = timm.create_model(name, pretrained=False, num_classes=0, img_size=side).eval()
        filtered = timm.models.vision_transformer.checkpoint_filter_fn(dict(full.state_dict()), model)
        model.load_state_dict(filtered)
        usual_side = full.pretrained_cfg["input_size"][1]
        write(file, name, [side, usual_side], tensors, embed(model, side, 2))


def badly_conditioned() -> None:
    for file, (name, side, damping) in DAMPED.items():
        model = timm.create_model(name, pretrained=False, num_classes=0)
        tensors = fill(model, damping)
        write(file, name, [side, side], tensors, embed(model, side, 2), damping)
    for file, (name, side) in EXACT.items():
        model = timm.create_model(name, pretrained=False, num_classes=0)
        tensors = fill(model)
        write(file, name, [side, side], tensors, embed(model.double(), side, 2))


IMAGENET = {"mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225]}
HALF = {"mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5]}
TIMM = [
    {"crop_pct": 0.9, "crop_mode": "center", "interpolation": "bicubic", **IMAGENET},
    {"crop_pct": 0.875, "crop_mode": "center", "interpolation": "lanczos", **HALF},
    {"crop_pct": 1.0, "crop_mode": "squash", "interpolation": "bicubic", **IMAGENET},
    {"crop_pct": 0.9, "crop_mode": "squash", "interpolation": "bilinear", **HALF},
    {"crop_pct": 1.0, "crop_mode": "border", "interpolation": "bicubic", **IMAGENET},
    {"crop_pct": 0.8, "crop_mode": "border", "interpolation": "bilinear", **IMAGENET},
]
SIZES = [(61, 47), (40, 97), (131, 33), (30, 30), (200, 7)]
SIDE = 32


def picture(width: int, height: int) -> Image.Image:
    y, x, channel = np.indices((height, width, 3))
    return Image.fromarray(((x * 37 + y * 101 + channel * 59 + x * y) % 256).astype(np.uint8))


def sample(tensor: np.ndarray) -> list:
    return [float(f"{value:.6g}") for value in tensor[:, ::5, ::5].reshape(-1)]


def preprocessing() -> None:
    from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil
    from transformers.models.siglip.image_processing_pil_siglip import SiglipImageProcessorPil

    cases = []
    for width, height in SIZES:
        image = picture(width, height)
        for config in TIMM:
            config = {"input_size": [3, SIDE, SIDE], **config}
            transform = create_transform(is_training=False, **config)
            cases.append({"size": [width, height], "config": config, "values": sample(transform(image).numpy())})
        for processor in (
            CLIPImageProcessorPil(size={"shortest_edge": 40}, crop_size={"height": SIDE, "width": SIDE}),
            CLIPImageProcessorPil(size={"shortest_edge": SIDE}, crop_size={"height": SIDE, "width": SIDE}),
            SiglipImageProcessorPil(size={"height": SIDE, "width": SIDE}),
        ):
            pixels = processor(image, return_tensors="np")["pixel_values"][0]
            config = json.loads(processor.to_json_string())
            cases.append({"size": [width, height], "config": config, "values": sample(pixels)})
    (HERE / "preprocess.json").write_text(json.dumps(cases))
    print("preprocess", len(cases))


if __name__ == "__main__":
    torch.set_num_threads(1)
    (HERE / "image").mkdir(exist_ok=True)
    preprocessing()
    architectures()
