// SPDX-License-Identifier: Apache-2.0

/// What one relocation comes to in one kernel.
public struct COREResolution: Sendable, CustomStringConvertible {
    public enum Outcome: Sendable, Hashable {
        /// The instruction gets a value; that something does not exist is one too.
        case value(COREValue)
        /// The kernel does not have it, and the instruction is replaced by one that the verifier refuses, if it is ever reached.
        case poisoned
        /// libbpf gives up on the object.
        case refused(CORERefusal)
        /// Types that are more entangled than any compiler makes them: nothing is said.
        case undecided
    }

    /// What was asked for; nil where that is not known.
    public let local: CORESpecification?
    public let outcome: Outcome
    /// What it was found to be in the kernel; of several the first.
    public let target: CORESpecification?
    /// The module whose type that is; nil for the kernel itself.
    public let module: String?
    /// Why the kernel does not have it; nil where it does, and where nothing can be said.
    public let miss: COREMiss?

    /// One line: what was asked for, and what came of it.
    public var description: String {
        let subject = local.map { "\($0.kind.word) \($0.text)" } ?? "relocation"
        return switch outcome {
        case .value(let value):
            "\(subject): \(value.localValue) → \(value.value)" + (miss.map { " (\($0))" } ?? "")
        case .poisoned: "\(subject): \(miss.map { "\($0)" } ?? "not found")"
        case .refused(let refusal): "\(subject): \(refusal)"
        case .undecided: "\(subject): the types are too entangled to tell"
        }
    }
}
