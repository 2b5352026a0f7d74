// SPDX-License-Identifier: Apache-2.0

import GuestProtocol
import VerifierLog

/// What a guest said of a program, read as it came. A log that is longer than an excerpt, and may have 64 MiB, is not held: it is
/// kept beside.
struct HeardProgram: Sendable {
    /// Without a log that is kept beside.
    let report: ProgramReport
    let read: VerifierLog
    /// As results have it.
    let log: KeptLog

    private init(_ report: ProgramReport, _ read: VerifierLog, _ log: KeptLog) {
        var report = report
        if log.reference != nil { report.log = [] }
        self.report = report
        self.read = read
        self.log = log
    }

    /// - Parameter tell: called where the log can't be kept, once in a run.
    init(_ report: ProgramReport, keptBy keeper: LogKeeper, tell: @Sendable (String) -> Void = { _ in }) async {
        let read = VerifierLog(report.log, isCut: report.isLogCut)
        let (log, failure) = await keeper.keep(Self.text(of: report, read))
        if let failure { tell("\(failure)") }
        self.init(report, read, log)
    }

    /// The log, with a line at its end where the kernel cut it; what libbpf warned of where there is none.
    private static func text(of report: ProgramReport, _ read: VerifierLog) -> [UInt8] {
        if report.log.isEmpty { return Array(report.warnings.utf8) }
        return read.isCut ? report.log + Array("\n\(VerifierLog.cutNote)".utf8) : report.log
    }
}
