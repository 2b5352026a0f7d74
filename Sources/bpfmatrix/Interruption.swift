// SPDX-License-Identifier: Apache-2.0

import Dispatch
import Foundation
import Results

/// Ctrl-C and its relatives: the work is cancelled, everything that it started ends, and only then does the command.
enum Interruption {
    private static let signals = [SIGINT, SIGTERM, SIGHUP, SIGQUIT]

    /// Signals that end the work: all of `signals`, but for SIGHUP where the command was started with that one ignored, as nohup
    /// does.
    private static var heeded: [Int32] { signals.filter { $0 != SIGHUP || !isIgnored($0) } }

    private static func isIgnored(_ number: Int32) -> Bool {
        var action = sigaction()
        guard sigaction(number, nil, &action) == 0 else { return false }
        // A function that is called and SIG_IGN share their place; only the address tells.
        return unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self)
            == unsafeBitCast(SIG_IGN, to: Int.self)
    }

    /// Runs `body`; its status, or that of an interruption. A second signal ends the process at once, and its children
    /// with it (`Command`).
    static func during(_ body: @escaping @Sendable () async -> Int) async -> Int {
        let (received, continuation) = AsyncStream.makeStream(of: Int32.self)
        let sources = heeded.map { number in
            // Dispatch only sees what the default action does not take first.
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler {
                if case .terminated = continuation.yield(number) { Foundation.exit(Int32(ExitStatus.interrupted)) }
            }
            source.resume()
            return source
        }
        defer { for source in sources { source.cancel() } }
        return await withTaskGroup(of: Int?.self) { group in
            group.addTask { await body() }
            group.addTask {
                for await _ in received { return nil }
                return nil
            }
            let status = await group.next() ?? nil
            // From now on a signal finds nobody who waits for it.
            continuation.finish()
            group.cancelAll()
            return status ?? ExitStatus.interrupted
        }
    }
}
