"""Mean per-row F1 on the Shopee half at threshold 0.50: ours against scikit-learn's.

Raw titles, with and without English stop words, must agree within 0.001. Clean titles stand beside them: there the peer
cleans in a few lines of Python, which need not agree with ours in every corner, so that row has no floor."""

import html
import json
import re
import unicodedata

import numpy as np

from .titles import dense_top
from .work import AccuracyWork, shopee_half, write_json

THRESHOLD = 0.50


def preparation(stop_words, clean):
    def prepare(folder):
        titles, groups = shopee_half()
        write_json(folder / "titles.json", titles)
        write_json(folder / "groups.json", groups)
        write_json(folder / "case.json", {"threshold": THRESHOLD, "stop_words": stop_words, "clean": clean})

    return prepare


def clean_title(title):
    """Literal byte escapes decoded, tags and entities gone, NFC."""

    def decoded(match):
        return bytes(int(pair, 16) for pair in match.group().split("\\x")[1:]).decode("utf-8", "replace")

    title = re.sub(r"(?:\\x[0-9a-fA-F]{2})+", decoded, title)
    return unicodedata.normalize("NFC", html.unescape(re.sub(r"</?[a-zA-Z][^>]*>", " ", title)))


def scikit_learn(binary):
    def mean_f1(folder):
        from sklearn.feature_extraction.text import TfidfVectorizer

        titles = json.loads((folder / "titles.json").read_text())
        groups = np.array(json.loads((folder / "groups.json").read_text()))
        case = json.loads((folder / "case.json").read_text())
        if case["clean"]:
            titles = [clean_title(title) for title in titles]
        stop_words = "english" if case["stop_words"] else None
        matrix = TfidfVectorizer(binary=binary, stop_words=stop_words).fit_transform(titles)
        sizes = np.bincount(groups)
        f1 = []
        for columns, scores in dense_top(matrix):
            rows = np.arange(len(f1), len(f1) + len(columns))
            matched = scores >= case["threshold"]
            # A posting always matches itself, even one without a single known word.
            without_itself = ~(matched & (columns == rows[:, None])).any(axis=1)
            right = (matched & (groups[columns] == groups[rows][:, None])).sum(axis=1) + without_itself
            f1.extend(2 * right / (matched.sum(axis=1) + without_itself + sizes[groups[rows]]))
        return {"value": float(np.mean(f1))}

    return mean_f1


def work(name, binary, suffix, stop_words, clean):
    return AccuracyWork(
        name=f"{name}{suffix}",
        inputs=f"shopee{suffix or '-raw'}",
        prepare=preparation(stop_words, clean),
        ours=name,
        peers={"scikit-learn": scikit_learn(binary)},
        floor=None if clean else 0.999,
    )


WORKS = [
    work(name, binary, *case)
    for name, binary in (("shopee-tfidf-f1", False), ("shopee-idf-f1", True))
    for case in (("", False, False), ("-stop-words", True, False), ("-clean", False, True))
]
