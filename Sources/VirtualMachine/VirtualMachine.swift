// SPDX-License-Identifier: Apache-2.0

import ChildProcess
import Foundation
import GuestProtocol
import SystemPackage

/// A guest whose agent has spoken.
public struct RunningMachine: Sendable {
    /// The agent's first words.
    public let ready: Ready
    /// From QEMU's start to those words.
    public let startDuration: Duration
    /// Whether it goes on where a saved guest was stopped.
    public let isRestored: Bool
    public let link: GuestLink
    private let monitor: Monitor?
    private let stateSocket: FilePath

    fileprivate init(
        ready: Ready,
        startDuration: Duration,
        isRestored: Bool,
        link: GuestLink,
        monitor: Monitor?,
        stateSocket: FilePath
    ) {
        self.ready = ready
        self.startDuration = startDuration
        self.isRestored = isRestored
        self.link = link
        self.monitor = monitor
        self.stateSocket = stateSocket
    }

    /// Stops the guest for good and writes all but its memory to `file`.
    func save(to file: FilePath) async throws {
        try await monitor?.save(to: file, through: stateSocket)
    }
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
    try await withVirtualMachine(configuration, start: .boot, limit: bootLimit, body)
}

func withVirtualMachine<Result: Sendable>(
    _ configuration: MachineConfiguration,
    start: MachineStart,
    limit: Duration,
    _ body: @escaping @Sendable (RunningMachine) async throws -> Result
) async throws -> Result {
    try await MachineDirectory.with { directory in
        try await SocketListener<GuestMessageDecoder>.with(directory.socket) { agent in
            func run(_ monitor: Monitor?) async throws -> Result {
                try await StartingMachine(
                    configuration: configuration,
                    start: start,
                    directory: directory,
                    link: GuestLink(agent),
                    monitor: monitor
                ).run(limit: limit, body)
            }
            guard start.usesMonitor else { return try await run(nil) }
            return try await SocketListener<MonitorMessageDecoder>.with(directory.monitor) { monitor in
                try await run(Monitor(monitor))
            }
        }
    }
}

/// A guest from QEMU's start to its end.
private struct StartingMachine: Sendable {
    let configuration: MachineConfiguration
    let start: MachineStart
    let directory: MachineDirectory
    let link: GuestLink
    let monitor: Monitor?

    /// QEMU lives as long as its guest is wanted; a day is longer than any run.
    private static let longestLife = Duration.seconds(24 * 3600)
    /// After the connection has gone, how long QEMU may take to end: then its ending says more than the connection's.
    private static let endingLimit = Duration.seconds(2)

    private enum Event<Result: Sendable>: Sendable {
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

    func run<Result: Sendable>(
        limit: Duration,
        _ body: @escaping @Sendable (RunningMachine) async throws -> Result
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
                group.addTask {
                    try await server.run()
                    throw CancellationError()
                }
            }
            group.addTask {
                for server in servers { try await server.wait() }
                return .emulatorEnded(try await emulate())
            }
            group.addTask { await converse(limit: limit, body) }
            var ended: CommandResult?
            var failure: Failure?
            while let event = try await group.next() {
                switch event {
                case .returned(let result):
                    return result
                case .emulatorEnded(let result):
                    ended = result
                    // What had arrived is still read; after it the conversations end.
                    link.end()
                    monitor?.end()
                    if let failure { throw explain(failure, ended: ended) }
                case .failed(let reason):
                    guard ended == nil, reason.error is LinkFailure, !Task.isCancelled else {
                        throw explain(reason, ended: ended)
                    }
                    failure = reason
                    group.addTask {
                        try await Task.sleep(for: Self.endingLimit)
                        return .endingLimitReached
                    }
                case .endingLimitReached:
                    guard let failure else { throw CancellationError() }
                    throw explain(failure, ended: nil)
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

    private func converse<Result: Sendable>(
        limit: Duration,
        _ body: @Sendable (RunningMachine) async throws -> Result
    ) async -> Event<Result> {
        let machine: RunningMachine
        do {
            machine = try await withTimeLimit(limit, waitingFor: "the guest to start") {
                try await greet(within: limit)
            }
        } catch {
            return .failed(Failure(error: error, isAtStart: true))
        }
        do {
            return .returned(try await body(machine))
        } catch {
            return .failed(Failure(error: error, isAtStart: false))
        }
    }

    /// Speaks to the agent first: a restored one has said all that it had to say before it was saved.
    private func greet(within limit: Duration) async throws -> RunningMachine {
        let begin = ContinuousClock.now
        if case .restore(let template) = start {
            try await monitor?.restore(template, through: directory.state)
        }
        try await link.send(.greet(.now))
        switch try await link.next(within: limit, waitingFor: "the guest to start") {
        case .ready(let ready):
            return RunningMachine(
                ready: ready,
                startDuration: .now - begin,
                isRestored: start.isRestore,
                link: link,
                monitor: monitor,
                stateSocket: directory.state
            )
        case let other: throw MachineFailure(.outOfTurn("\(other)"))
        }
    }

    /// What the end of the conversation amounts to, seen together with the console and QEMU's own end.
    private func explain(_ failure: Failure, ended: CommandResult?) -> any Error {
        let console = directory.consoleText()
        guard let cause = cause(of: failure.error, console: console, ended: ended) else { return failure.error }
        return MachineFailure(cause, console: console, isAtStart: failure.isAtStart)
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
            if inMessage {
                return .protocolBroken(
                    .malformed(message: "frame", reason: "the guest ended in the middle of it")
                )
            }
            if let reason = diagnosis.agentsLastWords { return .agentGaveUp(reason) }
            guard let ended else { return .disconnected }
            return .exited(ended.ending, errorText: String(ended.errorText.trimmingPrefix(#/\s+/#)))
        default:
            return nil
        }
    }
}

extension Greeting {
    /// For a guest that starts now.
    fileprivate static var now: Greeting {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        var generator = SystemRandomNumberGenerator()
        return Greeting(
            seconds: Int64(time.tv_sec),
            nanoseconds: UInt32(time.tv_nsec),
            entropy: (0..<Greeting.entropySize).map { _ in UInt8.random(in: 0...UInt8.max, using: &generator) }
        )
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
