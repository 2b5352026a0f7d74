// SPDX-License-Identifier: Apache-2.0

import Foundation
import SystemPackage

/// What there is to test among what the user named.
public struct FoundInputs: Sendable {
    /// Each once.
    public internal(set) var inputs: [TestInput] = []
    /// What was left alone, and why.
    public internal(set) var notes: [String] = []
    /// The folders that were searched.
    public internal(set) var folders: [FilePath] = []

    /// Leaves out all but sources.
    public mutating func keepSources() {
        inputs.removeAll { !$0.isSource }
    }
}

/// Looks for sources, objects and files with objects inside in folders.
struct InputSearch {
    private let isRecursive: Bool
    private(set) var found = FoundInputs()
    private var known: Set<TestInput> = []
    private var patience = SearchPatience()

    init(isRecursive: Bool) {
        self.isRecursive = isRecursive
    }

    mutating func add(_ input: TestInput) {
        if known.insert(input).inserted { found.inputs.append(input) }
    }

    /// Searches a folder that the user named, and with `isRecursive` all below it. Links to folders are not followed, so that
    /// it ends; nor are hidden folders entered.
    mutating func search(_ root: String) throws(InputError) {
        let count = found.inputs.count
        var open = [FilePath(root)]
        while let path = open.popLast() {
            let listing: FolderListing
            do throws(InputError) {
                listing = try FolderListing(path, patience: &patience)
            } catch {
                guard path.string != root else { throw error }
                found.notes.append("\(error)")
                continue
            }
            found.folders.append(path)
            take(listing)
            if isRecursive { open += listing.folders.reversed() }
        }
        if let note = patience.note { found.notes.append(note) }
        guard found.inputs.count > count else { throw .emptyFolder(path: root, isSearchedWhole: isRecursive) }
    }

    private mutating func take(_ listing: FolderListing) {
        let named = listing.sources.filter { $0.isNamedForBPF }
        // Where sources have a name that says that they are for BPF, the others are user space. Where all of a tree is
        // searched, so is what looks like it.
        let sources = !named.isEmpty ? named : isRecursive ? listing.sources.filter(\.looksLikeBPF) : listing.sources
        let others = listing.sources.filter { !sources.contains($0) }
        if !others.isEmpty, !named.isEmpty {
            let why = "BPF sources there are called *.bpf.c"
            found.notes.append("\(listing.path): left alone as user space: \(Self.list(others)); \(why)")
        }
        let compiled = Set(sources.map(\.programStem))
        // An object is left out where its own source lies beside it, since that is compiled anew.
        let objects = listing.objects.filter { !compiled.contains($0.path.programStem) }
        let twins = listing.foreignTwins(among: objects)
        for (big, little) in twins {
            found.notes.append("\(big): left alone: it is for big-endian machines; its twin \(little) is tested")
        }
        for source in sources { add(.source(source)) }
        for object in objects where !twins.contains(where: { $0.big == object.path }) { add(.binary(object.path)) }
        for container in listing.containers { add(.container(container)) }
    }

    /// `foo.c, bar.c and 3 more`
    private static func list(_ paths: [FilePath]) -> String {
        let names = paths.compactMap { $0.lastComponent?.string }
        let most = 4
        guard names.count > most else { return names.joined(separator: ", ") }
        return names.prefix(most - 1).joined(separator: ", ") + " and \(names.count - most + 1) more"
    }
}

/// How much of a disk is read in search of objects, so that a folder of anything does not take for ever.
struct SearchPatience {
    private var entries = 200_000
    /// Bytes of files that are no objects, and may embed some.
    private var bytes = 2 << 30
    private var unsearched: [FilePath] = []

    /// A binary of more is not searched for objects.
    private static let largestFile = 256 << 20

    mutating func takesEntry() -> Bool {
        entries -= 1
        return entries >= 0
    }

    mutating func takesFile(_ path: FilePath, of size: Int) -> Bool {
        guard size <= Self.largestFile, size <= bytes else {
            unsearched.append(path)
            return false
        }
        bytes -= size
        return true
    }

    /// What was left out; once.
    var note: String? {
        mutating get {
            defer { unsearched = [] }
            if entries < 0 { return "more than 200,000 files: the rest is left alone; name the folders that matter" }
            guard let first = unsearched.first else { return nil }
            let others = unsearched.count > 1 ? " and \(unsearched.count - 1) more" : ""
            return
                "not searched for embedded objects, being too large: \(first)\(others); a file that is named is searched"
        }
    }
}

extension FilePath {
    /// `minimal` for `minimal.c`, `minimal.bpf.c` and `minimal.bpf.o`.
    var programStem: String {
        let stem = stem ?? string
        return stem.hasSuffix(".bpf") ? String(stem.dropLast(4)) : stem
    }

    /// `minimal.bpf.c`
    var isNamedForBPF: Bool { stem?.hasSuffix(".bpf") == true && self.extension == "c" }

    /// Whether a source puts something into sections, as programs and maps are, or has headers that no other program has.
    var looksLikeBPF: Bool {
        let most = 1 << 20
        guard let text = try? FileHandle(forReadingFrom: URL(filePath: string)).read(upToCount: most) else {
            return false
        }
        let signs = ["SEC(", "__section", "section(", "vmlinux.h", "bpf_helpers.h"]
        return signs.contains { text.firstRange(of: Data($0.utf8)) != nil }
    }
}
