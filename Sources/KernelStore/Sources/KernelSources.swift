// SPDX-License-Identifier: Apache-2.0

import OCIRegistry
import Platform

/// Where kernels come from.
public enum KernelSource: Sendable, Hashable {
    /// Debian's archive, wherever this machine's apt finds it.
    case debian
    case archive(PackageArchive)
    case registry(RegistrySource)

    /// By which it is meant in `NAME:6.6`, and told in results.
    public var name: String {
        switch self {
        case .debian: PackageArchive.debianName
        case .archive(let archive): archive.name
        case .registry(let registry): registry.name
        }
    }
}

/// The sources of this machine, in the order in which they are asked.
public struct KernelSources: Sendable, Hashable {
    public var sources: [KernelSource]
    /// The lines that `lts` chooses from.
    public var longTermLines: [String]
    /// Refuse indexes that are past their own date.
    public var isStrict = false
    /// Of the kernels that are wanted: no other is taken for one.
    public var architecture = Architecture.host

    public init(_ sources: [KernelSource], longTermLines: [String] = Self.usualLongTermLines) {
        self.sources = sources
        self.longTermLines = longTermLines
    }

    /// What is asked where nothing else is configured.
    public static let usual = KernelSources([.debian] + publicRegistries)

    /// Little-VM-Helper's images and those of Cilium's own tests.
    private static let publicRegistries: [KernelSource] = [
        ("lvh", "quay.io/lvh-images/kernel-images"), ("ci", "ghcr.io/cilium/ci-kernels"),
    ].compactMap { name, address in (try? RegistrySource(name: name, address: address)).map(KernelSource.registry) }

    /// The longterm releases of kernel.org (https://www.kernel.org/category/releases.html).
    public static let usualLongTermLines = ["5.10", "5.15", "6.1", "6.6", "6.12", "6.18"]

    /// - Parameter name: of one that is configured, or the address of a repository: `oci://host/repository`.
    func source(named name: String) throws(KernelStoreError) -> KernelSource {
        if name.hasPrefix("oci://") {
            return .registry(try source(of: name) { text throws(ImageReferenceError) in text })
        }
        guard let source = sources.first(where: { $0.name == name }) else {
            throw .unknownSource(name: name, known: sources.map(\.name))
        }
        return source
    }

    /// The repository that an image belongs to: under its own name, where it is configured.
    func source(ofImage reference: String) throws(KernelStoreError) -> KernelSource {
        .registry(
            try source(of: reference) { text throws(ImageReferenceError) in
                try ImageReference(text).repository.description
            }
        )
    }

    private func source(
        of text: String,
        address: (String) throws(ImageReferenceError) -> String
    ) throws(KernelStoreError) -> RegistrySource {
        do throws(ImageReferenceError) {
            let unnamed = try RegistrySource(name: RegistrySource.unnamed, address: try address(text))
            let known = sources.lazy.compactMap { source in
                if case .registry(let registry) = source, registry.repository == unnamed.repository {
                    registry
                } else {
                    nil
                }
            }
            return known.first ?? unnamed
        } catch {
            throw .unusableImage(image: text, reason: error.reason)
        }
    }

    /// What a word amounts to where these are the sources: so a kernel in the store can be recognised as meant.
    public func meaning(of spec: KernelSpec) -> KernelSpec {
        switch spec {
        case .longTerm: .newest(ofLines: longTermLines)
        case .from(let name, let inner):
            .from(source: name, archiveSuites(of: name)?.meaning(of: meaning(of: inner)) ?? meaning(of: inner))
        default: spec
        }
    }

    /// As far as the names of its suites go, for which nobody need be asked.
    private func archiveSuites(of name: String) -> PackageArchive? {
        switch sources.first(where: { $0.name == name }) {
        case .debian?: PackageArchive(main: "", security: "")
        case .archive(let archive)?: archive
        case .registry?, nil: nil
        }
    }
}

/// What one source had to say to somebody who asked for a kernel.
public struct SourceAnswer: Sendable, Hashable {
    public let source: String
    public let answer: String
    /// It has no such kernel, or can't be asked.
    public let isAbsence: Bool

    public init(source: String, answer: String, isAbsence: Bool) {
        self.source = source
        self.answer = answer
        self.isAbsence = isAbsence
    }
}
