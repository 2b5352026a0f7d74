// SPDX-License-Identifier: Apache-2.0

import ContentDigest
import Foundation
import KernelStore
import Platform
import SystemPackage
import VirtualMachine

/// What guests of another architecture than the host's are made of: kernels out of the store, and Debian's bpftool with a shell
/// in the place of the agent, which is built for the host only.
public struct ForeignSupply: Sendable {
    public let store: KernelStore
    public let tools: GuestToolset

    public init(store: KernelStore, tools: GuestToolset) {
        self.store = store
        self.tools = tools
    }

    public var architecture: Architecture { tools.architecture }

    /// The tools of the store, fetched where they are not there yet.
    public init(
        fetchingInto store: KernelStore,
        for architecture: Architecture,
        isStrict: Bool = false,
        report: @escaping @Sendable (PullProgress) -> Void
    ) async throws {
        if let tools = try store.tools(for: architecture) {
            self.init(store: store, tools: tools)
        } else {
            let archive = try await PackageArchive.debian(isStrict: isStrict)
            self.init(
                store: store,
                tools: try await store.pullTools(for: architecture, from: archive, progress: report)
            )
        }
    }

    /// - Parameter objects: names of the folder's files, in the order in which they are to be loaded.
    func machine(for kernel: Kernel, objects: [String], of folder: ObjectFolder) throws -> MachineConfiguration {
        MachineConfiguration(
            kernel: BootKernel(
                name: kernel.name,
                image: store.path(of: kernel.bootImage),
                digest: kernel.bootImage.sha256,
                architecture: kernel.architecture
            ),
            initramfs: GuestInitramfs(
                files: try Self.scripts(in: folder, objects: objects) + toolFiles + folder.files(objects),
                modules: store.guestModules(kernel.modules),
                configuration: store.guestConfiguration(of: kernel)
            ),
            // What is foreign to the processor has to be emulated.
            accelerator: .tcg
        )
    }

    private var toolFiles: [GuestFile] {
        tools.files.map { file in
            GuestFile(name: file.name, mode: 0o755, source: store.path(of: file), digest: file.blob.digest)
        }
    }

    private static func scripts(in folder: ObjectFolder, objects: [String]) throws -> [GuestFile] {
        let files: [(name: String, bytes: [UInt8])] = [
            ("init", PackageResources.foreign_init_sh),
            ("test-bpf-in-vm.sh", PackageResources.test_bpf_in_vm_sh),
            ("objects.list", Array(objects.map { $0 + "\n" }.joined().utf8)),
        ]
        // Beside the objects, which have other names; a kernel's list differs from another's.
        let place = folder.path.appending("guest-\(UUID().uuidString)")
        try FileManager.default.createDirectory(atPath: place.string, withIntermediateDirectories: false)
        return try files.map { name, bytes in
            let path = place.appending(name)
            try Data(bytes).write(to: URL(filePath: path.string))
            return GuestFile(name: name, mode: 0o755, source: path, digest: ContentDigest(of: bytes))
        }
    }
}
