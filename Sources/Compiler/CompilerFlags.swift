// SPDX-License-Identifier: Apache-2.0

/// Flags of a project's own build, added to those that every source is compiled with.
public struct CompilerFlags: Sendable, Hashable {
    /// `-I`: searched before all other folders, in this order.
    public var includeFolders: [String]
    /// `-D`: `NAME` or `NAME=VALUE`.
    public var definitions: [String]
    /// `-mcpu`: `v1` to `v4`, or another word that the compiler knows.
    public var mcpu: String?
    /// Any other flags, each one argument. Where two flags contradict each other, the last wins.
    public var others: [String]

    public init(
        includeFolders: [String] = [],
        definitions: [String] = [],
        mcpu: String? = nil,
        others: [String] = []
    ) {
        self.includeFolders = includeFolders
        self.definitions = definitions
        self.mcpu = mcpu
        self.others = others
    }

    /// In their order on the command line.
    public var arguments: [String] {
        includeFolders.map { "-I\($0)" } + definitions.map { "-D\($0)" } + (mcpu.map { ["-mcpu=\($0)"] } ?? []) + others
    }

    /// The instruction set that these flags name, with whichever spelling; nil where they leave it open.
    public var namedInstructionSet: String? {
        var named = mcpu
        var isNext = false
        for flag in others where flag != "-Xclang" {
            if isNext { named = flag }
            isNext = flag == "-target-cpu"
            if flag.hasPrefix("-mcpu=") { named = String(flag.dropFirst("-mcpu=".count)) }
        }
        return named
    }

    /// Whether they ask for debug information in a form that can't carry the source's text.
    var hasOldDebugFormat: Bool {
        others.contains { $0 == "-g0" || $0.wholeMatch(of: #/-gdwarf-[234]/#) != nil }
    }
}
