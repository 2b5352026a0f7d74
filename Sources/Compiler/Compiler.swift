// SPDX-License-Identifier: Apache-2.0

import ChildProcess
import FileWatch
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
    /// The same source, headers, compiler and options had been compiled before.
    public let isReused: Bool

    fileprivate init(source: FilePath, _ cached: ObjectCache.Entry, isReused: Bool) {
        self.source = source
        path = cached.object
        warnings = cached.warnings
        inputs = cached.inputs
        self.isReused = isReused
    }
}

/// A `vmlinux.h` to compile with.
public struct VmlinuxHeader: Sendable, Hashable {
    /// The folder to search for it.
    public let folder: FilePath
    /// Where it came from, in words: `6.12.117`.
    public let origin: String
}

/// The machine that objects are compiled for: it decides which registers `bpf_tracing.h` means.
public enum TargetArchitecture: String, Sendable {
    case x86
    case arm64
}

/// Turns C into BPF objects, each source once.
public struct Compiler: Sendable {
    public let clang: Clang
    private let cache: ObjectCache
    private let libbpfHeaders: FilePath?
    private let systemHeaders: [FilePath]

    private static let limit = Duration.seconds(120)

    /// - Parameter cache: a folder for objects, made where it is not there yet.
    public init(
        cache: FilePath,
        environment: [String: String] = ProcessInfo.processInfo.environment
    ) async throws {
        clang = try await Clang.locate(environment: environment)
        self.cache = try ObjectCache(folder: cache)
        libbpfHeaders = IncludePath.libbpf(environment: environment)
        systemHeaders = try await IncludePath.system()
    }

    /// Where `bpf/bpf_helpers.h` and its like are found; nil where they are not.
    public static func libbpfHeaders(
        environment: [String: String] = ProcessInfo.processInfo.environment
    ) -> FilePath? {
        IncludePath.libbpf(environment: environment)
    }

    /// Compiles a source with `-g -O2`, unless the same has been compiled before. Types and lines stay as BTF; DWARF, which
    /// no loader reads and which is most of the bytes, goes where there is an `llvm-objcopy`.
    ///
    /// - Parameter vmlinux: used unless the source has a `vmlinux.h` beside it.
    public func compile(
        _ source: FilePath,
        with vmlinux: VmlinuxHeader?,
        for architecture: TargetArchitecture = .x86
    ) async throws -> CompiledObject {
        let options = options(source, vmlinux, architecture)
        let key = ObjectCache.Key(compiler: clang.fullVersion, options: options + stripping, source: source)
        if let known = cache.object(for: key) {
            return CompiledObject(source: source, known, isReused: true)
        }
        return try await cache.withTemporaryFolder { folder in
            let start = FileInstant.now
            let object = folder.appending("object")
            let dependencies = folder.appending("dependencies")
            let output = ["-c", source.string, "-o", object.string, "-MD", "-MF", dependencies.string]
            let result = try await clang(options + output, on: source)
            guard result.ending.isSuccess else {
                throw CompileError.rejected(
                    source: source.string,
                    diagnostics: advice(result.errorText),
                    inputs: try await inputs(of: source, options)
                )
            }
            try await strip(object)
            let kept = try cache.keep(
                object,
                dependencies: dependencies,
                warnings: result.errorText,
                for: key,
                since: start
            )
            return CompiledObject(source: source, kept, isReused: false)
        }
    }

    private func clang(_ arguments: [String], on source: FilePath) async throws -> CommandResult {
        var command = Command(clang.path.string, arguments)
        // clang copies lines of C into BTF, and opens the source for that by the name that it has there.
        if source.isAbsolute { command.workingDirectory = source.removingLastComponent() }
        return try await command.run(within: Self.limit)
    }

    /// What a source that does not compile includes, headers that are missing among it: clang says so only if it is asked
    /// for nothing else.
    private func inputs(of source: FilePath, _ options: [String]) async throws -> [String] {
        let rule = try await clang(options + ["-M", "-MG", source.string], on: source)
        let folder = source.removingLastComponent()
        return DependencyRule.prerequisites(rule.outputText).map { name in
            // One that was not found is named as the source does.
            FileManager.default.fileExists(atPath: name) ? name : folder.pushing(FilePath(name)).string
        }
    }

    private var stripping: [String] { clang.objcopy.map { [$0.string, "--strip-debug"] } ?? [] }

    private func strip(_ object: FilePath) async throws {
        guard let objcopy = clang.objcopy else { return }
        let result = try await Command(objcopy.string, ["--strip-debug", object.string]).run(within: Self.limit)
        guard result.ending.isSuccess else {
            throw CompileError.toolFailed(what: "take DWARF out of \(object)", reason: result.errorText)
        }
    }

    private func options(
        _ source: FilePath,
        _ vmlinux: VmlinuxHeader?,
        _ architecture: TargetArchitecture
    ) -> [String] {
        let folder = source.removingLastComponent()
        let beside = folder.isEmpty ? FilePath(".") : folder
        var options = [
            "-target", "bpf", "-g", "-O2", "-Wall", "-D__TARGET_ARCH_\(architecture.rawValue)",
            // The bytes do not tell where a checkout lies. They may differ all the same: clang 21 writes some forward
            // declarations into BTF in an order that follows its own memory.
            "-fdebug-compilation-dir=.", "-I\(beside)",
        ]
        if folder.isAbsolute { options.append("-fdebug-prefix-map=\(folder)=.") }
        if let vmlinux { options.append("-I\(vmlinux.folder)") }
        if let libbpfHeaders { options.append("-I\(libbpfHeaders)") }
        return options + systemHeaders.flatMap { ["-idirafter", $0.string] }
    }

    /// clang's own words, and what to do about the one thing that it can't know.
    private func advice(_ diagnostics: String) -> String {
        guard diagnostics.contains("'bpf/"), libbpfHeaders == nil else { return diagnostics }
        return diagnostics + "libbpf's headers are not on this machine: scripts/setup.sh builds them, "
            + "apt-get install libbpf-dev has them, BPFMATRIX_LIBBPF_INCLUDE names them\n"
    }
}
