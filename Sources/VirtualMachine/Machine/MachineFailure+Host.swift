// SPDX-License-Identifier: Apache-2.0

import ChildProcess
import Foundation

extension MachineFailure {
    /// Whether the host is the reason, and neither the guest nor what it was asked: somebody has killed QEMU, or the host has no
    /// memory, room or descriptors left for it. The same guest may well succeed the next time.
    public var isHosts: Bool {
        switch cause {
        case .exited(_, let text): wasKilled || Self.isShortage(text)
        case .refusedByMonitor(_, let reason), .notTaken(let reason): Self.isShortage(reason)
        case .notStarted, .noFolder: true
        case .panicked, .oopsed, .outOfMemory, .agentDied, .stalled, .silent, .agentGaveUp, .disconnected,
            .protocolBroken, .outOfTurn, .garbled:
            false
        }
    }

    /// Whether somebody has ended QEMU from outside, as the kernel does where memory runs out.
    ///
    /// It exits with success where SIGTERM, SIGINT or SIGHUP asks it to, and says so (os-posix.c).
    public var wasKilled: Bool {
        guard case .exited(let ending, let text) = cause else { return false }
        if case .signalled(let signal) = ending { return !Self.faults.contains(signal) }
        return text.contains("terminating on signal")
    }

    /// Signals that a program brings upon itself (signal(7)): QEMU may have stumbled over what it was given.
    private static let faults = [SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGTRAP, SIGSYS].map(Int.init)

    /// What errno(3) calls them; QEMU puts them at the end of what it could not do.
    private static let shortages = [ENOMEM, ENOSPC, EMFILE, ENFILE, EAGAIN, EDQUOT].map {
        String(cString: strerror($0))
    }

    private static func isShortage(_ text: String) -> Bool {
        shortages.contains { text.contains($0) }
    }
}
