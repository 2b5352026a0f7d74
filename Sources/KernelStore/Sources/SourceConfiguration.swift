// SPDX-License-Identifier: Apache-2.0

import Foundation
import OCIRegistry
import SystemPackage
import Yams

/// The file that says which sources this machine has.
///
/// ```yaml
/// sources:
///   - debian                                  # those that are built in, by their names
///   - name: ubuntu
///     archive: http://archive.ubuntu.com/ubuntu
///     suites: [noble, noble-updates]
///     keyring: /usr/share/keyrings/ubuntu-archive-keyring.gpg
///     flavours: [generic]
///   - name: mirror
///     registry: registry.example/kernel-images
/// longterm: [5.10, 6.1]                       # what `lts` chooses from
/// ```
public enum SourceConfiguration {
    /// Why a configuration can't be used.
    public enum Failure: Error, Hashable, CustomStringConvertible {
        case unreadable(path: String, reason: String)
        /// `place`: line of the file, where it is known.
        case wrong(path: String, line: Int?, reason: String)

        public var description: String {
            switch self {
            case .unreadable(let path, let reason): "the configuration \(path) can't be read: \(reason)"
            case .wrong(let path, let line, let reason):
                "the configuration \(path)\(line.map { ", line \($0)" } ?? "") can't be used: \(reason)"
            }
        }
    }

    /// Where it may be: `BPFMATRIX_CONFIG`; or else the user's own, then the machine's.
    static func candidates(environment: [String: String]) -> [FilePath] {
        if let chosen = environment["BPFMATRIX_CONFIG"], !chosen.isEmpty { return [FilePath(chosen)] }
        let home =
            environment["XDG_CONFIG_HOME"].flatMap { $0.isEmpty ? nil : FilePath($0) }
            ?? FilePath(NSHomeDirectory()).appending(".config")
        return [home, "/etc"].map { $0.appending("bpfmatrix").appending("config.yaml") }
    }

    /// The sources of this machine: the usual ones, where no configuration says otherwise.
    public static func sources(
        environment: [String: String] = ProcessInfo.processInfo.environment
    ) throws(Failure) -> KernelSources {
        let candidates = candidates(environment: environment)
        let isChosen = candidates.count == 1
        guard let path = candidates.first(where: { isChosen || FileManager.default.fileExists(atPath: $0.string) })
        else { return .usual }
        let text: String
        do {
            text = try String(contentsOfFile: path.string, encoding: .utf8)
        } catch {
            throw .unreadable(path: path.string, reason: error.localizedDescription)
        }
        return try sources(in: text, path: path.string)
    }

    /// - Parameter path: of the file that the text was read from, for errors.
    static func sources(in text: String, path: String) throws(Failure) -> KernelSources {
        let root: Node?
        do {
            root = try compose(yaml: text)
        } catch {
            throw .wrong(path: path, line: nil, reason: "\(error)")
        }
        guard let root else { return .usual }
        let file = Section(node: root, path: path, what: "the configuration")
        let fields = try file.fields(["sources", "longterm"])
        var sources = KernelSources.usual
        if let list = fields["sources"] {
            sources.sources = []
            for entry in try list.list() {
                let source = try source(entry)
                guard !sources.sources.contains(where: { $0.name == source.name }) else {
                    throw entry.wrong("a second source is called \(source.name)")
                }
                sources.sources.append(source)
            }
            if sources.sources.isEmpty { throw list.wrong("it has no sources") }
        }
        if let lines = fields["longterm"] {
            sources.longTermLines = try lines.words()
            for word in sources.longTermLines {
                guard case .line = KernelSpec(word) else { throw lines.wrong("'\(word)' is no line, such as 6.6") }
            }
        }
        return sources
    }

    private static func source(_ entry: Section) throws(Failure) -> KernelSource {
        if let word = entry.node.string {
            guard let known = KernelSources.usual.sources.first(where: { $0.name == word }) else {
                let names = KernelSources.usual.sources.map(\.name).joined(separator: ", ")
                throw entry.wrong("no source '\(word)' is built in; there are: \(names)")
            }
            return known
        }
        let fields = try entry.fields(
            ["name", "registry", "archive", "security", "suites", "keyring", "components", "flavours"]
        )
        guard let name = fields["name"] else { throw entry.wrong("a source needs a name") }
        let word = try name.word()
        let isFree = KernelStore.isPlain(word) && !KernelOrigin.words.contains(word) && word != RegistrySource.unnamed
        let isBuiltIn = KernelSources.usual.sources.contains { $0.name == word }
        guard isFree, !isBuiltIn, case .named = KernelSpec(word) else {
            throw name.wrong("'\(word)' can't be a source's name")
        }
        if let address = fields["registry"] {
            guard fields.count == 2 else {
                throw entry.wrong("registry \(word) has a name, an address and nothing else")
            }
            let text = try address.word()
            do throws(ImageReferenceError) {
                return .registry(try RegistrySource(name: word, address: text))
            } catch {
                throw address.wrong("\(error)")
            }
        }
        guard let address = fields["archive"] else {
            throw entry.wrong("source \(word) is neither an archive nor a registry")
        }
        guard let suites = fields["suites"] else { throw entry.wrong("archive \(word) needs suites") }
        guard let keyring = fields["keyring"] else { throw entry.wrong("archive \(word) needs a keyring") }
        let hasSecurity = fields["security"] != nil
        return .archive(
            PackageArchive(
                name: word,
                main: try address.word(),
                security: try fields["security"]?.word(),
                keyring: FilePath(try keyring.word()),
                // Distributions keep their updates of security apart, or not.
                suites: try suites.words().map { .init($0, isSecurity: hasSecurity && $0.hasSuffix("-security")) },
                components: try fields["components"]?.words() ?? ["main"],
                flavours: try fields["flavours"]?.words() ?? []
            )
        )
    }
}

/// A part of the file, with what it takes to say where it is wrong.
private struct Section {
    typealias Failure = SourceConfiguration.Failure

    let node: Node
    let path: String
    /// What it is, for people.
    let what: String

    func wrong(_ reason: String) -> Failure { .wrong(path: path, line: node.mark?.line, reason: reason) }

    /// Its fields by their names; others than these are refused.
    func fields(_ known: [String]) throws(Failure) -> [String: Section] {
        guard let mapping = node.mapping else { throw wrong("\(what) is no mapping of names to values") }
        var fields: [String: Section] = [:]
        for (key, value) in mapping {
            let name = key.string ?? "?"
            guard known.contains(name) else {
                throw Section(node: key, path: path, what: name).wrong(
                    "unknown key '\(name)'; there are: \(known.joined(separator: ", "))"
                )
            }
            fields[name] = Section(node: value, path: path, what: name)
        }
        return fields
    }

    func list() throws(Failure) -> [Section] {
        guard let sequence = node.sequence else { throw wrong("\(what) is no list") }
        return sequence.map { Section(node: $0, path: path, what: "an entry of \(what)") }
    }

    /// As it is written: 5.10 is no number here.
    func word() throws(Failure) -> String {
        guard let word = node.scalar?.string, !word.isEmpty else { throw wrong("\(what) is no text") }
        return word
    }

    func words() throws(Failure) -> [String] {
        var words: [String] = []
        for entry in try list() { words.append(try entry.word()) }
        return words
    }
}
