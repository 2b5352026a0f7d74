// SPDX-License-Identifier: Apache-2.0

import Foundation
import OCIRegistry
import SystemPackage

/// Where kernels lie in images. Little-VM-Helper's have them below `data/kernels/<line>/`, Cilium's at the root; below there
/// both are laid out as distributions are: `boot/vmlinuz-<release>` or `boot/vmlinuz`, or else the image beside the modules.
struct KernelLayout {
    /// A kernel's image in an image.
    struct Candidate: Hashable {
        /// As it says itself.
        let release: String
        /// What was before `boot` or `lib`: empty, or `data/kernels/6.6`.
        let root: [String]
        /// By which its files are named; nil for a plain `boot/vmlinuz`.
        let label: String?
        let path: FilePath
    }

    private let files: ImageFiles
    /// One for each release.
    let candidates: [Candidate]

    /// A path from the image's root, taken apart.
    private struct Place {
        let root: [String]
        let rest: [String]

        init(_ path: String) {
            let parts = path.split(separator: "/").map(String.init)
            let isBelow = parts.count > 3 && parts[0] == "data" && parts[1] == "kernels"
            root = isBelow ? Array(parts[..<3]) : []
            rest = isBelow ? Array(parts[3...]) : parts
        }

        /// The file's name, where it lies in `boot`.
        var inBoot: String? { rest.count == 2 && rest[0] == "boot" ? rest[1] : nil }

        /// Which modules' folder it is in, and what follows.
        var inModules: (folder: [String], label: String, rest: [String])? {
            let start = rest.first == "usr" ? 1 : 0
            guard rest.count > start + 3, rest[start] == "lib", rest[start + 1] == "modules" else { return nil }
            return (Array(rest[...(start + 2)]), rest[start + 2], Array(rest[(start + 3)...]))
        }
    }

    /// Each is read, and may have to be unpacked, to learn what it is; images of all lines at once have a dozen.
    private static let mostImages = 32
    private static let moduleEndings = [".ko", ".ko.xz", ".ko.zst", ".ko.gz"]

    /// Whether a file is one that a kernel in an image may consist of.
    static func isWanted(_ path: String) -> Bool {
        let place = Place(path)
        if let name = place.inBoot {
            return ["vmlinuz", "config", "btf"].contains { name == $0 || name.hasPrefix("\($0)-") }
        }
        guard let (_, _, rest) = place.inModules, let name = rest.last else { return false }
        if rest.count == 1, ["vmlinuz", "config"].contains(name) { return true }
        return moduleEndings.contains { name.hasSuffix($0) }
    }

    /// - Throws: `KernelStoreError.notAKernel` where there are images, and none that can be booted; `.refused` where there
    ///   are too many, or too large ones.
    init(_ files: ImageFiles, by intake: KernelIntake) async throws {
        self.files = files
        var candidates: [Candidate] = []
        var unreadable: KernelStoreError?
        var count = 0
        for path in files.paths {
            let place = Place(path)
            let label: String?
            if let name = place.inBoot, name == "vmlinuz" || name.hasPrefix("vmlinuz-") {
                label = name == "vmlinuz" ? nil : String(name.dropFirst("vmlinuz-".count))
            } else if let (_, folder, rest) = place.inModules, rest == ["vmlinuz"] {
                label = folder
            } else {
                continue
            }
            try Task.checkCancellation()
            count += 1
            guard count <= Self.mostImages else {
                throw KernelStoreError.refused(what: "the image", reason: "it has more than \(Self.mostImages) kernels")
            }
            let file = files.path(path)
            do {
                let release = try await intake.image(at: file, calledAs: FilePath(path)).image.release
                candidates.append(Candidate(release: release, root: place.root, label: label, path: file))
            } catch let error as KernelStoreError {
                guard case .notAKernel = error else { throw error }
                unreadable = error
            }
        }
        if candidates.isEmpty, let unreadable { throw unreadable }
        // The same kernel may be there under several names; the one that says its release has its files beside it.
        var best: [String: Candidate] = [:]
        for candidate in candidates {
            if let there = best[candidate.release], there.label == there.release || candidate.label == nil { continue }
            best[candidate.release] = candidate
        }
        self.candidates = best.values.sorted { KernelChoice.areInOrder($0.release, $1.release) }
    }

    /// What belongs to a kernel: what bears its name or, where the image has just one kernel there, what is there at all.
    func kernelFiles(of candidate: Candidate) -> KernelFiles {
        let isAlone = candidates.filter { $0.root == candidate.root }.count == 1
        let labels = [candidate.label, candidate.release].compactMap { $0 }
        let here = files.paths.map { (path: $0, place: Place($0)) }.filter { $0.place.root == candidate.root }
        func inBoot(_ kind: String) -> FilePath? {
            let all = here.filter { file in
                file.place.inBoot.map { $0 == kind || $0.hasPrefix("\(kind)-") } ?? false
            }.map(\.path)
            let named = all.first { path in labels.contains { path.hasSuffix("/\(kind)-\($0)") } }
            return (named ?? (isAlone && all.count == 1 ? all.first : nil)).map(files.path)
        }
        let folders = here.compactMap { file in
            file.place.inModules.map { (label: $0.label, path: (file.place.root + $0.folder).joined(separator: "/")) }
        }
        let named = folders.first { labels.contains($0.label) }
        let modules = named ?? (isAlone && Set(folders.map(\.path)).count == 1 ? folders.first : nil)
        let configBeside = modules.map { "\($0.path)/config" }.flatMap { files.paths.contains($0) ? $0 : nil }
        return KernelFiles(
            image: candidate.path,
            config: inBoot("config") ?? configBeside.map(files.path),
            modules: modules.map { files.path($0.path) },
            btf: inBoot("btf")
        )
    }
}

extension ImageFiles {
    /// - Parameter path: from the image's root.
    fileprivate func path(_ path: String) -> FilePath { folder.appending(FilePath(path).components) }
}
