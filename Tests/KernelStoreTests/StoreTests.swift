// SPDX-License-Identifier: Apache-2.0

import ChildProcess
import Foundation
import SystemPackage
import TestKernels
import Testing

@testable import KernelStore

@Suite struct StoreTests {
    private func withStore(_ body: (FilePath, KernelStore) async throws -> Void) async throws {
        try await withScratchFolder { folder in
            try await body(folder, try KernelStore(root: folder.appending("store")))
        }
    }

    private func add(_ name: String, _ bytes: [UInt8], to store: KernelStore, in folder: FilePath) async throws
        -> Kernel
    {
        let image = folder.appending("image")
        try image.write(bytes)
        return try await store.add(name, image: image, modules: nil, config: nil)
    }

    @Test("a kernel is there by its name once it was added, and a second one of that name is not taken")
    func addition() async throws {
        try await withStore { folder, store in
            let bytes = FakeKernel.image(release: "6.9.0-mine", payload: try await FakeKernel.payload(in: folder))
            let kernel = try await add("mine", bytes, to: store, in: folder)
            #expect(kernel.release == "6.9.0-mine")
            #expect(try store.kernel(for: KernelSpec("mine")) == kernel)
            // Not what somebody means who asks for the line.
            #expect(try store.kernel(for: KernelSpec("6.9")) == nil)
            await #expect(throws: KernelStoreError.nameTaken(name: "mine")) {
                try await add("mine", bytes, to: store, in: folder)
            }
        }
    }

    @Test("what is inside an image is kept where QEMU can start it, and only there")
    func directEntry() async throws {
        try await withStore { folder, store in
            let others = FakeKernel.note(owner: "Linux", type: 18) + FakeKernel.note(owner: "Xen", type: 6)
            let entry = FakeKernel.note(owner: "Xen", type: 18)
            let cut = Array(entry.prefix(9))
            for (name, notes) in [("with", others + entry), ("without", others), ("cut", cut), ("bare", nil)] {
                let payload = try await FakeKernel.payload(in: folder, notes: notes)
                let bytes = FakeKernel.image(release: "6.9.0-\(name)", payload: payload)
                let kernel = try await add(name, bytes, to: store, in: folder)
                #expect((kernel.uncompressed != nil) == (name == "with"))
                #expect(try store.path(of: kernel.image).contents == bytes)
                #expect(try store.path(of: kernel.bootImage).contents.starts(with: name == "with" ? [0x7f] : bytes))
            }
        }
    }

    @Test(
        "files that are larger than any of their kind, packed or unpacked, are refused before they are read",
        arguments: ["image", "config", "virtio_pci.ko", "virtio_pci.ko.zst"]
    )
    func tooLarge(spoilt: String) async throws {
        try await withStore { folder, store in
            let image = folder.appending("image")
            try image.write(FakeKernel.image(release: "6.9.0", payload: try await FakeKernel.payload(in: folder)))
            let config = folder.appending("config")
            try config.write("CONFIG_BPF=y\n")
            let modules = folder.appending("modules")
            try FileManager.default.createDirectory(atPath: modules.string, withIntermediateDirectories: false)
            let isModule = spoilt.hasPrefix("virtio")
            let file = isModule ? modules.appending(spoilt) : folder.appending(spoilt)
            let limits = ["image": FileLimit.image, "config": FileLimit.configuration]
            // Holes take no room.
            let hollow = spoilt.hasSuffix(".zst") ? folder.appending("hollow") : file
            if !FileManager.default.fileExists(atPath: hollow.string) { try hollow.write("") }
            #expect(truncate(hollow.string, off_t(limits[spoilt] ?? FileLimit.module) + 1) == 0)
            if hollow != file {
                let packing = try await Command("zstd", ["-q", "-1", hollow.string, "-o", file.string])
                    .run(within: .seconds(60))
                #expect(packing.ending.isSuccess)
            }
            let error = await #expect(throws: KernelStoreError.self) {
                try await store.add("mine", image: image, modules: modules, config: config)
            }
            guard case .refused(file.string, _)? = error else { Issue.record("\(String(describing: error))"); return }
            #expect(try store.kernels().isEmpty)
        }
    }

    @Test(
        "names that would be lines, paths or options are refused",
        arguments: ["6.1", "6.1.2", "latest", "../x", "-x", ".x", "", "a b"]
    )
    func names(name: String) async throws {
        try await withStore { folder, store in
            let error = await #expect(throws: KernelStoreError.self) {
                try await add(name, [1], to: store, in: folder)
            }
            #expect(error == .unusableName(name))
        }
    }

    @Test(
        "images that are none say why",
        arguments: [
            ([], "neither"), (Array("just words".utf8), "neither"), ([0x7f, 0x45, 0x4c, 0x46], "cut off"),
            (FakeKernel.image(release: "6.1.0", payload: []), "cut off"),
            (FakeKernel.image(release: "6.1.0", payload: [1, 2, 3, 4, 5, 6, 7, 8]), "compressed in an unknown way"),
            (FakeKernel.image(release: "6.1.0", payload: [0x1f, 0x8b, 1, 2, 3, 4, 5, 6]), "can't be unpacked"),
            (Array(FakeKernel.image(release: "6.1.0", payload: [0x1f, 0x8b, 1]).prefix(700)), "cut off"),
        ] as [([UInt8], String)]
    )
    func notKernels(bytes: [UInt8], reason: String) async throws {
        try await withStore { folder, store in
            let error = await #expect(throws: KernelStoreError.self) {
                try await add("x", bytes, to: store, in: folder)
            }
            #expect(error.map { "\($0)" }?.contains(reason) == true, "\(String(describing: error))")
            let kept = try store.kernels()
            #expect(kept.isEmpty)
        }
    }

    @Test("removing one kernel keeps what another one shares with it")
    func sharing() async throws {
        try await withStore { folder, store in
            let bytes = FakeKernel.image(release: "6.9.0-mine", payload: try await FakeKernel.payload(in: folder))
            let one = try await add("one", bytes, to: store, in: folder)
            let two = try await add("two", bytes, to: store, in: folder)
            #expect(one.image == two.image)
            _ = try await store.remove("one")
            #expect(FileManager.default.fileExists(atPath: store.path(of: two.image).string))
            _ = try await store.remove("two")
            #expect(!FileManager.default.fileExists(atPath: store.path(of: two.image).string))
            let error = await #expect(throws: KernelStoreError.self) { try await store.remove("two") }
            #expect(error == .notInStore(name: "two", there: []))
        }
    }

    @Test("a record that is damaged is named, and what a dead process left is swept away")
    func damage() async throws {
        try await withStore { _, store in
            let left = store.root.appending("tmp/0123456789abc")
            try FileManager.default.createDirectory(atPath: left.string, withIntermediateDirectories: true)
            try store.root.appending("kernels/bad.json").write("{")
            let again = try KernelStore(root: store.root)
            #expect(!FileManager.default.fileExists(atPath: left.string))
            let error = #expect(throws: KernelStoreError.self) { try again.kernels() }
            #expect(error.map { "\($0)" }?.contains("bad.json") == true)
        }
    }

    @Test("a store that can't be written to is told")
    func unwritable() async throws {
        #expect(throws: KernelStoreError.self) { try KernelStore(root: "/proc/no/such/place") }
    }
}

