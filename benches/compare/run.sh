#!/usr/bin/env bash
# The same work by other libraries and by us, side by side in one run.
#   benches/compare/run.sh [--json FILE] [--only WORK,...] [--rounds N] [--threads N]
# Needs Python 3.10 or newer and, the first time, the network for pip. Data: LOOKALIKE_SHARED (default ../shared).
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
root="$(cd "$here/../.." && pwd)"
venv="$here/.venv"

if ! cmp -s "$here/requirements.txt" "$venv/installed.txt"; then
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check -r "$here/requirements.txt"
    cp "$here/requirements.txt" "$venv/installed.txt"
fi

binary="$(cd "$root" && cargo build --release --bench compare --message-format=json-render-diagnostics |
    "$venv/bin/python" -c '
import json, sys
for line in sys.stdin:
    message = json.loads(line)
    if message.get("executable") and message["target"]["name"] == "compare":
        print(message["executable"])')"

export LOOKALIKE_SHARED="${LOOKALIKE_SHARED:-$root/../shared}"
exec "$venv/bin/python" "$here/compare.py" --binary "$binary" --inputs "$root/target/compare" "$@"
