// SPDX-License-Identifier: Apache-2.0

import GuestProtocol
import KernelProfile
import KernelStore

extension KernelSurvey {
    /// What was heard, as the store understands it.
    func account(release: String) -> KernelAccount {
        var account = KernelAccount(release: release)
        account.typeInformation = files[.typeInformation]
        account.symbols = files[.symbols]
        account.traceableFunctions = files[.traceableFunctions]
        account.probeBlacklist = files[.probeBlacklist]
        account.traceEvents = files[.traceEvents]
        account.securityModules = files[.securityModules]
        account.lockdown = files[.lockdown]
        account.packedConfiguration = files[.configuration]
        account.jitSetting = files[.jitSetting]
        account.unprivilegedSetting = files[.unprivilegedSetting]
        account.programTypes = TypeAnswers(types[.programTypes])
        account.mapTypes = TypeAnswers(types[.mapTypes])
        account.helpers = helpers.map(HelperAnswers.init)
        account.instructions = InstructionAnswers(types[.instructions])
        account.gaps = gaps
        return account
    }
}

extension TypeAnswers {
    fileprivate init(_ report: TypeReport?) {
        self.init(
            present: report?.present ?? [],
            absent: report?.absent ?? [],
            notProbed: report?.notProbed ?? []
        )
    }
}

extension InstructionAnswers {
    fileprivate init(_ report: TypeReport?) {
        self.init(present: Self.forms(report?.present), absent: Self.forms(report?.absent))
    }

    private static func forms(_ numbers: [UInt32]?) -> [KernelInstruction] {
        (numbers ?? []).compactMap { InstructionForm(rawValue: $0) }.map { form in
            switch form {
            case .atomicFetch: .atomicFetch
            case .signExtendingLoad: .signExtendingLoad
            case .signExtendingMove: .signExtendingMove
            case .signedDivision: .signedDivision
            case .byteSwap: .byteSwap
            case .longJump: .longJump
            case .mayGoto: .mayGoto
            case .loadAcquire: .loadAcquire
            }
        }
    }
}

extension HelperAnswers {
    fileprivate init(_ report: HelperReport) {
        self.init(
            programType: report.programType,
            attachType: report.attachType,
            isSleepable: report.isSleepable,
            obstacle: report.obstacle.isEmpty ? nil : report.obstacle,
            present: report.present,
            notProbed: report.notProbed,
            last: report.last
        )
    }
}
