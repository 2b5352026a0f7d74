// SPDX-License-Identifier: Apache-2.0

import BPFObject
import GuestProtocol
import Results
import SystemPackage
import TestKernels
import Testing
import VirtualMachine

@testable import Matrix

/// What is made of guests in which a script loads, whatever they say.
@Suite struct ScriptExaminationTests {
    /// Says what each try is told to say, and may be lost then.
    private struct MadeUpGuest: ScriptedGuest {
        struct Try: Sendable {
            var lines: [ImageLine] = []
            var loss: MachineFailure?
            var taint: UInt64 = 0
        }

        actor Count {
            var asked: [[String]] = []

            func next(_ objects: [String]) -> Int {
                asked.append(objects)
                return asked.count - 1
            }
        }

        let tries: [Try]
        let count = Count()
        let owner = "the guest"
        let release = "6.1.0"

        func name(of loader: ImageLine.Loader?) -> String { "bpftool \(loader?.version ?? "?")" }

        func run(
            objects: [String],
            limits: ExaminationLimits,
            started: @escaping @Sendable (Duration) async -> Void,
            hear: @escaping @Sendable (ImageLine) async throws -> Void
        ) async throws -> UInt64 {
            let turn = tries[min(await count.next(objects), tries.count - 1)]
            await started(.seconds(1))
            for line in turn.lines { try await hear(line) }
            if let loss = turn.loss { throw loss }
            return turn.taint
        }
    }

    private static let loader = introduction()

    private static func introduction(
        format: Int = ScriptConversation.format,
        version: String = "7.5.0",
        kernel: String = "6.1.0",
        taint: UInt64 = 0
    ) -> ImageLine {
        .loader(.init(format: format, loader: "bpftool", version: version, kernel: kernel, tainted: taint))
    }

    private static func line(
        _ name: String,
        _ sha256: String,
        status: Int32,
        taint: UInt64 = 0,
        log: String = "BPF program load failed"
    ) -> ImageLine {
        .object(.init(object: name, sha256: sha256, status: status, programs: [], tainted: taint, log: log))
    }

    private static let good = line(
        ObjectFolder.acceptable,
        Canary.objects.acceptable.digest.hexadecimal,
        status: 0
    )
    private static let bad = line(
        ObjectFolder.unacceptable,
        Canary.objects.unacceptable.digest.hexadecimal,
        status: 255
    )
    private static let panic = MachineFailure(.panicked("Kernel panic - not syncing: x"))

    private func objects() throws -> [TestObject] {
        try ["a", "b"].map { name in
            var builder = ObjectBuilder()
            builder.add(name, section: "socket", [.move(0, 0), .exit])
            return try TestObject(name: "\(name).o", path: name, bytes: builder.build(), isCompiled: false)
        }
    }

    private func said(_ object: TestObject, status: Int32 = 0, taint: UInt64 = 0) -> ImageLine {
        Self.line(Self.file(object), object.digest.hexadecimal, status: status, taint: taint)
    }

    /// As the folder names it.
    private static func file(_ object: TestObject) -> String {
        "\(object.name == "a.o" ? "00001" : "00002")-\(object.name)"
    }

    /// A whole guest's words, canaries included.
    private func words(_ objects: [ImageLine]) -> [ImageLine] {
        [Self.loader, Self.good, Self.bad] + objects + [.end(objects: objects.count + 2)]
    }

    private func examine(
        _ tries: [MadeUpGuest.Try],
        isIsolating: Bool = false
    ) async throws -> (verdicts: [Verdict], asked: [[String]]) {
        try await withScratchFolder { path in
            let objects = try objects()
            let guest = MadeUpGuest(tries: tries)
            let examination = ScriptExamination(
                of: "6.1",
                folder: try ObjectFolder(objects, in: path),
                progress: objects.map { ObjectProgress(object: $0, kernel: "6.1", loader: .bpftool) },
                limits: ExaminationLimits(infrastructureRetries: 1),
                isIsolating: isIsolating,
                report: { _ in }
            )
            let statements = try await examination.run(guest)
            return (statements.map(\.verdict), await guest.count.asked)
        }
    }

