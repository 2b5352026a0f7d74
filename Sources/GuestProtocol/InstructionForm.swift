// SPDX-License-Identifier: Apache-2.0

/// Instructions that came after 5.10, as they are told apart in a survey (Documentation/bpf/standardization/instruction-set.rst).
public enum InstructionForm: UInt32, Sendable, CaseIterable {
    /// Atomic operations other than an add that returns nothing: 5.12.
    case atomicFetch = 1
    /// `BPF_MEMSX` loads: 6.6, as all up to `longJump`, which is what `-mcpu=v4` adds.
    case signExtendingLoad = 2
    case signExtendingMove = 3
    /// Signed division and remainder.
    case signedDivision = 4
    /// A byte swap that does not ask which order the host has.
    case byteSwap = 5
    /// An unconditional jump with 32 bits of offset.
    case longJump = 6
    /// `may_goto`: 6.9.
    case mayGoto = 7
    /// Atomic loads that acquire and stores that release: 6.15.
    case loadAcquire = 8
}
