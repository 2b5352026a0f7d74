// SPDX-License-Identifier: Apache-2.0

import Foundation
import Inspection
import Results

/// Results as JSON, in the form that `docs/results.md` documents; the same results give the same bytes.
public enum JSONReport {
    public static func data(_ results: MatrixResults) throws -> Data {
        try encoded(results)
    }

    /// What is in objects, in the form that `docs/inspect.md` documents.
    public static func data(_ inspection: Inspection) throws -> Data {
        try encoded(inspection)
    }

    private static func encoded(_ value: some Encodable) throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return try encoder.encode(value) + Data("\n".utf8)
    }

    public static func results(_ data: Data) throws -> MatrixResults {
        try JSONDecoder().decode(MatrixResults.self, from: data)
    }
}
