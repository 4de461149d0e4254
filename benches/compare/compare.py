"""Runs each work's peers and us in turns (A B A B), each run in a process of its own, and prints medians and ratios.

A work is one entry of a `WORKS` list in `works/`; our side of it is one line in `ours.rs`. Both read the same files,
written once; only the work itself is timed, in the process that does it. Beside the times, the answers of both sides
are compared: a fast wrong answer shows as `answer_difference`.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

from works import ALL_WORKS
from works.work import AccuracyWork


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--binary", type=Path)
    parser.add_argument("--inputs", type=Path, required=True)
    parser.add_argument("--json", type=Path, help="also write the rows to this file")
    parser.add_argument("--only", help="comma-separated names of works, or their beginnings")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--peer", nargs=2, metavar=("WORK", "PEER"), help="run one peer once (used by this script itself)")
    arguments = parser.parse_args()
    if arguments.peer:
        work = next(work for work in ALL_WORKS if work.name == arguments.peer[0])
        peer = work.peers[arguments.peer[1]]
        print(json.dumps(peer(arguments.inputs)))
        return 0

    wanted = arguments.only.split(",") if arguments.only else [""]
    works = [work for work in ALL_WORKS if any(work.name.startswith(name) for name in wanted)]
    if not works:
        sys.exit("no such work; there are " + ", ".join(work.name for work in ALL_WORKS))
    rows = []
    failed = False
    for work in works:
        folder = arguments.inputs / work.inputs
        try:
            rows += run_work(work, folder, arguments)
        except WorkFailed as error:
            failed = True
            print(f"{work.name:36} failed: {error}")
    if arguments.json:
        arguments.json.write_text(json.dumps(rows, indent=1) + "\n")
    below = [row["work"] for row in rows if is_below(row)]
    if below:
        print("below the floor: " + ", ".join(below))
    return 1 if below or failed else 0


def is_below(row):
    """Whether a row is slower than it may be, or fast by being worse."""
    ours, theirs = row.get("f1") or (None, None)
    is_worse = None not in (ours, theirs) and ours < theirs
    if row.get("least_recall") is not None:
        is_worse = is_worse or row["recall"][0] < row["least_recall"]
    return is_worse or (row["floor"] is not None and row["ratio"] < row["floor"])


class WorkFailed(Exception):
    """A side could not do its work; the message says why."""


def run_work(work, folder, arguments):
    """One row for each peer of a work."""
    if not (folder / "ready").exists():
        folder.mkdir(parents=True, exist_ok=True)
        work.prepare(folder)
        (folder / "ready").touch()
    sides = {"ours": [str(arguments.binary), work.ours, str(folder)]}
    for peer in work.peers:
        script = [sys.executable, __file__, "--inputs", str(folder)]
        sides[peer] = script + ["--peer", work.name, peer]
    accuracy = isinstance(work, AccuracyWork)
    results = {side: [] for side in sides}
    for _ in range(1 if accuracy else work.rounds or arguments.rounds):
        for side, command in sides.items():
            results[side].append(run_side(command, arguments.threads))
    rows = []
    for peer in work.peers:
        key = "value" if accuracy else "seconds"
        ours = statistics.median(result[key] for result in results["ours"])
        theirs = statistics.median(result[key] for result in results[peer])
        row = {"work": work.name, "ours": ours, "peer": theirs, "peer_name": peer}
        row["ratio"] = 1 - abs(ours - theirs) if accuracy else theirs / ours
        row["floor"] = work.floor
        row["kind"] = key
        if not accuracy:
            row["runs"] = {side: [round(result[key], 4) for result in results[side]] for side in ("ours", peer)}
            row["answer_difference"] = answer_difference(folder, results[peer][-1])
            row["f1"] = [results[side][-1].get("f1") for side in ("ours", peer)]
            row["recall"] = [results[side][-1].get("recall") for side in ("ours", peer)]
            row["least_recall"] = work.recall
        rows.append(row)
        print_row(row)
    return rows


def run_side(command, n_threads):
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "RAYON_NUM_THREADS")
    threads = {name: str(n_threads) for name in names}
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ | threads)
    if done.returncode != 0:
        lines = (done.stdout + done.stderr).strip().splitlines()
        raise WorkFailed(lines[-1] if lines else f"exit status {done.returncode}")
    return json.loads(done.stdout.splitlines()[-1])


def answer_difference(folder, peer_result):
    """Largest difference between the two sides' ranked scores of the sampled rows; an unlisted score counts as 0."""
    answer = folder / "answer.json"
    if "answer" not in peer_result or not answer.exists():
        return None
    theirs = dict(peer_result["answer"])
    largest = 0.0
    for row, scores in json.loads(answer.read_text()):
        other = theirs[row]
        length = max(len(scores), len(other))
        padded = [list(side) + [0.0] * (length - len(side)) for side in (scores, other)]
        largest = max([largest] + [abs(a - b) for a, b in zip(*padded)])
    return largest


def print_row(row):
    unit = " s" if row["kind"] == "seconds" else "  "
    floor = "  -  " if row["floor"] is None else f"{row['floor']:5.3f}"
    difference = row.get("answer_difference")
    note = "" if difference is None else f"  answers differ by {difference:.1e}"
    ours, theirs = row.get("f1") or (None, None)
    note += "" if None in (ours, theirs) else f"  F1 {ours:.4f} and {theirs:.4f}"
    ours, theirs = row.get("recall") or (None, None)
    note += "" if None in (ours, theirs) else f"  recall {ours:.4f} and {theirs:.4f}"
    print(
        f"{row['work']:36} ours {row['ours']:9.4f}{unit}  {row['peer_name']:24} {row['peer']:9.4f}{unit}"
        f"  ratio {row['ratio']:7.3f}  floor {floor}{note}",
        flush=True,
    )


if __name__ == "__main__":
    sys.exit(main())
