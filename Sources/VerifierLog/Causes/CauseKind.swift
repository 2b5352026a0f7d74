// SPDX-License-Identifier: Apache-2.0

/// Who has to act, and where: what sort of thing stands between a program and a kernel.
public enum CauseKind: String, Sendable, Hashable, Codable, CaseIterable {
    /// The verifier can't prove the program safe: the program has to change.
    case verifier
    /// A CO-RE relocation or an extern found nothing in this kernel, and the code that needs it is reached.
    case relocation
    /// What the program is to be attached to does not exist here, or can't be attached to.
    case target
    /// It is in a module of this kernel, and not in the kernel itself.
    case module
    /// This kernel is too old for, or was never given, what the program needs: a helper, a kfunc, a type of map or program,
    /// an instruction.
    case lacking
    /// The kernel could have it: a switch of its configuration, or of its command line, is off.
    case configuration
    /// The kernel carries no type information (BTF) of its own.
    case noTypes = "no-types"
    /// The object leaves something to its own loader, which has to set it before it loads.
    case loaderContract = "loader-contract"
    /// A limit on memory or size was met, or a privilege is missing.
    case limit
    /// The object's file itself says too little or something wrong, on any kernel.
    case object
    /// No rule knows these words: they are shown as they are.
    case unknown
}
