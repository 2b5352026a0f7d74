// SPDX-License-Identifier: Apache-2.0

import VerifierLog

/// Everything that one run found out. `docs/results.md` documents its JSON form.
public struct MatrixResults: Sendable, Hashable, Codable {
    /// The form of the JSON; the number after the slash changes when a reader of the old form would misread the new.
    public static let schema = "bpfmatrix.results/1"

    public var schema: String
    public var tool: Version
    /// What loaded the programs inside the guests.
    public var loader: Version
    /// The second witness; nil where it was not asked.
    public var witness: Version?
    /// The image in which objects were loaded besides; nil where there was none.
    public var image: TestedImage?
    /// How sources became objects; nil where none were given.
    public var compilation: Compilation?
    public var objects: [TestedObject]
    public var kernels: [TestedKernel]
    public var cells: [Cell]
    /// The second witness's words, one entry for each object and kernel that it was asked about.
    public var bpftool: [WitnessStatement]
    public var summary: Summary

    public init(
        tool: Version,
        loader: Version,
        witness: Version?,
        image: TestedImage? = nil,
        compilation: Compilation? = nil,
        objects: [TestedObject],
        kernels: [TestedKernel],
        cells: [Cell],
        bpftool: [WitnessStatement],
        summary: Summary
    ) {
        schema = Self.schema
        self.tool = tool
        self.loader = loader
        self.witness = witness
        self.image = image
        self.compilation = compilation
        self.objects = objects
        self.kernels = kernels
        self.cells = cells
        self.bpftool = bpftool
        self.summary = summary
    }
}

/// What made objects out of sources.
public struct Compilation: Sendable, Hashable, Codable {
    /// `clang 21`
    public var compiler: String
    /// Where `vmlinux.h` came from: a kernel's version or a path; nil where no source needed one.
    public var vmlinux: String?
    /// The instruction set, `v3`; nil where it was left to the compiler.
    public var mcpu: String?
    /// Flags that decide about the code, the user's among them; without the folders that are searched anyway.
    public var flags: [String]?

    public init(compiler: String, vmlinux: String?, mcpu: String? = nil, flags: [String]? = nil) {
        self.compiler = compiler
        self.vmlinux = vmlinux
        self.mcpu = mcpu
        self.flags = flags
    }
}

/// An image in which objects were loaded by the image's own means.
public struct TestedImage: Sendable, Hashable, Codable {
    public var name: String
    /// Of the image's file, hexadecimal.
    public var sha256: String

    public init(name: String, sha256: String) {
        self.name = name
        self.sha256 = sha256
    }
}

public struct Version: Sendable, Hashable, Codable {
    public var name: String
    public var version: String

    /// `bpftool 7.1.0`
    public var text: String { "\(name) \(version)" }

    public init(name: String, version: String) {
        self.name = name
        self.version = version
    }
}

/// An object under test: the same bytes for every kernel.
public struct TestedObject: Sendable, Hashable, Codable {
    /// Unique in a run: the file's name, or `binary#0` for one that was embedded in `binary`.
    public var name: String
    /// Where it was read from; for a compiled one, its source.
    public var path: String
    /// SHA-256 of the bytes, hexadecimal; empty where there are none.
    public var sha256: String
    public var programs: [TestedProgram]
    /// Compiled by this run (or taken from the store of what was compiled from the same source), not given as an object.
    public var isCompiled: Bool
    /// Why nothing of it can be loaded; nil where it is an object.
    public var failure: ObjectFailure?

    public init(
        name: String,
        path: String,
        sha256: String,
        programs: [TestedProgram],
        isCompiled: Bool,
        failure: ObjectFailure? = nil
    ) {
        self.name = name
        self.path = path
        self.sha256 = sha256
        self.programs = programs
        self.isCompiled = isCompiled
        self.failure = failure
    }
}

extension TestedObject {
    /// What has a row in a matrix: the programs, or the whole of what failed.
    public var rows: [TestedProgram] { failure == nil ? programs : [.wholeObject] }
}

public struct TestedProgram: Sendable, Hashable, Codable {
    public var name: String
    /// ELF section: `kprobe/do_sys_openat2`.
    public var section: String
    /// Program type as bpftool spells it: `kprobe`, `tracing`, `xdp`; `unspec` where the section names none.
    public var type: String

    public init(name: String, section: String, type: String) {
        self.name = name
        self.section = section
        self.type = type
    }

    /// Stands for all of an object, as `Cell.program` does.
    public static let wholeObject = TestedProgram(name: "*", section: "", type: "")
}

/// A kernel that was asked, or should have been.
public struct TestedKernel: Sendable, Hashable, Codable {
    /// What the user wrote: `6.1`.
    public var spec: String
    /// Upstream version, the column's heading: `6.1.192`.
    public var version: String
    /// `uname -r`.
    public var release: String
    /// SHA-256 of the image, hexadecimal.
    public var digest: String
    /// Where it came from, in words.
    public var source: String
    /// `arm64`, as dpkg spells it; nil for amd64.
    public var architecture: String?
    /// `kvm` or `tcg`.
    public var accelerator: String
    /// From QEMU's start to the agent's first word; nil where it never spoke, or had nothing left to be asked.
    public var bootSeconds: Double?
    /// Whether that guest was restored from a template instead of booted; nil where none ever spoke.
    public var isRestored: Bool?
    /// Why nothing, or no more, could be asked of it; nil where all is well.
    public var failure: String?

