// SPDX-License-Identifier: Apache-2.0

import Foundation
import SystemPackage

/// Lays an image's layers one over the other, and keeps those of its files that are wanted.
///
/// While layers are read, content lies in numbered files: what an archive calls it becomes a file's name only at the end,
/// in a folder that has nothing in it but what is put there then.
struct LayerFiles {
    /// Why a layer is not used.
    struct Refusal: Error, Hashable, CustomStringConvertible {
        let description: String
    }

    private let folder: FilePath
    private let isWanted: (String) -> Bool
    /// Most entries of all layers together.
    private let mostEntries: Int
    private var tree = ImageTree()
    private var entries = 0
    private var stored = 0
    /// What the layer at hand has removed already: once more would remove nothing, and may take long.
    private var removed: Set<ImagePath> = []
    /// Some of what is not wanted, to tell what the image has.
    private var others: [String] = []

    private static let whiteout = ".wh."
    private static let opaque = ".wh..wh..opq"
    private static let reserved = ".wh..wh."
    private static let mostOthers = 12

    /// - Parameter folder: for content while layers are read; empty.
    init(folder: FilePath, mostEntries: Int, isWanted: @escaping (String) -> Bool) {
        self.folder = folder
        self.mostEntries = mostEntries
        self.isWanted = isWanted
    }

    /// Lays the next layer over those before.
    ///
    /// - Throws: `TarError`, `Refusal`, `Errno`, `CancellationError`
    mutating func add(_ archive: FilePath, layer: Int) throws {
        let file = try FileDescriptor.open(archive, .readOnly, options: [.closeOnExec, .noFollow])
        removed = []
        try file.closeAfter {
            var reader = TarReader(file, size: Int(try file.seek(offset: 0, from: .end)))
            while let entry = try reader.next() {
                try Task.checkCancellation()
                entries += 1
                guard entries <= mostEntries else {
                    throw Refusal(description: "it has more than \(mostEntries) entries")
                }
                try add(entry, of: reader, layer: layer)
            }
        }
    }

    private mutating func add(_ entry: TarEntry, of reader: TarReader, layer: Int) throws {
        let named = try Self.path(entry.name)
        guard let last = named.last else { return }
        // Through links in the image, and only in it: its own `/lib` may be one.
        guard let parent = tree.resolve(named.parent, includingLast: true) else {
            throw Refusal(description: "'\(entry.name)' lies behind links that lead nowhere")
        }
        let path = parent.appending(last)
        guard !path.isTooDeep else { throw Refusal(description: "'\(entry.name)' lies too deep") }
        if last.hasPrefix(Self.whiteout) { return try remove(last, in: parent, entry, layer: layer) }
        switch entry.kind {
        case .folder: tree.put(.folder(.init()), at: path, layer: layer)
        case .file:
            guard isWanted(path.text) else { return pass(over: path) }
            tree.put(.file(try store(entry, of: reader)), at: path, layer: layer)
        case .symbolicLink(let target): tree.put(.link(target), at: path, layer: layer)
        case .hardLink(let target):
            let other = tree.resolve(try Self.path(target), includingLast: false)
            switch other.flatMap({ tree[$0] }) {
            case .file(let content): tree.put(.file(content), at: path, layer: layer)
            case .link(let target): tree.put(.link(target), at: path, layer: layer)
            case .folder, nil: pass(over: path)
            }
        case .other: pass(over: path)
        }
    }

    /// What is not wanted still takes the place of what was.
    private mutating func pass(over path: ImagePath) {
        tree.remove(path)
        let start = path.parts.prefix(2).joined(separator: "/")
        if others.count < Self.mostOthers, !others.contains(start) { others.append(start) }
    }

    private mutating func remove(_ last: String, in parent: ImagePath, _ entry: TarEntry, layer: Int) throws {
        if last == Self.opaque {
            if removed.insert(parent.appending(last)).inserted { tree.empty(parent, before: layer) }
            return
        }
        // Notes of an older union file system to itself.
        if last.hasPrefix(Self.reserved) { return }
        let name = String(last.dropFirst(Self.whiteout.count))
        guard ImagePath.isName(name) else { throw Refusal(description: "'\(entry.name)' removes nothing that can be") }
        let path = parent.appending(name)
        if removed.insert(path).inserted { tree.remove(path, before: layer) }
    }

    private mutating func store(_ entry: TarEntry, of reader: TarReader) throws -> FilePath {
        let target = folder.appending("\(stored)")
        stored += 1
        let file = try FileDescriptor.open(
            target,
            .writeOnly,
            options: [.create, .exclusiveCreate, .closeOnExec],
            permissions: [.ownerReadWrite]
        )
        try file.closeAfter { try reader.copy(entry.content, to: file) }
        return target
    }

    private static func path(_ name: String) throws(Refusal) -> ImagePath {
        guard let path = ImagePath(archived: name) else {
            throw Refusal(description: "'\(name)' leads out of the image, or can't be a file's name")
        }
        return path
    }

    /// Gives the wanted files their names below `target`, which is empty and nobody else's. A link stands for the file that
    /// it leads to.
    func place(below target: FilePath) throws -> ImageFiles {
        var paths: [String] = []
        for (path, node) in tree.leaves where isWanted(path.text) {
            let content: FilePath
            switch node {
            case .file(let stored): content = stored
            case .link:
                guard let end = tree.resolve(path, includingLast: true), case .file(let stored) = tree[end] else {
                    continue
                }
                content = stored
            case .folder: continue
            }
            let place = path.parts.reduce(target) { $0.appending($1) }
            try FileManager.default.createDirectory(
                atPath: place.removingLastComponent().string,
                withIntermediateDirectories: true
            )
            guard link(content.string, place.string) == 0 else { throw Errno(rawValue: errno) }
            paths.append(path.text)
        }
        return ImageFiles(folder: target, paths: paths, others: others)
    }
}

/// The files of an image that were wanted.
public struct ImageFiles: Sendable, Hashable {
    /// They lie below it, under their paths in the image.
    public let folder: FilePath
    /// Seen from the image's root: `boot/vmlinuz`. Sorted.
    public let paths: [String]
    /// Where some of what was not wanted lies, for people.
    public let others: [String]
}
