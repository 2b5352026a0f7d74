// SPDX-License-Identifier: Apache-2.0

import Foundation

/// What is running on this machine.
public enum Processes {
    /// Process ids of those that were started with an argument that contains `text`.
    public static func withArgument(_ text: String) -> [Int] {
        let ids = ((try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []).compactMap { Int($0) }
        return ids.filter { id in
            guard let arguments = FileManager.default.contents(atPath: "/proc/\(id)/cmdline") else { return false }
            return String(decoding: arguments, as: UTF8.self).contains(text)
        }
    }

    /// Waits until `condition` holds of them; false where it does not within `limit`.
    public static func wait(
        forArgument text: String,
        within limit: Duration,
        until condition: ([Int]) -> Bool
    ) async throws -> Bool {
        let end = ContinuousClock.now + limit
        while ContinuousClock.now < end {
            if condition(withArgument(text)) { return true }
            try await Task.sleep(for: .milliseconds(50))
        }
        return condition(withArgument(text))
    }
}
