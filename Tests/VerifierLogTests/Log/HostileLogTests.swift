// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import VerifierLog

/// Logs come from guests and from strangers.
@Suite struct HostileLogTests {
    @Test(
        "no bytes make the reader fail",
        arguments: [
            "0", "0:", "0: ", "0: (", "0: (8", "0: (85", "0: (85)", "0: (85) ", "0: (85) call pc",
            "999999999: (95) exit",
            "99999999999999999999: (95) exit", "from", "from 1", "from 1 to", "from 1 to 2", "from 1 to 2:",
            "from 99999999999999999999 to 1: R0=0", "R", "R9", "R99999999999=1", "R0=", "frame", "frame1", "frame1:",
            "frame99999999999: R0=1", "; ", ";", "; @", "; @ :", "; x @ f:99999999999999999999999", "fp-", "fp-8=",
            "0: (85) call pc+1\n0: frame300: R1=1\n1: (95) exit\n2: (95) exit\n3: (95) exit\nR1 !read_ok",
            "5: (05) goto pc-1\n5: (05) goto pc-1\n4: (05) goto pc+1\n5: (05) goto pc-1\nx",
            "0: (bf) r1 = r1\n1: (79) r1 = *(u64 *)(r10 -99999999999999999999)\nR1 bad",
            "0: (0f) r6 += r0 ; R6=map_value(((((((,,,===)\n1: (73) *(u8 *)(r6 +0) = r7\nR6 R6 R6 bad",
            "infinite loop detected at insn 999999999", "insn 1000001",
            "Unreleased reference id=2 alloc_insn=999999999",
        ]
    )
    func malformed(text: String) {
        for end in ["", "\n", "\r\n", "\0"] {
            let log = VerifierLog(Array((text + end).utf8))
            _ = ToolOutput(Array((text + end).utf8))
            _ = Explanation(of: Evidence(refusal: .program, log: log))
        }
    }

    @Test("every beginning of a log, and a log with any byte changed, is read")
    func cutAndChanged() {
        let bytes = Array(LogFixtures.spilledOn510.utf8) + Array(LogFixtures.leakOn72.utf8)
        for end in stride(from: 0, to: bytes.count, by: 7) { _ = VerifierLog(Array(bytes[..<end])) }
        for position in stride(from: 0, to: bytes.count, by: 5) {
            var changed = bytes
            changed[position] = changed[position] &+ 13
            _ = Explanation(of: Evidence(refusal: .program, log: VerifierLog(changed)))
        }
    }

    @Test("loops within loops, and branches that go on from where nothing was, end")
    func deep() {
        let nest = (0..<3000).map { "\(3000 - $0): (15) if r1 == 0x0 goto pc-9\n" }.joined()
        _ = LogFixtures.log(nest + nest + "R1 bad\n")
        let orphans = (0..<3000).map { "\($0): (b7) r1 = 0\nfrom \($0 + 9) to \($0): R1=0\n" }.joined()
        _ = LogFixtures.log(orphans + "R1 bad\n")
    }

    @Test("a text of any length is cut before it becomes a message")
    func longLine() throws {
        let line = String(repeating: "x", count: 1 << 20)
        let message = try #require(LogFixtures.log("0: (95) exit\n\(line)\n").messages.first)
        #expect(message.utf8.count <= 1 << 12)
    }
}
