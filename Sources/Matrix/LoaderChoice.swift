// SPDX-License-Identifier: Apache-2.0

/// Who is asked to load the objects in guests of each kernel.
public struct LoaderChoice: OptionSet, Sendable, Hashable {
    public let rawValue: Int

    public init(rawValue: Int) {
        self.rawValue = rawValue
    }

    /// Answers for every program.
    public static let agent = LoaderChoice(rawValue: 1)
    /// The machine's own bpftool, which answers for whole objects.
    public static let bpftool = LoaderChoice(rawValue: 2)
    /// An image's own bpftool in the image, likewise.
    public static let image = LoaderChoice(rawValue: 4)
    /// The agent, and bpftool as a second witness.
    public static let both: LoaderChoice = [.agent, .bpftool]

    /// What `init(_:)` understands, one or several with commas between them.
    public static var names: [String] { choices.map(\.name) }

    private static let choices: [(name: String, choice: LoaderChoice)] = [
        ("agent", .agent), ("bpftool", .bpftool), ("image", .image), ("both", .both),
    ]

    /// Names with commas between them: `agent,image`; nil where one is none.
    public init?(_ text: String) {
        var choice = LoaderChoice()
        for word in text.split(separator: ",", omittingEmptySubsequences: false) {
            guard let known = Self.choices.first(where: { $0.name == word }) else { return nil }
            choice.formUnion(known.choice)
        }
        self = choice
    }

    /// What `init(_:)` understands.
    public var text: String {
        Self.choices.filter { $0.choice.rawValue.nonzeroBitCount == 1 && contains($0.choice) }.map(\.name)
            .joined(separator: ",")
    }

    var asksAgent: Bool { contains(.agent) }
    var asksBPFTool: Bool { contains(.bpftool) }
    var asksImage: Bool { contains(.image) }
}
