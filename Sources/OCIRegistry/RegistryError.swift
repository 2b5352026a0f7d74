// SPDX-License-Identifier: Apache-2.0

import Download

/// Why an image can't be had. The first line says what to do.
public enum RegistryError: Error, Hashable, CustomStringConvertible {
    /// `near` are those most like it, of `count`.
    case tagUnknown(repository: ImageRepository, tag: String, near: [String], count: Int)
    case digestUnknown(ImageReference)
    case repositoryUnknown(ImageRepository)
    case loginNeeded(ImageRepository, LoginProblem)
    case tooManyRequests(host: String, reason: String)
    case notReached(host: String, reason: String)
    /// What came is not what its digest vouches for. Nothing of it is kept.
    case wrongDigest(what: String, expected: String, found: String)
    case tooLarge(what: String, limit: Int)
    /// The registry's answer can't be what the specification says that it is.
    case malformed(what: String, reason: String)
    /// It is something else than a file system: a chart, a signature, a module.
    case notAnImage(ImageReference, reason: String)
    case wrongPlatform(ImageReference, wanted: ImagePlatform, there: [ImagePlatform])
    case unsupportedLayer(ImageReference, mediaType: String)
    case unusableLayer(ImageReference, reason: String)
    case download(DownloadError)
    case toolFailed(String)
    case storage(path: String, reason: String)

    /// Why nobody is logged in.
    public enum LoginProblem: Sendable, Hashable {
        case noCredentials
        /// Credentials are where only a program of Docker's can get them.
        case helper(name: String)
        case unreadable(path: String)
        case refused
    }

    /// Whether it only says that the registry does not have something, or can't be asked now; not that something was
    /// refused for what it is.
    public var isUnavailability: Bool {
        switch self {
        case .tagUnknown, .digestUnknown, .repositoryUnknown, .loginNeeded, .tooManyRequests, .notReached,
            .wrongPlatform:
            true
        case .download(let error):
            switch error {
            case .cut, .answered: true
            default: false
            }
        default: false
        }
    }

    public var description: String { text.printable }

    private var text: String {
        switch self {
        case .tagUnknown(let repository, let tag, let near, let count):
            "\(repository) has no tag \(tag). "
                + (near.isEmpty ? "It has none at all" : "Nearest, of \(count): \(near.joined(separator: ", "))")
        case .digestUnknown(let reference): "the registry has no \(reference): it may have been removed there"
        case .repositoryUnknown(let repository): "\(repository.host) has no repository \(repository.path)"
        case .loginNeeded(let repository, let problem): Self.text(repository, problem)
        case .tooManyRequests(let host, let reason):
            "\(host) has had too many requests from here: \(reason). Try later, or log in"
        case .notReached(let host, let reason): "\(host) can't be asked: \(reason)"
        case .wrongDigest(let what, let expected, let found):
            "\(what) was refused: its SHA-256 is \(found), and should be \(expected). Nothing of it was kept"
        case .tooLarge(let what, let limit): "\(what) was refused: it has more than \(limit) bytes"
        case .malformed(let what, let reason): "\(what) makes no sense: \(reason)"
        case .notAnImage(let reference, let reason): "\(reference) is no image: \(reason)"
        case .wrongPlatform(let reference, let wanted, let there):
            "\(reference) has no image for \(wanted), only for "
                + (there.isEmpty ? "none that is known" : there.map(\.description).joined(separator: ", "))
        case .unsupportedLayer(let reference, let mediaType):
            "\(reference) has a layer of the kind \(mediaType), which can't be read here"
        case .unusableLayer(let reference, let reason): "\(reference) was refused: \(reason)"
        case .download(let error): "\(error)"
        case .toolFailed(let reason): reason
        case .storage(let path, let reason): "cannot write \(path): \(reason)"
        }
    }

    private static func text(_ repository: ImageRepository, _ problem: LoginProblem) -> String {
        // Registries do not tell strangers what there is.
        let opening = "\(repository.host) wants a login for \(repository.path), or has no such repository"
        let remedy =
            "docker login \(repository.host), or skopeo login --authfile ~/.docker/config.json \(repository.host)"
        return switch problem {
        case .noCredentials: "\(opening): \(remedy)"
        case .helper(let name):
            "\(opening). Its credentials are with docker-credential-\(name), and no such program is run here; put them into "
                + "~/.docker/config.json: skopeo login --authfile ~/.docker/config.json \(repository.host)"
        case .unreadable(let path): "\(opening), and \(path) can't be read. Repair it, or write a new one: \(remedy)"
        case .refused:
            "\(repository.host) refuses the credentials that are here for \(repository.path), or has no such repository. "
                + "Log in again: \(remedy)"
        }
    }

    /// What became of a request to a repository.
    init(_ error: DownloadError, _ repository: ImageRepository) {
        switch error {
        case .wrongDigest(let what, let expected, let found):
            self = .wrongDigest(what: what, expected: expected, found: found)
        case .tooLong(let what, let limit): self = .tooLarge(what: what, limit: limit)
        case .answered(_, let refusal) where refusal.status == 429:
            self = .tooManyRequests(host: repository.host, reason: error.reason)
        case .answered(_, let refusal) where [401, 403].contains(refusal.status) && refusal.origin == .asked:
            self = .loginNeeded(repository, .refused)
        case .notReached, .badRedirect, .tooSlow: self = .notReached(host: repository.host, reason: error.reason)
        case .storage(let path, let reason): self = .storage(path: path, reason: reason)
        default: self = .download(error)
        }
    }
}
