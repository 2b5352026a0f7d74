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

    var description: String {
        switch self {
        case .line(let text), .version(let text): text
        case .any: "any"
        }
    }
}
