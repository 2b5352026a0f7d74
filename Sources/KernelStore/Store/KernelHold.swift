// SPDX-License-Identifier: Apache-2.0

import Foundation
import ScratchFolder
import Synchronization
import SystemPackage

/// Second names (hard links) for the files of kernels that this process uses: they stay when the kernel is removed, or a newer
/// revision takes its place. Lives as long as the store's value, and its names go with it.
final class KernelHold: Sendable {
    private let scratch: ScratchFolders
    /// A lock, since lanes look files up wherever they run; it is held while one folder is made.
    private let folder = Mutex<ScratchFolder?>(nil)

    init(in scratch: ScratchFolders) {
        self.scratch = scratch
    }

    deinit {
        if let folder = folder.withLock({ $0 }) { scratch.remove(folder) }
    }

    /// Gives a file a second name, unless it has one.
    ///
    /// - Returns: false where the file is gone. One that the file system lets have no second name is not held, and no error.
    func keep(_ file: FilePath) throws(ScratchFolderError) -> Bool {
        guard let name = file.lastComponent else { return false }
        let folder = try openFolder()
        guard link(file.string, folder.appending(name).string) != 0 else { return true }
        return errno == EEXIST || FileManager.default.fileExists(atPath: file.string)
    }

    /// The second name of a file; nil where it has none.
    func path(of file: FilePath) -> FilePath? {
        guard let folder = folder.withLock({ $0 }), let name = file.lastComponent else { return nil }
        let path = folder.path.appending(name)
        return FileManager.default.fileExists(atPath: path.string) ? path : nil
    }

    private func openFolder() throws(ScratchFolderError) -> FilePath {
        try folder.withLock { folder throws(ScratchFolderError) in
            if let folder { return folder.path }
            let made = try scratch.make()
            folder = made
            return made.path
        }
    }
}

extension KernelStore {
    /// Keeps the files of a kernel for as long as this value of the store is used, whoever removes the kernel meanwhile.
    ///
    /// - Returns: false where the kernel was removed before: it must be looked up again.
    public func hold(_ kernel: Kernel) throws -> Bool {
        var isWhole = true
        for blob in kernel.blobs where try !hold.keep(blobs.place(of: blob)) { isWhole = false }
        if let record = profileRecord(of: kernel) {
            // Without it only explanations know less.
            for blob in record.blobs { _ = try hold.keep(blobs.place(of: blob)) }
            _ = try hold.keep(profilePath(of: kernel))
        }
        // What was never whole is for its user to find out.
        return try isWhole || kernels().contains(kernel)
    }
}
