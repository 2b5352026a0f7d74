// SPDX-License-Identifier: Apache-2.0

/// A kernel as a user asks for it: `5.15`, or `5.15?`, which goes without where no source has it.
public struct KernelWord: Hashable, Sendable {
    /// Without the question mark.
    public let text: String
    public let isOptional: Bool

    public init(_ word: String) {
        isOptional = word.hasSuffix("?") && word != "?"
        text = isOptional ? String(word.dropLast()) : word
    }

    public var spec: KernelSpec { KernelSpec(text) }
}

extension KernelStoreError {
    /// Whether no source has the kernel, or can be asked: what is forgiven of an optional one. A download that broke off, and
    /// what was refused for what it is, are not.
    public var isAbsence: Bool {
        switch self {
        case .notOffered, .noArchive, .aptMissing, .noKeyring, .archiveUnreadable: true
        case .noSource(_, let answers): answers.allSatisfy(\.isAbsence)
        case .registry(.download): false
        case .registry(let error): error.isUnavailability
        default: false
        }
    }

    /// In one line, for a note.
    public var inOneLine: String {
        "\(self)".split(separator: "\n").map { $0.trimmingPrefix { $0 == " " } }.joined(separator: "; ")
    }
}
