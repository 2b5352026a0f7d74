// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Turns JSON into definitions, and refuses what it does not know by its name and place: a slip of the pen must not
/// become an image that lacks something.
struct DefinitionReader {
    let file: String

    private static let imageKeys = ["name", "parent", "image_size", "bootable", "packages", "actions"]
    private static let actionKeys = ["comment", "type", "op"]

    func images(in data: Data) throws(GuestImageError) -> [ImageDefinition] {
        let value: JSONValue
        do {
            value = try JSONDecoder().decode(JSONValue.self, from: data)
        } catch {
            let detail = (error as? DecodingError).flatMap(Self.detail) ?? "\(error)"
            throw .badDefinition(file: file, place: nil, reason: "it is not JSON: \(detail)")
        }
        guard case .array(let values) = value else { throw wrong(nil, "it is \(value.kind), not an array of images") }
        var images: [ImageDefinition] = []
        for (offset, value) in values.enumerated() {
            let image = try self.image(value, number: offset + 1)
            guard !images.contains(where: { $0.name == image.name }) else {
                throw wrong("image \(offset + 1)", "the name '\(image.name)' is taken already")
            }
            images.append(image)
        }
        try checkParents(of: images)
        return images
    }

    private func image(_ value: JSONValue, number: Int) throws(GuestImageError) -> ImageDefinition {
        var place = "image \(number)"
        guard case .object(let fields) = value else { throw wrong(place, "it is \(value.kind), not an object") }
        guard let name = try string("name", in: fields, place) else { throw wrong(place, "it has no name") }
        guard Self.isName(name) else {
            throw wrong(
                place,
                "'\(name)' can't be its name: letters, digits, '.', '_', '+' and '-' can, beginning with a letter or "
                    + "digit, 64 at most"
            )
        }
        place = "image '\(name)'"
        if let key = fields.keys.sorted().first(where: { !Self.imageKeys.contains($0) }) {
            throw wrong(place, "unknown key '\(key)'; an image takes \(Self.imageKeys.joined(separator: ", "))")
        }
        let parent = try string("parent", in: fields, place)
        var actions: [ImageAction] = []
        for (offset, value) in try array("actions", in: fields, place).enumerated() {
            actions.append(try action(value, "\(place), action \(offset + 1)"))
        }
        return ImageDefinition(
            name: name,
            parent: parent == "" ? nil : parent,
            size: try size(in: fields, place),
            isBootable: try isBootable(in: fields, place),
            packages: try packages(in: fields, place),
            actions: actions
        )
    }

    private func size(in fields: [String: JSONValue], _ place: String) throws(GuestImageError) -> ImageSize? {
        guard let text = try string("image_size", in: fields, place), !text.isEmpty else { return nil }
        guard let size = ImageSize(text) else {
            throw wrong(place, "image_size '\(text)' is no size: a whole number with K, M, G or T, from 32M to 16T")
        }
        return size
    }

    private func isBootable(in fields: [String: JSONValue], _ place: String) throws(GuestImageError) -> Bool {
        switch fields["bootable"] ?? .null {
        case .null: return false
        case .bool(let value): return value
        case let other: throw wrong(place, "bootable is \(other.kind), not true or false")
        }
    }

    private func packages(in fields: [String: JSONValue], _ place: String) throws(GuestImageError) -> [String] {
        var packages: [String] = []
        for (offset, value) in try array("packages", in: fields, place).enumerated() {
            guard case .string(let package) = value else {
                throw wrong(place, "package \(offset + 1) is \(value.kind), not a string")
            }
            guard Self.isPackage(package) else { throw wrong(place, "'\(package)' can't be the name of a package") }
            packages.append(package)
        }
        return packages
    }

    private func action(_ value: JSONValue, _ place: String) throws(GuestImageError) -> ImageAction {
        guard case .object(let fields) = value else { throw wrong(place, "it is \(value.kind), not an object") }
        if let key = fields.keys.sorted().first(where: { !Self.actionKeys.contains($0) }) {
            throw wrong(place, "unknown key '\(key)'; an action takes \(Self.actionKeys.joined(separator: ", "))")
        }
        _ = try string("comment", in: fields, place)
        guard let type = try string("type", in: fields, place) else { throw wrong(place, "it has no type") }
        guard let keys = ImageAction.keys(of: type) else {
            let known = ImageAction.keys.map(\.type).joined(separator: ", ")
            throw wrong(place, "unknown type '\(type)'; there are \(known)")
        }
        let operation = fields["op"] ?? .null
        guard case .object(let given) = operation else {
            throw wrong(place, "op is \(operation.kind), not an object with \(keys.joined(separator: " and "))")
        }
        if let key = given.keys.sorted().first(where: { !keys.contains($0) }) {
            throw wrong(place, "unknown key '\(key)' in \(type); it takes \(keys.joined(separator: " and "))")
        }
        var words: [String] = []
        for key in keys {
            guard let word = try string(key, in: given, "\(place), \(type)") else {
                throw wrong(place, "\(type) needs \(key)")
            }
            words.append(word)
        }
        guard let action = ImageAction(type: type, words: words) else {
            throw wrong(place, "\(type) takes \(keys.joined(separator: " and "))")
        }
        if let reason = action.fault { throw wrong(place, "\(type): \(reason)") }
        return action
    }

