// SPDX-License-Identifier: Apache-2.0

import BPFObject
import Foundation
import SystemPackage

/// What a file is, by as few of its bytes as it takes.
enum FileGlance {
    /// A BPF object.
    case object(isBigEndian: Bool)
    /// An ELF file of another machine.
    case otherELF
    case other
    /// A device or pipe, or it may not be read.
    case closed

    /// Reads the first bytes.
    init(at path: String) {
        guard let file = OpenFile(path), let head = file.head(ObjectHeader.length) else {
            self = .closed
            return
        }
        if let header = ObjectHeader(head[...]) {
            self = .object(isBigEndian: header.isBigEndian)
        } else {
            self = ObjectHeader.isELF(head[...]) ? .otherELF : .other
        }
    }

    /// Whether a BPF object seems to be inside: the beginning of one, anywhere in the file. Reads all of it.
    static func embedsObjects(_ path: FilePath) -> Bool {
        guard let bytes = try? Data(contentsOf: URL(filePath: path.string), options: .alwaysMapped) else {
            return false
        }
        return bytes.withUnsafeBytes { bytes in
            guard let base = bytes.baseAddress else { return false }
            var start = 0
            while let found = memchr(base + start, firstByte, bytes.count - start) {
                let position = UnsafeRawPointer(found) - base
                guard position + ObjectHeader.length <= bytes.count else { return false }
                if bytes[position + 1] == secondByte,
                    ObjectHeader([UInt8](bytes[position..<(position + ObjectHeader.length)])[...]) != nil
                {
                    return true
                }
                start = position + 1
            }
            return false
        }
    }

    /// Those of every ELF file.
    private static let firstByte: Int32 = 0x7f
    private static let secondByte = UInt8(ascii: "E")
}

/// A regular file that is read from; closed when it goes.
private struct OpenFile: ~Copyable {
    private let descriptor: Int32

    /// nil for a device or a pipe, which might never answer, and for what may not be read.
    init?(_ path: String) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { return nil }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            close(descriptor)
            return nil
        }
        self.descriptor = descriptor
    }

    deinit {
        close(descriptor)
    }

    func head(_ length: Int) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: length)
        let count = pread(descriptor, &bytes, length, 0)
        guard count >= 0 else { return nil }
        return Array(bytes.prefix(count))
    }
}
