// SPDX-License-Identifier: Apache-2.0

import BTF
import SystemPackage

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A file of the store in memory without being read: only what is looked at comes in. Files of the store are never changed,
/// only replaced whole.
enum MappedFile {
    struct Failure: Error, CustomStringConvertible {
        let path: FilePath
        let errno: Errno

        var description: String { "\(path) can't be mapped: \(errno)" }
    }

    static func bytes(of path: FilePath) throws -> BTFBytes {
        let file = try FileDescriptor.open(path, .readOnly)
        defer { try? file.close() }
        let size = Int(try file.seek(offset: 0, from: .end))
        guard size > 0 else { return BTFBytes([]) }
        guard let address = mmap(nil, size, PROT_READ, MAP_PRIVATE, file.rawValue, 0), address != MAP_FAILED else {
            throw Failure(path: path, errno: Errno(rawValue: errno))
        }
        let place = UInt(bitPattern: address)
        return BTFBytes(mapped: UnsafeRawBufferPointer(start: address, count: size)) {
            munmap(UnsafeMutableRawPointer(bitPattern: place), size)
        }
    }
}
