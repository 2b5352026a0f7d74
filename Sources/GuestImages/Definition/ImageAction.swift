// SPDX-License-Identifier: Apache-2.0

/// Something that is done to an image once its packages are there.
///
/// Paths with "host" in their labels are of this machine, relative to the folder of the definitions; all others are of
/// the image.
public enum ImageAction: Sendable, Hashable {
    /// A line for the image's `sh`.
    case runCommand(String)
    /// A file, or a folder with all that is below it, into a folder that is there.
    case copyIn(hostPath: String, folder: String)
    case setHostname(String)
    /// With those above it; one that is there already is no error.
    case makeFolder(String)
    /// One file, to a path or into a folder that is there.
    case upload(hostFile: String, destination: String)
    /// Permissions in octal, with a leading zero.
    case changeMode(permissions: String, path: String)
    /// To the end of a file, on a line of its own.
    case appendLine(file: String, line: String)
    /// A symbolic link, in place of whatever file is there.
    case link(target: String, link: String)
    /// The kernel's files out of a folder with `boot/vmlinuz-…` and `lib/modules`.
    case installKernel(hostFolder: String)
    /// What is in a tar file, into a folder that is there.
    case tarIn(hostFile: String, folder: String)
}

extension ImageAction {
    /// The word that stands for it in definitions.
    public var type: String {
        switch self {
        case .runCommand: "run-command"
        case .copyIn: "copy-in"
        case .setHostname: "set-hostname"
        case .makeFolder: "mkdir"
        case .upload: "upload"
        case .changeMode: "chmod"
        case .appendLine: "append-line"
        case .link: "link"
        case .installKernel: "install-kernel"
        case .tarIn: "tar-in"
        }
    }

    /// What it says, in the order of `keys(of:)`.
    var words: [String] {
        switch self {
        case .runCommand(let command): [command]
        case .copyIn(let path, let folder): [path, folder]
        case .setHostname(let name): [name]
        case .makeFolder(let folder): [folder]
        case .upload(let file, let destination): [file, destination]
        case .changeMode(let permissions, let path): [permissions, path]
        case .appendLine(let file, let line): [file, line]
        case .link(let target, let link): [target, link]
        case .installKernel(let folder): [folder]
        case .tarIn(let file, let folder): [file, folder]
        }
    }

    /// The path on this machine that it reads; nil where it reads none.
    var hostPath: String? {
        switch self {
        case .copyIn(let path, _), .upload(let path, _), .installKernel(let path), .tarIn(let path, _): path
        default: nil
        }
    }

    /// Of these the image's own paths, which must be absolute.
    var imagePaths: [String] {
        switch self {
        case .copyIn(_, let folder), .makeFolder(let folder), .tarIn(_, let folder): [folder]
        case .upload(_, let destination): [destination]
        case .changeMode(_, let path): [path]
        case .appendLine(let file, _): [file]
        case .link(_, let link): [link]
        case .runCommand, .setHostname, .installKernel: []
        }
    }
}

extension ImageAction {
    /// Each type's word, and the keys of its `op`, all of which it needs.
    static let keys: [(type: String, keys: [String])] = [
        ("run-command", ["Cmd"]),
        ("copy-in", ["LocalPath", "RemoteDir"]),
        ("set-hostname", ["Hostname"]),
        ("mkdir", ["Dir"]),
        ("upload", ["File", "Dest"]),
        ("chmod", ["Permissions", "File"]),
        ("append-line", ["File", "Line"]),
        ("link", ["Target", "Link"]),
        ("install-kernel", ["KernelInstallDir"]),
        ("tar-in", ["TarFile", "RemoteDir"]),
    ]

    /// nil where there is no such type.
    static func keys(of type: String) -> [String]? { keys.first { $0.type == type }?.keys }

    /// - Parameter words: as many as the type has keys, in their order.
    init?(type: String, words: [String]) {
        guard words.count == Self.keys(of: type)?.count else { return nil }
        switch type {
        case "run-command": self = .runCommand(words[0])
        case "copy-in": self = .copyIn(hostPath: words[0], folder: words[1])
        case "set-hostname": self = .setHostname(words[0])
        case "mkdir": self = .makeFolder(words[0])
        case "upload": self = .upload(hostFile: words[0], destination: words[1])
        case "chmod": self = .changeMode(permissions: words[0], path: words[1])
        case "append-line": self = .appendLine(file: words[0], line: words[1])
        case "link": self = .link(target: words[0], link: words[1])
        case "install-kernel": self = .installKernel(hostFolder: words[0])
        case "tar-in": self = .tarIn(hostFile: words[0], folder: words[1])
        default: return nil
        }
    }
}
