// SPDX-License-Identifier: Apache-2.0

import Compiler
import Foundation
import SystemPackage

/// What the user wants of the compiler.
struct CompilerChoices: Sendable, Hashable {
    var flags = CompilerFlags()
    /// nil for the usual one.
    var vmlinux: VmlinuxChoice?
    /// For one source, if it is more than the usual one.
    var limit = CompilerSettings.usualLimit
    /// Compiles what has been compiled before, too.
    var isFresh = false
}

/// Where `vmlinux.h` comes from.
enum VmlinuxChoice: Sendable, Hashable {
    /// A kernel, as the user names it.
    case kernel(String)
    /// A header, or a folder with one.
    case path(FilePath)

    /// Kernels have names with slashes in them too, which begin with where they are from: `file:image`, `oci://host/kernel:6.6`.
    init(_ word: String) {
        let isScheme = word.prefixMatch(of: #/[A-Za-z0-9+_-]+:/#) != nil
        let holdsHeader = FileManager.default.fileExists(atPath: FilePath(word).appending("vmlinux.h").string)
        if holdsHeader || !isScheme && (word.contains("/") || word.hasSuffix(".h")) {
            self = .path(FilePath(word))
        } else {
            self = .kernel(word)
        }
    }
}
