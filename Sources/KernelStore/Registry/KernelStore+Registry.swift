// SPDX-License-Identifier: Apache-2.0

import Foundation
import OCIRegistry
import Platform
import SystemPackage

extension KernelStore {
    /// Fetches the newest kernel that `spec` means out of a repository's images, unless the store has that very image.
    ///
    /// Lines, versions and `latest` are looked for among the repository's tags; anything else is a tag itself. The image's
    /// kernel is held against what was asked for, whatever its tag says.
    ///
    /// - Parameters:
    ///   - architecture: which of an image's platforms; registries spell them as Debian does.
    ///   - environment: names proxies and where Docker's credentials are.
    /// - Throws: `KernelStoreError`
    public func pull(
        _ spec: KernelSpec,
        from source: RegistrySource,
        architecture: Architecture = .host,
        environment: [String: String] = ProcessInfo.processInfo.environment,
        progress: @escaping @Sendable (PullProgress) -> Void
    ) async throws -> Kernel {
        let registry = registry(source, environment)
        do {
            progress(.asking(repository: "\(source.repository)"))
            let (reference, expectation) = try await find(spec, in: source, registry)
            let image = try await registry.image(reference, for: ImagePlatform(architecture: architecture.rawValue))
            if let known = try known(image, of: source, expecting: expectation) { return known }
            return try await scratch.with { folder in
                let fetched = folder.appending("fetched")
                try FileManager.default.createDirectory(atPath: fetched.string, withIntermediateDirectories: false)
                let label = reference.tag ?? reference.description
                let files = try await registry.files(of: image, into: fetched) { event in
                    switch event {
                    case .downloading(let bytes, let total):
                        progress(.downloading(release: label, bytes: bytes, of: total))
                    case .unpacking: progress(.unpacking(release: label))
                    }
                } where: {
                    KernelLayout.isWanted($0)
                }
                return try await takeIn(
                    files,
                    of: image,
                    from: source,
                    architecture,
                    expecting: expectation,
                    folder: folder
                )
            }
        } catch RegistryError.tagUnknown(_, let tag, let near, _) {
            throw KernelStoreError.notOffered(spec: tag, by: source.text, offered: near)
        } catch let error as RegistryError {
            throw KernelStoreError.registry(error)
        }
    }

    /// The newest tag of each line that a repository has: until an image is fetched, nobody knows of which version its
    /// kernel is.
    public func available(
        from source: RegistrySource,
        environment: [String: String] = ProcessInfo.processInfo.environment
    ) async throws -> [AvailableKernel] {
        do {
            let tags = try await registry(source, environment).tags().map(KernelTag.init)
            return KernelTag.newestOfLines(among: tags).map { line, tag in
                AvailableKernel(line: line, version: tag.version?.text ?? line, release: tag.text, source: source.name)
            }
        } catch let error as RegistryError {
            throw KernelStoreError.registry(error)
        }
    }

    private func registry(_ source: RegistrySource, _ environment: [String: String]) -> Registry {
        Registry(source.repository, downloads: root.appending("downloads"), environment: environment)
    }

    private func find(
        _ spec: KernelSpec,
        in source: RegistrySource,
        _ registry: Registry
    ) async throws -> (ImageReference, KernelExpectation) {
        func notOffered(_ tags: [KernelTag]) -> KernelStoreError {
            .notOffered(spec: "\(spec)", by: source.text, offered: KernelTag.lines(among: tags))
        }
        func found(_ tag: KernelTag?, _ expectation: KernelExpectation, _ tags: [KernelTag]) throws(KernelStoreError)
            -> (ImageReference, KernelExpectation)
        {
            guard let tag else { throw notOffered(tags) }
            return (ImageReference(source.repository, tag: tag.text), expectation)
        }
        func tags() async throws -> [KernelTag] { try await registry.tags().map(KernelTag.init) }
        func newest(_ isMeant: (String) -> Bool) async throws -> (ImageReference, KernelExpectation) {
            let tags = try await tags()
            guard let line = KernelTag.lines(among: tags).last(where: isMeant) else { throw notOffered(tags) }
            return try found(KernelTag.newest(ofLine: line, among: tags), .line(line), tags)
        }
        switch spec {
        case .line(let line):
            let tags = try await tags()
            return try found(KernelTag.newest(ofLine: line, among: tags), .line(line), tags)
        case .version(let version):
            let tags = try await tags()
            return try found(KernelTag.newest(ofVersion: version, among: tags), .version(version), tags)
        case .latest: return try await newest { _ in true }
        case .newest(let lines): return try await newest { lines.contains($0) }
        case .named(let name):
            guard let reference = try? ImageReference("\(source.repository):\(name)") else { throw notOffered([]) }
            return (reference, KernelExpectation(promisedBy: KernelTag(name)))
        case .image(let text):
            let reference: ImageReference
            do throws(ImageReferenceError) {
                reference = try ImageReference(text)
            } catch {
                throw KernelStoreError.unusableImage(image: text, reason: error.reason)
            }
            guard reference.repository == source.repository else { throw notOffered([]) }
            return (reference, reference.tag.map { KernelExpectation(promisedBy: KernelTag($0)) } ?? .any)
        case .from(source.name, let inner): return try await find(inner, in: source, registry)
        case .longTerm, .from, .file, .tree: throw notOffered([])
        }
    }

