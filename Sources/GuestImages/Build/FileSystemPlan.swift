// SPDX-License-Identifier: Apache-2.0

/// How large an ext4 file system is made for what is to be in it. All in bytes but the inodes.
struct FileSystemPlan: Hashable {
    /// Less would not hold it.
    let needed: Int
    let size: Int
    /// As many files as it can have.
    let inodes: Int

    /// What a file system costs besides its files: journal, tables, and a little.
    private static let overhead = 48 << 20
    /// mke2fs(8), -I: of each.
    private static let inodeSize = 256
    /// mke2fs(8), -i: its own measure, one inode for so many bytes. A tree of many small files needs more.
    private static let bytesForInode = 16384
    /// Left free where no size is given, besides a quarter.
    private static let room = 192 << 20
    private static let blockSize = 4096

    /// - Parameters:
    ///   - content: what the files take, in whole blocks.
    ///   - size: the one that the definition gives.
    init(content: Int, files: Int, size: Int?) {
        needed = content + content / 32 + files * Self.inodeSize + Self.overhead
        self.size = size ?? (needed + needed / 4 + Self.room) & ~(Self.blockSize - 1)
        inodes = max(self.size / Self.bytesForInode, files + files / 4 + 1024)
    }
}
