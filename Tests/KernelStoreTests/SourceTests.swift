// SPDX-License-Identifier: Apache-2.0

import Foundation
import Matrix
import SystemPackage
import TestKernels
import Testing

@testable import KernelStore

@Suite struct SourceConfigurationTests {
    private func sources(_ text: String) throws -> KernelSources {
        try SourceConfiguration.sources(in: text, path: "config.yaml")
    }

    @Test("sources are asked in the order of the file, and another's archive is whatever it says")
    func order() throws {
        let sources = try sources(
            """
            sources:
              - name: ubuntu
                archive: http://archive.invalid/ubuntu
                suites: [noble, noble-updates]
                keyring: /keys.gpg
                components: [main, universe]
                flavours: [generic]
              - debian
            longterm: [5.10, 6.1]
            """
        )
        #expect(sources.sources.map(\.name) == ["ubuntu", "debian"])
        // 5.10 is a line, and not the number 5.1.
        #expect(sources.longTermLines == ["5.10", "6.1"])
        guard case .archive(let archive)? = sources.sources.first else { Issue.record("no archive"); return }
        #expect(archive.suites.map(\.name) == ["noble", "noble-updates"])
        #expect(
            archive.sources(archive.suites, architecture: "amd64").contains(
                "[arch=amd64 signed-by=/keys.gpg] http://archive.invalid/ubuntu noble-updates main universe\n"
            )
        )
    }

    @Test("an empty file changes nothing")
    func empty() throws {
        #expect(try sources("") == .usual)
        #expect(try sources("longterm: [6.6]").sources == KernelSources.usual.sources)
    }

    @Test(
        "what is wrong in a configuration is named, with its line",
        arguments: [
            ("sources: [debian]\nsuorces: []", "line 2", "unknown key 'suorces'"),
            ("sources:\n  - debian\n  - debain", "line 3", "no source 'debain' is built in"),
            ("sources: debian", "line 1", "sources is no list"),
            ("sources: []", "line 1", "it has no sources"),
            ("sources:\n  - name: x\n    archive: http://a\n    suites: [s]", "line 2", "archive x needs a keyring"),
            ("sources:\n  - archive: http://a", "line 2", "a source needs a name"),
            ("sources:\n  - name: file\n    archive: http://a", "line 2", "'file' can't be a source's name"),
            ("sources:\n  - name: 6.1\n    archive: http://a", "line 2", "'6.1' can't be a source's name"),
            (
                "sources:\n  - name: twice\n    archive: a\n    suites: [s]\n    keyring: k\n  - name: twice\n    registry: h.example/r",
                "line 6", "second"
            ),
            ("sources:\n  - name: lvh\n    registry: 127.0.0.1:5000/mine", "line 2", "'lvh' can't be a source's name"),
            ("longterm: [new]", "line 1", "'new' is no line"),
            ("sources: [", "config.yaml", "can't be used"),
            ("- a", "line 1", "no mapping"),
        ]
    )
    func wrong(text: String, line: String, reason: String) {
        let error = #expect(throws: SourceConfiguration.Failure.self) { try sources(text) }
        let words = error.map { "\($0)" } ?? ""
        #expect(words.contains(line) && words.contains(reason), "\(words)")
    }

    @Test("a configuration that was named and is not there is told, and one that was not named need not be there")
    func absent() throws {
        #expect(throws: SourceConfiguration.Failure.self) {
            try SourceConfiguration.sources(environment: ["BPFMATRIX_CONFIG": "/no/such/file"])
        }
        #expect(try SourceConfiguration.sources(environment: ["XDG_CONFIG_HOME": "/no/such/folder"]) == .usual)
    }
}

