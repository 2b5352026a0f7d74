// SPDX-License-Identifier: Apache-2.0

import FileLock
import Foundation
import Synchronization
import TestKernels
import Testing

@Suite struct FileLockTests {
    @Test("who comes second is told once that it must wait, and gets the lock when it is free")
    func second() async throws {
        try await withScratchFolder { folder in
            let path = folder.appending("lock")
            let (held, heldContinuation) = AsyncStream.makeStream(of: Void.self)
            let (release, releaseContinuation) = AsyncStream.makeStream(of: Void.self)
            async let first: Void = FileLock.with(path, within: .seconds(20)) {
                heldContinuation.finish()
                for await _ in release {}
            }
            for await _ in held {}
            // A lock, since the closure that counts may run anywhere.
            let waits = Mutex(0)
            try await FileLock.with(
                path,
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
            try await FileLock.with(path, within: .seconds(20)) {
                let error = await #expect(throws: FileLockError.self) {
                    try await FileLock.with(path, within: .milliseconds(250)) {}
                }
                #expect(error?.reason.contains("another process has held it") == true)
            }
        }
    }
}
