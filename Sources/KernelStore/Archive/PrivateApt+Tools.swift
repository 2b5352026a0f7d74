// SPDX-License-Identifier: Apache-2.0

/// What the signed index says of the newest package of a name.
struct PackageEntry: Hashable, Sendable {
    let name: String
    let version: String
    /// Names of packages, the first of each choice.
    let dependencies: [String]

    /// - Parameter stanza: as `apt-cache show` prints it.
    init?(name: String, stanza: String) {
        func field(_ name: String) -> String? {
            stanza.split(separator: "\n").first { $0.hasPrefix("\(name): ") }.map {
                String($0.dropFirst(name.count + 2))
            }
        }
        guard let version = field("Version") else { return nil }
        self.name = name
        self.version = version
        // `libc6 (>= 2.38), libfoo:any | libbar`
        dependencies = ["Pre-Depends", "Depends"].compactMap(field).flatMap { $0.split(separator: ",") }.map {
            String($0.trimmingPrefix(" ").prefix { $0 != " " && $0 != ":" && $0 != "|" })
        }
    }
}

extension PrivateApt {
    /// nil where the suites that were read last have no such package.
    func newest(_ name: String) async throws -> PackageEntry? {
        let answer = try await apt("apt-cache", ["show", "--no-all-versions", name], within: Self.queryLimit)
        return PackageEntry(name: name, stanza: answer.outputText)
    }
}
