// SPDX-License-Identifier: Apache-2.0

import ByteReader
import Foundation

/// The form in which a profile is kept; little-endian.
///
/// ```
///  0   8 bytes   "BPFMPROF"
///  8   u32       the form's number
/// 12             sections, one after the other: u32 length, and so many bytes; 0xffffffff and none where there is nothing
///                  facts            JSON, `ProfileFacts`
///                  functions        NameTable; numbers are `FunctionCode`
///                  trace events     NameTable; numbers are 0, here and below
///                  raw tracepoints  NameTable
///                  LSM hooks        NameTable
///                  kfuncs           NameTable
///                  configuration    text, where the kernel itself carries it
/// ```
extension KernelProfile {
    /// Changes whenever a reader of the old form would misread the new, or more is told than before: then a kernel is
    /// surveyed anew.
    public static let form: UInt32 = 2
    private static let magic = Array("BPFMPROF".utf8)
    private static let nothing = UInt32.max

    /// The profile as bytes.
    public func encoded() throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        var bytes = Self.magic
        func add(_ number: UInt32) { withUnsafeBytes(of: number.littleEndian) { bytes.append(contentsOf: $0) } }
        add(Self.form)
        let tables = [functions, traceEvents, rawTracepoints, hooks, kfuncs].map { $0?.contents }
        for section in [Array(try encoder.encode(facts))[...]] + tables + [configuration?.text[...]] {
            add(section.map { UInt32($0.count) } ?? Self.nothing)
            bytes += section ?? []
        }
        return bytes
    }

    /// Reads what `encoded` has written; whatever else the bytes are, it is told and nothing traps.
    public init(_ bytes: [UInt8]) throws(Refusal) {
        var reader = ByteReader(bytes)
        guard let magic = try? reader.bytes(Self.magic.count), Array(magic) == Self.magic,
            let form = try? reader.integer(UInt32.self)
        else { throw .notAProfile }
        guard form == Self.form else { throw .otherForm(form) }
        guard let text = try Self.section(&reader) else { throw .damaged("there are no facts in it") }
        do {
            facts = try JSONDecoder().decode(ProfileFacts.self, from: Data(text))
        } catch {
            throw .damaged("its facts make no sense")
        }
        functions = try Self.table(&reader)
        traceEvents = try Self.table(&reader)
        rawTracepoints = try Self.table(&reader)
        hooks = try Self.table(&reader)
        kfuncs = try Self.table(&reader)
        configuration = try Self.section(&reader).map { KernelConfiguration(Array($0)) }
        guard reader.isAtEnd else { throw .damaged("it goes on after its end") }
    }

    private static func table(_ reader: inout ByteReader) throws(Refusal) -> NameTable? {
        guard let section = try section(&reader) else { return nil }
        return try NameTable(reading: section)
    }

    private static func section(_ reader: inout ByteReader) throws(Refusal) -> ArraySlice<UInt8>? {
        do throws(ByteReaderError) {
            let length = try reader.integer(UInt32.self)
            return length == nothing ? nil : try reader.bytes(Int(length))
        } catch {
            throw .damaged("\(error)")
        }
    }
}
