// SPDX-License-Identifier: Apache-2.0

import ChildProcess
import Foundation
import KernelProfile
import SystemPackage

/// What is happening while a kernel is built.
public enum TreeProgress: Sendable, Hashable {
    case configuring
    /// The build's own last line: `CC      kernel/bpf/verifier.o`.
    case building(String)
    /// Something that the user should know and that stops nothing.
    case note(String)
}

/// Builds a kernel tree of the user's, outside it, as BPF programs need it to be tested.
public struct TreeBuild: Sendable {
    /// The sources.
    public let tree: FilePath
    /// What is built goes here, and is gone on from next time.
    public let output: FilePath
    /// What is built upon: a target of the tree's (`defconfig`, `tinyconfig`), or a file.
    public let base: String
    /// Compilers at once.
    public let jobs: Int

    /// A kernel with everything takes hours on a small machine.
    private static let limit = Duration.seconds(6 * 3600)
    private static let configureLimit = Duration.seconds(600)

    public init(tree: FilePath, output: FilePath, base: String = "defconfig", jobs: Int) {
        self.tree = KernelStore.absolute(tree)
        self.output = KernelStore.absolute(output)
        self.base = base
        self.jobs = jobs
    }

    private var configuration: FilePath { output.appending(".config") }

    /// Configures and builds.
    ///
    /// - Throws: `TreeBuildError`.
    public func run(progress: @escaping @Sendable (TreeProgress) -> Void) async throws {
        guard FileManager.default.fileExists(atPath: tree.appending("Kconfig").string) else {
            throw TreeBuildError.noTree(tree.string)
        }
        do {
            try FileManager.default.createDirectory(atPath: output.string, withIntermediateDirectories: true)
        } catch {
            throw KernelStoreError.storage(path: output.string, reason: error.localizedDescription)
        }
        progress(.configuring)
        try await configure()
        let unmet = KernelFragment.bpf.unmet(by: try read())
        let vital = unmet.filter(\.isVital)
        guard vital.isEmpty else { throw TreeBuildError.doesNotStick(vital.map(\.text)) }
        for need in unmet { progress(.note(Self.consequence(of: need))) }
        try await make(["-j\(jobs)", "bzImage", "modules"], within: Self.limit) { progress(.building($0)) }
    }

    private func configure() async throws {
        if base.contains("/") || FileManager.default.fileExists(atPath: base) {
            guard let text = FileManager.default.contents(atPath: base) else { throw TreeBuildError.noBase(base) }
            try write(text)
        } else {
            try await make([base], within: Self.configureLimit) { _ in }
        }
        let before = FileManager.default.contents(atPath: configuration.string) ?? Data()
        try write(before + Data("\n\(KernelFragment.bpf.text)".utf8))
        try await make(["olddefconfig"], within: Self.configureLimit) { _ in }
    }

    private static func consequence(of need: KernelFragment.Need) -> String {
        let hint =
            need.names.contains("CONFIG_DEBUG_INFO_BTF")
            ? ": CO-RE can't work without; it takes pahole (apt-get install dwarves)" : ""
        return "\(need.text) is not kept by this tree\(hint)"
    }

    private func read() throws(KernelStoreError) -> KernelConfiguration {
        guard let data = FileManager.default.contents(atPath: configuration.string) else {
            throw .storage(path: configuration.string, reason: "the tree's configuration can't be read")
        }
        return KernelConfiguration(Array(data))
    }

    private func write(_ data: Data) throws(KernelStoreError) {
        do {
            try data.write(to: URL(filePath: configuration.string), options: .atomic)
        } catch {
            throw .storage(path: configuration.string, reason: error.localizedDescription)
        }
    }

    private func make(
        _ arguments: [String],
        within limit: Duration,
        line: @escaping @Sendable (String) -> Void
    ) async throws {
        let make = Command(
            "make",
            ["-C", tree.string, "O=\(output)"] + arguments,
            environment: ["LC_ALL": "C", "KBUILD_BUILD_USER": "bpfmatrix", "KBUILD_BUILD_HOST": "localhost"]
        )
        let command = try await Self.caged(make)
        let (lines, continuation) = AsyncStream.makeStream(
            of: String.self,
            bufferingPolicy: .bufferingNewest(Self.tail)
        )
        let ending = try await command.run(within: limit) { text in
            let text = text.trimmingCharacters(in: .whitespacesAndNewlines)
            guard !text.isEmpty else { return }
            continuation.yield(text)
            line(text)
        }
        continuation.finish()
        guard !ending.isSuccess else { return }
        var last: [String] = []
        for await line in lines { last.append(line) }
        throw TreeBuildError.failed(step: arguments.joined(separator: " "), ending: "\(ending)", tail: last)
    }

    /// make in a process namespace, with which all that it has started ends. Killed alone, it would leave the makes and
    /// compilers below it at work. By itself where this machine lets nobody have one.
    private static func caged(_ make: Command) async throws -> Command {
        let users = geteuid() == 0 ? [] : ["--user", "--map-current-user"]
        let options = users + ["--pid", "--fork", "--kill-child"]
        let probe = try? await Command("true").behind("unshare", options).run(within: probeLimit)
        return probe?.ending.isSuccess == true ? try make.behind("unshare", options) : make
    }

    private static let probeLimit = Duration.seconds(10)

    /// Lines of a failed step that are shown.
    private static let tail = 20
}

/// Why a tree could not be built.
public enum TreeBuildError: Error, Hashable, CustomStringConvertible {
    case noTree(String)
    case noBase(String)
    /// What no guest can do without.
    case doesNotStick([String])
    case failed(step: String, ending: String, tail: [String])

    public var description: String {
        switch self {
        case .noTree(let path): "\(path) is no kernel tree: it has no Kconfig"
        case .noBase(let path): "the configuration \(path) can't be read"
        case .doesNotStick(let needs):
            "the tree can't be configured for guests: it does not keep \(needs.joined(separator: ", ")). Another --base may"
        case .failed(let step, let ending, let tail):
            "`make \(step)` failed (\(ending)):\n" + tail.map { "  \($0)" }.joined(separator: "\n")
        }
    }
}
