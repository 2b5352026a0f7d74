// SPDX-License-Identifier: Apache-2.0

import BPFObject
import Foundation
import SystemPackage

/// What came of one object of an input.
public enum ReadInput: Sendable {
    case object(TestObject)
    /// Nothing of it can be loaded, and it counts as refused by every kernel.
    case failed(FailedInput)
    /// There is nothing in it to test.
    case empty(note: String)

    /// nil for what did not fail.
    public var failed: FailedInput? {
        guard case .failed(let failed) = self else { return nil }
        return failed
    }
}

/// Turns what the user named into objects.
public enum InputReader {
    /// Sources and binaries among `paths`: files as they are, folders as what they hold.
    ///
    /// - Parameter isRecursive: also what the folders in folders hold.
    /// - Throws: where a folder has nothing to test, or nothing at all is there. One file of several that is missing is an input
    ///   that fails when it is read.
    public static func inputs(at paths: [String], isRecursive: Bool = false) throws(InputError) -> FoundInputs {
        let files = FileManager.default
        if let path = paths.first, !paths.contains(where: { files.fileExists(atPath: $0) }) {
            throw .notFound(path: path)
        }
        var search = InputSearch(isRecursive: isRecursive)
        for path in paths {
            var isFolder: ObjCBool = false
            if files.fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue {
                do throws(InputError) {
                    try search.search(path)
                } catch .unreadable where paths.count > 1 {
                    // It fails when it is read, as a file would.
                    search.add(.binary(FilePath(path)))
                }
            } else {
                search.add(path.hasSuffix(".c") ? .source(FilePath(path)) : .binary(FilePath(path)))
            }
        }
        return search.found
    }

    /// The objects in a file: the file itself, or those that it embeds, as `name#0`, `name#1`.
    public static func read(_ path: FilePath, for purpose: InputPurpose = .testing) -> [ReadInput] {
        do throws(InputError) {
            let bytes = try contents(of: path)
            do throws(InputError) {
                return [try object(Piece(name: name(of: path), path: path.string, isCompiled: false), bytes, purpose)]
            } catch {
                guard case .notTestable(_, .notBPF) = error else { throw error }
                let embedded = EmbeddedObjects.find(in: bytes)
                guard !embedded.isEmpty else { throw error }
                return read(embedded, in: path, for: purpose)
            }
        } catch {
            let piece = Piece(name: name(of: path), path: path.string, isCompiled: false)
            return [.failed(FailedInput(piece, try? contents(of: path)[...], error))]
        }
    }

    private static func read(
        _ embedded: [ArraySlice<UInt8>],
        in path: FilePath,
        for purpose: InputPurpose
    ) -> [ReadInput] {
        // Some carry an object for either byte order, of which a loader takes its own.
        let hasNative = embedded.contains { ObjectHeader($0)?.isBigEndian == false }
        return embedded.enumerated().map { index, bytes in
            let piece = Piece(name: "\(name(of: path))#\(index)", path: path.string, isCompiled: false)
            do throws(InputError) {
                return try object(piece, Array(bytes), purpose)
            } catch {
                if case .foreignByteOrder = error, hasNative {
                    return .empty(note: "\(piece.title): left alone: it is for big-endian machines")
                }
                return .failed(FailedInput(piece, bytes, error))
            }
        }
    }

    /// The objects in a file, all of which must be fit to be tested; those without programs are left out.
    public static func objects(in path: FilePath) throws -> [TestObject] {
        var objects: [TestObject] = []
        for input in read(path) {
            switch input {
            case .object(let object): objects.append(object)
            case .failed(let failed): throw failed
            case .empty: break
            }
        }
        return objects
    }

    /// nil where a source is there and can be read.
    public static func missing(_ source: FilePath) -> FailedInput? {
        let piece = Piece(name: objectName(of: source), path: source.string, isCompiled: true)
        guard FileManager.default.fileExists(atPath: source.string) else {
            return FailedInput(piece, nil, .notFound(path: source.string))
        }
        guard access(source.string, R_OK) != 0 else { return nil }
        return FailedInput(piece, nil, .unreadable(path: source.string, reason: String(cString: strerror(errno))))
    }

