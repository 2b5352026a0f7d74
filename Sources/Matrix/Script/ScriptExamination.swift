// SPDX-License-Identifier: Apache-2.0

import ContentDigest
import GuestProtocol
import Results
import VirtualMachine

/// What bpftool, run by a script in a guest, makes of the objects on one kernel.
///
/// It answers for whole objects. A guest is booted for it, and goes through all of them.
actor ScriptExamination {
    /// The word of the user by which cells name the kernel.
    private let spec: String
    private let folder: ObjectFolder
    private let limits: ExaminationLimits
    /// Who was asked before: this machine's bpftool, and the agent.
    private let loaders: WitnessJudgement.Loaders
    private let logs: LogKeeper
    /// Every object has a guest of its own.
    private let isIsolating: Bool
    private let report: @Sendable (RunEvent) -> Void

    /// By the names of files; what others have said of the same objects is there to be compared with.
    private let progress: [String: ObjectProgress]
    private var waiting: [String]
    private var statements: [String: WitnessStatement] = [:]
    /// With the last guest.
    private var conversation: ScriptConversation?
    /// Of the guest's last object: it counts once the guest has come to its end, and the kernel is sound still.
    private var pending: (name: String, statement: WitnessStatement)?
    private var losses: [String: Int] = [:]
    private var lostForInfrastructure = 0
    /// How long the first guest took to answer, in seconds; nil where none has.
    private(set) var startSeconds: Double?

    init(
        of spec: String,
        folder: ObjectFolder,
        progress: [ObjectProgress],
        limits: ExaminationLimits,
        loaders: WitnessJudgement.Loaders = WitnessJudgement.Loaders(),
        logs: LogKeeper = LogKeeper(),
        isIsolating: Bool = false,
        report: @escaping @Sendable (RunEvent) -> Void
    ) {
        self.spec = spec
        self.folder = folder
        self.limits = limits
        self.loaders = loaders
        self.logs = logs
        self.isIsolating = isIsolating
        self.report = report
        self.progress = Dictionary(uniqueKeysWithValues: zip(folder.names, progress))
        waiting = folder.names
    }

    /// Statements in the objects' order.
    ///
    /// - Throws: only where the run is cancelled; whatever else happens is a finding.
    func run(_ guest: some ScriptedGuest) async throws -> [WitnessStatement] {
        while !waiting.isEmpty {
            try Task.checkCancellation()
            let asked = isIsolating ? Array(waiting.prefix(1)) : waiting
            do {
                try await examine(guest, asked)
            } catch {
                try Task.checkCancellation()
                learn(from: error, in: guest)
            }
        }
        return folder.names.compactMap { statements[$0] }
    }

    /// Nothing can be asked of this kernel.
    func giveUp(because reason: String, by loader: String) -> [WitnessStatement] {
        settle(waiting, .infrastructure, reason, by: loader)
        return folder.names.compactMap { statements[$0] }
    }

    private func examine(_ guest: some ScriptedGuest, _ asked: [String]) async throws {
        let files = asked.compactMap { name in
            progress[name].map { ScriptConversation.File(name: name, digest: $0.object.digest) }
        }
        conversation = ScriptConversation(with: guest.owner, on: guest.release, about: files)
        pending = nil
        let taint = try await guest.run(
            // The canaries come first: what a guest says before it has told good from bad is not listened to.
            objects: ScriptConversation.canaries.map(\.name) + asked,
            limits: limits,
            started: { duration in await self.start(after: duration / .seconds(1)) },
            hear: { line in try await self.hear(line, from: guest) }
        )
        if KernelTaint(rawValue: taint).contains(.died) { throw MachineFailure(.oopsed(taint: taint)) }
        if let conversation, !conversation.isOver {
            throw MachineFailure(.garbled("\(guest.owner)'s script said nothing of \(conversation.expected)"))
        }
        keepPending()
    }

    private func start(after seconds: Double) {
        startSeconds = startSeconds ?? seconds
        report(.started(kernel: spec, seconds: seconds, isRestored: false))
    }

    private func hear(_ line: ImageLine, from guest: some ScriptedGuest) async throws {
        guard let outcome = try conversation?.hear(line), let progress = progress[outcome.object] else { return }
        let said = WitnessReport(
            request: 0,
            status: outcome.answer,
            output: Array(outcome.log.utf8),
            taint: outcome.tainted
        )
        let isAgentAsked = !progress.cells.isEmpty
        var statement = WitnessJudgement.statement(
            said,
            about: progress,
            comparedWith: isAgentAsked ? nil : progress.statement,
            WitnessJudgement.Loaders(
                witness: conversation?.loader.flatMap { LibbpfVersion(ofBPFTool: $0.version) },
                other: isAgentAsked ? loaders.other : loaders.witness
            )
        )
        if isAgentAsked, let difference = progress.differenceFromImages {
            statement.disagreement = nil
            statement.incomparable = difference
        }
        statement.loader = name(in: guest)
        statement = await progress.kept(statement, by: logs) { report(.note("\(spec): \($0)")) }
        pending = (outcome.object, statement)
        guard conversation?.isThrough == false else { return }
        keepPending()
        if let signs = conversation?.signsOfDamage {
            throw DamagedGuest(signs: signs, object: progress.object.name)
        }
    }

    private func keepPending() {
        guard let (name, statement) = pending else { return }
        pending = nil
        waiting.removeAll { $0 == name }
        keep(statement, of: name)
    }

    private func name(in guest: some ScriptedGuest) -> String { guest.name(of: conversation?.loader) }

    private func keep(_ statement: WitnessStatement, of name: String) {
        statements[name] = statement
        report(.witness(statement))
    }

    /// A guest was lost, or had nothing to say: every call settles something or counts towards a limit.
    private func learn(from error: any Error, in guest: some ScriptedGuest) {
        if let damage = error as? DamagedGuest {
            return report(.note("\(spec): going on in a fresh guest: the kernel has had \(damage)"))
        }
        // What was said of the last object is not confirmed any more.
        pending = nil
        if let failure = error as? MachineFailure, failure.kind != .infrastructure, conversation?.hasProved == true,
            let culprit = waiting.first
        {
            losses[culprit, default: 0] += 1
            guard losses[culprit, default: 0] >= limits.crashesToBlame else {
                return report(
                    .note(
                        "\(spec): lost a guest with its script over \(culprit), trying once more: \(limits.account(of: failure))"
                    )
                )
            }
            let verdict: Verdict = failure.kind == .crash ? .crashed : .timeout
            return settle(
                [culprit],
                verdict,
                "\(limits.account(of: failure))\n\(failure.console)",
                by: name(in: guest)
            )
        }
        lostForInfrastructure += 1
        guard lostForInfrastructure > limits.infrastructureRetries else {
            return report(.note("\(spec): trying again in a fresh guest: \(error)"))
        }
        settle(waiting, .infrastructure, "\(error)", by: name(in: guest))
    }

    private func settle(_ names: [String], _ verdict: Verdict, _ output: String, by loader: String) {
        for name in names {
            guard let object = progress[name]?.object.name else { continue }
            keep(
                WitnessStatement(object: object, kernel: spec, loader: loader, verdict: verdict, output: output),
                of: name
            )
        }
        waiting.removeAll(where: names.contains)
    }
}

/// A kernel that goes on after something that makes it doubtful: no other object is put to it.
private struct DamagedGuest: Error, CustomStringConvertible {
    let signs: String
    let object: String

    var description: String { "\(signs) while \(object) was loaded" }
}
