// SPDX-License-Identifier: Apache-2.0

import ChildProcess
import ContentDigest
import Foundation
import SystemPackage

/// What an action reads on this machine: which files, what is in them, and a copy of them.
///
/// Owners do not count: in the image everything belongs to root. Permissions do.
struct HostFiles {
    /// What is copied from where, to which name below the action's own folder.
    struct Source: Hashable {
        let path: FilePath
        let name: String
    }

    let step: ImageStep
    let sources: [Source]
    /// The image's file among the kernel's, for `install-kernel`: `vmlinuz-6.1.0`.
    let kernel: String?

    private static let copyLimit = Duration.seconds(1800)

    /// nil for an action that reads nothing.
    init?(of step: ImageStep, in definitions: ImageDefinitions) throws(GuestImageError) {
        guard let hostPath = step.action.hostPath else { return nil }
        let path = definitions.hostPath(hostPath)
        self.step = step
        func failure(_ reason: String) -> GuestImageError {
            .hostFile(step: step.description, path: path.string, reason: reason)
        }
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path.string, isDirectory: &isFolder) else {
            throw failure("no such file")
        }
        switch step.action {
        case .installKernel:
            let boot = path.appending("boot")
            let names = ((try? FileManager.default.contentsOfDirectory(atPath: boot.string)) ?? [])
                .filter { $0.hasPrefix("vmlinuz-") && Self.isFile(boot.appending($0)) }
            guard names.count == 1 else {
                let found = names.isEmpty ? "none" : names.sorted().joined(separator: ", ")
                throw failure("exactly one boot/vmlinuz-… is needed in it; there: \(found)")
            }
            kernel = names[0]
            let modules = path.appending("lib/modules")
            let hasModules = FileManager.default.fileExists(atPath: modules.string)
            sources = [Source(path: boot, name: "boot")] + (hasModules ? [Source(path: modules, name: "modules")] : [])
        case .copyIn:
            guard let name = path.lastComponent?.string, name != "..", name != "." else {
                throw failure("its last part must be a name")
            }
            kernel = nil
            sources = [Source(path: path, name: name)]
        default:
            guard !isFolder.boolValue else { throw failure("it is a folder, not a file") }
            kernel = nil
            // An upload into a folder keeps its name.
            sources = [Source(path: path, name: path.lastComponent?.string ?? "file")]
        }
    }

    private static func isFile(_ path: FilePath) -> Bool {
        var isFolder: ObjCBool = false
        return FileManager.default.fileExists(atPath: path.string, isDirectory: &isFolder) && !isFolder.boolValue
    }

    // MARK: - What is in them

    /// A line for each file: kind, permissions, path below the action's folder, and what is in it.
    func fingerprint() throws(GuestImageError) -> [String] {
        var lines: [String] = []
        for source in sources { try add(source.path, as: source.name, to: &lines, followsLink: true) }
        return lines
    }

    /// The same of a copy that `copy(into:)` has made.
    func fingerprint(ofCopyIn folder: FilePath) throws(GuestImageError) -> [String] {
        var lines: [String] = []
        for source in sources { try add(folder.appending(source.name), as: source.name, to: &lines, followsLink: true) }
        return lines
    }

    private func add(
        _ path: FilePath,
        as name: String,
        to lines: inout [String],
        followsLink: Bool
    ) throws(GuestImageError) {
        func failure(_ reason: String) -> GuestImageError {
            .hostFile(step: step.description, path: path.string, reason: reason)
        }
        var status = stat()
        let found = followsLink ? stat(path.string, &status) : lstat(path.string, &status)
        guard found == 0 else { throw failure(String(cString: strerror(errno))) }
        let mode = String(status.st_mode & 0o7777, radix: 8)
        switch status.st_mode & S_IFMT {
        case S_IFREG:
            guard let digest = ContentDigest(ofFile: path) else { throw failure("it can't be read") }
            lines.append("file \(mode) \(name) \(digest)")
        case S_IFLNK:
            guard let target = try? FileManager.default.destinationOfSymbolicLink(atPath: path.string) else {
                throw failure("it can't be read")
            }
            lines.append("link \(name) \(target)")
        case S_IFDIR:
            lines.append("folder \(mode) \(name)")
            let names: [String]
            do {
                names = try FileManager.default.contentsOfDirectory(atPath: path.string).sorted()
            } catch {
                throw failure(error.localizedDescription)
            }
            for entry in names {
                try add(path.appending(entry), as: "\(name)/\(entry)", to: &lines, followsLink: false)
            }
        default: throw failure("neither a file nor a folder nor a link")
        }
    }

    // MARK: - A copy

    /// Copies them below `folder`, which is made; a compressed tar file is decompressed, since few images have all
    /// that can do it.
    ///
    /// - Parameter fingerprint: what they must be; a file that was changed meanwhile is refused.
    func copy(into folder: FilePath, expecting fingerprint: [String]) async throws {
        try FileManager.default.createDirectory(atPath: folder.string, withIntermediateDirectories: true)
        for source in sources {
            let target = folder.appending(source.name)
            try await run("cp", ["-a", "-H", "--no-preserve=ownership", "--", source.path.string, target.string])
        }
        guard try self.fingerprint(ofCopyIn: folder) == fingerprint else {
            throw GuestImageError.hostFile(
                step: step.description,
                path: sources.first?.path.string ?? "",
                reason: "it was changed while it was read; build again"
            )
        }
        if case .tarIn = step.action, let source = sources.first { try await decompress(folder.appending(source.name)) }
    }

    /// How compressed files begin, and what unpacks them.
    private static let compressions: [(magic: [UInt8], tool: String)] = [
        ([0x1f, 0x8b], "gzip"), ([0xfd, 0x37, 0x7a, 0x58, 0x5a], "xz"), ([0x28, 0xb5, 0x2f, 0xfd], "zstd"),
        ([0x42, 0x5a, 0x68], "bzip2"),
    ]

    private func decompress(_ file: FilePath) async throws {
        let handle = try FileHandle(forReadingFrom: URL(filePath: file.string))
        let start = try handle.read(upToCount: 8) ?? Data()
        try handle.close()
        guard let compression = Self.compressions.first(where: { start.starts(with: $0.magic) }) else { return }
        let plain = file.removingLastComponent().appending("plain")
        let command = Command(compression.tool, ["-d", "-c"])
        let result = try await command.run(from: file, to: plain, within: Self.copyLimit)
        guard result.ending.isSuccess else { throw failure(command, result) }
        guard rename(plain.string, file.string) == 0 else {
            throw GuestImageError.storage(path: file.string, reason: String(cString: strerror(errno)))
        }
    }

    private func run(_ tool: String, _ arguments: [String]) async throws {
        let command = Command(tool, arguments, environment: ["LC_ALL": "C"])
        let result = try await command.run(within: Self.copyLimit)
        guard result.ending.isSuccess else { throw failure(command, result) }
    }

    private func failure(_ command: Command, _ result: CommandResult) -> GuestImageError {
        .hostFile(
            step: step.description,
            path: sources.first?.path.string ?? "",
            reason: "\(command.name): \(result.ending): \(result.errorText)"
        )
    }
}
