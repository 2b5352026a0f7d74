// SPDX-License-Identifier: Apache-2.0

import BTF

/// The types that relocations are resolved against: a kernel's, and those of its modules.
public struct CORETarget: Sendable {
    /// The types of a loaded module, which go on from the kernel's.
    public struct Module: Sendable {
        public let name: String
        public let types: BTFTypes

        public init(name: String, types: BTFTypes) {
            self.name = name
            self.types = types
        }
    }

    /// Opened with an index of names, or each look-up goes over all of them.
    public let types: BTFTypes
    /// nil where it is not known which are loaded: what the kernel itself lacks may be in one of them.
    public let modules: [Module]?

    /// - Parameter modules: empty for types that were given to libbpf in the place of the kernel's (`btf_custom_path`): it looks
    ///   into no module then.
    public init(_ types: BTFTypes, modules: [Module]?) {
        self.types = types
        self.modules = modules
    }

    /// A type of the kernel's that may be the one that an object means.
    struct Candidate {
        let types: BTFTypes
        let id: UInt32
        /// nil for the kernel itself.
        let module: String?
    }

    /// Types with the same name but for flavours, and of a kind that can stand for it; modules are asked only where the kernel
    /// has none (`bpf_core_find_cands` in libbpf.c).
    func candidates(for local: BTFType) -> [Candidate] {
        func candidates(_ types: BTFTypes, module: String?) -> [Candidate] {
            types.ids(essentiallyNamed: local.name, ownOnly: module != nil)
                .filter { types.type($0)?.kind.canStand(for: local.kind) == true }
                .map { Candidate(types: types, id: $0, module: module) }
        }
        let kernel = candidates(types, module: nil)
        if !kernel.isEmpty { return kernel }
        return (modules ?? []).flatMap { candidates($0.types, module: $0.name) }
    }
}

extension BTFKind {
    /// The same kind, or both enumerations (`btf_kind_core_compat` in libbpf's btf.h).
    func canStand(for other: BTFKind) -> Bool {
        self == other || (isEnumeration && other.isEnumeration)
    }
}
