// SPDX-License-Identifier: Apache-2.0

import ChildProcess
import SystemPackage

/// A program that serves on loopback for the length of a test, and says at which port.
public enum LoopbackServer {
    public struct Silent: Error, CustomStringConvertible {
        public let description: String
    }

    /// - Parameter port: finds the port in a line that the program writes.
    public static func with<Result: Sendable>(
        _ command: Command,
        port: @escaping @Sendable (String) -> Int?,
        _ body: @escaping @Sendable (Int) async throws -> Result
    ) async throws -> Result {
        let (ports, continuation) = AsyncStream.makeStream(of: Int.self)
        return try await withThrowingTaskGroup(of: Result?.self) { group in
            defer { group.cancelAll() }
            group.addTask {
                defer { continuation.finish() }
                _ = try await command.run(within: .seconds(300)) { line in
                    if let port = port(line) { continuation.yield(port) }
                }
                return nil
            }
            group.addTask {
                for await port in ports { return try await body(port) }
                throw Silent(description: "\(command.name) ended before it served anything")
            }
            while let result = try await group.next() {
                if let result { return result }
            }
            throw CancellationError()
        }
    }
}
