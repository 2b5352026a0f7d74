// SPDX-License-Identifier: Apache-2.0

import Foundation
import SystemPackage

/// Which files a watched run depends on. It only ever grows: a source that does not compile does not say any more what it
/// includes.
struct WatchedFiles: Sendable, Hashable {
    private var files: Set<FilePath> = []
    /// In these, new sources, objects and headers count.
    private var namedFolders: Set<FilePath> = []
    private let workingDirectory: FilePath
    /// New folders in these folders count, too.
    private let isRecursive: Bool

    private static let testable: Set<String> = ["c", "h", "o"]

    /// - Parameter paths: what the user named: files, and folders of them.
    init(
        _ paths: [String],
        isRecursive: Bool = false,
        workingDirectory: FilePath = FilePath(FileManager.default.currentDirectoryPath)
    ) {
        self.workingDirectory = workingDirectory
        self.isRecursive = isRecursive
        for path in paths {
            let absolute = absolute(FilePath(path))
            var isFolder: ObjCBool = false
            if FileManager.default.fileExists(atPath: absolute.string, isDirectory: &isFolder), isFolder.boolValue {
                namedFolders.insert(absolute)
            }
            add([absolute])
        }
    }

    /// Folders that were searched for inputs.
    mutating func add(folders: [FilePath]) {
        for folder in folders { namedFolders.insert(absolute(folder)) }
    }

    /// Files that were read.
    mutating func add(_ paths: some Sequence<FilePath>) {
        for path in paths {
            let path = absolute(path)
            files.insert(path)
            // What a link leads to is what an editor writes.
            files.insert(FilePath(URL(filePath: path.string).resolvingSymlinksInPath().path))
        }
    }

    /// Where changes may come from.
    var folders: Set<FilePath> { namedFolders.union(files.map { $0.removingLastComponent() }) }

    /// Those of them that are there, and where one is not, what there is above it, where it may come.
    var existingFolders: Set<FilePath> {
        Set(
            folders.map { folder in
                var folder = folder
                while !FileManager.default.fileExists(atPath: folder.string), !folder.components.isEmpty {
                    folder.removeLastComponent()
                }
                return folder
            }
        )
    }

    func concerns(_ path: FilePath) -> Bool {
        // A folder on the way to a file may have come, gone, or been replaced.
        if files.contains(path) || folders.contains(where: { $0.starts(with: path) }) { return true }
        let folder = path.removingLastComponent()
        if isRecursive, namedFolders.contains(folder), Self.isFolder(path) { return true }
        guard let kind = path.extension else { return false }
        if namedFolders.contains(folder) { return Self.testable.contains(kind) }
        // A header that was missed may have come.
        return kind == "h" && files.contains { $0.removingLastComponent() == folder }
    }

    private static func isFolder(_ path: FilePath) -> Bool {
        var isFolder: ObjCBool = false
        return FileManager.default.fileExists(atPath: path.string, isDirectory: &isFolder) && isFolder.boolValue
    }

    private func absolute(_ path: FilePath) -> FilePath {
        (path.isAbsolute ? path : workingDirectory.pushing(path)).lexicallyNormalized()
    }
}
