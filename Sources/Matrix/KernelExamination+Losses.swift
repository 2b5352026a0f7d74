// SPDX-License-Identifier: Apache-2.0

import GuestProtocol
import Results
import VirtualMachine

extension KernelExamination {
    /// A guest was lost: decides whom that says something about, so that the next one goes on after it.
    ///
    /// Every call either gives a cell or a statement, or counts towards a limit, so a run comes to an end. What is lost over
    /// one object counts against that object alone.
    ///
    /// - Parameters:
    ///   - underway: what the guest was doing.
    ///   - lanes: how many guests of this kernel there are at once.
    ///   - Returns: whether the next guest should be asked for later only.
    @discardableResult
    func learn(from failure: MachineFailure, over underway: Underway, lanes: Int = 1) -> Bool {
        switch (failure.kind, underway) {
        case (.crash, .loading(let index, let program)):
            blame(program, of: index, .crashed, failure, after: limits.crashesToBlame)
        case (.silence, .loading(let index, let program?)):
            blame(program, of: index, .timeout, failure, after: 1)
        case (.silence, .loading(let index, program: nil)):
            blame(nil, of: index, .timeout, failure, after: limits.crashesToBlame)
        case (.crash, .witnessing(let index)), (.silence, .witnessing(let index)):
            let verdict: Verdict = failure.kind == .crash ? .crashed : .timeout
            let times = progress[index].countLoss(over: WitnessJudgement.lossKey)
            forgetDoubted(index)
            if times >= limits.crashesToBlame {
                testify(index, verdict, failure)
            }
        case (.crash, .loadingModules(let index)), (.silence, .loadingModules(let index)),
            (.infrastructure, .loadingModules(let index)):
            loseOverModules(index, failure)
        case (.memory, .loading(let index, _)), (.memory, .loadingModules(let index)):
            if !askLargerGuest(about: index, because: "\(failure)") {
                giveUp(index, .infrastructure, failure)
            }
        case (.memory, .witnessing(let index)):
            if !askLargerGuest(about: index, because: "\(failure)") { testify(index, .infrastructure, failure) }
        case (.infrastructure, .loading(let index, _)), (.infrastructure, .witnessing(let index)):
            lose(index, failure)
        case (_, .nothing):
            return loseAtStart(limits.account(of: failure), log: failure.console, lanes: lanes)
        }
        return false
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
        forgetDoubted(index)
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

    /// A guest was lost over an object for reasons that are not the object's: after its limit, the object is given up, and the
    /// others go on.
    private func lose(_ index: Int, _ failure: MachineFailure) {
        let object = progress[index].object.name
        guard progress[index].countInterruption() > limits.infrastructureRetries else {
            report(.note("\(subject.spec): \(object) is tried again in a fresh guest: \(failure)"))
            return
        }
        giveUp(index, .infrastructure, failure)
    }

    /// What a module does to a guest says nothing of the object that needs it.
    private func loseOverModules(_ index: Int, _ failure: MachineFailure) {
        let modules = self.modules[index].plan.order.joined(separator: ", ")
        guard progress[index].countInterruption() > limits.infrastructureRetries else {
            report(.note("\(subject.spec): lost a guest that was loading \(modules), trying again: \(failure)"))
            return
        }
        let message = "the guest was lost while it loaded the modules \(modules): \(limits.account(of: failure))"
        report(progress[index].giveUp(.infrastructure, message: message, log: failure.console))
    }

    /// No guest could be had, or it did not prove itself. The kernel is given up where that happens as often as the limit says
    /// for each lane, no guest has been had in between, and none is at work.
    ///
    /// - Returns: whether there are others at work, so that there is time before the next try.
    @discardableResult
    func loseAtStart(_ reason: String, log: String?, lanes: Int = 1) -> Bool {
        lostAtStart += 1
        let limit = limits.infrastructureRetries * max(1, lanes)
        guard lostAtStart > limit else {
            report(.note("\(subject.spec): trying again in a fresh guest: \(reason)"))
            return false
        }
        if guestsAtWork > 0 {
            if lostAtStart == limit + 1 {
                report(.note("\(subject.spec): going on with fewer guests at once for now: \(reason)"))
            }
            return true
        }
        failure = reason
        report(.kernelFailed(kernel: subject.spec, reason: reason))
        for index in progress.indices where !progress[index].isDone {
            report(progress[index].giveUp(.infrastructure, message: reason, log: log))
        }
        return false
    }

    private func report(_ cells: [Cell]) {
        // An object that only bpftool was still to be asked about has its cells.
        if !cells.isEmpty { report(.cells(cells)) }
    }
}
