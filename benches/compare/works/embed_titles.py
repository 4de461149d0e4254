"""Titles to L2-normalised rows by MiniLM, from strings to the matrix, both sides with the same weights in f32. The peers
are ONNX Runtime on the exported model with its own transformer fusions, and PyTorch; both tokenise in parallel, embed
equal titles once, and pad sorted batches of the size that is the fastest of three on a sample."""

import json
import os
import time

import numpy as np

from .work import SpeedWork, sampled_rows, shared, shopee_half, write_json

MODEL = "models/all-MiniLM-L6-v2"
MOST_TOKENS = 256
BATCH_SIZES = (16, 32, 64)
N_TRIED = 1024
HEADS, WIDTH = 12, 384


def n_threads():
    return int(os.environ.get("OMP_NUM_THREADS", "2"))


def model():
    """The network with its pooling, f32."""
    import torch
    from transformers import AutoModel

    class Rows(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.network = AutoModel.from_pretrained(shared(MODEL), dtype=torch.float32)

        def tokens(self, input_ids, attention_mask, token_type_ids):
            return self.network(
                input_ids=input_ids, attention_mask=attention_mask, token_type_ids=token_type_ids
            ).last_hidden_state

        def forward(self, input_ids, attention_mask, token_type_ids):
            tokens = self.tokens(input_ids, attention_mask, token_type_ids)
            mask = attention_mask.unsqueeze(-1).to(tokens.dtype)
            rows = (tokens * mask).sum(1) / mask.sum(1).clamp(min=1)
            return torch.nn.functional.normalize(rows, dim=1)

    class WrittenOut(Rows):
        """The same with attention written out, in the form that ONNX Runtime's fusions know."""

        def tokens(self, input_ids, attention_mask, token_type_ids):
            n_titles, length = input_ids.shape
            seen = attention_mask.unsqueeze(1).unsqueeze(2).to(torch.float32)
            hidden = (1.0 - seen) * -10000.0
            tokens = self.network.embeddings(input_ids=input_ids, token_type_ids=token_type_ids)
            for layer in self.network.encoder.layer:
                own = layer.attention.self
                query, key, value = (
                    part(tokens).view(n_titles, length, HEADS, WIDTH // HEADS).permute(0, 2, 1, 3)
                    for part in (own.query, own.key, own.value)
                )
                scores = torch.matmul(query, key.transpose(-1, -2)) / (WIDTH // HEADS) ** 0.5
                shares = torch.nn.functional.softmax(scores + hidden, dim=-1)
                attended = torch.matmul(shares, value).permute(0, 2, 1, 3).contiguous()
                attended = layer.attention.output(attended.view(n_titles, length, WIDTH), tokens)
                tokens = layer.output(layer.intermediate(attended), attended)
            return tokens

    return Rows().eval(), WrittenOut().eval()


def prepare(folder):
    import torch
    from onnxruntime.transformers import optimizer

    titles, _ = shopee_half()
    write_json(folder / "titles.json", titles)
    ones = torch.ones(2, 7, dtype=torch.long)
    names = ["input_ids", "attention_mask", "token_type_ids"]
    with torch.inference_mode():
        torch.onnx.export(
            model()[1],
            (ones, ones, ones * 0),
            str(folder / "exported.onnx"),
            input_names=names,
            output_names=["rows"],
            dynamic_axes={name: {0: "n", 1: "t"} for name in names} | {"rows": {0: "n"}},
            opset_version=17,
            dynamo=False,
        )
    fused = optimizer.optimize_model(
        str(folder / "exported.onnx"), model_type="bert", num_heads=HEADS, hidden_size=WIDTH, opt_level=1
    )
    fusions = fused.get_fused_operator_statistics()
    if fusions["Attention"] != 6 or fusions["SkipLayerNormalization"] != 12:
        raise RuntimeError(f"ONNX Runtime's fusions were not found: {fusions}")
    fused.save_model_to_file(str(folder / "model.onnx"))


def embed(tokenizer, titles, batch_size, run):
    """Rows of titles: equal ones once, batches of like length."""
    place = {title: index for index, title in enumerate(dict.fromkeys(titles))}
    tokens = [encoding.ids for encoding in tokenizer.encode_batch_fast(list(place))]
    order = sorted(range(len(tokens)), key=lambda index: len(tokens[index]))
    rows = None
    for first in range(0, len(order), batch_size):
        batch = order[first : first + batch_size]
        longest = len(tokens[batch[-1]])
        ids = np.zeros((len(batch), longest), dtype=np.int64)
        mask = np.zeros_like(ids)
        for row, index in enumerate(batch):
            ids[row, : len(tokens[index])] = tokens[index]
            mask[row, : len(tokens[index])] = 1
        found = run(ids, mask)
        if rows is None:
            rows = np.empty((len(tokens), found.shape[1]), dtype=np.float32)
        rows[batch] = found
    return rows[[place[title] for title in titles]]


def timed(folder, run):
    from tokenizers import Tokenizer

    os.environ.setdefault("RAYON_NUM_THREADS", str(n_threads()))
    titles = json.loads((folder / "titles.json").read_text())
    tokenizer = Tokenizer.from_file(str(shared(MODEL) / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(MOST_TOKENS)

    def once(titles, batch_size):
        start = time.perf_counter()
        rows = embed(tokenizer, titles, batch_size, run)
        return time.perf_counter() - start, rows

    sample = titles[:: len(titles) // N_TRIED]
    once(sample[:64], 16)
    best = min(BATCH_SIZES, key=lambda batch_size: once(sample, batch_size)[0])
    seconds, rows = once(titles, best)
    answer = [[row, rows[row].tolist()] for row in sampled_rows(len(titles))]
    return {"seconds": seconds, "batch_size": best, "answer": answer}


def onnx_runtime(folder):
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = n_threads()
    session = onnxruntime.InferenceSession(str(folder / "model.onnx"), options, providers=["CPUExecutionProvider"])
    kinds = {"tensor(int32)": np.int32, "tensor(int64)": np.int64}
    wanted = {given.name: kinds[given.type] for given in session.get_inputs()}

    def run(ids, mask):
        given = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
        return session.run(None, {name: given[name].astype(kind) for name, kind in wanted.items()})[0]

    return timed(folder, run)


def pytorch(folder):
    import torch

    torch.set_num_threads(n_threads())
    network, _ = model()

    def run(ids, mask):
        with torch.inference_mode():
            ids, mask = torch.from_numpy(ids), torch.from_numpy(mask)
            return network(ids, mask, torch.zeros_like(ids)).numpy()

    return timed(folder, run)


WORKS = [
    SpeedWork(
        name="minilm-16595-titles",
        inputs="minilm-titles",
        prepare=prepare,
        ours="embed-titles",
        peers={"ONNX Runtime": onnx_runtime, "PyTorch": pytorch},
        floor=1.0,
    ),
]
