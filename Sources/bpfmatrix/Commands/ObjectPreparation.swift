// SPDX-License-Identifier: Apache-2.0

import ChildProcess
import Compiler
import KernelStore
import Matrix
import Platform
import Results
import SystemPackage
import VirtualMachine

extension InputError: FindingAboutInput {}

/// Inputs that can't be tested: all of them at once, so that they can be mended at once.
struct UnusableInputs: FindingAboutInput, CustomStringConvertible {
    let errors: [any Error]

    var description: String { errors.map { "\($0)" }.joined(separator: "\n") }
}

/// From what the user named to objects that can be tested.
struct ObjectPreparation: Sendable {
    let store: KernelStore
    let selection: KernelSelection
    /// The user's choice of a kernel for `vmlinux.h`.
    let vmlinux: String?
    /// An object without programs is refused, as there is nothing in it to test.
    var needsPrograms = true

    /// Which kernel's types a program is compiled with unless told otherwise: of what long-term lines there are, one
    /// that is new enough to know what programs ask for.
    private static let usualHeader = "6.12"

    struct Prepared {
        var objects: [TestObject] = []
        var compilation: Compilation?
        var compiled: [CompiledObject] = []
        /// Inputs that can't be tested: `CompileError.rejected` and `InputError`.
        var errors: [any Error] = []

        /// Every file that was read, or looked for, to compile the sources.
        var inputs: [FilePath] {
            compiled.flatMap(\.inputs)
                + errors.flatMap { error in
                    guard case CompileError.rejected(_, _, let inputs) = error else { return [FilePath]() }
                    return inputs.map { FilePath($0) }
                }
        }
    }

    /// - Parameter kernels: under test; one of them gives `vmlinux.h` where the store has no usual one.
    func prepare(
        _ inputs: [TestInput],
        kernels: [Kernel],
        report: @escaping @Sendable (RunEvent) -> Void
    ) async throws -> Prepared {
        var prepared = Prepared()
        let hasSources = inputs.contains { input in
            guard case .source = input else { return false }
            return true
        }
        let compiler = hasSources ? try await Compiler(cache: store.compilerCache) : nil
        var header: VmlinuxHeader?
        for input in inputs {
            do {
                switch (input, compiler) {
                case (.source(let source), let compiler?):
                    if vmlinux == nil, let beside = VmlinuxHeader.beside(source) {
                        header = beside
                    } else {
                        header = try await self.header(kernels: kernels, report: report)
                    }
                    let compiled = try await compiler.compile(source, with: header, for: selection.architecture.target)
                    if !compiled.warnings.isEmpty { report(.note(compiled.warnings)) }
                    prepared.compiled.append(compiled)
                    prepared.objects.append(
                        try InputReader.object(
                            compiledFrom: source,
                            at: compiled.path,
                            needsPrograms: needsPrograms
                        )
                    )
                    prepared.compilation = Compilation(compiler: compiler.clang.name, vmlinux: header?.origin)
                case (.source(let path), nil), (.binary(let path), _):
                    prepared.objects += try InputReader.objects(in: path, needsPrograms: needsPrograms)
                }
            } catch let error as CompileError {
                guard case .rejected = error else { throw error }
                prepared.errors.append(error)
            } catch let error as InputError {
                prepared.errors.append(error)
            }
        }
        let (different, same) = InputReader.different(prepared.objects)
        for (object, first) in same {
            report(.note("\(object.path): \(object.name) has the same bytes as \(first.name)"))
        }
        prepared.objects = InputReader.unambiguous(different)
        return prepared
    }

    /// `vmlinux.h` from the kernel of the user's choice, else a usual one, else the newest under test, or in the lock.
    private func header(
        kernels: [Kernel],
        report: @escaping @Sendable (RunEvent) -> Void
    ) async throws -> VmlinuxHeader {
        if let vmlinux { return try await header(from: try await selection.kernel(vmlinux, report: report)) }
        // Other types make other objects: a lock decides them too.
        if let pinned = selection.pinnedSpecs {
            let spec = pinned.contains(Self.usualHeader) ? Self.usualHeader : pinned.last ?? Self.usualHeader
            return try await header(from: try await selection.kernel(spec, report: report))
        }
        let withTypes = kernels.filter { $0.btf != nil }.sorted {
            KernelVersion($0.version) < KernelVersion($1.version)
        }
        let usual = try store.kernel(for: KernelSpec(Self.usualHeader), on: selection.architecture) ?? withTypes.last
        if let usual { return try await header(from: usual) }
        return try await header(from: try await selection.kernel(Self.usualHeader, report: report))
    }

    func header(from kernel: Kernel) async throws -> VmlinuxHeader {
        guard let btf = kernel.btf else { throw CompileError.noTypeInformation(kernel: kernel.name) }
        guard let bpftool = try await BPFTool.locate() else { throw CompileError.noBPFTool }
        return try await VmlinuxHeader.generate(
            from: store.path(of: btf),
            origin: kernel.version,
            bpftool: (bpftool.path, bpftool.version),
            cache: store.compilerCache
        )
    }
}

extension Architecture {
    /// As libbpf's headers spell it.
    fileprivate var target: TargetArchitecture {
        switch self {
        case .amd64: .x86
        case .arm64: .arm64
        }
    }
}
