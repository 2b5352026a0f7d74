// SPDX-License-Identifier: Apache-2.0

import ContentDigest
import Download
import SystemPackage

/// Fetches a package whose digest the archive's signed index gives.
struct PackageDownload: Sendable {
    let folder: FilePath
    let location: PackageLocation
    /// What is being fetched, for people.
    let what: String
    let proxy: String?

    /// Hands the package to `body`, whole and with the right digest; afterwards it is gone.
    func with<Result: Sendable>(
        progress: @Sendable (Int) -> Void,
        _ body: (FilePath) async throws -> Result
    ) async throws -> Result {
        guard let digest = ContentDigest(hexadecimal: location.sha256) else {
            throw KernelStoreError.refused(what: what, reason: "the index gives no SHA-256 that is one")
        }
        let download = Download(
            WebRequest(location.address, what: what, proxies: WebProxies(always: proxy), plainHosts: .any),
            sha256: digest,
            size: location.size,
            folder: folder,
            patience: KernelStore.patience
        )
        do {
            return try await download.with(progress: progress, body)
        } catch let error as DownloadError {
            throw KernelStoreError(error, of: what)
        }
    }
}

extension KernelStoreError {
    /// - Parameter what: the package.
    init(_ error: DownloadError, of what: String) {
        switch error {
        case .wrongDigest: self = .refused(what: what, reason: "its SHA-256 is not the one in the signed index")
        case .tooLong: self = .refused(what: what, reason: "it is longer than the signed index says")
        case .storage(let path, let reason): self = .storage(path: path, reason: reason)
        case .unusableAddress, .unusableProxy, .notReached, .cut, .tooSlow, .answered, .badRedirect:
            self = .notDownloaded(what: what, reason: error.reason)
        }
    }
}
