// SPDX-License-Identifier: Apache-2.0

import ContentDigest
import Foundation
import GuestProtocol
import LogStore
import Results
import SystemPackage
import TestKernels
import Testing
import VerdictCache
import VirtualMachine

@testable import Matrix

/// What becomes of logs that are longer than an excerpt, without any guest.
@Suite struct KeptLogTests {
    private let ready = Ready(release: "6.1.0", libbpfVersion: "1.7.0", clockSource: "tsc", seconds: 0)
    private let finished = ObjectReport(request: 1, stage: .finished, errno: 0, warnings: "", taint: 0)
    /// With a reason at its end, as the verifier has it.
    private static let log = Array(((0..<10_000).map { "\($0): (07) r1 += 1\n" }.joined() + "R0 !read_ok\n").utf8)
    private static let digest = ContentDigest(of: log)

    private func report(_ program: String, _ log: [UInt8]) -> ProgramReport {
        ProgramReport(
            request: 1,
            program: program,
            section: "socket",
            type: 1,
            stage: .kernel,
            errno: 22,
            log: log,
            isLogCut: false,
            warnings: ""
        )
    }

    /// As if a guest had refused both programs, the first with a long log.
    private func answer(_ examination: KernelExamination) async {
        await examination.beginLoading(0)
        await examination.hear(.program(report("first", Self.log)), about: 0)
        await examination.hear(.program(report("second", Array("R1 !read_ok\n".utf8))), about: 0)
        await examination.finish(0, finished, by: ready)
    }

    private func withFolder(_ body: (_ folder: FilePath, VerdictCache) async throws -> Void) async throws {
        try await withScratchFolder { folder in
            try await body(folder, try VerdictCache(at: folder.appending("verdicts.sqlite")))
        }
    }

    @Test("a long log is kept beside: results have an excerpt, and the reason that it gives")
    func beside() async throws {
        try await withFolder { folder, _ in
            let store = LogStore(at: folder.appending("logs"))
            let examination = try makeExamination(logs: LogKeeper(store: store))
            await answer(examination)
            let cells = await examination.findings.cells
            #expect(cells.map(\.verdict) == [.rejected, .rejected])
            #expect(cells.map(\.message) == ["R0 !read_ok", "R1 !read_ok"])
            #expect(cells.map(\.logBytes) == [Self.log.count, nil])
            #expect(cells.map(\.logSHA256) == [Self.digest.hexadecimal, nil])
            #expect(cells.first?.log == LogExcerpt(Self.log).text)
            #expect(cells.last?.log == "R1 !read_ok\n")
            #expect(store.log(Self.digest) == Self.log)
            let heard = await HeardProgram(report("first", Self.log), keptBy: LogKeeper())
            #expect(heard.report.log.isEmpty, "the log is not held in memory")
        }
    }

    @Test("an answer with a long log is heard again as it was; without the log the kernel is asked again")
    func recalled() async throws {
        try await withFolder { folder, cache in
            let store = LogStore(at: folder.appending("logs"))
            let first = try makeExamination(memory: VerdictMemory(cache), logs: LogKeeper(store: store))
            await answer(first)
            let answers = try cache.answers(to: await first.questions)
            let answer = try #require(answers.values.first)
            #expect(answer.count < 1024, "the log is not among it")

            let again = try makeExamination(logs: LogKeeper(store: store))
            await again.recall(answers)
            #expect(await again.unfinished.isEmpty)
            var cells = await again.findings.cells
            #expect(cells.map(\.isCached) == [true, true])
            for index in cells.indices { cells[index].isCached = false }
            #expect(await first.findings.cells == cells)

            store.collect(mostBytes: 0)
            let without = try makeExamination(logs: LogKeeper(store: store))
            await without.recall(answers)
            #expect(await without.unfinished == [0])
            #expect(await without.findings.cells.isEmpty)
        }
    }

