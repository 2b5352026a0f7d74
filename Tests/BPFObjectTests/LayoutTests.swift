// SPDX-License-Identifier: Apache-2.0

import BPFObject
import ELF
import TestObjects
import Testing

@Suite struct LayoutTests {
    /// `first` is called before `second`, and `first` reaches `shared` before `second` does; `unused` is never reached.
    private static let calls = """
        static __noinline int shared(int a) { return a * bpf_ktime_get_ns(); }
        __noinline int second(int a) { return shared(a) + 2; }
        static __noinline int first(int a) { return shared(a + 1) * 3; }
        __noinline int unused(int a) { return a + 4; }
        SEC("kprobe/do_exit") int entry(int *context) {
            return first(*context) + second(*context);
        }
        SEC("xdp") int other(int *context) {
            return second(*context);
        }
        SEC("socket") int alone(int *context) {
            return 0;
        }
        """

    @Test(
        "functions stand in the order in which libbpf appends them: at the first call, depth first",
        arguments: Target.allCases
    )
    func order(target: Target) throws {
        let contents = try CompiledObject.contents(Self.calls, target)
        func names(_ program: String) throws -> [String] {
            try #require(try contents.program(named: program)).functions.map(\.name)
        }
        #expect(try names("entry") == ["entry", "first", "shared", "second"])
        #expect(try names("other") == ["other", "second", "shared"])
        #expect(try names("alone") == ["alone"])
        #expect(try contents.program(named: "first") == nil)
    }

    @Test("every instruction belongs to one function, and calls lead to where it stands", arguments: Target.allCases)
    func numbers(target: Target) throws {
        let program = try #require(try CompiledObject.contents(Self.calls, target).program(named: "entry"))
        let instructions = program.instructions
        #expect(instructions.count == program.layout.instructionCount)
        var reached: Set<Int> = [0]
        for (number, instruction) in instructions.enumerated() {
            guard case .function(let relative)? = instruction.call else { continue }
            reached.insert(number + Int(relative) + 1)
        }
        #expect(reached == Set(program.layout.parts.map(\.start)))
        #expect(program.function(atInstruction: instructions.count) == nil)
        #expect(program.function(atInstruction: -1) == nil)
    }

    @Test("an instruction has the line of its own function", arguments: Target.allCases)
    func lines(target: Target) throws {
        let program = try #require(try CompiledObject.contents(Self.calls, target).program(named: "entry"))
        let call = try #require(program.helperCalls.first)
        #expect(program.helperCalls.count == 1)
        #expect(call.thing == 5)
        let place = try #require(program.source(atInstruction: call.instruction))
        #expect(place.file.hasSuffix("test.c"))
        #expect(place.line == 1)
        #expect(place.function == "shared")
        #expect(place.text == "static __noinline int shared(int a) { return a * bpf_ktime_get_ns(); }")
        #expect(program.source(atInstruction: 0)?.function == "entry")
        #expect(program.source(atInstruction: program.layout.instructionCount) == nil)
    }

    @Test("a callback is appended where its address is taken, and its address leads there", arguments: Target.allCases)
    func callback(target: Target) throws {
        let code = """
            static int step(u32 index, void *context) { return bpf_ktime_get_ns() == 0; }
            SEC("kprobe/do_exit") int entry(void *context) { return bpf_loop(10, step, 0, 0); }
            """
        let program = try #require(try CompiledObject.contents(code, target).program(named: "entry"))
        #expect(program.functions.map(\.name) == ["entry", "step"])
        let load = try #require(
            program.instructions.enumerated().first { $0.element.isWideLoad && $0.element.source == 4 }
        )
        #expect(load.offset + Int(load.element.immediate) + 1 == program.layout.parts[1].start)
        #expect(program.helperCalls.map(\.thing).sorted() == [5, 181])
    }

    @Test("functions that call each other are appended once")
    func recursion() throws {
        let code = """
            int odd(int a);
            __noinline int even(int a) { return a == 0 ? 1 : odd(a - 1) + bpf_ktime_get_ns(); }
            __noinline int odd(int a) { return a == 0 ? 0 : even(a - 1) + bpf_ktime_get_ns(); }
            SEC("kprobe/do_exit") int entry(int *context) { return even(*context); }
            """
        let program = try #require(try CompiledObject.contents(code).program(named: "entry"))
        #expect(program.functions.map(\.name) == ["entry", "even", "odd"])
    }

    @Test("the exception callback stands last where nothing else reaches it")
    func exceptions() throws {
        let code = """
            __noinline int caught(u64 cookie) { return cookie + 1; }
            static __noinline int called(int a) { return a * bpf_ktime_get_ns(); }
            SEC("tc") __attribute__((btf_decl_tag("exception_callback:caught"))) int entry(int *context) {
                return called(*context);
            }
            """
        let program = try #require(try CompiledObject.contents(code).program(named: "entry"))
        #expect(program.functions.map(\.name) == ["entry", "called", "caught"])
    }

    @Test("a static program is refused, as libbpf does")
    func staticProgram() throws {
        let bytes = try CompiledObject.bytes("static SEC(\"xdp\") int hidden(void *context) { return 2; }")
        #expect(throws: BPFObjectError.staticProgram("hidden", section: "xdp")) { try ObjectContents(bytes) }
    }

    @Test("an object without lines has instructions all the same")
    func withoutTypes() throws {
        let contents = try CompiledObject.contents(Self.calls, options: [])
        let program = try #require(try contents.program(named: "entry"))
        #expect(contents.types == nil)
        #expect(program.functions.map(\.name) == ["entry", "first", "shared", "second"])
        #expect(program.source(atInstruction: 0) == nil)
    }

    @Test(
        "an object that was cut or changed anywhere is read or refused, and never crashes the reader",
        arguments: Target.allCases
    )
    func hostile(target: Target) throws {
        let bytes = try CompiledObject.bytes(Self.calls, target)
        for length in stride(from: 0, to: bytes.count, by: 97) { read(Array(bytes.prefix(length))) }
        for index in stride(from: 0, to: bytes.count, by: 11) {
            var changed = bytes
            changed[index] ^= 0xff
            read(changed)
        }
    }

    private func read(_ bytes: [UInt8]) {
        guard let programs = try? ObjectContents(bytes).linkedPrograms() else { return }
        for program in programs {
            _ = program.instructions.count
            _ = program.helperCalls.map { program.source(atInstruction: $0.instruction) }
        }
    }

    @Test("functions that share bytes without end are refused before they are copied")
    func overlapping() throws {
        var bytes = try CompiledObject.bytes(Self.calls)
        let file = try ELFFile(bytes)
        let table = try #require(file.sections.first { $0.type == ELFSection.symbolTable })
        let section = try #require(file.section(named: ".text"))
        // Every symbol is a function that is all of .text: st_info, st_shndx, st_value, st_size.
        for start in stride(from: table.offset + 24, to: table.offset + table.size, by: 24) {
            bytes[start + 4] = 0x12
            bytes.replaceSubrange(start + 6..<start + 8, with: [UInt8(section.index), 0])
            bytes.replaceSubrange(start + 8..<start + 16, with: [UInt8](repeating: 0, count: 8))
            bytes[start + 16] = UInt8(section.size & 0xff)
            bytes[start + 17] = UInt8(section.size >> 8)
        }
        #expect(throws: BPFObjectError.self) { try ObjectContents(bytes) }
    }
}
