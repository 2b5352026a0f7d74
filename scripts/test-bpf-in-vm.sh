#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Inside any Linux machine, virtual or not: loads objects with bpftool, and goes on after one that is refused.
# Writes lines of JSON:
#   {"format":2,"loader":"bpftool","version":"7.1.0","libbpf":"1.1","kernel":"6.1.0","tainted":0}
#   {"object":"minimal.bpf.o","sha256":"…","status":0,"programs":["minimal"],"tainted":0,"log":""}    one for each object
#   {"end":true,"objects":1}
# `status` is bpftool's exit status, or 128 and the signal that ended it; `tainted` are the kernel's taint flags; `log` is all that it printed. Bytes of a log
# that are no UTF-8 become U+FFFD.
# Exit status: 0 every object was tried, whatever became of it; 3 it could not go on (the last line is missing);
# 64 wrong usage.
set -u
export LC_ALL=C
# Debian's su leaves a user's PATH as it is, and bpftool is in none of its folders.
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin

usage() {
    echo "usage: test-bpf-in-vm.sh DIRECTORY [OBJECT...]   (as root; without objects, every .o in it)" >&2
    echo "  BPFTOOL names another bpftool, PINS a folder on a BPF file system that is mounted elsewhere" >&2
    exit 64
}
fail() { echo "test-bpf-in-vm: $*" >&2; exit 3; }

case ${1-} in '' | -h | --help) usage ;; esac
case $1 in /*) folder=$1 ;; *) folder=./$1 ;; esac
shift
bpftool=${BPFTOOL:-bpftool}
# The BPF file system allows no dots in names.
pins=${PINS:-/sys/fs/bpf}/test-bpf-in-vm-$$
tab=$(printf '\t')

[ -d "$folder" ] || fail "$folder is no folder"
command -v "$bpftool" >/dev/null || fail "no $bpftool on this machine"
if [ -z "${PINS-}" ] && ! grep -q ' /sys/fs/bpf bpf ' /proc/mounts; then
    mount -t bpf bpf /sys/fs/bpf || fail "no BPF file system on /sys/fs/bpf, and none can be mounted (are you root?)"
fi

work=$(mktemp -d) || fail "no room for temporary files"
trap 'rm -rf "$work" "$pins"' EXIT
trap 'exit 130' INT TERM HUP

# The inside of a JSON string for what is in a file. Text in ASCII, as logs are, goes through sed; anything else byte by
# byte through a table, and comes out as \u escapes.
json_string() {
    if [ "$(tr -d '\011\012\040-\176' <"$1" | wc -c)" -eq 0 ]; then
        sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e "s/$tab/\\\\t/g" "$1" >"$work/escaped"
        # Lines end with \n, the last one too if it did.
        if [ -n "$(tail -c 1 "$1")" ]; then
            awk 'NR > 1 { printf "\\n" } { printf "%s", $0 }' "$work/escaped"
        else
            awk '{ printf "%s", $0; printf "\\n" }' "$work/escaped"
        fi
        return
    fi
    od -An -v -tu1 "$1" | awk '
        function replace() { text = text "\\ufffd"; missing = 0 }
        function scalar(code) {
            if (code < 65536) return sprintf("\\u%04x", code)
            code -= 65536
            return sprintf("\\u%04x\\u%04x", 55296 + int(code / 1024), 56320 + code % 1024)
        }
        # RFC 3629: what a first byte promises, and the least that so many bytes may say.
        function first(byte) {
            if (byte < 128) { text = text plain[byte]; return }
            if (byte >= 194 && byte < 224) { missing = 1; code = byte - 192; least = 128; return }
            if (byte >= 224 && byte < 240) { missing = 2; code = byte - 224; least = 2048; return }
            if (byte >= 240 && byte < 245) { missing = 3; code = byte - 240; least = 65536; return }
            replace()
        }
        BEGIN {
            for (byte = 0; byte < 128; byte++)
                plain[byte] = byte < 32 || byte == 127 ? sprintf("\\u%04x", byte) : sprintf("%c", byte)
            plain[9] = "\\t"; plain[10] = "\\n"; plain[13] = "\\r"; plain[34] = "\\\""; plain[92] = "\\\\"
            missing = 0
        }
        {
            text = ""
            for (place = 1; place <= NF; place++) {
                byte = $place + 0
                if (!missing) { first(byte); continue }
                if (byte < 128 || byte >= 192) { replace(); first(byte); continue }
                code = code * 64 + byte - 128
                if (--missing) continue
                if (code < least || code > 1114111 || (code >= 55296 && code < 57344)) replace()
                else text = text scalar(code)
            }
            printf "%s", text
        }
        END { if (missing) printf "\\ufffd" }'
}
json_word() { printf '%s' "$1" >"$work/word"; json_string "$work/word"; }

# The word after v in a line of `bpftool version`; old ones say nothing of libbpf.
version_of() { sed -n "s/^$1 v\\([^ ]*\\).*/\\1/p" "$work/version" | head -n 1; }
"$bpftool" version >"$work/version" 2>/dev/null || fail "$bpftool does not run"

# Not `read`, which goes byte by byte: the kernel hands out the number in one piece, or only its first digit.
taint() { tainted=$(cat /proc/sys/kernel/tainted) || fail "/proc/sys/kernel/tainted can't be read"; }

taint
printf '{"format":2,"loader":"bpftool","version":"'
json_word "$(version_of bpftool)"
printf '","libbpf":"'
json_word "$(version_of 'using libbpf')"
printf '","kernel":"'
json_word "$(uname -r)"
printf '","tainted":%s}\n' "$tainted"

try() {
    object=$folder/$1
    [ -f "$object" ] && [ -r "$object" ] || fail "$object can't be read"
    digest=$(sha256sum <"$object") || fail "$object can't be read"
    rm -rf "$pins"
    "$bpftool" prog loadall "$object" "$pins" >"$work/log" 2>&1 </dev/null
    status=$?
    taint
    printf '{"object":"'
    json_word "$1"
    printf '","sha256":"%s","status":%d,"programs":[' "${digest%% *}" "$status"
    comma=
    for pin in "$pins"/*; do
        [ -e "$pin" ] || continue
        printf '%s"' "$comma"
        json_word "${pin##*/}"
        printf '"'
        comma=,
    done
    printf '],"tainted":%s,"log":"' "$tainted"
    json_string "$work/log"
    printf '"}\n'
    rm -rf "$pins"
    tried=$((tried + 1))
}

tried=0
if [ $# -gt 0 ]; then
    for name in "$@"; do try "$name"; done
else
    for object in "$folder"/*.o; do
        if [ -f "$object" ]; then try "${object##*/}"; fi
    done
    [ $tried -gt 0 ] || fail "no .o in $folder"
fi
printf '{"end":true,"objects":%d}\n' $tried
