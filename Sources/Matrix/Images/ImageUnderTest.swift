// SPDX-License-Identifier: Apache-2.0

import GuestProtocol
import KernelProfile
import KernelStore
import SystemPackage
import VirtualMachine

/// An image in which objects are loaded by the image's own means.
public struct ImageUnderTest: Sendable, Hashable {
    public let disk: GuestDisk
    /// What loads them: a program of the image's, which is given a folder and names of objects in it, and says in lines of
    /// JSON what came of each.
    public let script: String
    /// A folder of the host's to be seen at `/host`; nil for the one with the objects.
    public let hostFolder: FilePath?

    public init(disk: GuestDisk, script: String = Self.usualScript, hostFolder: FilePath? = nil) {
        self.disk = disk
        self.script = script
        self.hostFolder = hostFolder
    }

    public static let usualScript = "/scripts/test-bpf-in-vm.sh"
    static let hostTarget = "/host"
    private static let objectTarget = "/objects"

    /// Where the objects are seen.
    var objectTarget: String { hostFolder == nil ? Self.hostTarget : Self.objectTarget }

    /// What the guest is handed.
    ///
    /// - Parameter objects: the folder of the host's with the objects.
    func folders(objects: FilePath, by transport: HostFolder.Transport) -> [(shared: SharedFolder, seen: HostFolder)] {
        let wanted =
            [("objects", objects, objectTarget)] + (hostFolder.map { [("host", $0, Self.hostTarget)] } ?? [])
        return wanted.map { tag, path, target in
            (
                SharedFolder(tag: tag, path: path, transport: transport),
                HostFolder(tag: tag, target: target, transport: transport)
            )
        }
    }
}

/// Why a kernel can't have an image.
enum ImageObstacle: Error, Hashable, CustomStringConvertible {
    /// The kernel has neither of the ways by which a folder of the host's comes into a guest.
    case noSharing(kernel: String)
    /// It was taken in by a version of this tool that left the modules out.
    case modulesMissing(kernel: String)

    var description: String {
        switch self {
        case .noSharing(let kernel):
            "\(kernel) has neither virtiofs nor 9p over virtio, so that it can't see the host's folder"
        case .modulesMissing(let kernel):
            "\(kernel) was taken in without the modules for images: bpfmatrix kernels remove \(kernel), and take it in again"
        }
    }
}

extension Kernel {
    /// By what this kernel may be handed folders: 9p, which needs no other process, where it has that.
    ///
    /// - Parameter config: nil where it isn't known; then only trying shows what is built in.
    func transports(_ config: KernelConfiguration?) throws(ImageObstacle) -> [HostFolder.Transport] {
        guard let imageModules else { throw .modulesMissing(kernel: name) }
        func has(_ module: String, _ option: String) -> Bool {
            imageModules.contains { $0.name == "\(module).ko" } || config?.value(of: option) == "y"
        }
        if has("9p", "CONFIG_9P_FS") && has("9pnet_virtio", "CONFIG_NET_9P_VIRTIO") { return [.plan9] }
        if has("virtiofs", "CONFIG_VIRTIO_FS") { return [.virtiofs] }
        guard config == nil else { throw .noSharing(kernel: name) }
        return [.plan9, .virtiofs]
    }
}
