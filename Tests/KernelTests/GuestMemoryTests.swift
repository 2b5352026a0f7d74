// SPDX-License-Identifier: Apache-2.0

import Matrix
import Results
import TestKernels
import Testing

extension RealKernels {
    /// Objects that need more memory than a guest usually has.
    @Suite struct GuestMemoryTests {
        private static let data = """
            char big[170 * 1024 * 1024];
            SEC("raw_tp/sys_enter") int p(void *ctx) { return big[5]; }
            """
        private static let hash = """
            struct { __uint(type, BPF_MAP_TYPE_PERCPU_HASH); __uint(max_entries, 1 << 23); __type(key, u64);
                __type(value, char[32]); } flows SEC(".maps");
            SEC("raw_tp/sys_enter") int p(void *ctx)
            {
                u64 key = 0;
                return bpf_map_lookup_elem(&flows, &key) != 0;
            }
            """

        @Test("what a guest has no memory for is asked once more in a larger one (6.12)", arguments: [data, hash])
        func larger(source: String) async throws {
            let object = try await CompiledFixture.object("large", source)
            let small = try await CompiledFixture.object(
                "small",
                #"SEC("raw_tp/sys_enter") int p(void *ctx) { return 0; }"#
            )
            let results = try await TestKernels.run([object, small], on: try await TestKernels.selected(["6.12"]))
            #expect(results.cells.map(\.verdict) == [.accepted, .accepted], "\(results.cells.map(\.message))")
        }

        @Test("where the user says how much memory a guest has, that is what it has (6.12)")
        func asked() async throws {
            let object = try await CompiledFixture.object("large", Self.hash)
            let results = try await TestKernels.run(
                [object],
                on: try await TestKernels.selected(["6.12"]),
                options: RunOptions(memory: 256)
            )
            let cell = try #require(results.cells.first)
            #expect(cell.verdict == .infrastructure, "\(cell.verdict)")
            #expect(cell.message == "map 'flows' needs 320 MiB or more, and the guest has 256 MiB: see --memory")
        }
    }
}
