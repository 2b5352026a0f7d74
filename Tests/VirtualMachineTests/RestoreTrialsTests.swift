// SPDX-License-Identifier: Apache-2.0

import ChildProcess
import Foundation
import GuestProtocol
import Testing

@testable import VirtualMachine

@Suite struct RestoreTrialsTests {
    private struct Doubt: Error {}

    @Test(
        "what has ended QEMU decides whether the host is the reason",
        arguments: [
            (.signalled(Int(SIGKILL)), "", true, true), (.signalled(Int(SIGTERM)), "", true, true),
            (.signalled(Int(SIGSEGV)), "", false, false), (.signalled(Int(SIGBUS)), "", false, false),
            (.exited(0), "qemu-system-x86_64: terminating on signal 15 from pid 7 (sh)", true, true),
            (
                .exited(1), "qemu-system-x86_64: cannot set up guest memory 'memory': Cannot allocate memory", false,
                true
            ),
            (.exited(1), "qemu-system-x86_64: backing store size 0x1000 does not match 'size' option", false, false),
            (.exited(0), "", false, false),
        ] as [(Ending, String, Bool, Bool)]
    )
    func ends(ending: Ending, text: String, wasKilled: Bool, isHosts: Bool) {
        let failure = MachineFailure(.exited(ending, errorText: text))
        #expect(failure.wasKilled == wasKilled && failure.isHosts == isHosts)
    }

    @Test("a guest that breaks down, or does not answer as it should, is not the host's fault")
    func guests() {
        let causes: [MachineFailure.Cause] = [
            .panicked("x"), .oopsed("x"), .silent(waitingFor: "x", limit: .seconds(1)), .disconnected, .garbled("x"),
            .refusedByMonitor(command: "migrate-incoming", reason: "x"), .notTaken("Broken pipe"),
        ]
        #expect(causes.allSatisfy { !MachineFailure($0).isHosts })
        #expect(MachineFailure(.notTaken("x: Too many open files")).isHosts)
    }

    @Test("what a guest says is the template's fault; what can't even be opened on the host is not")
    func errors() {
        typealias Fault = RestoreTrials.Fault
        #expect(Fault(Doubt(), hasAnswered: true) == .template)
        #expect(Fault(Doubt(), hasAnswered: false) == .host)
        let killed = MachineFailure(.exited(.signalled(Int(SIGKILL)), errorText: ""))
        #expect(Fault(killed, hasAnswered: true) == .host)
        #expect(Fault(MachineFailure(.panicked("x")), hasAnswered: true) == .unclear)
    }

    @Test(
        "a template goes only where it is at fault, and once; losses to the host have a limit",
        arguments: [
            ([.host, .host, .host], [.tryAgain, .tryAgain, .giveUp]),
            ([.unclear, .unclear], [.tryAgain, .replaceTemplate]),
            ([.template, .template], [.replaceTemplate, .bootInstead]),
            ([.host, .unclear, .host, .unclear], [.tryAgain, .tryAgain, .tryAgain, .replaceTemplate]),
            (
                [.unclear, .unclear, .unclear, .unclear], [.tryAgain, .replaceTemplate, .tryAgain, .bootInstead]
            ),
        ] as [([RestoreTrials.Fault], [RestoreTrials.Decision])]
    )
    func decisions(faults: [RestoreTrials.Fault], expected: [RestoreTrials.Decision]) {
        var trials = RestoreTrials()
        #expect(faults.map { trials.decide(after: $0) } == expected)
    }
}
