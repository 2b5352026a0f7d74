// SPDX-License-Identifier: Apache-2.0

import Foundation
import Platform
import SystemPackage

/// What each word of a project's about kernels meant when it was written down: the same kernels tomorrow and elsewhere, so
/// that a red cell is about the program and not about another kernel.
///
/// ```
/// {"format": 2, "kernels": {"6.1": {"origin": …, "parts": {…}, "release": …, "sha256": …, "source": …, "version": …}}}
/// ```
public struct KernelLock: Sendable, Hashable {
    /// One kernel, known by the digests of its image and of what comes beside it.
    public struct Pin: Sendable, Hashable, Codable {
        /// Upstream version, `6.1.192`.
        public let version: String
        /// `uname -r`.
        public let release: String
        /// Of the image as it was delivered, hexadecimal.
        public let sha256: String
        /// The name of the source that had it, or one of `KernelOrigin`'s.
        public let origin: String
        /// Where it came from, in words.
        public let source: String
        /// What brings the very same again, where a release in a source does not.
        public let reference: String?
        /// Absent in locks from before anything but the image was pinned.
        public let parts: Parts?
        /// Absent for amd64.
        private let architecture: Architecture?

        /// What the kernel runs on.
        public var platform: Architecture { architecture ?? .amd64 }

        public init(_ kernel: Kernel) {
            version = kernel.version
            release = kernel.release
            sha256 = kernel.digest
            origin = kernel.origin
            source = kernel.source
            reference = kernel.reference
            parts = Parts(kernel)
            architecture = kernel.architecture == .amd64 ? nil : kernel.architecture
        }

        /// What to ask the sources for: that very kernel, and no other; nil where nobody but the user has it.
        ///
        /// - Parameter spec: the word that is pinned.
        public func whereToFind(_ spec: String) -> KernelSpec? {
            switch (origin, reference) {
            case (_, let reference?): .image(reference)
            case (KernelOrigin.added, nil): nil
            // Where it is, is in the word.
            case (KernelOrigin.file, nil), (KernelOrigin.tree, nil): KernelSpec(spec)
            case (_, nil): .from(source: origin, .named(release))
            }
        }

        /// Whether it is that very kernel, from where it was, with all that was beside its image.
        public func isMet(by kernel: Kernel) -> Bool { hasImage(of: kernel) && changes(in: kernel).isEmpty }

        /// Whether the image is that very one; what is beside it may be another.
        public func hasImage(of kernel: Kernel) -> Bool {
            kernel.digest == sha256 && kernel.origin == origin && kernel.reference == reference
        }

        /// What beside the image is not as it was pinned, in words.
        public func changes(in kernel: Kernel) -> [String] { parts?.changes(to: Parts(kernel)) ?? [] }
    }

    /// What a kernel consists of besides its image, as far as guests see it: SHA-256 of each, hexadecimal.
    public struct Parts: Sendable, Hashable, Codable {
        /// Absent for a kernel without.
        let configuration: String?
        let btf: String?
        /// Decompressed, by their names.
        let modules: [String: String]
        /// `ModuleSet.contents`; absent in locks from before all modules were kept, and for a kernel without.
        let allModules: String?

        init(_ kernel: Kernel) {
            configuration = kernel.config?.sha256
            btf = kernel.btf?.sha256
            modules = Dictionary(
                (kernel.modules + (kernel.imageModules ?? [])).map { ($0.name, $0.blob.sha256) }
            ) { first, _ in first }
            allModules = kernel.allModules?.contents
        }

        /// A module that was not pinned is no change: which ones are kept depends on the tool's version.
        fileprivate func changes(to found: Parts) -> [String] {
            let others = modules.filter { found.modules[$0.key] != $0.value }.keys.sorted()
            return (configuration == found.configuration ? [] : ["configuration"])
                + (btf == found.btf ? [] : ["BTF"])
                + (others.isEmpty ? [] : ["modules \(others.joined(separator: ", "))"])
                + (allModules == nil || allModules == found.allModules || !others.isEmpty ? [] : ["modules"])
        }
    }

    /// Looked for in the working directory.
    public static let usualName = "bpfmatrix.lock"

    /// Changes whenever a reader of the old form would misread the new. Fields that a reader does not know it passes over, so what
    /// only older versions do not compare is no new form.
    private static let format = 2

    public let path: FilePath
    public private(set) var pins: [String: Pin]

    /// One that pins nothing yet.
    public init(at path: FilePath) {
        self.path = path
        pins = [:]
    }

