// SPDX-License-Identifier: Apache-2.0

import ContentDigest
import GuestProtocol
import Matrix
import TestKernels
import Testing
import VerifierLog
import VirtualMachine

extension RealKernels {
    /// Logs that are longer than what is asked for.
    @Suite struct CutLogTests {
        /// 5.10 loses a log's end, 6.12 its beginning.
        @Test("a log that was cut keeps its reason, and tells no place that is lost", arguments: ["5.10", "6.12"])
        func reason(line: String) async throws {
            let source = try #require(try CauseProgram.sources().first { $0.lastComponent?.string == "flow.c" })
            let compiled = try await CompiledFixture.compile(source)
            let object = try InputReader.object(compiledFrom: source, at: compiled.path)
            // Some 40,000 instructions, in a log of some 2 MB.
            let program = "too_many_jumps"
            let request = LoadRequest(
                id: 7,
                name: object.name,
                digest: object.digest.bytes,
                object: object.bytes,
                skipped: object.contents.programs.map(\.name).filter { $0 != program },
                logLimit: 1 << 20
            )
            let report = try await withVirtualMachine(
                try await TestKernels.machine(line),
                bootLimit: .seconds(60)
            ) { guest in
                try await guest.link.send(.load(request))
                while true {
                    let message = try await guest.link.next(within: .seconds(60), waitingFor: program)
                    if case .program(let report) = message { return report }
                    if case .object(let ended) = message { throw Ended(description: "\(ended)") }
                }
            }
            #expect(report.isLogCut && report.log.count < 2 << 20)
            let log = VerifierLog(report.log, isCut: report.isLogCut)
            #expect(log.messages == ["The sequence of 8193 jumps is too complex."])
            #expect((log.failure == nil) == (line == "5.10"))
            #expect(Cause(of: Evidence(refusal: .program, errno: report.errno, log: log)).code == .tooComplex)
        }

        private struct Ended: Error, CustomStringConvertible {
            let description: String
        }
    }
}
