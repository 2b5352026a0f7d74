// SPDX-License-Identifier: Apache-2.0

/// One image of an `images.json`.
public struct ImageDefinition: Sendable, Hashable {
    public let name: String
    /// The image that this one starts from.
    public let parent: String?
    /// nil leaves it to what is in the image.
    public let size: ImageSize?
    /// Whether it is to have a kernel and a boot loader of its own. Guests here get their kernel from outside: it
    /// changes nothing.
    public let isBootable: Bool
    public let packages: [String]
    public let actions: [ImageAction]
}

/// One action of an image, or of one of its parents.
struct ImageStep: Hashable {
    /// The image whose definition has it.
    let image: String
    /// Counted from 1 in that definition.
    let number: Int
    let action: ImageAction

    /// `action 3 of 'base', run-command: make -C /src`
    var description: String {
        let words = action.words.joined(separator: " ").split(separator: "\n").first ?? ""
        let shown = words.count > 80 ? words.prefix(80) + "…" : words
        return "action \(number) of '\(image)', \(action.type): \(shown)"
    }
}

/// An image with all that it has from its parents.
///
/// The packages of all of them are installed first, in one go, and then come the actions of all, the parents' first. So
/// no apt is needed in the image, and what is installed fits together.
struct ResolvedDefinition: Hashable {
    let name: String
    let size: ImageSize?
    let isBootable: Bool
    /// In the order in which they are named, each once.
    let packages: [String]
    let steps: [ImageStep]

    /// - Parameter chain: the image itself last, the parent of each before it.
    init(name: String, chain: [ImageDefinition]) {
        self.name = name
        size = chain.last { $0.size != nil }?.size
        isBootable = chain.contains(where: \.isBootable)
        var seen: Set<String> = []
        packages = chain.flatMap(\.packages).filter { seen.insert($0).inserted }
        steps = chain.flatMap { definition in
            definition.actions.enumerated().map { offset, action in
                ImageStep(image: definition.name, number: offset + 1, action: action)
            }
        }
    }
}
