// SPDX-License-Identifier: Apache-2.0

/// What follows from guests that were restored, and lost before they had proved themselves. A template is removed only where
/// it is at fault: to make another one takes as long as fifty restores.
struct RestoreTrials {
    /// Whose fault a loss is.
    enum Fault: Sendable, Hashable {
        /// The host's, whatever the template is like.
        case host
        /// The template's, or nobody's: the guest broke down or did not answer in time.
        case unclear
        /// The template's: its guest answers, and not as it should.
        case template

        /// - Parameter hasAnswered: the guest's agent has spoken.
        init(_ error: any Error, hasAnswered: Bool) {
            guard let failure = error as? MachineFailure else {
                // Before the agent spoke only the machine's own sockets and files can have failed.
                self = hasAnswered ? .template : .host
                return
            }
            self = failure.isHosts ? .host : .unclear
        }
    }

    enum Decision: Sendable, Hashable {
        /// With the same template.
        case tryAgain
        /// Without the template, and with another one.
        case replaceTemplate
        /// Without the template and any other.
        case bootInstead
        /// The guest is lost, for whoever asked for it.
        case giveUp
    }

    /// How often guests may be lost for the host's reasons.
    static let hostLimit = 3
    private static let replacementLimit = 1

    private var hostLosses = 0
    private var unclearLosses = 0
    private var replacements = 0

    mutating func decide(after fault: Fault) -> Decision {
        switch fault {
        case .host:
            hostLosses += 1
            return hostLosses < Self.hostLimit ? .tryAgain : .giveUp
        case .unclear where unclearLosses == 0:
            unclearLosses += 1
            return .tryAgain
        case .unclear, .template:
            unclearLosses = 0
            replacements += 1
            return replacements <= Self.replacementLimit ? .replaceTemplate : .bootInstead
        }
    }
}
