// SPDX-License-Identifier: Apache-2.0

import ByteReader
import ELF
import Platform

/// A kernel image, as far as its bytes tell: an x86 bzImage, the ELF file that the build made first, or arm64's Image.
///
/// Offsets: Documentation/arch/x86/boot.rst, "The Real-Mode Kernel Header".
enum BootImage: Hashable {
    case bzImage(BZImage)
    case elf(release: String)
    case armImage(release: String)

    struct BZImage: Hashable {
        /// `uname -r`.
        let release: String
        /// Where the compressed kernel lies in the file.
        let payload: Range<Int>
        let compression: Compression
    }

    /// Why bytes are no image that can be booted.
    enum Refusal: Error, Hashable, CustomStringConvertible {
        case neither
        case truncated
        case tooOld(version: UInt16)
        case unknownCompression([UInt8])
        case noRelease
        case foreignELF(machine: UInt16)
        /// Of an arm64 Image.
        case bigEndian
        case noSize

        var description: String {
            switch self {
            case .neither: "it is neither a bzImage nor an ELF file, nor an arm64 Image"
            case .truncated: "it is cut off"
            case .tooOld(let version): "its boot protocol is \(String(version, radix: 16)), from before Linux 2.6.24"
            case .unknownCompression(let magic): "its payload is compressed in an unknown way (\(magic))"
            case .noRelease: "it does not say which Linux it is"
            case .bigEndian: "it is a big-endian kernel, which this tool does not test"
            case .noSize: "its header has no size: it is from before Linux 3.17"
            case .foreignELF(Architecture.arm64.elfMachine):
                "it is arm64's ELF file, from which QEMU does not boot: arch/arm64/boot/Image is the one"
            case .foreignELF(let machine): "it is an ELF file for another machine (e_machine \(machine))"
            }
        }
    }

    private static let headerMagic = Array("HdrS".utf8)
    /// The first boot protocol that says where the payload is.
    private static let payloadProtocol: UInt16 = 0x0208

    init(_ bytes: [UInt8]) throws(Refusal) {
        if bytes.starts(with: ELFFile.magic) {
            guard let file = try? ELFFile(bytes) else { throw .truncated }
            guard file.machine == Architecture.amd64.elfMachine else { throw .foreignELF(machine: file.machine) }
            guard let release = KernelBanner.release(in: bytes) else { throw .noRelease }
            self = .elf(release: release)
            return
        }
        if ArmImage.isOne(bytes[...]) {
            self = .armImage(release: try ArmImage.release(of: bytes))
            return
        }
        guard bytes.count > 0x206, Array(bytes[0x202..<0x206]) == Self.headerMagic else { throw .neither }
        let header: SetupHeader
        do throws(ByteReaderError) {
            header = try SetupHeader(bytes)
        } catch {
            throw .truncated
        }
        guard header.version >= Self.payloadProtocol else { throw .tooOld(version: header.version) }
        guard header.payload.upperBound <= bytes.count, !header.payload.isEmpty else { throw .truncated }
        let release = header.release.prefix { $0 != " " }
        guard !release.isEmpty else { throw .noRelease }
        guard let compression = Compression(bytes[header.payload]) else {
            throw .unknownCompression(Array(bytes[header.payload].prefix(6)))
        }
        self = .bzImage(BZImage(release: String(release), payload: header.payload, compression: compression))
    }

    var release: String {
        switch self {
        case .bzImage(let image): image.release
        case .elf(let release), .armImage(let release): release
        }
    }

    var architecture: Architecture {
        switch self {
        case .bzImage, .elf: .amd64
        case .armImage: .arm64
        }
    }
}

private struct SetupHeader {
    let version: UInt16
    let release: String
    let payload: Range<Int>

    init(_ bytes: [UInt8]) throws(ByteReaderError) {
        var reader = ByteReader(bytes)
        try reader.seek(to: 0x1f1)
        let sectors = try reader.integer(UInt8.self)
        try reader.seek(to: 0x206)
        version = try reader.integer()
        try reader.seek(to: 0x20e)
        let releaseOffset = try reader.integer(UInt16.self)
        try reader.seek(to: 0x248)
        let offset = Int(try reader.integer(UInt32.self))
        let length = Int(try reader.integer(UInt32.self))
        // Zero sectors mean four, for reasons of history; one more holds the boot sector.
        let protectedMode = (Int(sectors == 0 ? 4 : sectors) + 1) * 512
        payload = (protectedMode + offset)..<(protectedMode + offset + length)
        try reader.seek(to: 0x200 + Int(releaseOffset))
        release = try reader.zeroTerminatedString()
    }
}

/// How a kernel is compressed, told by its first bytes as scripts/extract-vmlinux does.
enum Compression: String, Hashable, CaseIterable {
    case gzip
    case xz
    case zstd
    case lz4
    case bzip2
    case lzma

    init?(_ bytes: ArraySlice<UInt8>) {
        guard let found = Self.allCases.first(where: { bytes.starts(with: $0.magic) }) else { return nil }
        self = found
    }

    private var magic: [UInt8] {
        switch self {
        case .gzip: [0x1f, 0x8b]
        case .xz: [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]
        case .zstd: [0x28, 0xb5, 0x2f, 0xfd]
        // The legacy frame, which is what the kernel's build writes.
        case .lz4: [0x02, 0x21, 0x4c, 0x18]
        case .bzip2: [0x42, 0x5a, 0x68]
        case .lzma: [0x5d, 0x00, 0x00]
        }
    }

    /// The program that undoes it, with the arguments for standard input and output.
    var tool: (name: String, arguments: [String]) {
        switch self {
        case .gzip: ("gzip", ["-dc"])
        case .xz: ("xz", ["-dc"])
        case .zstd: ("zstd", ["-dc"])
        case .lz4: ("lz4", ["-dc"])
        case .bzip2: ("bzip2", ["-dc"])
        case .lzma: ("xz", ["-dc", "--format=lzma"])
        }
    }

    /// What the program calls files of its own, by which it knows them; it takes `-d`, `-k`, `-f` and `-q` for each.
    var suffix: String {
        switch self {
        case .gzip: "gz"
        case .xz: "xz"
        case .zstd: "zst"
        case .lz4: "lz4"
        case .bzip2: "bz2"
        case .lzma: "lzma"
        }
    }
}
