// SPDX-License-Identifier: Apache-2.0

import ChildProcess
import ContentDigest
import Foundation
import SystemPackage

/// What became of one source.
public struct CompiledObject: Sendable, Hashable {
    public let source: FilePath
    /// The object, in the cache.
    public let path: FilePath
    /// clang's warnings as it printed them; empty where there were none.
    public let warnings: String
    /// Every file that the compiler read, the source among them; as it named them.
    public let inputs: [FilePath]
    /// Nothing that decides what comes of the source has changed since it was compiled.
    public let isReused: Bool
    /// `v3`; nil where it was left to the compiler.
    public let instructionSet: String?
    /// Flags that decide about the code, without the folders that are searched by default.
    public let flags: [String]
    /// What the user should know of how it was compiled.
    public let notes: [String]
}

/// The machine that objects are compiled for: it decides which registers `bpf_tracing.h` means.
public enum TargetArchitecture: String, Sendable {
    case x86
    case arm64
}

/// How sources are compiled.
public struct CompilerSettings: Sendable, Hashable {
    public var architecture: TargetArchitecture
    /// Used by sources that include `vmlinux.h` and have none beside them.
    public var header: VmlinuxHeader?
    public var code: CodeChoice
    public var flags: CompilerFlags
    /// For one source.
    public var limit: Duration
    /// Compiles what has been compiled before, too.
    public var isFresh: Bool

    public static let usualLimit = Duration.seconds(120)

    public init(
        architecture: TargetArchitecture = .x86,
        header: VmlinuxHeader? = nil,
        code: CodeChoice = .compilersOwn,
        flags: CompilerFlags = CompilerFlags(),
        limit: Duration = CompilerSettings.usualLimit,
        isFresh: Bool = false
    ) {
        self.architecture = architecture
        self.header = header
        self.code = code
        self.flags = flags
        self.limit = limit
        self.isFresh = isFresh
    }
}

/// Turns C into BPF objects. A source is compiled again unless nothing that decides about its object has changed:
/// docs/compiling.md.
public struct Compiler: Sendable {
    public let clang: Clang
    let cache: ObjectCache
    let environment: [String: String]
    let libbpfHeaders: FilePath?
    let systemHeaders: [FilePath]
    /// nil where it is not known what the compiler consists of.
    let ownFiles: OwnFiles?

    /// - Parameter cache: a folder for objects, made where it is not there yet.
    public init(
        cache: FilePath,
        environment: [String: String] = ProcessInfo.processInfo.environment
    ) async throws {
        self.environment = environment
        async let systemHeaders = try IncludePath.system()
        let clang = try await Clang.locate(environment: environment)
        self.clang = clang
        ownFiles = try await OwnFiles(of: clang, environment)
        self.cache = try ObjectCache(folder: cache)
        libbpfHeaders = IncludePath.libbpf(environment: environment)
        self.systemHeaders = try await systemHeaders
        self.cache.tidy()
    }

    /// Where `bpf/bpf_helpers.h` and its like are found; nil where they are not.
    public static func libbpfHeaders(
        environment: [String: String] = ProcessInfo.processInfo.environment
    ) -> FilePath? {
        IncludePath.libbpf(environment: environment)
    }

    /// Compiles a source with `-g -O2`. Types and lines stay as BTF; DWARF, which no loader reads and which is most of the
    /// bytes, goes where there is an `llvm-objcopy`.
    ///
    /// - Throws: `CompileError.rejected` and `.timedOut` of the source; others of the means.
    public func compile(
        _ source: FilePath,
        _ settings: CompilerSettings = CompilerSettings()
    ) async throws -> CompiledObject {
        try await cache.withTemporaryFolder { folder in
            var way = CompilationWay(first: settings, for: clang.abilities)
            var refused: [ContentDigest] = []
            while true {
                let work = CompilationWork(source, settings, way, compiler: self, folder: folder)
                let reading = try await work.read()
                if let key = reading?.key, !settings.isFresh {
                    if let known = cache.object(for: key) { return work.object(known, reading?.source.inputs ?? []) }
                    // It is known which way leads on from here.
                    if refused.isEmpty, let later = cache.laterWay(for: key), later != way {
                        refused.append(key)
                        way = later
                        continue
                    }
                }
                switch try await work.compile(after: reading) {
                case .object(let object):
                    for key in refused { try cache.remember(laterWay: way, for: key) }
                    return object
                case .rejected(let diagnostics, let key):
                    guard let next = way.next(after: diagnostics, settings) else {
                        throw try await work.error(diagnostics)
                    }
                    if let key { refused.append(key) }
                    way = next
                case .broken(let diagnostics): throw try await work.error(diagnostics)
                }
            }
        }
    }
}
