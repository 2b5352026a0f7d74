// SPDX-License-Identifier: Apache-2.0

import BPFObject
import KernelProfile
import VerifierLog

/// What is demanded of a map, as kernels check it when one is created (`map_alloc_check` of each type in kernel/bpf/).
struct MapRequirements {
    private let map: BPFMap
    private let kernel: CheckedKernel

    init(_ map: BPFMap, _ kernel: CheckedKernel) {
        self.map = map
        self.kernel = kernel
    }

    private var definition: MapDefinition { map.definition }
    private var title: String { "map '\(map.name)' (\(definition.typeName))" }

    /// Numbers of `enum bpf_map_type`.
    private enum Kind {
        static let hash: Set<UInt32> = [1, 5, 9, 10, 13, 25]
        /// Those whose key is the index of an element.
        static let array: Set<UInt32> = [2, 3, 4, 6, 8, 12]
        static let ring: Set<UInt32> = [27, 31]
        /// Hash tables and arrays of which each CPU has its own values.
        static let perCPU: Set<UInt32> = [5, 6, 10]
        static let queue: Set<UInt32> = [22, 23, 30]
        static let storage: Set<UInt32> = [24, 28, 29, 32]
        static let stackTrace: UInt32 = 7
        static let trie: UInt32 = 11

        /// Of perf_event_array libbpf makes as many entries as there are processors; what is kept with an object has none.
        static let withoutEntries: Set<UInt32> = [4, 19, 21, 24, 26, 28, 29, 32]
    }

    /// `BPF_F_…` by bits, for those that kernels before 5.10 have not.
    private static let laterFlags = [
        11: "BPF_F_PRESERVE_ELEMS", 12: "BPF_F_INNER_MAP", 13: "BPF_F_LINK", 14: "BPF_F_PATH_FD",
        15: "BPF_F_VTYPE_BTF_OBJ_FD", 16: "BPF_F_TOKEN_FD", 17: "BPF_F_SEGV_ON_FAULT", 18: "BPF_F_NO_USER_CONV",
        19: "BPF_F_RB_OVERWRITE",
    ]
    private static let withoutPreallocation: UInt32 = 1

