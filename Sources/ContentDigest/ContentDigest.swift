// SPDX-License-Identifier: Apache-2.0

import Crypto
import Foundation
import SystemPackage

/// The SHA-256 of some bytes: by it objects, kernels and whatever is kept of them are known.
public struct ContentDigest: Sendable, Hashable, CustomStringConvertible {
    /// 32 bytes.
    public let bytes: [UInt8]

    public init(of content: some DataProtocol) {
        bytes = Array(SHA256.hash(data: content))
    }

    /// One that is known already; nil where these are not 32.
    public init?(bytes: [UInt8]) {
        guard bytes.count == 32 else { return nil }
        self.bytes = bytes
    }

    /// One that is known already; nil where these are not 64 hexadecimal digits.
    public init?(hexadecimal: String) {
        let digits = hexadecimal.compactMap(\.hexDigitValue)
        guard digits.count == 64, hexadecimal.utf8.count == 64 else { return nil }
        bytes = stride(from: 0, to: 64, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
    }

    /// Of a file, which is read in pieces; nil where it can't be read.
    public init?(ofFile path: FilePath) {
        guard let file = try? FileDescriptor.open(path, .readOnly, options: .closeOnExec) else { return nil }
        defer { try? file.close() }
        let piece = UnsafeMutableRawBufferPointer.allocate(byteCount: Self.pieceSize, alignment: 4096)
        defer { piece.deallocate() }
        var running = RunningDigest()
        while true {
            guard let count = try? file.read(into: piece) else { return nil }
            if count == 0 { break }
            running.add(UnsafeRawBufferPointer(rebasing: piece[..<count]))
        }
        self = running.digest
    }

    /// Bytes of a file that are in memory at once: images have gigabytes. Larger pieces are no faster.
    private static let pieceSize = 256 << 10

    /// 64 digits.
    public var hexadecimal: String {
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 0xf)]] }, as: UTF8.self)
    }

    public var description: String { hexadecimal }
}