@Suite struct KernelPackageTests {
    private static let table = """
        linux-image-6.1.0-55-cloud-amd64 | 6.1.190-1 | http://archive.invalid bookworm/main amd64 Packages
        linux-image-6.1.0-56-cloud-amd64 | 6.1.192-2 | http://archive.invalid bookworm-security/main amd64 Packages
        linux-image-6.1.0-56-amd64 | 6.1.192-2 | http://archive.invalid bookworm-security/main amd64 Packages
        linux-image-6.1.0-56-rt-amd64 | 6.1.192-2 | http://archive.invalid bookworm-security/main amd64 Packages
        linux-image-cloud-amd64 | 6.1.192-2 | http://archive.invalid bookworm-security/main amd64 Packages
        linux-image-6.12-cloud-amd64 | 6.12.117-1 | http://archive.invalid trixie/main amd64 Packages
        linux-image-6.12.117+deb13-cloud-amd64 | 6.12.117-1 | http://archive.invalid trixie/main amd64 Packages
        linux-image-6.12.117+deb12-cloud-amd64 | 6.12.117-1~deb12u1 | http://archive.invalid bookworm-backports/main amd64 Packages
        linux-image-6.12.117+deb13-cloud-amd64-dbg | 6.12.117-1 | http://archive.invalid trixie/main amd64 Packages
        """

