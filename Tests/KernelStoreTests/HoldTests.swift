// SPDX-License-Identifier: Apache-2.0

import Foundation
import KernelProfile
import SystemPackage
import TestKernels
import TestProfiles
import Testing

@testable import KernelStore

/// Kernels that are removed or replaced while somebody uses them.
@Suite struct HoldTests {
    private func image(_ release: String, in folder: FilePath) async throws -> FilePath {
        let path = folder.appending("image")
        try path.write(FakeKernel.image(release: release, payload: try await FakeKernel.payload(in: folder)))
        return path
    }

    private func names(in folder: FilePath) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder.string)
    }

    @Test("a kernel that is removed stays for who holds it, with its profile, and goes when that one is done")
    func removed() async throws {
        try await withScratchFolder { folder in
            let root = folder.appending("store")
            let config = folder.appending("config")
            try config.write("CONFIG_BPF=y\n")
            let kernel = try await KernelStore(root: root)
                .add("mine", image: try await image("6.9.0-mine", in: folder), config: config)
            do {
                let user = try KernelStore(root: root)
                try await user.keepProfile(of: kernel, from: .madeUp)
                #expect(try user.hold(kernel))
                _ = try await KernelStore(root: root).remove("mine")
                #expect(try names(in: root.appending("blobs")).isEmpty)
                for blob in kernel.blobs {
                    #expect(try user.path(of: blob).contents.count == blob.size)
                    #expect(user.blobs.isSound(blob))
                }
                #expect(try user.configuration(of: kernel) != nil)
                #expect(try await user.profile(of: kernel) != nil)
                // A sweep of another process leaves it alone.
                _ = try KernelStore(root: root)
                #expect(user.blobs.isSound(kernel.image))
            }
            #expect(try names(in: root.appending("tmp")).isEmpty)
        }
    }

    @Test("a kernel that a newer state of its file takes the place of stays for who holds it")
    func replaced() async throws {
        try await withScratchFolder { folder in
            let root = folder.appending("store")
            let file = try await image("6.9.0-mine", in: folder)
            let beside = folder.appending("config-6.9.0-mine")
            try beside.write("CONFIG_BPF=y\n")
            let user = try KernelStore(root: root)
            let before = try await user.pull(.file(file.string), from: .usual) { _ in }
            #expect(try user.hold(before))
            try beside.write("CONFIG_BPF=n\n")
            let after = try await KernelStore(root: root).pull(.file(file.string), from: .usual) { _ in }
            #expect(after.name == before.name && after.config != before.config)
            #expect(try user.path(of: try #require(before.config)).contents == Array("CONFIG_BPF=y\n".utf8))
            #expect(try user.path(of: try #require(after.config)).contents == Array("CONFIG_BPF=n\n".utf8))
        }
    }

    @Test("a kernel that was removed before it could be held is looked up again")
    func late() async throws {
        try await withScratchFolder { folder in
            let store = try KernelStore(root: folder.appending("store"))
            let kernel = try await store.add("mine", image: try await image("6.9.0-mine", in: folder))
            _ = try await store.remove("mine")
            #expect(try !store.hold(kernel))
            // One that is damaged is not: that is for its user to find out.
            let other = try await store.add("other", image: try await image("6.9.0-other", in: folder))
            #expect(unlink(store.path(of: other.image).string) == 0)
            #expect(try store.hold(other))
        }
    }
}
