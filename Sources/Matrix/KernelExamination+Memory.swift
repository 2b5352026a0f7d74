// SPDX-License-Identifier: Apache-2.0

import GuestProtocol
import Results
import VerdictCache
import VirtualMachine

extension KernelExamination {
    /// Who is asked about an object.
    private enum Asked: CaseIterable {
        case agent
        case bpftool
    }

    /// Everything that this kernel would be asked.
    var questions: [QuestionKey] {
        progress.indices.flatMap { index in Asked.allCases.compactMap { question(about: index, to: $0) } }
    }

    /// Takes answers of earlier runs as if they were given now. What can't be heard as a verdict is asked again.
    func recall(_ answers: [QuestionKey: [UInt8]]) async {
        for index in progress.indices {
            if let answer = question(about: index, to: .agent).flatMap({ answers[$0] }) {
                await recallLoading(index, answer)
            }
            // Without the agent's word bpftool's can't contradict it.
            guard progress[index].isLoaded else { continue }
            if let answer = question(about: index, to: .bpftool).flatMap({ answers[$0] }) {
                recallTestimony(index, answer)
            }
        }
    }

    private func recallLoading(_ index: Int, _ bytes: [UInt8]) async {
        guard let answer = Answer(bytes), case .object(let ended)? = answer.said.last else { return }
        var recalled = progress[index]
        recalled.begin()
        for message in answer.said.dropLast() {
            switch message {
            case .program(let said): recalled.add(said)
            case .map(let said): recalled.add(said)
            default: return
            }
        }
        let kernel = recalled.isToBeExplained(ended) ? await known(for: index) : .none
        let cells = recalled.finish(ended, isCached: true, on: kernel)
        guard recalled.isWorthRemembering else { return }
        progress[index] = recalled
        libbpfVersion = libbpfVersion ?? answer.ready.libbpfVersion
        report(.cells(cells))
    }

    private func recallTestimony(_ index: Int, _ bytes: [UInt8]) {
        guard let answer = Answer(bytes), case .witness(let said)? = answer.said.first, answer.said.count == 1,
            !WitnessJudgement.isPassing(said),
            WitnessJudgement.statement(said, about: progress[index], loaders).verdict.isVerdict
        else { return }
        testify(index, said, isCached: true)
    }

    /// Keeps what a guest has just said of an object, if it is a verdict on all of it.
    func rememberLoading(_ index: Int, by ready: Ready) {
        guard progress[index].isWorthRemembering, let question = question(about: index, to: .agent) else { return }
        newAnswers[question] = Answer(from: ready, progress[index].account).bytes
    }

    func rememberTestimony(_ index: Int, _ said: WitnessReport, by ready: Ready) {
        guard progress[index].statement?.verdict.isVerdict == true, !WitnessJudgement.isPassing(said),
            let question = question(about: index, to: .bpftool)
        else { return }
        newAnswers[question] = Answer(from: ready, [.witness(said)]).bytes
    }

    /// Questions over which this kernel broke down or never came to an end: whatever it said of them before, it is not
    /// taken for an answer again.
    var doubtedQuestions: [QuestionKey] {
        progress.indices.flatMap { index in
            [
                progress[index].hasLostGuests ? question(about: index, to: .agent) : nil,
                progress[index].hasLostWitnesses ? question(about: index, to: .bpftool) : nil,
            ].compactMap { $0 }
        }
    }

    /// nil where nobody is asked, or where the guest could not even be put together.
    private func question(about index: Int, to asked: Asked) -> QuestionKey? {
        guard let guest else { return nil }
        let object = progress[index].object.digest.hexadecimal
        switch asked {
        case .agent where loader.asksAgent:
            return QuestionKey(
                object: object,
                variant: progress[index].assumptions.contract.identity + progress[index].modules.identity,
                guest: guest.digest.hexadecimal,
                loader: "agent \(strategy)"
            )
        case .bpftool where loader.asksBPFTool:
            return QuestionKey(
                object: object,
                variant: progress[index].modules.identity,
                guest: guest.digest.hexadecimal,
                loader: "bpftool"
            )
        default:
            return nil
        }
    }
}
