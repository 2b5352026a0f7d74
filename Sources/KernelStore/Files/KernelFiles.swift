// SPDX-License-Identifier: Apache-2.0

import Foundation
import SystemPackage

/// Files of a kernel before they are taken into the store.
struct KernelFiles: Sendable, Hashable {
    let image: FilePath
    var config: FilePath?
    /// The folder that has the modules somewhere below it.
    var modules: FilePath?
    /// Type information for an image that has none of its own: raw BTF, or an ELF file with a `.BTF` section.
    var btf: FilePath?
}

extension KernelFiles {
    /// An image, and what lies beside it under its release as distributions lay it out.
    ///
    /// - Parameter release: `uname -r`.
    init(beside image: FilePath, release: String) {
        let folder = image.removingLastComponent()
        func first(_ names: [String], isFolder wanted: Bool = false) -> FilePath? {
            names.map { folder.appending($0) }.first { path in
                var isFolder: ObjCBool = false
                return FileManager.default.fileExists(atPath: path.string, isDirectory: &isFolder)
                    && isFolder.boolValue == wanted
            }
        }
        // Only what bears the release: a `config` in the same folder may be of anything.
        self.init(
            image: image,
            config: first(["config-\(release)"]),
            modules: first(["../lib/modules/\(release)", "../usr/lib/modules/\(release)"], isFolder: true),
            btf: first(["btf-\(release)"])
        )
    }

    /// What the build of a kernel tree has left in it, or in the folder that it was built into.
    ///
    /// - Throws: `KernelStoreError.notAKernel` where nothing was built there.
    init(builtIn tree: FilePath) throws(KernelStoreError) {
        let candidates = ["arch/x86/boot/bzImage", "arch/arm64/boot/Image", "vmlinux"].map { tree.appending($0) }
        guard let image = candidates.first(where: { FileManager.default.fileExists(atPath: $0.string) }) else {
            throw .notAKernel(
                path: tree.string,
                reason: "nothing was built there, neither arch/x86/boot/bzImage nor arch/arm64/boot/Image nor vmlinux: "
                    + "bpfmatrix kernels build NAME --tree \(tree)"
            )
        }
        let config = tree.appending(".config")
        let hasConfig = FileManager.default.fileExists(atPath: config.string)
        self.init(image: image, config: hasConfig ? config : nil, modules: tree)
    }
}
