// SPDX-License-Identifier: Apache-2.0

import Matrix
import Results
import TestKernels
import Testing

extension RealKernels {
    /// Objects that leave to their loaders what kernels want to be told.
    @Suite struct AssumptionTests {
        private static let openMaps = """
            struct { __uint(type, BPF_MAP_TYPE_HASH); __type(key, u32); __type(value, u64); } counts SEC(".maps");
            struct ring { __uint(type, BPF_MAP_TYPE_RINGBUF); };
            struct { __uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS); __type(key, u32); __type(value, u32);
                __array(values, struct ring); } rings SEC(".maps");
            struct { __uint(type, BPF_MAP_TYPE_HASH_OF_MAPS); __uint(max_entries, 4); __uint(key_size, 8);
                __uint(value_size, 4); } tables SEC(".maps");
            struct { __uint(type, BPF_MAP_TYPE_STACK_TRACE); __type(key, u32); } stacks SEC(".maps");

            SEC("kprobe/do_unlinkat") int count(void *ctx)
            {
                u32 key = 0;
                u64 *value = bpf_map_lookup_elem(&counts, &key);
                if (value) *value += 1;
                return 0;
            }
            SEC("kprobe/do_unlinkat") int write(void *ctx)
            {
                u32 key = 0;
                void *ring = bpf_map_lookup_elem(&rings, &key);
                if (!ring) return 0;
                u64 *record = bpf_ringbuf_reserve(ring, 64, 0);
                if (!record) return 0;
                *record = bpf_get_stackid(ctx, &stacks, 0);
                bpf_ringbuf_submit(record, 0);
                return 0;
            }
            SEC("kprobe/do_unlinkat") int look(void *ctx)
            {
                u64 outer = 1;
                u32 key[100] = {};
                void *table = bpf_map_lookup_elem(&tables, &outer);
                u32 *value = table ? bpf_map_lookup_elem(table, key) : 0;
                return value ? *value : 0;
            }
            SEC("kprobe/do_unlinkat") int alone(void *ctx) { return 0; }
            """

        @Test("maps get what their loader is meant to set, and the cells that depend on them say so")
        func maps() async throws {
            let object = try await CompiledFixture.object("open-maps", Self.openMaps)
            let results = try await TestKernels.run([object], on: try await TestKernels.selected())
            #expect(results.cells.allSatisfy { $0.verdict == .accepted }, "\(results.cells.map(\.message))")
            for line in TestKernels.lines {
                // Without one of its maps, libbpf loads none of an object's programs.
                for program in ["count", "write", "look", "alone"] {
                    #expect(
                        Set(results.cell(program, on: line)?.assumed ?? []) == [
                            "max_entries 1 of counts", "max_entries 1 of rings",
                            "max_entries 4096 of the maps in rings",
                            "hash of max_entries 1 with keys of 4 and values of 4096 bytes as the inner map of tables",
                            "max_entries 1 of stacks", "value_size 1016 of stacks",
                        ]
                    )
                }
            }
            // bpftool would load another object than the agent did.
            #expect(results.bpftool.isEmpty)
            #expect(results.summary.exitStatus == ExitStatus.asExpected)
        }

        @Test("as compiled, the same object is refused for its maps, by bpftool too")
        func asCompiled() async throws {
            let object = try await CompiledFixture.object("open-maps", Self.openMaps)
            let results = try await TestKernels.run(
                [object],
                on: try await TestKernels.selected(["6.1"]),
                options: RunOptions(isAsCompiled: true)
            )
            #expect(results.cells.allSatisfy { $0.verdict == .map && $0.assumed == nil })
            #expect(results.bpftool.map(\.verdict) == [.rejected])
        }

        private static let openTargets = """
            u64 seen;
            SEC("fentry") int any_function(void *ctx) { return 0; }
            SEC("fexit/generic_fexit") int placeholder(u64 *ctx) { seen = ctx[5]; return 0; }
            SEC("lsm") int any_hook(void *ctx) { return 0; }
            SEC("tp_btf") int any_tracepoint(void *ctx) { return 0; }
            SEC("iter") int any_iterator(void *ctx) { return 0; }
            SEC("fentry/no_such_function") int missing(void *ctx) { return 0; }
            SEC("fentry") int reads_a_pointer(u64 *ctx)
            {
                struct file *file = (void *)ctx[0];
                return file->f_flags;
            }
            """

        @Test("where any target will do, one is taken; where none of those tried will, it stays the loader's")
        func targets() async throws {
            let object = try await CompiledFixture.object("open-targets", Self.openTargets)
            let results = try await TestKernels.run([object], on: try await TestKernels.selected())
            for line in TestKernels.lines {
                #expect(results.cell("any_function", on: line)?.assumed == ["attach target bpf_fentry_test6"])
                #expect(results.cell("any_hook", on: line)?.assumed == ["attach target file_open"])
                for program in ["any_function", "placeholder", "any_hook", "any_tracepoint", "any_iterator"] {
                    #expect(results.verdict(program, on: line) == .accepted, "\(program) on \(line)")
                }
                let missing = results.cell("missing", on: line)
                #expect(missing?.verdict == .target)
                #expect(missing?.explanation?.code == .targetMissing)
                // The verifier's word is about the target that was assumed.
                let refused = results.cell("reads_a_pointer", on: line)
                #expect(refused?.verdict == .target)
                #expect(refused?.explanation?.code == .targetUnset)
            }
        }

        @Test("a program that the assumed inner map does not suit is not called refused by the verifier")
        func innerMap() async throws {
            let object = try await CompiledFixture.object(
                "inner-map",
                """
                struct { __uint(type, BPF_MAP_TYPE_HASH_OF_MAPS); __uint(max_entries, 4); __uint(key_size, 8);
                    __uint(value_size, 4); } tables SEC(".maps");
                SEC("kprobe/do_unlinkat") int store_and_read(void *ctx)
                {
                    u64 outer = 1;
                    u32 key = 0;
                    char value[64] = {};
                    void *table = bpf_map_lookup_elem(&tables, &outer);
                    if (!table) return 0;
                    bpf_map_update_elem(table, &key, value, 0);
                    char *stored = bpf_map_lookup_elem(table, &key);
                    return stored ? stored[63] : 0;
                }
                SEC("kprobe/do_unlinkat") int broken(void *ctx)
                {
                    u64 outer = 1;
                    bpf_map_lookup_elem(&tables, &outer);
                    return *(volatile int *)ctx + *(volatile int *)0;
                }
                """
            )
            let results = try await TestKernels.run([object], on: try await TestKernels.selected())
            for line in TestKernels.lines {
                let cell = results.cell("store_and_read", on: line)
                #expect(cell?.verdict == .map)
                #expect(cell?.explanation?.code == .innerMapUnset)
                #expect(results.verdict("broken", on: line) == .rejected)
            }
        }
    }
}
