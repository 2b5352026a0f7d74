// SPDX-License-Identifier: Apache-2.0

import ByteReader
import KernelProfile

/// The files of an account in one run of bytes: which file, its length in four bytes, and so many bytes, or what is left of them.
extension KernelAccount {
    /// In this order they are numbered.
    private static let files: [WritableKeyPath<KernelAccount, [UInt8]?> & Sendable] = [
        \.typeInformation, \.symbols, \.traceableFunctions, \.probeBlacklist, \.traceEvents, \.securityModules,
        \.lockdown,
        \.jitSetting, \.unprivilegedSetting,
    ]

    /// nil where there is no file at all.
    init?(fuzzed bytes: [UInt8]) {
        self.init(release: "6.9.0-mine")
        var reader = ByteReader(bytes)
        while let number = try? reader.integer(UInt8.self), let length = try? reader.integer(UInt32.self) {
            guard let file = try? reader.bytes(min(Int(length), reader.remaining)) else { break }
            self[keyPath: Self.files[Int(number) % Self.files.count]] = Array(file)
        }
        guard Self.files.contains(where: { self[keyPath: $0] != nil }) else { return nil }
    }

    /// The same, as bytes to begin with.
    var asFuzzed: [UInt8] {
        var bytes: [UInt8] = []
        for (number, path) in Self.files.enumerated() {
            guard let file = self[keyPath: path] else { continue }
            bytes.append(UInt8(number))
            withUnsafeBytes(of: UInt32(file.count).littleEndian) { bytes.append(contentsOf: $0) }
            bytes += file
        }
        return bytes
    }
}
