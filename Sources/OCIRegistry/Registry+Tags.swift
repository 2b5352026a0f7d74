// SPDX-License-Identifier: Apache-2.0

import Download
import Foundation

extension Registry {
    private static let pageLimit = 4 << 20
    /// A repository with more tags than these pages hold is not one of kernels; quay.io's have a hundred.
    private static let mostPages = 1000
    private static let mostTags = 100_000

    /// All tags of the repository, in the registry's order (distribution specification 1.1, "Listing Tags").
    ///
    /// How many a page has is left to the registry: Quay refuses a request for more than it would give (status 413).
    ///
    /// - Throws: `RegistryError`
    public func tags() async throws -> [String] {
        do {
            return try await WebConnections.with(repository.base, proxies: proxies) { try await tags(over: $0) }
        } catch let error as DownloadError {
            throw RegistryError(error, repository)
        }
    }

    private func tags(over connections: WebConnections) async throws -> [String] {
        let what = "the list of tags of \(repository)"
        var tags: [String] = []
        var seen: Set<String> = []
        var next: String? = "\(repository.base)/tags/list"
        while let address = next {
            guard seen.insert(address).inserted, seen.count <= Self.mostPages else {
                throw RegistryError.malformed(what: what, reason: "it has no end")
            }
            let answer = try await answer(address, what: what, limit: Self.pageLimit, over: connections)
            if answer.status == 404 { throw RegistryError.repositoryUnknown(repository) }
            guard answer.status == 200 else { throw unexpected(answer, what: what) }
            struct Page: Decodable {
                let tags: [String]?
            }
            guard let page = try? JSONDecoder().decode(Page.self, from: Data(answer.body)) else {
                throw RegistryError.malformed(what: what, reason: "it is no list")
            }
            try Task.checkCancellation()
            tags += (page.tags ?? []).filter(ImageReference.isTag)
            guard tags.count <= Self.mostTags else {
                throw RegistryError.malformed(what: what, reason: "it has more than \(Self.mostTags) tags")
            }
            next = try answer.headers("link").lazy.compactMap(Self.next).first.map { try follow($0, from: address) }
        }
        return tags
    }

    /// The address in a `Link` header whose relation is `next` (RFC 8288).
    static func next(inLink header: String) -> String? {
        for link in header.split(separator: ",") {
            guard let open = link.firstIndex(of: "<"), let close = link.firstIndex(of: ">"), open < close else {
                continue
            }
            let parameters = link[link.index(after: close)...].replacing(" ", with: "").replacing("\"", with: "")
            if parameters.lowercased().split(separator: ";").contains("rel=next") {
                return String(link[link.index(after: open)..<close])
            }
        }
        return nil
    }

    /// The next page, which only the same registry has: what it is told is for nobody else.
    private func follow(_ link: String, from address: String) throws(RegistryError) -> String {
        guard let base = URL(string: address), let url = URL(string: link, relativeTo: base)?.absoluteURL,
            url.host() == base.host(), url.port == base.port, url.scheme == base.scheme
        else {
            throw .malformed(what: "the list of tags of \(repository)", reason: "it goes on at another host")
        }
        return url.absoluteString
    }

    /// Those tags that a person may have meant: the most alike, and of these the newest.
    static func nearest(to tag: String, among tags: [String], count: Int = 6) -> [String] {
        func likeness(_ other: String) -> Int { zip(tag, other).prefix { $0 == $1 }.count }
        // Signatures and the like hang on tags too, named by digests.
        let readable = tags.filter { !$0.hasPrefix("sha256-") }
        let sorted = readable.sorted { one, other in
            let (left, right) = (likeness(one), likeness(other))
            return left == right ? other.compare(one, options: .numeric) == .orderedAscending : left > right
        }
        return Array(sorted.prefix(count))
    }
}
