// SPDX-License-Identifier: Apache-2.0

/// What the verifier knows of what a helper returns, for those of which no kernel knows more (their prototypes'
/// `ret_type`, and do_refine_retval_range() in kernel/bpf/verifier.c).
enum HelperResult {
    /// Numbers of `enum bpf_func_id`.
    private static let numbers: Set<Int32> = [
        5,  // ktime_get_ns
        7,  // get_prandom_u32
        14,  // get_current_pid_tgid
        15,  // get_current_uid_gid
        35,  // get_current_task
        80,  // get_current_cgroup_id
        118,  // jiffies64
        125,  // ktime_get_boot_ns
    ]

    /// 0, or an error.
    private static let statuses: Set<Int32> = [
        2,  // map_update_elem
        3,  // map_delete_elem
        4,  // probe_read
        16,  // get_current_comm
        112,  // probe_read_user
        113,  // probe_read_kernel
    ]

    /// A value in a map, or in what is kept with an object.
    private static let memory: Set<Int32> = [
        1,  // map_lookup_elem
        107,  // sk_storage_get
        131,  // ringbuf_reserve
        145,  // inode_storage_get
        156,  // task_storage_get
        195,  // map_lookup_percpu_elem
        210,  // cgrp_storage_get
    ]

    static func value(of helper: Int32, at instruction: Int) -> KnownValue {
        if numbers.contains(helper) { return .free(origin: instruction, mask: .max) }
        if statuses.contains(helper) { return .status(origin: instruction) }
        return memory.contains(helper) ? .memoryOrNull(origin: instruction) : .unknown
    }
}
