// SPDX-License-Identifier: Apache-2.0

import ContentDigest
import FileLock
import Foundation
import ScratchFolder
import SystemPackage

/// Images for guests on this machine, and how they are made: each known by all that it was made from, so that nothing is
/// built twice.
///
/// Below `root`: `images/NAME-DIGEST/` with the image and its record, whole or not there; `images/unfinished/` for builds
/// under way. Any number of processes may use it at once.
public struct GuestImageStore: Sendable {
    private let folder: FilePath
    private let scratch: ScratchFolders

    /// A build has limits of its own, but may have been stopped.
    private static let patience = Duration.seconds(7200)

    /// Opens the store, and makes it where it is not there yet. What killed builds have left behind is removed.
    ///
    /// - Parameter root: the folder that the tool keeps everything in.
    public init(root: FilePath) throws(GuestImageError) {
        // mmdebstrap's root must be absolute.
        let here = FilePath(FileManager.default.currentDirectoryPath)
        folder = here.pushing(root).appending("images")
        let unfinished = folder.appending("unfinished")
        scratch = ScratchFolders(in: unfinished, prefix: "") { Cage.remove($0) }
        do {
            try FileManager.default.createDirectory(
                atPath: unfinished.string,
                withIntermediateDirectories: true,
                attributes: [.posixPermissions: 0o700]
            )
        } catch {
            throw .storage(path: unfinished.string, reason: error.localizedDescription)
        }
        scratch.sweep()
    }

    /// Everything in the store, by name, of each name the one that was built or asked for last first.
    public func images() throws(GuestImageError) -> [GuestImage] {
        let names = ((try? FileManager.default.contentsOfDirectory(atPath: folder.string)) ?? []).sorted()
        var images: [(image: GuestImage, chosen: Date)] = []
        for name in names where name != "unfinished" {
            let place = folder.appending(name)
            // One that is damaged keeps nobody from the others; `build --force` and `remove` know its folder.
            guard let image = try? ImageRecord.read(in: place)?.image(in: place) else { continue }
            let record = place.appending(ImageRecord.fileName).string
            let attributes = try? FileManager.default.attributesOfItem(atPath: record)
            images.append((image, attributes?[.modificationDate] as? Date ?? image.created))
        }
        return images.sorted { left, right in
            left.image.name == right.image.name ? left.chosen > right.chosen : left.image.name < right.image.name
        }.map(\.image)
    }

    /// The one that was built, or asked for to be built, last under this name, or the one whose folder is called so; nil where
    /// there is none.
    public func image(named name: String) throws(GuestImageError) -> GuestImage? {
        try images().first { $0.name == name || $0.folderName == name }
    }

    /// The image of a definition as it is now, if it is there; nil where it would have to be built. Reads the files that the
    /// definition names, runs nothing, and needs no network.
    public func built(
        _ name: String,
        of definitions: ImageDefinitions,
        on base: BaseSystem,
        as format: ImageFormat? = nil
    ) throws -> GuestImage? {
        let format = format ?? ImageFormat(named: name)
        let recipe = try BuildRecipe(try definitions.resolved(name), from: definitions, on: base, as: format)
        return try find(name, digest: try recipe.digest())
    }

