// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import BPFObject
import Foundation
import Inspection
import KernelStore
import Matrix
import Reports
import Results

struct InspectCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect",
        abstract: "What is in objects, and what they ask of kernels: without a kernel, without a guest.",
        discussion: """
            PATH is what `test` takes: C source, a BPF object, a folder of these, or any ELF file with BPF objects inside. \
            Instructions are numbered as the kernel numbers them, with the functions that a program reaches put behind it, so \
            that a number in a verifier log leads to its line.

              bpfmatrix inspect src/bpf/simple_kprobe.c
              bpfmatrix inspect /usr/sbin/biosnoop --program block_rq_issue --instructions

            Exit status: 0 everything could be read, 1 something is no BPF object, or is damaged.
            """
    )

    @OptionGroup var input: InputArguments

    @Option(help: ArgumentHelp("Only this program, with where in the source it asks for what.", valueName: "name"))
    var program: String?

    @Flag(help: "The instructions, spelt as the verifier spells them, with their lines of source.")
    var instructions = false

    @Flag(help: "As JSON, in the form that docs/inspect.md documents.")
    var json = false

    @OptionGroup(title: "Compiling") var compiling: CompilerArguments
    @OptionGroup(title: "Kernels") var source: KernelArguments

    func validate() throws {
        if json && instructions { throw ValidationError("--instructions are text: --json and they exclude each other") }
    }

    func run() async throws {
        let prepared = try await prepare()
        var errors: [any Error] = prepared.failed
        var inspected: [(object: InspectedObject, contents: ObjectContents)] = []
        for object in prepared.objects {
            do throws(BPFObjectError) {
                let contents = try ObjectContents(object.bytes)
                let description = try InspectedObject(
                    contents,
                    name: object.name,
                    path: object.path,
                    sha256: object.digest.hexadecimal,
                    bytes: object.bytes.count
                )
                inspected.append((description, contents))
            } catch {
                errors.append(UnreadableObject(object: object, error: error))
            }
        }
        if let program { inspected = try inspected.compactMap { try Self.only(program, in: $0) } }
        if let program, inspected.isEmpty, errors.isEmpty {
            throw NoSuchProgram(name: program, there: prepared.objects.flatMap { $0.contents.programs.map(\.name) })
        }
        if json {
            let inspection = Inspection(objects: inspected.map(\.object))
            Terminal.standardOutput(String(decoding: try JSONReport.data(inspection), as: UTF8.self))
        } else {
            let style = Terminal.style()
            let texts = try inspected.map { try text($0.object, $0.contents, style) }
            Terminal.standardOutput(texts.joined(separator: "\n"))
        }
        guard errors.isEmpty else { throw UnusableInputs(errors: errors) }
    }

    private func prepare() async throws -> ObjectPreparation.Prepared {
        let inputs = try input.found
        let store = try KernelStore()
        let selection = try source.selection(in: store)
        let preparation = ObjectPreparation(
            compilation: SourceCompilation(store: store, selection: selection, choices: compiling.choices),
            purpose: .inspection
        )
        return try await RunDisplay(on: STDERR_FILENO).show { report in
            try await preparation.prepare(inputs, kernels: [], report: report)
        }
    }

    /// The object with only that program; nil where it has none of that name.
    private static func only(
        _ name: String,
        in inspected: (object: InspectedObject, contents: ObjectContents)
    ) throws -> (object: InspectedObject, contents: ObjectContents)? {
        var object = inspected.object
        object.programs = object.programs.filter { $0.name == name }
        return object.programs.isEmpty ? nil : (object, inspected.contents)
    }

    private func text(_ object: InspectedObject, _ contents: ObjectContents, _ style: TextStyle) throws -> String {
        var text = program == nil ? InspectionReport(object, style: style).text : ""
        for program in object.programs {
            if self.program != nil { text += InspectedProgramReport(program, style: style).text }
            guard instructions, let linked = try contents.program(named: program.name) else { continue }
            text += ListingReport(ProgramListing(linked), style: style).text
        }
        return text
    }
}

/// An object that a kernel might have been asked about, of which not all can be read.
struct UnreadableObject: FindingAboutInput, CustomStringConvertible {
    let path: String
    let name: String
    let error: BPFObjectError

    init(object: TestObject, error: BPFObjectError) {
        path = object.path
        name = object.name
        self.error = error
    }

    var description: String {
        let isPart = !path.hasSuffix(name) && name.contains("#")
        return "\(isPart ? "\(path) (\(name))" : path): \(error)"
    }
}

struct NoSuchProgram: FindingAboutInput, CustomStringConvertible {
    let name: String
    let there: [String]

    var description: String { "no program is called \(name); there are \(there.joined(separator: ", "))" }
}
