// SPDX-License-Identifier: Apache-2.0

import LogStore
import Matrix
import Results
import SystemPackage
import TestKernels
import Testing
import VerdictCache
import VerifierLog

extension RealKernels {
    /// From a refusal to the line of C: on a kernel that prints places, and on one that doesn't.
    @Suite struct ExplanationTests {
        private static let kernels = ["5.10", "7.2"]

        private static let code = """
            struct {
                __uint(type, BPF_MAP_TYPE_HASH);
                __uint(max_entries, 8);
                __type(key, __u32);
                __type(value, __u64);
            } table SEC(".maps");
            struct {
                __uint(type, BPF_MAP_TYPE_RINGBUF);
                __uint(max_entries, 4096);
            } ring SEC(".maps");

            static __noinline int sum_of(__u64 *value, int count)
            {
                int sum = 0;
                for (int i = 0; i < 40; i++)
                    sum += bpf_get_prandom_u32() & i;
                return *value + sum + count; // refused here: far
            }

            SEC("kprobe/vfs_open") int far(struct pt_regs *ctx)
            {
                __u32 key = bpf_get_prandom_u32();
                __u64 *value = bpf_map_lookup_elem(&table, &key); // made here: far
                if (key > 5)
                    key += 2;
                return sum_of(value, key); // called here: far
            }

            SEC("kprobe/vfs_open") int leak(struct pt_regs *ctx)
            {
                __u64 *event = bpf_ringbuf_reserve(&ring, 8, 0); // made here: leak
                if (!event)
                    return 0;
                if (bpf_get_prandom_u32() == 7)
                    return 0;
                *event = 1;
                bpf_ringbuf_submit(event, 0);
                return 0;
            } // refused here: leak

            """

        /// The number of the line that is marked so.
        private func line(_ mark: String, in source: FilePath) throws -> Int {
            let lines = String(decoding: try source.contents, as: UTF8.self).split(
                separator: "\n",
                omittingEmptySubsequences: false
            )
            return try #require(lines.firstIndex { $0.hasSuffix("// \(mark)") }) + 1
        }

        @Test(
            "lines, origins and the way are those of the source, on kernels that print places and on others (5.10, 7.2)"
        )
        func lines() async throws {
            try await withScratchFolder { folder in
                let source = folder.appending("far.c")
                let opening = "#include \"vmlinux.h\"\n#include <bpf/bpf_helpers.h>\n"
                try source.write(opening + "char LICENSE[] SEC(\"license\") = \"GPL\";\n" + Self.code)
                let compiled = try await CompiledFixture.compile(source)
                let object = try InputReader.object(compiledFrom: source, at: compiled.path)
                let cache = try VerdictCache(at: folder.appending("verdicts.sqlite"))
                // Forty rounds of a loop make a long log, without which a verdict is not taken for an answer again.
                let logs = LogKeeper(store: LogStore(at: folder.appending("logs")))
                let results = try await run(object, cache, logs)
                for kernel in Self.kernels {
                    let far = try #require(results.cell("far", on: kernel)?.explanation)
                    #expect(far.code == .nullDereference)
                    #expect(far.place?.line == (try line("refused here: far", in: source)), "\(kernel): \(far)")
                    #expect(far.place?.function == "sum_of")
                    #expect(far.registers.first?.origin?.place?.line == (try line("made here: far", in: source)))
                    let call = try #require(far.path.first { $0.kind == .call })
                    #expect(call.from.place?.line == (try line("called here: far", in: source)))
                    #expect(call.to.place?.function == "sum_of")
                    #expect(far.path.contains { $0.kind == .loop && $0.times == 40 }, "\(kernel): \(far.path)")

                    // 7.2 prints no line for the instruction: the object knows it.
                    let leak = try #require(results.cell("leak", on: kernel)?.explanation)
                    #expect(leak.code == .referenceLeak)
                    #expect(leak.place?.line == (try line("refused here: leak", in: source)), "\(kernel): \(leak)")
                    #expect(leak.origin?.place?.line == (try line("made here: leak", in: source)))
                }
                let again = try await run(object, cache, logs)
                #expect(again.summary.cached == 4)
                #expect(again.cells.map(\.explanation) == results.cells.map(\.explanation))
            }
        }

        private func run(
            _ object: TestObject,
            _ cache: VerdictCache,
            _ logs: LogKeeper
        ) async throws -> MatrixResults {
            try await MatrixRun(
                objects: [object],
                kernels: try await TestKernels.selected(Self.kernels),
                supply: try await TestKernels.supply(of: TestKernels.store),
                options: RunOptions(loader: .agent, accelerator: .tcg),
                memory: VerdictMemory(cache),
                logs: logs
            ).run { _ in }
        }
    }
}
