// SPDX-License-Identifier: Apache-2.0

import BTF
import ELF
import TestObjects
import Testing

@testable import BPFObject

/// Objects whose type information is not what a compiler makes: libbpf refuses some of them, and does without in others.
@Suite struct DamageTests {
    private static let plain = """
        __noinline int shared(int a) { return a * bpf_ktime_get_ns(); }
        SEC("xdp") int entry(int *context) { return shared(*context); }
        """
    private static let withMap = """
        struct { __uint(type, 2); __uint(max_entries, 1); __uint(key_size, 4); __uint(value_size, 4); } map SEC(".maps");

        """ + plain
    private static let withExtern = """
        int kernel(int a) __ksym;
        SEC("tc") int other(int *context) { return kernel(3); }

        """ + plain

    /// The first type's name is where no string is: opening the blob does not notice.
    private static func withoutName(_ code: String) throws -> [UInt8] {
        var bytes = try CompiledObject.bytes(code)
        let section = try #require(try ELFFile(bytes).section(named: ".BTF"))
        bytes.replaceSubrange(section.offset + 24..<section.offset + 28, with: littleEndian(0x7fff_ffff))
        return bytes
    }

    private static func withoutMagic(_ code: String, in name: String) throws -> [UInt8] {
        var bytes = try CompiledObject.bytes(code)
        let section = try #require(try ELFFile(bytes).section(named: name))
        bytes[section.offset] ^= 0xff
        return bytes
    }

    @Test("types are checked as libbpf checks them, and refused where the object needs them")
    func checkedTypes() throws {
        let bytes = try Self.withoutName(Self.withMap)
        #expect(throws: BPFObjectError.types(.noSuchName(offset: 0x7fff_ffff, of: 1))) { try ObjectContents(bytes) }
    }

    @Test("damaged types are refused where maps or externs need them", arguments: [withMap, withExtern])
    func needed(code: String) throws {
        let bytes = try Self.withoutMagic(code, in: ".BTF")
        #expect(throws: BPFObjectError.types(.notBTF)) { try ObjectContents(bytes) }
    }

    @Test("damaged types that nothing needs are ignored, and told")
    func ignored() throws {
        let contents = try ObjectContents(try Self.withoutMagic(Self.plain, in: ".BTF"))
        #expect(contents.damage == .types(.notBTF))
        #expect(contents.types == nil)
        #expect(contents.programs.map(\.name) == ["entry"])
        let checked = try ObjectContents(try Self.withoutName(Self.plain))
        #expect(checked.damage == .types(.noSuchName(offset: 0x7fff_ffff, of: 1)))
    }

    @Test("a damaged .BTF.ext is ignored, and told, unless maps need types")
    func extensions() throws {
        for code in [Self.plain, Self.withExtern] {
            let contents = try ObjectContents(try Self.withoutMagic(code, in: ".BTF.ext"))
            #expect(contents.damage == .extensions(.notBTF))
            #expect(contents.types != nil)
            #expect(contents.relocations.isEmpty)
            #expect(try contents.program(named: "entry")?.source(atInstruction: 0) == nil)
        }
        let bytes = try Self.withoutMagic(Self.withMap, in: ".BTF.ext")
        #expect(throws: BPFObjectError.types(.notBTF)) { try ObjectContents(bytes) }
    }

    @Test("what is sound has no damage")
    func sound() throws {
        #expect(try CompiledObject.contents(Self.withMap).damage == nil)
    }

    private static let relocated = """
        struct task { int first; int last; } __attribute__((preserve_access_index));
        SEC("OPTIONAL") int entry(struct task **context) { return (*context)->last; }
        """

    /// Bytes of the only CO-RE relocation: its instruction, type, access and kind.
    private static func changing(_ field: Int, to value: UInt32, section: String = "raw_tp") throws -> [UInt8] {
        var bytes = try CompiledObject.bytes(relocated.replacing("OPTIONAL", with: section))
        let extensions = try #require(try ELFFile(bytes).section(named: ".BTF.ext"))
        func word(_ offset: Int) -> Int {
            (0..<4).reduce(0) { $0 | Int(bytes[extensions.offset + offset + $1]) << (8 * $1) }
        }
        // The header's size, the list's place; a record's size, and the section's name and count before the first record.
        let record = extensions.offset + word(4) + word(24) + 12 + 4 * field
        bytes.replaceSubrange(record..<record + 4, with: littleEndian(value))
        return bytes
    }

