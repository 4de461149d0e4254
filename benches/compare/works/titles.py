"""Top 50 of every title among 34,250, from strings and from a ready sparse matrix."""

import json
import os
import time

import numpy as np

from .work import SpeedWork, sampled_rows, shopee_half, write_json

N_TITLES, K, CHUNK = 34_250, 50, 1024


def binary_idf(titles):
    from sklearn.feature_extraction.text import TfidfVectorizer

    return TfidfVectorizer(binary=True, dtype=np.float32).fit_transform(titles)


def prepare(folder):
    """The half of the Shopee table, repeated to size, and its scikit-learn IDF matrix as CSR arrays."""
    titles, _ = shopee_half()
    titles = (titles * (N_TITLES // len(titles) + 1))[:N_TITLES]
    write_json(folder / "titles.json", titles)
    matrix = binary_idf(titles)
    matrix.sort_indices()
    np.save(folder / "offsets.npy", matrix.indptr.astype(np.int32))
    np.save(folder / "columns.npy", matrix.indices.astype(np.int32))
    np.save(folder / "values.npy", matrix.data.astype(np.float32))


def dense_top(matrix):
    """The usual recipe: dense blocks of the product, argpartition, sort. Yields scores, best first, block by block."""
    transposed = matrix.T.tocsr()
    for start in range(0, matrix.shape[0], CHUNK):
        block = (matrix[start : start + CHUNK] @ transposed).toarray()
        columns = np.argpartition(-block, K - 1, axis=1)[:, :K]
        scores = np.take_along_axis(block, columns, axis=1)
        order = np.argsort(-scores, axis=1, kind="stable")
        yield np.take_along_axis(columns, order, axis=1), np.take_along_axis(scores, order, axis=1)


def scikit_learn(folder):
    titles = json.loads((folder / "titles.json").read_text())
    start = time.perf_counter()
    scores = np.concatenate([scores for _, scores in dense_top(binary_idf(titles))])
    seconds = time.perf_counter() - start
    return {"seconds": seconds, "answer": [[row, scores[row].tolist()] for row in sampled_rows(len(titles))]}


def sparse_dot(folder):
    import scipy.sparse
    from sparse_dot_topn import sp_matmul_topn

    offsets, columns, values = (np.load(folder / f"{name}.npy") for name in ("offsets", "columns", "values"))
    matrix = scipy.sparse.csr_matrix((values, columns, offsets))
    n_threads = int(os.environ.get("OMP_NUM_THREADS", "2"))
    start = time.perf_counter()
    top = sp_matmul_topn(matrix, matrix.T.tocsr(), top_n=K, sort=True, n_threads=n_threads)
    seconds = time.perf_counter() - start
    answer = [[row, top.data[top.indptr[row] : top.indptr[row + 1]].tolist()] for row in sampled_rows(top.shape[0])]
    return {"seconds": seconds, "answer": answer}


WORKS = [
    SpeedWork(
        name="titles-34250-idf-top50",
        inputs="titles-34250",
        prepare=prepare,
        ours="titles-top50",
        peers={"scikit-learn": scikit_learn},
        floor=5.0,
    ),
    SpeedWork(
        name="titles-34250-idf-top50-sparse",
        inputs="titles-34250",
        prepare=prepare,
        ours="sparse-top50",
        peers={"sparse_dot_topn": sparse_dot},
        floor=1.0,
    ),
]
