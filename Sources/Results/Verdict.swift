// SPDX-License-Identifier: Apache-2.0

/// What one kernel said of one program; or, for the last three, why there is no verdict.
public enum Verdict: String, Sendable, Hashable, Codable, CaseIterable {
    /// The kernel loaded it.
    case accepted
    /// The verifier refused it.
    case rejected
    /// It needs a program, map or attach type, a helper or a kfunc that this kernel lacks.
    case unsupported
    /// A CO-RE relocation or an extern found no match, and the code that needs it is reached.
    case relocation
    /// The function, tracepoint or hook to attach to does not exist.
    case target
    /// A map that it uses was refused.
    case map
    /// The object file can't be opened, or says too little for any loader.
    case object

    /// The kernel panicked or oopsed while loading it: a finding, never a pass.
    case crashed
    /// It was not decided within the limit.
    case timeout
    /// No boot, agent lost, kernel not to be had: nothing was said of the program.
    case infrastructure

    /// Whether a kernel has spoken: only then does the same question get the same answer again.
    public var isVerdict: Bool {
        switch self {
        case .accepted, .rejected, .unsupported, .relocation, .target, .map, .object: true
        case .crashed, .timeout, .infrastructure: false
        }
    }
}
