// SPDX-License-Identifier: Apache-2.0

import ChildProcess
import ContentDigest
import FileWatch
import Foundation
import SystemPackage

/// One attempt to compile one source.
struct CompilationWork {
    let source: FilePath
    private let settings: CompilerSettings
    private let way: CompilationWay
    private let compiler: Compiler
    /// A private one.
    private let folder: FilePath

    init(
        _ source: FilePath,
        _ settings: CompilerSettings,
        _ way: CompilationWay,
        compiler: Compiler,
        folder: FilePath
    ) {
        self.source = source
        self.settings = settings
        self.way = way
        self.compiler = compiler
        self.folder = folder
    }

    enum Outcome {
        case object(CompiledObject)
        /// The compiler has read the source and refused it.
        ///
        /// - key: of that source; nil where it may have changed meanwhile.
        case rejected(diagnostics: String, key: ContentDigest?)
        /// The compiler was killed or broke down, which says nothing of the source.
        case broken(diagnostics: String)
    }

    /// What is known before compiling.
    struct Reading {
        /// Before anything was read.
        let start: FileInstant
        let source: PreprocessedSource
        /// nil where not all that decides is known.
        let key: ContentDigest?
    }

    /// nil where the preprocessor fails.
    func read() async throws -> Reading? {
        let start = FileInstant.now
        let (text, rule) = (folder.appending("text"), folder.appending("rule"))
        let result = try await clang(arguments + ["-E", source.string, "-o", text.string, "-MD", "-MF", rule.string])
        guard result.ending.isSuccess, let read = PreprocessedSource(text: text, rule: rule) else { return nil }
        return Reading(start: start, source: read, key: try await key(of: read))
    }

    private func key(of read: PreprocessedSource) async throws -> ContentDigest? {
        guard !read.readsMore, let ownFiles = compiler.ownFiles else { return nil }
        let plan = DriverPlan(try await clang(["-###"] + arguments + ["-c", source.string, "-o", "object"]).errorText)
        guard plan.compiler == ownFiles.compiler else { return nil }
        var key = CompilationKey()
        key.add([compiler.clang.fullVersion] + arguments + plan.decisive)
        key.add(CompilationKey.variables(of: compiler.environment))
        key.add(stampsOf: ownFiles.all)
        key.add([read.digest.hexadecimal])
        key.add(contentsOf: read.inputs + read.quoted + plan.namedFiles)
        return key.value
    }

    func compile(after reading: Reading?) async throws -> Outcome {
        let (object, rule) = (folder.appending("object"), folder.appending("rule"))
        let result = try await clang(
            arguments + ["-c", source.string, "-o", object.string, "-MD", "-MF", rule.string]
        )
        guard result.ending.isSuccess else {
            guard result.ending.isExit else { return .broken(diagnostics: Self.diagnostics(of: result)) }
            return .rejected(diagnostics: Self.diagnostics(of: result), key: try await stillValid(reading))
        }
        guard !way.isLacking(after: result.errorText, settings) else {
            return .rejected(diagnostics: result.errorText, key: try await stillValid(reading))
        }
        try await strip(object)
        let text = (try? String(contentsOfFile: rule.string, encoding: .utf8)) ?? ""
        let inputs = Set(DependencyRule.prerequisites(text) + [source.string]).sorted().map { FilePath($0) }
        let key = try await stillValid(reading)
        return .object(
            self.object(try compiler.cache.keep(object, warnings: result.errorText, for: key), inputs, false)
        )
    }

    /// The key, unless anything that it stands for has changed while the compiler ran: then nobody knows of which state the
    /// object was made.
    private func stillValid(_ reading: Reading?) async throws -> ContentDigest? {
        guard let reading, let key = reading.key, try await read()?.key == key else { return nil }
        return reading.source.inputs.contains(where: reading.start.mayPrecedeChange) ? nil : key
    }

