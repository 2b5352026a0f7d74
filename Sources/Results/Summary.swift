// SPDX-License-Identifier: Apache-2.0

/// A run in numbers.
public struct Summary: Sendable, Hashable, Codable {
    public var cells: Int
    public var accepted: Int
    /// Cells with a verdict other than `accepted`, and those that crashed or timed out.
    public var failed: Int
    /// Cells without a verdict for reasons of infrastructure.
    public var infrastructure: Int
    /// Cells whose verdict was known from an earlier run.
    public var cached: Int
    /// Cells that were accepted with something set in the place of the program's loader; nil where there is none.
    public var assumed: Int?
    /// Objects and kernels where agent and bpftool contradict each other.
    public var disagreements: Int
    /// From the first kernel's boot to the last word.
    public var seconds: Double
    /// The command's exit status: `docs/results.md`.
    public var exitStatus: Int

    public init(cells: [Cell], witnesses: [WitnessStatement], seconds: Double) {
        self.cells = cells.count
        accepted = cells.count { $0.verdict == .accepted }
        infrastructure = cells.count { $0.verdict == .infrastructure }
        cached = cells.count(where: \.isCached)
        let withAssumptions = cells.count { $0.verdict == .accepted && $0.assumed != nil }
        assumed = withAssumptions == 0 ? nil : withAssumptions
        failed = cells.count - accepted - infrastructure
        disagreements = witnesses.count { $0.disagreement != nil }
        self.seconds = seconds
        // A kernel that breaks down over the same bytes is a finding, whoever loads them.
        let crashed = witnesses.contains { $0.verdict == .crashed }
        let silent = witnesses.contains { !$0.verdict.isVerdict }
        let isEmpty = cells.isEmpty
        exitStatus =
            if failed > 0 || disagreements > 0 || crashed {
                ExitStatus.notAsExpected
            } else if infrastructure > 0 || silent || isEmpty {
                ExitStatus.noVerdict
            } else {
                ExitStatus.asExpected
            }
    }
}

/// How the command ends.
public enum ExitStatus {
    /// Every cell as expected.
    public static let asExpected = 0
    /// Some cell is not.
    public static let notAsExpected = 1
    /// Some cell has no verdict for reasons of infrastructure, or the run could not begin. 1 wins over 3.
    public static let noVerdict = 3
    /// `EX_USAGE` of sysexits.h.
    public static let wrongUsage = 64
    /// As a shell reports a program that SIGINT ended.
    public static let interrupted = 130

    /// What a status becomes where results or reports could not be written: a success is none any more, and whatever else there was
    /// to say is still said.
    public static func afterLosingOutput(_ status: Int) -> Int { status == asExpected ? noVerdict : status }
}
