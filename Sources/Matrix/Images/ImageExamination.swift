// SPDX-License-Identifier: Apache-2.0

import GuestProtocol
import Results
import VirtualMachine

/// A guest with an image, and the folders that it sees.
struct ImageMachine: Sendable {
    let machine: MachineConfiguration
    let folders: [HostFolder]
}

/// What an image's own loader makes of the objects on one kernel.
///
/// It answers for whole objects, as bpftool does. A guest is booted for it, and goes through all of them.
actor ImageExamination {
    private let subject: KernelUnderTest
    private let image: ImageUnderTest
    private let folder: ObjectFolder
    private let limits: ExaminationLimits
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

    init(
        _ subject: KernelUnderTest,
        image: ImageUnderTest,
        folder: ObjectFolder,
        progress: [ObjectProgress],
        limits: ExaminationLimits,
        report: @escaping @Sendable (RunEvent) -> Void
    ) {
        self.subject = subject
        self.image = image
        self.folder = folder
        self.limits = limits
        self.report = report
        self.progress = Dictionary(uniqueKeysWithValues: zip(folder.names, progress))
        waiting = folder.names
    }

    /// Statements in the objects' order.
    ///
    /// - Parameter machines: ways to put the guest together, one of which this kernel can do with; tried in their order.
    /// - Throws: only where the run is cancelled; whatever else happens is a finding.
    func run(_ machines: [ImageMachine]) async throws -> [WitnessStatement] {
        var machines = machines[...]
        while !waiting.isEmpty, let machine = machines.first {
            try Task.checkCancellation()
            canaries = [:]
            do {
                try await withVirtualMachine(machine.machine, bootLimit: limits.boot) { guest in
                    try await self.examine(guest, machine.folders)
                }
                if let silent = waiting.first { throw ImageFailure.silent(about: silent) }
            } catch ImageFailure.notPrepared where machines.count > 1 {
                machines.removeFirst()
            } catch {
                try Task.checkCancellation()
                learn(from: error)
            }
        }
        return folder.names.compactMap { statements[$0] }
    }

    /// Nothing can be asked of this kernel.
    func giveUp(because reason: String) -> [WitnessStatement] {
        settle(waiting, .infrastructure, reason)
        return folder.names.compactMap { statements[$0] }
    }

    /// The loader's name in results: `image:bpftool 7.1.0`.
    private var loaderName: String { loader.map { "image:\($0.loader) \($0.version)" } ?? "image:\(image.disk.name)" }

    private func examine(_ guest: RunningMachine, _ folders: [HostFolder]) async throws {
        let seconds = guest.startDuration / .seconds(1)
        report(.started(kernel: subject.spec, seconds: seconds, isRestored: false))
        let session = ImageSession(machine: guest, limit: limits.witness, release: subject.kernel.release)
        // The canaries come first: what a guest says before it has told good from bad is not listened to.
        let objects = [ObjectFolder.acceptable, ObjectFolder.unacceptable] + waiting
        let taint = try await session.run(image, folders, objects: objects) { line in try await self.hear(line) }
        if KernelTaint(rawValue: taint).contains(.died) {
            throw MachineFailure(.oopsed("the kernel says that it has (taint \(taint)), and went on"))
        }
    }

    private func hear(_ line: ImageLine) throws {
        switch line {
        case .loader(let loader): self.loader = loader
        case .end: break
        case .object(let outcome) where progress[outcome.object] == nil:
            canaries[outcome.object] = outcome
            if let complaint { throw CanaryFailure(reason: complaint) }
        case .object(let outcome):
            guard canaries.count == 2 else {
                throw CanaryFailure(reason: "the image's script spoke of \(outcome.object) before the canaries")
            }
            try hear(outcome)
        }
    }

    /// Why what was said of the canaries can't be; nil as far as it can.
    private var complaint: String? {
        if let good = canaries[ObjectFolder.acceptable], good.status != 0 {
            return "the image's loader refused the good canary: \(good.log)"
        }
        if let bad = canaries[ObjectFolder.unacceptable], bad.status <= 0 {
            return "the image's loader accepted the bad canary"
        }
        return nil
    }

    private func hear(_ outcome: ImageLine.Outcome) throws {
        // Twice, or of one that was not asked about: the script is out of step.
        guard let progress = progress[outcome.object], waiting.contains(outcome.object) else {
            throw MachineFailure(.garbled("the image's script spoke of \(outcome.object) out of turn"))
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
        keep(WitnessJudgement.statement(said, about: progress), of: outcome.object)
    }

    /// As a shell reports a program that could not be run, or that a signal ended: 128 and its number (POSIX, Shell
    /// Command Language, 2.8.2). bpftool itself says 255.
    private static func isNoAnswer(_ status: Int32) -> Bool {
        (126...127).contains(status) || (129...192).contains(status)
    }

    private func keep(_ statement: WitnessStatement, of name: String) {
        var statement = statement
        statement.loader = loaderName
        statements[name] = statement
        report(.witness(statement))
    }

    /// A guest was lost, or had nothing to say: every call settles something or counts towards a limit.
    private func learn(from error: any Error) {
        if let failure = error as? MachineFailure, failure.kind != .infrastructure, canaries.count == 2,
            let culprit = waiting.first
        {
            losses[culprit, default: 0] += 1
            guard losses[culprit, default: 0] >= limits.crashesToBlame else {
                return report(
                    .note("\(subject.spec): lost a guest with the image over \(culprit), trying once more: \(failure)")
                )
            }
            return settle([culprit], failure.kind == .crash ? .crashed : .timeout, "\(failure)\n\(failure.console)")
        }
        lostForInfrastructure += 1
        guard lostForInfrastructure > limits.infrastructureRetries else {
            return report(.note("\(subject.spec): trying again in a fresh guest with the image: \(error)"))
        }
        settle(waiting, .infrastructure, "\(error)")
    }

    private func settle(_ names: [String], _ verdict: Verdict, _ output: String) {
        for name in names {
            guard let object = progress[name]?.object.name else { continue }
            keep(WitnessStatement(object: object, kernel: subject.spec, verdict: verdict, output: output), of: name)
        }
        waiting.removeAll(where: names.contains)
    }
}
