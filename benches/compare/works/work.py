"""What a work is, and helpers that several works share."""

import csv
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Callable



@dataclass
class SpeedWork:
    """The same work timed on both sides. `ratio` = peer's seconds / our seconds."""

    name: str
    # Folder of the input files under the inputs folder; works may share one.
    inputs: str
    # Writes the input files into a folder.
    prepare: Callable[[Path], None]
    # Our side's name in ours.rs.
    ours: str
    # Name -> function of the folder; returns {"seconds": ..., "answer": [[row, scores], ...]}.
    peers: dict[str, Callable[[Path], dict]]
    # The smallest ratio that will do.
    floor: float | None = None
    # The share of true answers both sides have to find, where they may miss some; sides return it as "recall".
    recall: float | None = None
    # Runs of each side, where that is not for the caller to say.
    rounds: int | None = None


@dataclass
class AccuracyWork(SpeedWork):
    """The same measure on both sides, as {"value": ...}. `ratio` = 1 - |our value - peer's value|."""


def shared(path):
    """A file of the shared data."""
    return Path(os.environ.get("LOOKALIKE_SHARED", "../shared")) / path


def shopee_half():
    """Titles and dense group numbers of the Shopee half, in file order."""
    with open(shared("data/shopee/train.csv"), encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    numbers = {}
    groups = [numbers.setdefault(row["label_group"], len(numbers)) for row in rows]
    return [row["title"] for row in rows], groups


def write_json(path, value):
    path.write_text(json.dumps(value))


def sampled_rows(n_rows):
    """The rows whose answers are compared, as in ours.rs."""
    return range(0, n_rows, max(n_rows // 100, 1))
