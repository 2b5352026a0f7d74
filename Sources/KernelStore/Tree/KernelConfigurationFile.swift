// SPDX-License-Identifier: Apache-2.0

/// A kernel's configuration, as `.config` and `/boot/config-RELEASE` have it.
///
/// Lines are `CONFIG_NAME=value` or `# CONFIG_NAME is not set` (Documentation/kbuild/kconfig.rst).
public struct KernelConfigurationFile: Sendable, Hashable {
    private let values: [String: String]

    public init(_ text: String) {
        var values: [String: String] = [:]
        for line in text.split(separator: "\n") where line.hasPrefix("CONFIG_") {
            guard let separator = line.firstIndex(of: "=") else { continue }
            values[String(line[..<separator])] = String(line[line.index(after: separator)...])
        }
        self.values = values
    }

    /// As it is written there: `y`, `m`, a number, a string in quotes; nil where it is not set.
    ///
    /// - Parameter name: with `CONFIG_`.
    public subscript(name: String) -> String? { values[name] }

    /// Built in or as a module.
    public func has(_ name: String) -> Bool { values[name] == "y" || values[name] == "m" }
}
