// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Where guests of one kind come from: restored from a template where one can be had, booted otherwise.
public struct GuestSource: Sendable {
    public let configuration: MachineConfiguration
    private let templates: TemplateStore?
    private let limits: StartLimits
    private let prepare: @Sendable (RunningMachine) async throws -> Void
    private let report: @Sendable (Event) -> Void
    private let trouble = TemplateTrouble()

    /// What happens before a guest can be asked.
    public enum Event: Sendable, Hashable {
        /// A kernel is booted, which takes seconds; `isToBeSaved` so that the next time it does not.
        case booting(isToBeSaved: Bool)
        /// What the user should know, and what stops nothing.
        case note(String)
    }

    /// - Parameters:
    ///   - templates: nil boots every guest.
    ///   - prepare: brings a booted guest to where every one that is restored starts.
    public init(
        _ configuration: MachineConfiguration,
        templates: TemplateStore?,
        limits: StartLimits = StartLimits(),
        prepare: @escaping @Sendable (RunningMachine) async throws -> Void,
        report: @escaping @Sendable (Event) -> Void
    ) {
        self.configuration = configuration
        self.templates = templates
        self.limits = limits
        self.prepare = prepare
        self.report = report
    }

    /// Runs `body` with a guest of its own, which ends with it.
    ///
    /// - Throws: as `withVirtualMachine`, and what `prepare` throws.
    public func withGuest<Result: Sendable>(
        _ body: @escaping @Sendable (RunningMachine) async throws -> Result
    ) async throws -> Result {
        try await withGuest(proving: { _ in }) { machine, _ in try await body(machine) }
    }

    /// Runs `body` with a guest of its own, which ends with it, and with what `prove` found out about the guest. A template
    /// that is at fault where its guest can't be restored, or does not prove itself, is replaced once.
    ///
    /// - Throws: as `withVirtualMachine`, and what `prepare`, `prove` and `body` throw.
    public func withGuest<Proof: Sendable, Result: Sendable>(
        proving prove: @escaping @Sendable (RunningMachine) async throws -> Proof,
        _ body: @escaping @Sendable (RunningMachine, Proof) async throws -> Result
    ) async throws -> Result {
        var trials = RestoreTrials()
        restoring: while let templates, let template = try await template(in: templates) {
            let progress = GuestProgress()
            do {
                return try await withVirtualMachine(
                    configuration,
                    start: .restore(template),
                    limit: limits.restore
                ) { machine in
                    await progress.reach(.answered)
                    let proof = try await prove(machine)
                    await progress.reach(.proved)
                    return try await body(machine, proof)
                }
            } catch {
                try Task.checkCancellation()
                let stage = await progress.stage
                guard stage != .proved, !Self.isHopeless(error) else { throw error }
                switch trials.decide(after: RestoreTrials.Fault(error, hasAnswered: stage == .answered)) {
                case .giveUp: throw error
                case .tryAgain: report(.note("a restored guest was lost and is restored again: \(error)"))
                case .replaceTemplate:
                    templates.remove(template)
                    report(.note("the saved guest can't be used, another one is booted and saved: \(error)"))
                case .bootInstead:
                    templates.remove(template)
                    await trouble.become(known: "\(error)", report)
                    break restoring
                }
            }
        }
        report(.booting(isToBeSaved: false))
        return try await withVirtualMachine(configuration, start: .boot, limit: limits.boot) { machine in
            try await body(machine, try await prove(machine))
        }
    }

    /// Makes the template where there is none, so that the next guest finds it.
    ///
    /// - Returns: whether there is one now.
    @discardableResult
    public func makeTemplate() async throws -> Bool {
        guard let templates else { return false }
        return try await template(in: templates) != nil
    }

    /// Nothing that another try would mend.
    private static func isHopeless(_ error: any Error) -> Bool {
        switch (error as? MachineFailure)?.cause {
        case .notStarted, .noFolder: true
        default: false
        }
    }

    /// - Throws: `MachineFailure` where no guest can be booted, and what `prepare` throws.
    private func template(in templates: TemplateStore) async throws -> Template? {
        guard await !trouble.isKnown else { return nil }
        for _ in 1..<RestoreTrials.hostLimit {
            do {
                return try await madeTemplate(in: templates)
            } catch let failure as MachineFailure where failure.wasKilled {
                try Task.checkCancellation()
                report(.note("the guest that was to be saved was lost and is booted again: \(failure)"))
            }
        }
        return try await madeTemplate(in: templates)
    }

    private func madeTemplate(in templates: TemplateStore) async throws -> Template? {
        do {
            return try await templates.template(for: configuration, limits: limits, prepare: prepare) {
                report(.booting(isToBeSaved: true))
            }
        } catch let failure as TemplateFailure {
            await trouble.become(known: "\(failure)", report)
            return nil
        } catch let failure as MachineFailure {
            try Task.checkCancellation()
            // A kernel that can't be booted can't be booted without a template either; that QEMU can't write one, it may.
            switch failure.cause {
            case .exited where !failure.wasKilled, .refusedByMonitor:
                await trouble.become(known: "\(failure)", report)
                return nil
            default: throw failure
            }
        }
    }
}

/// Why a source's guests can't be saved, once that has shown: it is not tried for each of them.
private actor TemplateTrouble {
    private(set) var isKnown = false

    func become(known reason: String, _ report: (GuestSource.Event) -> Void) {
        if !isKnown { report(.note("guests are booted, not restored: \(reason)")) }
        isKnown = true
    }
}

/// How far a guest has come; lives as long as the guest.
private actor GuestProgress {
    enum Stage {
        case starting
        /// Its agent has spoken.
        case answered
        case proved
    }

    private(set) var stage = Stage.starting

    func reach(_ stage: Stage) {
        self.stage = stage
    }
}

/// How long a guest may take to its agent's first word.
public struct StartLimits: Sendable, Hashable {
    /// Emulated cold boots take two to five seconds on a quiet machine.
    public var boot: Duration
    /// Restores take a tenth of a second. One that hangs (QEMU says nothing of a processor that does not fit) is not
    /// waited for as long as a boot.
    public var restore: Duration
    /// How long another process may take to save the guest that is needed, before one is booted here: a boot, the proofs and
    /// the parsing, with room to spare.
    public var otherMaker: Duration

    public init(
        boot: Duration = .seconds(60),
        restore: Duration = .seconds(15),
        otherMaker: Duration = .seconds(120)
    ) {
        self.boot = boot
        self.restore = restore
        self.otherMaker = otherMaker
    }
}
