// SPDX-License-Identifier: Apache-2.0

import BPFObject
import BTF
import KernelProfile
import VerifierLog

/// What is demanded of a map, as kernels check it when one is created (`map_create()` in kernel/bpf/syscall.c, and what each type
/// has of its own: `MapRule`).
struct MapRequirements {
    let definition: MapDefinition
    /// What each of its maps is like.
    private let inner: MapDefinition?
    /// Those that the definition numbers; nil where they are not known.
    let types: BTFTypes?
    let title: String
    /// What holds it is refused then, with no other word than that.
    private let isInner: Bool
    let kernel: CheckedKernel
    /// nil for a type whose rules are not known.
    let rule: MapRule?

    init(_ map: BPFMap, _ kernel: CheckedKernel, _ types: BTFTypes? = nil) {
        definition = map.definition
        inner = map.inner
        self.types = types
        title = "map '\(map.name)' (\(map.definition.typeName))"
        isInner = false
        self.kernel = kernel
        rule = MapRule.rule(of: map.definition.type)
    }

    /// libbpf makes one of them, for the kernel to see what they are like.
    private init(_ inner: MapDefinition, in outer: MapRequirements) {
        definition = inner
        self.inner = nil
        types = outer.types
        title = "the maps (\(inner.typeName)) in \(outer.title)"
        isInner = true
        kernel = outer.kernel
        rule = MapRule.rule(of: inner.type)
    }

    func check(into findings: inout Findings) {
        guard checkType(&findings), checkEntries(&findings) else { return }
        if definition.holdsMaps, inner == nil {
            findings.fails(
                Reason(
                    .innerMapUnset,
                    "\(title) does not say what its maps are like, which its own loader is meant to set",
                    cure: "declare one in its values, or load it as its loader does (bpf_map__set_inner_map_fd)"
                )
            )
            return
        }
        checkFlags(&findings)
        checkNode(&findings)
        checkSizes(&findings)
        checkMemory(&findings)
        if let inner { checkInner(inner, &findings) }
    }

    func refuse(_ sentence: String, cure: String? = nil, _ findings: inout Findings) {
        findings.fails(Reason(.mapAttributes, "\(title): \(sentence)", cure: cure))
    }

    func doubt(_ sentence: String, as code: CauseCode = .mapAttributes, _ findings: inout Findings) {
        findings.cannotTell(Reason(code, "\(title): \(sentence)"))
    }

    // MARK: Type

    /// - Returns: whether the rest is worth looking at.
    private func checkType(_ findings: inout Findings) -> Bool {
        switch kernel.profile?.mapType(definition.type) ?? .notKnown {
        case .present: return true
        case .absent:
            if let name = KernelOption.mapTypes[definition.type], kernel.isOff(name),
                kernel.enumeration("bpf_map_type")?.contains(definition.type) == true
            {
                findings.fails(.configurationOff(name, for: "maps of type \(definition.typeName)"))
                return false
            }
            findings.fails(
                Reason(
                    isInner ? .mapAttributes : .mapTypeLacking,
                    "\(title): this kernel has no maps of this type",
                    cure: "use another type there, or leave the map out before loading (bpf_map__set_autocreate)"
                )
            )
            return false
        case .notKnown:
            findings.cannotTell(
                Reason(.mapTypeLacking, "\(title): it is not known whether this kernel has maps of this type")
            )
            return true
        }
    }

    // MARK: Entries

    /// `BPF_MAP_TYPE_PERF_EVENT_ARRAY`, of which libbpf makes as many entries as there are processors.
    private static let entriesByProcessors: UInt32 = 4

    /// - Returns: whether the rest is worth looking at.
    private func checkEntries(_ findings: inout Findings) -> Bool {
        let entries = definition.maxEntries
        if rule?.entries == MapRule.Entries.none {
            if entries != 0 {
                refuse(
                    "it must have max_entries 0: it takes an entry for each object that it keeps something with",
                    cure: "leave max_entries out",
                    &findings
                )
            }
            return true
        }
        guard entries == 0, definition.type != Self.entriesByProcessors else { return true }
        findings.fails(
            isInner
                ? Reason(
                    .mapAttributes,
                    "\(title) have max_entries 0",
                    cure: "say a number for the maps that it holds"
                )
                : Reason(
                    .maxEntriesUnset,
                    "\(title) has max_entries 0, which its own loader is meant to set",
                    cure: "say a number in the object, or load it as its loader does (bpf_map__set_max_entries)"
                )
        )
        return false
    }

