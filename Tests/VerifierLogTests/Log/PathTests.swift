// SPDX-License-Identifier: Apache-2.0

import Testing
import VerifierLog

@Suite struct PathTests {
    private func turns(_ text: String) -> [String] {
        LogFixtures.log(text).path.map { turn in
            let times = turn.kind == .loop ? " ×\(turn.times)" : ""
            return "\(turn.kind.rawValue) \(turn.step.index) \(turn.next.index)\(times)"
        }
    }

    @Test("branches and calls are the turns of the way (5.10)")
    func branchesAndCalls() {
        #expect(turns(LogFixtures.spilledOn510) == ["branch 8 9", "call 12 14"])
        #expect(turns(LogFixtures.callbackOn612) == ["call 8 11"])
        #expect(turns(LogFixtures.leakOn72) == ["branch 6 7", "branch 8 14"])
    }

    @Test("a loop is one turn, with the turns of its last round after it")
    func loop() {
        var text = "0: (b7) r1 = 0\n"
        for _ in 0..<8193 {
            text += "1: (15) if r2 == 0x0 goto pc+1\n2: (07) r1 += 1\n3: (a5) if r1 < 0x2001 goto pc-3\n"
        }
        text += "4: (15) if r0 == 0x0 goto pc+1\n5: (79) r0 = *(u64 *)(r0 +0)\nR0 invalid mem access 'scalar'\n"
        #expect(turns(text) == ["loop 3 1 ×8193", "branch 1 2", "branch 3 4", "branch 4 5"])
    }

    @Test("a loop in a loop belongs to the round that it is in")
    func nested() {
        var text = "0: (b7) r1 = 0\n"
        for _ in 0..<3 {
            text += "1: (b7) r2 = 0\n"
            for _ in 0..<5 { text += "2: (07) r2 += 1\n3: (a5) if r2 < 0x5 goto pc-2\n" }
            text += "4: (a5) if r1 < 0x3 goto pc-4\n"
        }
        text += "5: (95) exit\nR0 !read_ok\n"
        #expect(turns(text) == ["loop 4 1 ×3", "loop 3 2 ×5", "branch 3 4", "branch 4 5"])
    }

    @Test("at the level of everything a branch that is taken up again takes the place of what was tried since (6.12)")
    func everything() {
        let text = """
            0: R1=ctx() R10=fp0
            0: (b7) r0 = 0                        ; R0_w=0
            1: R0_w=0 R1=ctx() R10=fp0
            1: (15) if r1 == 0x0 goto pc+2        ; R1=ctx()
            2: R0_w=0 R1=ctx()
            2: (b7) r0 = 1                        ; R0_w=1
            3: (95) exit

            from 1 to 4: R0=0 R1=0 R10=fp0
            4: R0=0 R1=0 R10=fp0
            4: (15) if r1 == 0x0 goto pc+1        ; R1=0
            6: (79) r2 = *(u64 *)(r1 +0)
            R1 invalid mem access 'scalar'
            processed 6 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0

            """
        #expect(turns(text) == ["branch 1 4", "branch 4 6"])
        let register = LogFixtures.log(text).registers.first
        #expect(register?.spelling == "0", "what it was on the branch that is gone: \(String(describing: register))")
    }

    @Test("more turns than anybody reads are counted")
    func many() {
        let branches = (0..<100).map { "\($0): (15) if r1 == 0x0 goto pc+9\n" }.joined()
        let log = LogFixtures.log(branches + "100: (95) exit\nR0 !read_ok\n")
        #expect(log.path.count == 24)
        #expect(log.earlierTurns == 76)
        #expect(log.path.last?.next.index == 100)
    }
}
