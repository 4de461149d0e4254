"""Training steps of a linear head, 1280 to 512, on cached embeddings: forward, InfoNCE, gradients, clipping, AdamW."""

import os
import time

import numpy as np

from .work import SpeedWork

N_ROWS, WIDTH, N_OUT = 4096, 1280, 512
N_WARM, N_STEPS = 5, 40
LEARNING_RATE, TEMPERATURE = 1e-3, 0.05


def prepare(folder):
    """Normal rows of length 1, and a uniform first weight."""
    generator = np.random.default_rng(0)
    rows = generator.standard_normal((N_ROWS, WIDTH), dtype=np.float32)
    np.save(folder / "rows.npy", rows / np.linalg.norm(rows, axis=1, keepdims=True))
    bound = WIDTH**-0.5
    np.save(folder / "weight.npy", generator.uniform(-bound, bound, (N_OUT, WIDTH)).astype(np.float32))


def pytorch(n_rows):
    def steps(folder):
        import torch
        from torch.nn import functional

        torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "2")))
        rows = torch.from_numpy(np.load(folder / "rows.npy"))
        head = torch.nn.Linear(WIDTH, N_OUT)
        with torch.no_grad():
            head.weight.copy_(torch.from_numpy(np.load(folder / "weight.npy")))
            head.bias.zero_()
        optimiser = torch.optim.AdamW(head.parameters(), lr=LEARNING_RATE, weight_decay=0.01)
        n_pairs = n_rows // 2
        own = torch.arange(n_pairs)
        losses, seconds = [], 0.0
        for step in range(N_WARM + N_STEPS):
            first = step * n_rows % (len(rows) - n_rows + 1)
            places = torch.arange(first, first + n_rows)
            start = time.perf_counter()
            embeddings = functional.normalize(head(rows[places]))
            logits = embeddings[:n_pairs] @ embeddings[n_pairs:].T / TEMPERATURE
            loss = (functional.cross_entropy(logits, own) + functional.cross_entropy(logits.T, own)) / 2
            optimiser.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(head.parameters(), 1.0)
            optimiser.step()
            losses.append(loss.item())
            if step >= N_WARM:
                seconds += time.perf_counter() - start
        return {"seconds": seconds / N_STEPS, "answer": [[0, losses]]}

    return steps


WORKS = [
    SpeedWork(
        name=f"head-step-{n_rows}",
        inputs=f"head-step-{n_rows}",
        prepare=prepare,
        ours=f"head-step-{n_rows}",
        peers={"PyTorch": pytorch(n_rows)},
        floor=1.0,
    )
    for n_rows in (128, 1024)
]
