// SPDX-License-Identifier: Apache-2.0

import Foundation
import Matrix
import Results
import SystemPackage
import TestKernels
import Testing
import VirtualMachine

extension RealKernels {
    /// One pass over an object against one load per program, which is slower and can't confuse programs.
    @Suite struct OnePassTests {

        /// An object whose programs stand in the order of `pattern`: `g` good, `v` refused by the verifier, `t` without
        /// target, `f` with a field that does not exist, `m` with a map that 5.10 does not have.
        private static func code(_ pattern: String) -> String {
            let shared = """
                struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 8); __type(key, __u32); __type(value, __u64); }
                table SEC(".maps");
                struct task_struct___none { int no_such_field; } __attribute__((preserve_access_index));

                """
            let bloom = """
                struct { __uint(type, BPF_MAP_TYPE_BLOOM_FILTER); __uint(max_entries, 8); __type(value, __u32); }
                bloom SEC(".maps");

                """
            let programs = pattern.enumerated().map { index, kind in
                let opening = "SEC(\"kprobe/vfs_open\") int p\(index)_\(kind)(struct pt_regs *ctx)"
                return switch kind {
                case "v":
                    "\(opening) { __u32 k = \(index); __u64 *v = bpf_map_lookup_elem(&table, &k); return *v; }"
                case "t": "SEC(\"fentry/no_such_function_\(index)\") int p\(index)_t(void *ctx) { return 0; }"
                case "f":
                    "\(opening) { struct task_struct___none *t = (void *)bpf_get_current_task();"
                        + " return BPF_CORE_READ(t, no_such_field); }"
                case "m": "\(opening) { __u32 v = \(index); return bpf_map_peek_elem(&bloom, &v); }"
                default: "\(opening) { return 0; }"
                }
            }
            return shared + (pattern.contains("m") ? bloom : "") + programs.joined(separator: "\n")
        }

        /// Two and three bad programs: first, last, in the middle, side by side and apart, of one kind and of several.
        private static let patterns = [
            "vvg", "gvv", "gvvg", "vgv", "ttg", "gtt", "gttg", "tgv", "vtg", "gvt", "gtvfg", "fgf", "vvv", "ttt", "mgm",
            "gmvtg",
            "vgtgf", "fvtggg", "gggfvt",
        ]

        @Test(
            "no verdict and no errno differs, over all of libbpf-tools and many orders of bad programs",
            arguments: TestKernels.lines
        )
        func sameVerdicts(line: String) async throws {
            var objects: [TestObject] = []
            for pattern in Self.patterns {
                objects.append(try await CompiledFixture.object(pattern, Self.code(pattern)))
            }
            let tools = try LibbpfTools.objects()
            #expect(tools.count >= 50, "libbpf-tools has 52 objects in Debian 12")
            objects += tools

            let kernels = try await TestKernels.selected([line])
            let once = try await TestKernels.run(objects, on: kernels, options: RunOptions(loader: .agent))
            let apart = try await TestKernels.run(
                objects,
                on: kernels,
                options: RunOptions(loader: .agent, strategy: .perProgram)
            )
            #expect(once.cells.count == apart.cells.count)
            #expect(once.summary.infrastructure == 0 && apart.summary.infrastructure == 0)
            for (one, other) in zip(once.cells, apart.cells) {
                let isSame = one.verdict == other.verdict && one.errno == other.errno
                #expect(
                    isSame,
                    "\(one.object) \(one.program): \(one.verdict) \(one.errno ?? 0) in one pass, alone \(other)"
                )
            }
            for pattern in Self.patterns { Self.check(pattern, once, on: line) }
        }

        /// Both ways could be wrong alike: here the verdicts are known.
        private static func check(_ pattern: String, _ results: MatrixResults, on line: String) {
            let lacksBloom = line == "5.10" && pattern.contains("m")
            for cell in results.cells where cell.object == "\(pattern).bpf.o" {
                let expected: Verdict =
                    switch cell.program.last {
                    case "v": .rejected
                    case "t": .target
                    case "f": .relocation
                    default: lacksBloom ? .map : .accepted
                    }
                #expect(cell.verdict == expected, "\(cell)")
            }
        }
    }

    @Suite struct LibbpfToolsTests {
        @Test("what makes guests fast changes no verdict, on all of libbpf-tools", arguments: TestKernels.lines)
        func plainGuests(line: String) async throws {
            let objects = try LibbpfTools.objects()
            let kernels = try await TestKernels.selected([line])
            let quick = try await TestKernels.run(objects, on: kernels, options: RunOptions(loader: .agent))
            let tools = try GuestTools(agent: TestKernels.agent, bpftool: nil)
            let plain = try await MatrixRun(
                objects: objects,
                kernels: kernels,
                supply: GuestSupply(store: try TestKernels.store, tools: tools, isPlain: true),
                options: RunOptions(loader: .agent, isCold: true)
            ).run { _ in }
            #expect(quick.kernels.map(\.isRestored) == [true] && plain.kernels.map(\.isRestored) == [false])
            #expect(plain.summary.infrastructure == 0 && plain.cells.count == quick.cells.count)
            for (one, other) in zip(quick.cells, plain.cells) {
                let isSame = one.verdict == other.verdict && one.errno == other.errno
                #expect(isSame && one.instructions == other.instructions, "\(one) \(other)")
            }
        }

        @Test("three tools as Debian ships them, on 5.10, 6.1, 6.12 and 7.2")
        func threeTools() async throws {
            let objects = try ["opensnoop", "execsnoop", "cachestat"].flatMap { name in
                try InputReader.objects(in: try LibbpfTools.binary(name))
            }
            #expect(objects.count == 3)
            let isNumbered = objects.allSatisfy { $0.name.hasSuffix("#0") }
            #expect(isNumbered)
            let results = try await TestKernels.run(objects, on: try await TestKernels.selected())
            for cell in results.cells {
                // 5.16 took this function away; a kprobe loads all the same.
                let isGone =
                    ["account_page_dirtied", "fentry_account_page_dirtied"].contains(cell.program)
                    && cell.kernel != "5.10"
                #expect(cell.verdict == (isGone ? .target : .accepted), "\(cell)")
            }
            #expect(results.summary.disagreements == 0)
        }
    }
}

/// Debian's package of that name: libbpf skeletons compiled into binaries.
enum LibbpfTools {
    /// Debian 13 has given the tools another name than 12.
    static func binary(_ name: String) throws -> FilePath {
        let names = ["/usr/sbin/\(name)", "/usr/sbin/\(name)-libbpf"]
        return FilePath(try #require(names.first { FileManager.default.fileExists(atPath: $0) }))
    }

    /// Every object in it, once.
    static func objects() throws -> [TestObject] {
        let list = try String(contentsOfFile: "/var/lib/dpkg/info/libbpf-tools.list", encoding: .utf8)
        let binaries = list.split(separator: "\n").filter { $0.hasPrefix("/usr/sbin/") }.sorted()
        let objects = try binaries.flatMap { try InputReader.objects(in: FilePath(String($0))) }
        return InputReader.different(objects).different
    }
}
