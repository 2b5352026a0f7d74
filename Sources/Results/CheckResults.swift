// SPDX-License-Identifier: Apache-2.0

/// What is predicted of a program on a kernel, without running either.
public enum Prediction: String, Sendable, Hashable, Codable, CaseIterable {
    /// Everything that it needs of the kernel is there. What the verifier's own analysis of the program comes to (bounds,
    /// types, loops) is not predicted.
    case fits
    case willFail
    /// Nothing speaks against it, but something that decides it is not known.
    case cannotTell
}

/// Everything that one check found out. `docs/check.md` documents its JSON form.
public struct CheckResults: Sendable, Hashable, Codable {
    /// The form of the JSON; the number after the slash changes when a reader of the old form would misread the new.
    public static let schema = "bpfmatrix.check/2"

    public var schema: String
    public var tool: Version
    /// How sources became objects; nil where none were given.
    public var compilation: Compilation?
    public var objects: [TestedObject]
    public var kernels: [CheckKernel]
    public var cells: [CheckCell]
    /// What concerns an object as a whole, which its cells do not repeat; of objects and kernels of which there is such a thing.
    public var wholes: [CheckWhole]
    /// Where each program begins to fit; nil where that was not asked.
    public var oldest: [OldestKernel]?
    public var seconds: Double

    public init(
        tool: Version,
        compilation: Compilation? = nil,
        objects: [TestedObject],
        kernels: [CheckKernel],
        cells: [CheckCell],
        wholes: [CheckWhole] = [],
        oldest: [OldestKernel]? = nil,
        seconds: Double
    ) {
        schema = Self.schema
        self.tool = tool
        self.compilation = compilation
        self.objects = objects
        self.kernels = kernels
        self.cells = cells
        self.wholes = wholes
        self.oldest = oldest
        self.seconds = seconds
    }

    public func count(_ prediction: Prediction) -> Int { cells.count { $0.prediction == prediction } }

    /// As of a test: 1 where some will fail, else 3 where something can't be told, or nothing was asked.
    public var exitStatus: Int {
        if count(.willFail) > 0 { return ExitStatus.notAsExpected }
        let isWhole = count(.cannotTell) == 0 && !cells.isEmpty && kernels.allSatisfy { $0.failure == nil }
        return isWhole ? ExitStatus.asExpected : ExitStatus.noVerdict
    }
}

/// (object, kernel) and what is predicted of every program of the object there.
public struct CheckWhole: Sendable, Hashable, Codable {
    /// `TestedObject.name`.
    public var object: String
    /// `CheckKernel.spec`.
    public var kernel: String
    /// Why all will fail.
    public var reasons: [CheckReason]
    /// What is not known, and could make all fail.
    public var unknowns: [CheckReason]
    /// Why none can be attached, or to no effect, though they can be loaded.
    public var attachment: [CheckReason]

    public init(
        object: String,
        kernel: String,
        reasons: [CheckReason],
        unknowns: [CheckReason],
        attachment: [CheckReason]
    ) {
        self.object = object
        self.kernel = kernel
        self.reasons = reasons
        self.unknowns = unknowns
        self.attachment = attachment
    }
}

extension CheckResults {
    /// What concerns an object as a whole on a kernel; nil where nothing does.
    public func whole(_ object: String, on kernel: String) -> CheckWhole? {
        wholes.first { $0.object == object && $0.kernel == kernel }
    }
}

/// A kernel that objects were held against.
public struct CheckKernel: Sendable, Hashable, Codable {
    /// What the user wrote.
    public var spec: String
    /// Upstream version, the column's heading.
    public var version: String
    public var release: String
    /// SHA-256 of the image, hexadecimal.
    public var digest: String
    public var source: String
    /// Whether it has been found out what it has for BPF.
    public var isSurveyed: Bool
    /// Why it, or what it has, could not be had; nil where all is well.
    public var failure: String?

    public init(
        spec: String,
        version: String,
        release: String,
        digest: String,
        source: String,
        isSurveyed: Bool,
        failure: String? = nil
    ) {
        self.spec = spec
        self.version = version
        self.release = release
        self.digest = digest
        self.source = source
        self.isSurveyed = isSurveyed
        self.failure = failure
    }
}

