// SPDX-License-Identifier: Apache-2.0

import BPFObject
import BTF
import CORE
import KernelProfile

/// What an object can't be loaded without, by name: it is looked for in the kernel's types and in those of modules.
public struct NeededNames: Sendable, Hashable {
    /// Names, each once, in the order of the object: targets, then relocations, externs and tables of functions.
    public let names: [KernelName]
    /// Modules that sections name themselves, each once: `fentry/nf_conntrack:nf_conntrack_in`.
    public let modules: [KernelName: [String]]
    /// Names that are wanted of whatever has them, whether sections name modules for them too or not.
    let anywhere: Set<KernelName>

    public static let none = NeededNames(names: [], modules: [:], anywhere: [])

    private init(names: [KernelName], modules: [KernelName: [String]], anywhere: Set<KernelName>) {
        self.names = names
        self.modules = modules
        self.anywhere = anywhere
    }

    /// What is only asked whether it is there (`bpf_core_type_exists()`) is not needed.
    public init(of contents: ObjectContents) {
        var names: [KernelName] = []
        var modules: [KernelName: [String]] = [:]
        var anywhere: Set<KernelName> = []
        for program in contents.programs {
            guard let target = program.target, let name = Self.name(of: target) else { continue }
            switch target.home {
            case .kernel: continue
            case .module(let module):
                if modules[name]?.contains(module) != true { modules[name, default: []].append(module) }
            case .kernelOrModules: anywhere.insert(name)
            }
            names.append(name)
        }
        var others: [KernelName] = []
        if let types = contents.types {
            others += contents.relocations.compactMap { Self.name(of: $0, types) }
            others += contents.maps.compactMap { Self.structOps($0, types) }
        }
        others += contents.externs.compactMap(Self.name)
        anywhere.formUnion(others)
        names += others
        var seen: Set<KernelName> = []
        self.names = names.filter { seen.insert($0).inserted }
        self.modules = modules
        self.anywhere = anywhere
    }

    private static func name(of target: AttachTarget) -> KernelName? {
        switch target {
        case .typedTracepoint(let name, _): KernelName(.tracepoint, name)
        default: target.requiredType.map { KernelName($0.kind == .function ? .function : .typedef, $0.name) }
        }
    }

    private static func name(of relocation: ObjectRelocation, _ types: BTFTypes) -> KernelName? {
        let record = CORERelocation(relocation.relocation.record, types: types)
        guard let kind = record.kind, !kind.asksForExistence, kind != .typeIDLocal, let type = types.type(record.type)
        else {
            return nil
        }
        return KernelName(type: type.kind, essentialName: type.name.essential)
    }

    private static func structOps(_ map: BPFMap, _ types: BTFTypes) -> KernelName? {
        guard map.origin == .structOps, map.isCreated else { return nil }
        return types.resolved(map.definition.valueType).map { KernelName(.structOps, $0.name.essential) }
    }

    private static func name(of needed: BPFExtern) -> KernelName? {
        switch needed.kind {
        case .function: KernelName(.function, needed.essentialName)
        // An address is all that is wanted of it.
        case .symbol: needed.isWeak ? nil : KernelName(.symbol, needed.essentialName)
        case .kernelConfiguration, .typedVariable: nil
        }
    }
}
