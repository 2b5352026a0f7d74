// SPDX-License-Identifier: Apache-2.0

import Foundation
import Platform
import SystemPackage

/// What each word of a project's about kernels meant when it was written down: the same kernels tomorrow and elsewhere, so
/// that a red cell is about the program and not about another kernel.
///
/// ```
/// {"format": 2, "kernels": {"6.1": {"origin": …, "release": …, "sha256": …, "source": …, "version": …}}}
/// ```
public struct KernelLock: Sendable, Hashable {
    /// One kernel, known by the digest of its image.
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

        /// Whether it is that very kernel: another source's may have the same image with another configuration beside it.
        public func isMet(by kernel: Kernel) -> Bool {
            kernel.digest == sha256 && kernel.origin == origin && kernel.reference == reference
        }
    }

    /// Looked for in the working directory.
    public static let usualName = "bpfmatrix.lock"

    /// Changes whenever a reader of the old form would misread the new.
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
    case gone(spec: String, path: String, KernelLock.Pin, reason: String)
    /// The source has another kernel under the same release.
    case replaced(spec: String, path: String, KernelLock.Pin, found: String)

    public var description: String {
        switch self {
        case .unreadable(let path, let reason):
            "\(path) can't be read: \(reason). Write it anew with bpfmatrix kernels lock, or go on without: --no-lock"
        case .unwritable(let path, let reason): "cannot write \(path): \(reason)"
        case .notPinned(let spec, let path, let pinned):
            "\(path) does not say which kernel \(spec) is (it has \(pinned.joined(separator: ", "))): "
                + "bpfmatrix kernels lock \(spec)"
        case .gone(let spec, let path, let pin, let reason):
            "\(path) pins \(spec) to \(pin.release) (\(pin.source)), which is not to be had any more: \(reason). "
                + "To move to another: bpfmatrix kernels lock --update \(spec)"
        case .replaced(let spec, let path, let pin, let found):
            "\(path) pins \(spec) to \(pin.release) with sha256 \(pin.sha256), and the source has another one under that name "
                + "now (sha256 \(found)). To move to it: bpfmatrix kernels lock --update \(spec)"
        }
    }
}