    func object(
        _ entry: ObjectCache.Entry,
        _ inputs: [FilePath],
        _ isReused: Bool = true
    ) -> CompiledObject {
        CompiledObject(
            source: source,
            path: entry.object,
            warnings: entry.warnings,
            inputs: inputs,
            isReused: isReused,
            instructionSet: settings.flags.namedInstructionSet ?? way.code.instructionSet?.rawValue,
            flags: decidingFlags,
            notes: way.notes(of: source.string, first: CompilationWay(first: settings, for: compiler.clang.abilities))
        )
    }

    /// A crash of the compiler says so at the end of what it prints.
    private static func diagnostics(of result: CommandResult) -> String {
        result.errorText.isEmpty ? "the compiler ended with \(result.ending)\n" : result.errorText
    }

    func error(_ diagnostics: String) async throws -> CompileError {
        .rejected(
            CompileError.Rejection(
                source: source.string,
                diagnostics: diagnostics,
                advice: CompilerAdvice.advice(
                    on: diagnostics,
                    hasLibbpfHeaders: compiler.libbpfHeaders != nil,
                    generatedHeader: settings.header.flatMap { $0.isGenerated ? $0.origin : nil }
                ),
                inputs: try await missingAndPresentInputs,
                output: try compiler.cache.keep(output: diagnostics).string
            )
        )
    }

    /// What a source that does not compile includes, headers that are missing among it: clang says so only if it is asked
    /// for nothing else.
    private var missingAndPresentInputs: [String] {
        get async throws {
            let rule = try await clang(arguments + ["-M", "-MG", source.string])
            let beside = source.removingLastComponent()
            return DependencyRule.prerequisites(rule.outputText).map { name in
                // One that was not found is named as the source does.
                FileManager.default.fileExists(atPath: name) ? name : beside.pushing(FilePath(name)).string
            }
        }
    }

    private func clang(_ arguments: [String]) async throws -> CommandResult {
        do {
            return try await Command(compiler.clang.path.string, arguments, environment: compiler.environment)
                .run(within: settings.limit)
        } catch CommandError.timedOut(_, let limit) {
            throw CompileError.timedOut(source: source.string, limit: limit)
        }
    }

    private func strip(_ object: FilePath) async throws {
        guard let objcopy = compiler.clang.objcopy else { return }
        let result = try await Command(objcopy.string, ["--strip-debug", object.string]).run(within: settings.limit)
        guard result.ending.isSuccess else {
            throw CompileError.toolFailed(what: "take DWARF out of \(object)", reason: result.errorText)
        }
    }
}

// MARK: Flags

extension CompilationWork {
    /// All but what to do with which file.
    private var arguments: [String] {
        ["-target", "bpf"] + decidingFlags + debugFlags + folders
    }

    /// What the user's own build would have to say for the same code.
    private var decidingFlags: [String] {
        let clang = compiler.clang
        return ["-g", "-O2", "-Wall", "-D__TARGET_ARCH_\(settings.architecture.rawValue)"]
            + (clang.abilities.splitsColdCode ? Clang.wholeColdCode : [])
            + way.code.arguments
            + way.prototypeFlags(settings) + (settings.header?.flags ?? [])
            // Last, so that they win.
            + settings.flags.arguments
    }

    /// The bytes do not tell where a checkout lies. They may differ all the same: clang 21 writes some forward declarations into
    /// BTF in an order that follows its own memory.
    private var debugFlags: [String] {
        let usual = ["-fdebug-compilation-dir=."]
        // clang copies lines of C into BTF: out of memory where it has them there, else out of files of those names.
        guard source.isAbsolute, !settings.flags.hasOldDebugFormat else { return usual }
        return usual + [
            "-gdwarf-5", "-gembed-source", "-fdebug-prefix-map=\(source.removingLastComponent())=.",
        ]
    }

    private var folders: [String] {
        let parent = source.removingLastComponent()
        let beside = parent.isEmpty ? FilePath(".") : parent
        let header = settings.header.map { [$0.folder] } ?? []
        let isPreferred = settings.header?.isChosen == true
        let own = (isPreferred ? header + [beside] : [beside] + header) + [compiler.libbpfHeaders].compactMap { $0 }
        return own.map { "-I\($0)" } + compiler.systemHeaders.flatMap { ["-idirafter", $0.string] }
    }
}
