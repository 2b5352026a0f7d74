// SPDX-License-Identifier: Apache-2.0

import BPFObject
import ContentDigest
import Results

/// Bytes, with the SHA-256 that they are announced and known by.
struct ObjectBytes: Sendable, Hashable {
    let bytes: [UInt8]
    let digest: ContentDigest

    init(_ bytes: [UInt8]) {
        self.init(bytes, digest: ContentDigest(of: bytes))
    }

    init(_ bytes: [UInt8], digest: ContentDigest) {
        self.bytes = bytes
        self.digest = digest
    }
}

/// An object under test: bytes that are the same for every kernel, and what is known of them.
public struct TestObject: Sendable, Hashable, NamedInput {
    /// Unique in a run.
    public let name: String
    /// The file that the user named: for a compiled object its source.
    public let path: String
    public let bytes: [UInt8]
    /// Of `bytes`; each guest checks it before loading.
    public let digest: ContentDigest
    public let contents: BPFObject
    public let isCompiled: Bool
    /// The same, as whole as it takes to say where in the source something is.
    let read: ReadObject

    /// - Parameter needsPrograms: an object without programs is refused, as there is nothing in it to test.
    public init(
        name: String,
        path: String,
        bytes: [UInt8],
        isCompiled: Bool,
        needsPrograms: Bool = true
    ) throws(BPFObjectError) {
        self.name = name
        self.path = path
        self.bytes = bytes
        self.isCompiled = isCompiled
        contents = try BPFObject(bytes, needsPrograms: needsPrograms)
        digest = ContentDigest(of: bytes)
        read = ReadObject(bytes)
    }

    var announced: ObjectBytes { ObjectBytes(bytes, digest: digest) }

    /// What results say of it.
    var described: TestedObject {
        TestedObject(
            name: name,
            path: path,
            sha256: digest.hexadecimal,
            programs: contents.programs.map {
                TestedProgram(name: $0.name, section: $0.section, type: ($0.type ?? .unspec).rawValue)
            },
            isCompiled: isCompiled
        )
    }

    public func renamed(_ name: String) -> TestObject {
        TestObject(renaming: self, to: name)
    }

    private init(renaming object: TestObject, to name: String) {
        self.name = name
        path = object.path
        bytes = object.bytes
        digest = object.digest
        contents = object.contents
        isCompiled = object.isCompiled
        read = object.read
    }
}
