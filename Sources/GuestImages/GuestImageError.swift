// SPDX-License-Identifier: Apache-2.0

/// Why an image can't be had. The first line says what to do.
public enum GuestImageError: Error, Hashable, CustomStringConvertible {
    case unreadable(path: String, reason: String)
    /// `place`: "image 'base', action 3".
    case badDefinition(file: String, place: String?, reason: String)
    case unknownImage(name: String, file: String, there: [String])
    case notInStore(name: String, there: [String])
    /// A file of this machine that an action reads.
    case hostFile(step: String, path: String, reason: String)
    /// A program that building needs, and the package that has it.
    case programMissing(name: String, package: String)
    /// There is no way on this machine to make files of all users in an image.
    case noPrivileges(reason: String)
    /// `output`: the end of what was printed.
    case stepFailed(image: String, step: String, reason: String, output: String)
    case tooSmall(image: String, size: String, needed: Int)
    case storage(path: String, reason: String)
    case damaged(path: String, reason: String)

    public var description: String {
        switch self {
        case .unreadable(let path, let reason): "cannot read \(path): \(reason)"
        case .badDefinition(let file, let place, let reason):
            "\(file): \(place.map { "\($0): " } ?? "")\(reason)"
        case .unknownImage(let name, let file, let there):
            "\(file) defines no image '\(name)'; it has: \(there.isEmpty ? "none" : there.joined(separator: ", "))"
        case .notInStore(let name, let there):
            "no image '\(name)' in the store; there: \(there.isEmpty ? "none" : there.joined(separator: ", ")). "
                + "bpfmatrix images build makes them"
        case .hostFile(let step, let path, let reason): "\(step): \(path): \(reason)"
        case .programMissing(let name, let package):
            "images are built with \(name), which is not on this machine: install \(package)"
        case .noPrivileges(let reason): "images can't be built here: \(reason)"
        case .stepFailed(let image, let step, let reason, let output):
            "image '\(image)': \(step): \(reason)\(output.isEmpty ? "" : "\n\(output)")"
        case .tooSmall(let image, let size, let needed):
            "image '\(image)': image_size \(size) is too small: what is in it takes \(needed >> 20) MB"
        case .storage(let path, let reason):
            "cannot write \(path): \(reason). Free some room, or set BPFMATRIX_STORE to a folder that has it"
        case .damaged(let path, let reason): "\(path) is damaged: \(reason). Build the image again with --force"
        }
    }
}
