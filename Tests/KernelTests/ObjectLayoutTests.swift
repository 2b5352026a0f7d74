// SPDX-License-Identifier: Apache-2.0

import BPFObject
import Matrix
import Results
import TestKernels
import Testing

extension RealKernels {
    /// What is read from an object's bytes, against what kernels print of the program that libbpf made of them.
    @Suite struct ObjectLayoutTests {
        /// `entry` is refused at its end, when all of its functions have been gone through; `other` for its global function,
        /// which kernels examine by itself.
        private static let code = """
            struct {
                __uint(type, BPF_MAP_TYPE_HASH);
                __uint(max_entries, 8);
                __type(key, __u32);
                __type(value, __u64);
            } table SEC(".maps");

            static __noinline int shared(__u64 a)
            {
                return a * bpf_ktime_get_ns() + 3;
            }

            static __noinline int second(__u32 a)
            {
                if (a > 7)
                    a -= 5;
                return shared(a) | 2;
            }

            __noinline int guilty(__u32 a)
            {
                __u64 *value = bpf_map_lookup_elem(&table, &a);

                return second(a) | *value;
            }

            static __noinline __u64 first(__u32 a)
            {
                __u64 one = 1, *value = bpf_map_lookup_elem(&table, &a);

                if (value)
                    __sync_fetch_and_add(value, one);
                return shared(a + 1) ^ 12;
            }

            static long step(__u32 index, void *context)
            {
                bpf_printk("%d", index);
                return second(index) < 0;
            }

            SEC("kprobe/vfs_open") int entry(struct pt_regs *ctx)
            {
                __u32 key = bpf_get_prandom_u32();
                __u64 *value;

                bpf_loop(2, step, NULL, 0);
                value = bpf_map_lookup_elem(&table, &key);
                return first(key) | *value;
            }

            SEC("kprobe/vfs_open") int other(struct pt_regs *ctx)
            {
                return first(1) ? guilty(2) : second(3);
            }

            """

        @Test(
            "every instruction of a log has the number, the spelling and the line that the object gives it (6.1, 7.2)"
        )
        func log() async throws {
            let object = try await CompiledFixture.object("layout", Self.code)
            let contents = try ObjectContents(object.bytes)
            let entry = try #require(try contents.program(named: "entry"))
            let other = try #require(try contents.program(named: "other"))
            #expect(entry.functions.map(\.name) == ["entry", "step", "second", "shared", "first"])
            #expect(other.functions.map(\.name) == ["other", "first", "shared", "guilty", "second"])
            let lines = ["6.1", "7.2"]
            let results = try await TestKernels.run([object], on: try await TestKernels.selected(lines))
            for kernel in lines {
                let whole = try compare(try log("entry", on: kernel, in: results), with: entry)
                // 7.2 looks at what follows a loop first, and gives up there.
                let callback: Set<String> = kernel == "6.1" ? ["step", "second"] : []
                #expect(whole.functions == callback.union(["entry", "first", "shared"]), "on \(kernel)")
                #expect(whole.instructions > 30, "on \(kernel)")
                #expect(whole.lines > 10, "on \(kernel)")
                let global = try compare(try log("other", on: kernel, in: results), with: other)
                #expect(global.functions.isSuperset(of: ["guilty", "second", "shared"]), "on \(kernel)")
            }
        }

        private func log(_ program: String, on kernel: String, in results: MatrixResults) throws -> String {
            let cell = try #require(results.cell(program, on: kernel))
            #expect(cell.verdict == .rejected)
            return try #require(cell.log)
        }

        private struct Compared {
            var functions: Set<String> = []
            var instructions = 0
            var lines = 0
        }

        private func compare(_ log: String, with program: LinkedProgram) throws -> Compared {
            var compared = Compared()
            var source: Substring?
            let instructions = program.instructions
            for line in log.split(separator: "\n") {
                if line.hasPrefix("; ") {
                    source = line.dropFirst(2).prefix { $0 != "@" }
                    continue
                }
                guard let match = line.wholeMatch(of: #/(\d+): (\([0-9a-f]{2}\) .*?)( +; .*)?/#),
                    let number = Int(match.1)
                else { continue }
                let (function, _) = try #require(program.function(atInstruction: number))
                compared.functions.insert(function.name)
                let instruction = instructions[number]
                let text = instruction.disassembly(upperHalf: instructions.dropFirst(number + 1).first)
                if instruction.isWideLoad {
                    // The kernel prints an address of its own.
                    #expect(match.2.hasPrefix(text.prefix { $0 != "x" }), "\(line)")
                } else {
                    #expect(match.2 == text, "\(line)")
                }
                compared.instructions += 1
                if let text = source {
                    let place = try #require(program.source(atInstruction: number))
                    #expect(text.trimmingSuffix(while: { $0 == " " }) == place.text, "\(line)")
                    #expect(place.function == function.name)
                    #expect(place.file.hasSuffix("layout.c"))
                    compared.lines += 1
                }
                source = nil
            }
            return compared
        }
    }
}

extension Substring {
    fileprivate func trimmingSuffix(while isTrimmed: (Character) -> Bool) -> Substring {
        var rest = self
        while let last = rest.last, isTrimmed(last) { rest.removeLast() }
        return rest
    }
}
