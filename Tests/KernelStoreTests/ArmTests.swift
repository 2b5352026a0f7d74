// SPDX-License-Identifier: Apache-2.0

import Foundation
import Matrix
import Platform
import SystemPackage
import TestKernels
import Testing

@testable import KernelStore

/// Kernels of another architecture: what their bytes tell, and that none is taken for another's.
@Suite struct ArmTests {
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
        return try await store.add(name, image: image)
    }

    @Test("an Image says its release, and its types are found among other bytes")
    func image() async throws {
        try await withStore { folder, store in
            let types = FakeArmKernel.types(1000)
            let bytes = FakeArmKernel.image(release: "6.1.0-arm", types: types)
            let kernel = try await add("mine", bytes, to: store, in: folder)
            #expect(kernel.architecture == .arm64)
            #expect(kernel.release == "6.1.0-arm")
            #expect(kernel.uncompressed == nil)
            let btf = try #require(kernel.btf)
            #expect(try store.path(of: btf).contents == types)
        }
    }

    @Test("what only looks like a kernel's types is not taken for them, nor are two of them")
    func noTypes() async throws {
        try await withStore { folder, store in
            let good = FakeArmKernel.types(1000)
            var kind = good
            kind[24 + 16 * 500 + 7] = 31
            var name = good
            name[24 + 16 * 999 + 2] = 1
            let open = FakeArmKernel.types(1000, strings: [0, 1])
            let cases = [
                "none": [], "few": FakeArmKernel.types(999), "kind": kind, "name": name, "open": open,
                "cut": Array(good.prefix(9000)), "two": good + good,
            ]
            for (what, types) in cases {
                let kernel = try await add(
                    what,
                    FakeArmKernel.image(release: "6.1.0-\(what)", types: types),
                    to: store,
                    in: folder
                )
                #expect(kernel.btf == nil, "\(what)")
            }
        }
    }

    @Test("an Image is taken out of gzip and out of EFI's zboot, and booted from", arguments: ["gzip", "zstd", "xz"])
    func packed(tool: String) async throws {
        try await withStore { folder, store in
            let plain = FakeArmKernel.image(release: "6.1.0-packed", types: FakeArmKernel.types(1000))
            let payload = try await FakeArmKernel.packed(plain, by: tool, in: folder)
            // The build leaves the unpacked size behind all but gzip's.
            let zboot = FakeArmKernel.zboot(tool == "gzip" ? payload : payload + [1, 2, 3, 4])
            for bytes in tool == "gzip" ? [payload, zboot] : [zboot] {
                let kernel = try await add("k\(bytes.count)", bytes, to: store, in: folder)
                #expect(kernel.release == "6.1.0-packed")
                #expect(try store.path(of: kernel.image).contents == bytes)
                #expect(try store.path(of: kernel.bootImage).contents == plain)
                #expect(kernel.btf != nil)
            }
        }
    }

    @Test(
        "images that are none say why",
        arguments: [
            (FakeArmKernel.image(release: ""), "does not say which Linux"),
            (FakeArmKernel.image(release: "6.1.0", size: 0), "before Linux 3.17"),
            (FakeArmKernel.image(release: "6.1.0", size: .max), "cut off"),
            (FakeArmKernel.image(release: "6.1.0", flags: 1), "big-endian"),
            (Array(FakeArmKernel.image(release: "6.1.0").prefix(50)), "neither"),
            (Array(FakeArmKernel.image(release: "6.1.0").prefix(60)), "does not say which Linux"),
            (FakeArmKernel.zboot([1, 2, 3, 4]), "unknown way"),
            (FakeArmKernel.zboot([0x1f, 0x8b, 1, 2]), "no arm64 Image"),
            (FakeArmKernel.zboot([0x1f, 0x8b], offset: .max, size: .max), "cut off"),
            (FakeArmKernel.zboot([0x1f, 0x8b], size: 0), "cut off"),
            (Array(FakeArmKernel.zboot([]).prefix(12)), "cut off"),
            ([0x1f, 0x8b, 1, 2], "no arm64 Image"),
        ] as [([UInt8], String)]
    )
    func refused(bytes: [UInt8], reason: String) async throws {
        try await withStore { folder, store in
            let error = await #expect(throws: KernelStoreError.self) {
                try await add("x", bytes, to: store, in: folder)
            }
            #expect(error.map { "\($0)" }?.contains(reason) == true, "\(String(describing: error))")
        }
    }

    /// Records of the same line for both, as a source's.
    private func fill(_ store: KernelStore) throws {
        for architecture in Architecture.allCases {
            let record = """
                {"name": "debian-6.1.0-1-\(architecture)", "release": "6.1.0-1-\(architecture)", "version": "6.1.9",
                 "source": "s", "origin": "debian", "architecture": "\(architecture)", "modules": [], "imageModules": [],
                 "image": {"sha256": "\(architecture)", "size": 0}, "added": "2026-01-01T00:00:00Z"}
                """
            try store.root.appending("kernels/\(architecture).json").write(record)
        }
    }

    @Test("a line means a kernel of the architecture that is asked for, and a name only its own")
    func separation() async throws {
        try await withStore { _, store in
            try fill(store)
            for spec in ["6.1", "6.1.9", "latest", "debian:6.1"].map({ KernelSpec($0) }) {
                for architecture in Architecture.allCases {
                    #expect(try store.kernel(for: spec, on: architecture)?.architecture == architecture)
                }
                #expect(try store.kernel(for: spec)?.architecture == .host)
            }
            let named = KernelSpec("debian-6.1.0-1-arm64")
            #expect(try store.kernel(for: named)?.architecture == .arm64)
            #expect(try store.kernel(for: named, on: .amd64) == nil)
        }
    }

    @Test("a run gets no other architecture's kernel, by line, name or file")
    func selection() async throws {
        try await withStore { folder, store in
            try fill(store)
            for architecture in Architecture.allCases {
                var sources = KernelSources([])
                sources.architecture = architecture
                let selection = KernelSelection(store: store, sources: sources)
                let other = try #require(Architecture.allCases.first { $0 != architecture })
                #expect(try await selection.kernel("6.1") { _ in }.architecture == architecture)
                await #expect(
                    throws: KernelStoreError.anotherArchitecture(expected: architecture, found: other)
                ) {
                    try await selection.kernel("debian-6.1.0-1-\(other)") { _ in }
                }
            }
            let image = folder.appending("Image")
            try image.write(FakeArmKernel.image(release: "6.1.0-arm"))
            var sources = KernelSources([])
            sources.architecture = .amd64
            let wanted = sources
            await #expect(throws: KernelStoreError.anotherArchitecture(expected: .amd64, found: .arm64)) {
                try await store.pull(.file(image.string), from: wanted) { _ in }
            }
        }
    }

    @Test("a lock pins the same word for each architecture, and a pin that names none is amd64's")
    func lock() async throws {
        try await withStore { folder, store in
            try fill(store)
            var lock = KernelLock(at: folder.appending("lock"))
            for architecture in Architecture.allCases {
                lock.pin("6.1", to: try #require(try store.kernel(for: .line("6.1"), on: architecture)))
            }
            try lock.write()
            let again = try KernelLock(reading: lock.path)
            for architecture in Architecture.allCases {
                #expect(again.specs(for: architecture) == ["6.1"])
                #expect(again.pin(of: "6.1", for: architecture)?.release == "6.1.0-1-\(architecture)")
            }
            #expect(again.pins["6.1"]?.platform == .amd64)
            #expect(try !String(contentsOfFile: lock.path.string, encoding: .utf8).contains("amd64\"\n"))
        }
    }

    @Test("a program's libraries are read, and one for another machine is refused")
    func libraries() throws {
        let program = try FilePath("/proc/self/exe").contents
        #expect(try SharedLibraries.needed(by: program, .host).contains { $0.hasPrefix("libc.so") })
        let foreign = try #require(Architecture.allCases.first { $0 != .host })
        #expect(throws: BootImage.Refusal.foreignELF(machine: Architecture.host.elfMachine)) {
            try SharedLibraries.needed(by: program, foreign)
        }
        #expect(throws: (any Error).self) { try SharedLibraries.needed(by: Array(program.prefix(5000)), .host) }
    }
}
