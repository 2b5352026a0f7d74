// SPDX-License-Identifier: Apache-2.0

import Foundation
import Reports
import Results
import VerifierLog

/// Explains refusals of a run that is over.
struct ResultsExplanation {
    private let input: InputBytes
    private let results: MatrixResults
    private let cells: [Cell]
    private let meant: String
    private let style = Terminal.style()

    enum Form {
        case text
        case json
        /// The kernels' logs as they are.
        case log(WholeLogs)
    }

    init(of path: String, _ words: [String]) throws {
        input = try InputBytes(path)
        results = try ResultsDocument.read(input)
        let selection = try CellSelection(words, in: results)
        cells = selection.cells.filter { $0.verdict != .accepted }.map(\.explained)
        meant = selection.name
    }

    func print(_ form: Form) throws {
        switch form {
        case .text: Terminal.standardOutput(text.map { $0 + "\n" }.joined())
        case .json: Terminal.standardOutput(String(decoding: try ExplanationsReport.data(groups), as: UTF8.self))
        case .log(let logs): printLogs(logs)
        }
    }

    private var groups: [RefusalGroup] { RefusalGroup.groups(cells, in: .paths) }

    private var text: [String] {
        guard !cells.isEmpty else {
            return ["\(meant.printable): accepted, there is nothing to explain"]
        }
        let kernels = results.kernels
        return Array(
            groups.map { group in
                let source = SourceFiles(of: group, objects: results.objects, results: input).excerpt
                return group.text(
                    of: results.objects,
                    excerpt: source.excerpt,
                    excerptNote: source.note,
                    style: style
                ) { kernels.heading(of: $0) }
            }.joined(separator: ["", ""])
        )
    }

    private func printLogs(_ logs: WholeLogs) {
        if cells.isEmpty { Terminal.standardError("\(meant.printable): accepted, no kernel's log was kept\n") }
        var isAnyCut = false
        for cell in cells {
            if cells.count > 1 {
                let title = "==> \(cell.object) \(cell.program) on \(results.kernels.heading(of: cell.kernel)) <=="
                Terminal.standardOutput(LogText.printable(title) + "\n")
            }
            switch logs.log(of: cell) {
            case .whole(let log): printLog(log)
            case .excerpt(let text, let bytes):
                isAnyCut = true
                printLog(Array(text.utf8))
                Terminal.standardError(
                    "note: \(cell.program.printable) on \(cell.kernel.printable): the results have \(text.utf8.count) of the "
                        + "log's \(bytes) bytes, and the whole log is not here\n"
                )
            case .none: Terminal.standardOutput("(no log was kept)\n")
            }
        }
        guard isAnyCut else { return }
        Terminal.standardError(
            "note: whole logs stay in the store of the machine that ran the test until `kernels gc` removes them; "
                + "`test --logs` writes them into a folder, and --logs takes them from there\n"
        )
    }

    /// On a terminal without what it would obey; elsewhere byte for byte.
    private func printLog(_ log: [UInt8]) {
        if Terminal.isTerminal(STDOUT_FILENO) {
            Terminal.standardOutput(LogText.printable(String(decoding: log, as: UTF8.self)))
        } else {
            Terminal.write(log, to: STDOUT_FILENO)
        }
        if log.last != UInt8(ascii: "\n") { Terminal.standardOutput("\n") }
    }
}

/// JSON that may be results.
enum ResultsDocument {
    enum Refusal: Error, CustomStringConvertible {
        case notJSON(name: String)
        case notResults(name: String)
        case otherSchema(name: String, schema: String)
        case damaged(name: String, reason: String)

        var description: String {
            switch self {
            case .notJSON(let name):
                "\(name) is no JSON: results are what `test --json` writes; a verifier log is explained with --log-file"
            case .notResults(let name): "\(name) is JSON, and no results of bpfmatrix: it names no schema"
            case .otherSchema(let name, let schema):
                "\(name) has the schema '\(schema)', and this version reads \(MatrixResults.schema)"
            case .damaged(let name, let reason): "\(name) is damaged: \(reason)"
            }
        }
    }

    private struct Head: Decodable {
        let schema: String?
    }

    /// Whether somebody took results for a log.
    static func isResults(_ bytes: [UInt8]) -> Bool {
        guard bytes.first(where: { !Data(" \n\r\t".utf8).contains($0) }) == UInt8(ascii: "{") else { return false }
        let head = try? JSONDecoder().decode(Head.self, from: Data(bytes))
        return head?.schema?.hasPrefix("bpfmatrix.results/") == true
    }

    static func read(_ input: InputBytes) throws(Refusal) -> MatrixResults {
        let data = Data(input.bytes)
        guard (try? JSONSerialization.jsonObject(with: data, options: .fragmentsAllowed)) != nil else {
            throw .notJSON(name: input.name)
        }
        guard let head = try? JSONDecoder().decode(Head.self, from: data), let schema = head.schema else {
            throw .notResults(name: input.name)
        }
        guard schema == MatrixResults.schema else { throw .otherSchema(name: input.name, schema: schema) }
        do {
            return try JSONReport.results(data)
        } catch let error as DecodingError {
            throw .damaged(name: input.name, reason: describe(error))
        } catch {
            throw .damaged(name: input.name, reason: "\(error)")
        }
    }

    private static func describe(_ error: DecodingError) -> String {
        func path(_ context: DecodingError.Context) -> String {
            context.codingPath.map { $0.intValue.map { "[\($0)]" } ?? ".\($0.stringValue)" }.joined()
        }
        return switch error {
        case .keyNotFound(let key, let context): "\(path(context)).\(key.stringValue) is missing"
        case .typeMismatch(_, let context), .valueNotFound(_, let context), .dataCorrupted(let context):
            "\(path(context)): \(context.debugDescription)"
        @unknown default: "\(error)"
        }
    }
}
