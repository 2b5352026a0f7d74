// SPDX-License-Identifier: Apache-2.0

/// The architectures that kernels are tested on, in dpkg's spelling.
public enum Architecture: String, Sendable, Hashable, Codable, CaseIterable {
    case amd64
    case arm64

    /// The one that this program was built for, and that guests with its agent therefore have.
    public static var host: Architecture {
        #if arch(arm64)
            .arm64
        #else
            .amd64
        #endif
    }

    /// `e_machine` of its programs (linux/elf-em.h: `EM_X86_64`, `EM_AARCH64`).
    public var elfMachine: UInt16 {
        switch self {
        case .amd64: 62
        case .arm64: 183
        }
    }

    /// QEMU's emulator of it.
    public var emulator: String {
        switch self {
        case .amd64: "qemu-system-x86_64"
        case .arm64: "qemu-system-aarch64"
        }
    }

    /// The package that has the emulator, in Debian and in Ubuntu.
    public var emulatorPackage: String {
        switch self {
        case .amd64: "qemu-system-x86"
        case .arm64: "qemu-system-arm"
        }
    }

    /// The name of the folder with its libraries: https://wiki.debian.org/Multiarch/Tuples
    public var multiarchTuple: String {
        switch self {
        case .amd64: "x86_64-linux-gnu"
        case .arm64: "aarch64-linux-gnu"
        }
    }
}
