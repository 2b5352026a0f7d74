// SPDX-License-Identifier: Apache-2.0

/// Builds a payload: integers little-endian, byte strings and lists behind a count of 32 bits.
struct ByteWriter {
    private(set) var bytes: [UInt8] = []

    init(capacity: Int = 0) {
        bytes.reserveCapacity(capacity)
    }

    mutating func write(_ value: some FixedWidthInteger) {
        withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
    }

    mutating func write(_ value: Bool) {
        write(value ? UInt8(1) : 0)
    }

    mutating func write(_ value: [UInt8]) {
        write(UInt32(value.count))
        bytes.append(contentsOf: value)
    }

    mutating func write(_ value: String) {
        write(Array(value.utf8))
    }

    mutating func write(_ values: [String]) {
        write(UInt32(values.count))
        for value in values { write(value) }
    }

    mutating func write(_ values: [UInt32]) {
        write(UInt32(values.count))
        for value in values { write(value) }
    }

    /// Adds bytes without a count.
    mutating func append(_ raw: [UInt8]) {
        bytes.append(contentsOf: raw)
    }
}
