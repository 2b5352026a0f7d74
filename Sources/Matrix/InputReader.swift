// SPDX-License-Identifier: Apache-2.0

import BPFObject
import Foundation
import SystemPackage

/// Why something that the user named can't be tested.
public enum InputError: Error, CustomStringConvertible {
    case notFound(path: String)
    case unreadable(path: String, reason: String)
    /// A folder with neither sources nor objects.
    case emptyFolder(path: String)
    case notTestable(path: String, BPFObjectError)

    public var description: String {
        switch self {
        case .notFound(let path): "\(path): no such file or folder"
        case .unreadable(let path, let reason): "\(path): cannot be read: \(reason)"
        case .emptyFolder(let path): "\(path): no .c and no .o in this folder (folders inside it are not searched)"
        case .notTestable(let path, let error): "\(path): \(error)"
        }
    }
}

/// One thing to test, as named by the user or found in a folder.
public enum TestInput: Sendable, Hashable {
    /// C, to be compiled.
    case source(FilePath)
    /// An object, or any file that embeds objects.
    case binary(FilePath)

    public var path: FilePath {
        switch self {
        case .source(let path), .binary(let path): path
        }
    }
}

/// Turns what the user named into objects.
public enum InputReader {
    /// Sources and binaries among `paths`: files as they are, folders as the sources and objects right inside them.
    /// An object is left out where its own source lies beside it, since that is compiled anew.
    public static func inputs(at paths: [String]) throws(InputError) -> [TestInput] {
        var inputs: [TestInput] = []
        for path in paths {
            let found = try isFolder(path) ? folder(path) : [input(FilePath(path))]
            for input in found where !inputs.contains(input) { inputs.append(input) }
        }
        return inputs
    }

    /// The objects in a file: the file itself, or those that it embeds, as `name#0`, `name#1`.
    ///
    /// - Parameter needsPrograms: an object without programs is refused.
    public static func objects(
        in path: FilePath,
        needsPrograms: Bool = true
    ) throws(InputError) -> [TestObject] {
        let bytes = try contents(of: path)
        let name = path.lastComponent?.string ?? path.string
        do throws(BPFObjectError) {
            return [
                try TestObject(
                    name: name,
                    path: path.string,
                    bytes: bytes,
                    isCompiled: false,
                    needsPrograms: needsPrograms
                )
            ]
        } catch {
            guard case .notBPF = error else { throw .notTestable(path: path.string, error) }
            let embedded = EmbeddedObjects.find(in: bytes)
            guard !embedded.isEmpty else { throw .notTestable(path: path.string, error) }
            return try embedded.enumerated().map { index, object throws(InputError) in
                do throws(BPFObjectError) {
                    return try TestObject(
                        name: "\(name)#\(index)",
                        path: path.string,
                        bytes: Array(object),
                        isCompiled: false
                    )
                } catch {
                    throw .notTestable(path: path.string, error)
                }
            }
        }
    }

    /// The object that was compiled from `source`.
    public static func object(
        compiledFrom source: FilePath,
        at path: FilePath,
        needsPrograms: Bool = true
    ) throws(InputError) -> TestObject {
        let bytes = try contents(of: path)
        do throws(BPFObjectError) {
            return try TestObject(
                name: objectName(of: source),
                path: source.string,
                bytes: bytes,
                isCompiled: true,
                needsPrograms: needsPrograms
            )
        } catch {
            throw .notTestable(path: source.string, error)
        }
    }

    /// `minimal.bpf.o` for `minimal.c` and `minimal.bpf.c`.
    public static func objectName(of source: FilePath) -> String { "\(stem(source)).bpf.o" }

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

    /// Gives objects of the same name the folder that tells them apart, or, failing that, a number.
    public static func unambiguous(_ objects: [TestObject]) -> [TestObject] {
        let names = Dictionary(grouping: objects, by: \.name).mapValues(\.count)
        var used: Set<String> = []
        return objects.map { object in
            var name = object.name
            if names[name, default: 0] > 1 {
                let folder = FilePath(object.path).removingLastComponent().lastComponent?.string
                name = folder.map { "\($0)/\(name)" } ?? name
            }
            var candidate = name
            var number = 2
            while !used.insert(candidate).inserted {
                candidate = "\(name) (\(number))"
                number += 1
            }
            return object.renamed(candidate)
        }
    }

    private static func folder(_ path: String) throws(InputError) -> [TestInput] {
        let names: [String]
        do {
            names = try FileManager.default.contentsOfDirectory(atPath: path)
        } catch {
            throw .unreadable(path: path, reason: error.localizedDescription)
        }
        let files = names.filter { !$0.hasPrefix(".") }.sorted().map { FilePath(path).appending($0) }
        let sources = files.filter { $0.extension == "c" }
        let compiled = Set(sources.map(stem))
        let objects = files.filter { $0.extension == "o" && !compiled.contains(stem($0)) }
        guard !sources.isEmpty || !objects.isEmpty else { throw .emptyFolder(path: path) }
        return sources.map { .source($0) } + objects.map { .binary($0) }
    }

    private static func input(_ path: FilePath) -> TestInput {
        path.extension == "c" ? .source(path) : .binary(path)
    }

    /// `minimal` for `minimal.c`, `minimal.bpf.c` and `minimal.bpf.o`.
    private static func stem(_ path: FilePath) -> String {
        let stem = path.stem ?? path.string
        return stem.hasSuffix(".bpf") ? String(stem.dropLast(4)) : stem
    }

    private static func isFolder(_ path: String) throws(InputError) -> Bool {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
            throw .notFound(path: path)
        }
        return isFolder.boolValue
    }

    private static func contents(of path: FilePath) throws(InputError) -> [UInt8] {
        do {
            return Array(try Data(contentsOf: URL(filePath: path.string)))
        } catch {
            throw .unreadable(path: path.string, reason: error.localizedDescription)
        }
    }
}
