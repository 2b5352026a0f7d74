// SPDX-License-Identifier: Apache-2.0

import Foundation
import Results

/// Results as JSON, in the form that `docs/results.md` documents; the same results give the same bytes.
public enum JSONReport {
    public static func data(_ results: MatrixResults) throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return try encoder.encode(results) + Data("\n".utf8)
    }

    public static func results(_ data: Data) throws -> MatrixResults {
        try JSONDecoder().decode(MatrixResults.self, from: data)
    }
}
