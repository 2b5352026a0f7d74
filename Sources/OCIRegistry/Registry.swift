// SPDX-License-Identifier: Apache-2.0

import ContentDigest
import Download
import Foundation
import SystemPackage

/// A repository in a registry (distribution specification 1.1): its tags, its images, and the files in them. Everything is
/// compared with its digest before it is used.
public struct Registry: Sendable {
    public let repository: ImageRepository
    /// For layers that have not come whole yet.
    let downloads: FilePath
    let proxies: WebProxies
    let retries: Retries
    let access: Access

    /// Manifests are small; registries refuse longer ones too (distribution specification 1.1, "Pushing Manifests").
    static let manifestLimit = 4 << 20

    /// - Parameters:
    ///   - downloads: a folder for layers that have not come whole yet.
    ///   - environment: names proxies (`HTTPS_PROXY`, `NO_PROXY`) and where Docker's credentials are (`DOCKER_CONFIG`).
    public init(
        _ repository: ImageRepository,
        downloads: FilePath,
        environment: [String: String] = ProcessInfo.processInfo.environment,
        retries: Retries = Retries()
    ) {
        self.repository = repository
        self.downloads = downloads
        self.retries = retries
        proxies = WebProxies(environment: environment)
        access = Access(
            repository,
            credentials: DockerCredentials(environment: environment),
            proxies: proxies,
            retries: retries
        )
    }

    /// The answer to a question about the repository, asked once more with a new token where the registry wants one.
    ///
    /// - Parameter address: beginning with `repository.base`.
    func answer(
        _ address: String,
        what: String,
        accept: [String] = [],
        limit: Int,
        over connections: WebConnections? = nil
    ) async throws -> WebAnswer {
        func ask(_ authorization: String?) async throws -> WebAnswer {
            var request = request(address, what: what, authorization: authorization)
            if !accept.isEmpty { request.headers["Accept"] = accept.joined(separator: ", ") }
            request.connections = connections
            do {
                return try await request.answer(limit: limit, retries: retries)
            } catch let error as DownloadError {
                throw RegistryError(error, repository)
            }
        }
        let known = await access.header
        let answer = try await ask(known)
        // What a redirect has led to is no part of the registry, and gets nothing that is meant for it.
        guard answer.status == 401, answer.origin == .asked else { return answer }
        let new = try await access.renew(answer.headers("www-authenticate"), after: known)
        let second = try await ask(new)
        let isRefused = second.origin == .asked && [401, 403].contains(second.status)
        guard !isRefused else { throw access.refusal() }
        return second
    }

    func request(_ address: String, what: String, authorization: String?) -> WebRequest {
        WebRequest(
            address,
            what: what,
            headers: authorization.map { ["Authorization": $0] } ?? [:],
            proxies: proxies,
            plainHosts: .loopback
        )
    }

    /// An answer that is no success, in the words of the one who asked.
    func unexpected(_ answer: WebAnswer, what: String) -> RegistryError {
        if answer.status == 403, answer.origin == .asked { return access.refusal() }
        let message = RegistryMessage(answer.body)?.text ?? "nothing that could be read"
        return .malformed(what: what, reason: "the registry answered \(answer.status): \(message)")
    }
}

/// What registries say of what went wrong (distribution specification 1.1, "Error Codes").
struct RegistryMessage {
    let code: String
    let message: String

    private static let longest = 200

    init?(_ bytes: [UInt8]) {
        struct Content: Decodable {
            struct Entry: Decodable {
                let code: String
                let message: String?
            }
            let errors: [Entry]
        }
        guard let first = try? JSONDecoder().decode(Content.self, from: Data(bytes)).errors.first else { return nil }
        code = first.code
        message = first.message ?? ""
    }

    /// For a terminal: a server may write anything.
    var text: String {
        let words = message.isEmpty ? code : message
        return String(
            words.filter { !$0.isNewline && $0.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7f } }
                .prefix(Self.longest)
        )
    }
}
