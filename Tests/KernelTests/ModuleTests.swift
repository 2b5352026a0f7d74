// SPDX-License-Identifier: Apache-2.0

import KernelProfile
import KernelStore
import Matrix
import Results
import TestKernels
import Testing
import VerifierLog

extension RealKernels {
    /// What objects need is in modules: of connection tracking, of virtual machines, of packet filters.
    @Suite struct ModuleTests {
        private static let lines = ["6.1", "6.12", "7.2"]
        private static let source = """
            struct nft_ctx___mine { unsigned char family; } __attribute__((preserve_access_index));
            u64 seen;
            SEC("fentry/nf_conntrack_in") int in_conntrack(void *ctx) { return 0; }
            SEC("tp_btf/kvm_exit") int in_kvm(void *ctx) { return 0; }
            SEC("kprobe/nf_tables_newrule") int BPF_KPROBE(of_tables, struct nft_ctx___mine *context)
            {
                seen = BPF_CORE_READ(context, family);
                return 0;
            }
            SEC("fentry/do_exit") int in_kernel(void *ctx) { return 0; }
            """

        @Test("each kernel's modules are indexed, without what the kernel has itself", arguments: TestKernels.lines)
        func index(line: String) async throws {
            let store = try TestKernels.store
            let index = try #require(try await store.moduleIndex(of: try await TestKernels.kernel(line)))
            #expect(index.modules.count > 500)
            #expect(index.modules(having: KernelName(.structure, "task_struct")).isEmpty)
            #expect(index.order(of: ["nf_conntrack"]).last == "nf_conntrack")
            #expect(index.order(of: ["nf_conntrack"]).contains("nf_defrag_ipv4"))
            guard line != "5.10" else {
                // Modules have types since 5.11.
                #expect(!index.hasTypes)
                #expect(index.modules(having: KernelName(.symbol, "nf_conntrack_in")) == ["nf_conntrack"])
                return
            }
            #expect(index.modules(having: KernelName(.function, "nf_conntrack_in")) == ["nf_conntrack"])
            #expect(index.modules(having: KernelName(.tracepoint, "kvm_exit")) == ["kvm"])
            #expect(index.modules(having: KernelName(.structure, "nft_ctx")).contains("nf_tables"))
            #expect(index.modules(having: KernelName(.kfunc, "bpf_skb_ct_lookup")) == ["nf_conntrack"])
        }

        @Test("the modules that an object needs are loaded, and cells say which (6.1, 6.12, 7.2)")
        func loaded() async throws {
            let object = try await CompiledFixture.object("in-modules", Self.source)
            let other = try await CompiledFixture.object(
                "plain",
                #"SEC("fentry/do_exit") int p(void *ctx) { return 0; }"#
            )
            let results = try await TestKernels.run([object, other], on: try await TestKernels.selected(Self.lines))
            for cell in results.cells {
                #expect(cell.verdict == .accepted, "\(cell.program) on \(cell.kernel): \(cell.message ?? "")")
                let modules = cell.object == other.name ? nil : ["nf_conntrack", "kvm", "nf_tables"]
                #expect(cell.modules == modules, "\(cell.object) on \(cell.kernel)")
            }
        }

        @Test("without modules, a name in one is told apart from one that does not exist (6.12)")
        func notLoaded() async throws {
            let missing = """
                struct nothing___mine { int x; } __attribute__((preserve_access_index));
                SEC("fentry/no_such_function") int in_nothing(void *ctx) { return 0; }
                SEC("kprobe/do_exit") int BPF_KPROBE(of_nothing, struct nothing___mine *nothing)
                {
                    seen = BPF_CORE_READ(nothing, x);
                    return 0;
                }
                """
            let object = try await CompiledFixture.object("in-modules", Self.source + "\n" + missing)
            let results = try await TestKernels.run(
                [object],
                on: try await TestKernels.selected(["6.12"]),
                options: RunOptions(loadsModules: false)
            )
            func explanation(_ program: String) -> Explanation? {
                results.cells.first { $0.program == program }?.explanation
            }
            #expect(
                explanation("in_conntrack")?.sentence
                    == "nf_conntrack_in is in the module nf_conntrack, which is not loaded"
            )
            #expect(explanation("in_kvm")?.code == .moduleNotLoaded)
            #expect(explanation("of_tables")?.code == .moduleNotLoaded)
            #expect(explanation("in_nothing")?.code == .targetMissing)
            #expect(explanation("of_nothing")?.code == .relocationWithoutMatch)
            #expect(results.cells.first { $0.program == "in_kernel" }?.verdict == .accepted)
            #expect(results.cells.allSatisfy { $0.modules == nil })
        }

        @Test("a kernel from before modules had types says so (5.10)")
        func old() async throws {
            let object = try await CompiledFixture.object(
                "in-modules",
                #"SEC("fentry/nf_conntrack_in") int p(void *ctx) { return 0; }"#
            )
            let results = try await TestKernels.run([object], on: try await TestKernels.selected(["5.10"]))
            let explanation = try #require(results.cells.first?.explanation)
            #expect(explanation.code == .moduleNotLoaded)
            #expect(explanation.sentence.contains("has no types of modules, which came with Linux 5.11"))
        }

        @Test("a kfunc of a module is found where the module is loaded (6.12)")
        func kfunc() async throws {
            let source = """
                struct nf_conn;
                struct bpf_ct_opts___mine { s32 netns_id, error; u8 l4proto, dir, reserved[2]; };
                extern struct nf_conn *bpf_skb_ct_lookup(struct __sk_buff *, struct bpf_sock_tuple *, u32,
                    struct bpf_ct_opts___mine *, u32) __ksym;
                extern void bpf_ct_release(struct nf_conn *) __ksym;
                SEC("tc") int look(struct __sk_buff *skb)
                {
                    struct bpf_ct_opts___mine opts = { .netns_id = -1, .l4proto = 6 };
                    struct bpf_sock_tuple tuple = {};
                    struct nf_conn *conn = bpf_skb_ct_lookup(skb, &tuple, sizeof(tuple.ipv4), &opts, sizeof(opts));
                    if (conn) bpf_ct_release(conn);
                    return 0;
                }
                """
            let object = try await CompiledFixture.object("kfunc", source)
            let kernels = try await TestKernels.selected(["6.12"])
            let with = try await TestKernels.run([object], on: kernels)
            #expect(with.cells.map(\.verdict) == [.accepted], "\(with.cells.map(\.message))")
            let without = try await TestKernels.run([object], on: kernels, options: RunOptions(loadsModules: false))
            #expect(without.cells.map { $0.explanation?.code } == [.moduleNotLoaded])
        }

        @Test("a module that a guest can't load leaves no verdict (6.12)")
        func impossible() async throws {
            // It asks for Hyper-V, which no guest here runs under.
            let object = try await CompiledFixture.object(
                "hyperv",
                #"SEC("fentry/vmbus_connect") int p(void *ctx) { return 0; }"#
            )
            let results = try await TestKernels.run([object], on: try await TestKernels.selected(["6.12"]))
            let cell = try #require(results.cells.first)
            #expect(cell.verdict == .infrastructure, "\(cell.verdict): \(cell.message ?? "")")
            #expect(cell.explanation?.sentence.contains("hv_vmbus, which this guest could not load") == true)
        }
    }
}
