// SPDX-License-Identifier: Apache-2.0

import Assumptions
import BPFObject
import LoaderContract
import TestObjects
import Testing

@Suite struct AssumptionsTests {
    private func assumptions(_ code: String) throws -> Assumptions {
        Assumptions(of: try CompiledObject.contents(code))
    }

    @Test("a map without entries gets one; types that want none, or that libbpf sizes, are left alone")
    func maxEntries() throws {
        let found = try assumptions(
            """
            struct { __uint(type, 1); __type(key, u32); __type(value, u64); } hash SEC(".maps");
            struct { __uint(type, 27); } ring SEC(".maps");
            struct { __uint(type, 2); __uint(max_entries, 8); __type(key, u32); __type(value, u64); } sized SEC(".maps");
            struct { __uint(type, 4); __uint(key_size, 4); __uint(value_size, 4); } events SEC(".maps");
            struct { __uint(type, 29); __uint(map_flags, 1); __type(key, u32); __type(value, u64); } storage SEC(".maps");
            u64 counter;
            SEC("kprobe/f") int p(void *ctx)
            {
                u32 key = 0;
                u64 *value = bpf_map_lookup_elem(&hash, &key);
                if (value) counter = *value;
                return 0;
            }
            SEC("kprobe/g") int q(void *ctx) { return 0; }
            """
        )
        #expect(
            Set(found.contract.settings) == [.maxEntries(map: "hash", 1), .maxEntries(map: "ring", 4096)]
        )
        // Without a map, libbpf loads none of the programs, whether they use it or not.
        #expect(found.settings(of: "p") == found.contract.settings)
        #expect(found.settings(of: "q") == found.contract.settings)
    }

    @Test("programs that must name a target and do not may be attached to any, but for another program's functions")
    func targets() throws {
        let sections = [
            "fentry", "fexit.s", "lsm", "tp_btf", "iter", "?fmod_ret", "fentry/dummy_file_open", "fexit/generic_fexit",
            "lsm/generic_lsm_core", "lsm.s/generic_lsm_ima_file",
        ]
        // A function that some kernels have is missing in the others.
        let others = [
            "fentry/do_exit", "kprobe", "freplace", "socket", "lsm/file_open", "struct_ops",
            "fentry/generic_file_splice_read", "fentry/generic_permission", "fentry/dummyfs_open",
            "kprobe/dummy_kprobe", "fentry/dummy:dummy_xmit",
        ]
        let code = (sections + others).enumerated()
            .map { #"SEC("\#($0.element)") int p\#($0.offset)(void *ctx) { return 0; }"# }.joined(separator: "\n")
        let found = try assumptions(code)
        #expect(found.contract.settings == sections.indices.map { .anyTarget(program: "p\($0)") })
        #expect(found.targets == Set(sections.indices.map { "p\($0)" }))
        #expect(found.settings(of: "p0") == [.anyTarget(program: "p0")])
    }

    @Test("maps in a map get entries where only those are missing; stack traces get a depth")
    func incompleteMaps() throws {
        let found = try assumptions(
            """
            struct ring { __uint(type, 27); };
            struct { __uint(type, 12); __type(key, u32); __array(values, struct ring); } rings SEC(".maps");
            struct events { __uint(type, 4); __uint(key_size, 4); __uint(value_size, 4); };
            struct { __uint(type, 13); __uint(max_entries, 2); __type(key, u32); __array(values, struct events); }
                sized SEC(".maps");
            struct { __uint(type, 7); __type(key, u32); } stacks SEC(".maps");
            SEC("kprobe/f") int p(void *ctx) { u32 key = 0; return bpf_map_lookup_elem(&rings, &key) != 0; }
            """
        )
        #expect(
            found.contract.settings == [
                .maxEntries(map: "rings", 1), .innerMaxEntries(map: "rings", 4096), .maxEntries(map: "stacks", 1),
                .valueSize(map: "stacks", 1016),
            ]
        )
        #expect(found.settings(of: "p") == found.contract.settings)
    }

    private static func outer(_ body: String, after: String = "") -> String {
        """
        static long (*bpf_map_update_elem)(void *map, const void *key, const void *value, u64 flags) = (void *)2;
        static long (*bpf_tail_call)(void *ctx, void *map, u32 index) = (void *)12;
        static long (*bpf_perf_event_output)(void *ctx, void *map, u64 flags, void *data, u64 size) = (void *)25;
        static void *(*bpf_ringbuf_reserve)(void *map, u64 size, u64 flags) = (void *)131;
        static void (*bpf_ringbuf_discard)(void *data, u64 flags) = (void *)133;
        struct { __uint(type, 12); __uint(max_entries, 2); __uint(key_size, 4); __uint(value_size, 4); } outer SEC(".maps");
        \(after)
        SEC("kprobe/f") int p(void *ctx)
        {
            u32 key = 0;
            u64 value = 1;
            void *inner = bpf_map_lookup_elem(&outer, &key);
            if (!inner) return 0;
            \(body)
            return 0;
        }
        """
    }

    @Test(
        "what a program does with the maps in a map says what they are",
        arguments: [
            (
                "void *record = bpf_ringbuf_reserve(inner, 64, 0); if (record) bpf_ringbuf_discard(record, 0);",
                InnerMap(type: 27, keySize: 0, valueSize: 0, maxEntries: 4096)
            ),
            (
                "bpf_perf_event_output(ctx, inner, 0, &value, 8);",
                InnerMap(type: 4, keySize: 4, valueSize: 4, maxEntries: 1)
            ),
            ("bpf_tail_call(ctx, inner, 0);", InnerMap(type: 3, keySize: 4, valueSize: 4, maxEntries: 1)),
            (
                "return bpf_map_lookup_elem(inner, &key) != 0;",
                InnerMap(type: 1, keySize: 4, valueSize: 4096, maxEntries: 1)
            ),
            (
                "bpf_map_update_elem(inner, &key, &value, 0);",
                InnerMap(type: 1, keySize: 4, valueSize: 8, maxEntries: 1)
            ),
        ]
    )
    func innerMaps(body: String, expected: InnerMap) throws {
        let found = try assumptions(Self.outer(body))
        #expect(found.contract.settings == [.innerMap(map: "outer", expected)])
        #expect(found.innerMaps == ["outer"])
    }

    @Test("it does not matter in which function the map in a map is used")
    func calledFunction() throws {
        let found = try assumptions(
            Self.outer(
                "write(inner);",
                after: """
                    static __noinline void write(void *ring)
                    {
                        void *record = bpf_ringbuf_reserve(ring, 64, 0);
                        if (record) bpf_ringbuf_discard(record, 0);
                    }
                    """
            )
        )
        #expect(
            found.contract.settings == [
                .innerMap(map: "outer", InnerMap(type: 27, keySize: 0, valueSize: 0, maxEntries: 4096))
            ]
        )
    }

    @Test("a map of maps that says what its maps are is left alone")
    func innerMapIsSaid() throws {
        let found = try assumptions(
            """
            struct inner { __uint(type, 2); __uint(max_entries, 1); __type(key, u32); __type(value, u32); };
            struct { __uint(type, 13); __uint(max_entries, 2); __type(key, u32); __array(values, struct inner); }
                outer SEC(".maps");
            SEC("kprobe/f") int p(void *ctx) { u32 key = 0; return bpf_map_lookup_elem(&outer, &key) != 0; }
            """
        )
        #expect(found.contract.isEmpty)
    }
}
