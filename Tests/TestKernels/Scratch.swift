// SPDX-License-Identifier: Apache-2.0

import Foundation
import SystemPackage

/// A folder for the length of a test.
public func withScratchFolder<Result>(_ body: (FilePath) async throws -> Result) async throws -> Result {
    let path = FilePath(FileManager.default.temporaryDirectory.path(percentEncoded: false))
        .appending("bpfmatrix-test-\(UUID().uuidString)")
    try FileManager.default.createDirectory(atPath: path.string, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: path.string) }
    return try await body(path)
}

extension FilePath {
    /// Writes a file there.
    public func write(_ text: String) throws {
        try Data(text.utf8).write(to: URL(filePath: string))
    }

    public func write(_ bytes: [UInt8]) throws {
        try Data(bytes).write(to: URL(filePath: string))
    }

    public var contents: [UInt8] { get throws { Array(try Data(contentsOf: URL(filePath: string))) } }
}