/// Words that mean kernels.
@Suite struct KernelSpecTests {
    @Test(
        "each word means one kind of kernel",
        arguments: [
            ("6.1", KernelSpec.line("6.1")), ("6.1.192", .version("6.1.192")), ("latest", .latest), ("lts", .longTerm),
            ("6.1.0-56-cloud-amd64", .named("6.1.0-56-cloud-amd64")), ("mine", .named("mine")),
            ("lvh:6.6", .from(source: "lvh", .line("6.6"))), ("debian:12", .from(source: "debian", .named("12"))),
            ("oci://host:5000/a/b@sha256:00", .image("oci://host:5000/a/b@sha256:00")),
            ("file:/boot/vmlinuz", .file("/boot/vmlinuz")), ("tree:../linux", .tree("../linux")),
        ]
    )
    func words(text: String, spec: KernelSpec) {
        #expect(KernelSpec(text) == spec)
        #expect(spec.description == text)
    }

    @Test("a release of Debian's is the line that it is known for, so that nobody need be asked for one that is here")
    func debianRelease() {
        let sources = KernelSources([.debian])
        #expect(sources.meaning(of: KernelSpec("debian:12")) == .from(source: "debian", .line("6.1")))
        #expect(sources.meaning(of: KernelSpec("debian:bookworm")) == .from(source: "debian", .line("6.1")))
        #expect(sources.meaning(of: KernelSpec("debian:11")) == .from(source: "debian", .line("5.10")))
        #expect(sources.meaning(of: KernelSpec("debian:sid")) == .from(source: "debian", .named("sid")))
        #expect(sources.meaning(of: KernelSpec("other:12")) == .from(source: "other", .named("12")))
        #expect(sources.meaning(of: KernelSpec("lts")) == .newest(ofLines: KernelSources.usualLongTermLines))
    }

    @Test("only what can't become another kernel stays the same tomorrow")
    func moving() {
        for word in ["6.1", "latest", "lts", "debian:12", "file:x", "tree:x", "oci://h/r:tag", "lvh:6.6"]
        where word != "debian:12" {
            #expect(KernelSpec(word).isMoving, "\(word)")
        }
        for word in ["6.1.192", "6.1.0-56-cloud-amd64", "lvh:6.6.30", "oci://h/r@sha256:00"] {
            #expect(!KernelSpec(word).isMoving, "\(word)")
        }
    }
}

/// Several sources, one after the other.
@Suite struct SourceOrderTests {
    private func withTwo(
        _ body: @escaping @Sendable (ArchiveFixture, ArchiveFixture, KernelStore) async throws -> Void
    ) async throws {
        try await withScratchFolder { folder in
            let first = try await ArchiveFixture(in: folder.appending("first"))
            let second = try await ArchiveFixture(in: folder.appending("second"))
            try await second.addDividedKernel("6.8.0-31-generic", version: "6.8.0-31.31")
            try await second.sign()
            try await body(first, second, try KernelStore(root: folder.appending("store")))
        }
    }

    @Test(
        "the first source that has a kernel is taken, the others' answers are told, and each can be meant by its name"
    )
    func inOrder() async throws {
        try await withTwo { first, second, store in
            try await first.served { one in
                try await second.served { two in
                    let sources = KernelSources(
                        [
                            .archive(first.archive(port: one, name: "one")),
                            .archive(second.archive(port: two, name: "two")),
                        ],
                        longTermLines: ["6.1", "6.8"]
                    )
                    let both = try await store.pull(.line("6.1"), from: sources) { _ in }
                    #expect(both.origin == "one")
                    #expect(both.name == "one-\(ArchiveFixture.release)")
                    let other = try await store.pull(KernelSpec("two:6.1"), from: sources) { _ in }
                    #expect(other.origin == "two")
                    let only = try await store.pull(.line("6.8"), from: sources) { _ in }
                    #expect(only.origin == "two")
                    #expect(only.version == "6.8.0")
                    #expect(only.config != nil)
                    #expect(only.modules.map(\.name) == ["virtio_pci.ko"])
                    // The first source that has any of the lines, and its newest.
                    #expect(try await store.pull(.longTerm, from: sources) { _ in }.origin == "one")
                    #expect(try await store.pull(KernelSpec("two:lts"), from: sources) { _ in }.version == "6.8.0")
                    let suite = try await store.pull(KernelSpec("two:\(second.suite)"), from: sources) { _ in }
                    #expect(suite.version == "6.8.0")
                    // What is in the store can be meant by its source too.
                    #expect(try store.kernel(for: KernelSpec("one:6.1"))?.origin == "one")
                    #expect(try store.kernel(for: KernelSpec("one:6.8")) == nil)
                }
            }
        }
    }

