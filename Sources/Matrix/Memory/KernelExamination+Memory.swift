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
                await recallTestimony(index, answer)
            }
        }
    }

    private func recallLoading(_ index: Int, _ bytes: [UInt8]) async {
        guard let answer = Answer(bytes), case .object(let ended)? = answer.said.last else { return }
        var recalled = progress[index]
        recalled.begin()
        for (place, message) in answer.said.dropLast().enumerated() {
            switch message {
            case .program(var said):
                if let reference = answer.logs[place] {
                    // Without its log it can't be explained: the kernel is asked again.
                    guard let log = await logs.whole(reference) else { return }
                    said.log = log
                }
                recalled.add(await heard(said))
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
        await writeLogs(of: index)
        progress[index].forgetReports()
    }

    private func recallTestimony(_ index: Int, _ bytes: [UInt8]) async {
        guard let answer = Answer(bytes), case .witness(let said)? = answer.said.first, answer.said.count == 1,
            !WitnessJudgement.isPassing(said),
            WitnessJudgement.statement(said, about: progress[index], loaders).verdict.isVerdict
        else { return }
        await testify(index, said, isCached: true)
    }

    /// Keeps what a guest has just said of an object, if it is a verdict on all of it.
    func rememberLoading(_ index: Int, by ready: Ready) {
        guard progress[index].isWorthRemembering, let question = question(about: index, to: .agent) else { return }
        keep(progress[index].account(of: ready), for: question)
    }

    func rememberTestimony(_ index: Int, _ said: WitnessReport, by ready: Ready) {
        guard progress[index].statement?.verdict.isVerdict == true, !WitnessJudgement.isPassing(said),
            let question = question(about: index, to: .bpftool)
        else { return }
        keep(Answer(from: ready, [.witness(said)]), for: question)
    }

    /// At once, so that a run that is killed has not asked for nothing.
    private func keep(_ answer: Answer, for question: QuestionKey) {
        do throws(VerdictCacheError) {
            try memory?.keep(answer.bytes, for: question)
        } catch {
            tellOnce(error)
        }
    }

    /// A guest was lost over an object: what the kernel said of it before is not taken for an answer again.
    func forgetDoubted(_ index: Int) {
        do throws(VerdictCacheError) {
            try memory?.forget(doubtedQuestions(about: index))
        } catch {
            tellOnce(error)
        }
    }

    private func tellOnce(_ error: VerdictCacheError) {
        if !hasToldOfMemory { report(.note("\(error)")) }
        hasToldOfMemory = true
    }

    /// Questions over which this kernel broke down or never came to an end.
    private func doubtedQuestions(about index: Int) -> [QuestionKey] {
        [
            progress[index].hasLostGuests ? question(about: index, to: .agent) : nil,
            progress[index].hasLostWitnesses ? question(about: index, to: .bpftool) : nil,
        ].compactMap { $0 }
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
        // Of an object with assumed values bpftool is not asked: what it loads is another one.
        case .bpftool where loader.asksBPFTool && progress[index].assumptions.contract.isEmpty:
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
