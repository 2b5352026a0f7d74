// SPDX-License-Identifier: Apache-2.0

import GuestProtocol
import Results
import TestKernels
import Testing

@testable import Matrix

/// bpftool's word held against the agent's; `KernelTests/WitnessTests` has the same from real kernels.
@Suite struct WitnessTests {
    private static let old = WitnessJudgement.Loaders(witness: LibbpfVersion(1, 1), other: LibbpfVersion(1, 7))
    private static let same = WitnessJudgement.Loaders(witness: LibbpfVersion(1, 7), other: LibbpfVersion(1, 7))

    /// An object that the agent has answered for.
    private func progress(_ code: String, refused: [String: Verdict] = [:]) async throws -> ObjectProgress {
        let object = try await CompiledFixture.object("o", code)
        var progress = ObjectProgress(object: object, kernel: "6.1", loader: .both)
        progress.begin()
        for program in object.contents.programs {
            let verdict = refused[program.name]
            let said = ProgramReport(
                request: 1,
                program: program.name,
                section: program.section,
                type: 1,
                stage: verdict == nil ? .accepted : verdict == .rejected ? .kernel : .loader,
                errno: verdict == nil ? 0 : 22,
                log: verdict == .rejected ? Array("R0 !read_ok\n".utf8) : [],
                isLogCut: false,
                warnings: ""
            )
            progress.add(await HeardProgram(said, keptBy: LogKeeper()))
        }
        _ = progress.finish(ObjectReport(request: 1, stage: .finished, errno: 0, warnings: "", taint: 0))
        return progress
    }

    private func judge(
        _ output: String,
        status: Int32 = 255,
        about progress: ObjectProgress,
        _ loaders: WitnessJudgement.Loaders = old
    ) -> WitnessStatement {
        let said = WitnessReport(request: 2, status: status, output: Array(output.utf8), taint: 0)
        return WitnessJudgement.statement(said, about: progress, loaders)
    }

    private static func refusal(_ program: String, _ words: String) -> String {
        """
        libbpf: prog '\(program)': BPF program load failed: Invalid argument
        libbpf: prog '\(program)': -- BEGIN PROG LOAD LOG --
        \(words)
        processed 0 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0
        -- END PROG LOAD LOG --
        libbpf: prog '\(program)': failed to load: -22
        libbpf: failed to load object '/tmp/witness.bpf.o'
        Error: failed to load object file
        Warning: bpftool is now running in libbpf strict mode and has more stringent requirements about BPF programs.
        If it used to work for this object file but now doesn't, see --legacy option for more details.

        """
    }

    private static let kernelVersion = """
        extern int LINUX_KERNEL_VERSION __kconfig;
        SEC("raw_tp/sys_enter") int versioned(void *ctx) { return LINUX_KERNEL_VERSION > 5 ? 0 : *(volatile int *)8; }
        SEC("raw_tp/sys_enter") int plain(void *ctx) { return 0; }

        """

    @Test("a program that libbpf makes another of since is compared with nothing; any other program is")
    func differences() async throws {
        let progress = try await progress(Self.kernelVersion)
        let versioned = judge(Self.refusal("versioned", "R1 invalid mem access 'inv'"), about: progress)
        #expect(versioned.verdict == .rejected)
        #expect(versioned.disagreement == nil)
        #expect(versioned.incomparable?.hasPrefix("its libbpf (1.1) does not know a LINUX_KERNEL_VERSION") == true)
        let plain = judge(Self.refusal("plain", "R1 invalid mem access 'inv'"), about: progress)
        #expect(plain.incomparable == nil)
        #expect(plain.disagreement?.contains("can't load the object") == true)
    }

