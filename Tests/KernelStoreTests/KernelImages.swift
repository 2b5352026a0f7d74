// SPDX-License-Identifier: Apache-2.0

import Foundation
import SystemPackage
import TestServers

/// Images with kernels that nothing could boot, laid out as those who publish kernels do.
struct KernelImages {
    let folder: FilePath
    /// What stands in the place of the compressed kernel.
    private let payload: [UInt8]

    static let repository = "test/kernels"

    init(in folder: FilePath) async throws {
        self.folder = folder
        payload = try await FakeKernel.payload(in: folder)
    }

    func bytes(_ release: String) -> [UInt8] { FakeKernel.image(release: release, payload: payload) }

    /// Little-VM-Helper's: below `data/kernels`, on top of something else.
    ///
    /// - Parameter release: of the image, where that is not what its files' names say.
    func littleVMHelper(_ line: String, _ label: String, release: String? = nil) async throws -> MadeImage {
        var base = TarBuilder()
        base.folder("bin/")
        base.file("bin/busybox", "a shell")
        base.symbolicLink("bin/sh", to: "busybox")
        base.entry("dev/null", type: "3")
        var kernel = TarBuilder()
        let root = "data/kernels/\(line)"
        kernel.file("\(root)/boot/vmlinuz-\(label)", bytes(release ?? label))
        kernel.file("\(root)/boot/vmlinux-\(label)", "not needed")
        kernel.file("\(root)/boot/System.map-\(label)", "not needed")
        kernel.file("\(root)/boot/config-\(label)", "CONFIG_BPF=y\n")
        kernel.file("\(root)/boot/btf-\(label)", [0x9f, 0xeb, 1, 0, 0, 0, 0, 0])
        kernel.file("\(root)/lib/modules/\(label)/modules.dep", "not needed")
        kernel.symbolicLink("\(root)/lib/modules/\(label)/build", to: "/usr/src/linux")
        kernel.file("\(root)/lib/modules/\(label)/kernel/drivers/virtio/virtio_pci.ko", "a module")
        return MadeImage([
            try await .layer(base.bytes, packedBy: "gzip", in: folder),
            try await .layer(kernel.bytes, packedBy: "gzip", in: folder),
        ])
    }

    /// Cilium's: at the root, the modules below `/usr`.
    func cilium(_ release: String) async throws -> MadeImage {
        var tar = TarBuilder()
        tar.symbolicLink("lib", to: "usr/lib")
        tar.symbolicLink("boot/vmlinuz", to: "vmlinuz-\(release)")
        tar.file("boot/vmlinuz-\(release)", bytes(release))
        tar.file("usr/lib/modules/\(release)/config", "CONFIG_BPF=y\n")
        tar.file("lib/modules/\(release)/kernel/virtio_console.ko", "a module")
        return MadeImage([try await .layer(tar.bytes, packedBy: "zstd", in: folder)])
    }

    /// Any files.
    func image(_ files: [(path: String, bytes: [UInt8])]) -> MadeImage {
        var tar = TarBuilder()
        for (path, bytes) in files { tar.file(path, bytes) }
        return MadeImage([.layer(tar.bytes)])
    }

    /// A registry that has these images, and lists their tags.
    static func routes(_ images: [(tag: String, image: MadeImage)], alsoListed: [String] = []) -> [Route] {
        let tags = (images.map(\.tag) + alsoListed).map { #""\#($0)""# }.joined(separator: ",")
        return [Route("/v2/\(repository)/tags/list", #"{"name":"\#(repository)","tags":[\#(tags)]}"#)]
            + images.flatMap { $0.image.routes(repository, tag: $0.tag) }
    }
}
