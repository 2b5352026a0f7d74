// SPDX-License-Identifier: Apache-2.0

import ChildProcess
import Foundation
import SystemPackage

extension PackageArchive {
    public static let debianName = "debian"
    public static let debianKeyring: FilePath = "/usr/share/keyrings/debian-archive-keyring.gpg"

    /// Debian's suites, oldest first, with the kernels that they are known for.
    public static let debianSuites = [
        Suite("bullseye-security", release: "11", lines: ["5.10"], isSecurity: true),
        Suite("bookworm", release: "12", lines: ["6.1"]),
        Suite("bookworm-security", release: "12", lines: ["6.1"], isSecurity: true),
        Suite("trixie", release: "13", lines: ["6.12"]),
        Suite("trixie-security", release: "13", lines: ["6.12"], isSecurity: true),
        Suite("trixie-backports"),
        Suite("sid"),
    ]

    /// Debian's archive where the user says, or the machine's apt configuration.
    ///
    /// - Throws: `KernelStoreError.noArchive` or `.aptMissing` where this machine knows none.
    public static func debian(
        environment: [String: String] = ProcessInfo.processInfo.environment,
        isStrict: Bool = false
    ) async throws -> PackageArchive {
        if let main = environment["BPFMATRIX_DEBIAN_MIRROR"], !main.isEmpty {
            let security = environment["BPFMATRIX_DEBIAN_SECURITY_MIRROR"]
            return PackageArchive(main: main, security: security, isStrict: isStrict)
        }
        guard Command.find("apt-get") != nil else { throw KernelStoreError.aptMissing }
        let format = "$(REPO_URI) $(RELEASE)"
        let answer = try await Command("apt-get", ["indextargets", "--format", format, "Created-By: Packages"])
            .run(within: .seconds(30))
        return try debian(by: answer.outputText, isStrict: isStrict)
    }

    /// - Parameter targets: a line for each index that apt knows: base address and suite.
    static func debian(by targets: String, isStrict: Bool) throws(KernelStoreError) -> PackageArchive {
        let entries = targets.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
            .filter { $0.count == 2 }
        let names = Set(debianSuites.filter { !$0.isSecurity }.map(\.name)).union(["stable", "testing", "unstable"])
        guard let main = entries.first(where: { names.contains($0[1]) }) else { throw .noArchive }
        let securityNames = Set(debianSuites.filter(\.isSecurity).map(\.name)).union(["stable-security"])
        let security = entries.first { securityNames.contains($0[1]) }
        return PackageArchive(main: main[0], security: security?[0], isStrict: isStrict)
    }
}
