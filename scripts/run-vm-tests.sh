#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# On the host: compiles the BPF programs, loads them in the kernels, writes results.json.
# The exit status is bpfmatrix's own: 0 all accepted, 1 some not, 3 some without a verdict.
set -eu

usage() {
    cat <<TEXT
usage: scripts/run-vm-tests.sh [--kernels LIST] [--json FILE] [--summary FILE] [PATH...] [-- OPTION...]
  --kernels LIST   which kernels, separated by commas (5.10?,5.15?,6.1?,6.6?: those that can be had)
  --json FILE      where the results go (results.json)
  --summary FILE   append the matrix to this file, as Markdown (\$GITHUB_STEP_SUMMARY, if that is set)
  PATH             what to test (src/bpf)
  OPTION           handed to \`bpfmatrix test\`, for instance --accel tcg, or --image base
TEXT
}

kernels=${KERNELS:-5.10?,5.15?,6.1?,6.6?}
json=results.json
summary=${GITHUB_STEP_SUMMARY-}
paths=
while [ $# -gt 0 ]; do
    case $1 in
        --kernels | --json | --summary)
            [ $# -ge 2 ] || { usage >&2; exit 64; }
            case $1 in --kernels) kernels=$2 ;; --json) json=$2 ;; *) summary=$2 ;; esac
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

[ -n "$paths" ] || paths=$top/src/bpf'
'
saved=$IFS
IFS='
'
set -f
# shellcheck disable=SC2086
set -- $paths --kernels "$kernels" --json "$json" "$@"
set +f
IFS=$saved
[ -n "$summary" ] || exec "$tool" test "$@"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM HUP
# The pipe's own status is that of tee.
{
    status=0
    "$tool" test "$@" || status=$?
    echo "$status" >"$work/status"
} | tee "$work/output"

# What was left out, and from the line about the objects on, the report.
{
    printf '### Kernels %s\n\n```\n' "$kernels"
    awk '/^note: .* is left out: / { print }
        /^(compiled|read) [0-9]+ object/ { is_report = 1 }
        is_report { print; lines++ }
        END { if (!lines) print "no report: see the log" }' "$work/output"
    printf '```\n'
} >>"$summary"
exit "$(cat "$work/status" 2>/dev/null || echo 3)"
