"""Pictures to embeddings by convolutional networks and a vision transformer: f32 pictures (n, c, h, w) in, pooled rows out,
both sides with the same hash-made weights (tests/parity/hash_made.rs says how they are made). The peer is ONNX Runtime
on the model that PyTorch exports."""

import json
import os
import time

import numpy as np

from .work import SpeedWork

# Row, timm's name, side of the pictures, pictures a batch, smallest ratio that will do.
ROWS = [
    *((name, 224, n_pictures, 1.0)
      for name in ("resnet18", "resnet50", "efficientnet_b0", "mobilenetv2_100", "mobilenetv3_large_100")
      for n_pictures in (1, 16)),
    ("efficientnet_b3", 288, 16, 0.9),
    ("tf_efficientnetv2_s", 300, 16, 0.9),
    ("vgg19", 224, 16, 0.9),
    ("inception_v3", 299, 16, 0.9),
    ("densenet121", 224, 16, 0.9),
    ("convnext_tiny", 224, 16, 0.9),
    ("vit_small_patch14_dinov2", 518, 4, 0.9),
]
# Seconds of runs before the clock starts, and seconds that are timed, at least three runs of each.
SECONDS_WARM, SECONDS_TIMED = 0.3, 1.0
DAMPING = 0.5
MASK = (1 << 64) - 1


def row_name(name, n_pictures):
    return f"{name}-b{n_pictures}"


def fnv1a(text):
    value = 0xCBF29CE484222325
    for byte in text.encode():
        value = ((value ^ byte) * 0x100000001B3) & MASK
    return value


def uniform(name, n_values):
    """Numbers in [-1, 1) by the hash of a name, as in hash_made.rs."""
    with np.errstate(over="ignore"):
        z = np.uint64(fnv1a(f"0/{name}"))
        z = z + np.arange(1, n_values + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z = z ^ (z >> np.uint64(31))
    return (z >> np.uint64(40)).astype(np.float64) / 2**23 - 1.0


def fill(name, shape):
    """A parameter by its name and shape, as `fill` in hash_made.rs; the scales of norms and the gains halved, so that deep
    networks do not blow the numbers up."""
    values = uniform(name, int(np.prod(shape)) if shape else 1)
    kind = name.split(".")[-1]
    if kind == "running_var":
        values = 1 + 0.1 * values
    elif kind == "running_mean":
        values = 0.1 * values
    elif len(shape) <= 1:
        values = 1 + 0.1 * values if kind in ("weight", "gamma") else 0.1 * values
        if kind == "weight":
            values = (values.astype(np.float32) * np.float32(DAMPING)).astype(np.float64)
    else:
        gain = 2.0 if len(shape) == 4 else 1.0
        values = values * np.sqrt(3 * gain / float(np.prod(shape[1:])))
    return values.astype(np.float32).reshape(shape)


def prepare(name, side, n_pictures):
    def write(folder):
        import timm
        import torch

        torch.set_num_threads(1)
        sized = {"img_size": side} if name.startswith("vit_") else {}
        model = timm.create_model(name, pretrained=False, num_classes=0, exportable=True, **sized)
        with torch.no_grad():
            for key, tensor in model.state_dict().items():
                if tensor.dtype.is_floating_point:
                    tensor.copy_(torch.from_numpy(fill(key, tuple(tensor.shape))))
        pictures = torch.zeros(n_pictures, 3, side, side)
        with torch.inference_mode():
            torch.onnx.export(
                model.eval(),
                pictures,
                str(folder / "model.onnx"),
                input_names=["pictures"],
                output_names=["rows"],
                opset_version=20,
                dynamo=False,
            )
        (folder / "work.json").write_text(
            json.dumps({"architecture": name, "side": side, "n_pictures": n_pictures, "damping": DAMPING})
        )

    return write


def onnx_runtime(folder):
    import onnxruntime

    work = json.loads((folder / "work.json").read_text())
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = int(os.environ.get("OMP_NUM_THREADS", "2"))
    session = onnxruntime.InferenceSession(str(folder / "model.onnx"), options, providers=["CPUExecutionProvider"])
    side, n_pictures = work["side"], work["n_pictures"]
    pictures = 2 * uniform(f"images/{n_pictures}x{side}", n_pictures * 3 * side * side)
    pictures = pictures.astype(np.float32).reshape(n_pictures, 3, side, side)

    def run():
        start = time.perf_counter()
        rows = session.run(None, {"pictures": pictures})[0]
        return time.perf_counter() - start, rows

    run_for(SECONDS_WARM, run)
    times, rows = run_for(SECONDS_TIMED, run)
    rows = rows.reshape(n_pictures, -1)
    rows = rows / np.abs(rows).max(axis=1, keepdims=True)
    return {"seconds": float(np.median(times)), "answer": [[i, row.tolist()] for i, row in enumerate(rows)]}


def run_for(seconds, run):
    """Runs for so long, and at least three times; the time of each run, and the last result."""
    times = []
    while len(times) < 3 or sum(times) < seconds:
        elapsed, result = run()
        times.append(elapsed)
    return times, result


WORKS = [
    SpeedWork(
        name=row_name(name, n_pictures),
        inputs=row_name(name, n_pictures),
        prepare=prepare(name, side, n_pictures),
        ours="embed-images",
        peers={"ONNX Runtime": onnx_runtime},
        floor=floor,
    )
    for name, side, n_pictures, floor in ROWS
]
