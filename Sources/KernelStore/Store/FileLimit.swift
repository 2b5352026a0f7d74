// SPDX-License-Identifier: Apache-2.0

/// Bytes that files of a kernel may have, packed or unpacked: what has more is no such file, and is not read.
enum FileLimit {
    /// Distributions' images have 5 to 60 MB; a vmlinux with all of its debugging information nearly a thousand.
    static let image = 1 << 30
    /// The largest that guests need, ext4 with its debugging information, has some 30 MB.
    static let module = 64 << 20
    /// Of all modules of a kernel, decompressed: distributions' have 100 to 600 MB.
    static let modules = 1 << 30
    /// What they have for BPF: names and numbers.
    static let moduleIndex = 256 << 20
    /// The kernel's own have 4 to 10 MB.
    static let typeInformation = 64 << 20
    /// Configurations have some 300 kB.
    static let configuration = 16 << 20
}
