// SPDX-License-Identifier: Apache-2.0

import GuestProtocol
import Results
import VirtualMachine

extension KernelExamination {
    /// A guest was lost: decides whom that says something about, so that the next one goes on after it.
    ///
    /// Every call either gives a cell or a statement, or counts towards a limit, so a run comes to an end.
    ///
    /// - Parameter underway: what the guest was doing.
    func learn(from failure: MachineFailure, over underway: Underway) {
        switch (failure.kind, underway) {
        case (.crash, .loading(let index, let program)):
            blame(program, of: index, .crashed, failure, after: limits.crashesToBlame)
        case (.silence, .loading(let index, let program?)):
            blame(program, of: index, .timeout, failure, after: 1)
        case (.silence, .loading(let index, program: nil)):
            blame(nil, of: index, .timeout, failure, after: limits.crashesToBlame)
        case (.crash, .witnessing(let index)), (.silence, .witnessing(let index)):
            let verdict: Verdict = failure.kind == .crash ? .crashed : .timeout
            if progress[index].countLoss(over: WitnessJudgement.lossKey) >= limits.crashesToBlame {
                testify(index, verdict, failure)
            }
        case (.infrastructure, _), (_, .nothing):
            loseForInfrastructure(limits.account(of: failure), log: failure.console)
        }
    }

    private func blame(
        _ program: String?,
        of index: Int,
        _ verdict: Verdict,
        _ failure: MachineFailure,
        after count: Int
    ) {
        if let program, progress[index].condemned.contains(program) {
            // It was left out, and the guest was lost over it all the same.
            return giveUp(index, verdict, failure)
        }
        let times = progress[index].countLoss(over: program)
        let what = program ?? progress[index].object.name
        guard times >= count else {
            let reason = limits.account(of: failure)
            report(.note("\(subject.spec): lost a guest over \(what), trying once more in a fresh one: \(reason)"))
            return
        }
        if let program {
            progress[index].condemn(program, verdict, message: limits.account(of: failure), log: failure.console)
        } else {
            giveUp(index, verdict, failure)
        }
    }

    private func giveUp(_ index: Int, _ verdict: Verdict, _ failure: MachineFailure) {
        report(progress[index].giveUp(verdict, message: limits.account(of: failure), log: failure.console))
    }

    private func testify(_ index: Int, _ verdict: Verdict, _ failure: MachineFailure) {
        let statement = WitnessStatement(
            object: progress[index].object.name,
            kernel: subject.spec,
            verdict: verdict,
            output: "\(limits.account(of: failure))\n\(failure.console)"
        )
        progress[index].testify(statement)
        report(.witness(statement))
    }

    func loseForInfrastructure(_ reason: String, log: String?) {
        lostForInfrastructure += 1
        guard lostForInfrastructure > limits.infrastructureRetries else {
            report(.note("\(subject.spec): trying again in a fresh guest: \(reason)"))
            return
        }
        failure = reason
        report(.kernelFailed(kernel: subject.spec, reason: reason))
        for index in progress.indices where !progress[index].isDone {
            report(progress[index].giveUp(.infrastructure, message: reason, log: log))
        }
    }

    private func report(_ cells: [Cell]) {
        // An object that only bpftool was still to be asked about has its cells.
        if !cells.isEmpty { report(.cells(cells)) }
    }
}
