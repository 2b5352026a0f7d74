#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Loads the programs of Tests/Causes in every kernel line that the archive has, from 5.10 on, and lists the refusals whose cause
# is unknown. Exit status 0: there are none; 1: some; 3: a kernel gave no verdicts.
set -eu

top=$(cd "$(dirname "$0")/.." && pwd)
cd "$top"
tool=${BPFMATRIX:-.build/release/bpfmatrix}
lines=${KERNELS:-$("$tool" kernels list --available |
    awk '$1 ~ /^[0-9]+\.[0-9]+$/ { split($1, v, "."); if (v[1] > 5 || v[1] == 5 && v[2] >= 10) print $1 }' | sort -Vu | paste -sd,)}
results=$(mktemp)
trap 'rm -f "$results"' EXIT
trap 'exit 130' INT TERM

# Most of the programs are there to be refused.
status=0
"$tool" test Tests/Causes --as-compiled --loader agent --kernels "$lines" --json "$results" >/dev/null || status=$?
[ "$status" = 0 ] || [ "$status" = 1 ] || [ "$status" = 3 ] || exit "$status"

python3 - "$results" <<'PYTHON'
import json, sys

results = json.load(open(sys.argv[1]))
versions = {kernel["spec"]: kernel["version"] for kernel in results["kernels"]}
without, unknown = 0, 0
for spec, version in versions.items():
    cells = [cell for cell in results["cells"] if cell["kernel"] == spec]
    refused = [cell for cell in cells if cell["verdict"] not in ("accepted", "infrastructure", "crashed")]
    crashed = [cell for cell in cells if cell["verdict"] == "crashed"]
    lost = [cell for cell in cells if cell["verdict"] == "infrastructure"]
    words = [cell for cell in refused if cell.get("explanation", {}).get("code", "unknown") == "unknown"]
    print(f"{version}: {len(cells)} programs, {len(refused)} refused, {len(words)} unknown, {len(crashed)} crashed, {len(lost)} without a verdict")
    for cell in words:
        print(f"    {cell['object']} {cell['program']}: {cell.get('message')}")
    for cell in crashed:
        print(f"    {cell['object']} {cell['program']}: {cell.get('message')}")
    # A map of 16 GiB has no verdict in a guest of a test.
    without += not cells or len(lost) == len(cells)
    unknown += len(words)
sys.exit(1 if unknown else 3 if without else 0)
PYTHON
