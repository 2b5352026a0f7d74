// SPDX-License-Identifier: Apache-2.0

import Foundation
import Results

/// A finished run for people: what was tested, the matrix, why cells are not green, and the sum.
public struct TerminalReport: Sendable {
    private let results: MatrixResults
    private let style: TextStyle
    private let isWhole: Bool

    /// - Parameter isWhole: every program has a row of its own, however many an object has.
    public init(_ results: MatrixResults, style: TextStyle, isWhole: Bool = false) {
        self.results = results
        self.style = style
        self.isWhole = isWhole
    }

    public var text: String {
        let table = MatrixTable(
            objects: results.objects,
            kernels: results.kernels,
            cells: results.cells,
            style: style,
            isWhole: isWhole
        )
        let reasons = Reasons(results, style: style).lines
        let why = reasons.isEmpty ? [] : [""] + reasons + [""]
        let added = AssumedLines(results).lines + ModuleLines(results).lines
        let notes = added.isEmpty ? [] : [""] + added + (reasons.isEmpty ? [""] : [])
        return (ObjectsLine(results, style: style).lines + foreign + table.lines + notes + why + [sum])
            .joined(separator: "\n") + "\n"
    }

    /// On another architecture than the host's there is no agent.
    private var foreign: [String] {
        let names = Set(results.kernels.compactMap(\.architecture)).sorted()
        guard !names.isEmpty, results.loader.name == "bpftool" else { return [] }
        return [
            "\(names.joined(separator: ", ")): loaded by \(results.loader.text) in the guest, each object as a whole"
        ]
    }

    private var sum: String {
        let summary = results.summary
        var parts = ["\(summary.accepted) of \(summary.cells) accepted"]
        if summary.failed > 0 { parts.append("\(summary.failed) not") }
        if summary.infrastructure > 0 { parts.append("\(summary.infrastructure) without a verdict") }
        if let assumed = summary.assumed { parts.append("\(assumed) with values assumed") }
        if summary.cached > 0 { parts.append("\(summary.cached) cached") }
        parts += witnesses
        parts.append(results.kernels.count == 1 ? "1 kernel" : "\(results.kernels.count) kernels")
        parts.append(accelerator)
        parts.append("\(Seconds.fine(summary.seconds)) s")
        let text = parts.joined(separator: style.separator)
        return summary.exitStatus == ExitStatus.asExpected ? style.paint(text, .good) : style.paint(text, .bad)
    }

    /// Whether those who were asked besides the loader agree with it.
    private var witnesses: [String] {
        var names = results.witness.map { [$0.name] } ?? []
        let others = Set(results.bpftool.compactMap(\.loader)).subtracting([results.loader.text])
        names += others.sorted()
        return names.compactMap { name in
            let disagreements = results.bpftool.count { $0.loaderName == name && $0.disagreement != nil }
            if disagreements > 0 { return "\(name.printable) disagrees \(disagreements)\(style.isUnicode ? "×" : "x")" }
            let statements = results.bpftool.filter { $0.loaderName == name }
            let compared = statements.count(where: results.isCompared)
            if compared == 0 { return nil }
            let extent = compared == statements.count ? "" : " on \(compared) of \(statements.count)"
            return "\(name.printable) agrees\(extent)"
        }
    }

    private var accelerator: String {
        results.kernels.contains { $0.accelerator == "kvm" } ? "KVM" : "emulated (no KVM)"
    }
}

/// `compiled 2 objects once   minimal.bpf.o sha256 3f9c…   (clang 21 -mcpu=v3, vmlinux.h from 6.12.117)`
struct ObjectsLine {
    private let results: MatrixResults
    private let style: TextStyle

    /// More digests than this stand with their objects in the matrix.
    static let mostDigests = 4

    init(_ results: MatrixResults, style: TextStyle) {
        self.results = results
        self.style = style
    }

    var lines: [String] {
        let objects = results.objects.filter { $0.failure == nil }
        let compiled = objects.filter(\.isCompiled)
        let given = objects.filter { !$0.isCompiled }
        var lines: [String] = []
        if !compiled.isEmpty { lines.append(line("compiled", compiled, "once", origin)) }
        if !given.isEmpty { lines.append(line("read", given, "", nil)) }
        return lines
    }

    private func line(_ verb: String, _ objects: [TestedObject], _ adverb: String, _ origin: String?) -> String {
        let count = "\(verb) \(objects.count) \(objects.count == 1 ? "object" : "objects") \(adverb)"
        let digests =
            objects.count > Self.mostDigests
            ? [] : objects.map { "\($0.name.printable) \(style.digest($0.sha256))" }
        return ([count.trimmingCharacters(in: .whitespaces)] + digests + [origin].compactMap { $0 })
            .joined(separator: "   ")
    }

    private var origin: String? {
        results.compilation.map { compilation in
            let header = compilation.vmlinux.map { ", vmlinux.h from \($0)" } ?? ""
            return "(\(compilation.compilerText)\(header))".printable
        }
    }
}

/// Seconds to a tenth: `9.8`.
enum Seconds {
    static func text(_ seconds: Double) -> String {
        let tenths = (seconds * 10).rounded()
        guard tenths.isFinite, abs(tenths) < 1e15 else { return "?" }
        return "\(Int(tenths) / 10).\(abs(Int(tenths)) % 10)"
    }

    /// Below a second to a hundredth: `0.08`.
    static func fine(_ seconds: Double) -> String {
        guard seconds >= 0, seconds < 0.995 else { return text(seconds) }
        let hundredths = Int((seconds * 100).rounded())
        return "0.\(hundredths < 10 ? "0" : "")\(hundredths)"
    }
}
