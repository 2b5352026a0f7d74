// SPDX-License-Identifier: Apache-2.0

/// `enum bpf_map_type`, spelt as libbpf and bpftool spell it (`libbpf_bpf_map_type_str`).
public enum MapType {
    /// In the order of linux/bpf.h.
    private static let names = [
        "unspec", "hash", "array", "prog_array", "perf_event_array", "percpu_hash", "percpu_array", "stack_trace",
        "cgroup_array", "lru_hash", "lru_percpu_hash", "lpm_trie", "array_of_maps", "hash_of_maps", "devmap",
        "sockmap", "cpumap", "xskmap", "sockhash", "cgroup_storage", "reuseport_sockarray", "percpu_cgroup_storage",
        "queue", "stack", "sk_storage", "devmap_hash", "struct_ops", "ringbuf", "inode_storage", "task_storage",
        "bloom_filter", "user_ringbuf", "cgrp_storage", "arena", "insn_array",
    ]

    /// The name of a map type by its number, or the number itself where it is newer than this list.
    public static func name(_ number: UInt32) -> String {
        number < UInt32(names.count) ? names[Int(number)] : "map type \(number)"
    }
}
