// SPDX-License-Identifier: Apache-2.0

/// The agent's first words: who it is and what it runs on.
public struct Ready: Sendable, Hashable {
    /// `uname -r`.
    public var release: String
    /// The libbpf that the agent is linked with, "1.7.0".
    public var libbpfVersion: String
    /// The kernel's clock source: anything but `tsc` or `kvm-clock` makes times unreliable.
    public var clockSource: String
    /// The guest's time after the greeting: seconds since 1970.
    public var seconds: Int64

    public init(release: String, libbpfVersion: String, clockSource: String, seconds: Int64) {
        self.release = release
        self.libbpfVersion = libbpfVersion
        self.clockSource = clockSource
        self.seconds = seconds
    }
}

/// A program is about to be handed to the kernel: if nothing more is heard, it is the one.
public struct ProgramStarted: Sendable, Hashable {
    public var request: UInt32
    public var program: String

    public init(request: UInt32, program: String) {
        self.request = request
        self.program = program
    }
}

/// How far a program came.
public enum LoadStage: UInt8, Sendable, CaseIterable {
    /// The kernel took it.
    case accepted = 1
    /// `bpf(BPF_PROG_LOAD)` was called and failed.
    case kernel = 2
    /// libbpf gave up on this program before it asked the kernel.
    case loader = 3
}

/// What became of one program.
public struct ProgramReport: Sendable, Hashable {
    public var request: UInt32
    public var program: String
    /// ELF section, which names the program type: `kprobe/do_sys_openat2`.
    public var section: String
    /// `enum bpf_prog_type`.
    public var type: UInt32
    public var stage: LoadStage
    /// The kernel's or the loader's error as a positive errno; 0 where accepted.
    public var errno: Int32
    /// The verifier's log: statistics for an accepted program, everything for a rejected one.
    public var log: [UInt8]
    /// The log is longer than `LoadRequest.logLimit` and was cut by the kernel. Where its end was lost, `cutNote` stands in its
    /// place, and after that what the kernel says without the instructions: the reason and the statistics.
    public var isLogCut: Bool
    /// libbpf's warnings about this program, a line each.
    public var warnings: String
    /// What the program was attached to where the contract leaves that to the agent; empty where it is the object's own.
    public var target: String

    /// A line in the place of what the kernel cut off.
    public static let cutNote = "[the log is longer than was asked for; the kernel cut it]"

    public init(
        request: UInt32,
        program: String,
        section: String,
        type: UInt32,
        stage: LoadStage,
        errno: Int32,
        log: [UInt8],
        isLogCut: Bool,
        warnings: String,
        target: String = ""
    ) {
        self.request = request
        self.program = program
        self.section = section
        self.type = type
        self.stage = stage
        self.errno = errno
        self.log = log
        self.isLogCut = isLogCut
        self.warnings = warnings
        self.target = target
    }
}

/// The kernel refused a map; programs that use it were loaded without it.
public struct MapReport: Sendable, Hashable {
    public var request: UInt32
    public var map: String
    /// Its position among the object's maps: the number in libbpf's poison, where the verifier names no map.
    public var index: UInt32
    /// `enum bpf_map_type`.
    public var type: UInt32
    /// `max_entries` as the object has it; 0 is often set by the program's own loader before it loads.
    public var maxEntries: UInt32
    /// Positive errno.
    public var errno: Int32
    public var warnings: String

    public init(
        request: UInt32,
        map: String,
        index: UInt32,
        type: UInt32,
        maxEntries: UInt32,
        errno: Int32,
        warnings: String
    ) {
        self.request = request
        self.map = map
        self.index = index
        self.type = type
        self.maxEntries = maxEntries
        self.errno = errno
        self.warnings = warnings
    }
}

/// How an object as a whole ended; the last message about a request.
public enum ObjectStage: UInt8, Sendable, CaseIterable {
    /// Every program was reported on.
    case finished = 1
    /// The bytes that arrived do not have the digest that was announced.
    case digestMismatch = 2
    /// libbpf could not open the object at all.
    case notOpened = 3
    /// libbpf opened the object but refuses it for a reason that belongs to no single program; programs that were not
    /// reported on share it.
    case notLoaded = 4
}

/// What libbpf said of an object's relocations; comes before the object's end, and only where it was asked for.
public struct RelocationReport: Sendable, Hashable {
    public var request: UInt32
    /// libbpf's own lines about relocations of programs, and about the kernel's types that it considers for them.
    public var text: [UInt8]
    /// There was more than `LoadRequest.relocationLimit`, and the rest is missing.
    public var isCut: Bool

    public init(request: UInt32, text: [UInt8], isCut: Bool) {
        self.request = request
        self.text = text
        self.isCut = isCut
    }
}

public struct ObjectReport: Sendable, Hashable {
    public var request: UInt32
    public var stage: ObjectStage
    /// Positive errno; 0 where finished.
    public var errno: Int32
    /// libbpf's warnings about the object.
    public var warnings: String
    /// `/proc/sys/kernel/tainted` after the object: bit 7 says that the kernel has oopsed.
    public var taint: UInt64

    public init(request: UInt32, stage: ObjectStage, errno: Int32, warnings: String, taint: UInt64) {
        self.request = request
        self.stage = stage
        self.errno = errno
        self.warnings = warnings
        self.taint = taint
    }
}

/// What bpftool made of an object.
public struct WitnessReport: Sendable, Hashable {
    public var request: UInt32
    /// bpftool's exit status; negative where a signal ended it, -1000 where it could not be started.
    public var status: Int32
    /// Its standard output and error.
    public var output: [UInt8]
    /// The kernel's taint flags afterwards, as in `ObjectReport`.
    public var taint: UInt64

    public init(request: UInt32, status: Int32, output: [UInt8], taint: UInt64) {
        self.request = request
        self.status = status
        self.output = output
        self.taint = taint
    }
}

/// Whether a module was loaded.
public struct ModuleReport: Sendable, Hashable {
    public var request: UInt32
    /// Positive errno; 0 where it is loaded, or was before.
    public var errno: Int32

    public init(request: UInt32, errno: Int32) {
        self.request = request
        self.errno = errno
    }
}

/// What was done once for all objects.
public struct WarmReport: Sendable, Hashable {
    /// Positive errno of parsing the kernel's BTF; 0 where it is parsed.
    public var btfErrno: Int32

    public init(btfErrno: Int32) {
        self.btfErrno = btfErrno
    }
}

/// What the agent says to the host.
public enum GuestMessage: Sendable, Hashable {
    case ready(Ready)
    case started(ProgramStarted)
    case program(ProgramReport)
    case map(MapReport)
    case relocations(RelocationReport)
    case object(ObjectReport)
    case witness(WitnessReport)
    case module(ModuleReport)
    case warm(WarmReport)
    case surveyPart(SurveyPart)
    case types(TypeReport)
    case helpers(HelperReport)
    case surveyEnd(SurveyEnd)
    case imageOutput(ImageOutput)
    case imageReport(ImageReport)
    /// The agent did not understand what it was told.
    case complaint(String)
}
