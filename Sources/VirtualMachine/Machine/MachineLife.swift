// SPDX-License-Identifier: Apache-2.0

import ChildProcess
import Foundation
import GuestProtocol
import SystemPackage

/// QEMU with a guest, from its start to its end, and a conversation with whoever speaks there.
struct MachineLife: Sendable {
    let configuration: MachineConfiguration
    let start: MachineStart
    let directory: MachineDirectory

    /// QEMU lives as long as its guest is wanted; a day is longer than any run.
    private static let longestLife = Duration.seconds(24 * 3600)
    /// After the connection has gone, how long QEMU may take to end: then its ending says more than the connection's.
    private static let endingLimit = Duration.seconds(2)

    private enum Event<Result: Sendable>: Sendable {
        /// QEMU can be started.
        case foldersServed
        /// What that means, as far as QEMU's own end does not say more.
        case serverEnded(MachineFailure)
        case emulatorEnded(CommandResult)
        case returned(Result)
        case failed(Failure)
        case endingLimitReached
    }

    private struct Failure: Sendable {
        let error: any Error
        /// The agent had not spoken yet.
        let isAtStart: Bool
    }

    /// Ends with the conversation, however that ends.
    ///
    /// - Parameters:
    ///   - endConversation: lets what has arrived still be read; after it nothing comes.
    ///   - converse: errors on the way to the guest's first word are `FailureAtStart`.
    func run<Result: Sendable>(
        endConversation: @Sendable () -> Void,
        converse: @escaping @Sendable () async throws -> Result
    ) async throws -> Result {
        if !start.isRestore {
            try configuration.kernel.verify()
            try configuration.disk?.verify()
            try configuration.initramfs.write(to: directory.initramfs)
        }
        return try await withThrowingTaskGroup(of: Event<Result>.self) { group in
            defer { group.cancelAll() }
            let servers = configuration.folders.filter { $0.transport == .virtiofs }.map { folder in
                FolderServer(folder: folder, socket: directory.socket(of: folder))
            }
            for server in servers {
                group.addTask { .serverEnded(try await server.run()) }
            }
            group.addTask {
                for server in servers { try await server.wait() }
                return .foldersServed
            }
            group.addTask { await hear(converse) }
            var areServed = false
            var serverFailure: MachineFailure?
            var ended: CommandResult?
            var failure: Failure?
            while let event = try await group.next() {
                switch event {
                case .foldersServed:
                    areServed = true
                    group.addTask { .emulatorEnded(try await emulate()) }
                case .serverEnded(let reason):
                    // Servers end when QEMU does, and what ended that is on the console.
                    guard areServed else { throw reason }
                    serverFailure = reason
                    group.addTask {
                        try await Task.sleep(for: Self.endingLimit)
                        return .endingLimitReached
                    }
                case .returned(let result):
                    return result
                case .emulatorEnded(let result):
                    ended = result
                    endConversation()
                    if let failure { throw explain(failure, ended: ended, serverFailure) }
                case .failed(let reason):
                    guard ended == nil, reason.error is LinkFailure, !Task.isCancelled else {
                        throw explain(reason, ended: ended, serverFailure)
                    }
                    failure = reason
                    group.addTask {
                        try await Task.sleep(for: Self.endingLimit)
                        return .endingLimitReached
                    }
                case .endingLimitReached:
                    if let failure { throw explain(failure, ended: ended, serverFailure) }
                    // QEMU goes on without its folders; where it has ended, the conversation is about to.
                    if let serverFailure, ended == nil { throw serverFailure }
                }
            }
            throw CancellationError()
        }
    }

    private func emulate() async throws -> CommandResult {
        let command = Command(configuration.qemu, configuration.arguments(start, in: directory))
        do {
            return try await command.run(within: Self.longestLife)
        } catch let error as CommandError {
            let hasRun =
                switch error {
                case .notFound, .notStarted: false
                case .timedOut, .tooMuchOutput: true
                }
            throw MachineFailure(.notStarted("\(error)"), isAtStart: !hasRun)
        }
    }

    private func hear<Result: Sendable>(_ converse: @Sendable () async throws -> Result) async -> Event<Result> {
        do {
            return .returned(try await converse())
        } catch let failure as FailureAtStart {
            return .failed(Failure(error: failure.error, isAtStart: true))
        } catch {
            return .failed(Failure(error: error, isAtStart: false))
        }
    }

    /// What the end of the conversation amounts to, seen together with the console and QEMU's own end.
    private func explain(
        _ failure: Failure,
        ended: CommandResult?,
        _ serverFailure: MachineFailure?
    ) -> any Error {
        let console = directory.consoleText()
        guard let cause = cause(of: failure.error, console: console, ended: ended) else { return failure.error }
        if case .exited = cause, var serverFailure, !MachineFailure(cause).wasKilled {
            // QEMU could not do without it.
            serverFailure.console = console
            return serverFailure
        }
        return MachineFailure(cause, console: console, isAtStart: failure.isAtStart)
    }

    private static func exit(_ result: CommandResult) -> MachineFailure.Cause {
        .exited(result.ending, errorText: String(result.errorText.trimmingPrefix(#/\s+/#)))
    }

    private func cause(of error: any Error, console: String, ended: CommandResult?) -> MachineFailure.Cause? {
        let diagnosis = ConsoleDiagnosis(console)
        switch error {
        case let failure as MachineFailure:
            return failure.cause
        case LinkFailure.protocolBroken(let broken):
            return .protocolBroken(broken)
        case LinkFailure.silent(let waitingFor, let limit):
            if case .stall(let sign) = diagnosis.finding {
                return .stalled(waitingFor: waitingFor, limit: limit, sign: sign)
            }
            return diagnosis.finding.crash ?? .silent(waitingFor: waitingFor, limit: limit)
        case LinkFailure.disconnected(let inMessage):
            if let crash = diagnosis.finding.crash { return crash }
            // Whoever is killed in the middle of a message has not garbled it.
            if let ended, MachineFailure(Self.exit(ended)).wasKilled { return Self.exit(ended) }
            if inMessage {
                return .protocolBroken(
                    .malformed(message: "frame", reason: "the guest ended in the middle of it")
                )
            }
            if let reason = diagnosis.agentsLastWords { return .agentGaveUp(reason) }
            return ended.map(Self.exit) ?? .disconnected
        case LinkFailure.notTaken(let reason):
            return ended.map(Self.exit) ?? .notTaken(reason)
        default:
            return nil
        }
    }
}

/// The guest had not spoken yet.
struct FailureAtStart: Error {
    let error: any Error
}

/// Runs `body`, whose errors happen before the guest's first word.
func atStart<Result>(_ body: () async throws -> Result) async throws -> Result {
    do {
        return try await body()
    } catch {
        throw FailureAtStart(error: error)
    }
}

extension ConsoleDiagnosis.Finding? {
    fileprivate var crash: MachineFailure.Cause? {
        switch self {
        case .panic(let line): .panicked(line)
        case .oops(let line): .oopsed(line)
        case .outOfMemory(let line): .outOfMemory(line)
        case .initEnded(let line): .agentDied(line)
        case .stall, nil: nil
        }
    }
}
