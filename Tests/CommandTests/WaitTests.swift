// SPDX-License-Identifier: Apache-2.0

import ChildProcess
import FileLock
import Foundation
import SystemPackage
import TestKernels
import Testing

/// What is said while another process is at the same thing.
@Suite struct WaitTests {
    @Test("a command that must wait for another one says so at once, and goes on when that one is done")
    func store() async throws {
        try await withScratchFolder { folder in
            let store = folder.appending("store")
            try FileManager.default.createDirectory(atPath: store.string, withIntermediateDirectories: false)
            try folder.appending("image").write("no kernel at all")
            let (said, continuation) = AsyncStream.makeStream(of: String.self)
            let (held, holding) = AsyncStream.makeStream(of: Void.self)
            async let ending = {
                for await _ in held {}
                let command = Command(
                    Tool.path.string,
                    ["kernels", "add", "mine", "--image", folder.appending("image").string],
                    environment: Tool.environment(["BPFMATRIX_STORE": store.string])
                )
                defer { continuation.finish() }
                return try await command.run(within: .seconds(120)) { continuation.yield($0) }
            }()
            var lines: [String] = []
            var iterator = said.makeAsyncIterator()
            try await FileLock.with(store.appending("lock"), for: "the test", within: .seconds(20)) {
                holding.finish()
                lines.append(await iterator.next() ?? "")
            }
            while let line = await iterator.next() { lines.append(line) }
            #expect(try await ending == .exited(3))
            #expect(lines.first?.hasPrefix("note: waiting for ") == true, "\(lines)")
            #expect(lines.first?.contains("which has locked the kernels of \(store)") == true, "\(lines)")
            #expect(lines.contains { $0.contains("is not a kernel that can be booted") }, "\(lines)")
        }
    }
}
