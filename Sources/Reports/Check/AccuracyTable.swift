// SPDX-License-Identifier: Apache-2.0

import Results

/// How often what was predicted came true: predictions down, what the kernels said across.
public struct AccuracyTable: Sendable {
    private static let titleWidth = 14
    private static let columnWidth = 22

    private let accuracy: Accuracy

    public init(_ accuracy: Accuracy) {
        self.accuracy = accuracy
    }

    public var text: String {
        let columns = Accuracy.Truth.allCases
        let header = "predicted".padded(to: Self.titleWidth) + columns.map { Self.column($0.rawValue) }.joined()
        let rows = Prediction.allCases.map { prediction in
            prediction.rawValue.padded(to: Self.titleWidth)
                + columns.map { Self.column("\(accuracy.count(prediction, $0))") }.joined()
        }
        return ([header] + rows).joined(separator: "\n")
    }

    private static func column(_ text: String) -> String {
        String(repeating: " ", count: max(0, columnWidth - text.count)) + text
    }
}
