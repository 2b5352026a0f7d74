// SPDX-License-Identifier: Apache-2.0

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
}
