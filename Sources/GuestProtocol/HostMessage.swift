// SPDX-License-Identifier: Apache-2.0

import LoaderContract

/// How the agent goes through an object.
public enum LoadStrategy: UInt8, Sendable, CaseIterable {
    /// The object is relocated once and every program of it is given to the kernel in that one pass.
    case onePass = 1
    /// The object is opened anew for each program, with all others switched off, and shares nothing with what was loaded
    /// before: slower by far, and the reference against which the first is tested.
    case perProgram = 2
}

/// The first words to an agent, whether it has just been booted or goes on where it was stopped: what a machine gets from
/// its surroundings, set afresh.
public struct Greeting: Sendable, Hashable {
    /// Bytes of randomness; as many as seed the kernel's generator.
    public static let entropySize = 32

    /// Since 1970.
    public var seconds: Int64
    /// 0..<1 000 000 000
    public var nanoseconds: UInt32
    /// `entropySize` bytes.
    public var entropy: [UInt8]

    public init(seconds: Int64, nanoseconds: UInt32, entropy: [UInt8]) {
        self.seconds = seconds
        self.nanoseconds = nanoseconds
        self.entropy = entropy
    }
}

/// Load every program of an object and say what the kernel said of each.
public struct LoadRequest: Sendable, Hashable {
    /// Chosen by the host; every message about this request carries it.
    public var id: UInt32
    /// The object's name, as libbpf should know it.
    public var name: String
    /// SHA-256 of `object`, 32 bytes: the agent refuses bytes that do not have it.
    public var digest: [UInt8]
    public var object: [UInt8]
    public var strategy: LoadStrategy
    /// Programs that are not loaded: another VM has their verdict, or died of them.
    public var skipped: [String]
    /// The longest verifier log that is wanted, in bytes.
    public var logLimit: UInt32
    /// How much is wanted of what libbpf says of its relocations, in bytes; with 0 it is not even put into words.
    public var relocationLimit: UInt32
    /// What is set in the object before it is loaded.
    public var contract: LoaderContract

    public init(
        id: UInt32,
        name: String,
        digest: [UInt8],
        object: [UInt8],
        strategy: LoadStrategy = .onePass,
        skipped: [String] = [],
        logLimit: UInt32 = 64 << 20,
        relocationLimit: UInt32 = 0,
        contract: LoaderContract = .asCompiled
    ) {
        self.id = id
        self.name = name
        self.digest = digest
        self.object = object
        self.strategy = strategy
        self.skipped = skipped
        self.logLimit = logLimit
        self.relocationLimit = relocationLimit
        self.contract = contract
    }
}

/// Load an object with `bpftool prog loadall`, the second witness.
public struct WitnessRequest: Sendable, Hashable {
    public var id: UInt32
    /// SHA-256 of `object`, 32 bytes.
    public var digest: [UInt8]
    public var object: [UInt8]

    public init(id: UInt32, digest: [UInt8], object: [UInt8]) {
        self.id = id
        self.digest = digest
        self.object = object
    }
}

/// Load a module into the guest's kernel, for all that follows.
public struct ModuleRequest: Sendable, Hashable {
    public var id: UInt32
    /// The module's file, decompressed.
    public var module: [UInt8]

    public init(id: UInt32, module: [UInt8]) {
        self.id = id
        self.module = module
    }
}

/// What the agent can be made to do to its own kernel, so that tests can prove that the host tells the ends apart.
public enum Fault: UInt8, Sendable, CaseIterable {
    /// The kernel panics.
    case panic = 1
    /// The agent stops answering while the kernel goes on.
    case hang = 2
    /// The agent exits, which ends the kernel too: it is PID 1.
    case exit = 3
    /// The agent sends a frame whose payload is not the one that its checksum was made of.
    case corruptFrame = 4
    /// The agent sends half a frame and powers off.
    case truncatedFrame = 5
    /// The kernel says from now on that it has had a warning.
    case warning = 6
    /// The kernel's own types can't be seen any more, as if it had none.
    case noTypes = 7
}

