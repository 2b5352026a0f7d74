#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The steps of .github/workflows/ci.yml, each of which can be run by hand: docs/ci.md
set -eu

usage() {
    cat <<TEXT
usage: scripts/ci.sh environment | bundle | matrix
  environment  name the folders that are kept from run to run, for later steps (\$GITHUB_ENV, or standard output)
  bundle       build the tool and the agent, compile src/bpf once, pack all of it into bundle.tar
  matrix       take the image of images.json from the store, or build it; load what is in bundle.tar with the agent,
               bpftool and the image's own bpftool; write results.json, and the matrix to \$GITHUB_STEP_SUMMARY
               KERNELS: which kernels ($kernels)
               ACCEL:   kvm, tcg or auto ($accel)
TEXT
}

# Those of the plan must be had. 5.15 and 6.6 are only in public registries.
kernels=${KERNELS:-5.10,5.15,6.1,6.6,6.12?,latest?}
accel=${ACCEL:-auto}
top=$(cd "$(dirname "$0")/.." && pwd)
cd "$top"

environment() {
    # In a container the workspace has another path than outside of it.
    {
        echo "BPFMATRIX_STORE=${GITHUB_WORKSPACE:-$top}/.cache/bpfmatrix"
        echo "BPFMATRIX_DEPS=${GITHUB_WORKSPACE:-$top}/.cache/bpfmatrix-deps"
    } >>"${GITHUB_ENV:-/dev/stdout}"
}

bundle() {
    make build
    rm -rf bundle
    mkdir bundle
    cp .build/release/bpfmatrix .build/release/bpfmatrix-guest bundle/
    bundle/bpfmatrix compile src/bpf --output bundle/objects
    tar -cf bundle.tar bundle
}

matrix() {
    scripts/setup.sh --images
    rm -rf bundle
    tar -xf bundle.tar
    export BPFMATRIX="$top/bundle/bpfmatrix"
    scripts/build-vm-images.sh base
    scripts/run-vm-tests.sh --kernels "$kernels" --json results.json bundle/objects -- \
        --accel "$accel" --image base --host-directory src/bpf --no-cache
}

case ${1-} in
    environment | bundle | matrix) "$1" ;;
    -h | --help) usage ;;
    *) usage >&2; exit 64 ;;
esac
