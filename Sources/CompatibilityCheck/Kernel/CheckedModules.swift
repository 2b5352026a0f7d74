// SPDX-License-Identifier: Apache-2.0

import BPFObject
import BTF
import CORE
import KernelProfile
import VerifierLog

/// The modules of a kernel, as far as one object has to do with them.
public struct CheckedModules: Sendable {
    /// Those that are loaded before the object, with their types.
    let loaded: [CORETarget.Module]
    /// Which modules have what the object needs and the kernel itself does not have.
    let facts: Evidence.ModuleFacts
    /// What all modules have.
    let index: ModuleIndex

    /// - Parameter loaded: in the order in which they are loaded; those without types among them.
    public init(loaded: [(name: String, types: BTFTypes?)], facts: Evidence.ModuleFacts, index: ModuleIndex) {
        self.loaded = loaded.compactMap { module in
            module.types.map { CORETarget.Module(name: module.name, types: $0) }
        }
        var facts = facts
        facts.loaded.formUnion(loaded.map(\.name))
        self.facts = facts
        self.index = index
    }

    /// A module that has a function or a tracepoint that a program can only be attached to once it is loaded; nil where none has,
    /// or it is loaded.
    func notLoaded(having name: KernelName) -> String? {
        let home = index.modules(having: name)
        return home.contains(where: facts.loaded.contains) ? nil : home.first
    }
}

extension CheckedKernel {
    /// A type of the kernel's own, or of a module that is loaded.
    struct FoundType {
        let id: UInt32
        let types: BTFTypes
        /// nil for the kernel itself.
        let module: String?
    }

    /// As libbpf looks for what programs are attached to and what they call: in the kernel's types, then in those of each module
    /// that is loaded (`find_kernel_btf_id()`, `find_ksym_btf_id()`).
    func find(_ name: String, _ kind: BTFKind, in home: AttachTarget.Home = .kernelOrModules) -> FoundType? {
        var named: String?
        if case .module(let module) = home { named = ModuleOrder.canonical(module) }
        if named == nil, let types = knownTypes, let id = types.id(named: name, kind: kind) {
            return FoundType(id: id, types: types, module: nil)
        }
        guard home != .kernel else { return nil }
        for module in modules?.loaded ?? [] where named == nil || named == module.name {
            let ids = module.types.ids(named: name, kind: kind)
            if let id = ids.first(where: module.types.ownIDs.contains) {
                return FoundType(id: id, types: module.types, module: module.name)
            }
        }
        return nil
    }

    /// Why nothing is found under a name that a module has, as a kernel's refusal would be explained.
    func absence(of name: String) -> Reason? {
        modules?.facts.absence(of: name, on: LinuxVersion(version)).map { Reason($0.code, $0.sentence, cure: $0.cure) }
    }
}
