// SPDX-License-Identifier: Apache-2.0

import BPFObject
import Foundation
import Inspection
import Reports
import TestObjects
import Testing

@Suite struct InspectionTests {
    private static let code = """
        struct record { u32 a; u64 b; };
        struct request { int first; int last; } __attribute__((preserve_access_index));
        struct {
            __uint(type, 1);
            __uint(max_entries, 0);
            __type(key, u32);
            __type(value, struct record);
        } table SEC(".maps");
        extern int LINUX_KERNEL_VERSION __kconfig;
        void *find(int number) __ksym __weak;
        static __noinline int last(struct request *request) { return request->last; }
        __noinline int unused(int a) { return a; }
        SEC("fentry.s/do_exit") int entry(u64 *context)
        {
            u32 key = LINUX_KERNEL_VERSION;
            struct record *record = bpf_map_lookup_elem(&table, &key);
            if (find)
                find(1);
            return record ? last((void *)context[0]) : 0;
        }
        SEC("?xdp") int other(void *context) { return 2; }
        """

    private static func object() throws -> InspectedObject {
        let bytes = try CompiledObject.bytes(code)
        return try InspectedObject(
            try ObjectContents(bytes),
            name: "test.o",
            path: "/tmp/test.o",
            sha256: String(repeating: "ab", count: 32),
            bytes: bytes.count
        )
    }

    private static let plain = TextStyle(isUnicode: false, isColoured: false)

    @Test("what a program asks of kernels is told with its place in the source")
    func program() throws {
        let object = try Self.object()
        #expect(object.unreached == ["unused"])
        let program = try #require(object.programs.first)
        #expect(program.name == "entry")
        #expect(program.type == "tracing")
        #expect(program.attachType == "trace_fentry")
        #expect(program.isSleepable)
        #expect(program.target?.required == "do_exit")
        #expect(program.functions.map(\.name) == ["entry", "last"])
        #expect(program.maps == ["table"])
        let helper = try #require(program.helpers.first)
        #expect(helper.name == "bpf_map_lookup_elem")
        #expect(helper.uses.map(\.line) == [16])
        #expect(program.kernelFunctions.map(\.name) == ["find"])
        #expect(program.kernelFunctions.first?.isWeak == true)
        #expect(program.externs.map(\.name) == ["LINUX_KERNEL_VERSION", "find"])
        let relocation = try #require(program.relocations.first)
        #expect(relocation.kind == "byte_off")
        #expect(relocation.text == "struct request.last")
        #expect(relocation.access == "0:1")
        #expect(relocation.place.function == "last")
        #expect(relocation.place.line == 11)
    }

    @Test("the first screen has programs, helpers, maps, externs and relocations, and says what a loader must set")
    func firstScreen() throws {
        let text = InspectionReport(try Self.object(), style: Self.plain).text
        for words in [
            "test.o  /tmp/test.o", "little-endian, licence GPL, BTF with", "fentry.s/do_exit", "tracing, trace_fentry",
            "helpers      bpf_map_lookup_elem", "kfuncs       find (weak)", "not reached  unused",
            "16 struct record  0: set by the loader", "int LINUX_KERNEL_VERSION  configuration",
            "struct request.last  byte_off",
        ] {
            #expect(text.contains(words), "\(words) is missing in\n\(text)")
        }
        #expect(!text.contains("\u{1b}"))
    }

