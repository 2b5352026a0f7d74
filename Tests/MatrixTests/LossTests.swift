// SPDX-License-Identifier: Apache-2.0

import BPFObject
import GuestProtocol
import Results
import Testing
import VirtualMachine

@testable import Matrix

/// What a lost guest says about whom, without any guest.
@Suite struct LossTests {
    static let panic = MachineFailure(.panicked("Kernel panic - not syncing: test"), console: "last words")
    private let silence = MachineFailure(.silent(waitingFor: "a verdict", limit: .seconds(1)))
    private let gone = MachineFailure(.disconnected)

    @Test("a crash is blamed on a program only when it happens again")
    func crash() async throws {
        let examination = try makeExamination()
        await examination.learn(from: Self.panic, over: .loading(0, program: "second"))
        #expect(await examination.findings.cells.isEmpty)
        await examination.learn(from: Self.panic, over: .loading(0, program: "second"))
        let cells = await examination.findings.cells
        #expect(cells.map(\.program) == ["second"])
        #expect(cells.map(\.verdict) == [.crashed])
        #expect(cells.first?.log == "last words")
    }

    @Test("what a guest said of an object before it was lost does not count")
    func provisional() async throws {
        let examination = try makeExamination()
        for _ in 0..<2 {
            await examination.hear("first", .accepted)
            await examination.hear("second", .accepted)
            await examination.learn(from: Self.panic, over: .loading(0, program: nil))
        }
        #expect(await examination.findings.cells.map(\.verdict) == [.crashed, .crashed])
    }

    @Test("a program that brings guests down although it is left out ends the object")
    func condemnedTwice() async throws {
        let examination = try makeExamination()
        for _ in 0..<2 {
            await examination.learn(from: silence, over: .loading(0, program: "first"))
        }
        #expect(await examination.findings.cells.map(\.verdict) == [.timeout, .timeout])
    }

    @Test("a program that never ends is a timeout at once")
    func timeout() async throws {
        let examination = try makeExamination()
        await examination.learn(from: silence, over: .loading(0, program: "first"))
        let cells = await examination.findings.cells
        #expect(cells.map(\.verdict) == [.timeout])
        #expect(
            cells.first?.message
                == "no answer within 1 s while waiting for a verdict; a --program-timeout of more than 1 gives it more time"
        )
    }

    @Test("infrastructure is tried again, and given up after its limit; it blames no program")
    func infrastructure() async throws {
        let examination = try makeExamination(limits: ExaminationLimits(infrastructureRetries: 2))
        for _ in 0..<2 {
            await examination.learn(from: gone, over: .loading(0, program: "first"))
            #expect(await examination.findings.cells.isEmpty)
        }
        await examination.learn(from: gone, over: .nothing)
        let findings = await examination.findings
        #expect(findings.cells.map(\.verdict) == [.infrastructure, .infrastructure])
        #expect(findings.kernel.failure != nil)
    }

    @Test("a kernel that panics before it is asked anything is infrastructure")
    func panicAtBoot() async throws {
        let examination = try makeExamination(limits: ExaminationLimits(infrastructureRetries: 0))
        await examination.learn(from: Self.panic, over: .nothing)
        #expect(await examination.findings.cells.map(\.verdict) == [.infrastructure, .infrastructure])
    }

    @Test("an object over which guests are lost before any program's turn is given up")
    func objectCrash() async throws {
        let examination = try makeExamination()
        for _ in 0..<2 {
            await examination.learn(from: Self.panic, over: .loading(0, program: nil))
        }
        #expect(await examination.findings.cells.map(\.verdict) == [.crashed, .crashed])
    }
}

extension KernelExamination {
    /// As if a guest had said it.
    fileprivate func hear(_ program: String, _ stage: LoadStage) {
        progress[0].add(
            ProgramReport(
                request: 1,
                program: program,
                section: "socket",
                type: 1,
                stage: stage,
                errno: 0,
                log: [],
                isLogCut: false,
                warnings: ""
            )
        )
    }
}

@Suite struct CanaryTests {
    private func report(_ name: String, _ stage: LoadStage, log: String = "") -> ProgramReport {
        ProgramReport(
            request: 1,
            program: name,
            section: "socket",
            type: 1,
            stage: stage,
            errno: stage == .accepted ? 0 : 13,
            log: Array(log.utf8),
            isLogCut: false,
            warnings: ""
        )
    }

    private let finished = ObjectReport(request: 1, stage: .finished, errno: 0, warnings: "", taint: 0)
    private let reason = "R0 !read_ok\nprocessed 1 insns"

    @Test("a guest that tells good from bad has no complaint against it")
    func good() {
        let said = [
            report("canary_good", .accepted), report("canary_bad", .kernel, log: reason),
            report("canary_good_after_bad", .accepted),
        ]
        #expect(Canary.complaint(about: said, finished) == nil)
    }

    @Test("accepting everything, refusing everything, or silence is no proof")
    func bad() {
        let all = ["canary_good", "canary_bad", "canary_good_after_bad"]
        #expect(Canary.complaint(about: all.map { report($0, .accepted) }, finished) != nil)
        #expect(Canary.complaint(about: all.map { report($0, .kernel, log: reason) }, finished) != nil)
        #expect(Canary.complaint(about: [], finished) != nil)
        // Refused, but not by the verifier: a kernel without bpf() would be taken for a strict one.
        let mute = [report(all[0], .accepted), report(all[1], .kernel), report(all[2], .accepted)]
        #expect(Canary.complaint(about: mute, finished) != nil)
        #expect(Canary.complaint(about: [report(all[0], .accepted), report(all[2], .accepted)], finished) != nil)
    }

    @Test("the canaries are objects that can be read")
    func readable() throws {
        let canary = Canary.objects
        #expect(
            try BPFObject(canary.mixed.bytes).programs.map(\.name) == [
                "canary_good", "canary_bad", "canary_good_after_bad",
            ]
        )
        #expect(try BPFObject(canary.acceptable.bytes).programs.count == 1)
        #expect(try BPFObject(canary.unacceptable.bytes).programs.count == 1)
    }
}
