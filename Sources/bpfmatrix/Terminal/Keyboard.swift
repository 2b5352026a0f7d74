// SPDX-License-Identifier: Apache-2.0

import Dispatch
import Foundation

/// Keys as they are pressed, if standard input is a terminal.
enum Keyboard {
    /// Runs `body` with the keys; without any where nobody can press one. The terminal is as it was afterwards.
    static func with<Result: Sendable>(
        _ body: (AsyncStream<Character>) async throws -> Result
    ) async throws -> Result {
        let (keys, continuation) = AsyncStream.makeStream(of: Character.self)
        defer { continuation.finish() }
        var before = termios()
        guard tcgetattr(STDIN_FILENO, &before) == 0 else { return try await body(keys) }
        var unbuffered = before
        // Signals stay keys' business: Ctrl-C interrupts.
        unbuffered.c_lflag &= ~tcflag_t(ICANON | ECHO)
        tcsetattr(STDIN_FILENO, TCSANOW, &unbuffered)
        let source = DispatchSource.makeReadSource(fileDescriptor: STDIN_FILENO, queue: .global())
        source.setEventHandler {
            var byte: UInt8 = 0
            guard read(STDIN_FILENO, &byte, 1) == 1 else { return source.cancel() }
            continuation.yield(Character(UnicodeScalar(byte)))
        }
        source.resume()
        defer {
            source.cancel()
            tcsetattr(STDIN_FILENO, TCSANOW, &before)
        }
        return try await body(keys)
    }
}
