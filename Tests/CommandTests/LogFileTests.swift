// SPDX-License-Identifier: Apache-2.0

import ContentDigest
import Foundation
import LogStore
import Reports
import Results
import SystemPackage
import TestKernels
import Testing

/// Long logs: excerpts in the results, and the whole beside them.
@Suite struct LogFileTests {
    private static let log = (0..<20_000).map { "line \($0)\n" }.joined()
    private static let excerpt = LogExcerpt(Array(log.utf8))
    private static let digest = ContentDigest(of: Array(log.utf8))

    /// Results with one refusal whose log is long.
    private static var results: MatrixResults {
        let cell = Cell(
            object: "o.bpf.o",
            program: "p",
            kernel: "6.1",
            verdict: .rejected,
            errno: 13,
            message: "R0 !read_ok",
            log: excerpt.text,
            logSHA256: digest.hexadecimal,
            logBytes: log.utf8.count
        )
        let program = TestedProgram(name: "p", section: "socket", type: "socket_filter")
        return MatrixResults(
            tool: Version(name: "bpfmatrix", version: "0"),
            loader: Version(name: "libbpf", version: "1.7.0"),
            witness: nil,
            objects: [
                TestedObject(name: "o.bpf.o", path: "o.bpf.o", sha256: "", programs: [program], isCompiled: false)
            ],
            kernels: [
                TestedKernel(
                    spec: "6.1",
                    version: "6.1.192",
                    release: "6.1.192-test",
                    digest: "",
                    source: "",
                    accelerator: "tcg"
                )
            ],
            cells: [cell],
            bpftool: [],
            summary: Summary(cells: [cell], witnesses: [], seconds: 1)
        )
    }

    /// A folder with results, and an empty store.
    private func withResults(
        _ body: (_ folder: FilePath, _ logs: LogStore, _ environment: [String: String]) async throws -> Void
    ) async throws {
        try await withScratchFolder { folder in
            try folder.appending("results.json").write([UInt8](try JSONReport.data(Self.results)))
            let store = folder.appending("store")
            try await body(folder, LogStore(at: store.appending("logs")), ["BPFMATRIX_STORE": store.string])
        }
    }

    @Test("explain --log prints the whole log from the store, and an excerpt with a note where it is not there")
    func store() async throws {
        try await withResults { folder, logs, environment in
            let explain = ["explain", "results.json", "--log"]
            let without = try await Tool.run(explain, in: folder, environment: environment)
            #expect(without.status == 0)
            #expect(without.output == Self.excerpt.text)
            #expect(without.output.contains("bytes are left out]"))
            #expect(without.errors.contains("of the log's \(Self.log.utf8.count) bytes, and the whole log is not here"))
            try logs.keep(Array(Self.log.utf8), digest: Self.digest)
            let with = try await Tool.run(explain, in: folder, environment: environment)
            #expect(with.output == Self.log)
            #expect(with.errors.isEmpty, "\(with.errors)")
        }
    }

    @Test("explain --log --logs takes the log from a folder, if it is the right one")
    func folder() async throws {
        try await withResults { folder, _, environment in
            let file = folder.appending("mine-\(Self.digest.hexadecimal.prefix(12)).log")
            let explain = ["explain", "results.json", "--log", "--logs", "."]
            try file.write("another log")
            let other = try await Tool.run(explain, in: folder, environment: environment)
            #expect(other.output == Self.excerpt.text)
            try file.write(Self.log)
            let right = try await Tool.run(explain, in: folder, environment: environment)
            #expect(right.output == Self.log)
            let wrong = try await Tool.run(["explain", "results.json", "--logs", "."], in: folder)
            #expect(wrong.status == 64 && wrong.errors.contains("--logs goes with --log"))
        }
    }

    @Test("kernels gc removes logs beyond what it is told to keep")
    func garbage() async throws {
        try await withResults { _, logs, environment in
            try logs.keep(Array(Self.log.utf8), digest: Self.digest)
            let kept = try await Tool.run(["kernels", "gc"], environment: environment)
            #expect(kept.output == "0 saved guests kept, 0 MB\nverifier logs: 1 MB kept\n", "\(kept.errors)")
            let removed = try await Tool.run(["kernels", "gc", "--logs", "0"], environment: environment)
            #expect(removed.output == "0 saved guests kept, 0 MB\nremoved 1 verifier log\n", "\(removed.errors)")
            #expect(logs.log(Self.digest) == nil)
            let wrong = try await Tool.run(["kernels", "gc", "--logs", "-1"], environment: environment)
            #expect(wrong.status == 64)
        }
    }

