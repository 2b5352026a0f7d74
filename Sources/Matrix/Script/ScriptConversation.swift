// SPDX-License-Identifier: Apache-2.0

import ContentDigest
import VirtualMachine

/// What one guest's script says, held to the only order in which it may be said: who loads, the canaries, the objects as
/// they were asked about, the end.
///
/// Law 2 for scripts: no word about an object is heard before the guest has told good from bad.
struct ScriptConversation {
    /// A file that the script was asked about.
    struct File: Sendable, Hashable {
        let name: String
        let digest: ContentDigest
    }

    static let canaries = [
        File(name: ObjectFolder.acceptable, digest: Canary.objects.acceptable.digest),
        File(name: ObjectFolder.unacceptable, digest: Canary.objects.unacceptable.digest),
    ]

    /// The form of lines that is understood (`scripts/test-bpf-in-vm.sh` says which).
    static let format = 2

    private let owner: String
    private let release: String
    /// The canaries first.
    private let asked: [File]
    private(set) var loader: ImageLine.Loader?
    private var heard = 0
    private(set) var isOver = false
    private var taint: (proved: KernelTaint, last: KernelTaint) = ([], [])

    /// - Parameters:
    ///   - owner: whose script it is, for people: `the image`.
    ///   - release: of the kernel that the guest is meant to run.
    ///   - objects: without the canaries, in the order in which they are asked about.
    init(with owner: String, on release: String, about objects: [File]) {
        self.owner = owner
        self.release = release
        asked = Self.canaries + objects
    }

    /// Both canaries were told apart.
    var hasProved: Bool { heard >= Self.canaries.count }

    /// What has happened to the kernel since it proved itself that makes it doubtful; nil where nothing has.
    var signsOfDamage: String? {
        let new = taint.last.subtracting(taint.proved).intersection(.doubtful)
        return hasProved && !new.isEmpty ? new.signs : nil
    }

    /// All have been spoken of; only the end is due.
    var isThrough: Bool { heard == asked.count }

    /// What should come next, for people.
    var expected: String {
        if loader == nil { return "what loads" }
        if isOver { return "nothing more" }
        return asked.indices.contains(heard) ? asked[heard].name : "its end"
    }

    /// Takes the next line in.
    ///
    /// - Returns: what was said of an object, where the line is about one that is no canary.
    /// - Throws: `CanaryFailure` where the guest has no vote, otherwise `MachineFailure`.
    mutating func hear(_ line: ImageLine) throws -> ImageLine.Outcome? {
        switch line {
        case .loader(let said) where loader == nil:
            try judge(said)
            loader = said
            try look(at: said.tainted)
            return nil
        case .object(let said)
        where loader != nil && !isOver && heard < asked.count && said.object == asked[heard].name:
            guard said.sha256 == asked[heard].digest.hexadecimal else {
                throw garbled("\(said.object) did not arrive as it was sent: its SHA-256 differs")
            }
            try look(at: said.tainted)
            if !hasProved { try judge(canary: said) }
            heard += 1
            if heard == Self.canaries.count { taint.proved = taint.last }
            return heard > Self.canaries.count ? said : nil
        case .end(let objects) where loader != nil && !isOver && heard == asked.count:
            guard objects == asked.count else {
                throw garbled(
                    "\(owner)'s script says that it has tried \(objects) objects, and was given \(asked.count)"
                )
            }
            isOver = true
            return nil
        default:
            throw garbled("\(owner)'s script printed \(line.subject) where \(expected) was expected")
        }
    }

    private func judge(_ said: ImageLine.Loader) throws {
        guard said.format == Self.format else {
            throw CanaryFailure(
                reason: "\(owner)'s script speaks format \(said.format), and only \(Self.format) is understood: "
                    + "give it the one that came with this version"
            )
        }
        guard said.kernel == release else { throw CanaryFailure(reason: "it runs \(said.kernel), not \(release)") }
        guard Self.isName(said.loader), Self.isName(said.version) else {
            throw CanaryFailure(reason: "\(owner)'s loader calls itself something that is no name with a version")
        }
    }

    /// Names become part of reports and of results.
    private static func isName(_ text: String) -> Bool {
        (1...64).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"):
                    true
                default: ".+~_-".utf8.contains(byte)
                }
            }
    }

    private func judge(canary said: ImageLine.Outcome) throws {
        let verdict = WitnessJudgement.verdict(said.answer, said.log)
        if said.object == ObjectFolder.acceptable {
            guard verdict == .accepted else {
                throw CanaryFailure(reason: "\(owner)'s loader refused the good canary: \(said.log)")
            }
        } else if verdict == .accepted {
            throw CanaryFailure(reason: "\(owner)'s loader accepted the bad canary")
        } else if verdict != .rejected {
            // One that can't run fails too, and one whose words can't be read would have its refusals taken for others.
            throw CanaryFailure(
                reason:
                    "\(owner)'s loader failed over the bad canary (status \(said.status)) without a refusal by the kernel "
                    + "in its words: \(said.log)"
            )
        }
    }

    private mutating func look(at flags: UInt64) throws {
        taint.last = KernelTaint(rawValue: flags)
        if taint.last.contains(.died) { throw MachineFailure(.oopsed(taint: flags)) }
    }

    private func garbled(_ reason: String) -> MachineFailure { MachineFailure(.garbled(reason)) }
}

extension MachineFailure.Cause {
    /// A kernel that has died and gone on all the same.
    static func oopsed(taint: UInt64) -> Self {
        .oopsed("the kernel says that it has (taint \(taint)), and went on")
    }
}

extension ImageLine {
    /// What it is about, for people.
    fileprivate var subject: String {
        switch self {
        case .loader: "what loads"
        case .object(let outcome): String(outcome.object.prefix(100))
        case .end: "its end"
        }
    }
}