    func check(into findings: inout Findings) {
        switch kernel.profile?.mapType(definition.type) ?? .notKnown {
        case .present: break
        case .absent:
            if let name = KernelOption.mapTypes[definition.type], kernel.isOff(name),
                kernel.enumeration("bpf_map_type")?.contains(definition.type) == true
            {
                findings.fails(.configurationOff(name, for: "maps of type \(definition.typeName)"))
                return
            }
            findings.fails(
                Reason(
                    .mapTypeLacking,
                    "\(title): this kernel has no maps of this type",
                    cure: "use another type there, or leave the map out before loading (bpf_map__set_autocreate)"
                )
            )
            return
        case .notKnown:
            findings.cannotTell(
                Reason(.mapTypeLacking, "\(title): it is not known whether this kernel has maps of this type")
            )
        }
        if definition.maxEntries == 0, !Kind.withoutEntries.contains(definition.type) {
            findings.fails(
                Reason(
                    .maxEntriesUnset,
                    "\(title) has max_entries 0, which its own loader is meant to set",
                    cure: "say a number in the object, or load it as its loader does (bpf_map__set_max_entries)"
                )
            )
            return
        }
        if definition.holdsMaps, map.inner == nil {
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
        if bytes > Self.mostBytes {
            findings.cannotTell(
                Reason(
                    .memoryLimit,
                    "\(title) takes \(bytes >> 20) MB, and it is not known whether there is as much memory"
                )
            )
        }
        checkElement(&findings)
        if let complaint {
            findings.fails(Reason(.mapAttributes, "\(title): \(complaint)"))
        }
    }

    /// `array_map_alloc_check()` in kernel/bpf/arraymap.c, `htab_map_alloc_check()` in hashtab.c.
    private func checkElement(_ findings: inout Findings) {
        if Kind.perCPU.contains(definition.type), definition.valueSize > Self.largestPerCPU {
            findings.fails(
                Reason(
                    .memoryLimit,
                    "\(title): its values have \(definition.valueSize) bytes; those that each CPU has its own of have at most \(Self.largestPerCPU)"
                )
            )
        } else if Kind.hash.contains(definition.type),
            UInt64(definition.keySize) + UInt64(definition.valueSize) >= Self.largestElement
        {
            findings.cannotTell(
                Reason(
                    .memoryLimit,
                    "\(title): whether the kernel takes an element so large depends on the size of its pages"
                )
            )
        }
    }

    /// `PCPU_MIN_UNIT_SIZE` of include/linux/percpu.h.
    private static let largestPerCPU: UInt32 = 32 << 10
    /// Less than `KMALLOC_MAX_SIZE` with pages of 4 KiB by what an element needs besides.
    private static let largestElement: UInt64 = (4 << 20) - 64

    /// Of hash tables and of arrays that are there from the start, far above what smaller machines have.
    private static let mostBytes: UInt64 = 256 << 20

    private var bytes: UInt64 {
        guard definition.flags & Self.withoutPreallocation == 0 else { return 0 }
        let entry = UInt64(definition.keySize) + UInt64(definition.valueSize)
        let (product, overflows) = entry.multipliedReportingOverflow(by: UInt64(definition.maxEntries))
        if overflows { return .max }
        return max(product, Kind.ring.contains(definition.type) ? UInt64(definition.maxEntries) : 0)
    }

    private func checkFlags(_ findings: inout Findings) {
        for bit in 0..<32 where definition.flags >> bit & 1 == 1 && bit > 10 {
            let name = Self.laterFlags[bit]
            switch name.map(kernel.flag) ?? .notKnown {
            case .present: break
            case .absent:
                findings.fails(Reason(.mapAttributes, "\(title): this kernel has no flag \(name ?? "1 << \(bit)")"))
            case .notKnown:
                findings.cannotTell(
                    Reason(
                        .mapAttributes,
                        "\(title): it is not known whether this kernel has flag \(name ?? "1 << \(bit)")"
                    )
                )
            }
        }
        if let allowed = allowedFlags {
            guard definition.flags & ~allowed & 0x7ff != 0 else { return }
            findings.fails(
                Reason(
                    .mapAttributes,
                    "\(title): maps of this type don't take \(definition.flagNames.joined(separator: ", "))"
                )
            )
        } else if definition.flags & 0x7ff != 0 {
            findings.cannotTell(
                Reason(
                    .mapAttributes,
                    "\(title): it is not known whether such maps take \(definition.flagNames.joined(separator: ", "))"
                )
            )
        }
    }

    /// Of the first eleven bits; nil where it is not known here.
    private var allowedFlags: UInt32? {
        // BPF_F_RDONLY, _WRONLY, _RDONLY_PROG, _WRONLY_PROG.
        let access: UInt32 = 1 << 3 | 1 << 4 | 1 << 7 | 1 << 8
        let node: UInt32 = 1 << 2
        switch definition.type {
        // NO_PREALLOC, ZERO_SEED
        case 1: return access | node | 1 | 1 << 6
        case 5: return access | node | 1 | 1 << 6
        // NO_COMMON_LRU, ZERO_SEED
        case 9, 10: return access | node | 1 << 1 | 1 << 6
        // MMAPABLE
        case 2: return access | node | 1 << 10
        case 6: return access
        case 11: return access | node | 1
        case 27: return node
        // STACK_BUILD_ID
        case Kind.stackTrace: return node | 1 << 5
        // NO_PREALLOC, CLONE
        case 24: return 1 | 1 << 9
        default: return Kind.storage.contains(definition.type) ? 1 | 1 << 9 : nil
        }
    }

    /// What kernels refuse in its sizes.
    private var complaint: String? {
        let type = definition.type
        let (key, value) = (definition.keySize, definition.valueSize)
        if Kind.array.contains(type), key != 4 { return "its keys must have 4 bytes, not \(key)" }
        if [3, 4, 8, 12, 13].contains(type), value != 4 { return "its values must have 4 bytes, not \(value)" }
        if Kind.hash.contains(type), key == 0 { return "it says no size of its keys" }
        if Kind.hash.contains(type) || [2, 6].contains(type), value == 0 { return "it says no size of its values" }
        if Kind.ring.contains(type), key != 0 || value != 0 { return "it has neither keys nor values" }
        if Kind.queue.contains(type), key != 0 { return "it has no keys" }
        if Kind.queue.contains(type), value == 0 { return "it says no size of its values" }
        if type == Kind.trie || Kind.storage.contains(type),
            definition.flags & Self.withoutPreallocation == 0
        {
            return "maps of this type must have BPF_F_NO_PREALLOC"
        }
        if Kind.storage.contains(type) {
            if key != 4 { return "its keys must have 4 bytes, not \(key)" }
            if definition.maxEntries != 0 { return "it must have max_entries 0" }
        }
        if type == Kind.stackTrace {
            if key != 4 { return "its keys must have 4 bytes, not \(key)" }
            if value < 8 || value % 8 != 0 { return "its values must be addresses of 8 bytes each, not \(value) bytes" }
        }
        return nil
    }
}
