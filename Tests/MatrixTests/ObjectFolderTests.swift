// SPDX-License-Identifier: Apache-2.0

import BPFObject
import Foundation
import TestKernels
import Testing

@testable import Matrix

@Suite struct ObjectFolderTests {
    private func object(_ name: String) throws -> TestObject {
        var builder = ObjectBuilder()
        builder.add("p", section: "socket", [.move(0, 0), .exit])
        return try TestObject(name: name, path: name, bytes: builder.build(), isCompiled: false)
    }

    @Test("objects of any names have files of their own beside the canaries, whose names fit into a file system")
    func names() async throws {
        let long = String(repeating: "ä", count: 300)
        let names = [
            "1-canary-good.bpf.o", "canary-good.bpf.o", "canary-bad.bpf.o", "a/b", "a_b", "a\nb", long, long + "#1",
            "é",
            "e\u{301}",
        ]
        try await withScratchFolder { path in
            let folder = try ObjectFolder(try names.map { try object($0) }, in: path)
            #expect(Set(folder.names).count == names.count)
            #expect(folder.names.allSatisfy { $0.utf8.count <= 200 && !$0.contains("/") && !$0.contains("\n") })
            #expect(folder.names.first == "00001-1-canary-good.bpf.o")
            let files = try FileManager.default.contentsOfDirectory(atPath: path.string)
            #expect(files.count == names.count + 2)
            #expect(folder.files(folder.names).count == names.count)
        }
    }
}