    private func checkParents(of images: [ImageDefinition]) throws(GuestImageError) {
        let parents = Dictionary(uniqueKeysWithValues: images.map { ($0.name, $0.parent) })
        for image in images {
            guard let parent = image.parent else { continue }
            guard parents.keys.contains(parent) else {
                throw wrong("image '\(image.name)'", "its parent '\(parent)' is not defined")
            }
            var way = [image.name]
            var next: String? = parent
            while let current = next {
                way.append(current)
                if current == image.name {
                    throw wrong(
                        "image '\(image.name)'",
                        "its parents go in a circle: \(way.joined(separator: " → "))"
                    )
                }
                // A circle that this image only leads into is told of an image that is in it.
                if way.count > images.count { break }
                next = parents[current] ?? nil
            }
        }
    }

    // MARK: - Values

    /// nil for a key that is not there, or is null.
    private func string(
        _ key: String,
        in fields: [String: JSONValue],
        _ place: String
    ) throws(GuestImageError) -> String? {
        switch fields[key] ?? .null {
        case .null: return nil
        case .string(let text):
            guard !text.contains("\0") else { throw wrong(place, "\(key) has a NUL in it") }
            return text
        case let other: throw wrong(place, "\(key) is \(other.kind), not a string")
        }
    }

    /// Empty for a key that is not there, or is null, as Little-VM-Helper itself writes an empty one.
    private func array(
        _ key: String,
        in fields: [String: JSONValue],
        _ place: String
    ) throws(GuestImageError) -> [JSONValue] {
        switch fields[key] ?? .null {
        case .null: return []
        case .array(let values): return values
        case let other: throw wrong(place, "\(key) is \(other.kind), not an array")
        }
    }

    private func wrong(_ place: String?, _ reason: String) -> GuestImageError {
        .badDefinition(file: file, place: place, reason: reason)
    }

    private static func detail(_ error: DecodingError) -> String? {
        guard case .dataCorrupted(let context) = error else { return nil }
        let cause = context.underlyingError.map { ($0 as NSError).userInfo["NSDebugDescription"] as? String ?? "\($0)" }
        return cause ?? context.debugDescription
    }

    /// It becomes part of a folder's name, and the image's host name.
    private static func isName(_ name: String) -> Bool {
        guard (1...64).contains(name.utf8.count), let first = name.first, first.isASCII,
            first.isLetter || first.isNumber
        else { return false }
        return name.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "._+-".contains($0)) }
    }

    /// A package as apt takes it: name, `:architecture`, `=version` or `/suite` (Debian policy, 5.6.1 and 5.6.12).
    private static func isPackage(_ text: String) -> Bool {
        text.wholeMatch(of: /[a-z0-9][a-z0-9+.\-]+(:[a-z0-9\-]+)?([=\/][A-Za-z0-9.+~:\-]+)?/) != nil
    }
}

extension ImageAction {
    /// Most bytes of one word: the kernel's own limit for an argument is 128 kB (MAX_ARG_STRLEN).
    private static let wordLimit = 100_000

    /// What is wrong with it beyond its keys; nil where nothing is.
    var fault: String? {
        if words.contains(where: { $0.utf8.count > Self.wordLimit }) {
            return "a text of more than \(Self.wordLimit) bytes; copy in a file instead"
        }
        if let path = imagePaths.first(where: { !$0.hasPrefix("/") }) {
            return "'\(path)' must be an absolute path in the image"
        }
        if hostPath == "" { return "the path on this machine is empty" }
        switch self {
        case .runCommand(let command) where command.isEmpty: return "the command is empty"
        case .link(let target, _) where target.isEmpty: return "the target is empty"
        case .changeMode(let permissions, _) where permissions.wholeMatch(of: /0[0-7]{1,4}/) == nil:
            // virt-customize, which Little-VM-Helper hands it to, reads 755 as a decimal number.
            return "permissions '\(permissions)' must be octal with a leading zero: 0755"
        case .setHostname(let name) where !Self.isHostname(name):
            return "'\(name)' is no host name: letters, digits, '-' and '.', 64 at most"
        default: return nil
        }
    }

    /// hostname(7).
    private static func isHostname(_ name: String) -> Bool {
        (1...64).contains(name.utf8.count) && !name.hasPrefix("-") && !name.hasPrefix(".")
            && name.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "-.".contains($0)) }
    }
}
