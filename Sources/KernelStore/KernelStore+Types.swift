// SPDX-License-Identifier: Apache-2.0

import BTF
import Foundation
import SystemPackage

extension KernelStore {
    /// The types that relocations are resolved against in this kernel, mapped and with an index of their names: those that
    /// somebody has given for it, those that it has given itself as it was surveyed, or else those of its image.
    ///
    /// - Returns: nil for a kernel without.
    /// - Throws: `KernelStoreError.damaged` where they are not what was kept.
    public func types(of kernel: Kernel) throws(KernelStoreError) -> BTFTypes? {
        guard let blob = typesKept(of: kernel) else { return nil }
        let path = blobs.path(of: blob)
        guard blobs.isSound(blob) else { throw .damaged(path: path.string, reason: "it is not what was written") }
        do {
            return try BTFTypes(try BTFBytes(mapping: path))
        } catch let error as BTFError {
            throw .damaged(path: path.string, reason: "\(error)")
        } catch {
            throw .storage(path: path.string, reason: "cannot be read: \(error)")
        }
    }
}

extension BTFBytes {
    /// A file's bytes, which stay in the page cache that all processes share. The store never changes a file that it has
    /// named, and one that is removed stays as long as it is mapped.
    convenience init(mapping path: FilePath) throws(Errno) {
        let file = open(path.string, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw Errno(rawValue: errno) }
        defer { close(file) }
        var status = stat()
        guard fstat(file, &status) == 0 else { throw Errno(rawValue: errno) }
        let count = Int(status.st_size)
        // mmap(2) maps no file without bytes.
        guard count > 0 else {
            self.init([])
            return
        }
        guard let memory = mmap(nil, count, PROT_READ, MAP_PRIVATE, file, 0), memory != MAP_FAILED else {
            throw Errno(rawValue: errno)
        }
        let address = UInt(bitPattern: memory)
        self.init(mapped: UnsafeRawBufferPointer(start: memory, count: count)) {
            munmap(UnsafeMutableRawPointer(bitPattern: address), count)
        }
    }
}
