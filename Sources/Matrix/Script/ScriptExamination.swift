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
    /// Every object has a guest of its own.
    private let isIsolating: Bool
    private let report: @Sendable (RunEvent) -> Void

    /// By the names of files; the agent's account of the same objects is there to be compared with.
    private let progress: [String: ObjectProgress]
    private var waiting: [String]
    private var statements: [String: WitnessStatement] = [:]
    private var loader: ImageLine.Loader?
    /// What this guest has said of the canaries.
    private var canaries: [String: ImageLine.Outcome] = [:]
    private var losses: [String: Int] = [:]
    private var lostForInfrastructure = 0
    /// How long the first guest took to answer, in seconds; nil where none has.
    private(set) var startSeconds: Double?

    init(
        of spec: String,
        folder: ObjectFolder,
        progress: [ObjectProgress],
        limits: ExaminationLimits,
        isIsolating: Bool = false,
        report: @escaping @Sendable (RunEvent) -> Void
    ) {
        self.spec = spec
        self.folder = folder
        self.limits = limits
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
            canaries = [:]
            let asked = isIsolating ? Array(waiting.prefix(1)) : waiting
            do {
                try await examine(guest, asked)
                if let silent = asked.first(where: waiting.contains) { throw ImageFailure.silent(about: silent) }
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
        // The canaries come first: what a guest says before it has told good from bad is not listened to.
        let objects = [ObjectFolder.acceptable, ObjectFolder.unacceptable] + asked
        let taint = try await guest.run(
            objects: objects,
            limits: limits,
            started: { duration in await self.start(after: duration / .seconds(1)) },
            hear: { line in try await self.hear(line, from: guest) }
        )
        if KernelTaint(rawValue: taint).contains(.died) {
            throw MachineFailure(.oopsed("the kernel says that it has (taint \(taint)), and went on"))
        }
    }

    private func start(after seconds: Double) {
        startSeconds = startSeconds ?? seconds
        report(.started(kernel: spec, seconds: seconds, isRestored: false))
    }

    private func hear(_ line: ImageLine, from guest: some ScriptedGuest) throws {
        switch line {
        case .loader(let loader): self.loader = loader
        case .end: break
        case .object(let outcome) where progress[outcome.object] == nil:
            canaries[outcome.object] = outcome
            if let complaint = complaint(in: guest) { throw CanaryFailure(reason: complaint) }
        case .object(let outcome):
            guard canaries.count == 2 else {
                throw CanaryFailure(reason: "\(guest.owner)'s script spoke of \(outcome.object) before the canaries")
            }
            try hear(outcome, from: guest)
        }
    }

    /// Why what was said of the canaries can't be; nil as far as it can.
    private func complaint(in guest: some ScriptedGuest) -> String? {
        let good = canaries[ObjectFolder.acceptable]
        let bad = canaries[ObjectFolder.unacceptable]
        for (said, sent) in [(good, Canary.objects.acceptable), (bad, Canary.objects.unacceptable)] {
            if let said, said.sha256 != sent.digest.hexadecimal {
                return "\(said.object) did not arrive as it was sent"
            }
        }
        if let good, good.status != 0 { return "\(guest.owner)'s loader refused the good canary: \(good.log)" }
        // Failing is not enough: a bpftool that can't run fails too.
        if let bad, bad.status <= 0 || Self.isNoAnswer(bad.status) {
            return "\(guest.owner)'s loader accepted the bad canary"
        }
        return nil
    }

    private func hear(_ outcome: ImageLine.Outcome, from guest: some ScriptedGuest) throws {
        // Twice, or of one that was not asked about: the script is out of step.
        guard let progress = progress[outcome.object], waiting.contains(outcome.object) else {
            throw MachineFailure(.garbled("\(guest.owner)'s script spoke of \(outcome.object) out of turn"))
        }
        guard outcome.sha256 == progress.object.digest.hexadecimal else {
            throw MachineFailure(.garbled("\(outcome.object) did not arrive as it was sent: its SHA-256 differs"))
        }
        let said = WitnessReport(
            request: 0,
            status: Self.isNoAnswer(outcome.status) ? -outcome.status : outcome.status,
            output: Array(outcome.log.utf8),
            taint: 0
        )
        waiting.removeAll { $0 == outcome.object }
        keep(WitnessJudgement.statement(said, about: progress), of: outcome.object, by: guest.name(of: loader))
    }

    /// As a shell reports a program that could not be run, or that a signal ended: 128 and its number (POSIX, Shell
    /// Command Language, 2.8.2). bpftool itself says 255.
    private static func isNoAnswer(_ status: Int32) -> Bool {
        (126...127).contains(status) || (129...192).contains(status)
    }

    private func keep(_ statement: WitnessStatement, of name: String, by loader: String) {
        var statement = statement
        statement.loader = loader
        statements[name] = statement
        report(.witness(statement))
    }

    /// A guest was lost, or had nothing to say: every call settles something or counts towards a limit.
    private func learn(from error: any Error, in guest: some ScriptedGuest) {
        if let failure = error as? MachineFailure, failure.kind != .infrastructure, canaries.count == 2,
            let culprit = waiting.first
        {
            losses[culprit, default: 0] += 1
            guard losses[culprit, default: 0] >= limits.crashesToBlame else {
                return report(
                    .note("\(spec): lost a guest with its script over \(culprit), trying once more: \(failure)")
                )
            }
            let verdict: Verdict = failure.kind == .crash ? .crashed : .timeout
            return settle([culprit], verdict, "\(failure)\n\(failure.console)", by: guest.name(of: loader))
        }
        lostForInfrastructure += 1
        guard lostForInfrastructure > limits.infrastructureRetries else {
            return report(.note("\(spec): trying again in a fresh guest: \(error)"))
        }
        settle(waiting, .infrastructure, "\(error)", by: guest.name(of: loader))
    }

    private func settle(_ names: [String], _ verdict: Verdict, _ output: String, by loader: String) {
        for name in names {
            guard let object = progress[name]?.object.name else { continue }
            let statement = WitnessStatement(object: object, kernel: spec, verdict: verdict, output: output)
            keep(statement, of: name, by: loader)
        }
        waiting.removeAll(where: names.contains)
    }
}
