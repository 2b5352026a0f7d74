// SPDX-License-Identifier: Apache-2.0

import ChildProcess
import Foundation
import SystemPackage

/// One build, in a private folder that goes with it: a tree by mmdebstrap, with the actions as its last hook, and of the
/// tree a file system by mke2fs, all of it by the same root.
struct ImageBuild {
    let recipe: BuildRecipe
    let folder: FilePath
    let cage: Cage
    let format: ImageFormat
    let report: @Sendable (BuildProgress) -> Void

    private static let treeLimit = Duration.seconds(3600)
    private static let fileSystemLimit = Duration.seconds(1800)

    /// What building needs besides the cage, and which package has it.
    static func checkPrograms(for format: ImageFormat) throws(GuestImageError) {
        var needed = [("mmdebstrap", "mmdebstrap"), ("mke2fs", "e2fsprogs"), ("apt-get", "apt"), ("dpkg", "dpkg")]
        if format == .qcow2 { needed.append(("qemu-img", "qemu-utils")) }
        for (name, package) in needed where Command.find(name) == nil {
            throw .programMissing(name: name, package: package)
        }
    }

    private var name: String { recipe.definition.name }
    private var tree: FilePath { folder.appending("tree") }

    /// Makes the image file at `path`.
    ///
    /// - Returns: the packages in it, with their versions.
    func make(at path: FilePath) async throws -> [String: String] {
        let mark = "bpfmatrix-\(UInt64.random(in: 0...UInt64.max))"
        try await BuildStage(folder: folder.appending("stage"), recipe: recipe, mark: mark).make()
        let hook = folder.appending("hook")
        try Data(BuildScripts.hook.utf8).write(to: URL(filePath: hook.string))
        try FileManager.default.setAttributes([.posixPermissions: 0o700], ofItemAtPath: hook.string)
        try FileManager.default.createDirectory(
            atPath: folder.appending("tmp").string,
            withIntermediateDirectories: false
        )
        try await makeTree(hook: hook, mark: mark)
        let packages = try installedPackages()
        try await makeFileSystem(at: path)
        return packages
    }

    // MARK: - The tree

    private func makeTree(hook: FilePath, mark: String) async throws {
        var command = try cage.command("mmdebstrap", try arguments(hook: hook), in: folder)
        command.environment.merge(["LC_ALL": "C.UTF-8", "TMPDIR": folder.appending("tmp").string]) { $1 }
        command.environment.merge(try await proxy()) { $1 }
        let running = command
        let (lines, continuation) = AsyncStream.makeStream(of: String.self)
        async let logged = log(lines, mark: mark)
        let ending: Ending
        do {
            defer { continuation.finish() }
            ending = try await running.run(within: Self.treeLimit) { continuation.yield($0) }
        }
        let log = await logged
        guard ending.isSuccess else {
            throw GuestImageError.stepFailed(
                image: name,
                step: log.place,
                reason: log.failure ?? "mmdebstrap: \(ending)",
                output: log.output
            )
        }
    }

    private func log(_ lines: AsyncStream<String>, mark: String) async -> BuildLog {
        var log = BuildLog(image: name, mark: mark, steps: recipe.definition.steps)
        for await line in lines {
            if let progress = log.add(line) { report(progress) }
        }
        return log
    }

    /// mmdebstrap's mode is always root: who that is, the cage decides.
    private func arguments(hook: FilePath) throws(GuestImageError) -> [String] {
        guard let source = recipe.base.source else {
            throw .storage(path: recipe.base.mirror, reason: "no line for sources.list can be made of the base system")
        }
        var arguments = [
            "--mode=root", "--format=directory", "--variant=\(recipe.base.variant.rawValue)",
            "--architectures=\(BaseSystem.architecture)",
            // A mirror may lag behind its own date; signed it must be.
            "--aptopt=Acquire::Check-Valid-Until \"false\"",
            "--aptopt=Acquire::Retries \"2\"",
            "--aptopt=Acquire::http::Timeout \"20\"",
            "--aptopt=Acquire::https::Timeout \"20\"",
            // What a crash of this machine would spoil is thrown away anyway.
            "--dpkgopt=force-unsafe-io",
            "--customize-hook=\(hook)",
        ]
        if !recipe.definition.packages.isEmpty {
            arguments.append("--include=\(recipe.definition.packages.joined(separator: ","))")
        }
        return arguments + ["--", recipe.base.suite, tree.string, source]
    }

