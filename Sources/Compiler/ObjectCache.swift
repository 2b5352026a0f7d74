// SPDX-License-Identifier: Apache-2.0

import ContentDigest
import Foundation
import ScratchFolder
import SystemPackage

/// Objects by all that decided what they became.
struct ObjectCache: Sendable {
    /// What a compilation came to.
    struct Entry {
        let object: FilePath
        let warnings: String
    }

    /// What is remembered under a key.
    private enum Record: Codable {
        /// `digest`: SHA-256 of the object, which is also its file's name.
        case object(digest: String, warnings: String)
        /// The source does not compile in this way, and does in another.
        case laterWay(CompilationWay)
    }

    private let folder: FilePath
    private let scratch: ScratchFolders

    /// More files than this are too many; then the oldest go, until there are `fewerFiles`.
    private static let mostFiles = 4096
    private static let fewerFiles = 3072

    init(folder: FilePath) throws(CompileError) {
        self.folder = folder
        scratch = ScratchFolders(in: folder, prefix: "tmp-")
        do {
            try FileManager.default.createDirectory(
                atPath: folder.string,
                withIntermediateDirectories: true,
                attributes: [.posixPermissions: 0o700]
            )
        } catch {
            throw .storage(path: folder.string, reason: error.localizedDescription)
        }
    }

    /// nil where there is none, or its file was damaged or replaced.
    func object(for key: ContentDigest) -> Entry? {
        guard case .object(let digest, let warnings)? = record(for: key) else { return nil }
        let path = object(digest)
        guard ContentDigest(ofFile: path)?.hexadecimal == digest else { return nil }
        for used in [path, self.path(of: key)] { Self.touch(used) }
        return Entry(object: path, warnings: warnings)
    }

    /// How a source compiles that does not with this key; nil where it is not known.
    func laterWay(for key: ContentDigest) -> CompilationWay? {
        guard case .laterWay(let way)? = record(for: key) else { return nil }
        return way
    }

    /// Takes a new object in.
    ///
    /// - Parameter key: nil where nobody may find it later.
    func keep(_ made: FilePath, warnings: String, for key: ContentDigest?) throws(CompileError) -> Entry {
        guard let digest = ContentDigest(ofFile: made)?.hexadecimal else {
            throw .storage(path: made.string, reason: "clang has written nothing")
        }
        let path = object(digest)
        do {
            try Data(contentsOf: URL(filePath: made.string)).write(to: URL(filePath: path.string), options: .atomic)
        } catch {
            throw .storage(path: path.string, reason: error.localizedDescription)
        }
        if let key { try write(.object(digest: digest, warnings: warnings), for: key) }
        return Entry(object: path, warnings: warnings)
    }

    func remember(laterWay way: CompilationWay, for key: ContentDigest) throws(CompileError) {
        try write(.laterWay(way), for: key)
    }

    /// Keeps what a compiler said, whole, for the user to read.
    func keep(output: String) throws(CompileError) -> FilePath {
        let path = folder.appending("output-\(ContentDigest(of: Data(output.utf8)).hexadecimal.prefix(16)).txt")
        do {
            try Data(output.utf8).write(to: URL(filePath: path.string), options: .atomic)
        } catch {
            throw .storage(path: path.string, reason: error.localizedDescription)
        }
        return path
    }

    func withTemporaryFolder<Result>(_ body: (FilePath) async throws -> Result) async throws -> Result {
        try await scratch.with(body)
    }

    /// Removes what killed processes have left behind, and the oldest of too many files.
    func tidy() {
        scratch.sweep()
        let names = ((try? FileManager.default.contentsOfDirectory(atPath: folder.string)) ?? [])
            .filter { $0.hasSuffix(".json") || $0.hasSuffix(".o") || $0.hasSuffix(".txt") }
        guard names.count > Self.mostFiles else { return }
        let files = names.map { folder.appending($0) }.map { ($0, Self.modified($0)) }.sorted { $0.1 < $1.1 }
        for (path, _) in files.prefix(files.count - Self.fewerFiles) {
            try? FileManager.default.removeItem(atPath: path.string)
        }
    }

    private func record(for key: ContentDigest) -> Record? {
        FileManager.default.contents(atPath: path(of: key).string).flatMap {
            try? JSONDecoder().decode(Record.self, from: $0)
        }
    }

    private func write(_ record: Record, for key: ContentDigest) throws(CompileError) {
        let path = path(of: key)
        do {
            try JSONEncoder().encode(record).write(to: URL(filePath: path.string), options: .atomic)
        } catch {
            throw .storage(path: path.string, reason: error.localizedDescription)
        }
    }

    private func path(of key: ContentDigest) -> FilePath { folder.appending("\(key.hexadecimal).json") }
    private func object(_ digest: String) -> FilePath { folder.appending("\(digest).o") }

    private static func modified(_ path: FilePath) -> Date {
        let attributes = try? FileManager.default.attributesOfItem(atPath: path.string)
        return attributes?[.modificationDate] as? Date ?? .distantPast
    }

    /// Marks it as used.
    private static func touch(_ path: FilePath) {
        _ = utimensat(AT_FDCWD, path.string, nil, 0)
    }
}
