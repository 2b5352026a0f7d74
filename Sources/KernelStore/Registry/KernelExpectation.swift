// SPDX-License-Identifier: Apache-2.0

/// What the kernel in an image must be to be what was asked for. Tags are names: what is in the image decides.
enum KernelExpectation: Hashable, CustomStringConvertible {
    case line(String)
    case version(String)
    /// An image was named that stands for no line.
    case any

    /// What a tag promises.
    init(promisedBy tag: KernelTag) {
        switch tag.version {
        case let version? where version.numbers.count > 2: self = .version(version.text)
        case let version?: self = .line(version.line)
        case nil: self = .any
        }
    }

    func isMet(by release: String) -> Bool {
        switch self {
        case .line(let line): KernelVersion(release).line == line
        case .version(let version): KernelVersion(release).text == version
        case .any: true
        }
    }

    /// Which of an image's kernels it is.
    ///
    /// - Parameter releases: of all kernels in the image.
    func choice(among releases: [String]) -> KernelChoice {
        let meant = releases.filter(isMet).sorted(by: KernelChoice.areInOrder)
        guard let newest = meant.last else { return .none }
        // A name that stands for no line does not say that the newest one is meant.
        let rivals = self == .any ? meant : meant.filter { KernelVersion($0) == KernelVersion(newest) }
        return rivals.count == 1 ? .one(newest) : .several(rivals)
    }

    var description: String {
        switch self {
        case .line(let text), .version(let text): text
        case .any: "any"
        }
    }
}

/// Which kernel of an image is meant, by its release.
enum KernelChoice: Hashable {
    case one(String)
    /// No kernel is what was asked for.
    case none
    /// These are, and nothing says which: builds of one version with different options, say.
    case several([String])

    /// Oldest version first; builds of one version by their names.
    static func areInOrder(_ one: String, _ other: String) -> Bool {
        let (left, right) = (KernelVersion(one), KernelVersion(other))
        return left == right ? one < other : left < right
    }
}
