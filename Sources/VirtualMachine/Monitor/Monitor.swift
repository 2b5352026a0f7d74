// SPDX-License-Identifier: Apache-2.0

import ContentDigest
import Foundation
import GuestProtocol
import NIOCore
import NIOPosix
import SystemPackage

/// The conversation with QEMU itself, by which guests are saved and restored.
struct Monitor: Sendable {
    private let socket: SocketLink<MonitorMessage>

    /// QEMU answers within milliseconds; saving and restoring a state of some hundred kilobytes takes not much longer.
    private static let limit = Duration.seconds(20)
    /// Memory stays in the file that it is in; what goes through the socket is the rest.
    private static let capabilities = ["x-ignore-shared", "events"]

    init(_ socket: SocketLink<MonitorMessage>) {
        self.socket = socket
    }

    /// Writes the guest's state, without its memory, to `file`. That stops the guest for good: it goes on where it is
    /// restored, and there by itself, since it was not stopped by command.
    func save(to file: FilePath, through socket: FilePath) async throws {
        try await open()
        try await SocketListener<ByteDecoder>.with(socket) { state in
            try await execute(.migrate(to: "unix:\(socket)"), untilMigrationHas: "completed")
            try await Self.write(state, to: file)
        }
    }

    /// Has QEMU, which has the template's memory open, take up the rest; the guest runs as soon as it is complete.
    func restore(_ template: Template, through socket: FilePath) async throws {
        let file = template.state
        try await open()
        try await execute(.migrateIncoming(from: "unix:\(socket)"))
        let state: Data
        do {
            state = try Data(contentsOf: URL(filePath: file.string))
        } catch {
            throw MachineFailure(.notTaken("cannot read the saved guest \(file): \(error.localizedDescription)"))
        }
        do {
            // Another template may have taken this one's place since its memory was opened.
            guard ContentDigest(of: state).hexadecimal == template.description.stateDigest else {
                throw MachineFailure(.notTaken("the saved guest \(file) has been replaced"))
            }
            try await withTimeLimit(Self.limit, waitingFor: "QEMU to take the saved guest") {
                try await Self.send(state, to: socket)
            }
        } catch let error as MachineFailure {
            throw error
        } catch let error as LinkFailure {
            throw error
        } catch {
            try Task.checkCancellation()
            throw LinkFailure.notTaken("QEMU does not take the saved guest \(file): \(error)")
        }
    }

    /// Returns once the other end has been handed all of it.
    static func send(_ state: Data, to socket: FilePath) async throws {
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connect(unixDomainSocketPath: socket.string).get()
        // NIO's futures know nothing of cancellation.
        try await withTaskCancellationHandler {
            try await channel.writeAndFlush(ByteBuffer(bytes: state)).get()
        } onCancel: {
            channel.close(promise: nil)
        }
        // QEMU knows the end of a state without being told, and may have closed already: that is no failure.
        try? await channel.close()
    }

    /// Whoever waits for an answer is told that there will be none.
    func end() {
        socket.end()
    }

    private func open() async throws {
        try await execute(.acceptCapabilities)
        try await execute(.setMigrationCapabilities(Self.capabilities))
    }

    /// - Parameter status: of the migration that the command begins; until it is reached, or the migration has failed.
    private func execute(_ command: MonitorCommand, untilMigrationHas status: String? = nil) async throws {
        var line = Array(try JSONEncoder().encode(command))
        line.append(UInt8(ascii: "\n"))
        try await socket.send(line, within: Self.limit, waitingFor: "QEMU to take \(command.name)")
        var isDone = false
        var isReached = status == nil
        while !isDone || !isReached {
            switch try await socket.next(within: Self.limit, waitingFor: "QEMU to answer \(command.name)") {
            case .greeting: continue
            case .done: isDone = true
            case .refused(let reason):
                throw MachineFailure(.refusedByMonitor(command: command.name, reason: reason))
            case .event("MIGRATION", "failed"?):
                throw MachineFailure(.refusedByMonitor(command: command.name, reason: "the migration failed"))
            case .event("MIGRATION", status): isReached = true
            case .event: continue
            }
        }
    }

    /// Everything that comes until the other end is closed.
    private static func write(_ state: SocketLink<[UInt8]>, to file: FilePath) async throws {
        let descriptor = try FileDescriptor.open(
            file,
            .writeOnly,
            options: [.create, .truncate, .closeOnExec],
            permissions: .ownerReadWrite
        )
        defer { try? descriptor.close() }
        while true {
            do {
                try descriptor.writeAll(try await state.next(within: limit, waitingFor: "the guest's state"))
            } catch LinkFailure.disconnected {
                return
            }
        }
    }
}

/// Bytes as they come.
private struct ByteDecoder: MessageDecoder {
    private var buffer: [UInt8] = []

    mutating func append(_ bytes: ByteBufferView) {
        buffer.append(contentsOf: bytes)
    }

    mutating func next() throws(ProtocolError) -> [UInt8]? {
        defer { buffer = [] }
        return buffer.isEmpty ? nil : buffer
    }

    var isBetweenMessages: Bool { true }
}