    // MARK: Flags

    var flags: MapFlags { MapFlags(rawValue: definition.flags) }

    /// A flag without a node that is one is none (`bpf_map_attr_numa_node()`).
    private var choosesNode: Bool { flags.contains(.memoryNode) && definition.numaNode != UInt32.max }

    private func checkFlags(_ findings: inout Findings) {
        guard let rule else {
            guard !flags.isEmpty else { return }
            let names = definition.flagNames.joined(separator: ", ")
            doubt("it is not known whether maps of this type take \(names)", &findings)
            return
        }
        let others = flags.subtracting(rule.flags)
        if !others.isEmpty {
            refuse("maps of this type don't take \(Self.names(others))", cure: "leave it out of map_flags", &findings)
        }
        for bit in 0..<32 {
            guard let name = MapFlags.later[bit], rule.flags.intersection(flags).rawValue >> bit & 1 == 1 else {
                continue
            }
            switch kernel.flag(name) {
            case .present: break
            case .absent: refuse("this kernel has no flag \(name)", &findings)
            case .notKnown: doubt("it is not known whether this kernel has flag \(name)", &findings)
            }
        }
        let missing = rule.required.subtracting(flags)
        if !missing.isEmpty { refuse("maps of this type must have \(Self.names(missing))", &findings) }
        // bpf_get_file_flag() in kernel/bpf/syscall.c, bpf_map_flags_access_ok() in include/linux/bpf.h.
        let pairs: [MapFlags] = [.userAccess, [.readOnlyForPrograms, .writeOnlyForPrograms]]
        if pairs.contains(where: flags.isSuperset) {
            refuse("it can't be for reading only and for writing only at once", &findings)
        }
        checkRecency(&findings)
    }

    private static func names(_ flags: MapFlags) -> String {
        MapDefinition.flagNames(flags.rawValue).joined(separator: ", ")
    }

    /// Tables that drop what was not used for long have their elements from the start (`htab_map_alloc_check()`).
    private func checkRecency(_ findings: inout Findings) {
        switch definition.type {
        case 9, 10:
            if flags.contains(.noPreallocation) { refuse("maps of this type don't take BPF_F_NO_PREALLOC", &findings) }
        case 1, 5, 13:
            if flags.contains(.noCommonLRU) { refuse("maps of this type don't take BPF_F_NO_COMMON_LRU", &findings) }
        default: break
        }
    }

    /// Types that each processor has its own part of take memory from each processor's own node.
    private static let perProcessor: Set<UInt32> = [5, 6, 10]

    private func checkNode(_ findings: inout Findings) {
        guard choosesNode, rule?.flags.contains(.memoryNode) == true else { return }
        let isHash = [1, 5, 9, 10, 13].contains(definition.type)
        if Self.perProcessor.contains(definition.type) || isHash && flags.contains(.noCommonLRU) {
            refuse(
                "each processor's part is in that processor's own memory: it can't have BPF_F_NUMA_NODE",
                cure: "leave BPF_F_NUMA_NODE out of map_flags",
                &findings
            )
        } else if definition.numaNode > 0 {
            doubt("it is not known whether the machine has node \(definition.numaNode)", &findings)
        }
    }

    // MARK: Maps in it

    private func checkInner(_ inner: MapDefinition, _ findings: inout Findings) {
        switch MapRule.rule(of: inner.type)?.mayBeInner {
        case true?: break
        case false?: refuse("no map can hold maps of type \(inner.typeName)", &findings)
        case nil:
            doubt("it is not known whether this kernel lets it hold maps of type \(inner.typeName)", &findings)
        }
        MapRequirements(inner, in: self).check(into: &findings)
    }
}