    @Test("an image that refuses what was accepted with assumed values contradicts nobody", arguments: [true, false])
    func another(isAssumed: Bool) async throws {
        try await withScratchFolder { path in
            var builder = ObjectBuilder()
            builder.add("p", section: isAssumed ? "fentry" : "socket", [.move(0, 0), .exit])
            let object = try TestObject(name: "a.o", path: "a.o", bytes: builder.build(), isCompiled: false)
            var progress = ObjectProgress(object: object, kernel: "6.1", loader: .both)
            progress.begin()
            let accepted = ProgramReport(
                request: 1,
                program: "p",
                section: "s",
                type: 1,
                stage: .accepted,
                errno: 0,
                log: [],
                isLogCut: false,
                warnings: ""
            )
            progress.add(await HeardProgram(accepted, keptBy: LogKeeper()))
            _ = progress.finish(ObjectReport(request: 1, stage: .finished, errno: 0, warnings: "", taint: 0))
            let examination = ScriptExamination(
                of: "6.1",
                folder: try ObjectFolder([object], in: path),
                progress: [progress],
                limits: ExaminationLimits(infrastructureRetries: 1),
                loaders: WitnessJudgement.Loaders(witness: nil, other: LibbpfVersion("1.7.0")),
                report: { _ in }
            )
            let line = Self.line("00001-a.o", object.digest.hexadecimal, status: 255)
            let loader = Self.introduction(version: "7.7.0")
            let words = [loader, Self.good, Self.bad, line, .end(objects: 3)]
            let statements = try await examination.run(MadeUpGuest(tries: [.init(lines: words)]))
            let statement = try #require(statements.first)
            #expect(statement.verdict == .rejected)
            #expect((statement.disagreement != nil) == !isAssumed)
            #expect((statement.incomparable != nil) == isAssumed)
        }
    }

    @Test("a guest that tells good from bad is believed, object by object")
    func verdicts() async throws {
        let objects = try objects()
        let lines = [
            Self.loader, Self.good, Self.bad, said(objects[0]), said(objects[1], status: 255), .end(objects: 4),
        ]
        let (verdicts, asked) = try await examine([.init(lines: lines)])
        #expect(verdicts == [.accepted, .rejected])
        #expect(asked == [[ObjectFolder.acceptable, ObjectFolder.unacceptable, "00001-a.o", "00002-b.o"]])
    }

    @Test("a guest has no vote that accepts the bad canary, refuses the good one, had another, or says nothing of them")
    func canaries() async throws {
        let objects = try objects()
        let answers = objects.map { said($0) }
        let badAccepted = Self.line(
            ObjectFolder.unacceptable,
            Canary.objects.unacceptable.digest.hexadecimal,
            status: 0
        )
        let goodRefused = Self.line(
            ObjectFolder.acceptable,
            Canary.objects.acceptable.digest.hexadecimal,
            status: 255
        )
        let badNotRun = Self.line(
            ObjectFolder.unacceptable,
            Canary.objects.unacceptable.digest.hexadecimal,
            status: 127
        )
        let another = Self.line(ObjectFolder.acceptable, "00", status: 0)
        let badSha256 = Canary.objects.unacceptable.digest.hexadecimal
        let badWordless = Self.line(ObjectFolder.unacceptable, badSha256, status: 255, log: "Error: no such file")
        let badOther = Self.line(ObjectFolder.unacceptable, "00", status: 255)
        let forged = [
            Self.line("x.o", Canary.objects.acceptable.digest.hexadecimal, status: 0),
            Self.line("y.o", badSha256, status: 255),
        ]
        for canaries in [
            [Self.good, badAccepted], [goodRefused], [Self.good, badNotRun], [another], [Self.good], [],
            [Self.good, badWordless], [Self.good, badOther], forged, [Self.bad, Self.good], [Self.good, Self.good],
            [Self.good, Self.good, Self.bad], [forged[0], Self.good, Self.bad],
        ] {
            let end = ImageLine.end(objects: canaries.count + answers.count)
            let (verdicts, asked) = try await examine([.init(lines: [Self.loader] + canaries + answers + [end])])
            #expect(verdicts == [.infrastructure, .infrastructure], "\(canaries)")
            #expect(asked.count == 2)
        }
    }

