// SPDX-License-Identifier: Apache-2.0

/// CRC-32 as in IEEE 802.3 (reflected polynomial 0xEDB88320), eight bytes at a time: in an emulated guest every
/// instruction counts.
struct CRC32 {
    /// 256 entries for each of eight places: what a byte there does to the register.
    private static let tables: [UInt32] = {
        var tables: [UInt32] = (0..<256).map { index in
            (0..<8).reduce(UInt32(index)) { value, _ in
                value & 1 == 1 ? (value >> 1) ^ 0xedb8_8320 : value >> 1
            }
        }
        for index in 256..<(8 * 256) {
            let before = tables[index - 256]
            tables.append((before >> 8) ^ tables[Int(before & 0xff)])
        }
        return tables
    }()

    private var register: UInt32 = 0xffff_ffff

    var value: UInt32 { ~register }

    mutating func update(_ bytes: [UInt8]) {
        var register = register
        Self.tables.withUnsafeBufferPointer { tables in
            bytes.withUnsafeBytes { bytes in
                var offset = 0
                while bytes.count - offset >= 8 {
                    var word = bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self).littleEndian
                    word ^= UInt64(register)
                    register = 0
                    for place in 0..<8 {
                        let byte = Int(truncatingIfNeeded: (word >> (8 * UInt64(place))) & 0xff)
                        register ^= tables[(7 - place) * 256 + byte]
                    }
                    offset += 8
                }
                while offset < bytes.count {
                    register = (register >> 8) ^ tables[Int(UInt8(truncatingIfNeeded: register) ^ bytes[offset])]
                    offset += 1
                }
            }
        }
        self.register = register
    }
}
