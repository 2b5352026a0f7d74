// SPDX-License-Identifier: Apache-2.0

import GuestProtocol
import KernelProfile
import KernelStore
import Testing
import VirtualMachine

@testable import Matrix

@Suite struct SurveyConversationTests {
    private static let helpers = HelperReport(
        programType: 2,
        attachType: 0,
        isSleepable: false,
        obstacle: "",
        present: [1],
        notProbed: [],
        last: 5
    )

    @Test("the pieces of a file are put together, up to the word that it has ended")
    func pieces() throws {
        var survey = KernelSurvey()
        for text in ["one\n", "two\n"] {
            let part = SurveyPart(subject: .traceEvents, bytes: Array(text.utf8))
            #expect(try !survey.hear(.surveyPart(part), on: .traceEvents))
        }
        #expect(try survey.hear(.surveyEnd(SurveyEnd(subject: .traceEvents)), on: .traceEvents))
        #expect(survey.account(release: "r").traceEvents == Array("one\ntwo\n".utf8))
        #expect(survey.gaps.isEmpty)
    }

    @Test(
        "a file that the kernel does not have is no gap; one that was cut or can't be read is, and half of it is not taken"
    )
    func gaps() throws {
        for (end, gaps) in [
            (SurveyEnd(subject: .symbols, errno: 2), 0), (SurveyEnd(subject: .symbols, errno: 5), 1),
            (SurveyEnd(subject: .symbols, isCut: true), 1),
        ] {
            var survey = KernelSurvey()
            _ = try survey.hear(.surveyPart(SurveyPart(subject: .symbols, bytes: [1])), on: .symbols)
            #expect(try survey.hear(.surveyEnd(end), on: .symbols))
            #expect(survey.account(release: "r").symbols == nil)
            #expect(survey.gaps.count == gaps)
        }
    }

    @Test("answers about types and helpers are heard as they were given")
    func answers() throws {
        var survey = KernelSurvey()
        let types = TypeReport(subject: .mapTypes, present: [1], absent: [30], notProbed: [99])
        #expect(try !survey.hear(.types(types), on: .mapTypes))
        #expect(try !survey.hear(.helpers(Self.helpers), on: .helpers))
        let account = survey.account(release: "r")
        #expect(account.mapTypes == TypeAnswers(present: [1], absent: [30], notProbed: [99]))
        #expect(account.programTypes == TypeAnswers())
        #expect(account.helpers.map(\.present) == [[1]])
        #expect(account.helpers.map(\.obstacle) == [nil])
    }

    @Test(
        "what belongs to another question, or to none, is out of turn",
        arguments: [
            .surveyPart(SurveyPart(subject: .lockdown, bytes: [1])), .surveyEnd(SurveyEnd(subject: .lockdown)),
            .surveyPart(SurveyPart(subject: .symbols, bytes: [])), .helpers(helpers), .complaint("what?"),
            .types(TypeReport(subject: .mapTypes, present: [], absent: [], notProbed: [])),
        ] as [GuestMessage]
    )
    func outOfTurn(message: GuestMessage) {
        var survey = KernelSurvey()
        #expect(throws: MachineFailure.self) { try survey.hear(message, on: .symbols) }
    }

    @Test("a guest can't talk without end")
    func endless() throws {
        var survey = KernelSurvey()
        let part = SurveyPart(subject: .symbols, bytes: [UInt8](repeating: 0, count: SurveyPart.longest))
        for _ in 0..<65 { _ = try survey.hear(.surveyPart(part), on: .symbols) }
        #expect(throws: MachineFailure.self) { try survey.hear(.surveyPart(part), on: .symbols) }

        let types = TypeReport(subject: .mapTypes, present: [], absent: [], notProbed: [])
        _ = try survey.hear(.types(types), on: .mapTypes)
        #expect(throws: MachineFailure.self) { try survey.hear(.types(types), on: .mapTypes) }

        for _ in 0..<512 { _ = try survey.hear(.helpers(Self.helpers), on: .helpers) }
        #expect(throws: MachineFailure.self) { try survey.hear(.helpers(Self.helpers), on: .helpers) }
    }
}
