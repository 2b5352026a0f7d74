// SPDX-License-Identifier: Apache-2.0

import ChildProcess
import Foundation
import SystemPackage
import TestKernels

/// Distribution's own registry, on a port of its own, with a folder of its own.
public struct RealRegistry: Sendable {
    public struct Failed: Error, CustomStringConvertible {
        public let description: String
    }

    public let port: Int
    private let folder: FilePath

    /// Whom the registry lets in, where it asks. The hash is bcrypt's of the password.
    public static let user = "tester"
    public static let password = "not a secret"
    private static let passwords = "tester:$2b$05$ZtHONsDc8NqAkcekbr0uEO4q1a9ccRBtgpAzzBbMpJQeFuNr3RSKW\n"

    /// Serves while `body` runs.
    ///
    /// - Parameter wantsLogin: nobody but `user` is let in.
    public static func with<Result: Sendable>(
        in folder: FilePath,
        wantsLogin: Bool = false,
        _ body: @escaping @Sendable (RealRegistry) async throws -> Result
    ) async throws -> Result {
        let passwordFile = folder.appending("passwords")
        try passwordFile.write(passwords)
        let storage = folder.appending("registry")
        try FileManager.default.createDirectory(atPath: storage.string, withIntermediateDirectories: true)
        let login = "auth:\n  htpasswd:\n    realm: test\n    path: \(passwordFile)\n"
        let configuration = folder.appending("registry.yml")
        try configuration.write(
            """
            version: 0.1
            log:
              level: info
            storage:
              filesystem:
                rootdirectory: \(storage)
            http:
              addr: 127.0.0.1:0
            \(wantsLogin ? login : "")
            """
        )
        let command = Command("docker-registry", ["serve", configuration.string])
        // level=info msg="listening on 127.0.0.1:41713"
        return try await LoopbackServer.with(command) { line in
            guard let range = line.range(of: "listening on 127.0.0.1:") else { return nil }
            return Int(line[range.upperBound...].prefix { $0.isNumber })
        } _: { port in
            try await body(RealRegistry(port: port, folder: folder))
        }
    }

    /// Puts an image there, by skopeo.
    ///
    /// - Parameter isDockers: in Docker's kinds, into which skopeo brings it.
    public func push(
        _ image: MadeImage,
        to repository: String,
        tag: String,
        login: Bool = false,
        isDockers: Bool = false
    ) async throws {
        let layout = folder.appending("layout-\(UUID().uuidString)")
        try MadeImage.writeLayout([(tag, image)], to: layout)
        try await push(layout: layout, of: tag, to: repository, tag: tag, login: login, isDockers: isDockers)
    }

    /// - Parameter layout: a folder with images.
    public func push(
        layout: FilePath,
        of name: String,
        to repository: String,
        tag: String,
        login: Bool = false,
        isDockers: Bool = false
    ) async throws {
        let credentials = login ? ["--dest-creds", "\(Self.user):\(Self.password)"] : []
        let options = ["--insecure-policy", "copy", "--quiet", "--dest-tls-verify=false"]
        let form = isDockers ? ["--format", "v2s2"] : ["--preserve-digests"]
        let places = ["oci:\(layout):\(name)", "docker://127.0.0.1:\(port)/\(repository):\(tag)"]
        let result = try await Command("skopeo", options + form + credentials + places).run(within: .seconds(120))
        guard result.ending.isSuccess else { throw Failed(description: "skopeo: \(result.errorText)") }
    }
}
