// SPDX-License-Identifier: Apache-2.0

import BPFObject
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

    private static let loader = ImageLine.loader(.init(loader: "bpftool", version: "7.5.0", kernel: "6.1.0"))

    private static func line(_ name: String, _ sha256: String, status: Int32) -> ImageLine {
        .object(.init(object: name, sha256: sha256, status: status, programs: [], log: "BPF program load failed"))
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

    private func said(_ object: TestObject, status: Int32 = 0) -> ImageLine {
        Self.line(object.name, object.digest.hexadecimal, status: status)
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

    @Test("a guest that tells good from bad is believed, object by object")
    func verdicts() async throws {
        let objects = try objects()
        let lines = [
            Self.loader, Self.good, Self.bad, said(objects[0]), said(objects[1], status: 255), .end(objects: 4),
        ]
        let (verdicts, asked) = try await examine([.init(lines: lines)])
        #expect(verdicts == [.accepted, .rejected])
        #expect(asked == [[ObjectFolder.acceptable, ObjectFolder.unacceptable, "a.o", "b.o"]])
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
        for canaries in [[Self.good, badAccepted], [goodRefused], [Self.good, badNotRun], [another], [Self.good], []] {
            let (verdicts, asked) = try await examine([.init(lines: [Self.loader] + canaries + answers)])
            #expect(verdicts == [.infrastructure, .infrastructure], "\(canaries)")
            #expect(asked.count == 2)
        }
    }

    @Test("other bytes than were sent, an object twice, and silence about one are no verdict")
    func outOfStep() async throws {
        let objects = try objects()
        let start = [Self.loader, Self.good, Self.bad]
        let other = Self.line(objects[0].name, objects[1].digest.hexadecimal, status: 0)
        let (changed, _) = try await examine([.init(lines: start + [other])])
        #expect(changed == [.infrastructure, .infrastructure])
        let (twice, _) = try await examine([.init(lines: start + [said(objects[0]), said(objects[0])])])
        #expect(twice == [.accepted, .infrastructure])
        let (silent, _) = try await examine([.init(lines: start + [said(objects[1])])])
        #expect(silent == [.infrastructure, .accepted])
    }

    @Test("a kernel that breaks down twice over an object has crashed over it; the others are asked in another guest")
    func crash() async throws {
        let objects = try objects()
        let start = [Self.loader, Self.good, Self.bad]
        let lost = MadeUpGuest.Try(lines: start, loss: Self.panic)
        let (verdicts, asked) = try await examine([lost, lost, .init(lines: start + [said(objects[1])])])
        #expect(verdicts == [.crashed, .accepted])
        #expect(asked.last == [ObjectFolder.acceptable, ObjectFolder.unacceptable, "b.o"])
    }

    @Test("a kernel that breaks down before the canaries are through has crashed over nothing")
    func earlyCrash() async throws {
        let (verdicts, _) = try await examine([.init(lines: [Self.loader, Self.good], loss: Self.panic)])
        #expect(verdicts == [.infrastructure, .infrastructure])
    }

    @Test("isolated, each object has a guest, and canaries, of its own")
    func isolation() async throws {
        let objects = try objects()
        let start = [Self.loader, Self.good, Self.bad]
        let tries = objects.map { MadeUpGuest.Try(lines: start + [said($0)]) }
        let (verdicts, asked) = try await examine(tries, isIsolating: true)
        #expect(verdicts == [.accepted, .accepted])
        #expect(asked.map { $0.dropFirst(2) } == [["a.o"], ["b.o"]])
    }
}
