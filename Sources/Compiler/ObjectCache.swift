// SPDX-License-Identifier: Apache-2.0

import ContentDigest
import FileWatch
import Foundation
import ScratchFolder
import SystemPackage

/// Objects by what they were made from: compiler, options, source, and every header that the compiler read.
///
/// As with other compiler caches, a header that has newly come to stand before another of the same name is not noticed.
struct ObjectCache: Sendable {
    /// What is known before compiling. The headers are known only from the last time, and are compared then.
    struct Key {
        let compiler: String
        let options: [String]
        let source: FilePath

        fileprivate var name: String {
            ContentDigest(of: Data(([compiler] + options + [source.string]).joined(separator: "\0").utf8)).hexadecimal
        }
    }

    /// What a compilation came to.
    struct Entry {
        let object: FilePath
        let warnings: String
        /// Every file that was read.
        let inputs: [FilePath]
    }

    /// What is remembered of a compilation.
    private struct Record: Codable {
        /// SHA-256 of each file that was read, by its path: the source is among them.
        let inputs: [String: String]
        /// SHA-256 of the object, which is also its file's name.
        let object: String
        let warnings: String
    }

    private let folder: FilePath
    private let scratch: ScratchFolders

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

    func object(for key: Key) -> Entry? {
        guard let data = FileManager.default.contents(atPath: record(key).string),
            let record = try? JSONDecoder().decode(Record.self, from: data),
            record.inputs.allSatisfy({ Self.digest(FilePath($0.key)) == $0.value })
        else { return nil }
        let path = object(record.object)
        // A file that was damaged or replaced is compiled anew.
        return Self.digest(path) == record.object ? entry(record) : nil
    }

    /// Takes a new object in. It is remembered only if none of its inputs has changed since `start`, when the compiler was
    /// started: otherwise nobody knows of which of their states it was made.
    func keep(
        _ made: FilePath,
        dependencies: FilePath,
        warnings: String,
        for key: Key,
        since start: FileInstant
    ) throws(CompileError) -> Entry {
        guard let digest = Self.digest(made) else {
            throw .storage(path: made.string, reason: "clang has written nothing")
        }
        let rule = (try? String(contentsOfFile: dependencies.string, encoding: .utf8)) ?? ""
        let inputs = Set(DependencyRule.prerequisites(rule) + [key.source.string]).sorted().map { FilePath($0) }
        let digests = inputs.map { ($0.string, Self.digest($0)) }
        let path = object(digest)
        do {
            try Data(contentsOf: URL(filePath: made.string)).write(to: URL(filePath: path.string), options: .atomic)
            // Looked at after their digests were taken, so that no change is between the two.
            if !inputs.contains(where: start.mayPrecedeChange) {
                let known = Dictionary(
                    uniqueKeysWithValues: digests.compactMap { name, digest in digest.map { (name, $0) } }
                )
                let record = Record(inputs: known, object: digest, warnings: warnings)
                try JSONEncoder().encode(record).write(to: URL(filePath: self.record(key).string), options: .atomic)
            }
        } catch {
            throw .storage(path: path.string, reason: error.localizedDescription)
        }
        return Entry(object: path, warnings: warnings, inputs: inputs)
    }

    private func entry(_ record: Record) -> Entry {
        Entry(
            object: object(record.object),
            warnings: record.warnings,
            inputs: record.inputs.keys.sorted().map { FilePath($0) }
        )
    }

    func withTemporaryFolder<Result>(_ body: (FilePath) async throws -> Result) async throws -> Result {
        scratch.sweep()
        return try await scratch.with(body)
    }

    private func record(_ key: Key) -> FilePath { folder.appending("\(key.name).json") }
    private func object(_ digest: String) -> FilePath { folder.appending("\(digest).o") }

    /// nil where the file can't be read.
    static func digest(_ path: FilePath) -> String? {
        ContentDigest(ofFile: path)?.hexadecimal
    }
}

/// The rule for make that `clang -MD` writes: `object: source header \`, blanks in names after a backslash.
enum DependencyRule {
    static func prerequisites(_ rule: String) -> [String] {
        guard let colon = rule.firstRange(of: ": ") else { return [] }
        var names: [String] = []
        var name = ""
        var isEscaped = false
        for character in rule[colon.upperBound...] {
            if isEscaped {
                isEscaped = false
                if !character.isNewline { name.append(character) }
            } else if character == "\\" {
                isEscaped = true
            } else if character.isWhitespace {
                if !name.isEmpty { names.append(name) }
                name = ""
            } else {
                name.append(character)
            }
        }
        return name.isEmpty ? names : names + [name]
    }
}