    @Test("with the same libbpf everything is compared, and with one that is not known nothing that differs")
    func versions() async throws {
        let progress = try await progress(Self.kernelVersion)
        let output = Self.refusal("versioned", "R1 invalid mem access 'inv'")
        #expect(judge(output, about: progress, Self.same).disagreement != nil)
        let unknown = WitnessJudgement.Loaders(witness: nil, other: LibbpfVersion(1, 7))
        #expect(judge(output, about: progress, unknown).incomparable?.contains("(before 1.0)") == true)
        let newer = WitnessJudgement.Loaders(witness: LibbpfVersion(1, 7), other: LibbpfVersion(1, 1))
        #expect(judge(output, about: progress, newer).incomparable?.hasPrefix("its libbpf (1.7) knows") == true)
        // Between the two nothing has changed for this program.
        let near = WitnessJudgement.Loaders(witness: LibbpfVersion(1, 5), other: LibbpfVersion(1, 7))
        #expect(judge(output, about: progress, near).disagreement != nil)
    }

    @Test("what libbpf could not resolve is its own word, whichever program it is in")
    func unresolved() async throws {
        let progress = try await progress(Self.kernelVersion)
        for words in [
            "0: (85) call unknown#195896080\ninvalid func unknown#195896080",
            "0: <invalid CO-RE relocation>\nfailed to resolve CO-RE relocation <byte_off> [7] struct a.b (0:0 @ offset 0)",
        ] {
            let statement = judge(Self.refusal("plain", words), about: progress)
            #expect(statement.disagreement == nil && statement.incomparable != nil, "\(statement)")
            #expect(judge(Self.refusal("plain", words), about: progress, Self.same).disagreement != nil)
        }
    }

    @Test("a kernel that was short of memory says nothing of the object, whatever loads it")
    func memory() async throws {
        let progress = try await progress(Self.kernelVersion)
        let output =
            "libbpf: map 'o.bss': failed to create: Cannot allocate memory(-12)\nError: failed to load object file\n"
        let statement = judge(output, about: progress, Self.same)
        #expect(statement.disagreement == nil)
        #expect(statement.incomparable?.contains("short of memory") == true)
    }

    @Test("the difference has to show in what was refused, where it can")
    func signs() async throws {
        let progress = try await progress(
            """
            struct { __uint(type, BPF_MAP_TYPE_ARENA); __uint(map_flags, 1 << 10); __uint(max_entries, 1); } a SEC(".maps");
            SEC("syscall") int uses(void *ctx) { return bpf_map_lookup_elem(&a, ctx) == (void *)&a; }

            """
        )
        let arena = judge(
            Self.refusal("uses", "arena's user address must be set via map_extra or mmap()"),
            about: progress
        )
        #expect(arena.incomparable?.contains("does not know arenas, which came with libbpf 1.4") == true)
        let other = judge(Self.refusal("uses", "R0 !read_ok"), about: progress)
        #expect(other.disagreement != nil)
        let map = judge("libbpf: map 'a': failed to create: Invalid argument(-22)\n", about: progress)
        #expect(map.incomparable?.contains("arenas") == true)
    }

    @Test("where bpftool loads what was refused to the agent, every refused program has to be one that differs")
    func accepted() async throws {
        let one = try await progress(Self.kernelVersion, refused: ["versioned": .rejected])
        #expect(judge("", status: 0, about: one).incomparable != nil)
        let both = try await progress(Self.kernelVersion, refused: ["versioned": .rejected, "plain": .rejected])
        #expect(judge("", status: 0, about: both).disagreement?.contains("plain, versioned were refused") == true)
        let loaders = try await progress(Self.kernelVersion, refused: ["plain": .object])
        #expect(judge("", status: 0, about: loaders).incomparable?.contains("the kernel was not asked") == true)
        #expect(judge("", status: 0, about: loaders, Self.same).disagreement != nil)
    }

    @Test(
        "bpftool's version says which libbpf it has",
        arguments: [
            ("v7.1.0, libbpf v1.1", LibbpfVersion(1, 1)), ("7.5.0", LibbpfVersion(1, 5)),
            ("bpftool 7.10.0", LibbpfVersion(1, 10)), ("v7.7.0, libbpf v1.7", LibbpfVersion(1, 7)),
            ("5.10.0", nil), ("v6.8.0, libbpf v0.8", LibbpfVersion(0, 8)), ("", nil), ("bpftool", nil),
        ]
    )
    func version(text: String, expected: LibbpfVersion?) {
        #expect(LibbpfVersion(ofBPFTool: text) == expected)
    }
}