    @Test("a run's results stay small, and its whole logs are in the store and in a folder for people (6.12)")
    func run() async throws {
        _ = try await TestKernels.kernel("6.12")
        // Some 600 KB of log: every turn of the loop is walked through.
        let object = try await CompiledFixture.object(
            "long",
            """
            SEC("raw_tp/sys_enter") int long_way(void *ctx)
            {
                __u64 sum = 0;
                for (int i = 0; i < 1000; i++)
                    sum += bpf_get_prandom_u32();
                return sum + *(volatile int *)8;
            }

            """
        )
        try await withScratchFolder { folder in
            try folder.appending("long.o").write(object.bytes)
            let test = [
                "test", "long.o", "--kernels", "6.12", "--loader", "agent", "--accel", "tcg", "--json", "r.json",
                "--logs", "logs/here",
            ]
            let asked = try await Tool.run(test + ["--no-cache"], in: folder)
            #expect(asked.status == 1, "\(asked.errors)")
            let json = try folder.appending("r.json").contents
            #expect(json.count < 2 * LogExcerpt.mostBytes)
            let cell = try #require(try JSONReport.results(Data(json)).cells.first)
            #expect(cell.message == "R1 invalid mem access 'scalar'")
            let size = try #require(cell.logBytes)
            #expect(size > 200_000)
            let names = try FileManager.default.contentsOfDirectory(atPath: folder.appending("logs/here").string)
            #expect(names == ["6.12-long.o-long_way-\(try #require(cell.logSHA256).prefix(12)).log"])
            let file = folder.appending("logs/here").appending(try #require(names.first))
            let whole = try file.contents
            #expect(whole.count == size)
            let printed = try await Tool.run(["explain", "r.json", "--log"], in: folder)
            #expect(Array(printed.output.utf8) == whole)

            // The same again, of what is remembered, where the file can't be written.
            try FileManager.default.removeItem(atPath: file.string)
            try FileManager.default.createDirectory(atPath: file.string, withIntermediateDirectories: false)
            let again = try await Tool.run(test, in: folder)
            #expect(again.status == 1)
            #expect(again.output.contains("cached"), "\(again.output)")
            #expect(again.errors.contains("bpfmatrix: cannot write the logs to logs/here"), "\(again.errors)")
            let remembered = try JSONReport.results(Data(try folder.appending("r.json").contents)).cells.first
            #expect(remembered?.log == cell.log && remembered?.explanation == cell.explanation)
            let unusable = try await Tool.run(test.dropLast() + ["r.json"], in: folder)
            #expect(unusable.status == 3)
            #expect(unusable.errors.contains("cannot write the logs to r.json"), "\(unusable.errors)")
        }
    }

    @Test("killed in the middle of a run, what kernels have answered by then is not asked again (6.12)")
    func killed() async throws {
        _ = try await TestKernels.kernel("6.12")
        // Bytes that no other run has asked about.
        let mark = "const volatile char run_mark[] = \"\(UUID().uuidString)\";\n"
        let good = try await CompiledFixture.object(
            "good",
            mark + "SEC(\"kprobe/vfs_open\") int good(void *ctx) { return run_mark[0]; }\n"
        )
        let slow = try await CompiledFixture.object(
            "slow",
            """
            SEC("kprobe/vfs_open") int slow(void *ctx)
            {
                __u64 sum = 0;
                for (int i = 0; i < 1000000; i++)
                    if (bpf_get_prandom_u32() & 1)
                        sum += i;
                return sum;
            }

            """
        )
        try await withScratchFolder { folder in
            try FileManager.default.createDirectory(
                atPath: folder.appending("objects").string,
                withIntermediateDirectories: false
            )
            try folder.appending("objects/good.o").write(good.bytes)
            try folder.appending("objects/slow.o").write(slow.bytes)
            let run = "--kernels 6.12 --loader agent --accel tcg --jobs 1"
            let killed = try await Tool.script(
                """
                "$bpfmatrix" test objects \(run) --no-cache >said 2>&1 &
                id=$!
                for turn in $(seq 600); do grep -q 'good.o: 1 of 1 accepted' said && break; sleep 0.1; done
                kill -KILL $id
                wait $id
                echo $?
                cat said
                """,
                in: folder
            )
            #expect(killed.output.hasPrefix("137\n"), "\(killed)")
            #expect(killed.output.contains("good.o: 1 of 1 accepted"), "\(killed)")
            #expect(!killed.output.contains("slow.o: "), "\(killed)")
            let again = try await Tool.script("\"$bpfmatrix\" test objects/good.o \(run)", in: folder)
            #expect(again.status == 0, "\(again.errors)")
            #expect(again.output.contains("good.o: 1 of 1 accepted, cached"), "\(again.output)")
        }
    }
}
