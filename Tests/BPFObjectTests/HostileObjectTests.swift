// SPDX-License-Identifier: Apache-2.0

import ELF
import TestObjects
import Testing

@testable import BPFObject

/// Files that are made to cost time, memory or a trap.
@Suite struct HostileObjectTests {
    private static let longName = [UInt8](repeating: UInt8(ascii: "A"), count: 4000)

    @Test("any number of symbols of one long name share it")
    func sameName() throws {
        let file = HostileObject.program(symbols: 20_000, names: Self.longName + [0]) { _ in 0 }
        #expect(try BPFObject(file).programs.map(\.name) == ["prog"])
        #expect(try ELFFile(file).symbols().count == 20_002)
        #expect(try ELFFile(file).symbols().last?.name.utf8.count == 4000)
    }

    @Test("names that are all ends of one long name are more than a small table can have")
    func overlappingNames() {
        let file = HostileObject.program(symbols: 4000, names: Self.longName + [0]) { $0 }
        #expect(throws: BPFObjectError.unreadable(.namesTooLong)) { try BPFObject(file) }
    }

    @Test("names that are ends of others, as linkers write them, are read")
    func sharedEnds() throws {
        let names = Array("one_two_three\0".utf8)
        let file = HostileObject.program(symbols: 3, names: names) { [0, 4, 8][$0] }
        #expect(try ELFFile(file).symbols().suffix(3).map(\.name) == ["one_two_three", "two_three", "three"])
    }

    @Test("names of sections that are all ends of one long name are refused too")
    func sectionNames() {
        let sections = (0..<4000).map { HostileObject.Section(1, name: UInt32($0 + 1)) }
        let file = HostileObject.file(names: Self.longName + [0], sections)
        #expect(throws: ELFError.namesTooLong) { try ELFFile(file) }
    }

    @Test("sections that have the same bytes over and over are refused")
    func overlappingSections() throws {
        let strings = Array("socket\0".utf8)
        var data = HostileObject.Section(1)
        data.place = (64, 4096)
        let padding = HostileObject.Section(1, contents: [UInt8](repeating: 0, count: 8192))
        let file = HostileObject.file(names: strings, [padding] + [HostileObject.Section](repeating: data, count: 60))
        #expect(throws: BPFObjectError.unreadable(.overlappingSections)) {
            try BPFObject(file, needsPrograms: false)
        }
    }

    @Test("sections without bytes may be as large as they like")
    func largeSections() throws {
        // SHT_NOBITS; SHF_ALLOC, SHF_EXECINSTR
        var code = HostileObject.Section(8, flags: 6)
        code.place = (0, .max)
        let file = HostileObject.file(names: [], [HostileObject.Section](repeating: code, count: 40_000))
        #expect(try BPFObject(file, needsPrograms: false).programs.isEmpty)
        #expect(try ObjectContents(file).functions.isEmpty)
    }

    @Test("what begins like an object, over and over, is read a bounded number of times, whatever else is there")
    func falseHeaders() throws {
        let good = HostileObject.program(symbols: 0, names: []) { _ in 0 }
        for count in [200, 2000] {
            let hostile = HostileObject.falseHeaders(count)
            let (objects, failures) = EmbeddedObjects.search(hostile)
            #expect(objects.isEmpty)
            #expect(failures <= 20)
        }
        // A few of them do not hide what comes behind.
        let few = HostileObject.falseHeaders(50, sections: 3)
        let (objects, failures) = EmbeddedObjects.search(
            good + few + good + [1] + HostileObject.program(symbols: 1, names: []) { _ in 0 }
        )
        #expect(objects.count == 2)
        #expect(failures == 50)
    }
}
