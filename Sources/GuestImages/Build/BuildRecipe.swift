// SPDX-License-Identifier: Apache-2.0

import ContentDigest
import Foundation

/// All that decides what an image becomes, and nothing else: two builds with the same recipe need not both happen.
///
/// The mirror's address is not in it, nor are comments, nor the versions that packages happen to have: an image stays what
/// it is until somebody asks for a new one.
struct BuildRecipe: Encodable {
    /// Raised whenever the same definition is built to something else.
    private static let formatNumber = 1

    private struct Step: Encodable {
        let type: String
        let words: [String]
        let files: [String]
    }

    private let formatNumber = Self.formatNumber
    private let architecture = BaseSystem.architecture
    private let format: ImageFormat
    private let suite: String
    private let components: [String]
    private let variant: String
    private let name: String
    private let size: Int?
    private let packages: [String]
    private let steps: [Step]

    let definition: ResolvedDefinition
    let base: BaseSystem
    /// What each step reads on this machine, and what it was when it was looked at.
    let hostFiles: [Int: (files: HostFiles, fingerprint: [String])]

    private enum CodingKeys: CodingKey {
        case formatNumber, architecture, format, suite, components, variant, name, size, packages, steps
    }

    /// Reads every file that the actions name.
    init(
        _ definition: ResolvedDefinition,
        from definitions: ImageDefinitions,
        on base: BaseSystem,
        as format: ImageFormat
    ) throws(GuestImageError) {
        self.definition = definition
        self.base = base
        self.format = format
        suite = base.suite
        components = base.components
        variant = base.variant.rawValue
        name = definition.name
        size = definition.size?.bytes
        packages = definition.packages
        var hostFiles: [Int: (files: HostFiles, fingerprint: [String])] = [:]
        var steps: [Step] = []
        for (index, step) in definition.steps.enumerated() {
            var words = step.action.words
            var fingerprint: [String] = []
            if let files = try HostFiles(of: step, in: definitions) {
                fingerprint = try files.fingerprint()
                hostFiles[index] = (files, fingerprint)
                // Where the files lie does not count: their names and contents are in the fingerprint.
                words.removeAll { $0 == step.action.hostPath }
            }
            steps.append(Step(type: step.action.type, words: words, files: fingerprint))
        }
        self.hostFiles = hostFiles
        self.steps = steps
    }

    func digest() throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        return ContentDigest(of: try encoder.encode(self)).hexadecimal
    }
}
