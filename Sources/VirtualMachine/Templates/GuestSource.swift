// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Where guests of one kind come from: restored from a template where one can be had, booted otherwise.
public struct GuestSource: Sendable {
    public let configuration: MachineConfiguration
    private let templates: TemplateStore?
    private let limits: StartLimits
    private let prepare: @Sendable (RunningMachine) async throws -> Void
    private let report: @Sendable (Event) -> Void

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
        guard let templates else { return try await boot(body) }
        for _ in 0..<Self.tries {
            guard let template = try await template(in: templates) else { break }
            do {
                return try await withVirtualMachine(
                    configuration,
                    start: .restore(template),
                    limit: limits.restore,
                    body
                )
            } catch let failure as MachineFailure where failure.isAtStart {
                try Task.checkCancellation()
                templates.remove(template)
                report(.note("the saved guest can't be restored: \(failure)"))
            }
        }
        return try await boot(body)
    }

    /// Makes the template where there is none, so that the next guest finds it.
    ///
    /// - Returns: whether there is one now.
    @discardableResult
    public func makeTemplate() async throws -> Bool {
        guard let templates else { return false }
        return try await template(in: templates) != nil
    }

    /// A template that fails is made anew once.
    private static let tries = 2

    private func boot<Result: Sendable>(
        _ body: @escaping @Sendable (RunningMachine) async throws -> Result
    ) async throws -> Result {
        report(.booting(isToBeSaved: false))
        return try await withVirtualMachine(configuration, start: .boot, limit: limits.boot, body)
    }

    private func template(in templates: TemplateStore) async throws -> Template? {
        do {
            return try await templates.template(for: configuration, bootLimit: limits.boot, prepare: prepare) {
                report(.booting(isToBeSaved: true))
            }
        } catch let failure as TemplateFailure {
            report(.note("guests are booted, not restored: \(failure)"))
            return nil
        } catch let failure as MachineFailure {
            try Task.checkCancellation()
            // A kernel that can't be booted can't be booted without a template either; that QEMU can't write one, it may.
            switch failure.cause {
            case .exited, .refusedByMonitor:
                report(.note("guests are booted, not restored: \(failure)"))
                return nil
            default: throw failure
            }
        }
    }
}

/// How long a guest may take to its agent's first word.
public struct StartLimits: Sendable, Hashable {
    /// Emulated cold boots take two to five seconds on a quiet machine.
    public var boot: Duration
    /// Restores take a tenth of a second. One that hangs (QEMU says nothing of a processor that does not fit) is not
    /// waited for as long as a boot.
    public var restore: Duration

    public init(boot: Duration = .seconds(60), restore: Duration = .seconds(15)) {
        self.boot = boot
        self.restore = restore
    }
}
