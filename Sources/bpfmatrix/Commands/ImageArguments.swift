// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import GuestImages
import KernelStore
import Matrix
import SystemPackage
import VirtualMachine

/// In which image objects are loaded besides.
struct ImageArguments: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Load the objects in this image too, by its own scripts/test-bpf-in-vm.sh and bpftool. (`bpfmatrix images`)",
            valueName: "name"
        )
    )
    var image: String?

    @Option(
        help: ArgumentHelp(
            "What the image sees, read-only, at /host. (default: the folder with the objects)",
            valueName: "folder"
        )
    )
    var hostDirectory: String?

    func validate() throws {
        guard let hostDirectory else { return }
        if image == nil { throw ValidationError("--host-directory is for --image") }
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: hostDirectory, isDirectory: &isFolder), isFolder.boolValue else {
            throw ValidationError("--host-directory: there is no folder \(hostDirectory)")
        }
    }

    /// Who loads: the agent and bpftool unless something else was asked for, and the image if there is one.
    func loaders(_ chosen: LoaderChoice?) throws(ValidationError) -> LoaderChoice {
        let loaders = chosen ?? (image == nil ? .both : [.both, .image])
        if loaders.contains(.image) && image == nil {
            throw ValidationError("--loader image needs an image: --image NAME")
        }
        if !loaders.contains(.image) && image != nil {
            throw ValidationError("--image is not used: --loader does not name image")
        }
        return loaders
    }

    /// The image, where one was named.
    func image(in store: KernelStore) throws -> ImageUnderTest? {
        guard let name = image else { return nil }
        let images = try GuestImageStore(root: store.root)
        guard let image = try images.image(named: name) else {
            throw ImageMissing(name: name, there: try images.images().map(\.name))
        }
        return ImageUnderTest(
            disk: GuestDisk(name: name, path: image.path, format: image.format.disk, digest: image.sha256),
            hostFolder: hostDirectory.map { FilePath(FileManager.default.currentDirectoryPath).pushing(FilePath($0)) }
        )
    }
}

struct ImageMissing: Error, CustomStringConvertible {
    let name: String
    let there: [String]

    var description: String {
        "no image \(name) in the store (there: \(there.isEmpty ? "none" : there.joined(separator: ", "))): "
            + "bpfmatrix images build \(name)"
    }
}

extension ImageFormat {
    fileprivate var disk: GuestDisk.Format {
        switch self {
        case .raw: .raw
        case .qcow2: .qcow2
        }
    }
}
