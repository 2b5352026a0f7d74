// SPDX-License-Identifier: Apache-2.0

/// CRC-32 as in IEEE 802.3 (reflected polynomial 0xEDB88320), four bytes at a time would be faster and is not needed:
/// the transport is slower than one.
struct CRC32 {
    private static let table: [UInt32] = (0..<256).map { index in
        (0..<8).reduce(UInt32(index)) { value, _ in
            value & 1 == 1 ? (value >> 1) ^ 0xedb8_8320 : value >> 1
        }
    }

    private var register: UInt32 = 0xffff_ffff

    var value: UInt32 { ~register }

    mutating func update(_ bytes: [UInt8]) {
        var register = register
        Self.table.withUnsafeBufferPointer { table in
            for byte in bytes {
                register = (register >> 8) ^ table[Int(UInt8(truncatingIfNeeded: register) ^ byte)]
            }
        }
        self.register = register
    }
}
