// SPDX-License-Identifier: Apache-2.0

import Foundation
import GuestProtocol
import NIOCore

/// One line of what QEMU's monitor says (docs/interop/qmp-spec in QEMU's documentation).
enum MonitorMessage: Sendable, Hashable {
    case greeting
    /// A command was carried out, or begun where it goes on by itself.
    case done
    case refused(reason: String)
    /// `status` is what `MIGRATION` events carry.
    case event(name: String, status: String?)

    init(line: some Sequence<UInt8>) throws(ProtocolError) {
        let fields: Fields
        do {
            fields = try JSONDecoder().decode(Fields.self, from: Data(line))
        } catch {
            throw .malformed(message: "line of QEMU's monitor", reason: "\(error)")
        }
        self =
            if fields.greeting != nil {
                .greeting
            } else if let error = fields.error {
                .refused(reason: error.desc)
            } else if let event = fields.event {
                .event(name: event, status: fields.data?.status)
            } else {
                .done
            }
    }

    private struct Fields: Decodable {
        struct Greeting: Decodable {}
        struct Refusal: Decodable {
            let desc: String
        }
        struct EventData: Decodable {
            let status: String?
        }
        let greeting: Greeting?
        let error: Refusal?
        let event: String?
        let data: EventData?

        enum CodingKeys: String, CodingKey {
            case greeting = "QMP"
            case error, event, data
        }
    }
}

/// What the monitor is told.
enum MonitorCommand: Sendable, Hashable, Encodable {
    /// Ends the negotiation; nothing else is answered before it.
    case acceptCapabilities
    case setMigrationCapabilities([String])
    /// Sends the guest's state to a socket, which somebody must listen at.
    case migrate(to: String)
    /// Listens at a socket for a guest's state.
    case migrateIncoming(from: String)

    var name: String {
        switch self {
        case .acceptCapabilities: "qmp_capabilities"
        case .setMigrationCapabilities: "migrate-set-capabilities"
        case .migrate: "migrate"
        case .migrateIncoming: "migrate-incoming"
        }
    }

    private enum Key: String, CodingKey {
        case execute, arguments, uri, capabilities
    }

    private struct Capability: Encodable {
        let capability: String
        let state = true
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(name, forKey: .execute)
        switch self {
        case .acceptCapabilities: break
        case .setMigrationCapabilities(let names):
            var arguments = container.nestedContainer(keyedBy: Key.self, forKey: .arguments)
            try arguments.encode(names.map { Capability(capability: $0) }, forKey: .capabilities)
        case .migrate(let uri), .migrateIncoming(let uri):
            var arguments = container.nestedContainer(keyedBy: Key.self, forKey: .arguments)
            try arguments.encode(uri, forKey: .uri)
        }
    }
}

/// Lines, each of which is a JSON object.
struct MonitorMessageDecoder: MessageDecoder {
    /// QEMU's longest line here is a greeting of some hundred bytes.
    private static let longestLine = 1 << 20

    private var buffer: [UInt8] = []

    mutating func append(_ bytes: ByteBufferView) {
        buffer.append(contentsOf: bytes)
    }

    mutating func next() throws(ProtocolError) -> MonitorMessage? {
        guard let end = buffer.firstIndex(of: UInt8(ascii: "\n")) else {
            guard buffer.count <= Self.longestLine else {
                throw .malformed(message: "line of QEMU's monitor", reason: "it does not end")
            }
            return nil
        }
        let line = buffer[..<end]
        defer { buffer.removeSubrange(...end) }
        return try MonitorMessage(line: line)
    }

    var isBetweenMessages: Bool { buffer.isEmpty }
}