/// What the host says to the agent.
public enum HostMessage: Sendable, Hashable {
    /// Answered with `ready`.
    case greet(Greeting)
    /// Do what every object needs done once, so that it is done in a template; answered with `warm`.
    case warmUp
    case load(LoadRequest)
    case witness(WitnessRequest)
    /// Answered with `module`. It can't be undone: the guest is another one from then on.
    case module(ModuleRequest)
    case fault(Fault)
    /// Say what this kernel is, as far as the subject goes; answered with what is there, and then `surveyEnd`. Changes the
    /// guest (file systems are mounted, programs loaded): not for one that is to be saved.
    case survey(SurveySubject)
    /// Answered with `imageOutput`s, and then `imageReport`. What is mounted stays: one such run for each guest.
    case imageRun(ImageRun)
    case powerOff

    private enum Kind: UInt16 {
        case load = 1
        case witness = 2
        case fault = 3
        case powerOff = 4
        case greet = 5
        case warmUp = 6
        case survey = 7
        case imageRun = 8
        case module = 9
    }

    public var frame: Frame {
        var writer = ByteWriter()
        let kind: Kind
        switch self {
        case .load(let request):
            kind = .load
            writer.write(request.id)
            writer.write(request.name)
            writer.write(request.digest)
            writer.write(request.strategy.rawValue)
            writer.write(request.skipped)
            writer.write(request.logLimit)
            writer.write(request.relocationLimit)
            request.contract.write(to: &writer)
            writer.write(request.object)
        case .witness(let request):
            kind = .witness
            writer.write(request.id)
            writer.write(request.digest)
            writer.write(request.object)
        case .module(let request):
            kind = .module
            writer.write(request.id)
            writer.write(request.module)
        case .fault(let fault):
            kind = .fault
            writer.write(fault.rawValue)
        case .greet(let greeting):
            kind = .greet
            writer.write(greeting.seconds)
            writer.write(greeting.nanoseconds)
            writer.write(greeting.entropy)
        case .warmUp:
            kind = .warmUp
        case .survey(let subject):
            kind = .survey
            writer.write(subject.rawValue)
        case .imageRun(let run):
            kind = .imageRun
            run.write(to: &writer)
        case .powerOff:
            kind = .powerOff
        }
        return Frame(kind: kind.rawValue, payload: writer.bytes)
    }

    public init(_ frame: Frame) throws(ProtocolError) {
        guard let kind = Kind(rawValue: frame.kind) else { throw .unknownMessage(frame.kind) }
        var reader = FieldReader(frame, message: "\(kind)")
        switch kind {
        case .load:
            let id = try reader.integer(UInt32.self)
            let name = try reader.string()
            let digest = try reader.bytes()
            let strategy = try reader.value(LoadStrategy.self)
            let skipped = try reader.strings()
            let logLimit = try reader.integer(UInt32.self)
            let relocationLimit = try reader.integer(UInt32.self)
            let contract = try LoaderContract(&reader)
            self = .load(
                LoadRequest(
                    id: id,
                    name: name,
                    digest: digest,
                    object: try reader.bytes(),
                    strategy: strategy,
                    skipped: skipped,
                    logLimit: logLimit,
                    relocationLimit: relocationLimit,
                    contract: contract
                )
            )
        case .witness:
            self = .witness(
                WitnessRequest(id: try reader.integer(), digest: try reader.bytes(), object: try reader.bytes())
            )
        case .module:
            self = .module(ModuleRequest(id: try reader.integer(), module: try reader.bytes()))
        case .fault:
            self = .fault(try reader.value())
        case .powerOff:
            self = .powerOff
        case .greet:
            self = .greet(
                Greeting(
                    seconds: try reader.integer(),
                    nanoseconds: try reader.integer(),
                    entropy: try reader.bytes()
                )
            )
        case .warmUp:
            self = .warmUp
        case .survey:
            self = .survey(try reader.value())
        case .imageRun:
            self = .imageRun(try ImageRun(&reader))
        }
        try reader.end()
    }
}
