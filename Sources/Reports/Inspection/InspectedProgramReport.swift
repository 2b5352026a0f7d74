// SPDX-License-Identifier: Apache-2.0

import BPFObject
import Inspection

/// One program of an object, for people: what it asks of kernels, and where in the source.
public struct InspectedProgramReport {
    private let program: InspectedProgram
    private let style: TextStyle

    public init(_ program: InspectedProgram, style: TextStyle) {
        self.program = program
        self.style = style
    }

    public var text: String {
        let title = style.paint(program.name.printable, .strong) + "  SEC(\"\(program.section.printable)\")"
        var lines = [title]
        lines += row("type", type)
        if let target { lines += row("for", target) }
        lines += functions
        if !program.maps.isEmpty { lines += row("maps", program.maps.map(\.printable).joined(separator: " ")) }
        lines += uses("helpers", program.helpers.map { ("\($0.name)#\($0.number ?? 0)", $0.uses) })
        lines += uses("kfuncs", program.kernelFunctions.map { (Self.name($0), $0.uses) })
        lines += uses("externs", program.externs.map { (Self.name($0), $0.uses) })
        lines += uses("CO-RE", program.relocations.map { ("\($0.kind) \($0.text.printable)", [$0.place]) })
        if let leftOut = program.leftOut { lines += row("", "\(leftOut) more are not listed: there are too many") }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func name(_ callee: InspectedProgram.Callee) -> String {
        callee.name.printable + (callee.isWeak == true ? " (weak)" : "")
    }

    private func row(_ title: String, _ text: String) -> [String] {
        ["  " + style.paint(title.padded(to: 13), .faint) + text]
    }

    private var type: String {
        guard let type = program.type else { return "libbpf knows no such section: its loader has to say one" }
        return [
            type, program.attachType.map { "attached as \($0)" }, program.isSleepable ? "may sleep" : nil,
            program.isOptional ? "optional" : nil,
        ].compactMap { $0 }.joined(separator: ", ")
    }

    private var target: String? {
        program.target.map { target in
            let offset = target.offset.map { "+0x\(String($0, radix: 16))" } ?? ""
            let module =
                target.module.map { ", of \($0 == "vmlinux" ? "the kernel itself" : "module \($0.printable)")" } ?? ""
            let required = target.required.map { ": the kernel's BTF must have \($0.printable)" } ?? ""
            return "\(Self.kinds[target.kind] ?? target.kind) \(target.name.printable)\(offset)\(module)\(required)"
        }
    }

    private static let kinds = [
        "kprobe": "function", "pattern": "functions", "rawTracepoint": "raw tracepoint",
        "typedTracepoint": "raw tracepoint", "lsm": "security hook", "iterator": "iterator over",
        "syscall": "system call", "user": "user space", "program": "function of a BPF program,",
    ]

    private var functions: [String] {
        let parts = program.functions.map { function in
            let end = function.start + function.instructions - 1
            return "\(function.start)-\(end) \(function.name.printable)\(function.isGlobal ? "" : " (static)")"
        }
        let count = program.instructions
        return parts.enumerated().flatMap { index, part in
            row(index == 0 ? "instructions" : "", index == 0 ? "\(count): \(part)" : part)
        }
    }

    private func uses(_ title: String, _ callees: [(name: String, places: [InspectedProgram.Place])]) -> [String] {
        var rows: [[String]] = []
        for callee in callees {
            for (index, line) in Self.lines(of: callee.places).enumerated() {
                rows.append([
                    rows.isEmpty ? title : "", index == 0 ? callee.name : "", line.instructions, line.source,
                ])
            }
        }
        let widths = (0..<3).map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { row in
            let text = "\(row[1].padded(to: widths[1]))  \(row[2].padded(to: widths[2]))  \(row[3])"
            return "  " + style.paint(row[0].padded(to: 13), .faint) + text.withoutTrailingBlanks
        }
    }

    /// Each line of source once, in the order in which it is first used, with the instructions that came of it.
    private static func lines(of places: [InspectedProgram.Place]) -> [(instructions: String, source: String)] {
        var order: [String] = []
        var numbers: [String: [Int]] = [:]
        for place in places {
            let source = source(place)
            if numbers[source] == nil { order.append(source) }
            numbers[source, default: []].append(place.instruction)
        }
        return order.map { source in
            let all = numbers[source] ?? []
            let shown = all.prefix(mostNumbers).map(String.init) + (all.count > mostNumbers ? ["and more"] : [])
            return (shown.joined(separator: " "), source)
        }
    }

    private static let mostNumbers = 6

    /// `biosnoop.bpf.c:99 in trace_rq_start: if (filter_dev)`
    static func source(_ place: InspectedProgram.Place) -> String {
        guard let file = place.file, let line = place.line else { return "in \(place.function.printable)" }
        let name = file.split(separator: "/").last.map(String.init) ?? file
        let text = place.text.map { ": \($0.printable)" } ?? ""
        return "\(name.printable):\(line) in \(place.function.printable)\(text)"
    }
}

/// A program's instructions, for people.
public struct ListingReport {
    private let listing: ProgramListing
    private let style: TextStyle

    public init(_ listing: ProgramListing, style: TextStyle) {
        self.listing = listing
        self.style = style
    }

    public var text: String {
        listing.lines.map { line in
            switch line {
            case .function(let name, let isGlobal):
                return "\n" + style.paint("\(name.printable):", .strong) + (isGlobal ? "" : " (static)")
            case .source(let place):
                let text = place.text.isEmpty ? "(no text)" : place.text.printable
                let file = place.file.split(separator: "/").last.map(String.init) ?? place.file
                return style.paint("; \(text) @ \(file.printable):\(place.line)", .faint)
            case .instruction(let number, let text):
                return "\(number): \(text.printable)"
            }
        }.joined(separator: "\n") + "\n"
    }
}
