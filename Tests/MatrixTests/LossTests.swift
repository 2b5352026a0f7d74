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
        await examination.learn(from: gone, over: .loading(0, program: "first"))
        let findings = await examination.findings
        #expect(findings.cells.map(\.verdict) == [.infrastructure, .infrastructure])
        #expect(findings.kernel.failure == nil, "the kernel itself is not to blame")
    }

    @Test("what is lost over one object counts against that object alone")
    func lossesApart() async throws {
        let limits = ExaminationLimits(infrastructureRetries: 2)
        let examination = try makeExamination(limits: limits, objects: ["a", "b", "c", "d"])
        for index in 0..<4 {
            for _ in 0..<2 { await examination.learn(from: gone, over: .loading(index, program: "first")) }
        }
        #expect(await examination.findings.cells.isEmpty)
        await examination.learn(from: gone, over: .loading(2, program: nil))
        let findings = await examination.findings
        #expect(findings.cells.map(\.object) == ["c", "c"])
        #expect(findings.kernel.failure == nil)
        #expect(await examination.unfinished == [0, 1, 3])
    }

    @Test("a kernel is given up when no guest of it starts, as often as the limit says for each lane")
    func noStart() async throws {
        let examination = try makeExamination(limits: ExaminationLimits(infrastructureRetries: 2))
        for _ in 0..<6 { await examination.learn(from: gone, over: .nothing, lanes: 3) }
        #expect(await examination.findings.kernel.failure == nil)
        await examination.learn(from: gone, over: .nothing, lanes: 3)
        let findings = await examination.findings
        #expect(findings.kernel.failure != nil)
        #expect(findings.cells.map(\.verdict) == [.infrastructure, .infrastructure])
    }

    @Test("a kernel with a guest at work is not given up because no other starts; once that guest is gone it may be")
    func fewerGuests() async throws {
        let examination = try makeExamination(limits: ExaminationLimits(infrastructureRetries: 1))
        await examination.countGuest()
        for _ in 0..<9 { await examination.learn(from: gone, over: .nothing) }
        #expect(await examination.findings.kernel.failure == nil)
        #expect(await examination.learn(from: gone, over: .nothing), "there is time before the next try")
        await examination.guestEnded()
        #expect(await !examination.learn(from: gone, over: .nothing))
        #expect(await examination.findings.kernel.failure == nil, "the tries count from the end of that guest")
        await examination.learn(from: gone, over: .nothing)
        #expect(await examination.findings.kernel.failure != nil)
    }

    @Test("what a module does to guests is blamed on no program", arguments: [true, false])
    func modules(crashes: Bool) async throws {
        let examination = try makeExamination(limits: ExaminationLimits(infrastructureRetries: 1))
        let failure = crashes ? Self.panic : silence
        await examination.learn(from: failure, over: .loadingModules(0))
        #expect(await examination.findings.cells.isEmpty)
        await examination.learn(from: failure, over: .loadingModules(0))
        let cells = await examination.findings.cells
        #expect(cells.map(\.verdict) == [.infrastructure, .infrastructure])
        #expect(cells.first?.message?.hasPrefix("the guest was lost while it loaded the modules ") == true)
    }

    @Test("where it is not known what modules have, what is missing is no verdict; anything else is one")
    func unknownModules() async throws {
        let reason = "the modules of 6.1 can't be read: damaged"
        let examination = try makeExamination(section: "fentry/absent", modules: [.notKnown(reason)])
        await examination.beginLoading(0)
        func report(_ program: String, _ stage: LoadStage, errno: Int32, log: String, warnings: String) -> ProgramReport
        {
            ProgramReport(
                request: 1,
                program: program,
                section: "fentry/absent",
                type: 26,
                stage: stage,
                errno: errno,
                log: Array(log.utf8),
                isLogCut: false,
                warnings: warnings
            )
        }
        let absence = "libbpf: prog 'first': failed to find kernel BTF type ID of 'absent': -ESRCH\n"
        let missing = report("first", .loader, errno: 3, log: "", warnings: absence)
        let refused = report("second", .kernel, errno: 13, log: "0: (95) exit\nR0 !read_ok\n", warnings: "")
        await examination.hear(.program(missing), about: 0)
        await examination.hear(.program(refused), about: 0)
        let ended = ObjectReport(request: 1, stage: .finished, errno: 0, warnings: "", taint: 0)
        let ready = Ready(release: "6.1.0", libbpfVersion: "1.7.0", clockSource: "tsc", seconds: 0)
        await examination.finish(0, ended, by: ready)
        let cells = await examination.findings.cells
        #expect(cells.map(\.verdict) == [.infrastructure, .rejected])
        #expect(cells.first?.message == reason)
    }

    @Test("an agent that dies says nothing of the kernel")
    func agentDies() async throws {
        let died = MachineFailure(.agentDied("Kernel panic - not syncing: Attempted to kill init!"))
        let examination = try makeExamination(limits: ExaminationLimits(infrastructureRetries: 1))
        for _ in 0..<2 { await examination.learn(from: died, over: .loading(0, program: "first")) }
        #expect(await examination.findings.cells.map(\.verdict) == [.infrastructure, .infrastructure])
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

/// What runs out in a guest says nothing of the kernel before a larger guest has been asked.
@Suite struct MemoryShortageTests {
    private let full = MachineFailure(.outOfMemory("Kernel panic - not syncing: System is deadlocked on memory"))

    @Test("a guest without memory left is no crash: a larger one is asked, once")
    func outOfMemory() async throws {
        let examination = try makeExamination(largerMemory: 4096)
        await examination.learn(from: full, over: .loading(0, program: "first"))
        #expect(await examination.findings.cells.isEmpty)
        #expect(await examination.deferred == [0])
        #expect(await examination.isDeferred(0))
        await examination.beginAskingLargerGuests()
        #expect(await !examination.isDeferred(0))
        await examination.learn(from: full, over: .loading(0, program: "first"))
        #expect(await examination.findings.cells.map(\.verdict) == [.infrastructure, .infrastructure])
    }

    @Test("where no larger guest is to be had, there is no verdict")
    func nothingLarger() async throws {
        let examination = try makeExamination()
        await examination.learn(from: full, over: .loading(0, program: nil))
        #expect(await examination.findings.cells.map(\.verdict) == [.infrastructure, .infrastructure])
    }

    @Test("what can't fit in the larger guest either is not tried there")
    func beyond() async throws {
        let examination = try makeExamination(largerMemory: 4096)
        let gigabytes = MemoryShortage(what: "map 'flows'", leastMemory: 16 << 30)
        #expect(await !examination.askLargerGuest(about: 0, because: gigabytes))
        #expect(await examination.deferred.isEmpty)
        let megabytes = MemoryShortage(what: "map 'flows'", leastMemory: 440 << 20)
        #expect(await examination.askLargerGuest(about: 0, because: megabytes))
        #expect(await examination.deferred == [0])
    }

    @Test("a map that is larger than the guest is no verdict, and the words name both sizes")
    func words() {
        let refused = Judgement(
            ProgramReport(
                request: 1,
                program: "p",
                section: "socket",
                type: 1,
                stage: .accepted,
                errno: 0,
                log: [],
                isLogCut: false,
                warnings: ""
            ),
            refusedMaps: [
                MapReport(request: 1, map: "flows", index: 0, type: 1, maxEntries: 1, errno: 12, warnings: "")
            ]
        )
        #expect(refused.verdict == .map)
        let shortage = MemoryShortage(what: "map 'flows'", leastMemory: 440 << 20)
        let small = refused.unlessBeyond(memory: 512, shortage)
        #expect(small.verdict == .infrastructure)
        #expect(small.message == "map 'flows' needs 440 MiB or more, and the guest has 512 MiB: see --memory")
        // There is room for it: what the kernel says is a rule of its own.
        #expect(refused.unlessBeyond(memory: 4096, shortage).verdict == .map)
    }
}

extension KernelExamination {
    /// As if a guest had said it.
    fileprivate func hear(_ program: String, _ stage: LoadStage) async {
        let said = ProgramReport(
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
        await hear(.program(said), about: 0)
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
