// SPDX-License-Identifier: Apache-2.0

import Foundation
import SystemPackage

/// The files of one folder that may be inputs.
struct FolderListing {
    let path: FilePath
    private(set) var sources: [FilePath] = []
    private(set) var objects: [(path: FilePath, isBigEndian: Bool)] = []
    private(set) var containers: [FilePath] = []
    private(set) var folders: [FilePath] = []

    init(_ path: FilePath, patience: inout SearchPatience) throws(InputError) {
        self.path = path
        let names: [String]
        do {
            names = try FileManager.default.contentsOfDirectory(atPath: path.string)
        } catch {
            throw .unreadable(path: path.string, reason: error.localizedDescription)
        }
        for name in names.sorted() where !name.hasPrefix(".") {
            guard patience.takesEntry() else { break }
            add(name, &patience)
        }
    }

    private mutating func add(_ name: String, _ patience: inout SearchPatience) {
        let path = "\(self.path.string)/\(name)"
        var (entry, target) = (stat(), stat())
        guard lstat(path, &entry) == 0, stat(path, &target) == 0 else { return }
        if entry.st_mode & S_IFMT == S_IFDIR { folders.append(self.path.appending(name)) }
        guard target.st_mode & S_IFMT == S_IFREG else { return }
        if name.hasSuffix(".c") {
            sources.append(self.path.appending(name))
        } else if !name.hasSuffix(".h") {
            look(into: name, at: path, size: Int(target.st_size), &patience)
        }
    }

    private mutating func look(into name: String, at path: String, size: Int, _ patience: inout SearchPatience) {
        switch FileGlance(at: path) {
        case .object(let isBigEndian): objects.append((self.path.appending(name), isBigEndian))
        case .otherELF:
            let path = self.path.appending(name)
            if patience.takesFile(path, of: size), FileGlance.embedsObjects(path) { containers.append(path) }
        case .other, .closed:
            // Whoever calls it an object is told that it is none.
            if name.hasSuffix(".o") { objects.append((self.path.appending(name), false)) }
        }
    }

    /// bpf2go makes two objects of a source, `x_bpfel.o` and `x_bpfeb.o`, for machines of both kinds.
    func foreignTwins(among objects: [(path: FilePath, isBigEndian: Bool)]) -> [(big: FilePath, little: FilePath)] {
        let little = Set(objects.filter { !$0.isBigEndian }.map(\.path))
        return objects.filter(\.isBigEndian).compactMap { object in
            guard let name = object.path.lastComponent?.string,
                let twin = [("bpfeb", "bpfel"), ("eb", "el"), ("be", "le")].lazy
                    .map({ path.appending(name.replacing($0.0, with: $0.1)) }).first(where: little.contains)
            else { return nil }
            return (object.path, twin)
        }
    }
}
