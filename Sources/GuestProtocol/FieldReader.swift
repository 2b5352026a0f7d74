// SPDX-License-Identifier: Apache-2.0

import ByteReader

/// Reads the fields of one message, and names the message in every error.
struct FieldReader {
    private var reader: ByteReader
    /// Only an error has it made: to spell a value's name takes an emulated guest as long as to read the message.
    private let message: () -> String

    init(_ frame: Frame, message: @autoclosure @escaping () -> String) {
        reader = ByteReader(frame.payload)
        self.message = message
    }

    mutating func integer<Value: FixedWidthInteger>(_ type: Value.Type = Value.self) throws(ProtocolError) -> Value {
        do throws(ByteReaderError) { return try reader.integer(type) } catch { throw malformed("\(error)") }
    }

    mutating func bool() throws(ProtocolError) -> Bool {
        switch try integer(UInt8.self) {
        case 0: return false
        case 1: return true
        case let other: throw malformed("\(other) is neither true nor false")
        }
    }

    mutating func bytes() throws(ProtocolError) -> [UInt8] {
        let count = try integer(UInt32.self)
        do throws(ByteReaderError) { return Array(try reader.bytes(Int(count))) } catch { throw malformed("\(error)") }
    }

    mutating func string() throws(ProtocolError) -> String {
        String(decoding: try bytes(), as: UTF8.self)
    }

    mutating func strings() throws(ProtocolError) -> [String] {
        let count = try integer(UInt32.self)
        // Each string takes four bytes at least: a count beyond that is a lie, told before any memory is spent on it.
        guard Int(count) <= reader.remaining / 4 else { throw malformed("\(count) strings do not fit") }
        var strings: [String] = []
        for _ in 0..<count { strings.append(try string()) }
        return strings
    }

    mutating func integers() throws(ProtocolError) -> [UInt32] {
        let count = try integer(UInt32.self)
        guard Int(count) <= reader.remaining / 4 else { throw malformed("\(count) numbers do not fit") }
        var integers: [UInt32] = []
        for _ in 0..<count { integers.append(try integer()) }
        return integers
    }

    /// A value of an enumeration, from its raw value.
    mutating func value<Value: RawRepresentable>(
        _ type: Value.Type = Value.self
    ) throws(ProtocolError) -> Value where Value.RawValue == UInt8 {
        let raw = try integer(UInt8.self)
        guard let value = Value(rawValue: raw) else { throw malformed("\(raw) is no \(Value.self)") }
        return value
    }

    /// Call after the last field: a message that goes on is not the one that this side knows.
    func end() throws(ProtocolError) {
        guard reader.isAtEnd else { throw malformed("\(reader.remaining) bytes too many") }
    }

    private func malformed(_ reason: String) -> ProtocolError {
        .malformed(message: message(), reason: reason)
    }
}
