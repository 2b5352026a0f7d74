// SPDX-License-Identifier: Apache-2.0

/// A cpio archive in the "newc" form that the kernel unpacks as its first root file system
/// (Documentation/driver-api/early-userspace/buffer-format.rst).
///
/// The same entries give the same bytes: owner root, no times.
public struct CPIOArchive: Sendable {
    /// Why something can't be put into an archive.
    public enum Failure: Error, Hashable, CustomStringConvertible {
        /// A name that is absolute, empty, or climbs out with `..`.
        case unusableName(String)
        /// The format has 32 bits for a size.
        case tooLarge(name: String, size: Int)

        public var description: String {
            switch self {
            case .unusableName(let name): "'\(name)' can't be a name in an initramfs"
            case .tooLarge(let name, let size): "\(name) has \(size) bytes, more than an initramfs can hold in one file"
            }
        }
    }

    private static let directory: UInt32 = 0o040000
    private static let regular: UInt32 = 0o100000
    private static let characterDevice: UInt32 = 0o020000
    private static let trailer = "TRAILER!!!"

    private var bytes: [UInt8] = []
    private var nextInode: UInt32 = 1
    private var directories: Set<String> = []

    public init() {}

    /// Adds a file, and the folders above it that are not there yet.
    public mutating func addFile(_ name: String, mode: UInt32, _ contents: [UInt8]) throws(Failure) {
        guard contents.count <= Int(UInt32.max) else { throw .tooLarge(name: name, size: contents.count) }
        try addFolders(above: name)
        append(name, mode: Self.regular | mode, contents: contents)
    }

    /// Adds a character device, such as `/dev/console` with the numbers 5 and 1.
    public mutating func addCharacterDevice(
        _ name: String,
        mode: UInt32,
        major: UInt32,
        minor: UInt32
    ) throws(Failure) {
        try addFolders(above: name)
        append(name, mode: Self.characterDevice | mode, major: major, minor: minor)
    }

    /// The whole archive, its end included.
    public func finished() -> [UInt8] {
        var archive = self
        archive.append(Self.trailer, mode: 0)
        return archive.bytes
    }

    private mutating func addFolders(above name: String) throws(Failure) {
        let parts = name.split(separator: "/", omittingEmptySubsequences: false)
        guard !parts.isEmpty, !parts.contains(where: { $0.isEmpty || $0 == "." || $0 == ".." }) else {
            throw .unusableName(name)
        }
        for count in 1..<max(parts.count, 1) {
            let folder = parts.prefix(count).joined(separator: "/")
            if directories.insert(folder).inserted { append(folder, mode: Self.directory | 0o755) }
        }
    }

    private mutating func append(
        _ name: String,
        mode: UInt32,
        contents: [UInt8] = [],
        major: UInt32 = 0,
        minor: UInt32 = 0
    ) {
        let path = Array(name.utf8) + [0]
        // inode, mode, uid, gid, links, mtime, size, device (2), special device (2), length of the name, checksum
        let fields = [
            nextInode, mode, 0, 0, 1, 0, UInt32(contents.count), 0, 0, major, minor, UInt32(path.count), 0,
        ]
        nextInode += 1
        bytes += Array("070701".utf8)
        for field in fields { bytes += Self.hexadecimal(field) }
        bytes += path
        pad()
        bytes += contents
        pad()
    }

    private mutating func pad() {
        while bytes.count % 4 != 0 { bytes.append(0) }
    }

    private static func hexadecimal(_ value: UInt32) -> [UInt8] {
        let digits = Array("0123456789ABCDEF".utf8)
        return (0..<8).reversed().map { digits[Int(value >> (4 * UInt32($0)) & 0xf)] }
    }
}
