// SPDX-License-Identifier: Apache-2.0

import ChildProcess
import GuestProtocol

/// How a guest was lost. None of these is a verdict; what they mean for the program that was being loaded is for the
/// caller to say.
public struct MachineFailure: Error, Sendable, CustomStringConvertible {
    public enum Cause: Sendable, Hashable {
        /// The kernel panicked.
        case panicked(String)
        /// The kernel oopsed, which ends it too.
        case oopsed(String)
        /// The guest had no memory left.
        case outOfMemory(String)
        /// The agent ended, and the guest with it: not the kernel's doing.
        case agentDied(String)
        /// Nothing was heard for the whole limit, and the console tells of a processor that is stuck.
        case stalled(waitingFor: String, limit: Duration, sign: String)
        /// Nothing was heard for the whole limit, and the console does not say why.
        case silent(waitingFor: String, limit: Duration)
        /// The agent ended the guest itself, for the reason that it left on the console.
        case agentGaveUp(String)
        /// QEMU ended, and the console knows of no panic.
        case exited(Ending, errorText: String)
        /// The guest closed its port, and QEMU goes on.
        case disconnected
        case protocolBroken(ProtocolError)
        /// A message that makes sense, but not now.
        case outOfTurn(String)
        /// What was sent is not what arrived.
        case garbled(String)
        /// QEMU refuses to save or restore a guest.
        case refusedByMonitor(command: String, reason: String)
        /// A saved guest's state is not the one that was expected, or QEMU does not take it.
        case notTaken(String)
        /// QEMU could not be started at all.
        case notStarted(String)
        /// This host has no place for a machine's files.
        case noFolder(String)
    }

    /// What the causes have in common for someone who must go on.
    public enum Kind: Sendable, Hashable {
        /// The kernel broke down: perhaps because of what it was given.
        case crash
        /// The kernel went on without an answer: perhaps because of what it was given.
        case silence
        /// The guest has too little memory for what it was given.
        case memory
        /// Nothing that says anything of a kernel.
        case infrastructure
    }

    public let cause: Cause
    /// The end of what the kernel wrote to its console.
    public var console: String
    /// The agent had not spoken yet.
    public var isAtStart: Bool

    public init(_ cause: Cause, console: String = "", isAtStart: Bool = false) {
        self.cause = cause
        self.console = console
        self.isAtStart = isAtStart
    }

    /// The limit that ran out; nil where none did.
    public var limit: Duration? {
        switch cause {
        case .stalled(_, let limit, _), .silent(_, let limit): limit
        default: nil
        }
    }

    public var kind: Kind {
        switch cause {
        case .panicked, .oopsed: .crash
        case .outOfMemory: .memory
        case .stalled, .silent: .silence
        case .agentDied, .agentGaveUp, .exited, .disconnected, .protocolBroken, .outOfTurn, .garbled, .refusedByMonitor,
            .notTaken, .notStarted, .noFolder:
            .infrastructure
        }
    }

    public var description: String {
        switch cause {
        case .panicked(let line): "the kernel panicked: \(line)"
        case .oopsed(let line): "the kernel oopsed: \(line)"
        case .outOfMemory(let line): "the guest ran out of memory: \(line)"
        case .agentDied(let line): "the guest agent died: \(line)"
        case .stalled(let what, let limit, let sign):
            "no answer within \(Self.seconds(limit)) s while waiting for \(what): \(sign)"
        case .silent(let what, let limit): "no answer within \(Self.seconds(limit)) s while waiting for \(what)"
        case .agentGaveUp(let reason): "the guest agent gave up: \(reason)"
        case .exited(let ending, let text):
            "QEMU ended by itself (\(ending))" + (text.isEmpty ? "" : ": \(text)")
        case .disconnected: "the guest closed its connection"
        case .protocolBroken(let error): "the guest's words can't be understood: \(error)"
        case .outOfTurn(let message): "the guest sent an unexpected message: \(message.prefix(200))"
        case .refusedByMonitor(let command, let reason): "QEMU refuses `\(command)`: \(reason)"
        case .garbled(let reason), .notTaken(let reason), .notStarted(let reason), .noFolder(let reason): reason
        }
    }

    /// Without a fraction where there is none to speak of.
    private static func seconds(_ limit: Duration) -> String {
        let seconds = limit / .seconds(1)
        return seconds >= 1 ? "\(Int(seconds.rounded()))" : "\(seconds)"
    }
}
