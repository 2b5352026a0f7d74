// SPDX-License-Identifier: Apache-2.0

import Foundation
import GuestProtocol
import NIOCore

/// A guest without the agent, whose first process writes to the port what it has to say, and is told nothing.
public struct ScriptMachine: Sendable {
    fileprivate let socket: SocketLink<[UInt8]>
    private let begin = ContinuousClock.now

    fileprivate init(_ socket: SocketLink<[UInt8]>) {
        self.socket = socket
    }

    /// Since QEMU's start.
    public var age: Duration { .now - begin }

    /// What it has written since it was last asked; one reader at a time.
    ///
    /// - Parameter isFirst: before it has said anything, a guest that is lost was lost at its start.
    public func next(within limit: Duration, waitingFor: String, isFirst: Bool = false) async throws -> [UInt8] {
        guard isFirst else { return try await socket.next(within: limit, waitingFor: waitingFor) }
        return try await atStart { try await socket.next(within: limit, waitingFor: waitingFor) }
    }
}

/// Boots a guest without the agent, and runs `body` with it; QEMU and the machine's files go with it.
///
/// - Throws: `MachineFailure` where the guest was lost, otherwise what `body` throws.
public func withScriptMachine<Result: Sendable>(
    _ configuration: MachineConfiguration,
    _ body: @escaping @Sendable (ScriptMachine) async throws -> Result
) async throws -> Result {
    try await MachineDirectory.with { directory in
        try await SocketListener<PieceDecoder>.with(directory.socket) { socket in
            try await MachineLife(configuration: configuration, start: .boot, directory: directory).run {
                socket.end()
            } converse: {
                try await body(ScriptMachine(socket))
            }
        }
    }
}

/// Whatever has come, as it comes.
private struct PieceDecoder: MessageDecoder {
    private var bytes: [UInt8] = []

    mutating func append(_ more: ByteBufferView) {
        bytes.append(contentsOf: more)
    }

    mutating func next() throws(ProtocolError) -> [UInt8]? {
        guard !bytes.isEmpty else { return nil }
        defer { bytes = [] }
        return bytes
    }

    var isBetweenMessages: Bool { true }
}
