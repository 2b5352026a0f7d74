// SPDX-License-Identifier: Apache-2.0

import ELF
import Testing

@testable import BPFObject

@Suite struct BPFObjectTests {
    private static func object() -> [UInt8] {
        var builder = ObjectBuilder()
        builder.add("first", section: "kprobe/vfs_read", [.move(0, 0), .exit])
        builder.add("second", section: "?xdp", [.move(0, 2), .exit])
        return builder.build()
    }

    @Test("programs, their sections and types are read in order")
    func programs() throws {
        let object = try BPFObject(Self.object())
        #expect(object.programs.map(\.name) == ["first", "second"])
        #expect(object.programs.map(\.type) == [.kprobe, .xdp])
        #expect(object.programs.map(\.isOptional) == [false, true])
        #expect(object.license == "GPL")
        #expect(!object.hasBTF)
    }

    @Test("functions in .text are no programs where there are others")
    func subprograms() throws {
        var builder = ObjectBuilder()
        builder.add("helper", section: ".text", [.move(0, 0), .exit])
        builder.add("entry", section: "tp/sched/sched_switch", [.move(0, 0), .exit])
        #expect(try BPFObject(builder.build()).programs.map(\.name) == ["entry"])
    }

    @Test("two programs of one name are refused: their verdicts could not be told apart")
    func sameName() {
        var builder = ObjectBuilder()
        builder.add("same", section: "kprobe/vfs_read", [.move(0, 0), .exit])
        builder.add("same", section: "xdp", [.move(0, 2), .exit])
        #expect(throws: BPFObjectError.sameName("same")) { try BPFObject(builder.build()) }
    }

    @Test("a section table that repeats one entry without end is refused")
    func entrySize() {
        var bytes = Self.object()
        bytes.replaceSubrange(58..<60, with: [0, 0])
        #expect(throws: BPFObjectError.unreadable(.wrongEntrySize(0))) { try BPFObject(bytes) }
    }

    @Test("an object cut anywhere is refused, and never crashes the reader")
    func truncation() {
        let bytes = Self.object()
        for length in 0..<bytes.count {
            #expect(throws: BPFObjectError.self) { try BPFObject(Array(bytes.prefix(length))) }
        }
    }

    @Test("an object with any one byte changed is read or refused, and never crashes the reader")
    func mutation() {
        let bytes = Self.object()
        for index in bytes.indices {
            for value in [UInt8(0), 0x7f, 0xff] {
                var changed = bytes
                changed[index] = value
                _ = try? BPFObject(changed)
            }
        }
    }

    @Test("what is no BPF object is told apart")
    func otherFiles() throws {
        #expect(throws: BPFObjectError.notELF) { try BPFObject(Array("int main;".utf8)) }
        #expect(throws: BPFObjectError.notELF) { try BPFObject([UInt8]()) }
        var other = Self.object()
        other[18] = 62
        #expect(throws: BPFObjectError.notBPF(machine: 62)) { try BPFObject(other) }
        var executable = Self.object()
        executable[16] = 2
        #expect(throws: BPFObjectError.notRelocatable) { try BPFObject(executable) }
        #expect(throws: BPFObjectError.noPrograms) { try BPFObject(ObjectBuilder().build()) }
    }

    @Test(
        "a section's name says the program type as libbpf reads it",
        arguments: [
            ("kprobe/do_sys_openat2", ProgramType.kprobe), ("kprobe", .kprobe), ("kprobe.multi/vfs_*", .kprobe),
            ("xdp", .xdp), ("xdp.frags/devmap", .xdp), ("tp_btf/sched_switch", .tracing), ("iter.s/task", .tracing),
            ("lsm/file_open", .lsm), ("tcx/ingress", .schedCls), ("cgroup/connect4", .cgroupSockAddr),
            ("struct_ops/init", .structOps), ("raw_tp.w/x", .rawTracepointWritable),
        ]
    )
    func types(section: String, type: ProgramType) {
        #expect(ProgramType(section: section) == type)
    }

    @Test("a section that libbpf does not know has no type", arguments: ["kprobes/x", "xdp/x", "foo", "", "maps"])
    func unknownSections(section: String) {
        #expect(ProgramType(section: section) == nil)
    }

    @Test("program types have the kernel's numbers")
    func numbers() {
        #expect(ProgramType.kprobe.number == 2)
        #expect(ProgramType.tracing.number == 26)
        #expect(ProgramType.netfilter.number == 32)
        #expect(MapType.name(27) == "ringbuf")
        #expect(MapType.name(9999) == "map type 9999")
    }
}

@Suite struct EmbeddedObjectsTests {
    private static func object(_ name: String) -> [UInt8] {
        var builder = ObjectBuilder()
        builder.add(name, section: "xdp", [.move(0, 2), .exit])
        return builder.build()
    }

    @Test("objects are found wherever they lie, once each, exactly as long as they are")
    func found() {
        let one = Self.object("one")
        let two = Self.object("two_with_a_longer_name")
        let noise = Array("noise \u{7f}ELF and more".utf8)
        let binary = noise + one + [1, 2, 3] + two + one + noise
        #expect(EmbeddedObjects.find(in: binary).map(Array.init) == [one, two])
    }

    @Test("thousands of beginnings that are none end the search, and what was found before them counts")
    func falseBeginnings() {
        let one = Self.object("one")
        let beginning = Array(one.prefix(64))
        let made = Array(repeatElement(beginning, count: 3000).joined())
        #expect(EmbeddedObjects.find(in: one + made).map(Array.init) == [one])
    }

    @Test("an object that is cut off at the end of the file is not one")
    func cut() {
        #expect(EmbeddedObjects.find(in: [0, 0] + Self.object("one").dropLast()).isEmpty)
        #expect(EmbeddedObjects.find(in: []).isEmpty)
    }
}
