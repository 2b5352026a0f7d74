// SPDX-License-Identifier: Apache-2.0

import Foundation
import SystemPackage

/// Everything that a guest starts with: the agent, the modules that reach the host, and bpftool with its libraries.
public struct GuestInitramfs: Sendable {
    /// A kernel module, decompressed.
    public struct Module: Sendable, Hashable {
        /// `virtio_console.ko`
        public let name: String
        public let path: FilePath

        public init(name: String, path: FilePath) {
            self.name = name
            self.path = path
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

    /// The static agent, which becomes `/init`.
    public var agent: FilePath
    /// In the order in which they must be loaded.
    public var modules: [Module]
    /// The kernel's configuration, which libbpf looks for at `/boot/config-RELEASE` when a program has `__kconfig`
    /// variables.
    public var config: (release: String, path: FilePath)?
    public var bpftool: BPFTool?

    public init(
        agent: FilePath,
        modules: [Module] = [],
        config: (release: String, path: FilePath)? = nil,
        bpftool: BPFTool? = nil
    ) {
        self.agent = agent
        self.modules = modules
        self.config = config
        self.bpftool = bpftool
    }

    /// Writes the archive to `path`, whole or not at all.
    public func write(to path: FilePath) throws(Failure) {
        let archive = try archive()
        do {
            try Data(archive).write(to: URL(filePath: path.string), options: .atomic)
        } catch {
            throw .notWritten(path: path.string, reason: error.localizedDescription)
        }
    }

    func archive() throws(Failure) -> [UInt8] {
        var files: [(name: String, mode: UInt32, source: FilePath)] = [("init", 0o755, agent)]
        for (index, module) in modules.enumerated() {
            let position = index < 10 ? "0\(index)" : "\(index)"
            files.append(("modules/\(position)-\(module.name)", 0o644, module.path))
        }
        if let config { files.append(("boot/config-\(config.release)", 0o644, config.path)) }
        if let bpftool {
            files.append(("usr/sbin/bpftool", 0o755, bpftool.path))
            // At their own absolute paths, where the loader looks for them.
            for library in bpftool.libraries { files.append((String(library.string.dropFirst()), 0o755, library)) }
        }
        var contents: [[UInt8]] = []
        for file in files { contents.append(try Self.read(file.source)) }
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

    private static func read(_ path: FilePath) throws(Failure) -> [UInt8] {
        do {
            return Array(try Data(contentsOf: URL(filePath: path.string)))
        } catch {
            throw .unreadable(path: path.string, reason: error.localizedDescription)
        }
    }
}