    /// The kernel that fetching the image would bring, where the store has it; nil where it must be fetched to be known.
    private func known(
        _ image: RegistryImage,
        of source: RegistrySource,
        expecting expectation: KernelExpectation
    ) throws(KernelStoreError) -> Kernel? {
        let reference = source.reference(to: image.digest)
        // One from an older version may lack modules, and is fetched again.
        let here = try kernels().filter {
            $0.reference == reference && $0.origin == source.name && $0.isComplete
        }
        // Others may be in the image, of which records from before this was kept say nothing.
        guard let releases = here.lazy.compactMap(\.imageReleases).first else {
            return here.last { expectation.isMet(by: $0.release) }
        }
        let release = try Self.release(expectation, among: releases, of: image)
        return here.first { $0.release == release }
    }

    private static func otherKernel(
        than expectation: KernelExpectation,
        _ releases: [String],
        in image: RegistryImage
    ) -> KernelStoreError {
        .otherKernelInImage(image: "\(image.reference)", asked: "\(expectation)", found: releases)
    }

    /// Which of an image's kernels is meant.
    private static func release(
        _ expectation: KernelExpectation,
        among releases: [String],
        of image: RegistryImage
    ) throws(KernelStoreError) -> String {
        switch expectation.choice(among: releases) {
        case .one(let release): return release
        case .none: throw otherKernel(than: expectation, releases, in: image)
        case .several(let rivals):
            throw .unusableImage(
                image: "\(image.reference)",
                reason: "it has several kernels, and nothing says which of these is meant: "
                    + rivals.joined(separator: ", ")
            )
        }
    }

    private func takeIn(
        _ files: ImageFiles,
        of image: RegistryImage,
        from source: RegistrySource,
        _ architecture: Architecture,
        expecting expectation: KernelExpectation,
        folder: FilePath
    ) async throws -> Kernel {
        let intake = KernelIntake(
            blobs: blobs,
            folder: folder,
            expected: architecture,
            knownModules: moduleSets
        )
        let layout = try await KernelLayout(files, by: intake)
        guard !layout.candidates.isEmpty else {
            let there = (files.paths + files.others).prefix(12).joined(separator: ", ")
            throw KernelStoreError.unusableImage(
                image: "\(image.reference)",
                reason: "there is no kernel in it, as boot/vmlinuz* or lib/modules/*/vmlinuz. What it has: "
                    + (there.isEmpty ? "nothing" : there)
            )
        }
        let release = try Self.release(expectation, among: layout.candidates.map(\.release), of: image)
        guard let chosen = layout.candidates.first(where: { $0.release == release }) else {
            throw Self.otherKernel(than: expectation, layout.candidates.map(\.release), in: image)
        }
        // Releases of the same kernel for several architectures need not differ.
        let suffix = architecture == .amd64 ? "" : "-\(architecture.rawValue)"
        let name = source.recordName(chosen.release) + suffix
        // It becomes a file's name, and is what somebody has written into an image.
        guard Self.isUsable(name) else { throw KernelStoreError.unusableName(name) }
        return try await insert(replacing: true) {
            if let there = try kernels().first(where: { $0.name == name }), there.origin != source.name {
                throw KernelStoreError.nameTaken(name: name)
            }
            return try await intake.take(layout.kernelFiles(of: chosen)) { _ in
                KernelCredentials(
                    name: name,
                    origin: source.name,
                    source: "\(source.name) \(image.reference.withoutDigest) \(image.digest.ociText)",
                    reference: source.reference(to: image.digest),
                    imageReleases: layout.candidates.map(\.release)
                )
            }
        }
    }
}

extension ImageReference {
    /// As far as a name goes.
    fileprivate var withoutDigest: ImageReference { ImageReference(repository, tag: tag) }
}