    public init(
        spec: String,
        version: String,
        release: String,
        digest: String,
        source: String,
        architecture: String? = nil,
        accelerator: String,
        bootSeconds: Double? = nil,
        isRestored: Bool? = nil,
        failure: String? = nil
    ) {
        self.spec = spec
        self.version = version
        self.release = release
        self.digest = digest
        self.source = source
        self.architecture = architecture
        self.accelerator = accelerator
        self.bootSeconds = bootSeconds
        self.isRestored = isRestored
        self.failure = failure
    }
}

/// (object, program, kernel) and what was said.
public struct Cell: Sendable, Hashable, Codable {
    /// `TestedObject.name`.
    public var object: String
    /// `TestedProgram.name`.
    public var program: String
    /// `TestedKernel.spec`.
    public var kernel: String
    public var verdict: Verdict
    /// Positive errno; nil where there is none.
    public var errno: Int?
    /// One line that says why; nil where accepted.
    public var message: String?
    /// The C that the verifier was at when it refused, `return *value; @ file.c:12`, the place where it is known; nil where
    /// neither log nor object says.
    public var sourceLine: String?
    /// Why, where, and what to do; nil where accepted, and where no kernel and no loader has refused anything.
    public var explanation: Explanation?
    /// Instructions that the verifier processed.
    public var instructions: Int?
    /// Verifier states in all.
    public var states: Int?
    /// The most states at once.
    public var peakStates: Int?
    /// Bytes of stack, summed over frames where the kernel lists several.
    public var stackDepth: Int?
    /// The kernel said so in an earlier run, about the same bytes, to the same loader, in the same guest.
    public var isCached: Bool
    /// What was set in the place of the program's own loader, a harmless value each: `max_entries 1 of counts`; nil where the
    /// program depends on nothing of the kind.
    public var assumed: [String]?
    /// Modules of the kernel that were loaded before the object, since it needs what they have, without those that they
    /// depend on: `nf_conntrack`; nil where there are none.
    public var modules: [String]?
    /// The verifier's log, its beginning and end where it is long; or the console's last words where the kernel crashed.
    public var log: String?
    /// SHA-256 and length of the whole log, where `log` is not all of it.
    public var logSHA256: String?
    public var logBytes: Int?

    public init(
        object: String,
        program: String,
        kernel: String,
        verdict: Verdict,
        errno: Int? = nil,
        message: String? = nil,
        sourceLine: String? = nil,
        explanation: Explanation? = nil,
        instructions: Int? = nil,
        states: Int? = nil,
        peakStates: Int? = nil,
        stackDepth: Int? = nil,
        isCached: Bool = false,
        assumed: [String]? = nil,
        modules: [String]? = nil,
        log: String? = nil,
        logSHA256: String? = nil,
        logBytes: Int? = nil
    ) {
        self.object = object
        self.program = program
        self.kernel = kernel
        self.verdict = verdict
        self.errno = errno
        self.message = message
        self.sourceLine = sourceLine
        self.explanation = explanation
        self.instructions = instructions
        self.states = states
        self.peakStates = peakStates
        self.stackDepth = stackDepth
        self.isCached = isCached
        self.assumed = assumed
        self.modules = modules
        self.log = log
        self.logSHA256 = logSHA256
        self.logBytes = logBytes
    }
}

/// What `bpftool prog loadall` said of an object on a kernel.
public struct WitnessStatement: Sendable, Hashable, Codable {
    /// The one line that says why: of bpftool's output, or, where it gave no answer, the first, which the guest's console may
    /// follow; nil where there is none.
    public var reason: String? {
        guard verdict.isVerdict else { return output.split(whereSeparator: \.isNewline).first.map(String.init) }
        return LoaderOutput.reason(in: output)
    }

    /// Who said it, for people.
    public var loaderName: String { loader ?? "bpftool" }

    public var object: String
    /// `TestedKernel.spec`.
    public var kernel: String
    /// Who said it where it was not this machine's bpftool: `image:bpftool 7.1.0`.
    public var loader: String?
    /// Of the object as a whole: `accepted`; `rejected` where the kernel refused something; `object` where bpftool failed
    /// for reasons of its own; or why there was no answer.
    public var verdict: Verdict
    /// What it printed, beginning and end where that is long.
    public var output: String
    /// SHA-256 and length of all that it printed, where `output` is not all of it.
    public var outputSHA256: String?
    public var outputBytes: Int?
    /// Why the object was refused, out of all that was printed, where `output` is not all of it.
    public var explanation: Explanation?
    /// Set where the agent's verdicts and this one cannot both be true; says how they differ.
    public var disagreement: String?
    /// Set where it contradicts the agent's verdicts and need not be the kernel's doing: why it says nothing of them.
    public var incomparable: String?
    /// Said in an earlier run.
    public var isCached: Bool

    public init(
        object: String,
        kernel: String,
        loader: String? = nil,
        verdict: Verdict,
        output: String,
        outputSHA256: String? = nil,
        outputBytes: Int? = nil,
        explanation: Explanation? = nil,
        disagreement: String? = nil,
        incomparable: String? = nil,
        isCached: Bool = false
    ) {
        self.object = object
        self.kernel = kernel
        self.loader = loader
        self.verdict = verdict
        self.output = output
        self.outputSHA256 = outputSHA256
        self.outputBytes = outputBytes
        self.explanation = explanation
        self.disagreement = disagreement
        self.incomparable = incomparable
        self.isCached = isCached
    }
}