    /// The proxy that this machine's apt has in its configuration, which mmdebstrap does not read.
    private func proxy() async throws -> [String: String] {
        let scheme = String(recipe.base.mirror.prefix { $0 != ":" })
        guard scheme == "http" || scheme == "https", Command.find("apt-config") != nil else { return [:] }
        let answer = try await Command("apt-config", ["shell", "PROXY", "Acquire::\(scheme)::Proxy"])
            .run(within: .seconds(30))
        let value = answer.outputText.split(separator: "'").dropFirst().first.map(String.init)
        guard let value, value != "DIRECT", !value.isEmpty else { return [:] }
        return ["\(scheme)_proxy": value]
    }

    private func installedPackages() throws -> [String: String] {
        let text = try String(contentsOfFile: folder.appending("packages").string, encoding: .utf8)
        var packages: [String: String] = [:]
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ")
            if words.count == 2 { packages[String(words[0])] = String(words[1]) }
        }
        return packages
    }

    // MARK: - The file system

    private func makeFileSystem(at path: FilePath) async throws {
        report(.writing(image: name, format))
        let used = try await treeSize()
        let plan = FileSystemPlan(content: used.bytes, files: used.files, size: recipe.definition.size?.bytes)
        if let given = recipe.definition.size, given.bytes < plan.needed {
            throw GuestImageError.tooSmall(image: name, size: given.description, needed: plan.needed)
        }
        let raw = format == .raw ? path : folder.appending("image.raw")
        guard FileManager.default.createFile(atPath: raw.string, contents: nil), truncate(raw.string, plan.size) == 0
        else {
            throw GuestImageError.storage(path: raw.string, reason: String(cString: strerror(errno)))
        }
        // -F: a file is no device. -b: not 1024, as for small ones. -m 0: nothing is kept back for root, who is the only
        // one there.
        let options = [
            "-q", "-F", "-t", "ext4", "-b", "4096", "-m", "0", "-N", "\(plan.inodes)", "-E", "root_owner=0:0",
        ]
        try await run(cage.command("mke2fs", options + ["-d", tree.string, raw.string], in: folder))
        if format == .qcow2 {
            try await run(Command("qemu-img", ["convert", "-f", "raw", "-O", "qcow2", raw.string, path.string]))
        }
    }

    private func treeSize() async throws -> (bytes: Int, files: Int) {
        let blocks = try await run(cage.command("du", ["-s", "-k", "--", tree.string], in: folder))
        let files = try await run(cage.command("du", ["-s", "--inodes", "--", tree.string], in: folder))
        guard let kilobytes = Self.firstNumber(in: blocks), let count = Self.firstNumber(in: files) else {
            throw GuestImageError.damaged(path: tree.string, reason: "du does not say how large it is")
        }
        return (kilobytes << 10, count)
    }

    private static func firstNumber(in text: String) -> Int? {
        text.split(whereSeparator: \.isWhitespace).first.flatMap { Int($0) }
    }

    @discardableResult
    private func run(_ command: Command) async throws -> String {
        let result = try await command.run(within: Self.fileSystemLimit)
        guard result.ending.isSuccess else {
            throw GuestImageError.stepFailed(
                image: name,
                step: "making the file system (\(command.text.prefix(200)))",
                reason: "\(result.ending)",
                output: String(result.errorText.suffix(2000))
            )
        }
        return result.outputText
    }
}
