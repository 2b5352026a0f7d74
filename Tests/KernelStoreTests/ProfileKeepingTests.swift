// SPDX-License-Identifier: Apache-2.0

import BTF
import ChildProcess
import ContentDigest
import Foundation
import KernelProfile
import SystemPackage
import TestKernels
import TestProfiles
import Testing

@testable import KernelStore

@Suite struct ProfileKeepingTests {
    private struct Fixture {
        let folder: FilePath
        let store: KernelStore

        func add(_ name: String, release: String = "6.9.0-mine", config: String? = nil) async throws -> Kernel {
            let image = folder.appending("image-\(release)")
            try image.write(FakeKernel.image(release: release, payload: try await FakeKernel.payload(in: folder)))
            let file = folder.appending("config-\(name)")
            if let config { try file.write(config) }
            return try await store.add(name, image: image, modules: nil, config: config == nil ? nil : file)
        }

        func files(_ name: String) throws -> [String] {
            try FileManager.default.contentsOfDirectory(atPath: store.root.appending(name).string).sorted()
        }
    }

    private func withFixture(_ body: (Fixture) async throws -> Void) async throws {
        try await withScratchFolder { folder in
            try await body(Fixture(folder: folder, store: try KernelStore(root: folder.appending("store"))))
        }
    }

    @Test("a profile is kept by the image, outlives other kernels' coming and going, and goes with its own kernel")
    func lifetime() async throws {
        try await withFixture { fixture in
            let store = fixture.store
            let kernel = try await fixture.add("mine")
            #expect(try await store.profile(of: kernel) == nil)
            let kept = try await store.keepProfile(of: kernel, from: .madeUp)
            #expect(try await store.profile(of: kernel) == kept)

            let other = try await fixture.add("other", release: "6.9.1-other")
            #expect(try await store.profile(of: other) == nil)
            try await store.remove("other")
            #expect(try await store.profile(of: kernel) == kept)

            // The same image under another name.
            let twin = try await fixture.add("twin")
            try await store.remove("mine")
            #expect(try await store.profile(of: twin) == kept)
            try await store.remove("twin")
            #expect(try fixture.files("profiles").isEmpty)
            #expect(try fixture.files("blobs").isEmpty)
        }
    }

    @Test("a kernel that was surveyed again has the new profile, and the old one's bytes are gone")
    func replacement() async throws {
        try await withFixture { fixture in
            let kernel = try await fixture.add("mine")
            try await fixture.store.keepProfile(of: kernel, from: .madeUp)
            let before = try fixture.files("blobs")
            var account = KernelAccount.madeUp
            account.jitSetting = Array("0\n".utf8)
            try await fixture.store.keepProfile(of: kernel, from: account)
            #expect(try await fixture.store.profile(of: kernel)?.facts.jit == 0)
            #expect(try fixture.files("blobs").count == before.count)
        }
    }

    @Test("switches come from the kernel itself where it carries them, else from the file that came with the kernel")
    func configuration() async throws {
        try await withFixture { fixture in
            let kernel = try await fixture.add("mine", config: "CONFIG_HZ=100\n")
            let twin = try await fixture.add("twin", config: "CONFIG_HZ=250\n")
            let store = fixture.store
            try await store.keepProfile(of: kernel, from: .madeUp)
            #expect(try await store.profile(of: kernel)?.configuration?.value(of: "CONFIG_HZ") == "100")
            #expect(try await store.profile(of: twin)?.configuration?.value(of: "CONFIG_HZ") == "250")

            let plain = fixture.folder.appending("plain")
            let packed = fixture.folder.appending("plain.gz")
            try plain.write("CONFIG_HZ=1000\n")
            _ = try await Command("gzip", ["-nc"]).run(from: plain, to: packed, within: .seconds(20))
            var account = KernelAccount.madeUp
            account.packedConfiguration = try packed.contents
            try await store.keepProfile(of: kernel, from: account)
            #expect(try await store.profile(of: kernel)?.configuration?.value(of: "CONFIG_HZ") == "1000")
        }
    }

    @Test("a configuration that has been damaged is told, and not taken for one that has less")
    func damagedConfiguration() async throws {
        try await withFixture { fixture in
            let kernel = try await fixture.add("mine", config: "CONFIG_IPV6=y\nCONFIG_HZ=100\n")
            try await fixture.store.keepProfile(of: kernel, from: .madeUp)
            let path = fixture.store.path(of: try #require(kernel.config))
            for text in [nil, "CONFIG_HZ=100\n"] {
                unlink(path.string)
                if let text { try path.write(text) }
                let error = await #expect(throws: KernelStoreError.self) {
                    try await fixture.store.profile(of: kernel)
                }
                #expect("\(try #require(error))".contains(path.string))
            }
        }
    }

    @Test("what was kept and has been damaged is told, and can be replaced")
    func damage() async throws {
        try await withFixture { fixture in
            let store = fixture.store
            let kernel = try await fixture.add("mine")
            let kept = try await store.keepProfile(of: kernel, from: .madeUp)
            let blob = try #require(store.profileKept(of: kernel)).blob
            let path = store.path(of: blob)
            for bytes in [nil, [1, 2, 3], Array(try path.contents.dropLast())] as [[UInt8]?] {
                unlink(path.string)
                if let bytes { try path.write(bytes) }
                let error = await #expect(throws: KernelStoreError.self) { try await store.profile(of: kernel) }
                #expect("\(try #require(error))".contains("kernels info --survey mine"))
                try await store.keepProfile(of: kernel, from: .madeUp)
                #expect(try await store.profile(of: kernel) == kept)
            }
            // A record that is none: as if the kernel had not been surveyed.
            try store.root.appending("profiles").appending("\(kernel.digest).json").write("{}")
            #expect(try await store.profile(of: kernel) == nil)
        }
    }

    @Test("a kernel's types are those that it has given itself; damaged ones are told")
    func types() async throws {
        try await withFixture { fixture in
            let store = fixture.store
            let kernel = try await fixture.add("mine")
            #expect(try store.types(of: kernel)?.count == nil)
            try await store.keepProfile(of: kernel, from: .madeUp)
            let types = try #require(try store.types(of: kernel))
            #expect(types.id(named: "do_sys_openat2", kind: .function) != nil)

            let information = try #require(KernelAccount.madeUp.typeInformation)
            let path = store.root.appending("blobs").appending(ContentDigest(of: information).hexadecimal)
            unlink(path.string)
            #expect(throws: KernelStoreError.damaged(path: path.string, reason: "it is not what was written")) {
                try store.types(of: kernel)
            }
            // What is mapped stays.
            #expect(types.id(named: "bpf_lsm_file_open") != nil)
        }
    }

    @Test("the profile of a kernel that was removed meanwhile is not kept")
    func removedMeanwhile() async throws {
        try await withFixture { fixture in
            let kernel = try await fixture.add("mine")
            try await fixture.store.remove("mine")
            await #expect(throws: KernelStoreError.notInStore(name: "mine", there: [])) {
                try await fixture.store.keepProfile(of: kernel, from: .madeUp)
            }
            #expect(try fixture.files("blobs").isEmpty)
        }
    }
}
