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
                    life: MachineLife(configuration: configuration, start: start, directory: directory),
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

/// A guest with an agent, from QEMU's start to its end.
private struct StartingMachine: Sendable {
    let life: MachineLife
    let link: GuestLink
    let monitor: Monitor?

    func run<Result: Sendable>(
        limit: Duration,
        _ body: @escaping @Sendable (RunningMachine) async throws -> Result
    ) async throws -> Result {
        try await life.run {
            link.end()
            monitor?.end()
        } converse: {
            let machine = try await atStart {
                try await withTimeLimit(limit, waitingFor: "the guest to start") { try await greet(within: limit) }
            }
            return try await body(machine)
        }
    }

    /// Speaks to the agent first: a restored one has said all that it had to say before it was saved.
    private func greet(within limit: Duration) async throws -> RunningMachine {
        let begin = ContinuousClock.now
        if case .restore(let template) = life.start {
            try await monitor?.restore(template, through: life.directory.state)
        }
        try await link.send(.greet(.now))
        switch try await link.next(within: limit, waitingFor: "the guest to start") {
        case .ready(let ready):
            return RunningMachine(
                ready: ready,
                startDuration: .now - begin,
                isRestored: life.start.isRestore,
                link: link,
                monitor: monitor,
                stateSocket: life.directory.state
            )
        case let other: throw MachineFailure(.outOfTurn("\(other)"))
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
