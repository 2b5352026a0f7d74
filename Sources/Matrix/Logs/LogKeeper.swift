// SPDX-License-Identifier: Apache-2.0

import ContentDigest
import LogStore
import Results

/// Keeps the logs of a run: results have excerpts, whole logs lie beside them.
public actor LogKeeper {
    private let store: LogStore?
    private let folder: LogFolder?
    private var hasFailed = false
    /// Why a log is missing in the folder that the user named; nil where none is.
    public private(set) var failure: LogFolderError?

    /// - Parameters:
    ///   - store: where logs are kept that an excerpt does not hold; nil keeps them nowhere.
    ///   - folder: where whole logs of what was refused are written besides, for people.
    public init(store: LogStore? = nil, folder: LogFolder? = nil) {
        self.store = store
        self.folder = folder
    }

    /// Keeps what an excerpt does not hold.
    ///
    /// - Returns: the log as results have it, and why it is not kept whole, where that is so for the first time.
    func keep(_ log: [UInt8]) -> (log: KeptLog, failure: LogStoreError?) {
        let excerpt = LogExcerpt(log)
        guard excerpt.isCut else { return (KeptLog(excerpt, whole: log), nil) }
        let reference = LogReference(digest: ContentDigest(of: log), bytes: log.count)
        do throws(LogStoreError) {
            try store?.keep(log, digest: reference.digest)
            return (KeptLog(excerpt, reference), nil)
        } catch {
            defer { hasFailed = true }
            return (KeptLog(excerpt, reference), hasFailed ? nil : error)
        }
    }

    /// The whole of a log that was kept in an earlier run; nil where it is not there any more.
    func whole(_ reference: LogReference) -> [UInt8]? {
        guard let log = store?.log(reference.digest), log.count == reference.bytes else { return nil }
        return log
    }

    /// Writes a log into the folder for people, if there is one.
    func write(_ log: KeptLog, of cell: Cell) {
        guard let folder, log.count > 0, failure == nil else { return }
        guard let bytes = log.whole ?? log.reference.flatMap(whole) else {
            failure = LogFolderError(path: folder.path.string, reason: "a log of \(log.count) bytes could not be kept")
            return
        }
        do throws(LogFolderError) {
            try folder.write(bytes, of: cell)
        } catch {
            failure = error
        }
    }
}

/// A log as results have it.
struct KeptLog: Sendable, Hashable {
    let excerpt: LogExcerpt
    /// Set where the excerpt is not all of it.
    let reference: LogReference?
    /// Set where it is.
    let whole: [UInt8]?

    init(_ excerpt: LogExcerpt, whole: [UInt8]) {
        self.excerpt = excerpt
        self.whole = whole
        reference = nil
    }

    init(_ excerpt: LogExcerpt, _ reference: LogReference) {
        self.excerpt = excerpt
        self.reference = reference
        whole = nil
    }

    /// Of words that libbpf and not the kernel has, which are never long enough to be kept beside.
    init(excerptOf text: String) {
        let bytes = Array(text.utf8)
        self.init(LogExcerpt(bytes), whole: bytes)
    }

    var count: Int { reference?.bytes ?? whole?.count ?? 0 }
}

/// A log that is kept elsewhere.
struct LogReference: Sendable, Hashable {
    let digest: ContentDigest
    let bytes: Int
}
