// SPDX-License-Identifier: Apache-2.0

import ContentDigest
import Foundation
import SystemPackage

/// Everything that a guest starts with: the agent, the modules that reach the host, and bpftool with its libraries.
public struct GuestInitramfs: Sendable, Hashable {
    /// A kernel module, decompressed.
    public struct Module: Sendable, Hashable {
        /// `virtio_console.ko`
        public let name: String
        public let path: FilePath
        public let digest: ContentDigest

        public init(name: String, path: FilePath, digest: ContentDigest) {
            self.name = name
            self.path = path
            self.digest = digest
        }
    }

    /// The kernel's configuration, which libbpf looks for at `/boot/config-RELEASE` when a program has `__kconfig`
    /// variables.
    public struct Configuration: Sendable, Hashable {
        public let release: String
        public let path: FilePath
        public let digest: ContentDigest

        public init(release: String, path: FilePath, digest: ContentDigest) {
            self.release = release
            self.path = path
            self.digest = digest
        }
    }

    /// Why it can't be put together.
    public enum Failure: Error, CustomStringConvertible {
        case unreadable(path: String, reason: String)
        case notWritten(path: String, reason: String)
        case archive(CPIOArchive.Failure)

        public var description: String {
            switch self {
            case .unreadable(let path, let reason): "cannot read \(path) for the guest: \(reason)"
            case .notWritten(let path, let reason): "cannot write the guest's initramfs \(path): \(reason)"
            case .archive(let failure): "\(failure)"
            }
        }
    }

    let files: [GuestFile]

    /// Type information for a kernel that has none of its own.
    public struct TypeInformation: Sendable, Hashable {
        public let path: FilePath
        public let digest: ContentDigest

        public init(path: FilePath, digest: ContentDigest) {
            self.path = path
            self.digest = digest
        }
    }

    /// - Parameters:
    ///   - modules: in the order in which they must be loaded.
    ///   - imageModules: those that are only loaded for an image, likewise.
    public init(
        tools: GuestTools,
        modules: [Module] = [],
        imageModules: [Module] = [],
        configuration: Configuration? = nil,
        typeInformation: TypeInformation? = nil
    ) {
        self.init(
            files: tools.files,
            modules: modules,
            imageModules: imageModules,
            configuration: configuration,
            typeInformation: typeInformation
        )
    }

    /// With files in the place of the agent and bpftool.
    public init(
        files: [GuestFile],
        modules: [Module] = [],
        imageModules: [Module] = [],
        configuration: Configuration? = nil,
        typeInformation: TypeInformation? = nil
    ) {
        var files = files
        for (folder, modules) in [("modules", modules), ("image-modules", imageModules)] {
            for (index, module) in modules.enumerated() {
                let position = index < 10 ? "0\(index)" : "\(index)"
                let name = "\(folder)/\(position)-\(module.name)"
                files.append(GuestFile(name: name, mode: 0o644, source: module.path, digest: module.digest))
            }
        }
        if let configuration {
            let name = "boot/config-\(configuration.release)"
            files.append(
                GuestFile(name: name, mode: 0o644, source: configuration.path, digest: configuration.digest)
            )
        }
        if let btf = typeInformation {
            files.append(GuestFile(name: "btf/vmlinux", mode: 0o644, source: btf.path, digest: btf.digest))
        }
        self.files = files
    }

    /// Of all that is in it: known without putting it together.
    public var digest: ContentDigest { ContentDigest(of: Data(files.map(\.line).joined().utf8)) }

    /// Writes the archive to `path`, whole or not at all.
    func write(to path: FilePath) throws(Failure) {
        let archive = try archive()
        do {
            try Data(archive).write(to: URL(filePath: path.string), options: .atomic)
        } catch {
            throw .notWritten(path: path.string, reason: error.localizedDescription)
        }
    }

    func archive() throws(Failure) -> [UInt8] {
        var contents: [[UInt8]] = []
        for file in files { contents.append(try file.bytes()) }
        do throws(CPIOArchive.Failure) {
            var archive = CPIOArchive()
            // The kernel opens it for PID 1 before any file system is mounted.
            try archive.addCharacterDevice("dev/console", mode: 0o600, major: 5, minor: 1)
            for (file, bytes) in zip(files, contents) { try archive.addFile(file.name, mode: file.mode, bytes) }
            return archive.finished()
        } catch {
            throw .archive(error)
        }
    }
}