    @Test("a program's own screen names the line of each use")
    func programScreen() throws {
        let program = try #require(try Self.object().programs.first)
        let text = InspectedProgramReport(program, style: Self.plain).text
        #expect(text.contains("tracing, attached as trace_fentry, may sleep"), "\(text)")
        #expect(text.contains("function do_exit: the kernel's BTF must have do_exit"), "\(text)")
        #expect(
            text.contains("test.c:16 in entry: struct record *record = bpf_map_lookup_elem(&table, &key);"),
            "\(text)"
        )
    }

    @Test("a listing has every instruction once, by the number that a log gives it")
    func listing() throws {
        let contents = try CompiledObject.contents(Self.code)
        let linked = try #require(try contents.program(named: "entry"))
        let lines = ProgramListing(linked).lines
        var next = 0
        for case .instruction(let number, let text) in lines {
            #expect(number == next)
            next += text.contains("(18)") ? 2 : 1
        }
        #expect(next == linked.layout.instructionCount)
        let text = ListingReport(ProgramListing(linked), style: Self.plain).text
        #expect(text.contains("r1 = map[table]"), "\(text)")
        #expect(text.contains("last: (static)"), "\(text)")
        #expect(text.contains("@ test.c:11"), "\(text)")
    }

    @Test("JSON has the schema's name, sorted keys, and reads back as the same")
    func json() throws {
        let inspection = Inspection(objects: [try Self.object()])
        let data = try JSONReport.data(inspection)
        #expect(try JSONDecoder().decode(Inspection.self, from: data) == inspection)
        let text = String(decoding: data, as: UTF8.self)
        #expect(text.contains("\"schema\" : \"bpfmatrix.inspect/1\""))
        // Of each object its names as they stand there, one level deeper than the brace that opens it.
        var open: [[String]] = []
        var objects = 0
        for line in text.split(separator: "\n") {
            let words = line.drop { $0 == " " }
            if words.hasPrefix("}") {
                let names = open.removeLast()
                #expect(names == names.sorted())
                objects += 1
            }
            if words.hasPrefix("\""), let end = words.range(of: "\" : ") {
                open[open.count - 1].append(String(words[words.index(after: words.startIndex)..<end.lowerBound]))
            }
            if words.hasSuffix("{") { open.append([]) }
        }
        #expect(open.isEmpty)
        #expect(objects > 10)
        #expect(text.hasSuffix("}\n"))
    }

    @Test("names that would draw on a terminal are escaped")
    func harmful() throws {
        let bytes = try CompiledObject.bytes(
            """
            SEC("xdp") int evil(void *context) __asm__("\\033[2Jevil");
            SEC("xdp") int evil(void *context) { return 2; }
            """
        )
        let object = try InspectedObject(
            try ObjectContents(bytes),
            name: "a\u{1b}b.o",
            path: "x",
            sha256: "00",
            bytes: bytes.count
        )
        let text =
            InspectionReport(object, style: Self.plain).text
            + object.programs.map { InspectedProgramReport($0, style: Self.plain).text }.joined()
        #expect(!text.contains("\u{1b}"))
        #expect(text.contains("evil"))
    }

    @Test("what many programs reach is told once too often for a bound, and what is left out is counted")
    func budget() throws {
        let calls = repeatElement("a += bpf_ktime_get_ns();", count: 200).joined(separator: " ")
        let programs = (0..<2000).map { "SEC(\"xdp\") int p\($0)(int *context) { return shared(*context) + \($0); }" }
        let code = "__noinline int shared(int a) { \(calls) return a; }\n" + programs.joined(separator: "\n")
        let bytes = try CompiledObject.bytes(code)
        let object = try InspectedObject(
            try ObjectContents(bytes),
            name: "o",
            path: "o",
            sha256: "",
            bytes: bytes.count
        )
        let uses = object.programs.flatMap { $0.helpers.flatMap(\.uses) }
        #expect(uses.count > 1000)
        #expect(uses.count < 200_000)
        let functions = object.programs.flatMap(\.functions)
        let leftOut = object.programs.reduce(0) { $0 + ($1.leftOut ?? 0) }
        #expect(uses.count + functions.count + leftOut == 2000 * (200 + 2))
        #expect(object.programs.first?.leftOut == nil)
        #expect(InspectionReport(object, style: Self.plain).text.contains("\(leftOut) uses, relocations"))
    }

    @Test("an object without programs, or with damaged types, is told to be so")
    func remarks() throws {
        func text(_ bytes: [UInt8]) throws -> String {
            let contents = try ObjectContents(bytes)
            let object = try InspectedObject(contents, name: "o", path: "o", sha256: "", bytes: bytes.count)
            return InspectionReport(object, style: Self.plain).text
        }
        let library = "struct { __uint(type, 2); __uint(max_entries, 1); __uint(key_size, 4); __uint(value_size, 4); } "
        let maps = try text(try CompiledObject.bytes(library + "map SEC(\".maps\");"))
        #expect(maps.contains("no programs"), "\(maps)")
        #expect(maps.contains("map  array"), "\(maps)")
        var bytes = try CompiledObject.bytes("SEC(\"xdp\") int entry(void *context) { return 2; }")
        let magic = try #require(bytes.indices.first { bytes[$0...].starts(with: [0x9f, 0xeb, 1, 0, 0x18]) })
        bytes[magic] = 0
        #expect(try text(bytes).contains("damaged BTF, which libbpf ignores here"))
    }
}
