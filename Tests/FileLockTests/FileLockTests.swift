// SPDX-License-Identifier: Apache-2.0

import ChildProcess
import Foundation
import Synchronization
import TestKernels
import Testing

@testable import FileLock

@Suite struct FileLockTests {
    @Test("who comes second is told once that it must wait, and gets the lock when it is free")
    func second() async throws {
        try await withScratchFolder { folder in
            let path = folder.appending("lock")
            let (held, heldContinuation) = AsyncStream.makeStream(of: Void.self)
            let (release, releaseContinuation) = AsyncStream.makeStream(of: Void.self)
            async let first: Void = FileLock.with(path, for: "the test", within: .seconds(20)) {
                heldContinuation.finish()
                for await _ in release {}
            }
            for await _ in held {}
            // A lock, since the closure that counts may run anywhere.
            let waits = Mutex(0)
            try await FileLock.with(
                path,
                for: "the test",
                within: .seconds(20),
                waiting: {
                    waits.withLock { $0 += 1 }
                    releaseContinuation.finish()
                }
            ) {}
            try await first
            #expect(waits.withLock { $0 } == 1)
        }
    }

    @Test("a holder that never lets go is not waited for without an end")
    func stopped() async throws {
        try await withScratchFolder { folder in
            let path = folder.appending("lock")
            try await FileLock.with(path, for: "the test", within: .seconds(20)) {
                let error = await #expect(throws: FileLockError.self) {
                    try await FileLock.with(path, for: "the test", within: .milliseconds(250)) {}
                }
                #expect(error?.description.hasPrefix("cannot lock the test (\(path)): ") == true)
                #expect(error?.reason.contains("process") == true && error?.reason.contains("has held it for") == true)
            }
        }
    }

    @Test("the lock is free when its holder is done, though a child that was just started still has the descriptor")
    func inherited() async throws {
        try await withScratchFolder { folder in
            let path = folder.appending("lock")
            // What fork(2) does to every descriptor: another one of the same open file.
            let inherited = try await FileLock.with(path, for: "the test", within: .seconds(20)) {
                let numbers = try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").compactMap {
                    CInt($0)
                }
                let ours = numbers.first { number in
                    (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\(number)"))
                        == path.string
                }
                return dup(try #require(ours))
            }
            #expect(inherited >= 0)
            try await FileLock.with(path, for: "the test", within: .zero) {}
            close(inherited)
        }
    }

    @Test("who has people to report to is told at once which process is waited for, and for what it holds the lock")
    func listener() async throws {
        try await withScratchFolder { folder in
            let path = folder.appending("lock")
            try path.write("")
            let (told, continuation) = AsyncStream.makeStream(of: String.self)
            let (held, heldContinuation) = AsyncStream.makeStream(of: Void.self)
            let seconds = "1000000.\(UInt32.random(in: 0...UInt32.max))"
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    let script = "echo held; exec sleep \(seconds)"
                    let holder = Command("flock", ["--no-fork", path.string, "sh", "-c", script])
                    _ = try await holder.run(within: .seconds(120)) { _ in heldContinuation.finish() }
                }
                for await _ in held {}
                group.addTask {
                    let tell: @Sendable (String) -> Void = { continuation.yield($0) }
                    try await FileLock.withListener(tell) {
                        try await FileLock.with(path, for: "the kernels", within: .seconds(60)) {}
                    }
                }
                var iterator = told.makeAsyncIterator()
                let sentence = try #require(await iterator.next())
                // Some file systems have other numbers for files than the kernel's table of locks.
                #expect(
                    sentence.hasPrefix("waiting for another process") || sentence.contains("sleep \(seconds))"),
                    "\(sentence)"
                )
                #expect(sentence.hasSuffix(", which has locked the kernels"), "\(sentence)")
                group.cancelAll()
            }
        }
    }

    @Test(
        "the holder of a lock is found in the kernel's table, and nobody else is taken for it",
        arguments: [(42, 1234), (43, nil), (44, nil), (45, nil), (46, nil)] as [(UInt64, Int?)]
    )
    func table(inode: UInt64, expected: Int?) {
        let table = """
            1: POSIX  ADVISORY  WRITE 7 08:01:42 0 EOF
            2: FLOCK  ADVISORY  WRITE 1234 08:1f:42 0 EOF
            2: -> FLOCK  ADVISORY  WRITE 9 08:1f:43 0 EOF
            3: FLOCK  ADVISORY  WRITE 0 08:1f:44 0 EOF
            4: FLOCK  ADVISORY  WRITE 11 08:02:45 0 EOF
            5: FLOCK
            """
        #expect(LockHolder.process(holding: inode, on: (8, 0x1f), in: table) == expected)
    }

    @Test("a command line is shown without what a terminal would obey, and not longer than a line")
    func commandLine() {
        #expect(LockHolder.text(ofCommandLine: Array("/usr/bin/x\0a b\0\u{1b}[2J\0".utf8)) == "x a b  [2J")
        #expect(LockHolder.text(ofCommandLine: Array(String(repeating: "y", count: 100).utf8)).count == 61)
    }
}