    private func best(_ spec: String) -> String? {
        KernelPackage.best(
            for: KernelSpec(spec),
            among: KernelPackage.parse(madison: Self.table, flavours: ["cloud-amd64", "amd64"])
        )?.name
    }

    @Test("the newest of a line, small before large, native before rebuilt, and no package without a kernel")
    func choice() {
        #expect(best("6.1") == "linux-image-6.1.0-56-cloud-amd64")
        #expect(best("6.1.190") == "linux-image-6.1.0-55-cloud-amd64")
        #expect(best("6.12") == "linux-image-6.12.117+deb13-cloud-amd64")
        #expect(best("latest") == "linux-image-6.12.117+deb13-cloud-amd64")
        #expect(best("6.1.0-56-amd64") == "linux-image-6.1.0-56-amd64")
        #expect(best("5.15") == nil)
    }

    @Test("arm64's kernels are chosen likewise, and those with other pages are none of them")
    func arm64() {
        let names = ["6.1.0-56-cloud-arm64", "6.1.0-56-arm64", "6.1.0-57-arm64-16k", "6.1.0-56-cloud-amd64"]
        let table = names.map {
            "linux-image-\($0) | 6.1.192-2 | http://archive.invalid bookworm/main arm64 Packages\n"
        }
        let packages = KernelPackage.parse(madison: table.joined(), flavours: ["cloud-arm64", "arm64"])
        #expect(packages.map(\.release) == ["6.1.0-56-cloud-arm64", "6.1.0-56-arm64"])
        #expect(KernelPackage.best(for: .line("6.1"), among: packages)?.release == "6.1.0-56-cloud-arm64")
    }

    @Test("what a package depends on is read by name, the first of each choice")
    func dependencies() {
        let stanza = "Package: x\nVersion: 1:2-3\nPre-Depends: a (>= 1)\nDepends: libc6:any (>= 2.38), b | c, d\n"
        let entry = PackageEntry(name: "x", stanza: stanza)
        #expect(entry?.version == "1:2-3")
        #expect(entry?.dependencies == ["a", "libc6", "b", "d"])
        #expect(PackageEntry(name: "x", stanza: "") == nil)
    }

    @Test("apt's own addresses are read, and anything else is not")
    func location() {
        let printed = "'http://archive.invalid/pool/x.deb' x.deb 123 SHA256:abc\n"
        #expect(PackageLocation(printed: printed)?.sha256 == "abc")
        #expect(PackageLocation(printed: "'http://archive.invalid/pool/x.deb' x.deb 123 MD5Sum:abc\n") == nil)
        #expect(PackageLocation(printed: "") == nil)
    }

    @Test("the machine's own apt configuration names the archive")
    func configured() throws {
        let archive = try PackageArchive.debian(
            by:
                "http://a.invalid/other sometool\nhttp://a.invalid/debian/ bookworm\nhttp://a.invalid/security/ bookworm-security\n",
            isStrict: false
        )
        #expect(archive.main == "http://a.invalid/debian/")
        #expect(archive.security == "http://a.invalid/security/")
        #expect(throws: KernelStoreError.noArchive) {
            try PackageArchive.debian(by: "http://a.invalid/ubuntu/ noble\n", isStrict: false)
        }
    }

    @Test("versions are ordered as numbers")
    func versions() {
        #expect(KernelVersion("6.9.1") < KernelVersion("6.12.0"))
        #expect(KernelVersion("6.12.117-1").text == "6.12.117")
        #expect(KernelVersion("7.2.13+deb14-cloud-amd64").line == "7.2")
    }
}
