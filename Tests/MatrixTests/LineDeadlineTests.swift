// SPDX-License-Identifier: Apache-2.0

import Testing
import VirtualMachine

@testable import Matrix

@Suite struct LineDeadlineTests {
    @Test("bytes that are no line leave the deadline where it is, and have a bound of their own")
    func bytes() throws {
        var deadline = LineDeadline(.zero)
        try deadline.take(1 << 20)
        #expect(throws: MachineFailure.self) { try deadline.remaining(waitingFor: "a line") }
        try deadline.take(500 << 20)
        #expect(throws: MachineFailure.self) { try deadline.take(500 << 20) }
        deadline.lineCame()
        try deadline.take(500 << 20)
    }

    @Test("a script is given the longer of the limits for bpftool and for a program")
    func limit() {
        #expect(ExaminationLimits(program: .seconds(600)).script == .seconds(600))
        #expect(ExaminationLimits(program: .seconds(5), witness: .seconds(120)).script == .seconds(120))
    }
}
