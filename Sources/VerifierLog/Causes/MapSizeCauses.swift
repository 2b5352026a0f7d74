// SPDX-License-Identifier: Apache-2.0

import BPFObject

/// Maps that the kernel finds too large: which of their sizes it is, and whether memory has to do with it.
extension CauseRule {
    /// `MAX_BPF_STACK`, which keys had to fit in as long as programs could only have them on the stack.
    private static let largestKey: UInt32 = 512
    /// "bpf: Lift hashtab key_size limit"
    private static let anyKey = LinuxVersion(5, 11)
    /// `BPF_LOCAL_STORAGE_MAX_VALUE_SIZE`, from which the kernel takes what it needs besides.
    private static let largestStorage: UInt32 = (64 << 10) - 256

    /// A size that the type of map has a rule of its own for: `htab_map_alloc_check()` in kernel/bpf/hashtab.c, `sock_hash_alloc()` in
    /// net/core/sock_map.c, `cpu_map_alloc()` in cpumap.c, `bpf_local_storage_map_alloc_check()`. nil where it is none of these.
    static func beyondRules(_ map: Evidence.MapFacts, name: String, _ evidence: Evidence) -> Account? {
        // libbpf creates one of the maps that it holds before it.
        if let key = map.innerKeySize, key > largestKey, evidence.kernel.version.map({ $0 < anyKey }) ?? true {
            return Account(
                "the keys of the maps in \(name) have \(key) bytes; this kernel takes keys of at most \(largestKey) bytes",
                cure: "a smaller key, such as a hash of what is looked up; keys above \(largestKey) bytes need "
                    + "Linux \(anyKey) or later",
                since: anyKey
            )
        }
        switch MapType.name(map.type) {
        case "hash", "percpu_hash", "lru_hash", "lru_percpu_hash", "hash_of_maps":
            guard let key = map.keySize, key > largestKey, evidence.kernel.version.map({ $0 < anyKey }) ?? true else {
                return nil
            }
            return Account(
                "the keys of \(name) have \(key) bytes; this kernel takes keys of at most \(largestKey) bytes",
                cure:
                    "a smaller key, such as a hash of what is looked up; keys above \(largestKey) bytes need Linux \(anyKey) or later",
                since: anyKey
            )
        case "sockhash":
            guard let key = map.keySize, key > largestKey else { return nil }
            return Account(
                "the keys of \(name) have \(key) bytes; a sockhash takes keys of at most \(largestKey) bytes",
                cure: "a smaller key, such as a hash of what is looked up"
            )
        case "cpumap":
            if let complaint = map.complaint { return Account(complaint.sentence, cure: complaint.cure) }
            return Account(
                "\(name) has max_entries \(map.maxEntries), more than the processors that this kernel is built for "
                    + "(CONFIG_NR_CPUS)",
                cure: "a max_entries of at most the number of processors"
            )
        case "sk_storage", "inode_storage", "task_storage", "cgrp_storage":
            guard let value = map.valueSize, value > largestStorage else { return nil }
            return Account(
                "the values of \(name) have \(value) bytes; the kernel keeps less than 64 KiB with each object",
                cure: "a smaller value; or a hash map with the object's address or id for its key"
            )
        default: return nil
        }
    }

    /// `PCPU_MIN_UNIT_SIZE` of include/linux/percpu.h: what each CPU has its own of is no larger.
    private static let largestPerCPU: UInt32 = 32 << 10
    /// `KMALLOC_MAX_SIZE` on x86-64 and arm64 with pages of 4 KiB; an element of a hash has to be smaller. Older kernels take no
    /// larger value in an array either.
    private static let largestElement: UInt64 = 4 << 20

    /// Which of the map's sizes is too large: `htab_map_alloc_check()` in kernel/bpf/hashtab.c, `array_map_alloc_check()` in
    /// arraymap.c. Where that is not known, no size is blamed alone.
    static func beyondMemory(_ map: Evidence.MapFacts, _ memory: Int?, name: String) -> Account {
        let type = MapType.name(map.type)
        let value = map.valueSize.map { UInt64($0) }
        if let value, type.contains("percpu"), value > largestPerCPU {
            return Account(
                "a value of \(name) has \(value) bytes; one that each CPU has its own of has at most \(largestPerCPU)",
                cure: "a smaller value; or a map that is not per CPU"
            )
        }
        if let value, let key = map.keySize, map.errno == tooBig, type.contains("hash"),
            value + UInt64(key) >= largestElement - elementHeader
        {
            return Account(
                "a key and a value of \(name) have \(value + UInt64(key)) bytes together; with some 50 that the kernel adds they must stay below \(largestElement)",
                cure: "a smaller value; large ones fit in an array"
            )
        }
        if let value, map.errno == tooBig, type == "array", value > largestElement {
            return Account(
                "a value of \(name) has \(value) bytes; an array's values have at most \(largestElement) in this kernel",
                cure: "a smaller value, or several entries instead of one; for global variables, smaller arrays"
            )
        }
        let size = value.map { " of \($0) bytes" } ?? ""
        let entries = map.maxEntries == 1 ? "one entry" : "\(map.maxEntries) entries"
        if map.errno == outOfMemory, let memory {
            let needed = map.leastMemory.map { " needs \($0 >> 20) MiB or more" } ?? " does not fit"
            return Account(
                "\(name) with \(entries)\(size)\(needed); the guest that was asked has \(memory) MiB",
                cure: "--memory, where the machines that load it have more; or \(smaller(map))"
            )
        }
        return Account(
            "\(name) with \(entries)\(size) is larger than memory allows",
            cure: smaller(map)
        )
    }

    /// A value takes 8 bytes at least.
    private static func smaller(_ map: Evidence.MapFacts) -> String {
        if map.maxEntries == 1 { return "a smaller value" }
        return (map.valueSize ?? 0) > 8 ? "a smaller max_entries, or a smaller value" : "a smaller max_entries"
    }

    /// `struct htab_elem`, without the key: what an element needs besides.
    private static let elementHeader: UInt64 = 48
}