    @Test("a kernel that no source has is told with what each of them said")
    func noSource() async throws {
        try await withTwo { first, second, store in
            try await second.served { two in
                let sources = KernelSources([
                    .archive(first.archive(port: 1, name: "one")), .archive(second.archive(port: two, name: "two")),
                ])
                let error = await #expect(throws: KernelStoreError.self) {
                    try await store.pull(.line("4.4"), from: sources) { _ in }
                }
                guard case .noSource(_, let answers)? = error else {
                    Issue.record("\(String(describing: error))"); return
                }
                #expect(answers.map(\.source) == ["one", "two"])
                #expect(answers[1].answer.contains("What is there: 6.1, 6.8"))
                let unknown = await #expect(throws: KernelStoreError.self) {
                    try await store.pull(KernelSpec("three:6.1"), from: sources) { _ in }
                }
                #expect(unknown == .unknownSource(name: "three", known: ["one", "two"]))
                // The one that can't be asked does not keep the other from being asked.
                let available = try await store.pull(.line("6.8"), from: sources) { _ in }
                #expect(available.origin == "two")
            }
        }
    }

    @Test(
        "an index that was tampered with ends the search: no other source is asked in silence, and no older kernel taken"
    )
    func tampered() async throws {
        try await withTwo { first, second, store in
            try await first.served { one in
                try await second.served { two in
                    let sources = KernelSources([
                        .archive(first.archive(port: one, name: "one")),
                        .archive(second.archive(port: two, name: "two")),
                    ])
                    _ = try await store.pull(KernelSpec("two:6.8"), from: sources) { _ in }
                    let index = try String(contentsOfFile: first.index.string, encoding: .utf8)
                    try first.index.write(index.replacing("6.1.999", with: "6.1.998"))
                    for word in ["6.1", "one:6.1", "latest"] {
                        let error = await #expect(throws: KernelStoreError.self) {
                            try await KernelSelection(store: store, sources: sources).kernel(word) { _ in }
                        }
                        guard case .archiveRefused? = error else {
                            Issue.record("\(word): \(String(describing: error))")
                            continue
                        }
                    }
                }
            }
        }
    }
}

/// Kernels that are meant by where they lie.
@Suite struct FileTests {
    @Test("a file is taken in with what lies beside it, and anew when it has changed")
    func file() async throws {
        try await withScratchFolder { folder in
            let store = try KernelStore(root: folder.appending("store"))
            let boot = folder.appending("boot")
            let modules = folder.appending("lib/modules/6.2.9-test/kernel")
            for path in [boot, modules] {
                try FileManager.default.createDirectory(atPath: path.string, withIntermediateDirectories: true)
            }
            let image = boot.appending("vmlinuz")
            let payload = try await FakeKernel.payload(in: folder)
            try image.write(FakeKernel.image(release: "6.2.9-test", payload: payload))
            try boot.appending("config-6.2.9-test").write("CONFIG_BPF=y\n")
            try boot.appending("btf-6.2.9-test").write([0x9f, 0xeb, 1, 0, 0, 0, 0, 0])
            try modules.appending("virtio_pci.ko").write(try await FakeKernel.module(in: folder))
            let sources = KernelSources([])
            let kernel = try await store.pull(.file(image.string), from: sources) { _ in }
            #expect(kernel.release == "6.2.9-test")
            #expect(kernel.config != nil && kernel.btf != nil && kernel.isBTFExternal)
            #expect(kernel.modules.map(\.name) == ["virtio_pci.ko"])
            #expect(kernel.isOwn)
            try image.write(FakeKernel.image(release: "6.2.9-test", payload: payload + [0]))
            let changed = try await store.pull(.file(image.string), from: sources) { _ in }
            #expect(changed.digest != kernel.digest)
            // A run that began with the old one goes on with it; of many the oldest go.
            #expect(FileManager.default.fileExists(atPath: store.path(of: kernel.image).string))
            for state in 1...6 {
                try image.write(
                    FakeKernel.image(release: "6.2.9-test", payload: payload + [UInt8](repeating: 1, count: state))
                )
                _ = try await store.pull(.file(image.string), from: sources) { _ in }
            }
            #expect(try store.kernels().count == 4)
            // A line never means it.
            #expect(try store.kernel(for: .line("6.2")) == nil)
        }
    }