    /// - Throws: `KernelLockError.unreadable` where there is none, or none that can be understood.
    public init(reading path: FilePath) throws(KernelLockError) {
        let data: Data
        do {
            data = try Data(contentsOf: URL(filePath: path.string))
        } catch {
            throw .unreadable(path: path.string, reason: error.localizedDescription)
        }
        guard let content = try? JSONDecoder().decode(Content.self, from: data) else {
            throw .unreadable(path: path.string, reason: "it is no lock, or was damaged in a merge")
        }
        guard content.format == Self.format else {
            throw .unreadable(
                path: path.string,
                reason: "it has the form \(content.format), this version knows \(Self.format)"
            )
        }
        self.path = path
        pins = content.kernels
    }

    /// The words that are pinned for an architecture, oldest kernel first.
    public func specs(for architecture: Architecture = .host) -> [String] {
        pins.filter { $0.value.platform == architecture }.sorted {
            (KernelVersion($0.value.version), $0.key) < (KernelVersion($1.value.version), $1.key)
        }.map { Self.spec(of: $0.key, architecture) }
    }

    public func pin(of spec: String, for architecture: Architecture = .host) -> Pin? {
        guard let pin = pins[Self.key(spec, architecture)], pin.platform == architecture else { return nil }
        return pin
    }

    public mutating func pin(_ spec: String, to kernel: Kernel) {
        pins[Self.key(spec, kernel.architecture)] = Pin(kernel)
    }

    /// The same word may be pinned for several: `6.1`, and `6.1 on arm64`.
    private static func key(_ spec: String, _ architecture: Architecture) -> String {
        architecture == .amd64 ? spec : "\(spec) on \(architecture.rawValue)"
    }

    private static func spec(of key: String, _ architecture: Architecture) -> String {
        guard architecture != .amd64, key.hasSuffix(" on \(architecture.rawValue)") else { return key }
        return String(key.dropLast(" on \(architecture.rawValue)".count))
    }

    /// Writes it, whole or not at all.
    public func write() throws(KernelLockError) {
        let encoder = JSONEncoder()
        // Made to be read, and compared line by line, by people.
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        do {
            var data = try encoder.encode(Content(format: Self.format, kernels: pins))
            data.append(UInt8(ascii: "\n"))
            try data.write(to: URL(filePath: path.string), options: .atomic)
        } catch {
            throw .unwritable(path: path.string, reason: error.localizedDescription)
        }
    }

    private struct Content: Codable {
        let format: Int
        let kernels: [String: Pin]
    }
}

/// Why there is not the kernel that a lock asks for: the kernel is the matter then, and not the program.
public enum KernelLockError: Error, Hashable, CustomStringConvertible {
    case unreadable(path: String, reason: String)
    case unwritable(path: String, reason: String)
    /// The lock does not say what the word means.
    case notPinned(spec: String, path: String, pinned: [String])
    /// No source has the kernel that was pinned.
    case gone(spec: String, path: String, KernelLock.Pin, reason: String, isAbsence: Bool)
    /// The source has another kernel under the same release.
    case replaced(spec: String, path: String, KernelLock.Pin, found: String)
    /// The image is the one that was pinned, and these parts are not.
    case changed(spec: String, path: String, KernelLock.Pin, parts: [String])

    /// Whether nobody has such a kernel, or can be asked: what is forgiven of an optional one.
    public var isAbsence: Bool {
        switch self {
        case .notPinned: true
        case .gone(_, _, _, _, let isAbsence): isAbsence
        case .unreadable, .unwritable, .replaced, .changed: false
        }
    }

    public var description: String {
        switch self {
        case .unreadable(let path, let reason):
            "\(path) can't be read: \(reason). bpfmatrix kernels lock writes a new one; --no-lock ignores it"
        case .unwritable(let path, let reason): "cannot write \(path): \(reason)"
        case .notPinned(let spec, let path, let pinned):
            "\(path) does not say which kernel \(spec) is (it has \(pinned.joined(separator: ", "))): "
                + "bpfmatrix kernels lock \(spec)"
        case .gone(let spec, let path, let pin, let reason, _):
            "\(path) pins \(spec) to \(pin.release) (\(pin.source)), which is not to be had any more: \(reason). "
                + "To move to another: bpfmatrix kernels lock --update \(spec)"
        case .replaced(let spec, let path, let pin, let found):
            "\(path) pins \(spec) to \(pin.release) with sha256 \(pin.sha256), and the source has another one under that name "
                + "now (sha256 \(found)). To move to it: bpfmatrix kernels lock --update \(spec)"
        case .changed(let spec, let path, let pin, let parts):
            "\(path) pins \(spec) to \(pin.release) (\(pin.source)). The image is the same, but these parts of the kernel have "
                + "changed since: \(parts.joined(separator: "; ")). To use them: bpfmatrix kernels lock --update \(spec)"
        }
    }
}
