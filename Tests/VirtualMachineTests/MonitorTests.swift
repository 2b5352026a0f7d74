// SPDX-License-Identifier: Apache-2.0

import Foundation
import GuestProtocol
import SystemPackage
import Testing

@testable import VirtualMachine

@Suite struct MonitorTests {
    @Test("a QEMU that closes as soon as it has a whole state has taken it")
    func closedEarly() async throws {
        let state = Data(repeating: 7, count: 300_000)
        try await MachineDirectory.with { directory in
            for round in 0..<100 {
                let socket = directory.path.appending("s\(round)")
                let listener = try Self.listen(at: socket)
                async let received = Self.receive(state.count, from: listener)
                try await Monitor.send(state, to: socket)
                #expect(try await received == state.count)
            }
        }
    }

    @Test("a QEMU that takes nothing is not waited for without an end")
    func takesNothing() async throws {
        try await MachineDirectory.with { directory in
            let listener = try Self.listen(at: directory.state)
            defer { try? listener.close() }
            await #expect(throws: LinkFailure.self) {
                try await withTimeLimit(.milliseconds(200), waitingFor: "QEMU") {
                    try await Monitor.send(Data(count: 8 << 20), to: directory.state)
                }
            }
        }
    }

    private static func listen(at path: FilePath) throws -> FileDescriptor {
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.string.utf8) }
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard result == 0, Glibc.listen(descriptor, 1) == 0 else { throw Errno(rawValue: errno) }
        return FileDescriptor(rawValue: descriptor)
    }

    /// Takes one connection, reads so many bytes from it, and closes it without waiting for its end.
    private static func receive(_ count: Int, from listener: FileDescriptor) async throws -> Int {
        try await withCheckedThrowingContinuation { continuation in
            Thread.detachNewThread {
                defer { try? listener.close() }
                let connection = FileDescriptor(rawValue: accept(listener.rawValue, nil, nil))
                defer { try? connection.close() }
                let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 16, alignment: 1)
                defer { buffer.deallocate() }
                var total = 0
                while total < count, let more = try? connection.read(into: buffer), more > 0 { total += more }
                continuation.resume(returning: total)
            }
        }
    }
}