    @Test(
        "what lies beside a file and does not bear its release is of something else; links are followed as the system does"
    )
    func beside() async throws {
        try await withScratchFolder { folder in
            let store = try KernelStore(root: folder.appending("store"))
            let home = folder.appending("a/b")
            try FileManager.default.createDirectory(
                atPath: home.appending(".config").string,
                withIntermediateDirectories: true
            )
            try home.appending("config").write("CONFIG_HZ=1000\n")
            let image = FakeKernel.image(release: "6.2.9", payload: try await FakeKernel.payload(in: folder))
            try home.appending("bzImage").write(image)
            try folder.appending("a/bzImage").write(image + [0])
            try FileManager.default.createSymbolicLink(
                atPath: folder.appending("link").string,
                withDestinationPath: home.string
            )
            let kernel = try await store.pull(.file(home.appending("bzImage").string), from: .usual) { _ in }
            #expect(kernel.config == nil)
            let above = try await store.pull(.file("\(folder)/link/../bzImage"), from: .usual) { _ in }
            #expect(above.image.size == image.count + 1)
        }
    }

    @Test("a tree in which nothing was built, a file that is not there, and BTF that is none are told")
    func wrong() async throws {
        try await withScratchFolder { folder in
            let store = try KernelStore(root: folder.appending("store"))
            for spec in [KernelSpec.tree(folder.string), .file("/no/such/file"), .file(folder.string)] {
                await #expect(throws: KernelStoreError.self) { try await store.pull(spec, from: .usual) { _ in } }
            }
            let image = folder.appending("image")
            try image.write(
                FakeKernel.image(release: "4.19.1", payload: try await FakeKernel.payload(in: folder))
            )
            let error = await #expect(throws: KernelStoreError.self) {
                try await store.add("old", image: image, btf: image)
            }
            #expect(error == .notTypeInformation(path: image.string))
        }
    }

    @Test("a tree is its image, configuration and modules")
    func tree() async throws {
        try await withScratchFolder { folder in
            let store = try KernelStore(root: folder.appending("store"))
            let tree = folder.appending("linux")
            for part in ["arch/x86/boot", "drivers/virtio"] {
                try FileManager.default.createDirectory(
                    atPath: tree.appending(part).string,
                    withIntermediateDirectories: true
                )
            }
            try tree.appending("arch/x86/boot/bzImage").write(
                FakeKernel.image(release: "7.9.0-rc1+", payload: try await FakeKernel.payload(in: folder))
            )
            try tree.appending(".config").write("CONFIG_BPF=y\n")
            try tree.appending("drivers/virtio/virtio_pci.ko").write(try await FakeKernel.module(in: folder))
            let added = try await store.add("mine", tree: tree)
            let meant = try await store.pull(KernelSpec("tree:\(tree)"), from: .usual) { _ in }
            for kernel in [added, meant] {
                #expect(kernel.release == "7.9.0-rc1+" && kernel.config != nil)
                #expect(kernel.modules.map(\.name) == ["virtio_pci.ko"])
            }
        }
    }
}
