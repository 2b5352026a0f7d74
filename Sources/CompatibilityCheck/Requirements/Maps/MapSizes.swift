// SPDX-License-Identifier: Apache-2.0

import BPFObject
import BTF
import KernelProfile
import VerifierLog

/// What kernels take as the sizes of a map's keys and values, and as the number of its entries.
extension MapRequirements {
    /// `MAX_BPF_STACK` in include/linux/filter.h, which keys had to fit in before Linux 5.11.
    private static let largestKeyOnStack: UInt32 = 512
    /// `sysctl_perf_event_max_stack`, if nobody has changed it.
    private static let deepestStack: UInt32 = 127
    /// `struct bpf_stack_build_id` in include/uapi/linux/bpf.h.
    private static let placeInFile: UInt32 = 32
    /// Keyed by numbers of `enum bpf_map_type`.
    private static let hashes: Set<UInt32> = [1, 5, 9, 10, 13]
    private static let storages: Set<UInt32> = [24, 28, 29, 32]

    func checkSizes(_ findings: inout Findings) {
        if let rule {
            check(definition.keySize, rule.key, "keys", &findings)
            check(definition.valueSize, rule.value, "values", &findings)
            checkCount(rule, &findings)
        }
        checkKey(&findings)
        checkExtra(&findings)
        if Self.storages.contains(definition.type) { checkStorageTypes(&findings) }
    }

    private func check(_ size: UInt32, _ allowed: MapRule.Size, _ what: String, _ findings: inout Findings) {
        switch allowed {
        case .none: if size != 0 { refuse("it has no \(what)", &findings) }
        case .some: if size == 0 { refuse("it says no size of its \(what)", &findings) }
        case .oneOf(let sizes):
            guard !sizes.contains(size) else { return }
            let numbers = sizes.map { "\($0)" }.joined(separator: " or ")
            refuse("its \(what) must have \(numbers) bytes, not \(size)", &findings)
        case .within(let range):
            guard !range.contains(size) else { return }
            refuse("its \(what) must have \(range.lowerBound) to \(range.upperBound) bytes, not \(size)", &findings)
        case .addresses: checkAddresses(size, &findings)
        }
    }

    /// `stack_map_alloc()` in kernel/bpf/stackmap.c
    private func checkAddresses(_ size: UInt32, _ findings: inout Findings) {
        let hasFiles = flags.contains(.stackBuildID)
        let each = hasFiles ? Self.placeInFile : 8
        guard size >= 8, size % each == 0 else {
            let what = hasFiles ? "places in files of 32 bytes" : "addresses of 8 bytes"
            refuse("its values must be \(what) each, not \(size) bytes", &findings)
            return
        }
        guard size / each > Self.deepestStack else { return }
        doubt(
            "its values have \(size / each) addresses, and kernels take as many as "
                + "kernel.perf_event_max_stack says: 127, unless it was changed",
            &findings
        )
    }

    // MARK: Keys

    private func checkKey(_ findings: inout Findings) {
        let key = definition.keySize
        guard key > Self.largestKeyOnStack else { return }
        // sock_hash_alloc() in net/core/sock_map.c
        if definition.type == 18 {
            refuse(
                "its keys can have at most 512 bytes, and have \(key)",
                cure: "a smaller key, such as a hash of what is looked up",
                &findings
            )
            return
        }
        guard Self.hashes.contains(definition.type) else { return }
        // 5.11 came with helpers up to ktime_get_coarse_ns and beyond.
        guard !kernel.hasHelper(160) else { return }
        // Where no helper is known, none of these is known to be missing.
        guard kernel.callbacks == .absent else {
            doubt("it is not known whether this kernel takes keys of \(key) bytes", &findings)
            return
        }
        refuse(
            "its keys have \(key) bytes; this kernel takes keys of at most 512 bytes",
            cure: "a smaller key, such as a hash of what is looked up; keys above 512 bytes need Linux 5.11 or later",
            &findings
        )
    }

