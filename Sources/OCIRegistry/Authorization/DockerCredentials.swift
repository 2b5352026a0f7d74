// SPDX-License-Identifier: Apache-2.0

import Foundation
import SystemPackage

/// What `docker login` has left on this machine. Programs that keep credentials elsewhere are not run.
struct DockerCredentials: Sendable {
    enum Login: Hashable {
        case none
        case password(user: String, password: String)
        /// Stands for a user; exchanged for tokens.
        case identityToken(String)
        /// Only a program of that name could tell.
        case helper(String)
        case unreadable(path: String)
    }

    private let path: FilePath
    private static let limit = 1 << 20

    /// `config.json` in `$DOCKER_CONFIG`, or in `~/.docker`.
    init(environment: [String: String]) {
        let folder = environment["DOCKER_CONFIG"].flatMap { $0.isEmpty ? nil : FilePath($0) }
        let home = FilePath(environment["HOME"] ?? NSHomeDirectory())
        path = (folder ?? home.appending(".docker")).appending("config.json")
    }

    func login(for host: String) -> Login {
        guard FileManager.default.fileExists(atPath: path.string) else { return .none }
        guard let data = FileManager.default.contents(atPath: path.string), data.count <= Self.limit,
            let content = try? JSONDecoder().decode(Content.self, from: data)
        else { return .unreadable(path: path.string) }
        // An entry may be there and empty, where a helper has the rest.
        if let entry = content.auths?.first(where: { Self.host(of: $0.key) == host })?.value, let login = entry.login {
            return login
        }
        if let helper = content.credHelpers?.first(where: { Self.host(of: $0.key) == host })?.value {
            return .helper(helper)
        }
        return content.credsStore.flatMap { $0.isEmpty ? nil : .helper($0) } ?? .none
    }

    /// Keys are hosts, or addresses from older times: `https://index.docker.io/v1/` is Docker's own registry.
    private static func host(of key: String) -> String {
        let address = key.range(of: "://").map { key[$0.upperBound...] } ?? key[...]
        let host = String(address.prefix { $0 != "/" })
        return ["index.docker.io", "registry-1.docker.io"].contains(host) ? "docker.io" : host
    }

    private struct Content: Decodable {
        let auths: [String: Entry]?
        let credHelpers: [String: String]?
        let credsStore: String?
    }

    private struct Entry: Decodable {
        let auth: String?
        let username: String?
        let password: String?
        let identitytoken: String?

        var login: Login? {
            if let identitytoken, !identitytoken.isEmpty { return .identityToken(identitytoken) }
            if let username, let password, !username.isEmpty { return .password(user: username, password: password) }
            guard let auth, let data = Data(base64Encoded: auth), let text = String(data: data, encoding: .utf8),
                let colon = text.firstIndex(of: ":"), colon > text.startIndex
            else { return nil }
            return .password(user: String(text[..<colon]), password: String(text[text.index(after: colon)...]))
        }
    }
}
