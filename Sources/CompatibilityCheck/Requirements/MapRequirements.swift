// SPDX-License-Identifier: Apache-2.0

import BPFObject
import KernelProfile
import VerifierLog

/// What is demanded of a map, as kernels check it when one is created (`map_alloc_check` of each type in kernel/bpf/).
struct MapRequirements {
    private let definition: MapDefinition
    /// What each of its maps is like.
    private let inner: MapDefinition?
    private let title: String
    /// What holds it is refused then, with no other word than that.
    private let isInner: Bool
    private let kernel: CheckedKernel

    init(_ map: BPFMap, _ kernel: CheckedKernel) {
        definition = map.definition
        inner = map.inner
        title = "map '\(map.name)' (\(map.definition.typeName))"
        isInner = false
        self.kernel = kernel
    }

    /// libbpf makes one of them, for the kernel to see what they are like.
    private init(_ inner: MapDefinition, in title: String, _ kernel: CheckedKernel) {
        definition = inner
        self.inner = nil
        self.title = "the maps (\(inner.typeName)) in \(title)"
        isInner = true
        self.kernel = kernel
    }

    /// Numbers of `enum bpf_map_type`.
    private enum Kind {
        static let hash: Set<UInt32> = [1, 5, 9, 10, 13, 25]
        /// Those whose key is the index of an element.
        static let array: Set<UInt32> = [2, 3, 4, 6, 8, 12]
        static let ring: Set<UInt32> = [27, 31]
        static let queue: Set<UInt32> = [22, 23, 30]
        static let storage: Set<UInt32> = [24, 28, 29, 32]
        static let stackTrace: UInt32 = 7
        static let trie: UInt32 = 11
        /// What maps in maps usually are, with `map_meta_equal` in all kernels.
        static let inner: Set<UInt32> = [1, 2, 5, 6, 7, 9, 10, 11, 22, 23, 27]

        /// Of perf_event_array libbpf makes as many entries as there are processors; what is kept with an object has none.
        static let withoutEntries: Set<UInt32> = [4, 19, 21, 24, 26, 28, 29, 32]
    }

    /// `BPF_F_…` by bits, for those that kernels before 5.10 have not.
    private static let laterFlags = [
        11: "BPF_F_PRESERVE_ELEMS", 12: "BPF_F_INNER_MAP", 13: "BPF_F_LINK", 14: "BPF_F_PATH_FD",
        15: "BPF_F_VTYPE_BTF_OBJ_FD", 16: "BPF_F_TOKEN_FD", 17: "BPF_F_SEGV_ON_FAULT", 18: "BPF_F_NO_USER_CONV",
        19: "BPF_F_RB_OVERWRITE",
    ]
    /// Types that take them, by bits; the others refuse every bit that is none of theirs.
    private static let typesOfLaterFlags: [Int: Set<UInt32>] = [
        11: [4], 12: [2], 13: [26], 15: [26], 17: [33], 18: [33], 19: [27],
    ]
    /// The last one of `enum bpf_map_type` whose flags are known here.
    private static let newestType: UInt32 = 33
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
                    isInner ? .mapAttributes : .mapTypeLacking,
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
        if isInner, definition.maxEntries == 0, !Kind.withoutEntries.contains(definition.type) {
            findings.fails(
                Reason(.mapAttributes, "\(title) have max_entries 0", cure: "say a number for the maps that it holds")
            )
            return
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
        MapSizes(definition, title, kernel).check(into: &findings)
        if let inner {
            if !Kind.inner.contains(inner.type) {
                findings.cannotTell(
                    Reason(
                        .mapAttributes,
                        "\(title): it is not known whether this kernel lets it hold maps of type \(inner.typeName)"
                    )
                )
            }
            MapRequirements(inner, in: title, kernel).check(into: &findings)
        }
    }

    /// `htab_map_alloc_check()` in kernel/bpf/hashtab.c.
    private func checkElement(_ findings: inout Findings) {
        if Kind.hash.contains(definition.type),
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

    /// Less than `KMALLOC_MAX_SIZE` with pages of 4 KiB by what an element needs besides.
    private static let largestElement: UInt64 = (4 << 20) - 64

    /// Of hash tables and of arrays that are there from the start, far above what smaller machines have.
    static let mostBytes: UInt64 = 256 << 20

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
            if let types = Self.typesOfLaterFlags[bit], let name, !types.contains(definition.type) {
                let sentence = "\(title): maps of this type don't take \(name)"
                if definition.type <= Self.newestType {
                    findings.fails(Reason(.mapAttributes, sentence))
                } else {
                    findings.cannotTell(Reason(.mapAttributes, "\(sentence), as far as is known"))
                }
                continue
            }
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
        // bpf_get_file_flag() in kernel/bpf/syscall.c, bpf_map_flags_access_ok() in include/linux/bpf.h.
        for (one, other) in [(3, 4), (7, 8)] as [(UInt32, UInt32)] {
            let both: UInt32 = 1 << one | 1 << other
            guard definition.flags & both == both else { continue }
            findings.fails(
                Reason(.mapAttributes, "\(title): it can't be for reading only and for writing only at once")
            )
            return
        }
        if definition.isArena, definition.flags & 1 << 10 == 0 {
            findings.fails(Reason(.mapAttributes, "\(title): maps of this type must have BPF_F_MMAPABLE"))
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
        // MMAPABLE
        case 33: return 1 << 10
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
