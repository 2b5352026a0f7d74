#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# On the host: builds the images of images.json, unless they are there already.
# The exit status is bpfmatrix's own.
set -eu

case ${1-} in
    -h | --help)
        echo "usage: scripts/build-vm-images.sh [NAME...] [OPTION...]   (as for \`bpfmatrix images build\`)"
        exit 0 ;;
esac
top=$(cd "$(dirname "$0")/.." && pwd)
tool=${BPFMATRIX:-$top/.build/release/bpfmatrix}
[ -x "$tool" ] || make -C "$top" build >&2
exec "$tool" images build --definitions "$top/images.json" "$@"
