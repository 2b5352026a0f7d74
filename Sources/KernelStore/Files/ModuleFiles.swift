// SPDX-License-Identifier: Apache-2.0

import ContentDigest
import Foundation
import KernelProfile
import SystemPackage

/// Files of modules below a folder, compressed or not.
struct ModuleFiles: Hashable {
    /// By canonical names.
    let paths: [String: FilePath]

    init(below folder: FilePath) {
        var files: [String: FilePath] = [:]
        let entries = FileManager.default.enumerator(atPath: folder.string)
        while let relative = entries?.nextObject() as? String {
            let path = folder.appending(relative)
            guard let name = path.lastComponent?.string, let range = name.range(of: ".ko") else { continue }
            let ending = name[range.upperBound...]
            guard ["", ".xz", ".zst", ".gz"].contains(ending), Self.status(of: path) != nil else { continue }
            let module = ModuleOrder.canonical(String(name[..<range.lowerBound]))
            // Which one comes first differs from file system to file system.
            if let other = files[module], !Self.isPreferred(path, to: other, below: folder) { continue }
            files[module] = path
        }
        paths = files
    }

    /// Of two of the same name depmod takes that in `updates` (its usual `search`); else the first by path.
    private static func isPreferred(_ path: FilePath, to other: FilePath, below folder: FilePath) -> Bool {
        func isUpdate(_ path: FilePath) -> Bool { path.components.contains { $0.string == "updates" } }
        return isUpdate(path) == isUpdate(other) ? path.string < other.string : isUpdate(path)
    }

    /// Changes with any of the files, as far as sizes and times tell, and with the kernel's types.
    func stamp(with types: Blob?) -> String {
        let lines = paths.sorted { $0.key < $1.key }.map { name, path in
            let status = Self.status(of: path)
            return "\(name) \(status?.st_size ?? 0) \(status?.st_mtim.tv_sec ?? 0) \(status?.st_mtim.tv_nsec ?? 0)"
        }
        let text = ([types?.sha256 ?? ""] + lines).joined(separator: "\n")
        return ContentDigest(of: Data(text.utf8)).hexadecimal
    }

    /// nil for what is no plain file: the folder may be anybody's, and a link in it may lead anywhere.
    private static func status(of path: FilePath) -> stat? {
        var status = stat()
        guard lstat(path.string, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
        return status
    }
}