    @Test("an answer that names logs comes back from bytes as it was, and not from bytes that were changed")
    func bytes() throws {
        let logs = [1 << 26, 7].map { LogReference(digest: Self.digest, bytes: $0) }
        let said: [GuestMessage] = [.program(report("first", [])), .program(report("second", [])), .object(finished)]
        let answer = Answer(from: ready, said, logs: [0: logs[0], 1: logs[1]])
        #expect(Answer(answer.bytes) == answer)
        for position in answer.bytes.indices {
            var changed = answer.bytes
            changed[position] ^= 1
            #expect(Answer(changed) == nil, "byte \(position)")
        }
        let beginning = answer.bytes.count - Answer(from: ready, said).bytes.count
        for length in 0..<beginning { #expect(Answer(Array(answer.bytes.prefix(length))) == nil) }
    }

    @Test("that a log can't be kept is told once, and costs no verdict")
    func unkept() async throws {
        try await withFolder { folder, _ in
            try folder.appending("file").write("")
            let keeper = LogKeeper(store: LogStore(at: folder.appending("file").appending("logs")))
            let (first, failure) = await keeper.keep(Self.log)
            #expect(failure?.description.hasPrefix("logs are not kept whole: \(folder.string)") == true)
            #expect(first.reference?.digest == Self.digest)
            let (_, second) = await keeper.keep(Self.log)
            #expect(second == nil)
            let examination = try makeExamination(logs: keeper)
            await answer(examination)
            #expect(await examination.findings.cells.map(\.verdict) == [.rejected, .rejected])
        }
    }

    @Test("a folder for people has the whole logs of what was refused, under names that say whose they are")
    func folder() async throws {
        try await withFolder { folder, cache in
            let logs = LogFolder(at: folder.appending("for people"))
            try logs.prepare()
            let store = LogStore(at: folder.appending("logs"))
            func names() throws -> [String] {
                try FileManager.default.contentsOfDirectory(atPath: logs.path.string).sorted()
            }
            let digests = [Self.log, Array("R1 !read_ok\n".utf8)].map { ContentDigest(of: $0) }
            let expected = zip(["first", "second"], digests).map { "6.1-o-\($0)-\($1.hexadecimal.prefix(12)).log" }
            let keeper = LogKeeper(store: store, folder: logs)
            let examination = try makeExamination(memory: VerdictMemory(cache), logs: keeper)
            await answer(examination)
            #expect(try names() == expected)
            #expect(digests.map(logs.log) == [Self.log, Array("R1 !read_ok\n".utf8)])

            // Of what is remembered too.
            for name in try names() { try FileManager.default.removeItem(atPath: logs.path.appending(name).string) }
            let again = try makeExamination(logs: keeper)
            await again.recall(try cache.answers(to: await again.questions))
            #expect(try names() == expected)
            #expect(await keeper.failure == nil)

            try FileManager.default.removeItem(atPath: logs.path.string)
            let lost = try makeExamination(logs: keeper)
            await answer(lost)
            #expect(await keeper.failure?.description.contains("cannot write the logs to \(logs.path)") == true)
            #expect(await lost.findings.cells.map(\.verdict) == [.rejected, .rejected])
        }
    }

    @Test(
        "a log's file has a name that a file may have",
        arguments: [
            ("o.bpf.o", "p", "6.1-o.bpf.o-p"), ("a/b.o", "..", "6.1-a_b.o-.."), ("a b\n.o", "p", "6.1-a_b_.o-p"),
            ("größe", "p", "6.1-größe-p"),
            (String(repeating: "ö", count: 200), "p", "6.1-" + String(repeating: "ö", count: 98)),
        ]
    )
    func name(object: String, program: String, expected: String) {
        let cell = Cell(object: object, program: program, kernel: "6.1", verdict: .rejected)
        let name = LogFolder.name(of: cell, digest: Self.digest)
        #expect(name == "\(expected)-\(Self.digest.hexadecimal.prefix(12)).log")
        #expect(name.utf8.count <= 255)
    }
}