/// (object, program, kernel) and what is predicted.
public struct CheckCell: Sendable, Hashable, Codable {
    /// `TestedObject.name`.
    public var object: String
    public var program: String
    /// `CheckKernel.spec`.
    public var kernel: String
    public var prediction: Prediction
    /// Why it will fail, besides what `CheckWhole` says of all programs of the object.
    public var reasons: [CheckReason]
    /// What is not known, and could make it fail, besides the same.
    public var unknowns: [CheckReason]
    /// Why it can't be attached, or to no effect, though it can be loaded, besides the same.
    public var attachment: [CheckReason]
    /// What is set in the place of the program's own loader; nil where the program depends on nothing of the kind.
    public var assumed: [String]?
    /// Modules that the object needs to be loaded first, without those that they depend on; nil where it needs none.
    public var modules: [String]?

    public init(
        object: String,
        program: String,
        kernel: String,
        prediction: Prediction,
        reasons: [CheckReason],
        unknowns: [CheckReason],
        attachment: [CheckReason],
        assumed: [String]? = nil,
        modules: [String]? = nil
    ) {
        self.object = object
        self.program = program
        self.kernel = kernel
        self.prediction = prediction
        self.reasons = reasons
        self.unknowns = unknowns
        self.attachment = attachment
        self.assumed = assumed
        self.modules = modules
    }
}

public struct CheckReason: Sendable, Hashable, Codable {
    /// Stable: docs/causes.md has them all.
    public var code: String
    public var sentence: String
    /// Where in the source; nil where it is not in the code, or the object has no lines.
    public var place: CheckPlace?
    public var cure: String?

    public init(code: String, sentence: String, place: CheckPlace?, cure: String?) {
        self.code = code
        self.sentence = sentence
        self.place = place
        self.cure = cure
    }
}

public struct CheckPlace: Sendable, Hashable, Codable {
    public var file: String
    /// 0 where the compiler blames no line.
    public var line: Int
    public var function: String
    /// The line's text.
    public var text: String

    public init(file: String, line: Int, function: String, text: String) {
        self.file = file
        self.line = line
        self.function = function
        self.text = text
    }

    /// `probe.bpf.c:12`
    public var name: String {
        let name = file.split(separator: "/").last.map(String.init) ?? file
        return line > 0 ? "\(name):\(line)" : name
    }

    /// `probe.bpf.c:12 in handler`
    public var description: String { "\(name) in \(function)" }
}

/// From which of the kernels that were checked a program fits.
public struct OldestKernel: Sendable, Hashable, Codable {
    public var object: String
    public var program: String
    /// The oldest on which it fits; nil where it fits on none.
    public var kernel: String?
    /// The next older one that was checked, on which it does not fit, or it is not known; nil where there is none. Where it
    /// fits on none: the newest.
    public var older: String?
    /// Newer ones on which it does not fit, or it is not known.
    public var newer: [String]
    /// What is in its way there, besides what `CheckWhole` says of all programs of the object.
    public var reasons: [CheckReason]
    /// Of those reasons: whether it will fail there, or nothing is known for sure.
    public var isCertain: Bool

    public init(
        object: String,
        program: String,
        kernel: String?,
        older: String?,
        newer: [String],
        reasons: [CheckReason],
        isCertain: Bool
    ) {
        self.object = object
        self.program = program
        self.kernel = kernel
        self.older = older
        self.newer = newer
        self.reasons = reasons
        self.isCertain = isCertain
    }
}

extension CheckResults {
    /// Looks for the step in each program's row.
    ///
    /// - Parameter ascending: specs of the kernels that could be checked, oldest first.
    public func oldestKernels(_ ascending: [String]) -> [OldestKernel] {
        let cells = Dictionary(grouping: self.cells) { [$0.object, $0.program] }
        return objects.flatMap { object in
            object.programs.map { program in
                let row = Dictionary(
                    (cells[[object.name, program.name]] ?? []).map { ($0.kernel, $0) },
                    uniquingKeysWith: { first, _ in first }
                )
                let known = ascending.compactMap { row[$0] }
                let first = known.firstIndex { $0.prediction == .fits } ?? known.endIndex
                let obstacle = known[..<first].last
                return OldestKernel(
                    object: object.name,
                    program: program.name,
                    kernel: first < known.endIndex ? known[first].kernel : nil,
                    older: obstacle?.kernel,
                    newer: known[first...].filter { $0.prediction != .fits }.map(\.kernel),
                    reasons: obstacle.map { $0.prediction == .willFail ? $0.reasons : $0.unknowns } ?? [],
                    isCertain: obstacle?.prediction == .willFail
                )
            }
        }
    }
}
