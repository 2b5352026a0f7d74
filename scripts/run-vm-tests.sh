#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# On the host: compiles the BPF programs, asks the kernels about them, writes results.json.
# The exit status is bpfmatrix's own: 0 all accepted, 1 some not, 3 some without a verdict.
set -eu

usage() {
    cat <<TEXT
usage: scripts/run-vm-tests.sh [--kernels LIST] [--json FILE] [PATH...] [-- OPTION...]
  --kernels LIST   which kernels, separated by commas (5.10,6.1,6.12,7.2)
  --json FILE      where the results go (results.json)
  PATH             what to test (src/bpf)
  OPTION           handed to \`bpfmatrix test\`, for instance --accel tcg
TEXT
}

kernels=${KERNELS:-5.10,6.1,6.12,7.2}
json=results.json
paths=
while [ $# -gt 0 ]; do
    case $1 in
        --kernels | --json)
            [ $# -ge 2 ] || { usage >&2; exit 64; }
            if [ "$1" = --kernels ]; then kernels=$2; else json=$2; fi
            shift 2 ;;
        -h | --help) usage; exit 0 ;;
        --) shift; break ;;
        -*) usage >&2; exit 64 ;;
        # Newlines separate the paths, so that blanks in them are kept.
        *) paths="$paths$1
"; shift ;;
    esac
done

top=$(cd "$(dirname "$0")/.." && pwd)
tool=${BPFMATRIX:-$top/.build/release/bpfmatrix}
[ -x "$tool" ] || make -C "$top" build >&2

if [ -z "$paths" ]; then
    exec "$tool" test "$top/src/bpf" --kernels "$kernels" --json "$json" "$@"
fi
printf '%s' "$paths" | {
    while IFS= read -r path; do set -- "$path" "$@"; done
    exec "$tool" test --kernels "$kernels" --json "$json" "$@" </dev/null
}