    @Test("other bytes than were sent, an object twice, and silence about one are no verdict")
    func outOfStep() async throws {
        let objects = try objects()
        let start = [Self.loader, Self.good, Self.bad]
        let other = Self.line(Self.file(objects[0]), objects[1].digest.hexadecimal, status: 0)
        let (changed, _) = try await examine([.init(lines: start + [other])])
        #expect(changed == [.infrastructure, .infrastructure])
        let (twice, _) = try await examine([.init(lines: start + [said(objects[0]), said(objects[0])])])
        #expect(twice == [.accepted, .infrastructure])
        for silent in [[said(objects[1])], [said(objects[1]), said(objects[0])], []] {
            let (verdicts, _) = try await examine([.init(lines: words(silent))])
            #expect(verdicts == [.infrastructure, .infrastructure], "\(silent)")
        }
    }

    @Test("a script that does not come to its end, or counts otherwise, has said nothing of the last object")
    func end() async throws {
        let objects = try objects()
        let answers = objects.map { said($0) }
        let lines = [Self.loader, Self.good, Self.bad] + answers
        for ending in [[], [.end(objects: 2)], [.end(objects: 4), .end(objects: 4)], [said(objects[0])]]
            as [[ImageLine]]
        {
            let (verdicts, _) = try await examine([.init(lines: lines + ending)])
            #expect(verdicts == [.accepted, .infrastructure], "\(ending)")
        }
    }

    @Test(
        "a script that runs on another kernel, writes in another form, or whose loader has no decent name is not heard"
    )
    func introductions() async throws {
        let answers = try objects().map { said($0) }
        for introduction in [
            Self.introduction(kernel: "5.10.0"), Self.introduction(format: 1), Self.introduction(version: "7\u{1b}[2J"),
            Self.introduction(version: ""), Self.introduction(taint: 1 << 7),
        ] {
            let lines = [introduction, Self.good, Self.bad] + answers + [.end(objects: 4)]
            let (verdicts, _) = try await examine([.init(lines: lines)])
            #expect(verdicts == [.infrastructure, .infrastructure], "\(introduction)")
        }
        let (verdicts, _) = try await examine([.init(lines: Array(words(answers).dropFirst()))])
        #expect(verdicts == [.infrastructure, .infrastructure])
    }

    @Test("a kernel that has oopsed has no word on that object, nor on one that it was through with only just before")
    func oops() async throws {
        let objects = try objects()
        let fine = MadeUpGuest.Try(lines: words(objects.map { said($0) }))
        let during = MadeUpGuest.Try(lines: [Self.loader, Self.good, Self.bad, said(objects[0], taint: 1 << 7)])
        let (crashed, asked) = try await examine([during, during, .init(lines: words([said(objects[1])]))])
        #expect(crashed == [.crashed, .accepted])
        #expect(asked.map(\.count) == [4, 4, 3])
        var late = fine
        late.taint = 1 << 7
        let (after, again) = try await examine([late, .init(lines: words([said(objects[1], status: 255)]))])
        #expect(after == [.accepted, .rejected])
        #expect(again.map(\.count) == [4, 3])
    }

    @Test("a kernel that warns keeps what it has said; the rest is put to another guest")
    func warning() async throws {
        let objects = try objects()
        let warned = [Self.loader, Self.good, Self.bad, said(objects[0], taint: 1 << 9), said(objects[1], status: 255)]
        let (verdicts, asked) = try await examine([.init(lines: warned), .init(lines: words([said(objects[1])]))])
        #expect(verdicts == [.accepted, .accepted])
        #expect(asked.map(\.count) == [4, 3])
    }

