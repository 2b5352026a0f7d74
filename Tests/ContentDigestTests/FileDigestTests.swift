// SPDX-License-Identifier: Apache-2.0

import ContentDigest
import Foundation
import SystemPackage
import TestKernels
import Testing

@Suite struct FileDigestTests {
    @Test(
        "a file has the digest of its bytes, however many pieces it is read in",
        arguments: [0, 1, 262_143, 262_144, 262_145, 3 * 262_144 + 7]
    )
    func sizes(count: Int) async throws {
        try await withScratchFolder { folder in
            let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) }
            let file = folder.appending("file")
            try file.write(bytes)
            #expect(ContentDigest(ofFile: file) == ContentDigest(of: bytes))
        }
    }

    @Test("a file of known content has the digest that others compute (FIPS 180-4)")
    func known() async throws {
        try await withScratchFolder { folder in
            let file = folder.appending("file")
            try file.write("abc")
            let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
            #expect(ContentDigest(ofFile: file)?.hexadecimal == expected)
        }
    }

    @Test("what is missing, or no file, has no digest")
    func missing() async throws {
        try await withScratchFolder { folder in
            #expect(ContentDigest(ofFile: folder.appending("none")) == nil)
            #expect(ContentDigest(ofFile: folder) == nil)
        }
    }
}