    /// Storage is kept by types, from which the kernel knows what it holds (`bpf_local_storage_map_check_btf()`); without
    /// libbpf's second attempt, which leaves the types out.
    private func checkStorageTypes(_ findings: inout Findings) {
        guard definition.keyType != 0, definition.valueType != 0 else {
            refuse("it must say the types of its keys and values (__type), and not only their sizes", &findings)
            return
        }
        guard let key = types?.resolved(definition.keyType), key.kind != .integer else { return }
        refuse("its keys must be of type int", &findings)
    }

    // MARK: Entries

    private func checkCount(_ rule: MapRule, _ findings: inout Findings) {
        let entries = UInt64(definition.maxEntries)
        switch rule.entries {
        case .none: break
        case .some: checkBuckets(entries, &findings)
        case .processors:
            guard entries > 1 else { return }
            guard let most = kernel.mostProcessors else {
                doubt("it is not known whether this kernel is built for \(entries) processors", &findings)
                return
            }
            guard entries > most else { return }
            refuse(
                "it has max_entries \(entries), more than the \(most) processors that this kernel is built for "
                    + "(CONFIG_NR_CPUS)",
                cure: "a max_entries of at most the number of processors",
                &findings
            )
        case .pages: checkPages(entries, &findings)
        case .ring:
            // What libbpf can't round up is no power of two.
            guard entries > 1 << 31 else { return }
            refuse("a ring has at most 2 GiB, and this one \(entries) bytes", &findings)
        }
    }

    /// As many buckets as entries, rounded up to a power of two, of at least 16 bytes each: together less than 4 GiB
    /// (`htab_map_alloc()`, `sock_hash_alloc()`); 2^31 at most elsewhere (`dev_map_init_map()`, `stack_map_alloc()`).
    private func checkBuckets(_ entries: UInt64, _ findings: inout Findings) {
        let most: UInt64
        switch definition.type {
        case 1, 5, 9, 10, 13, 18: most = 1 << 27
        case 7, 25: most = 1 << 31
        default: return
        }
        guard entries > most else { return }
        refuse("it has max_entries \(entries), and maps of this type take at most \(most)", &findings)
    }

    /// `arena_map_alloc()` in kernel/bpf/arena.c
    private func checkPages(_ pages: UInt64, _ findings: inout Findings) {
        let start = definition.extra
        let smallest: UInt64 = 4 << 10
        // Where pages are of no known size, only what no size makes right is refused.
        let page = kernel.pageSize ?? smallest
        let bytes = pages * page
        if start % page != 0 {
            refuse("it is to begin at 0x\(String(start, radix: 16)), which is no page's beginning", &findings)
        }
        if bytes > 4 << 30 {
            refuse(
                "it has \(pages) pages (max_entries), and an arena at most 4 GiB, which is \((4 << 30) / page) pages",
                cure: "count max_entries in pages",
                &findings
            )
            return
        }
        let end = start.addingReportingOverflow(max(bytes, 1) - 1).partialValue
        if start >> 32 != end >> 32 {
            refuse("it is to begin at 0x\(String(start, radix: 16)), and would cross a border of 4 GiB", &findings)
        }
        if kernel.pageSize == nil, pages > (4 << 30) / (64 << 10) || start % (64 << 10) != 0 {
            doubt("it is not known of what size this kernel's pages are", &findings)
        }
    }

    // MARK: map_extra

    /// Types that give `map_extra` a meaning: bloom filters, arenas.
    private func checkExtra(_ findings: inout Findings) {
        guard definition.extra != 0 else { return }
        switch definition.type {
        case 33: break
        case 30:
            // The last four bits: bloom_map_alloc() in kernel/bpf/bloom_filter.c.
            guard definition.extra > 15 else { return }
            refuse(
                "map_extra is the number of its hash functions, 15 at most, and is \(definition.extra)",
                cure: "a map_extra of 1 to 15; 0 means 5",
                &findings
            )
        default:
            guard rule != nil || definition.type == 26 else {
                doubt("it is not known whether maps of this type take map_extra", &findings)
                return
            }
            refuse("maps of this type have no map_extra", &findings)
        }
    }
}
