// SPDX-License-Identifier: Apache-2.0

import KernelStore
import SystemPackage
import TestKernels

/// Real kernels in images, as registries have them.
public enum KernelImage {
    /// A kernel as Little-VM-Helper lays it out.
    public static func littleVMHelper(_ kernel: Kernel, in folder: FilePath) async throws -> MadeImage {
        let store = try TestKernels.store
        let root = "data/kernels/\(kernel.line)"
        var tar = TarBuilder()
        tar.file("\(root)/boot/vmlinuz-\(kernel.release)", try store.path(of: kernel.image).contents)
        if let config = kernel.config {
            tar.file("\(root)/boot/config-\(kernel.release)", try store.path(of: config).contents)
        }
        for module in kernel.modules {
            let path = "\(root)/lib/modules/\(kernel.release)/kernel/\(module.name)"
            tar.file(path, try store.path(of: module.blob).contents)
        }
        return MadeImage([try await .layer(tar.bytes, packedBy: "gzip", in: folder)])
    }
}
