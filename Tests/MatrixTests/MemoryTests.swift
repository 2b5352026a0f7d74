// SPDX-License-Identifier: Apache-2.0

import GuestProtocol
import Results
import TestKernels
import Testing
import VerdictCache
import VirtualMachine

@testable import Matrix

/// What is made of answers that were given before, without any guest.
@Suite struct MemoryTests {
    private let ready = Ready(release: "6.1.0", libbpfVersion: "1.7.0", clockSource: "tsc", seconds: 0)
    private let finished = ObjectReport(request: 1, stage: .finished, errno: 0, warnings: "", taint: 0)

    private func report(_ program: String, _ stage: LoadStage = .accepted, errno: Int32 = 22) -> ProgramReport {
        ProgramReport(
            request: 1,
            program: program,
            section: "socket",
            type: 1,
            stage: stage,
            errno: stage == .accepted ? 0 : errno,
            log: Array("R0 !read_ok\n".utf8),
            isLogCut: false,
            warnings: ""
        )
    }

    private func testimony(status: Int32, _ output: String = "") -> WitnessReport {
        WitnessReport(request: 2, status: status, output: Array(output.utf8), taint: 0)
    }

    /// A run that asks a guest, and what it has kept afterwards.
    private func kept(
        _ loader: LoaderChoice = .agent,
        logs: LogKeeper = LogKeeper(),
        _ run: (KernelExamination) async throws -> Void
    ) async throws -> [QuestionKey: [UInt8]] {
        try await withScratchFolder { folder in
            let cache = try VerdictCache(at: folder.appending("verdicts.sqlite"))
            let examination = try makeExamination(loader: loader, memory: VerdictMemory(cache), logs: logs)
            try await run(examination)
            return try cache.answers(to: await examination.questions)
        }
    }

    /// What a run that asked a guest about everything has kept.
    private func kept(_ loader: LoaderChoice, bpftool: WitnessReport? = nil) async throws -> [QuestionKey: [UInt8]] {
        try await kept(loader) { await answer($0, loader, bpftool: bpftool) }
    }

    private func answer(_ examination: KernelExamination, _ loader: LoaderChoice, bpftool: WitnessReport? = nil) async {
        if loader != .bpftool {
            await examination.beginLoading(0)
            await examination.hear(.program(report("first")), about: 0)
            await examination.hear(.program(report("second", .kernel)), about: 0)
            await examination.finish(0, finished, by: ready)
        }
        if let bpftool { await examination.testify(0, bpftool, by: ready) }
    }

    @Test("what a kernel refused for want of something just then is not remembered", arguments: [Int32(11), 12])
    func passing(errno: Int32) async throws {
        let kept = try await kept { examination in
            await examination.beginLoading(0)
            await examination.hear(.program(report("first")), about: 0)
            await examination.hear(.program(report("second", .kernel, errno: errno)), about: 0)
            await examination.finish(0, finished, by: ready)
        }
        #expect(kept.isEmpty)
    }

    @Test("nor is what bpftool failed over for that reason, or libbpf as a whole")
    func passingElsewhere() async throws {
        let refused = testimony(status: 255, "libbpf: map 'm': failed to create: Cannot allocate memory(-12)\n")
        #expect(try await kept(.bpftool, bpftool: refused).isEmpty)
        #expect(try await kept(.bpftool, bpftool: testimony(status: 255, "failed to create: -22\n")).count == 1)
        let short = ObjectReport(request: 1, stage: .notLoaded, errno: 12, warnings: "w", taint: 0)
        let kept = try await kept { examination in
            await examination.beginLoading(0)
            await examination.finish(0, short, by: ready)
        }
        #expect(kept.isEmpty)
    }

    @Test("of an object with assumed values bpftool has no answer, not even one of an earlier run as compiled")
    func assumed() async throws {
        #expect(try await makeExamination(loader: .both).questions.count == 2)
        #expect(try await makeExamination(loader: .both, section: "fentry").questions.count == 1)
    }

    @Test("an earlier answer is forgotten once a guest was lost over the same question")
    func doubted() async throws {
        try await withScratchFolder { folder in
            let cache = try VerdictCache(at: folder.appending("verdicts.sqlite"))
            let examination = try makeExamination(loader: .both, memory: VerdictMemory(cache))
            await answer(examination, .both, bpftool: testimony(status: 255, "BPF program load failed"))
            let asked = await examination.questions
            #expect(asked.count == 2)
            func known() throws -> Set<QuestionKey> { Set(try cache.answers(to: asked).keys) }
            #expect(try known() == Set(asked))
            let crash = MachineFailure(.panicked("p"))
            await examination.learn(from: crash, over: .loading(0, program: "first"))
            #expect(try known() == [asked[1]])
            await examination.learn(from: crash, over: .witnessing(0))
            #expect(try known().isEmpty)
        }
    }

    @Test("an object's answer is kept as soon as it is finished, and not at the end of the run")
    func atOnce() async throws {
        try await withScratchFolder { folder in
            let cache = try VerdictCache(at: folder.appending("verdicts.sqlite"))
            let memory = VerdictMemory(cache)
            let examination = try makeExamination(objects: ["a", "b"], memory: memory)
            let asked = await examination.questions
            #expect(try cache.answers(to: asked).isEmpty)
            await answer(examination, .agent)
            #expect(await examination.unfinished == [1])
            #expect(try cache.answers(to: asked).count == 1)
        }
    }

