"""The pictures of the shared catalogue `mix`, from files on disk: to a saved matrix of embeddings by MobileNetV2, and to groups of
duplicates, pictures alone. The peers read the same files; what they decode, resize and compute is timed, starting Python and
loading weights is not."""

import csv
import json
import os
import time
from pathlib import Path

import numpy as np

from .work import SpeedWork, shared

SIDE = 224
BATCH = 16
N_WORKERS = 2
# The threshold of the shared reference for MobileNetV2 alone, and imagededup's own default for its hash.
COSINE_THRESHOLD = 0.85
HASH_DISTANCE = 10


def prepare(folder):
    """Names and groups of the catalogue's rows, and MobileNetV2 as ONNX with the shared weights."""
    with open(shared("data/mix/catalog.csv"), encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    root = shared("data/mix").resolve()
    paths = [str(root / "images" / row["image"]) for row in rows]
    (folder / "rows.json").write_text(
        json.dumps({"catalog": str(root / "catalog.csv"), "paths": paths, "groups": [row["label_group"] for row in rows]})
    )
    import torch

    torch.onnx.export(
        network(),
        torch.zeros(BATCH, 3, SIDE, SIDE),
        str(folder / "model.onnx"),
        input_names=["pictures"],
        output_names=["rows"],
        dynamic_axes={"pictures": {0: "n"}, "rows": {0: "n"}},
        opset_version=20,
        dynamo=False,
    )


def network():
    import timm
    from safetensors.torch import load_file

    model = timm.create_model("mobilenetv2_100", num_classes=0, pad_type="same").eval()
    weights = load_file(str(shared("models/mobilenetv2_tf/model.safetensors")))
    model.load_state_dict({name: tensor.float() for name, tensor in weights.items()}, strict=False)
    return model


def read_rows(folder):
    return json.loads((folder / "rows.json").read_text())


def pixels(path):
    """A picture as the network wants it: squashed to the side, values from -1 to 1, (3, side, side)."""
    from PIL import Image

    picture = Image.open(path).convert("RGB").resize((SIDE, SIDE), Image.BILINEAR)
    return np.ascontiguousarray((np.asarray(picture, np.float32) / 127.5 - 1).transpose(2, 0, 1))


class Pictures:
    """A dataset of files, as torch's loader takes it."""

    def __init__(self, paths):
        self.paths = paths

    def __len__(self):
        return len(self.paths)

    def __getitem__(self, at):
        return pixels(self.paths[at])


def pytorch(folder):
    import torch
    from torch.utils.data import DataLoader

    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "2")))
    paths = read_rows(folder)["paths"]
    model = network()
    start = time.perf_counter()
    batches = DataLoader(Pictures(paths), batch_size=BATCH, num_workers=N_WORKERS)
    with torch.inference_mode():
        rows = torch.cat([torch.nn.functional.normalize(model(batch), dim=1) for batch in batches])
    np.save(folder / "rows-pytorch.npy", rows.numpy())
    return {"seconds": time.perf_counter() - start}


def part_by_onnx_runtime(folder, paths, name):
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(folder / "model.onnx"), options, providers=["CPUExecutionProvider"])
    yield None
    rows = []
    for first in range(0, len(paths), BATCH):
        batch = np.stack([pixels(path) for path in paths[first : first + BATCH]])
        found = session.run(None, {"pictures": batch})[0]
        rows.append(found / np.linalg.norm(found, axis=1, keepdims=True))
    np.save(folder / name, np.concatenate(rows))
    yield None


def onnx_runtime_process(folder, paths, name, barrier):
    steps = part_by_onnx_runtime(folder, paths, name)
    next(steps)
    barrier.wait()
    next(steps)


def onnx_runtime(folder):
    """Two processes, each half of the pictures with one thread: the clock starts when both have loaded the network."""
    import multiprocessing

    context = multiprocessing.get_context("fork")
    paths = read_rows(folder)["paths"]
    barrier = context.Barrier(N_WORKERS + 1)
    parts = [paths[worker::N_WORKERS] for worker in range(N_WORKERS)]
    workers = [
        context.Process(target=onnx_runtime_process, args=(folder, part, f"rows-onnx-{worker}.npy", barrier))
        for worker, part in enumerate(parts)
    ]
    for worker in workers:
        worker.start()
    barrier.wait()
    start = time.perf_counter()
    for worker in workers:
        worker.join()
    return {"seconds": time.perf_counter() - start}


def mean_f1(paths, groups, found):
    """Mean over rows of F1 of the row's matches, the row itself among them."""
    names = [Path(path).name for path in paths]
    # A picture may serve several rows.
    rows_of_name = {}
    for row, name in enumerate(names):
        rows_of_name.setdefault(name, []).append(row)
    sizes = {}
    for group in groups:
        sizes[group] = sizes.get(group, 0) + 1
    scores = []
    for row, name in enumerate(names):
        matches = {row} | set(rows_of_name[name])
        for other in found.get(name, []):
            matches.update(rows_of_name.get(other, []))
        right = sum(groups[match] == groups[row] for match in matches)
        scores.append(2 * right / (len(matches) + sizes[groups[row]]))
    return float(np.mean(scores))


def imagededup_hash(folder):
    from imagededup.methods import PHash

    rows = read_rows(folder)
    start = time.perf_counter()
    method = PHash(verbose=False)
    found = method.find_duplicates(
        image_dir=str(Path(rows["paths"][0]).parent),
        max_distance_threshold=HASH_DISTANCE,
        num_enc_workers=N_WORKERS,
        num_dist_workers=N_WORKERS,
    )
    return {"seconds": time.perf_counter() - start, "f1": mean_f1(rows["paths"], rows["groups"], found)}


def imagededup_network(folder):
    import torch
    from imagededup.methods import CNN
    from imagededup.utils import CustomModel
    from torchvision import transforms

    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "2")))
    rows = read_rows(folder)
    transform = transforms.Compose(
        [
            transforms.Resize((SIDE, SIDE), interpolation=transforms.InterpolationMode.BILINEAR),
            transforms.ToTensor(),
            transforms.Normalize((0.5,) * 3, (0.5,) * 3),
        ]
    )
    method = CNN(verbose=False, model_config=CustomModel(name="mobilenetv2", model=network(), transform=transform))
    start = time.perf_counter()
    found = method.find_duplicates(
        image_dir=str(Path(rows["paths"][0]).parent),
        min_similarity_threshold=COSINE_THRESHOLD,
        num_enc_workers=0,
        num_sim_workers=N_WORKERS,
    )
    return {"seconds": time.perf_counter() - start, "f1": mean_f1(rows["paths"], rows["groups"], found)}


WORKS = [
    SpeedWork(
        name="mix-images-to-embeddings",
        inputs="mix",
        prepare=prepare,
        ours="mix-images-to-embeddings",
        peers={"PyTorch, Pillow, 2 workers": pytorch, "ONNX Runtime, Pillow, 2 proc.": onnx_runtime},
        floor=1.2,
    ),
    SpeedWork(
        name="mix-to-duplicate-groups",
        inputs="mix",
        prepare=prepare,
        ours="mix-to-duplicate-groups",
        peers={"imagededup, PHash": imagededup_hash, "imagededup, our MobileNetV2": imagededup_network},
        floor=2.0,
    ),
]
