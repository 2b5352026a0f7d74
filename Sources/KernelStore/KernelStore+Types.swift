// SPDX-License-Identifier: Apache-2.0

import BTF
import Foundation
import SystemPackage

extension KernelStore {
    /// What is known of the types that a kernel has when it runs.
    public enum OwnTypes: Sendable {
        /// Mapped, and with an index of their names.
        case present(BTFTypes)
        /// The kernel said that it has none.
        case none
        /// It was not asked, and its image has none; or those that are here were given for it by somebody.
        case notKnown
    }

    /// The types of a kernel as it has given them itself when it was surveyed, or else those of its image.
    ///
    /// - Throws: `KernelStoreError.damaged` where they are not what was kept.
    public func ownTypes(of kernel: Kernel) throws(KernelStoreError) -> OwnTypes {
        if kernel.isBTFExternal { return .notKnown }
        guard let record = profileRecord(of: kernel) else {
            return try kernel.btf.map { blob throws(KernelStoreError) in .present(try types(in: blob)) } ?? .notKnown
        }
        return try record.btf.map { blob throws(KernelStoreError) in .present(try types(in: blob)) } ?? .none
    }

    /// The types that relocations are resolved against in this kernel: those that somebody has given for it, else its own.
    ///
    /// - Returns: nil for a kernel without.
    /// - Throws: `KernelStoreError.damaged` where they are not what was kept.
    public func types(of kernel: Kernel) throws(KernelStoreError) -> BTFTypes? {
        // What somebody has given for a kernel is handed to the loader in the place of whatever the kernel has.
        if kernel.isBTFExternal { return try kernel.btf.map(types(in:)) }
        guard case .present(let types) = try ownTypes(of: kernel) else { return nil }
        return types
    }

    private func types(in blob: Blob) throws(KernelStoreError) -> BTFTypes {
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
