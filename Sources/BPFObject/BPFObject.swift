// SPDX-License-Identifier: Apache-2.0

import ByteReader
import ELF

/// What a BPF object file holds, read from its bytes.
public struct BPFObject: Sendable, Hashable {
    /// Entry points in the order of their sections; functions in `.text` are called by them and are none.
    public let programs: [BPFProgram]
    /// The licence that the programs claim; nil where the object has no `license` section.
    public let license: String?
    /// Whether there is type information: without it neither CO-RE nor maps in `.maps` can work.
    public let hasBTF: Bool

    /// Sections that have the same bytes are none that a compiler makes; tests and fuzzers make a few.
    private static let mostOverlap = 4

    /// - Parameter needsPrograms: an object without programs is refused: there is nothing in it to test.
    public init(_ bytes: [UInt8], needsPrograms: Bool = true) throws(BPFObjectError) {
        try self.init(bytes[...], needsPrograms: needsPrograms)
    }

    public init(_ bytes: ArraySlice<UInt8>, needsPrograms: Bool = true) throws(BPFObjectError) {
        let file: ELFFile
        let symbols: [ELFSymbol]
        let licenseBytes: ArraySlice<UInt8>?
        do throws(ELFError) {
            file = try ELFFile(bytes)
            symbols = try file.symbols()
            licenseBytes = try file.section(named: "license").map { section throws(ELFError) in
                try file.contents(of: section)
            }
            // A section that reaches beyond the end means that the file was cut: said now, not by a guest.
            var size = 0
            for section in file.sections { size += try file.contents(of: section).count }
            // Whatever is read of all sections one after the other is as long as the file, or a little longer.
            guard size <= Self.mostOverlap * bytes.count else { throw ELFError.overlappingSections }
        } catch {
            throw BPFObjectError(error)
        }
        guard file.machine == ELFFile.bpfMachine else { throw .notBPF(machine: file.machine) }
        guard file.kind == .relocatable else { throw .notRelocatable }
        programs = BPFProgram.programs(in: file, symbols: symbols)
        guard !needsPrograms || !programs.isEmpty else { throw .noPrograms }
        var names: Set<String> = []
        for program in programs where !names.insert(program.name).inserted { throw .sameName(program.name) }
        license = licenseBytes.map { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        hasBTF = file.section(named: ".BTF") != nil
    }
}
