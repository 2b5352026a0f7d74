// SPDX-License-Identifier: Apache-2.0

import Foundation
import SystemPackage

/// The scripts of a build. They are the same for every image: what a definition says reaches them as arguments, out of
/// files whose words are separated by NUL, and is never part of a script.
///
/// Everything that touches a path of the image runs inside it (chroot(1)), where a link to an absolute path leads to the
/// image's own file and not to this machine's.
enum BuildScripts {
    /// Run by mmdebstrap once all packages are there; the image's root is `$1`. It lies in the build's folder, beside
    /// `stage`, which becomes `/.bpfmatrix` in the image while the actions run.
    static let hook = #"""
        #!/bin/sh
        set -eu
        here=$(dirname "$0")
        # What was said to apt and dpkg for the build is not for the image.
        rm -f "$1/etc/apt/apt.conf.d/99mmdebstrap" "$1/etc/dpkg/dpkg.cfg.d/99mmdebstrap"
        mv -T "$here/stage" "$1/.bpfmatrix"
        inside() {
            env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root TERM=dumb LC_ALL=C.UTF-8 \
                DEBIAN_FRONTEND=noninteractive ${BPFMATRIX_BUILD+"BPFMATRIX_BUILD=$BPFMATRIX_BUILD"} \
                ${http_proxy+"http_proxy=$http_proxy"} ${https_proxy+"https_proxy=$https_proxy"} \
                ${no_proxy+"no_proxy=$no_proxy"} chroot "$@" </dev/null
        }
        inside "$1" /bin/sh /.bpfmatrix/run
        rm -rf "$1/.bpfmatrix"
        inside "$1" dpkg-query -W -f '${binary:Package} ${Version}\n' >"$here/packages"
        """#

    /// Run in the image: the actions, one after the other, each announced on a line that begins with `mark`.
    ///
    /// The build has this machine's resolv.conf, for commands that need the network; the image has none, unless an action
    /// wrote one.
    static func run(mark: String) -> String {
        #"""
        #!/bin/sh
        set -u
        umask 022
        cd /
        rm -f /etc/hostname && cp /.bpfmatrix/hostname /etc/hostname || exit
        cat /etc/resolv.conf >/.bpfmatrix/resolv.conf 2>/dev/null
        echo unknown >/.bpfmatrix/status
        for words in /.bpfmatrix/steps/*; do
            [ -e "$words" ] || continue
            echo "\#(mark) ${words##*/}"
            if ! xargs -0 -x -a "$words" /bin/sh /.bpfmatrix/step; then
                read -r status </.bpfmatrix/status
                echo "\#(mark) failed $status"
                exit 1
            fi
        done
        echo "\#(mark) end"
        if cmp -s /etc/resolv.conf /.bpfmatrix/resolv.conf; then : >/etc/resolv.conf; fi
        """#
    }

    /// Run in the image: one action. `$1` is its type, the others are what `BuildStage.words` makes of it.
    static let step = #"""
        #!/bin/sh
        set -u
        fail() { echo "$*" >&2; exit 1; }
        needs_folder() { [ -d "$1" ] || fail "$1 is no folder in the image: mkdir it first"; }
        # xargs has exit statuses of its own.
        trap 'echo $? >/.bpfmatrix/status' EXIT
        type=$1; shift
        case $type in
            run-command)
                /bin/sh -c "$1" || exit ;;
            copy-in)
                needs_folder "$2"
                cp -a -- "$1" "$2/" || exit ;;
            set-hostname)
                printf '%s\n' "$1" >/etc/hostname || exit
                [ -e /etc/hosts ] || printf '127.0.0.1 localhost\n::1 localhost\n' >/etc/hosts || exit
                sed -i '/^127\.0\.1\.1[[:space:]]/d' /etc/hosts || exit
                printf '127.0.1.1 %s\n' "$1" >>/etc/hosts || exit ;;
            mkdir)
                mkdir -p -- "$1" || exit ;;
            upload)
                cp -a -- "$1" "$2" || exit ;;
            chmod)
                chmod -- "$1" "$2" || exit ;;
            append-line)
                # A last line without an end gets one first.
                if [ -s "$1" ] && [ -n "$(tail -c 1 -- "$1")" ]; then echo >>"$1" || exit; fi
                printf '%s\n' "$2" >>"$1" || exit ;;
            link)
                ln -sf -- "$1" "$2" || exit ;;
            install-kernel)
                mkdir -p /boot /lib/modules || exit
                cp -a -- "$1/boot/." /boot/ || exit
                if [ -d "$1/modules" ]; then cp -a -- "$1/modules/." /lib/modules/ || exit; fi
                ln -sf -- "/boot/$2" /vmlinuz || exit ;;
            tar-in)
                needs_folder "$2"
                tar --extract --preserve-permissions --numeric-owner --xattrs --xattrs-include='*' --file "$1" \
                    --directory "$2" || exit ;;
            *)
                fail "unknown action $type" ;;
        esac
        """#
}

/// The folder that a build takes into the image while its actions run.
struct BuildStage {
    let folder: FilePath
    let recipe: BuildRecipe
    /// What announces actions in the output; nothing else there begins with it.
    let mark: String

    /// - Throws: `GuestImageError`, and what the file system says.
    func make() async throws {
        let steps = folder.appending("steps")
        try FileManager.default.createDirectory(atPath: steps.string, withIntermediateDirectories: true)
        try write("\(recipe.definition.name)\n", to: "hostname")
        try write(BuildScripts.run(mark: mark), to: "run")
        try write(BuildScripts.step, to: "step")
        for (index, step) in recipe.definition.steps.enumerated() {
            if let (files, fingerprint) = recipe.hostFiles[index] {
                try await files.copy(into: folder.appending("files/\(Self.name(index))"), expecting: fingerprint)
            }
            let words = [step.action.type] + words(of: step.action, index: index)
            try write(words.map { $0 + "\0" }.joined(), to: "steps/\(Self.name(index))")
        }
    }

    /// So that the shell's order is the actions'.
    static func name(_ index: Int) -> String {
        let digits = String(index)
        return String(repeating: "0", count: max(0, 5 - digits.count)) + digits
    }

    private func words(of action: ImageAction, index: Int) -> [String] {
        let inImage = "/.bpfmatrix/files/\(Self.name(index))"
        let source = recipe.hostFiles[index]?.files.sources.first.map { "\(inImage)/\($0.name)" } ?? inImage
        switch action {
        case .copyIn(_, let folder), .tarIn(_, let folder): return [source, folder]
        case .upload(_, let destination): return [source, destination]
        case .installKernel: return [inImage, recipe.hostFiles[index]?.files.kernel ?? ""]
        case .runCommand, .setHostname, .makeFolder, .changeMode, .appendLine, .link: return action.words
        }
    }

    private func write(_ text: String, to name: String) throws {
        try Data(text.utf8).write(to: URL(filePath: folder.appending(name).string))
    }
}
