// SPDX-License-Identifier: Apache-2.0

/// A version of BPF's instruction set: `-mcpu`.
public enum InstructionSet: String, Sendable, Hashable, Codable, CaseIterable {
    case v1
    /// More conditional jumps; Linux 4.14.
    case v2
    /// Arithmetic and jumps on 32 bits; Linux 5.1.
    case v3
    /// Signed division, sign extension, byte swaps, long jumps; Linux 6.6.
    case v4
}

/// The code that a compiler is asked for, so that the oldest kernel under test can take it. docs/compiling.md has the reasons.
public struct CodeChoice: Sendable, Hashable, Codable {
    /// nil leaves it to the compiler.
    public var instructionSet: InstructionSet?
    /// `__sync_fetch_and_add()` and `__sync_fetch_and_sub()` whose value is not used are plain atomic adds, as clang before 20
    /// compiled them. Later ones make atomic fetches of them, which Linux has since 5.12; of the second with every `-mcpu`.
    public var hasPlainAdds: Bool

    public init(instructionSet: InstructionSet?, hasPlainAdds: Bool) {
        self.instructionSet = instructionSet
        self.hasPlainAdds = hasPlainAdds
    }

    /// Whatever the compiler makes of its own accord.
    public static let compilersOwn = CodeChoice(instructionSet: nil, hasPlainAdds: false)

    /// - Parameter version: the numbers of the oldest kernel's version; empty where no kernel is named, which is taken for an
    ///   old one.
    public init(oldestKernel version: [Int]) {
        func isBefore(_ line: [Int]) -> Bool { !version.isEmpty && version.lexicographicallyPrecedes(line) }
        self.init(
            instructionSet: isBefore([4, 14]) ? .v1 : isBefore([5, 1]) ? .v2 : .v3,
            hasPlainAdds: version.isEmpty || isBefore([5, 12])
        )
    }

    /// The flags for a compiler that can do it.
    ///
    /// For plain adds the old builtins become operations without a memory order. They have no value here: clang 21 compiles a
    /// relaxed `__atomic_fetch_add()` to a plain add even where its value is used, and the program would compute nonsense.
    var arguments: [String] {
        (instructionSet.map { ["-mcpu=\($0.rawValue)"] } ?? []) + (hasPlainAdds ? Self.plainAdds : [])
    }

    private static let plainAdds = ["add", "sub"].flatMap { operation in
        [
            ("__sync_fetch_and_\(operation)", "fetch_\(operation)"),
            ("__sync_\(operation)_and_fetch", "\(operation)_fetch"),
        ]
        .map { "-D\($0)(p,v,...)=((void)__atomic_\($1)((p),(v),__ATOMIC_RELAXED))" }
    }
}
