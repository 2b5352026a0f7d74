// SPDX-License-Identifier: Apache-2.0

import Compiler
import KernelStore
import Matrix
import Results
import SystemPackage

extension InputError: FindingAboutInput {}
extension FailedInput: FindingAboutInput {}

/// Inputs that can't be tested: all of them at once, so that they can be mended at once.
struct UnusableInputs: FindingAboutInput, CustomStringConvertible {
    let errors: [any Error]

    var description: String { errors.map { "\($0)" }.joined(separator: "\n") }
}

/// There are inputs, and no program in any of them.
struct NothingToTest: FindingAboutInput, CustomStringConvertible {
    let notes: [String]

    var description: String { (["nothing to test"] + notes).joined(separator: "\n") }
}

/// From what the user named to objects that can be tested.
struct ObjectPreparation: Sendable {
    let compilation: SourceCompilation
    var purpose = InputPurpose.testing

    struct Prepared: Sendable {
        var inputs = RunInputs([])
        var compilation: Compilation?
        /// Sources that compiled, with what their objects are.
        var compiled: [(object: CompiledObject, input: ReadInput)] = []
        /// Every file that was read, or looked for, to compile the sources, and every other input.
        var files: [FilePath] = []
        /// Those that were searched for inputs.
        var folders: [FilePath] = []

        var objects: [TestObject] { inputs.objects }
        /// Inputs that can't be tested.
        var failed: [FailedInput] { inputs.failed }

        /// Where nothing can be tested, that is all there is to say.
        func requireObjects() throws {
            guard objects.isEmpty else { return }
            throw failed.isEmpty ? NothingToTest(notes: inputs.notes) as any Error : UnusableInputs(errors: failed)
        }
    }

    /// - Parameter kernels: under test; none where nothing is tested.
    func prepare(
        _ found: FoundInputs,
        kernels: [Kernel],
        report: @escaping @Sendable (RunEvent) -> Void
    ) async throws -> Prepared {
        for note in found.notes { report(.note(note)) }
        let sources = found.inputs.filter(\.isSource).map(\.path)
        let compiled = try await compilation.compile(sources, kernels: kernels, report: report)
        var prepared = Prepared(compilation: compiled.compilation, folders: found.folders)
        var inputs: [ReadInput] = []
        for input in found.inputs {
            prepared.files.append(input.path)
            switch (input, compiled.outcomes[input.path]) {
            case (.source(let source), .object(let object)?):
                let read = InputReader.read(compiledFrom: source, at: object.path, for: purpose)
                prepared.compiled.append((object, read))
                prepared.files += object.inputs
                inputs.append(read)
            case (.source, .failed(let failed, let files)?):
                prepared.files += files
                inputs.append(.failed(failed))
            case (.container(let path), _):
                // One that only seemed to embed objects is nobody's input.
                inputs += InputReader.read(path, for: purpose).filter { $0.failed?.failure.code != .notAnObject }
            case (.source(let path), nil), (.binary(let path), _): inputs += InputReader.read(path, for: purpose)
            }
        }
        prepared.inputs = RunInputs(inputs)
        for note in prepared.inputs.notes { report(.note(note)) }
        return prepared
    }
}
