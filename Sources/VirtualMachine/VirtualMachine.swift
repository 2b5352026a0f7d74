// SPDX-License-Identifier: Apache-2.0

import ChildProcess
import GuestProtocol

/// A guest whose agent has spoken.
public struct RunningMachine: Sendable {
    /// The agent's first words.
    public let ready: Ready
    /// From QEMU's start to those words.
    public let bootDuration: Duration
    public let link: GuestLink
}

/// Boots a guest, waits for its agent, runs `body` with it, and ends it: on return, on an error and on cancellation
/// QEMU is gone, and so are the machine's files.
///
/// - Parameter bootLimit: from QEMU's start to the agent's first word.
/// - Throws: `MachineFailure` where the guest was lost, otherwise what `body` throws.
public func withVirtualMachine<Result: Sendable>(
    _ configuration: MachineConfiguration,
    bootLimit: Duration,
    _ body: @escaping @Sendable (RunningMachine) async throws -> Result
) async throws -> Result {
    try await MachineDirectory.with { directory in
        let listener = try await GuestListener.open(at: directory.socket)
        let machine = BootingMachine(configuration: configuration, directory: directory, link: listener.link)
        do {
            let result = try await machine.run(bootLimit: bootLimit, body)
            await listener.close()
            return result
        } catch {
            await listener.close()
            throw error
        }
    }
}

/// A guest from QEMU's start to its end.
private struct BootingMachine: Sendable {
    let configuration: MachineConfiguration
    let directory: MachineDirectory
    let link: GuestLink

    /// QEMU lives as long as its guest is wanted; a day is longer than any run.
    private static let longestLife = Duration.seconds(24 * 3600)
    /// After the connection has gone, how long QEMU may take to end: then its ending says more than the connection's.
    private static let endingLimit = Duration.seconds(2)

    private enum Event<Result: Sendable>: Sendable {
        case emulatorEnded(CommandResult)
        case bodyReturned(Result)
        case bodyFailed(any Error)
        case endingLimitReached
    }

    func run<Result: Sendable>(
        bootLimit: Duration,
        _ body: @escaping @Sendable (RunningMachine) async throws -> Result
    ) async throws -> Result {
        let start = ContinuousClock.now
        return try await withThrowingTaskGroup(of: Event<Result>.self) { group in
            defer { group.cancelAll() }
            group.addTask { .emulatorEnded(try await emulate()) }
            group.addTask {
                do {
                    let ready = try await greeting(within: bootLimit)
                    let machine = RunningMachine(ready: ready, bootDuration: .now - start, link: link)
                    return .bodyReturned(try await body(machine))
                } catch {
                    return .bodyFailed(error)
                }
            }
            var ended: CommandResult?
            var failure: (any Error)?
            while let event = try await group.next() {
                switch event {
                case .bodyReturned(let result):
                    return result
                case .emulatorEnded(let result):
                    ended = result
                    // What had arrived is still read; after it the body finds the connection closed.
                    link.end()
                    if let failure { throw explain(failure, ended: ended) }
                case .bodyFailed(let error):
                    guard ended == nil, error is LinkFailure, !Task.isCancelled else {
                        throw explain(error, ended: ended)
                    }
                    failure = error
                    group.addTask {
                        try await Task.sleep(for: Self.endingLimit)
                        return .endingLimitReached
                    }
                case .endingLimitReached:
                    throw explain(failure ?? CancellationError(), ended: nil)
                }
            }
            throw CancellationError()
        }
    }

    private func emulate() async throws -> CommandResult {
        let command = Command(configuration.qemu, configuration.arguments(in: directory))
        do {
            return try await command.run(within: Self.longestLife)
        } catch let error as CommandError {
            throw MachineFailure(.notStarted("\(error)"))
        }
    }

    private func greeting(within limit: Duration) async throws -> Ready {
        switch try await link.next(within: limit, waitingFor: "the guest to start") {
        case .ready(let ready): return ready
        case let other: throw MachineFailure(.outOfTurn("\(other)"))
        }
    }

    /// What the end of the conversation amounts to, seen together with the console and QEMU's own end.
    private func explain(_ error: any Error, ended: CommandResult?) -> any Error {
        let console = directory.consoleText()
        let finding = ConsoleDiagnosis(console).finding
        switch error {
        case let failure as MachineFailure:
            return MachineFailure(failure.cause, console: console)
        case LinkFailure.protocolBroken(let broken):
            return MachineFailure(.protocolBroken(broken), console: console)
        case LinkFailure.silent(let waitingFor, let limit):
            if case .stall(let sign) = finding {
                return MachineFailure(.stalled(waitingFor: waitingFor, limit: limit, sign: sign), console: console)
            }
            return MachineFailure(finding.crash ?? .silent(waitingFor: waitingFor, limit: limit), console: console)
        case LinkFailure.disconnected(let inFrame):
            if let crash = finding.crash { return MachineFailure(crash, console: console) }
            if inFrame {
                let broken = ProtocolError.malformed(message: "frame", reason: "the guest ended in the middle of it")
                return MachineFailure(.protocolBroken(broken), console: console)
            }
            if let reason = ConsoleDiagnosis(console).agentsLastWords {
                return MachineFailure(.agentGaveUp(reason), console: console)
            }
            guard let ended else { return MachineFailure(.disconnected, console: console) }
            let text = ended.errorText.trimmingPrefix(#/\s+/#)
            return MachineFailure(.exited(ended.ending, errorText: String(text)), console: console)
        default:
            return error
        }
    }
}

extension ConsoleDiagnosis.Finding? {
    fileprivate var crash: MachineFailure.Cause? {
        switch self {
        case .panic(let line): .panicked(line)
        case .oops(let line): .oopsed(line)
        case .stall, nil: nil
        }
    }
}