    @Test(
        "what old bpftools print of a kernel's refusal is one",
        arguments: ["load bpf program failed: x", "-- BEGIN DUMP LOG --"]
    )
    func oldWords(log: String) {
        #expect(WitnessJudgement.verdict(255, "libbpf: \(log)") == .rejected)
    }

    @Test("a kernel that breaks down twice over an object has crashed over it; the others are asked in another guest")
    func crash() async throws {
        let objects = try objects()
        let start = [Self.loader, Self.good, Self.bad]
        let lost = MadeUpGuest.Try(lines: start, loss: Self.panic)
        let (verdicts, asked) = try await examine([lost, lost, .init(lines: words([said(objects[1])]))])
        #expect(verdicts == [.crashed, .accepted])
        #expect(asked.last == [ObjectFolder.acceptable, ObjectFolder.unacceptable, "00002-b.o"])
    }

    @Test("a kernel that breaks down before the canaries are through has crashed over nothing")
    func earlyCrash() async throws {
        let (verdicts, _) = try await examine([.init(lines: [Self.loader, Self.good], loss: Self.panic)])
        #expect(verdicts == [.infrastructure, .infrastructure])
    }

    @Test("without the agent a script's bpftool is compared with this machine's on the same object")
    func comparison() throws {
        let object = try #require(try objects().first)
        func disagreement(_ status: Int32, _ other: Verdict) -> String? {
            WitnessJudgement.statement(
                WitnessReport(request: 0, status: status, output: Array("BPF program load failed".utf8), taint: 0),
                about: ObjectProgress(object: object, kernel: "6.1", loader: [.bpftool, .image]),
                comparedWith: WitnessStatement(object: object.name, kernel: "6.1", verdict: other, output: ""),
                WitnessJudgement.Loaders()
            ).disagreement
        }
        #expect(disagreement(0, .rejected) != nil && disagreement(255, .accepted) != nil)
        #expect(disagreement(0, .accepted) == nil && disagreement(255, .rejected) == nil)
        #expect(disagreement(0, .infrastructure) == nil && disagreement(255, .object) == nil)
    }

    @Test("so it is in an examination, and the disagreement is in its statement")
    func comparisonInExamination() async throws {
        let objects = try objects()
        let lines = words([said(objects[0], status: 255), said(objects[1], status: 255)])
        let statements = try await withScratchFolder { path in
            let progress = objects.map { object in
                var progress = ObjectProgress(object: object, kernel: "6.1", loader: [.bpftool, .image])
                let verdict: Verdict = object.name == "a.o" ? .accepted : .rejected
                progress.testify(WitnessStatement(object: object.name, kernel: "6.1", verdict: verdict, output: ""))
                return progress
            }
            return try await ScriptExamination(
                of: "6.1",
                folder: try ObjectFolder(objects, in: path),
                progress: progress,
                limits: ExaminationLimits(),
                report: { _ in }
            ).run(MadeUpGuest(tries: [.init(lines: lines)]))
        }
        #expect(statements.map { $0.disagreement != nil } == [true, false])
    }

    @Test("a crash's reason is its own line, and the console is the log")
    func reason() throws {
        let object = try #require(try objects().first)
        let output = "the kernel panicked: x\n[ 1.0] Kernel panic\n[ 2.0] ---[ end ]---"
        let statement = WitnessStatement(object: object.name, kernel: "6.1", verdict: .crashed, output: output)
        let cell = ObjectProgress(object: object, kernel: "6.1", loader: .image).cellsByWitness(statement).first
        #expect(cell?.message == "the kernel panicked: x")
        #expect(cell?.log == output)
    }

    @Test("isolated, each object has a guest, and canaries, of its own")
    func isolation() async throws {
        let objects = try objects()
        let tries = objects.map { MadeUpGuest.Try(lines: words([said($0)])) }
        let (verdicts, asked) = try await examine(tries, isIsolating: true)
        #expect(verdicts == [.accepted, .accepted])
        #expect(asked.map { $0.dropFirst(2) } == [["00001-a.o"], ["00002-b.o"]])
    }
}
