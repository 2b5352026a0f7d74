// SPDX-License-Identifier: Apache-2.0

import Foundation
import Reports
import Results
import VerifierLog

/// The source that a refusal points to, if it is still the one that was compiled.
///
/// A file is shown only where it has, at that very line, what the object says of it; then what stands around it is most
/// likely the same too, and where the file is younger than the results, that is said.
struct SourceFiles {
    private let group: RefusalGroup
    private let object: TestedObject?
    private let results: InputBytes

    typealias Found = (excerpt: SourceExcerpt?, note: String?)

    /// A source file of more is none.
    private static let limit = 8 << 20

    init(of group: RefusalGroup, objects: [TestedObject], results: InputBytes) {
        self.group = group
        object = objects.first { $0.name == group.programs.first?.object }
        self.results = results
    }

    var excerpt: Found {
        guard let place = group.explanation?.place, let file = place.file else { return (nil, nil) }
        var paths = [file]
        // The compiler may have been somewhere else; the user named this one.
        if let object, object.isCompiled, Self.name(object.path) == Self.name(file) { paths.append(object.path) }
        return Self.excerpt(of: place, at: paths, since: results.written)
    }

    /// From a log alone: the file is looked for where the user is.
    static func excerpt(of place: ExplainedPlace?) -> Found {
        guard let place, let file = place.file else { return (nil, nil) }
        return excerpt(of: place, at: [file], since: nil)
    }

    private static func name(_ path: String) -> Substring { path.split(separator: "/").last ?? "" }

    private static func excerpt(of place: ExplainedPlace, at paths: [String], since: Date?) -> Found {
        guard let line = place.line else { return (nil, nil) }
        var note: String?
        for path in paths {
            guard let attributes = try? FileManager.default.attributesOfItem(atPath: path),
                attributes[.type] as? FileAttributeType == .typeRegular,
                let size = attributes[.size] as? Int, size <= limit,
                let data = FileManager.default.contents(atPath: path)
            else { continue }
            let isNewer =
                if let since, let written = attributes[.modificationDate] as? Date { written > since } else { false }
            let name = path.hasPrefix("./") ? String(path.dropFirst(2)) : path
            let warning = isNewer ? "\(name) is newer than the results: the lines around may have changed" : nil
            let text = String(decoding: data, as: UTF8.self)
            if let excerpt = SourceExcerpt(of: text, line: line, expected: place.text, note: warning) {
                return (excerpt, nil)
            }
            note = "\(name) has another line \(line) now: what stands here is from the object or the log"
        }
        return (nil, note)
    }
}