    /// The image of a definition: the one that is there, or a new one.
    ///
    /// - Parameters:
    ///   - format: nil goes by the name.
    ///   - isForced: build anew, with the newest packages, also where there is one; that one is replaced.
    /// - Throws: `GuestImageError`, and what the file system, or a program that can't be run, says. Nothing is left behind.
    public func build(
        _ name: String,
        of definitions: ImageDefinitions,
        on base: BaseSystem,
        as format: ImageFormat? = nil,
        isForced: Bool = false,
        progress: @escaping @Sendable (BuildProgress) -> Void
    ) async throws -> GuestImage {
        let format = format ?? ImageFormat(named: name)
        let definition = try definitions.resolved(name)
        let recipe = try BuildRecipe(definition, from: definitions, on: base, as: format)
        let digest = try recipe.digest()
        if !isForced, let image = try find(name, digest: digest) {
            choose(image)
            return image
        }
        guard FileManager.default.isReadableFile(atPath: base.keyring.string) else {
            throw GuestImageError.unreadable(
                path: base.keyring.string,
                reason: "without the archive's keys nothing can be verified; install debian-archive-keyring"
            )
        }
        if definition.isBootable {
            progress(.note("'\(name)' is to be bootable, which changes nothing: guests get their kernel from outside"))
        }
        try ImageBuild.checkPrograms(for: format)
        let cage = try await Cage.find()
        let folderName = GuestImage.folderName(name, digest: digest)
        let lock = folder.appending("\(folderName).lock")
        let waiting = { progress(.waiting(image: name)) }
        return try await FileLock.with(lock, for: "the image \(name)", within: Self.patience, waiting: waiting) {
            // Whoever had the lock may have built it.
            if !isForced, let image = try find(name, digest: digest) {
                choose(image)
                return image
            }
            return try await scratch.with { work in
                let new = work.appending("new")
                try FileManager.default.createDirectory(atPath: new.string, withIntermediateDirectories: false)
                let build = ImageBuild(recipe: recipe, folder: work, cage: cage, format: format, report: progress)
                let path = new.appending("image.\(format.rawValue)")
                let packages = try await build.make(at: path)
                let record = try Self.record(of: path, name, format, digest, base.suite, packages)
                try record.write(in: new)
                let place = folder.appending(folderName)
                // A folder that is not empty can't be renamed over (rename(2)).
                rename(place.string, work.appending("old").string)
                guard rename(new.string, place.string) == 0 else {
                    throw GuestImageError.storage(path: place.string, reason: String(cString: strerror(errno)))
                }
                return record.image(in: place)
            }
        }
    }

    /// Forgets all images of this name.
    ///
    /// - Throws: `GuestImageError.notInStore` where there is none.
    @discardableResult
    public func remove(_ name: String) async throws -> [GuestImage] {
        let all = try images()
        let removed = all.filter { $0.name == name || $0.folderName == name }
        guard !removed.isEmpty else {
            throw GuestImageError.notInStore(name: name, there: all.map(\.name))
        }
        for image in removed {
            let lock = folder.appending("\(image.folderName).lock")
            try await FileLock.with(lock, for: "the image \(image.folderName)", within: Self.patience) {
                try scratch.with { work in
                    // At once for those who look, whatever becomes of the rest. Another may have been faster.
                    _ = rename(folder.appending(image.folderName).string, work.appending("old").string)
                }
            }
        }
        return removed
    }

    /// Makes it the one that its name means: the record that was written or touched last.
    private func choose(_ image: GuestImage) {
        let record = folder.appending(image.folderName).appending(ImageRecord.fileName)
        utimes(record.string, nil)
    }

    private func find(_ name: String, digest: String) throws(GuestImageError) -> GuestImage? {
        let place = folder.appending(GuestImage.folderName(name, digest: digest))
        guard let image = try ImageRecord.read(in: place)?.image(in: place), image.digest == digest else { return nil }
        return FileManager.default.fileExists(atPath: image.path.string) ? image : nil
    }

    private static func record(
        of path: FilePath,
        _ name: String,
        _ format: ImageFormat,
        _ digest: String,
        _ suite: String,
        _ packages: [String: String]
    ) throws -> ImageRecord {
        guard let content = ContentDigest(ofFile: path) else {
            throw GuestImageError.damaged(path: path.string, reason: "the new image can't be read")
        }
        // Nobody is to write to it: what guests change is not the image's.
        try FileManager.default.setAttributes([.posixPermissions: 0o400], ofItemAtPath: path.string)
        let attributes = try FileManager.default.attributesOfItem(atPath: path.string)
        return ImageRecord(
            name: name,
            format: format,
            digest: digest,
            sha256: content.hexadecimal,
            size: (attributes[.size] as? NSNumber)?.intValue ?? 0,
            // In whole seconds, as it is written down.
            created: Date(timeIntervalSince1970: Date().timeIntervalSince1970.rounded(.down)),
            suite: suite,
            packages: packages
        )
    }
}
