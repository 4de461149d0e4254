"""The exact self-join of clustered vectors."""

import time

import numpy as np

from .work import SpeedWork, sampled_rows

N_ROWS, WIDTH, N_CENTRES, K = 34_250, 512, 11_014, 50


def prepare(folder):
    """11,014 normal centres, each row one of them plus 0.6 normal noise, L2-normalised, seed 0."""
    generator = np.random.default_rng(0)
    centres = generator.standard_normal((N_CENTRES, WIDTH), dtype=np.float32)
    rows = centres[generator.integers(0, N_CENTRES, N_ROWS)]
    rows = rows + np.float32(0.6) * generator.standard_normal((N_ROWS, WIDTH), dtype=np.float32)
    np.save(folder / "vectors.npy", rows / np.linalg.norm(rows, axis=1, keepdims=True))


def faiss_flat(folder):
    import faiss

    vectors = np.load(folder / "vectors.npy")
    start = time.perf_counter()
    index = faiss.IndexFlatIP(vectors.shape[1])
    index.add(vectors)
    scores, _ = index.search(vectors, K)
    seconds = time.perf_counter() - start
    return {"seconds": seconds, "answer": [[row, scores[row].tolist()] for row in sampled_rows(len(vectors))]}


WORKS = [
    SpeedWork(
        name="self-join-34250x512",
        inputs="self-join-34250x512",
        prepare=prepare,
        ours="self-join",
        peers={"faiss IndexFlatIP": faiss_flat},
        floor=1.0,
    ),
]
