#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Installs what is missing to build, run and test bpfmatrix, and builds the pinned libbpf outside the tree.
# Asks for root (sudo) only if a Debian or Ubuntu package is missing. Safe to run again: then it does nothing.
set -eu

libbpf_version=1.7.0
# Of the release's source, as Debian's archive carries it and its own signed index confirms it.
libbpf_sha256=7ab5feffbf78557f626f2e3e3204788528394494715a30fc2070fcddc2051b7b

usage() {
    cat <<TEXT
usage: scripts/setup.sh [--run | --images | --test | --libbpf-dir]
  (nothing)      what building and running need, images among it
  --run          only what running the built tool needs
  --images       the same, and what \`bpfmatrix images build\` needs
  --test         building, running and the tests
  --libbpf-dir   print where libbpf $libbpf_version is (or will be) and do nothing
A libbpf source at hand is used instead of a download: LIBBPF_TARBALL=/path/libbpf-$libbpf_version.tar.gz
TEXT
}

# A relative XDG_CACHE_HOME counts for nothing (XDG Base Directory Specification).
case ${XDG_CACHE_HOME-} in /*) cache=$XDG_CACHE_HOME ;; *) cache=$HOME/.cache ;; esac
deps=${BPFMATRIX_DEPS:-$cache/bpfmatrix-deps}
case $deps in /*) ;; *) deps=$PWD/$deps ;; esac
prefix="$deps/libbpf-$libbpf_version"
scope=build
case "${1-}" in
    '') ;;
    --run) scope=run ;;
    --images) scope=images ;;
    --test) scope=test ;;
    --libbpf-dir) echo "$prefix"; exit 0 ;;
    -h | --help) usage; exit 0 ;;
    *) usage >&2; exit 64 ;;
esac

case $scope in run | images) needs_toolchain=no ;; *) needs_toolchain=yes ;; esac

say() { printf 'setup: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }

# --- packages -------------------------------------------------------------------------------------------------------

# A package under the first of its names that this distribution's archive knows: Debian's, then Ubuntu's.
first_known() {
    for name in "$@"; do
        if apt-cache show "$name" 2>/dev/null | grep -q .; then echo "$name"; return; fi
    done
    echo "$1"
}
installed() { dpkg-query -W -f '${Status}' "$1" 2>/dev/null | grep -q 'ok installed'; }

# virtiofsd has a package of its own since it left QEMU (Debian 13, Ubuntu 24.04).
folder_server() {
    if [ -x /usr/libexec/virtiofsd ] || [ -x /usr/lib/qemu/virtiofsd ]; then return; fi
    if installed qemu-system-common; then echo virtiofsd; else echo virtiofsd qemu-system-common; fi
}

packages() {
    # Each line: one need, with the names under which it may be had.
    case $scope in
        run | images | build | test)
            echo qemu-system-x86; echo bpftool linux-tools-generic; echo xz-utils; echo zstd; echo lz4; echo util-linux
            echo libsqlite3-0; echo debian-archive-keyring; echo ca-certificates; echo libc6-dev ;;
    esac
    # Building images. Not for mere running: 9 MB on Debian 12, and, where they are not there, 70 MB of perl and python3,
    # which mmdebstrap depends on. Nothing that it recommends is needed.
    case $scope in
        images | build | test) echo mmdebstrap; echo e2fsprogs; echo uidmap; echo qemu-utils; folder_server ;;
    esac
    case $scope in
        build | test)
            echo gcc; echo g++; echo make; echo pkg-config; echo libelf-dev; echo zlib1g-dev; echo libzstd-dev
            echo libsqlite3-dev; echo git; echo binutils ;;
    esac
    case $scope in
        test)
            echo libbpf-tools; echo apt-utils; echo dpkg-dev; echo gnupg; echo python3; echo dash; echo mawk
            echo busybox busybox-static; echo docker-registry; echo skopeo; echo umoci; echo qemu-system-arm ;;
    esac
}

install_packages() {
    command -v apt-get >/dev/null || {
        say "no apt-get here: install these yourself: $(packages | cut -d' ' -f1 | tr '\n' ' ')"
        return 0
    }
    missing=
    for need in $(packages | tr ' ' '|'); do
        found=
        for name in $(echo "$need" | tr '|' ' '); do installed "$name" && found=yes; done
        [ -n "$found" ] || missing="$missing $need"
    done
    # The toolchain is a bare archive: what it needs from the system is the system's to bring.
    if [ $needs_toolchain = yes ] && ! swift --version >/dev/null 2>&1; then
        command -v swift >/dev/null || die "no Swift toolchain on PATH: https://www.swift.org/install"
        missing="$missing libcurl4-openssl-dev libedit2 libncurses6 libpython3-dev libsqlite3-0 libxml2-dev tzdata"
    fi
    # Swift links with gold; Debian 13 has taken it out of binutils.
    if [ $needs_toolchain = yes ] && ! command -v ld.gold >/dev/null; then missing="$missing binutils-gold"; fi
    [ -n "$missing" ] || return 0

    root=
    if [ "$(id -u)" != 0 ]; then
        command -v sudo >/dev/null || die "packages are missing and there is no sudo; as root run: scripts/setup.sh"
        root=sudo
    fi
    $root apt-get update -qq || die "apt-get update failed"
    names=
    for need in $missing; do names="$names $(first_known $(echo "$need" | tr '|' ' '))"; done
    say "installing:$names"
    # shellcheck disable=SC2086
    $root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $names >&2 ||
        die "could not install:$names"
    # Its package starts a registry that listens to everybody; the tests start one of their own.
    case " $names " in
        *' docker-registry '*) $root systemctl disable --now docker-registry.service >/dev/null 2>&1 || true ;;
    esac
}

# --- libbpf ---------------------------------------------------------------------------------------------------------

# Debian's source archive, from the base that the machine's own apt configuration names.
fetch_from_debian() {
    command -v apt-get >/dev/null || return 1
    base="${BPFMATRIX_DEBIAN_MIRROR:-$(apt-get indextargets --format '$(REPO_URI) $(RELEASE)' 'Created-By: Packages' |
        awk '$2 ~ /^(bookworm|trixie|forky|sid|stable|testing|unstable)$/ { print $1; exit }')}"
    [ -n "$base" ] || return 1
    keyring=/usr/share/keyrings/debian-archive-keyring.gpg
    [ -r $keyring ] || return 1
    apt="$work/apt"
    mkdir -p "$apt/state/lists/partial" "$apt/cache/archives/partial"
    : >"$apt/status"
    for suite in forky sid; do
        echo "deb-src [signed-by=$keyring] $base $suite main"
    done >"$apt/sources.list"
    cat >"$apt/conf" <<CONF
Dir::State "$apt/state";
Dir::State::status "$apt/status";
Dir::Cache "$apt/cache";
Dir::Etc::sourcelist "$apt/sources.list";
Dir::Etc::sourceparts "-";
APT::Sandbox::User "root";
Acquire::Check-Valid-Until "false";
Acquire::Languages "none";
CONF
    (
        cd "$work"
        APT_CONFIG="$apt/conf" apt-get -qq update >/dev/null 2>&1 || true
        APT_CONFIG="$apt/conf" apt-get -qq source --download-only --tar-only "libbpf=$libbpf_version-1" >/dev/null 2>&1
    ) || return 1
    mv "$work/libbpf_$libbpf_version.orig.tar.gz" "$work/libbpf.tar.gz"
}

fetch_from_release() {
    command -v curl >/dev/null || return 1
    curl -fsSL --retry 2 --max-time 120 -o "$work/libbpf.tar.gz" \
        "https://github.com/libbpf/libbpf/archive/refs/tags/v$libbpf_version.tar.gz"
}

build_libbpf() {
    [ -f "$prefix/lib/libbpf.a" ] && return 0
    mkdir -p "$deps"
    work=$(mktemp -d "$deps/build.XXXXXX")
    trap 'rm -rf "$work"' EXIT
    trap 'exit 130' INT TERM
    say "libbpf $libbpf_version: fetching its source"
    if [ -n "${LIBBPF_TARBALL-}" ]; then
        cp "$LIBBPF_TARBALL" "$work/libbpf.tar.gz" || die "cannot read LIBBPF_TARBALL=$LIBBPF_TARBALL"
    elif ! fetch_from_debian && ! fetch_from_release; then
        die "no source of libbpf $libbpf_version to be had: download its release tarball elsewhere and set LIBBPF_TARBALL"
    fi
    echo "$libbpf_sha256  $work/libbpf.tar.gz" | sha256sum -c --quiet >&2 ||
        die "the source of libbpf $libbpf_version is not the one that was pinned (sha256 differs): refused"
    mkdir "$work/source" "$work/objects"
    tar -xzf "$work/libbpf.tar.gz" -C "$work/source" --strip-components=1
    say "libbpf $libbpf_version: building"
    make -C "$work/source/src" -j"$(nproc)" BUILD_STATIC_ONLY=y OBJDIR="$work/objects" DESTDIR="$work/install" \
        PREFIX="$prefix" LIBDIR="$prefix/lib" install >"$work/make.log" 2>&1 ||
        { tail -n 20 "$work/make.log" >&2; die "libbpf did not build"; }
    # Whole or not at all: another run that does the same is not disturbed.
    mv -T "$work/install$prefix" "$prefix" 2>/dev/null || [ -f "$prefix/lib/libbpf.a" ] || die "cannot write $prefix"
    say "libbpf $libbpf_version: $prefix"
}

[ "${BPFMATRIX_SKIP_PACKAGES-}" ] || install_packages
[ $needs_toolchain = no ] || build_libbpf
