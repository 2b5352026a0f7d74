// SPDX-License-Identifier: Apache-2.0

import ChildProcess
import Foundation
import Platform
import SystemPackage

/// apt with files of its own: the machine's lists, cache and packages are neither read nor touched, and no root is
/// needed. The machine's settings for proxies and credentials hold.
///
/// apt checks the signature of each suite's Release file against the archive's keys, and every index against it.
struct PrivateApt: Sendable {
    private let folder: FilePath
    private let archive: PackageArchive
    let architecture: Architecture

    private static let updateLimit = Duration.seconds(300)
    static let queryLimit = Duration.seconds(60)

    private var configuration: FilePath { folder.appending("apt.conf") }
    private var sources: FilePath { folder.appending("sources.list") }

    init(folder: FilePath, archive: PackageArchive, architecture: Architecture) throws(KernelStoreError) {
        self.architecture = architecture
        guard Command.find("apt-get") != nil else { throw .aptMissing }
        guard FileManager.default.isReadableFile(atPath: archive.keyring.string) else {
            throw .noKeyring(path: archive.keyring.string)
        }
        self.folder = folder
        self.archive = archive
        for part in ["state/lists/partial", "cache/archives/partial"] {
            do {
                try FileManager.default.createDirectory(
                    atPath: folder.appending(part).string,
                    withIntermediateDirectories: true
                )
            } catch {
                throw .storage(path: folder.appending(part).string, reason: error.localizedDescription)
            }
        }
        try write("", to: folder.appending("status"))
        try write(settings, to: configuration)
    }

    /// The machine's hooks are not run: they are about its own packages.
    private var settings: String {
        """
        #clear APT::Update::Pre-Invoke;
        #clear APT::Update::Post-Invoke;
        #clear APT::Update::Post-Invoke-Success;
        Dir::State "\(folder)/state";
        Dir::State::status "\(folder)/status";
        Dir::Cache "\(folder)/cache";
        Dir::Etc::sourcelist "\(sources)";
        Dir::Etc::sourceparts "-";
        APT::Architecture "\(architecture.rawValue)";
        APT::Architectures { "\(architecture.rawValue)"; };
        APT::Sandbox::User "root";
        Acquire::Languages "none";
        Acquire::AllowInsecureRepositories "false";
        Acquire::AllowWeakRepositories "false";
        Acquire::AllowDowngradeToInsecureRepositories "false";
        APT::Get::AllowUnauthenticated "false";
        Acquire::ForceHash "SHA256";
        Acquire::http::Timeout "20";
        Acquire::https::Timeout "20";
        Acquire::Retries "2";
        Acquire::Check-Valid-Until "\(archive.isStrict)";
        \(archive.isStrict ? "Acquire::Check-Date \"true\";" : "")
        """
    }

    /// Reads the indexes of these suites, and says which could not be read.
    ///
    /// A mirror may lag behind its own dates; signed is what counts, and the date is told.
    func update(_ suites: [PackageArchive.Suite], note: @Sendable (String) -> Void) async throws {
        try write(archive.sources(suites, architecture: architecture.rawValue), to: sources)
        let result = try await apt("apt-get", ["update", "-q", "--error-on=any"], within: Self.updateLimit)
        guard !result.ending.isSuccess else {
            for stale in releases().compactMap({ $0.staleness() }) { note(stale) }
            return
        }
        let complaints = (result.outputText + "\n" + result.errorText).split(separator: "\n").map(String.init)
        let errors = complaints.filter { $0.hasPrefix("E: ") || $0.hasPrefix("W: ") || $0.hasPrefix("Err:") }
        let reason = errors.isEmpty ? "apt-get update: \(result.ending)" : errors.joined(separator: "\n")
        let names = suites.map(\.name)
        // Only a mirror that can't be reached is forgiven, and only where indexes that were verified before are there.
        let isUnreachable = !errors.contains { error in
            ["signature", "NO_PUBKEY", "not signed", "Hash Sum", "expired", "no longer"].contains { error.contains($0) }
        }
        guard isUnreachable else { throw KernelStoreError.archiveRefused(suites: names, reason: reason) }
        guard !archive.isStrict, !(try await packages().isEmpty) else {
            throw KernelStoreError.archiveUnreadable(suites: names, reason: reason)
        }
        note("the archive does not answer; going by what it said before (\(errors.first ?? reason))")
    }

    /// The Release files of the suites that were read last, whose signatures apt has checked.
    private func releases() -> [ReleaseFile] {
        let lists = folder.appending("state/lists")
        let names = (try? FileManager.default.contentsOfDirectory(atPath: lists.string)) ?? []
        return names.sorted().filter { $0.hasSuffix("_InRelease") || $0.hasSuffix("_Release") }.compactMap { name in
            (try? String(contentsOfFile: lists.appending(name).string, encoding: .utf8)).map(ReleaseFile.init)
        }
    }