    @Test("an answer comes back from bytes as it was, and not from bytes that were cut or changed")
    func bytes() throws {
        let answer = Answer(from: ready, [.program(report("first")), .object(finished)])
        #expect(Answer(answer.bytes) == answer)
        for cut in 0..<answer.bytes.count where cut != Answer(from: ready, []).bytes.count {
            guard let shorter = Answer(Array(answer.bytes.prefix(cut))) else { continue }
            // At the end of a message the rest is whole, and lacks its end: `recall` does not take it.
            #expect(shorter.said == [.program(report("first"))])
        }
        for position in answer.bytes.indices {
            var changed = answer.bytes
            changed[position] ^= 1
            #expect(Answer(changed) == nil, "byte \(position)")
        }
    }

    @Test("what was said before is heard as if it were said now, and is called cached")
    func recalled() async throws {
        let said = testimony(status: 255, "BPF program load failed")
        let answers = try await kept(.both, bpftool: said)
        #expect(answers.count == 2)
        let examination = try makeExamination(loader: .both)
        await examination.recall(answers)
        #expect(await examination.unfinished.isEmpty)
        let findings = await examination.findings
        #expect(findings.cells.map(\.verdict) == [.accepted, .rejected])
        #expect(findings.cells.map(\.isCached) == [true, true])
        #expect(findings.statements.map(\.isCached) == [true])
        #expect(findings.libbpfVersion == "1.7.0")
        #expect(findings.kernel.bootSeconds == nil)
    }

    @Test("a contradiction between agent and bpftool is found again")
    func contradiction() async throws {
        let answers = try await kept(.both, bpftool: testimony(status: 0))
        let examination = try makeExamination(loader: .both)
        await examination.recall(answers)
        #expect(await examination.findings.statements.first?.disagreement?.contains("second") == true)
    }

    @Test("bpftool is asked again where the agent must be: together they may contradict each other")
    func witnessAlone() async throws {
        let answers = try await kept(.bpftool, bpftool: testimony(status: 0))
        #expect(answers.count == 1)
        let both = try makeExamination(loader: .both)
        await both.recall(answers)
        #expect(await both.unfinished == [0])
        #expect(await both.findings.statements.isEmpty)
        let alone = try makeExamination(loader: .bpftool)
        await alone.recall(answers)
        #expect(await alone.unfinished.isEmpty)
        #expect(await alone.findings.cells.map(\.isCached) == [true])
    }

    @Test("the agent's answer is of use where bpftool has not been asked yet")
    func agentAlone() async throws {
        let answers = try await kept(.agent)
        let examination = try makeExamination(loader: .both)
        await examination.recall(answers)
        #expect(await examination.unfinished == [0])
        #expect(await examination.progress(of: 0).isLoaded)
        await examination.testify(0, testimony(status: 0), by: ready)
        let findings = await examination.findings
        #expect(findings.cells.map(\.isCached) == [true, true])
        #expect(findings.statements.map(\.isCached) == [false])
        #expect(findings.statements.first?.disagreement != nil)
    }

    @Test("only verdicts are kept: not what is missing, crashed, or was lost on the way")
    func unkept() async throws {
        let silent = try await kept { examination in
            await examination.beginLoading(0)
            await examination.hear(.program(report("first")), about: 0)
            await examination.finish(0, finished, by: ready)
        }
        #expect(silent.isEmpty)
        let lost = try await kept { examination in
            await examination.learn(from: LossTests.panic, over: .loading(0, program: "second"))
            await examination.beginLoading(0)
            for program in ["first", "second"] { await examination.hear(.program(report(program)), about: 0) }
            await examination.finish(0, finished, by: ready)
            #expect(await examination.isDone(0))
        }
        #expect(lost.isEmpty)
        let killed = try await kept(.bpftool, bpftool: testimony(status: -9))
        #expect(killed.isEmpty)
    }

    @Test("an answer that is short of a verdict, of its end or of its own kind is asked again")
    func unheard() async throws {
        let answers = try await kept(.agent)
        let key = try #require(answers.keys.first)
        let useless: [[GuestMessage]] = [
            [],
            [.program(report("first")), .object(finished)],
            [.program(report("first")), .program(report("second"))],
            [.witness(testimony(status: 0))],
            [.program(report("first")), .complaint("?"), .program(report("second")), .object(finished)],
        ]
        for said in useless {
            let examination = try makeExamination()
            await examination.recall([key: Answer(from: ready, said).bytes])
            #expect(await examination.unfinished == [0], "\(said)")
            #expect(await examination.findings.cells.isEmpty, "\(said)")
        }
    }

    @Test("other bytes, another strategy and another kernel are other questions")
    func otherQuestions() async throws {
        let known = try await makeExamination().questions
        let others = [
            try makeExamination(strategy: .perProgram), try makeExamination(kernelDigest: "1"),
            try makeExamination(programs: ["first", "third"]),
        ]
        for other in others { #expect(await other.questions != known) }
        let same = try makeExamination()
        #expect(await same.questions == known)
    }
}
