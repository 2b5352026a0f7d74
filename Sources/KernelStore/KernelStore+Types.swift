// SPDX-License-Identifier: Apache-2.0

import SystemPackage

extension KernelStore {
    /// What is known of a kernel's own types, without reading them.
    public enum KnownTypes: Sendable, Hashable {
        /// Raw BTF.
        case file(FilePath)
        /// The kernel said that it has none.
        case none
        /// It was not asked, and its image has none; or they are not its own.
        case notKnown
    }

    /// Where the BTF is that the kernel has when it runs: as it said itself, else as its image has it.
    public func types(of kernel: Kernel) -> KnownTypes {
        if kernel.isBTFExternal { return .notKnown }
        guard let record = profileRecord(of: kernel) else { return kernel.btf.map { .file(path(of: $0)) } ?? .notKnown }
        return record.btf.map { .file(path(of: $0)) } ?? .none
    }
}
