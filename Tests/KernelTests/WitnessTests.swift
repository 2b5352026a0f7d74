// SPDX-License-Identifier: Apache-2.0

import Matrix
import Results
import TestKernels
import Testing

extension RealKernels {
    /// bpftool with a libbpf that is older than the agent's, on objects that the two load differently. Where this machine's bpftool
    /// has the newer one too, it agrees.
    @Suite struct WitnessTests {
        struct Case: Sendable, CustomTestStringConvertible {
            let name: String
            /// Kernels that accept every program of it.
            let accepting: [String]
            let code: String

            var testDescription: String { name }
        }

        static let cases = [
            Case(
                name: "arena",
                accepting: ["6.12", "7.2"],
                code: """
                    struct {
                        __uint(type, BPF_MAP_TYPE_ARENA);
                        __uint(map_flags, BPF_F_MMAPABLE);
                        __uint(max_entries, 16);
                    } arena SEC(".maps");
                    void __attribute__((address_space(1))) *bpf_arena_alloc_pages(
                        void *map, void __attribute__((address_space(1))) *address, __u32 pages, int node, __u64 flags
                    ) __ksym __weak;
                    SEC("syscall") int allocate(void *ctx)
                    {
                        __u64 __attribute__((address_space(1))) *page = bpf_arena_alloc_pages(&arena, 0, 1, -1, 0);
                        if (page) *page = 7;
                        return 0;
                    }
                    """
            ),
            // Debian's 5.10 has a release of 5.10.0, and a last number that does not fit in LINUX_KERNEL_VERSION.
            Case(
                name: "kernel-version",
                accepting: TestKernels.lines,
                code: """
                    extern int LINUX_KERNEL_VERSION __kconfig;
                    SEC("raw_tp/sys_enter") int versioned(void *ctx)
                    {
                        if (LINUX_KERNEL_VERSION < (5 << 16) + (10 << 8) + 137) return *(volatile int *)0;
                        return 0;
                    }
                    """
            ),
            Case(
                name: "global-context",
                accepting: TestKernels.lines,
                code: """
                    struct {
                        __uint(type, BPF_MAP_TYPE_STACK_TRACE);
                        __uint(max_entries, 4);
                        __uint(key_size, 4);
                        __uint(value_size, 1016);
                    } stacks SEC(".maps");
                    __weak int stack(void *ctx __attribute__((btf_decl_tag("arg:ctx"))))
                    {
                        return bpf_get_stackid(ctx, &stacks, 0);
                    }
                    SEC("kprobe/vfs_open") int in_function(void *ctx) { return stack(ctx) & 1; }
                    """
            ),
            Case(
                name: "struct-ops-link",
                accepting: ["6.12", "7.2"],
                code: """
                    SEC("struct_ops") __u32 threshold(void *ctx) { return 2; }
                    SEC("struct_ops") void avoid(void *ctx) { }
                    SEC("struct_ops") __u32 undo(void *ctx) { return 2; }
                    SEC(".struct_ops.link") struct tcp_congestion_ops linked = {
                        .ssthresh = (void *)threshold,
                        .cong_avoid = (void *)avoid,
                        .undo_cwnd = (void *)undo,
                        .name = "bpf_linked",
                    };
                    """
            ),
            Case(
                name: "exception-callback",
                accepting: ["6.12", "7.2"],
                code: """
                    extern void bpf_throw(__u64 cookie) __ksym __weak;
                    __noinline int handler(__u64 cookie) { return cookie & 1; }
                    SEC("tc") __attribute__((btf_decl_tag("exception_callback:handler")))
                    int throws(struct __sk_buff *skb)
                    {
                        if (skb->len == 3) bpf_throw(1);
                        return 0;
                    }
                    """
            ),
            Case(
                name: "absent-kfunc",
                accepting: TestKernels.lines,
                code: """
                    extern int bpf_nowhere_at_all(int number) __ksym __weak;
                    SEC("tc") int guarded(struct __sk_buff *skb)
                    {
                        return bpf_ksym_exists(bpf_nowhere_at_all) ? bpf_nowhere_at_all(1) : 0;
                    }
                    """
            ),
            Case(
                name: "section",
                accepting: TestKernels.lines,
                code: "SEC(\"tcx/ingress\") int ingress(struct __sk_buff *skb) { return 0; }\n"
            ),
            Case(
                name: "module-function",
                accepting: TestKernels.lines,
                code: "SEC(\"fentry/vmlinux:vfs_open\") int opened(void *ctx) { return 0; }\n"
            ),
        ]

        @Test(
            "bpftool contradicts no agent where its libbpf is too old for the object (5.10, 6.1, 6.12, 7.2)",
            arguments: cases
        )
        func tooOld(example: Case) async throws {
            let object = try await CompiledFixture.object(example.name, example.code)
            let results = try await TestKernels.run([object], on: try await TestKernels.selected())
            for cell in results.cells where example.accepting.contains(cell.kernel) {
                #expect(cell.verdict == .accepted, "\(cell)")
            }
            #expect(results.bpftool.count == TestKernels.lines.count)
            for statement in results.bpftool {
                #expect(statement.disagreement == nil, "\(statement)")
                let isReasonGiven = statement.incomparable.map { $0.hasPrefix("its libbpf (") } ?? true
                #expect(isReasonGiven, "\(statement)")
                if example.accepting.contains(statement.kernel), statement.verdict != .accepted {
                    #expect(statement.incomparable != nil || statement.verdict == .object, "\(statement)")
                }
            }
            #expect(results.summary.disagreements == 0)
        }
    }
}
