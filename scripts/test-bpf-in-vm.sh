#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Inside any Linux machine, virtual or not: loads every .bpf.o of a folder with bpftool, and goes on after a failure.
# Writes one line of JSON for each object:
#   {"object": "minimal.bpf.o", "kernel": "6.1.0", "verdict": "accepted", "status": 0, "output": ""}
# Exit status: 0 all accepted, 1 some rejected, 3 nothing could be asked, 64 wrong usage.
set -u

if [ $# -ne 1 ] || [ "$1" = -h ] || [ "$1" = --help ]; then
    echo "usage: test-bpf-in-vm.sh FOLDER   (as root)" >&2
    echo "  BPFTOOL names another bpftool, PINS a folder on a BPF file system that is mounted elsewhere" >&2
    exit 64
fi
folder=$1
bpftool=${BPFTOOL:-bpftool}
# The BPF file system allows no dots in names.
pins=${PINS:-/sys/fs/bpf}/test-bpf-in-vm-$$

fail() { echo "test-bpf-in-vm: $*" >&2; exit 3; }

[ -d "$folder" ] || fail "$folder is no folder"
command -v "$bpftool" >/dev/null || fail "no $bpftool on this machine"
if [ -z "${PINS-}" ] && ! grep -q ' /sys/fs/bpf bpf ' /proc/mounts; then
    mount -t bpf bpf /sys/fs/bpf || fail "no BPF file system on /sys/fs/bpf, and none can be mounted (are you root?)"
fi

output=$(mktemp) || fail "no room for a temporary file"
trap 'rm -rf "$output" "$pins"' EXIT
trap 'exit 130' INT TERM HUP

# A JSON string of what stands on standard input, without its last newline. Bytes that JSON has no letter for go out as
# they are; control characters are escaped.
json_string() {
    LC_ALL=C awk '
        BEGIN { for (code = 1; code < 32; code++) escape[sprintf("%c", code)] = sprintf("\\u%04x", code); escape["\t"] = "\\t" }
        {
            line = ""
            gsub(/\\/, "&&"); gsub(/"/, "\\\"")
            if ($0 ~ /[\001-\037]/) {
                for (place = 1; place <= length($0); place++) {
                    letter = substr($0, place, 1)
                    line = line (letter in escape ? escape[letter] : letter)
                }
            } else line = $0
            printf "%s%s", (NR > 1 ? "\\n" : ""), line
        }'
}

kernel=$(uname -r)
asked=0
rejected=0
unanswered=0
for object in "$folder"/*.bpf.o; do
    [ -f "$object" ] || continue
    asked=$((asked + 1))
    rm -rf "$pins"
    "$bpftool" prog loadall "$object" "$pins" >"$output" 2>&1
    status=$?
    case $status in
        0) verdict=accepted ;;
        # The shell's own: bpftool could not be run, or a signal ended it.
        126 | 127 | 1[3-9][0-9]) verdict=infrastructure; unanswered=$((unanswered + 1)) ;;
        *) verdict=rejected; rejected=$((rejected + 1)) ;;
    esac
    name=$(printf '%s' "${object##*/}" | json_string)
    printf '{"object": "%s", "kernel": "%s", "verdict": "%s", "status": %d, "output": "%s"}\n' \
        "$name" "$kernel" "$verdict" "$status" "$(json_string <"$output")"
done

[ $asked -gt 0 ] || fail "no .bpf.o in $folder"
[ $rejected -eq 0 ] || exit 1
[ $unanswered -eq 0 ] || exit 3
