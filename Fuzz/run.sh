#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Feeds every reader of foreign bytes with what libFuzzer makes up: run.sh SECONDS [TARGET…], so many for each target.
# docs/fuzzing.md
set -eu
cd "$(dirname "$0")"

seconds=${1:?usage: run.sh SECONDS [TARGET…]}
shift
[ $# -gt 0 ] || set -- object btf core check log output profile account guest

swift build -c release
fuzzer=.build/release/bpfmatrix-fuzz
"$fuzzer" seeds .corpus

longest=32768
[ "$seconds" -lt 60 ] || longest=1048576

# The runtime's own account of a trap would take longer than libFuzzer's.
export SWIFT_BACKTRACE=enable=no
mkdir -p .found
for target; do
	mkdir -p ".corpus/$target"
	log=.found/$target.log
	# One input may take 10 s and 2 GiB: more would be a defect too. What takes time that grows with the square of the input's
	# length shows in large inputs only, which short runs have no time for.
	if "$fuzzer" "$target" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -max_len="$longest" \
		-artifact_prefix=".found/$target-" -print_final_stats=1 ".corpus/$target" >"$log" 2>&1; then
		units=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
		echo "fuzz $target: $units inputs in $seconds s, none crashed"
	else
		tail -n 40 "$log" >&2
		input=$(sed -n 's/.*Test unit written to //p' "$log" | tail -n 1)
		echo "fuzz $target: failed; repeat it with: Fuzz/$fuzzer $target ${input:+Fuzz/$input}" >&2
		exit 1
	fi
done
