// SPDX-License-Identifier: Apache-2.0

import BPFObject
import BTF
import CORE
import CompatibilityCheck
import GuestProtocol
import Inspection
import KernelProfile
import Reports
import TestProfiles
import VerifierLog

/// A reader of bytes from outside, and all that is made of what it read. None may trap, whatever the bytes are; errors are
/// what they are for.
enum FuzzTarget: String, CaseIterable {
    case object
    case btf
    case core
    case check
    case log
    case output
    case profile
    case account
    case guest

    func read(_ bytes: [UInt8]) {
        switch self {
        case .object: Self.object(bytes)
        case .btf: Self.types(bytes)
        case .core: Self.relocations(bytes)
        case .check: Self.check(bytes)
        case .log: Self.log(bytes)
        case .output: Self.output(bytes)
        case .profile: Self.profile(bytes)
        case .account: Self.account(bytes)
        case .guest: Self.guest(bytes)
        }
    }

    /// ELF, BTF and `.BTF.ext`, and all that `inspect` says of them.
    private static func object(_ bytes: [UInt8]) {
        _ = EmbeddedObjects.find(in: bytes)
        let style = TextStyle(isUnicode: true, isColoured: true)
        guard let contents = try? ObjectContents(bytes),
            let object = try? InspectedObject(contents, name: "o", path: "o", sha256: "", bytes: bytes.count)
        else { return }
        _ = InspectionReport(object, style: style).text
        _ = try? JSONReport.data(Inspection(objects: [object]))
        for program in object.programs { _ = InspectedProgramReport(program, style: style).text }
        for linked in (try? contents.linkedPrograms()) ?? [] {
            _ = ListingReport(ProgramListing(linked), style: style).text
        }
    }

    /// A blob of types, every one of them spelt.
    private static func types(_ bytes: [UInt8]) {
        guard let types = try? BTFTypes(bytes) else { return }
        try? types.validate()
        // A few of many: the time for one input is bounded, and types are alike.
        for id in types.ownIDs.prefix(50) {
            _ = types.spelling(of: id, declaring: "name")
            _ = types.declaration(of: id)
            _ = types.size(of: id)
            _ = types.type(id).map { types.ids(essentiallyNamed: $0.name) }
        }
        _ = try? BTFTypes(bytes, base: types)
        _ = try? BTFExtensions(bytes[...], types: types)
    }

    /// An object's relocations, in a kernel that has the object's own types.
    private static func relocations(_ bytes: [UInt8]) {
        guard let contents = try? ObjectContents(bytes), let types = contents.types else { return }
        var relocator = CORERelocator(types: types, target: CORETarget(types, modules: nil))
        for function in contents.functions {
            for relocation in function.relocations {
                let resolution = relocator.resolve(relocation.record)
                _ = resolution.description
                let instruction = function.instructions[relocation.instruction]
                let next = function.instructions.dropFirst(relocation.instruction + 1).first
                _ = resolution.patch(instruction, followedBy: next)
            }
        }
    }

    /// What is predicted of an object's programs, in a kernel with the object's own types and in one of which nothing is known.
    private static func check(_ bytes: [UInt8]) {
        guard let object = try? CheckedObject(bytes) else { return }
        let profile = KernelProfile(.madeUp, configuration: nil)
        let types = object.contents.types.map(CheckedKernel.Types.present) ?? .notKnown
        for kernel in [
            CheckedKernel(version: "6.9", profile: profile, types: types),
            CheckedKernel(version: "5.10", profile: nil, types: .notKnown),
        ] {
            _ = CompatibilityCheck(object, on: kernel).predictions()
        }
    }

    /// A verifier's log, and the explanation of the refusal that it ends in.
    private static func log(_ bytes: [UInt8]) {
        for isCut in [false, true] {
            let log = VerifierLog(bytes, isCut: isCut)
            _ = log.sourceLine
            _ = Explanation(of: Evidence(refusal: .program, errno: 13, log: log, isLogCut: isCut))
        }
    }

    /// What anybody's loader printed, in whatever frame, and what it is taken for.
    private static func output(_ bytes: [UInt8]) {
        let output = ToolOutput(bytes)
        for part in output.parts {
            _ = Explanation(of: Evidence(refusal: .program, log: part.log, warnings: output.warnings))
        }
        for refusal in [Evidence.Refusal.loader, .object] {
            for lines in [output.warnings, output.complaints] {
                _ = Cause(of: Evidence(refusal: refusal, warnings: lines)).program
            }
        }
    }

    /// What a kernel has said of itself, file by file.
    private static func account(_ bytes: [UInt8]) {
        guard let account = KernelAccount(fuzzed: bytes) else { return }
        let profile = KernelProfile(account, configuration: nil)
        guard let encoded = try? profile.encoded(), let again = try? KernelProfile(encoded) else { return }
        precondition(again == profile, "a profile is read as it was written")
    }

    /// What a guest sends: a stream of frames, and the message of one frame whose checksum is right.
    private static func guest(_ bytes: [UInt8]) {
        var decoder = FrameDecoder()
        for half in [bytes.prefix(bytes.count / 2), bytes.dropFirst(bytes.count / 2)] {
            decoder.append(half)
            while let frame = try? decoder.next() { message(frame) }
        }
        guard bytes.count >= 2 else { return }
        message(Frame(kind: UInt16(bytes[0]) | UInt16(bytes[1]) << 8, payload: Array(bytes.dropFirst(2))))
    }

    private static func message(_ frame: Frame) {
        if let message = try? GuestMessage(frame) { _ = message.frame }
        if let message = try? HostMessage(frame) { _ = message.frame }
    }

    /// What a kernel has for BPF, as it is kept.
    private static func profile(_ bytes: [UInt8]) {
        guard let profile = try? KernelProfile(bytes) else { return }
        _ = try? profile.encoded()
    }
}
