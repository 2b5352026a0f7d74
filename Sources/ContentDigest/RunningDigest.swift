// SPDX-License-Identifier: Apache-2.0

import Crypto

/// The SHA-256 of bytes that come one piece after the other.
public struct RunningDigest: Sendable {
    private var hash = SHA256()

    public init() {}

    public mutating func add(_ bytes: UnsafeRawBufferPointer) {
        hash.update(bufferPointer: bytes)
    }

    /// Of all that was added so far.
    public var digest: ContentDigest { ContentDigest(hash.finalize()) }
}

extension ContentDigest {
    init(_ digest: SHA256Digest) {
        bytes = Array(digest)
    }
}
