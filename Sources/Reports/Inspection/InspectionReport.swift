// SPDX-License-Identifier: Apache-2.0

import Inspection

/// What is in an object, for people: first what it is and what it asks of kernels as a whole.
public struct InspectionReport {
    private let object: InspectedObject
    private let style: TextStyle

    /// Relocations of more kinds than these are left to `--program`.
    private static let mostRelocations = 24
    private static let width = 100

    public init(_ object: InspectedObject, style: TextStyle) {
        self.object = object
        self.style = style
    }

    public var text: String {
        let parts = [heading, programs, paragraphs, maps, externs, relocations].filter { !$0.isEmpty }
        return parts.map { $0.joined(separator: "\n") }.joined(separator: "\n\n") + "\n"
    }

    private var heading: [String] {
        let types = object.types.map { "BTF with \($0) types" } ?? "no BTF: neither CO-RE nor maps in .maps can work"
        let licence = object.license.map { "licence \($0.printable)" } ?? "no licence"
        let facts = [
            "\(object.bytes) bytes", style.digest(object.sha256), object.byteOrder, licence, types,
        ]
        let path = object.path == object.name ? "" : "  " + style.paint(object.path.printable, .faint)
        let lines = [
            style.paint(object.name.printable, .strong) + path, "  " + facts.joined(separator: style.separator),
        ]
        let leftOut = object.programs.reduce(0) { $0 + ($1.leftOut ?? 0) }
        return lines + (object.damage.map { ["  \($0.printable)"] } ?? [])
            + (leftOut == 0
                ? []
                : ["  \(leftOut) uses, relocations, functions and maps of programs are not listed: there are too many"])
            + (object.programs.isEmpty ? ["  no programs: no function is in a section such as SEC(\"kprobe/…\")"] : [])
    }

    private var programs: [String] {
        let rows = object.programs.map { program in
            let attach = program.attachType.map { ", \($0)" } ?? ""
            let type = program.type.map { $0 + attach } ?? "libbpf knows no such section"
            let count = max(0, program.functions.count - 1)
            return [
                program.name.printable, program.section.printable, type, "\(program.instructions)",
                count == 0 ? "" : "\(count)", program.relocations.isEmpty ? "" : "\(program.relocations.count)",
            ]
        }
        return table(["PROGRAM", "SECTION", "TYPE", "INSTRUCTIONS", "SUBPROGRAMS", "CO-RE"], rows, numbers: [3, 4, 5])
    }

    private var paragraphs: [String] {
        let functions = names(object.programs.flatMap(\.kernelFunctions))
        return paragraph("helpers", names(object.programs.flatMap(\.helpers)))
            + paragraph("kfuncs", functions)
            + paragraph("not reached", object.unreached.map(\.printable))
    }

    private func names(_ callees: [InspectedProgram.Callee]) -> [String] {
        var known: Set<String> = []
        let different = callees.filter { known.insert($0.name).inserted }
        return different.map { $0.name.printable + ($0.isWeak == true ? " (weak)" : "") }.sorted()
    }

    // MARK: Maps

    private var maps: [String] {
        var rows: [[String]] = []
        for map in object.maps {
            rows.append([
                map.name.printable, map.type, size(map.keySize, map.keyType), size(map.valueSize, map.valueType),
                Self.entries(map), remarks(map).joined(separator: " "),
            ])
            if let inner = map.inner {
                rows.append([
                    "  each in it", inner.type, "\(inner.keySize)", "\(inner.valueSize)", "\(inner.maxEntries)",
                    inner.flags.joined(separator: " "),
                ])
            }
            for value in map.initialValues {
                let place = value.member.map { ".\($0.printable)" } ?? "[\(value.index)]"
                rows.append(["  \(place)", value.name.printable])
            }
        }
        return table(["MAP", "TYPE", "KEY", "VALUE", "ENTRIES", ""], rows)
    }

