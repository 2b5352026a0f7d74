// SPDX-License-Identifier: Apache-2.0

import ByteReader
import Foundation

/// The form in which an index is kept; little-endian.
///
/// ```
///  0   8 bytes   "BPFMMODS"
///  8   u32       the form's number
/// 12             sections, one after the other: u32 length, and so many bytes
///                  modules   JSON: names, dependencies, whether there are types
///                  sets      u32 how many; of each u16 how many, and so many places among the modules, u16 each
///                  names     NameTable; numbers are places among the sets
/// ```
extension ModuleIndex {
    /// Changes whenever a reader of the old form would misread the new, or more is indexed than before.
    public static let form: UInt32 = 1
    private static let magic = Array("BPFMMODS".utf8)

    private struct Head: Codable {
        let modules: [Module]
        let hasTypes: Bool
    }

    /// The index as bytes.
    public func encoded() throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        var bytes = Self.magic
        Self.add(Self.form, to: &bytes)
        var places: [UInt8] = []
        Self.add(UInt32(sets.count), to: &places)
        for set in sets {
            Self.add(UInt16(set.count), to: &places)
            for place in set { Self.add(place, to: &places) }
        }
        let head = try encoder.encode(Head(modules: modules, hasTypes: hasTypes))
        for section in [Array(head)[...], places[...], names.contents] {
            Self.add(UInt32(section.count), to: &bytes)
            bytes += section
        }
        return bytes
    }

    private static func add(_ number: some FixedWidthInteger, to bytes: inout [UInt8]) {
        withUnsafeBytes(of: number.littleEndian) { bytes.append(contentsOf: $0) }
    }

    /// Reads what `encoded` has written; whatever else the bytes are, it is told and nothing traps.
    public init(_ bytes: [UInt8]) throws(KernelProfile.Refusal) {
        var reader = ByteReader(bytes)
        guard let magic = try? reader.bytes(Self.magic.count), Array(magic) == Self.magic,
            let form = try? reader.integer(UInt32.self)
        else { throw .notAProfile }
        guard form == Self.form else { throw .otherForm(form) }
        guard let head = try? JSONDecoder().decode(Head.self, from: Data(try Self.section(&reader))) else {
            throw .damaged("its list of modules makes no sense")
        }
        let isSorted = zip(head.modules, head.modules.dropFirst()).allSatisfy { $0.name < $1.name }
        guard head.modules.count <= Self.mostModules, isSorted else { throw .damaged("its modules are out of order") }
        let sets = try Self.sets(try Self.section(&reader), modules: head.modules.count)
        let names = try NameTable(reading: try Self.section(&reader))
        guard reader.isAtEnd else { throw .damaged("it goes on after its end") }
        self.init(modules: head.modules, hasTypes: head.hasTypes, names: names, sets: sets)
    }

    private static func sets(_ bytes: ArraySlice<UInt8>, modules: Int) throws(KernelProfile.Refusal) -> [[UInt16]] {
        var reader = ByteReader(bytes)
        var sets: [[UInt16]] = []
        do throws(ByteReaderError) {
            for _ in 0..<(try reader.integer(UInt32.self)) {
                var set: [UInt16] = []
                for _ in 0..<(try reader.integer(UInt16.self)) { set.append(try reader.integer()) }
                sets.append(set)
            }
        } catch {
            throw .damaged("\(error)")
        }
        guard reader.isAtEnd, sets.joined().allSatisfy({ $0 < modules }) else {
            throw .damaged("its names are of modules that it does not have")
        }
        return sets
    }

    private static func section(_ reader: inout ByteReader) throws(KernelProfile.Refusal) -> ArraySlice<UInt8> {
        do throws(ByteReaderError) {
            return try reader.bytes(Int(try reader.integer(UInt32.self)))
        } catch {
            throw .damaged("\(error)")
        }
    }
}
