// SPDX-License-Identifier: Apache-2.0

import Dispatch
import Foundation
import Synchronization

/// Keys as they are pressed, if standard input is a terminal.
enum Keyboard {
    /// How the terminal was, for a process that ends without unwinding, as it does at a second signal.
    // A lock, since the end may come on any thread; held for one access.
    private static let before = Mutex<termios?>(nil)

    private static func restore() {
        before.withLock { settings in
            guard var known = settings else { return }
            tcsetattr(STDIN_FILENO, TCSANOW, &known)
            settings = nil
        }
    }

    /// Runs `body` with the keys; without any where nobody can press one. The terminal is as it was afterwards.
    static func with<Result: Sendable>(
        _ body: (AsyncStream<Character>) async throws -> Result
    ) async throws -> Result {
        let (keys, continuation) = AsyncStream.makeStream(of: Character.self)
        defer { continuation.finish() }
        var settings = termios()
        guard tcgetattr(STDIN_FILENO, &settings) == 0 else { return try await body(keys) }
        Self.before.withLock { $0 = settings }
        atexit { Keyboard.restore() }
        // Signals stay keys' business: Ctrl-C interrupts. All but Ctrl-Z, which would leave the screen as it is: zero is no
        // key (`_POSIX_VDISABLE`).
        settings.c_lflag &= ~tcflag_t(ICANON | ECHO)
        withUnsafeMutableBytes(of: &settings.c_cc) { $0[Int(VSUSP)] = 0 }
        tcsetattr(STDIN_FILENO, TCSANOW, &settings)
        let source = DispatchSource.makeReadSource(fileDescriptor: STDIN_FILENO, queue: .global())
        source.setEventHandler {
            var byte: UInt8 = 0
            guard read(STDIN_FILENO, &byte, 1) == 1 else { return source.cancel() }
            continuation.yield(Character(UnicodeScalar(byte)))
        }
        source.resume()
        defer {
            source.cancel()
            restore()
        }
        return try await body(keys)
    }
}