    /// All kernels in the indexes that were read last.
    func packages() async throws -> [KernelPackage] {
        let names = try await apt("apt-cache", ["pkgnames", KernelPackage.prefix], within: Self.queryLimit).outputText
            .split(separator: "\n").map(String.init)
        let kernels = names.filter { KernelPackage.isKernel($0, flavours: flavours) }
        guard !kernels.isEmpty else { return [] }
        let table = try await apt("apt-cache", ["madison"] + kernels, within: Self.queryLimit).outputText
        return KernelPackage.parse(madison: table, flavours: flavours)
    }

    /// Debian's kernels are named after the architecture, with the small one for virtual machines before the full one.
    private var flavours: [String] {
        archive.flavours.isEmpty && archive.name == PackageArchive.debianName
            ? ["cloud-\(architecture.rawValue)", architecture.rawValue] : archive.flavours
    }

    /// The packages that have a kernel's files: the image's own, and those that it depends on and that are named after the
    /// same release. In Debian's since 6.19 all is in those; in Ubuntu's, all but the image.
    func parts(of package: KernelPackage) async throws -> [String] {
        let stanza = try await apt(
            "apt-cache",
            ["show", "--no-all-versions", "\(package.name)=\(package.version)"],
            within: Self.queryLimit
        ).outputText
        let dependencies = stanza.split(separator: "\n").first { $0.hasPrefix("Depends: ") } ?? ""
        let names = dependencies.dropFirst("Depends: ".count).split(separator: ",").map {
            String($0.trimmingPrefix(" ").prefix { $0 != " " })
        }
        return [package.name] + KernelPackage.partPrefixes.map { $0 + package.release }.filter(names.contains)
    }

    /// Where a package is, how long, and the digest that the signed index vouches for.
    func location(of name: String, version: String) async throws -> PackageLocation {
        let answer = try await apt(
            "apt-get",
            ["--print-uris", "download", "\(name)=\(version)"],
            within: Self.queryLimit
        )
        guard let location = PackageLocation(printed: answer.outputText) else {
            throw KernelStoreError.notDownloaded(
                what: name,
                reason: "apt does not say where it is: "
                    + answer.errorText.trimmingCharacters(in: .whitespacesAndNewlines)
            )
        }
        return location
    }

    func part(_ name: String, version: String) async throws -> PackagePart {
        PackagePart(name: name, version: version, location: try await location(of: name, version: version))
    }

    /// Has apt fetch a package itself, by whatever method its address needs.
    func download(_ name: String, version: String, into folder: FilePath, within limit: Duration) async throws {
        var command = command("apt-get", ["-qq", "download", "\(name)=\(version)"])
        command.workingDirectory = folder
        let result = try await command.run(within: limit)
        guard result.ending.isSuccess else {
            throw KernelStoreError.notDownloaded(what: name, reason: result.errorText)
        }
    }

    /// The proxy that apt uses for an address of this scheme: its own setting, then the environment's; nil where there is
    /// none.
    func proxy(
        for scheme: String,
        environment: [String: String] = ProcessInfo.processInfo.environment
    ) async throws -> String? {
        let answer = try await apt(
            "apt-config",
            ["shell", "PROXY", "Acquire::\(scheme)::Proxy"],
            within: Self.queryLimit
        )
        let value = answer.outputText.split(separator: "'").dropFirst().first.map(String.init)
        if value == "DIRECT" { return nil }
        return value ?? environment["\(scheme)_proxy"].flatMap { $0.isEmpty ? nil : $0 }
    }

    /// The settings here are read after the machine's own, and so win over them.
    private func command(_ tool: String, _ arguments: [String]) -> Command {
        Command(tool, ["-c", configuration.string] + arguments, environment: ["LC_ALL": "C"])
    }

    func apt(_ tool: String, _ arguments: [String], within limit: Duration) async throws -> CommandResult {
        do {
            return try await command(tool, arguments).run(within: limit)
        } catch let error as CommandError {
            throw KernelStoreError.toolFailed("\(error)")
        }
    }

    private func write(_ text: String, to path: FilePath) throws(KernelStoreError) {
        do {
            try Data(text.utf8).write(to: URL(filePath: path.string), options: .atomic)
        } catch {
            throw .storage(path: path.string, reason: error.localizedDescription)
        }
    }
}

/// A package to be fetched.
struct PackagePart: Sendable, Hashable {
    let name: String
    let version: String
    let location: PackageLocation
}

/// A package's address, as `apt-get --print-uris` prints it: `'address' file size SHA256:digest`.
struct PackageLocation: Hashable, Sendable {
    let address: String
    let size: Int
    /// Hexadecimal.
    let sha256: String

    init?(printed text: String) {
        let line = text.split(separator: "\n").first { $0.hasPrefix("'") } ?? ""
        let words = line.split(separator: " ").map(String.init)
        guard words.count == 4, let size = Int(words[2]), words[3].hasPrefix("SHA256:") else { return nil }
        address = words[0].trimmingCharacters(in: CharacterSet(charactersIn: "'"))
        self.size = size
        sha256 = String(words[3].dropFirst("SHA256:".count))
    }
}
