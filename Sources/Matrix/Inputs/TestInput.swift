// SPDX-License-Identifier: Apache-2.0

import BPFObject
import SystemPackage

/// Why something that the user named can't be tested.
public enum InputError: Error, CustomStringConvertible {
    case notFound(path: String)
    case unreadable(path: String, reason: String)
    /// A folder with neither sources nor objects.
    case emptyFolder(path: String, isSearchedWhole: Bool)
    case notTestable(path: String, BPFObjectError)
    /// An object for machines that store numbers the other way round.
    case foreignByteOrder(path: String)

    public var description: String {
        switch self {
        case .notFound(let path): "\(path): no such file or folder"
        case .unreadable(let path, let reason): "\(path): cannot be read: \(reason)"
        case .emptyFolder(let path, false):
            "\(path): no BPF source or object in this folder (subfolders are searched with -r)"
        case .emptyFolder(let path, true): "\(path): no BPF source or object in this folder or its subfolders"
        case .notTestable(let path, let error): "\(path): \(error)"
        case .foreignByteOrder(let path): "\(path): \(Self.foreignByteOrderText)"
        }
    }

    static let foreignByteOrderText =
        "foreign byte order: the object is for big-endian machines, and the kernels here are little-endian"
}

/// One thing to test, as named by the user or found in a folder.
public enum TestInput: Sendable, Hashable {
    /// C, to be compiled.
    case source(FilePath)
    /// An object, or any file that embeds objects.
    case binary(FilePath)
    /// A file that was found in a folder and seems to embed objects. Where it turns out to embed none, it is none of the user's
    /// inputs.
    case container(FilePath)

    public var path: FilePath {
        switch self {
        case .source(let path), .binary(let path), .container(let path): path
        }
    }

    public var isSource: Bool {
        guard case .source = self else { return false }
        return true
    }
}

/// What objects are read for.
public enum InputPurpose: Sendable {
    /// They have programs, and a kernel of this machine's kind can load them.
    case testing
    /// Anything that can be read.
    case inspection
}
