// SPDX-License-Identifier: Apache-2.0

import ContentDigest
import Foundation
import Results
import SystemPackage

/// Why whole logs are not where the user wants them.
public struct LogFolderError: Error, Hashable, CustomStringConvertible {
    let path: String
    let reason: String

    public var description: String { "cannot write the logs to \(path): \(reason)" }
}

/// A folder of whole logs, for people and for what a CI keeps of a run.
public struct LogFolder: Sendable {
    let path: FilePath

    /// Bytes; file systems allow 255 (limits.h: `NAME_MAX`).
    private static let longestName = 200
    private static let digits = 12

    public init(at path: FilePath) {
        self.path = path
    }

    /// Makes the folder where there is none, and finds out whether files can be made in it.
    public func prepare() throws(LogFolderError) {
        do {
            try FileManager.default.createDirectory(atPath: path.string, withIntermediateDirectories: true)
        } catch {
            throw LogFolderError(path: path.string, reason: error.localizedDescription)
        }
        guard FileManager.default.isWritableFile(atPath: path.string) else {
            throw LogFolderError(path: path.string, reason: "it is no folder that can be written to")
        }
    }

    func write(_ log: [UInt8], of cell: Cell) throws(LogFolderError) {
        let place = path.appending(Self.name(of: cell, digest: ContentDigest(of: log)))
        do {
            try Data(log).write(to: URL(filePath: place.string), options: .atomic)
        } catch {
            throw LogFolderError(path: place.string, reason: error.localizedDescription)
        }
    }

    /// `6.1-probe.bpf.o-handler-3f9c0a1b2c3d.log`: whose log it is, and the beginning of its SHA-256, by which it is found again.
    static func name(of cell: Cell, digest: ContentDigest) -> String {
        var name = ""
        for scalar in "\(cell.kernel)-\(cell.object)-\(cell.program)".unicodeScalars {
            let isPlain = scalar.value > 0x20 && scalar != "/" && scalar != "\u{7f}"
            let character: Unicode.Scalar = isPlain ? scalar : "_"
            guard name.utf8.count + UTF8.width(character) <= longestName else { break }
            name.unicodeScalars.append(character)
        }
        // A hidden file would not be found.
        if name.hasPrefix(".") { name = "_" + name.dropFirst() }
        return name + ending(digest)
    }

    private static func ending(_ digest: ContentDigest) -> String { "-\(digest.hexadecimal.prefix(digits)).log" }

    /// The log with that digest; nil where the folder has none.
    public func log(_ digest: ContentDigest) -> [UInt8]? {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: path.string)) ?? []
        for name in names.sorted() where name.hasSuffix(Self.ending(digest)) {
            guard let data = FileManager.default.contents(atPath: path.appending(name).string) else { continue }
            let bytes = [UInt8](data)
            if ContentDigest(of: bytes) == digest { return bytes }
        }
        return nil
    }
}
