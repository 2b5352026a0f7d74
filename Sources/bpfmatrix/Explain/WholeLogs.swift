// SPDX-License-Identifier: Apache-2.0

import ContentDigest
import KernelStore
import LogStore
import Matrix
import Results
import SystemPackage

/// Whole logs where results have excerpts.
struct WholeLogs {
    /// What `test --logs` has written.
    private let folder: LogFolder?
    private let store: LogStore?

    init(folder: FilePath?) {
        self.folder = folder.map { LogFolder(at: $0) }
        // Results may come from another machine, and this one need not have a store.
        store = (try? KernelStore()).map { LogStore(at: $0.logs) }
    }

    enum Found {
        case whole([UInt8])
        /// The rest is in neither place.
        case excerpt(String, of: Int)
        case none
    }

    func log(of cell: Cell) -> Found {
        guard let text = cell.log else { return .none }
        guard let digest = cell.logSHA256.flatMap({ ContentDigest(hexadecimal: $0) }) else {
            return .whole(Array(text.utf8))
        }
        if let log = folder?.log(digest) ?? store?.log(digest) { return .whole(log) }
        return .excerpt(text, of: cell.logBytes ?? text.utf8.count)
    }
}
