// SPDX-License-Identifier: Apache-2.0

import ChildProcess
import Foundation
import ScratchFolder
import SystemPackage
import TestKernels
import Testing

@Suite struct ScratchFolderTests {
    private func names(in folder: FilePath) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder.string).sorted()
    }

    @Test("a folder is private, and goes with its purpose")
    func purpose() async throws {
        try await withScratchFolder { parent in
            try ScratchFolders(in: parent, prefix: "x-").with { folder in
                let attributes = try FileManager.default.attributesOfItem(atPath: folder.string)
                #expect((attributes[.posixPermissions] as? NSNumber)?.intValue == 0o700)
                try folder.appending("file").write([1])
            }
            #expect(try names(in: parent).isEmpty)
        }
    }

    @Test("what nobody uses any more is swept; what is in use, and what is none of ours, stays")
    func sweep() async throws {
        try await withScratchFolder { parent in
            let folders = ScratchFolders(in: parent, prefix: "x-")
            for name in ["x-0123456789abc", "x-results", "other-0123456789abc"] {
                try FileManager.default.createDirectory(
                    atPath: parent.appending(name).string,
                    withIntermediateDirectories: false
                )
            }
            try folders.with { inUse in
                folders.sweep()
                let left = try names(in: parent)
                #expect(FileManager.default.fileExists(atPath: inUse.string))
                #expect(left.count == 3)
            }
            #expect(try names(in: parent) == ["other-0123456789abc", "x-results"])
        }
    }

    @Test("another user's folder stays, also for root, who could remove it", .enabled(if: geteuid() == 0))
    func otherUsers() async throws {
        try await withScratchFolder { parent in
            for name in ["x-0123456789abc", "x-0123456789abd"] {
                try FileManager.default.createDirectory(
                    atPath: parent.appending(name).string,
                    withIntermediateDirectories: false
                )
            }
            #expect(chown(parent.appending("x-0123456789abc").string, 65534, 65534) == 0)
            ScratchFolders(in: parent, prefix: "x-").sweep()
            #expect(try names(in: parent) == ["x-0123456789abc"])
        }
    }

    @Test("what another process has locked stays until that process ends")
    func locked() async throws {
        try await withScratchFolder { parent in
            let folder = parent.appending("x-0123456789abc")
            try FileManager.default.createDirectory(atPath: folder.string, withIntermediateDirectories: false)
            let folders = ScratchFolders(in: parent, prefix: "x-")
            let (held, continuation) = AsyncStream.makeStream(of: Void.self)
            await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    let script = "exec 9<\"$1\"; flock 9; echo held; exec sleep 1000000"
                    _ = try await Command("sh", ["-c", script, "sh", folder.string]).run(within: .seconds(120)) { _ in
                        continuation.finish()
                    }
                }
                for await _ in held {}
                folders.sweep()
                #expect(FileManager.default.fileExists(atPath: folder.string))
                group.cancelAll()
                // Whose end it is, is not told by an error.
                while await group.nextResult() != nil {}
            }
            folders.sweep()
            #expect(try names(in: parent).isEmpty)
        }
    }

    @Test("what is no folder is left alone, and nothing is waited for: a FIFO, a file, a link")
    func noFolders() async throws {
        try await withScratchFolder { parent in
            #expect(mkfifo(parent.appending("x-0123456789abc").string, 0o600) == 0)
            try parent.appending("x-0123456789abd").write("")
            try FileManager.default.createSymbolicLink(
                atPath: parent.appending("x-0123456789abe").string,
                withDestinationPath: "/"
            )
            ScratchFolders(in: parent, prefix: "x-").sweep()
            #expect(try names(in: parent).count == 3)
        }
    }
}
