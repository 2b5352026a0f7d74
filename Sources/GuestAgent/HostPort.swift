// SPDX-License-Identifier: Apache-2.0

import Glibc
import GuestProtocol

/// The virtio-serial port to the host: whole messages, in both directions, blocking.
final class HostPort {
    /// The name that the host gives to the channel (`virtserialport,name=…`).
    static let name = "bpfmatrix.agent"

    /// How long the port may take to appear, in milliseconds. The driver asks the host for ports and their names after
    /// it has been loaded, and the answers come when they come.
    private static let patience = 10_000

    private let descriptor: Int32
    private var decoder = FrameDecoder()
    private var buffer = [UInt8](repeating: 0, count: 256 << 10)

    private init(descriptor: Int32) {
        self.descriptor = descriptor
    }

    /// Finds the port by its name, waiting for it to appear: without udev there is no `/dev/virtio-ports`.
    static func open() throws(AgentError) -> HostPort {
        for _ in 0..<patience {
            if let port = find() {
                let descriptor = Glibc.open("/dev/\(port)", O_RDWR | O_CLOEXEC)
                guard descriptor >= 0 else { throw .portFailed(operation: "open", errno: errno) }
                return HostPort(descriptor: descriptor)
            }
            usleep(1000)
        }
        throw .noPort(name: name)
    }

    private static func find() -> String? {
        let folder = "/sys/class/virtio-ports"
        return GuestSystem.names(in: folder).first { GuestSystem.firstLine("\(folder)/\($0)/name") == name }
    }

    func send(_ message: GuestMessage) throws(AgentError) {
        try send(bytes: message.frame.encoded())
    }

    func send(bytes: [UInt8]) throws(AgentError) {
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes { raw in
                write(descriptor, raw.baseAddress.map { $0 + sent }, raw.count - sent)
            }
            guard count > 0 else {
                if count < 0 && errno == EINTR { continue }
                throw .portFailed(operation: "write to", errno: errno)
            }
            sent += count
        }
    }

    /// The host's next message; nil once the host has closed its end.
    func receive() throws(AgentError) -> HostMessage? {
        while true {
            do throws(ProtocolError) {
                if let frame = try decoder.next() { return try HostMessage(frame) }
            } catch {
                throw .notUnderstood(error)
            }
            let count = read(descriptor, &buffer, buffer.count)
            if count < 0 {
                if errno == EINTR { continue }
                throw .portFailed(operation: "read from", errno: errno)
            }
            if count == 0 { return nil }
            decoder.append(buffer[..<count])
        }
    }
}
