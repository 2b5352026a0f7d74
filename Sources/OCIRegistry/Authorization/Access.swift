// SPDX-License-Identifier: Apache-2.0

import Download
import Foundation

/// What a registry wants to hear before it lets somebody read a repository. Lives as long as its `Registry`, and remembers
/// the one answer that it accepted last.
actor Access {
    private let repository: ImageRepository
    private let credentials: DockerCredentials
    private let proxies: WebProxies
    private let retries: Retries
    /// For the `Authorization` header; nil until the registry has asked for it.
    private(set) var header: String?

    private static let tokenLimit = 64 << 10

    init(_ repository: ImageRepository, credentials: DockerCredentials, proxies: WebProxies, retries: Retries) {
        self.repository = repository
        self.credentials = credentials
        self.proxies = proxies
        self.retries = retries
    }

    /// Meets a challenge.
    ///
    /// - Parameter refused: what was sent when the challenge came; another request may have got a new one meanwhile.
    /// - Throws: `RegistryError`
    func renew(_ challenges: [String], after refused: String?) async throws -> String {
        if let header, header != refused { return header }
        let offered = challenges.flatMap(Challenge.parse)
        let login = credentials.login(for: repository.host)
        if let bearer = offered.first(where: { $0.scheme == "bearer" }), let realm = bearer.parameters["realm"] {
            let new = "Bearer \(try await token(from: realm, bearer, login))"
            header = new
            return new
        }
        guard offered.contains(where: { $0.scheme == "basic" }), case .password(let user, let password) = login else {
            throw RegistryError.loginNeeded(repository, Self.problem(login))
        }
        let new = Self.basic(user, password)
        // The same again would be refused again.
        guard new != refused else { throw RegistryError.loginNeeded(repository, .refused) }
        header = new
        return new
    }

    /// Why a registry that is still not content can't be satisfied.
    nonisolated func refusal() -> RegistryError {
        .loginNeeded(repository, Self.problem(credentials.login(for: repository.host)))
    }

    private static func problem(_ login: DockerCredentials.Login) -> RegistryError.LoginProblem {
        switch login {
        case .none: .noCredentials
        case .password, .identityToken: .refused
        case .helper(let name): .helper(name: name)
        case .unreadable(let path): .unreadable(path: path)
        }
    }

    private static func basic(_ user: String, _ password: String) -> String {
        "Basic \(Data("\(user):\(password)".utf8).base64EncodedString())"
    }

    /// Distribution's token specification: a GET with the credentials, if there are any; with an identity token, a POST in
    /// the manner of OAuth 2.
    private func token(from realm: String, _ challenge: Challenge, _ login: DockerCredentials.Login) async throws
        -> String
    {
        let what = "a token for \(repository)"
        var question = ["scope": challenge.parameters["scope"] ?? "repository:\(repository.path):pull"]
        question["service"] = challenge.parameters["service"]
        var request = WebRequest(realm, what: what, proxies: proxies, plainHosts: .loopback)
        if case .identityToken(let identity) = login {
            question["grant_type"] = "refresh_token"
            question["refresh_token"] = identity
            question["client_id"] = "bpfmatrix"
            request.form = question
        } else {
            guard var components = URLComponents(string: realm) else {
                throw RegistryError.malformed(what: what, reason: "the registry names no usable address for it")
            }
            let items = question.sorted { $0.key < $1.key }.map { URLQueryItem(name: $0.key, value: $0.value) }
            components.queryItems = (components.queryItems ?? []) + items
            request.address = components.string ?? realm
            if case .password(let user, let password) = login {
                request.headers["Authorization"] = Self.basic(user, password)
            }
        }
        let answer: WebAnswer
        do {
            answer = try await request.answer(limit: Self.tokenLimit, retries: retries)
        } catch let error as DownloadError {
            throw RegistryError(error, repository)
        }
        switch answer.status {
        case 200: break
        // Those that give no tokens to strangers say so with any of these.
        case 400, 401, 403, 404: throw RegistryError.loginNeeded(repository, Self.problem(login))
        default: throw RegistryError.malformed(what: what, reason: "the answer has the status \(answer.status)")
        }
        struct Token: Decodable {
            let token: String?
            let access_token: String?
        }
        let content = try? JSONDecoder().decode(Token.self, from: Data(answer.body))
        guard let token = content?.token ?? content?.access_token, !token.isEmpty,
            token.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f })
        else { throw RegistryError.malformed(what: what, reason: "there is no token in the answer") }
        return token
    }
}