    private func size(_ bytes: UInt32, _ type: String?) -> String {
        guard let type else { return bytes == 0 ? "" : "\(bytes)" }
        return "\(bytes) \(type.printable.cut(to: 32, style.ellipsis))"
    }

    /// 0 is what some types want, and for others what only a loader can make good.
    private static func entries(_ map: InspectedMap) -> String {
        guard map.maxEntries == 0 else { return "\(map.maxEntries)" }
        if map.type == "perf_event_array" { return "one a CPU" }
        return map.type.hasSuffix("_storage") ? "" : "0: set by the loader"
    }

    private func remarks(_ map: InspectedMap) -> [String] {
        var remarks = map.flags
        if map.isPinned { remarks.append("pinned") }
        if let node = map.numaNode { remarks.append("node \(node)") }
        if let extra = map.extra { remarks.append("extra 0x\(String(extra, radix: 16))") }
        if !map.isCreated { remarks.append("optional") }
        if map.inner == nil, map.type.hasSuffix("_of_maps") { remarks.append("inner map: set by the loader") }
        return remarks
    }

    private var externs: [String] {
        table(
            ["EXTERN", "KIND", ""],
            object.externs.map { [$0.declaration.printable, $0.kind, $0.isWeak ? "weak" : ""] }
        )
    }

    // MARK: CO-RE

    private var relocations: [String] {
        var order: [String] = []
        var kinds: [String: [String: Int]] = [:]
        for relocation in object.programs.flatMap(\.relocations) {
            if kinds[relocation.text] == nil { order.append(relocation.text) }
            kinds[relocation.text, default: [:]][relocation.kind, default: 0] += 1
        }
        let rows = order.prefix(Self.mostRelocations).map { text in
            let counts = kinds[text, default: [:]].sorted { $0.key < $1.key }
            let words = counts.map { $0.value == 1 ? $0.key : "\($0.key) (\($0.value) times)" }
            return [text.printable, words.joined(separator: ", ")]
        }
        let lines = table(["CO-RE", ""], rows)
        let rest = order.count - rows.count
        guard rest > 0 else { return lines }
        return lines + ["  and \(rest) more: --program NAME lists those of a program"]
    }

    // MARK: Layout

    private func paragraph(_ title: String, _ words: [String]) -> [String] {
        var lines: [String] = []
        for word in words {
            if let last = lines.last, last.count + word.count < Self.width - 16 {
                lines[lines.count - 1] = "\(last) \(word)"
            } else {
                lines.append(word)
            }
        }
        return lines.enumerated().map { index, line in
            style.paint((index == 0 ? title : "").padded(to: 13), .faint) + line
        }
    }

    private func table(_ heading: [String], _ rows: [[String]], numbers: Set<Int> = []) -> [String] {
        InspectionTable(heading: heading, rows: rows, numbers: numbers).lines(style)
    }
}

/// Rows under a heading, as wide as they are; columns that nothing is in are left out.
struct InspectionTable {
    let heading: [String]
    let rows: [[String]]
    /// Columns whose text ends at the right.
    let numbers: Set<Int>

    func lines(_ style: TextStyle) -> [String] {
        guard !rows.isEmpty else { return [] }
        let used = heading.indices.filter { column in
            rows.contains { $0.indices.contains(column) && !$0[column].isEmpty }
        }
        let widths = heading.indices.map { column in
            ([heading] + rows).map { $0.indices.contains(column) ? $0[column].count : 0 }.max() ?? 0
        }
        func line(_ row: [String]) -> String {
            used.map { column in
                let text = row.indices.contains(column) ? row[column] : ""
                guard numbers.contains(column) else { return text.padded(to: widths[column]) }
                return String(repeating: " ", count: max(0, widths[column] - text.count)) + text
            }.joined(separator: "  ").withoutTrailingBlanks
        }
        return [style.paint(line(heading), .faint)] + rows.map(line)
    }
}

extension String {
    func cut(to length: Int, _ ellipsis: String) -> String {
        count <= length ? self : String(prefix(length - 1)) + ellipsis
    }
}
