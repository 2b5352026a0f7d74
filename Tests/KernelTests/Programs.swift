// SPDX-License-Identifier: Apache-2.0

/// C for programs whose fate is known.
enum Programs {
    static let accepted = """
        SEC("kprobe/vfs_open") int good(struct pt_regs *ctx) { return 0; }

        """

    /// Refused by every verifier: the lookup may have found nothing.
    static let nullDereference = """
        struct {
            __uint(type, BPF_MAP_TYPE_HASH);
            __uint(max_entries, 8);
            __type(key, __u32);
            __type(value, __u64);
        } table SEC(".maps");

        SEC("kprobe/vfs_open") int null_dereference(struct pt_regs *ctx)
        {
            __u32 key = 1;
            __u64 *value = bpf_map_lookup_elem(&table, &key);
            return *value;
        }

        """

    /// `bpf_loop` came with 5.17.
    static let loop = """
        static long step(__u32 index, void *context) { return 0; }

        SEC("kprobe/vfs_open") int uses_loop(struct pt_regs *ctx)
        {
            bpf_loop(10, step, 0, 0);
            return 0;
        }

        """

    /// `bpf_get_func_ip`, helper 173, came with 5.15.
    static let newHelper = """
        SEC("kprobe/vfs_open") int new_helper(struct pt_regs *ctx) { return bpf_get_func_ip(ctx) != 0; }

        """

    /// Attaches to what no kernel has.
    static let missingTarget = """
        SEC("fentry/no_such_function_anywhere") int missing_target(void *ctx) { return 0; }

        """

    /// Bloom filters came with 5.16.
    static let bloomFilter = """
        struct {
            __uint(type, BPF_MAP_TYPE_BLOOM_FILTER);
            __uint(max_entries, 8);
            __type(value, __u32);
        } bloom SEC(".maps");

        SEC("kprobe/vfs_open") int uses_bloom(struct pt_regs *ctx)
        {
            __u32 value = 1;
            return bpf_map_peek_elem(&bloom, &value);
        }

        """

    /// A field that no kernel has, read without asking whether it exists.
    static let missingField = """
        struct task_struct___none { int no_such_field_anywhere; } __attribute__((preserve_access_index));

        SEC("kprobe/vfs_open") int missing_field(struct pt_regs *ctx)
        {
            struct task_struct___none *task = (void *)bpf_get_current_task();
            return BPF_CORE_READ(task, no_such_field_anywhere);
        }

        """

    /// Keeps the verifier busy up to its limit of a million instructions: each turn can end in two states.
    static let endless = """
        SEC("kprobe/vfs_open") int endless(struct pt_regs *ctx)
        {
            __u64 sum = 0;
            for (int i = 0; i < 1000000; i++)
                if (bpf_get_prandom_u32() & 1)
                    sum += i;
            return sum;
        }

        """

    /// Two programs that a struct_ops map refers to, by which libbpf loads them whether they are switched on or not; the
    /// first of them is not decided in time.
    static let slowStructOps = """
        SEC("struct_ops/ssthresh") __u32 slow_ssthresh(void *ctx)
        {
            __u32 sum = 0;
            for (int i = 0; i < 1000000; i++)
                if (bpf_get_prandom_u32() & 1)
                    sum += i;
            return sum;
        }

        SEC("struct_ops/undo_cwnd") __u32 quick_undo(void *ctx) { return 2; }

        SEC(".struct_ops") struct tcp_congestion_ops slow_congestion = {
            .ssthresh = (void *)slow_ssthresh,
            .undo_cwnd = (void *)quick_undo,
            .name = "bpf_slow",
        };

        """

    /// A program that its own loader switches on only where it wants it.
    static let optional = """
        SEC("?kprobe/vfs_open") int optional(struct pt_regs *ctx) { return 0; }

        """

    /// A function of the kernel's that no kernel has.
    static let missingKfunc = """
        extern int bpf_no_such_kfunc_anywhere(void) __ksym;

        SEC("tc") int missing_kfunc(struct __sk_buff *skb) { return bpf_no_such_kfunc_anywhere(); }

        """
}