    /// The object that was compiled from `source`.
    public static func read(
        compiledFrom source: FilePath,
        at path: FilePath,
        for purpose: InputPurpose = .testing
    ) -> ReadInput {
        let piece = Piece(name: objectName(of: source), path: source.string, isCompiled: true)
        do throws(InputError) {
            return try object(piece, try contents(of: path), purpose)
        } catch {
            return .failed(FailedInput(piece, nil, error))
        }
    }

    /// The same, which must be fit to be tested.
    public static func object(compiledFrom source: FilePath, at path: FilePath) throws -> TestObject {
        switch read(compiledFrom: source, at: path) {
        case .object(let object): return object
        case .failed(let failed): throw failed
        case .empty: throw InputError.notTestable(path: source.string, .noPrograms)
        }
    }

    /// `minimal.bpf.o` for `minimal.c` and `minimal.bpf.c`.
    public static func objectName(of source: FilePath) -> String { "\(source.programStem).bpf.o" }

    /// The objects whose bytes differ, and those that repeat one of them, with that one: links to one binary are common.
    /// Sources are never left out, even where they compile to the same.
    public static func different(
        _ objects: [TestObject]
    ) -> (different: [TestObject], same: [(object: TestObject, first: TestObject)]) {
        var different: [TestObject] = []
        var same: [(object: TestObject, first: TestObject)] = []
        for object in objects {
            if !object.isCompiled, let first = different.first(where: { $0.digest == object.digest }) {
                same.append((object, first))
            } else {
                different.append(object)
            }
        }
        return (different, same)
    }

    /// Gives what has the same name the folder that tells it apart, or, failing that, a number.
    public static func unambiguous<Input: NamedInput>(_ inputs: [Input]) -> [Input] {
        let names = Dictionary(grouping: inputs, by: \.name).mapValues(\.count)
        var used: Set<String> = []
        return inputs.map { input in
            var name = input.name
            if names[name, default: 0] > 1 {
                let folder = FilePath(input.path).removingLastComponent().lastComponent?.string
                name = folder.map { "\($0)/\(name)" } ?? name
            }
            var candidate = name
            var number = 2
            while !used.insert(candidate).inserted {
                candidate = "\(name) (\(number))"
                number += 1
            }
            return input.renamed(candidate)
        }
    }

    private static func object(
        _ piece: Piece,
        _ bytes: [UInt8],
        _ purpose: InputPurpose
    ) throws(InputError) -> ReadInput {
        // No machine that this tool runs on, or has guests of, stores the most significant byte first.
        if purpose == .testing, ObjectHeader(bytes[...])?.isBigEndian == true {
            throw .foreignByteOrder(path: piece.path)
        }
        do throws(BPFObjectError) {
            return .object(
                try TestObject(
                    name: piece.name,
                    path: piece.path,
                    bytes: bytes,
                    isCompiled: piece.isCompiled,
                    needsPrograms: purpose == .testing
                )
            )
        } catch {
            guard error != .noPrograms else { return .empty(note: "\(piece.title): \(error)") }
            throw .notTestable(path: piece.path, error)
        }
    }

    private static func name(of path: FilePath) -> String { path.lastComponent?.string ?? path.string }

    private static func contents(of path: FilePath) throws(InputError) -> [UInt8] {
        guard FileManager.default.fileExists(atPath: path.string) else { throw .notFound(path: path.string) }
        do {
            return Array(try Data(contentsOf: URL(filePath: path.string)))
        } catch {
            throw .unreadable(path: path.string, reason: error.localizedDescription)
        }
    }
}

/// What is known by a name in a run.
public protocol NamedInput {
    var name: String { get }
    /// The file that the user named.
    var path: String { get }

    func renamed(_ name: String) -> Self
}

/// An object, or what should have been one, before it is read.
struct Piece {
    let name: String
    let path: String
    let isCompiled: Bool

    /// `app (app#1)` for one of several in a file.
    var title: String { name.contains("#") ? "\(path) (\(name))" : path }
}
