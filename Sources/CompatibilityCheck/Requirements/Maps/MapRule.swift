// SPDX-License-Identifier: Apache-2.0

/// What kernels take as one type of map: `map_alloc_check` and `map_alloc` of its `struct bpf_map_ops`.
struct MapRule: Sendable {
    /// All others are refused.
    let flags: MapFlags
    /// Without these it is refused.
    var required: MapFlags = []
    let key: Size
    let value: Size
    let entries: Entries
    /// Whether a map of maps takes it: it has `map_meta_equal` (`bpf_map_meta_alloc()` in kernel/bpf/map_in_map.c).
    var mayBeInner = true

    /// Bytes of a key or a value.
    enum Size: Sendable, Hashable {
        /// 0
        case none
        /// Any but 0.
        case some
        case oneOf([UInt32])
        case within(ClosedRange<UInt32>)
        /// Addresses of 8 bytes, or, with `BPF_F_STACK_BUILD_ID`, places in files of 32.
        case addresses
    }

    /// `max_entries`
    enum Entries: Sendable, Hashable {
        /// 0
        case none
        /// Any but 0.
        case some
        /// At most as many as the kernel is built for processors.
        case processors
        /// Pages of an arena, which has 4 GiB at most.
        case pages
        /// Bytes of a ring, which libbpf rounds up to a power of two (`adjust_ringbuf_sz()` in libbpf.c).
        case ring
    }
}

extension MapRule {
    /// nil for a type whose rules are not known here.
    ///
    /// - Parameter type: `enum bpf_map_type`
    static func rule(of type: UInt32) -> MapRule? { all[type] }

    /// `HTAB_CREATE_FLAG_MASK`; which of them a table takes is in `MapRequirements`.
    private static let hashFlags = MapFlags.access.union([.noPreallocation, .noCommonLRU, .memoryNode, .zeroSeed])
    /// `ARRAY_CREATE_FLAG_MASK` without what only one type takes.
    private static let arrayFlags = MapFlags.access.union(.memoryNode)
    /// Of arrays that hold files or maps: `fd_array_map_alloc_check()` refuses what is meant for programs.
    private static let descriptorFlags = MapFlags.userAccess.union(.memoryNode)

    /// kernel/bpf/hashtab.c
    private static let hash = MapRule(flags: hashFlags, key: .some, value: .some, entries: .some)
    /// `bpf_local_storage_map_alloc_check()` in kernel/bpf/bpf_local_storage.c
    private static let storage = MapRule(
        flags: [.noPreallocation, .clone],
        required: .noPreallocation,
        key: .oneOf([4]),
        value: .some,
        entries: .none
    )
    /// kernel/bpf/local_storage.c; the key is a cgroup's number, or `struct bpf_cgroup_storage_key`.
    private static let cgroupStorage = MapRule(
        flags: arrayFlags,
        key: .oneOf([8, 16]),
        value: .some,
        entries: .none,
        mayBeInner: false
    )
    /// kernel/bpf/queue_stack_maps.c
    private static let queue = MapRule(flags: arrayFlags, key: .none, value: .some, entries: .some)
    /// kernel/bpf/devmap.c: the number of a device, and a program.
    private static let devices = MapRule(
        flags: descriptorFlags,
        key: .oneOf([4]),
        value: .oneOf([4, 8]),
        entries: .some
    )

    /// By `enum bpf_map_type`. `struct_ops` (26) are checked by `StructOpsRequirements`, and newer types not at all.
    private static let all: [UInt32: MapRule] = [
        1: hash, 5: hash, 9: hash, 10: hash,
        // kernel/bpf/arraymap.c
        2: MapRule(
            flags: arrayFlags.union([.mappable, .innerMap]),
            key: .oneOf([4]),
            value: .some,
            entries: .some
        ),
        3: MapRule(flags: descriptorFlags, key: .oneOf([4]), value: .oneOf([4]), entries: .some, mayBeInner: false),
        // Of max_entries 0 libbpf makes as many as there are processors.
        4: MapRule(
            flags: descriptorFlags.union(.preserveElements),
            key: .oneOf([4]),
            value: .oneOf([4]),
            entries: .some
        ),
        6: MapRule(flags: arrayFlags, key: .oneOf([4]), value: .some, entries: .some),
        // kernel/bpf/stackmap.c
        7: MapRule(
            flags: descriptorFlags.union(.stackBuildID),
            key: .oneOf([4]),
            value: .addresses,
            entries: .some
        ),
        8: MapRule(flags: descriptorFlags, key: .oneOf([4]), value: .oneOf([4]), entries: .some),
        // kernel/bpf/lpm_trie.c: a length of 4 bytes, and 1 to 256 bytes.
        11: MapRule(
            flags: arrayFlags.union(.noPreallocation),
            required: .noPreallocation,
            key: .within(5...260),
            value: .some,
            entries: .some
        ),
        12: MapRule(flags: descriptorFlags, key: .oneOf([4]), value: .oneOf([4]), entries: .some, mayBeInner: false),
        13: MapRule(flags: hashFlags, key: .some, value: .oneOf([4]), entries: .some, mayBeInner: false),
        14: devices, 25: devices,
        // net/core/sock_map.c
        15: MapRule(flags: descriptorFlags, key: .oneOf([4]), value: .oneOf([4, 8]), entries: .some),
        18: MapRule(flags: descriptorFlags, key: .some, value: .oneOf([4, 8]), entries: .some),
        // kernel/bpf/cpumap.c
        16: MapRule(flags: .memoryNode, key: .oneOf([4]), value: .oneOf([4, 8]), entries: .processors),
        // net/xdp/xskmap.c
        17: MapRule(flags: descriptorFlags, key: .oneOf([4]), value: .oneOf([4]), entries: .some),
        19: cgroupStorage, 21: cgroupStorage,
        // kernel/bpf/reuseport_array.c
        20: MapRule(flags: arrayFlags, key: .oneOf([4]), value: .oneOf([4, 8]), entries: .some),
        22: queue, 23: queue,
        24: storage, 28: storage, 29: storage, 32: storage,
        // kernel/bpf/ringbuf.c
        27: MapRule(flags: [.memoryNode, .overwrite], key: .none, value: .none, entries: .ring),
        31: MapRule(flags: .memoryNode, key: .none, value: .none, entries: .ring),
        // kernel/bpf/bloom_filter.c
        30: MapRule(flags: arrayFlags.union(.zeroSeed), key: .none, value: .some, entries: .some),
        // kernel/bpf/arena.c
        33: MapRule(
            flags: [.mappable, .faultSignal, .noUserConversion],
            required: .mappable,
            key: .none,
            value: .none,
            entries: .pages
        ),
    ]
}