    @Test("a CO-RE relocation of half an instruction, or of a type or path that is not there, is refused")
    func relocations() throws {
        #expect(throws: BPFObjectError.brokenCORERelocation(section: "raw_tp", offset: 4)) {
            try ObjectContents(try Self.changing(0, to: 4))
        }
        for field in [1, 2] {
            #expect(throws: BPFObjectError.brokenCORERelocation(section: "raw_tp", offset: 8)) {
                try ObjectContents(try Self.changing(field, to: 0x7fff_ffff))
            }
        }
    }

    @Test("of a program that is left out libbpf looks at the relocation's place only")
    func optional() throws {
        #expect(try ObjectContents(try Self.changing(1, to: 4000, section: "?raw_tp")).relocations.count == 1)
        #expect(throws: BPFObjectError.brokenCORERelocation(section: "?raw_tp", offset: 4)) {
            try ObjectContents(try Self.changing(0, to: 4, section: "?raw_tp"))
        }
    }

    @Test("a function with hidden visibility is static for the verifier, and so is one that it is told nothing of")
    func hidden() throws {
        let code = """
            __attribute__((visibility("hidden"))) __noinline int hidden(int a) { return a * bpf_ktime_get_ns(); }
            __noinline int seen(int a) { return a * bpf_ktime_get_ns() + 1; }
            SEC("xdp") int entry(int *context) { return hidden(*context) + seen(*context); }
            """
        func global(_ contents: ObjectContents) -> [String] {
            contents.functions.filter { $0.isSubprogram && $0.isGlobal }.map(\.name)
        }
        #expect(global(try CompiledObject.contents(code)) == ["seen"])
        #expect(global(try CompiledObject.contents(code, options: [])) == [])
    }

    @Test("an instruction that is relocated twice is refused")
    func relocatedTwice() throws {
        var bytes = try CompiledObject.bytes(
            "int a, b; SEC(\"xdp\") int entry(void *context) { return *(volatile int *)&a + *(volatile int *)&b; }"
        )
        let section = try #require(try ELFFile(bytes).section(named: ".relxdp"))
        #expect(section.size == 32)
        bytes.replaceSubrange(
            section.offset + 16..<section.offset + 24,
            with: bytes[section.offset..<section.offset + 8]
        )
        #expect(throws: BPFObjectError.relocatedTwice(function: "entry", instruction: 0)) { try ObjectContents(bytes) }
    }

    @Test("relocations of another size than the format's are refused")
    func relocationSize() throws {
        var bytes = try CompiledObject.bytes("int a; SEC(\"xdp\") int entry(void *context) { return a; }")
        let file = try ELFFile(bytes)
        let section = try #require(file.section(named: ".relxdp"))
        let table = (0..<8).reduce(0) { $0 | Int(bytes[40 + $1]) << (8 * $1) }
        bytes[table + 64 * section.index + 56] = 24
        #expect(throws: BPFObjectError.unreadable(.wrongRelocationSize(section: ".relxdp", 24))) {
            try ObjectContents(bytes)
        }
    }

    @Test("more sections than the header can count are said to be too many, and not none")
    func extendedNumbering() throws {
        var bytes = try CompiledObject.bytes(Self.plain)
        let table = (0..<8).reduce(0) { $0 | Int(bytes[40 + $1]) << (8 * $1) }
        let count = [bytes[60], bytes[61]]
        bytes.replaceSubrange(60..<62, with: [0, 0])
        bytes.replaceSubrange(table + 32..<table + 34, with: count)
        #expect(throws: BPFObjectError.unreadable(.extendedNumbering)) { try BPFObject(bytes) }
    }

    @Test("an object without programs has maps and functions all the same")
    func library() throws {
        let code = Self.withMap.split(separator: "\n").filter { !$0.contains("SEC(\"xdp\")") }.joined(separator: "\n")
        let bytes = try CompiledObject.bytes(code)
        let contents = try ObjectContents(bytes)
        #expect(contents.programs.isEmpty)
        #expect(contents.maps.map(\.name) == ["map"])
        #expect(contents.functions.map(\.name) == ["shared"])
        #expect(throws: BPFObjectError.noPrograms) { try BPFObject(bytes) }
        #expect(try BPFObject(bytes, needsPrograms: false).programs.isEmpty)
    }
}

func littleEndian(_ value: UInt32) -> [UInt8] { withUnsafeBytes(of: value.littleEndian) { Array($0) } }

extension [UInt8] {
    struct NotThere: Error {}

    /// Replaces the only such bytes by others of the same number.
    mutating func replace(_ old: [UInt8], with new: [UInt8]) throws {
        let places = indices.filter { self[$0...].starts(with: old) }
        guard places.count == 1, old.count == new.count else { throw NotThere() }
        replaceSubrange(places[0]..<places[0] + old.count, with: new)
    }
}
