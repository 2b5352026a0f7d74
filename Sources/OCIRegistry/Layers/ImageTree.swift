// SPDX-License-Identifier: Apache-2.0

import SystemPackage

/// The files of an image as its layers, one over the other, make them: only those that are wanted have content.
///
/// Links are kept as text and followed here, inside the image; no file of this machine is looked at.
struct ImageTree {
    enum Node {
        case folder(Folder)
        case file(FilePath)
        case link(String)
    }

    struct Folder {
        var children: [String: Child] = [:]
    }

    struct Child {
        var node: Node
        /// The layer that put it there, or something below it.
        var layer: Int
    }

    private var top = Folder()

    /// As Linux has it (path_resolution(7)).
    private static let mostLinks = 40

    /// What is there; a link itself, not what it leads to.
    subscript(_ path: ImagePath) -> Node? {
        var node = Node.folder(top)
        for part in path.parts {
            guard case .folder(let folder) = node, let child = folder.children[part] else { return nil }
            node = child.node
        }
        return node
    }

    /// Puts something there, over whatever was. A folder over a folder leaves what is in it.
    mutating func put(_ node: Node, at path: ImagePath, layer: Int) {
        Self.put(node, at: path.parts[...], in: &top, layer: layer)
    }

    private static func put(_ node: Node, at path: ArraySlice<String>, in folder: inout Folder, layer: Int) {
        guard let name = path.first else { return }
        if path.count > 1 {
            var below = Folder()
            if case .folder(let there)? = folder.children[name]?.node {
                below = there
                // Not shared with the one that is changed, which would be copied whole.
                folder.children[name]?.node = .folder(Folder())
            }
            put(node, at: path.dropFirst(), in: &below, layer: layer)
            folder.children[name] = Child(node: .folder(below), layer: layer)
        } else if case .folder = node, case .folder? = folder.children[name]?.node {
            folder.children[name]?.layer = layer
        } else {
            folder.children[name] = Child(node: node, layer: layer)
        }
    }

    /// Removes what is there.
    mutating func remove(_ path: ImagePath) {
        Self.change(path.parts[...], in: &top) { _ in nil }
    }

    /// Removes what layers before `layer` have put there: a whiteout (image specification 1.1, "Layer", "Whiteouts").
    mutating func remove(_ path: ImagePath, before layer: Int) {
        Self.change(path.parts[...], in: &top) { Self.remainder(of: $0, from: layer) }
    }

    /// Removes what layers before `layer` have put below there: an opaque whiteout.
    mutating func empty(_ path: ImagePath, before layer: Int) {
        guard !path.parts.isEmpty else { return Self.thin(&top, from: layer) }
        Self.change(path.parts[...], in: &top) { child in
            guard case .folder(var folder) = child.node else { return child }
            Self.thin(&folder, from: layer)
            return Child(node: .folder(folder), layer: child.layer)
        }
    }

    private static func change(_ path: ArraySlice<String>, in folder: inout Folder, _ body: (Child) -> Child?) {
        guard let name = path.first, var child = folder.children.removeValue(forKey: name) else { return }
        if path.count == 1 {
            folder.children[name] = body(child)
            return
        }
        if case .folder(var below) = child.node {
            child.node = .folder(Folder())
            change(path.dropFirst(), in: &below, body)
            child.node = .folder(below)
        }
        folder.children[name] = child
    }

    private static func remainder(of child: Child, from layer: Int) -> Child? {
        guard child.layer >= layer else { return nil }
        guard case .folder(var folder) = child.node else { return child }
        thin(&folder, from: layer)
        return Child(node: .folder(folder), layer: child.layer)
    }

    private static func thin(_ folder: inout Folder, from layer: Int) {
        folder.children = folder.children.compactMapValues { remainder(of: $0, from: layer) }
    }

    /// Where a path leads when the links in it are followed as if the image's root were the machine's; nil for one that goes
    /// round in circles. What does not exist leads to itself.
    ///
    /// - Parameter includingLast: whether the last part is followed too.
    func resolve(_ path: ImagePath, includingLast: Bool) -> ImagePath? {
        var rest = Array(path.parts.reversed())
        var found = ImagePath.root
        var links = 0
        while let part = rest.popLast() {
            if part == ".." {
                found = found.parent
                continue
            }
            let next = found.appending(part)
            guard !next.isTooDeep, ImagePath.isName(part) else { return nil }
            guard case .link(let target) = self[next], includingLast || !rest.isEmpty else {
                found = next
                continue
            }
            links += 1
            guard links <= Self.mostLinks else { return nil }
            if target.hasPrefix("/") { found = .root }
            rest += target.split(separator: "/").map(String.init).filter { $0 != "." }.reversed()
        }
        return found
    }

    /// All files and links, in the order of their names.
    var leaves: [(path: ImagePath, node: Node)] {
        var leaves: [(path: ImagePath, node: Node)] = []
        func visit(_ folder: Folder, _ path: ImagePath) {
            for (name, child) in folder.children.sorted(by: { $0.key < $1.key }) {
                let here = path.appending(name)
                if case .folder(let below) = child.node {
                    visit(below, here)
                } else {
                    leaves.append((here, child.node))
                }
            }
        }
        visit(top, .root)
        return leaves
    }
}
