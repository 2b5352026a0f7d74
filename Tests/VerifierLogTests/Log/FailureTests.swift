// SPDX-License-Identifier: Apache-2.0

import Testing
import VerifierLog

@Suite struct FailureTests {
    @Test(
        "the instruction that was refused, and its line, are found whatever the kernel's style",
        arguments: [
            (LogFixtures.spilledOn510, 62, "r1 = *(u64 *)(r1 +0)", "return *value + sum;", 1),
            (LogFixtures.indexOn612, 12, "*(u8 *)(r6 +0) = r7", "event->data[i] = 1; @ bounds.c:27", 0),
            (LogFixtures.endlessOn510, 3, "if w1 != 0x0 goto pc-2", "while (n) ;", 0),
            (LogFixtures.callbackOn612, 12, "*(u32 *)(r2 +12) = r1", "p[3] = *p; @ callbacks.c:7", 1),
        ]
    )
    func failure(text: String, index: Int, instruction: String, source: String, depth: Int) throws {
        let failure = try #require(LogFixtures.log(text).failure)
        #expect(failure.index == index)
        #expect(failure.text == instruction)
        #expect(failure.source?.description == source)
        #expect(failure.depth == depth)
    }

    @Test("a line of C that was printed for another branch is not taken for this one's (7.2)")
    func lineAfterBranch() throws {
        let log = LogFixtures.log(LogFixtures.leakOn72)
        let failure = try #require(log.failure)
        #expect(failure.index == 15)
        #expect(failure.source == nil, "the kernel printed no line for it")
        #expect(log.acquisition?.index == 4)
        #expect(log.acquisition?.source?.line == 12)
    }

    @Test("a value is followed to where it was made: over a spill, and a call (5.10)")
    func origin() throws {
        let register = try #require(LogFixtures.log(LogFixtures.spilledOn510).registers.first)
        #expect(register.name == "R1")
        #expect(register.isNamedByMessage)
        // 5.10 printed nothing of it after it was read back; the reason says what it is.
        #expect(register.spelling == "map_value_or_null")
        #expect(register.origin?.text == "call bpf_map_lookup_elem#1")
        #expect(register.origin?.source?.text == "__u64 *value = bpf_map_lookup_elem(&table, &key);")
    }

    @Test("what was added to a pointer is told with it (6.12)")
    func addend() throws {
        let registers = LogFixtures.log(LogFixtures.indexOn612).registers
        #expect(registers.map(\.name) == ["R6", "R7", "R0"] || registers.map(\.name) == ["R6", "R0"])
        let pointer = try #require(registers.first)
        #expect(pointer.words == "a value of map 'table' (16 bytes), at an offset from 0 to 31")
        #expect(pointer.origin?.index == 11)
        let index = try #require(registers.last)
        #expect(index.words == "a number from 0 to 31")
        #expect(index.origin?.source?.line == 24)
    }

    @Test("states of long ago, printed to trace a number back, are no register's value (5.10)")
    func precision() throws {
        let register = try #require(LogFixtures.log(LogFixtures.endlessOn510).registers.first { $0.name == "R1" })
        #expect(register.spelling != "invP7")
    }

    @Test("what a helper hands to a callback does not come from the caller's registers (6.12)")
    func callbackArgument() throws {
        let register = try #require(LogFixtures.log(LogFixtures.callbackOn612).registers.first)
        #expect(register.name == "R2")
        #expect(register.words == "the stack of frame 0, at -4")
        #expect(register.origin?.text == "call bpf_loop#181")
    }

    @Test(
        "messages are all that was said after the last instruction, and nothing else",
        arguments: [
            (
                LogFixtures.indexOn612,
                [
                    "invalid access to map value, value_size=16 off=31 size=1",
                    "R6 max value is outside of the allowed memory range",
                ]
            ),
            (LogFixtures.endlessOn510, ["infinite loop detected at insn 3"]),
            // 6.12 shows the two states beside the complaint.
            (
                "0: (05) goto pc-1\ninfinite loop detected at insn 0\ncur state: R1=ctx() R10=fp0\nold state: R1=ctx()\n",
                ["infinite loop detected at insn 0"]
            ),
            // libbpf 1.7, in the place of a helper that nobody has.
            (
                """
                ; return BPF_CORE_READ(task, no_such_field); @ missing.c:10
                3: <invalid CO-RE relocation>
                failed to resolve CO-RE relocation <byte_off> [7] struct task_struct___none.no_such_field (0:0 @ offset 0)
                processed 4 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0

                """,
                [
                    "failed to resolve CO-RE relocation <byte_off> [7] struct task_struct___none.no_such_field (0:0 @ offset 0)"
                ]
            ),
            // 5.10: refused before the first instruction.
            (
                "Validating global() func#1...\nArg#0 type PTR in global() is not supported yet.\nstack depth 0+0\n",
                ["Arg#0 type PTR in global() is not supported yet."]
            ),
        ]
    )
    func messages(text: String, messages: [String]) {
        #expect(LogFixtures.log(text).messages == messages)
    }

    @Test("libbpf's text in the place of an instruction is where the program was refused")
    func poison() throws {
        let failure = try #require(
            LogFixtures.log("; x(); @ a.c:10\n3: <invalid kfunc call>\nkfunc 'x' is referenced but wasn't resolved\n")
                .failure
        )
        #expect(failure.index == 3)
        #expect(failure.source?.line == 10)
    }

    @Test("a complaint about the program's shape names its line (5.10, a jump back)")
    func shape() throws {
        let text = "3: x++; @ a.c:3\n9: while (x); @ a.c:9\nback-edge from insn 9 to 3\nprocessed 0 insns\n"
        let failure = try #require(LogFixtures.log(text).failure)
        #expect(failure.index == 9)
        #expect(failure.source?.description == "while (x); @ a.c:9")
    }

    @Test("a complaint about all of the program blames no instruction")
    func whole() {
        let text = "4: (95) exit\ncombined stack size of 2 calls is 544. Too large\nprocessed 5 insns\n"
        #expect(LogFixtures.log(text).failure == nil)
        #expect(LogFixtures.log(text).messages == ["combined stack size of 2 calls is 544. Too large"])
    }

    @Test("of a log whose end the kernel cut off no line is taken for the reason, and no instruction for the failure")
    func cut() {
        let text = "2: (85) call bpf_get_prandom_u32#7\nregs=40 stack=0 before 10: (05) goto pc-9\nregs=40 stack=0 befo"
        let cut = VerifierLog(Array(text.utf8), isCut: true)
        #expect(cut.messages.isEmpty)
        #expect(cut.failure == nil)
        #expect(cut.isCut)
        // From 6.4 on the end is kept.
        let whole = VerifierLog(Array((text + "\nR1 !read_ok\nprocessed 3 insns (limit 1)\n").utf8), isCut: true)
        #expect(whole.messages == ["R1 !read_ok"])
        #expect(!whole.isCut)
    }
}
