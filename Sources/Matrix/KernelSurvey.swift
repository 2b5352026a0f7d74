// SPDX-License-Identifier: Apache-2.0

import GuestProtocol
import VirtualMachine

/// What a guest has told of its kernel, as it told it.
struct KernelSurvey: Sendable {
    /// Whole files; one that this kernel does not have is not there.
    private(set) var files: [SurveySubject: [UInt8]] = [:]
    private(set) var types: [SurveySubject: TypeReport] = [:]
    private(set) var helpers: [HelperReport] = []
    /// What could not be read, for a reason other than that the kernel has none; a line each.
    private(set) var gaps: [String] = []

    /// Most bytes of one file that are heard out: as many as the agent hands out.
    private static let fileLimit = (64 << 20) + SurveyPart.longest
    /// Most kinds of programs that are heard of.
    private static let mostHelperReports = 512

    /// Has the agent tell all that it can. The guest is another one afterwards: programs were loaded, file systems mounted.
    ///
    /// - Parameter limit: from one word to the next.
    static func take(of machine: RunningMachine, limit: Duration) async throws -> KernelSurvey {
        var survey = KernelSurvey()
        for subject in SurveySubject.allCases {
            try await machine.link.send(.survey(subject))
            while true {
                let said = try await machine.link.next(within: limit, waitingFor: "the kernel's \(subject)")
                if try survey.hear(said, on: subject) { break }
            }
        }
        return survey
    }

    /// Whether that was all about this subject. What belongs to another one, or says the same twice, is out of turn: so a
    /// guest can't talk without end.
    mutating func hear(_ said: GuestMessage, on subject: SurveySubject) throws(MachineFailure) -> Bool {
        switch said {
        case .surveyPart(let part)
        where part.subject == subject && (files[subject]?.count ?? 0) + part.bytes.count <= Self.fileLimit
            && !part.bytes.isEmpty:
            files[subject, default: []] += part.bytes
        case .types(let report) where report.subject == subject && types[subject] == nil:
            types[subject] = report
        case .helpers(let report) where subject == .helpers && helpers.count < Self.mostHelperReports:
            helpers.append(report)
        case .surveyEnd(let end) where end.subject == subject:
            note(end)
            return true
        default:
            throw MachineFailure(.outOfTurn("\(said)"))
        }
        return false
    }

    /// Half a file would tell of things that they are not there.
    private mutating func note(_ end: SurveyEnd) {
        let isMissing = end.errno == 2
        guard end.isCut || end.errno != 0 else { return }
        files[end.subject] = nil
        if !isMissing { gaps.append("\(end.subject): \(end.isCut ? "longer than is read" : "errno \(end.errno)")") }
    }
}
