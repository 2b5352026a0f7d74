// SPDX-License-Identifier: Apache-2.0

import VirtualMachine

/// Until when a script's next line must have come, and after how many bytes: nothing but a line moves either.
struct LineDeadline: Sendable {
    private let limit: Duration
    private var deadline: ContinuousClock.Instant
    private var bytes = 0

    /// A line holds a whole verifier log; of complaints there may be as much again.
    private static let mostBytes = 512 << 20

    init(_ limit: Duration) {
        self.limit = limit
        deadline = .now + limit
    }

    /// What is left of the limit.
    ///
    /// - Throws: `MachineFailure` where that is nothing.
    func remaining(waitingFor what: String) throws -> Duration {
        let left = deadline - .now
        guard left > .zero else { throw MachineFailure(.silent(waitingFor: what, limit: limit)) }
        return left
    }

    /// - Throws: `MachineFailure` where too much has come since the last line.
    mutating func take(_ count: Int) throws {
        bytes += count
        guard bytes <= Self.mostBytes else {
            throw MachineFailure(.garbled("the guest's script wrote \(bytes >> 20) MB without a word about an object"))
        }
    }

    mutating func lineCame() {
        deadline = .now + limit
        bytes = 0
    }
}
