// SPDX-License-Identifier: Apache-2.0

import VerifierLog

/// What bpftool prints when it fails to load an object: libbpf's warnings, a verifier log between two marks, and what bpftool makes
/// of it.
public enum LoaderOutput {
    /// How lines begin that say that something failed, and not why, or give advice about another version.
    private static let idle = [
        "libbpf: failed to load object", "libbpf: failed to load program '", "Error: failed to load object file",
        "Error: failed to open object file", "Error: failed to pin all programs",
        "Warning: bpftool is now running in libbpf strict mode", "If it used to work for this object file",
    ]
    /// What such lines have in them.
    private static let idleWords = [
        "': failed to load: ", "': failed to prepare load attributes: ", "section(type) names are: ", "-- BEGIN ",
        "-- END ", "BTF is optional, ignoring", "Retrying without BTF",
    ]

    private static func isIdle(_ line: Substring) -> Bool {
        line.allSatisfy(\.isWhitespace) || idle.contains { line.hasPrefix($0) }
            || idleWords.contains { line.contains($0) }
    }

    /// The line that says why: the verifier's last word, else the last line that is more than that something failed. nil where
    /// nothing was printed.
    public static func reason(in output: String) -> String? {
        let parts = ToolOutput(Array(output.utf8)).parts
        if let message = parts.last?.log.finalMessage {
            return parts.last?.program.map { "prog '\($0)': \(message)" } ?? message
        }
        let lines = output.split(whereSeparator: \.isNewline)
        let telling = lines.filter { !isIdle($0) }
        let chosen = telling.last { $0.hasPrefix("libbpf: ") } ?? telling.last ?? lines.last
        return chosen.map { String($0.trimmingPrefix("libbpf: ").trimmingPrefix("Error: ")) }
    }
}
