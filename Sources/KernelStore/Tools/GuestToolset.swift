// SPDX-License-Identifier: Apache-2.0

import Foundation
import Platform

/// Debian's bpftool, with the libraries that it needs, and a shell to run it by: what guests are given that can't have the
/// agent, since that is built for the host.
public struct GuestToolset: Codable, Hashable, Sendable {
    public struct File: Codable, Hashable, Sendable {
        /// Its path in the guest, without the leading slash.
        public let name: String
        public let blob: Blob
    }

    public struct Package: Codable, Hashable, Sendable {
        public let name: String
        public let version: String
        /// Of the package, as the signed index has it.
        public let sha256: String
    }

    public let architecture: Architecture
    public let files: [File]
    public let packages: [Package]

    public init(architecture: Architecture, files: [File], packages: [Package]) {
        self.architecture = architecture
        self.files = files
        self.packages = packages
    }

    /// Where the shell is in the guest, and with it all that it is besides.
    public static let shell = "bin/busybox"
    public static let bpftool = "usr/sbin/bpftool"

    /// Debian's version of bpftool.
    public var bpftoolVersion: String { packages.first { $0.name == "bpftool" }?.version ?? "" }
}
