// SPDX-License-Identifier: Apache-2.0

import BPFObject
import BTF
import Instruction
import KernelProfile
import Results
import TestBTF
import TestObjects
import TestProfiles
import Testing
import VerifierLog

@testable import CompatibilityCheck

@Suite struct ObjectRuleTests {
    private static func kernel(
        _ version: String = "6.1.192",
        types: CheckedKernel.Types = .notKnown,
        configuration: String = "CONFIG_HZ=250\nCONFIG_FUNCTION_ERROR_INJECTION=y\n"
    ) -> CheckedKernel {
        let profile = KernelProfile(.madeUp, configuration: KernelConfiguration(Array(configuration.utf8)))
        return CheckedKernel(version: version, profile: profile, types: types)
    }

    private static func predictions(_ code: String, on kernel: CheckedKernel = kernel()) throws -> [String:
        ProgramPrediction]
    {
        let object = try CheckedObject(try CompiledObject.bytes(code))
        let predictions = CompatibilityCheck(object, on: kernel).predictions()
        return Dictionary(predictions.map { ($0.program, $0) }) { first, _ in first }
    }

    @Test("a program that is left out unless told otherwise does not count for what the object needs")
    func optional() throws {
        let predictions = try Self.predictions(
            """
            SEC("kprobe/do_sys_openat2") int plain(void *context) { return 0; }
            SEC("?fentry/do_sys_openat2") int optional(void *context) { return 0; }
            """,
            on: Self.kernel(types: .none)
        )
        #expect(predictions["plain"]?.prediction == .fits)
        #expect(predictions["optional"]?.reasons.map(\.code) == [.kernelWithoutTypes])
    }

    @Test("one that is not left out does, but for those that replace a part of another program")
    func needed() throws {
        func codes(_ section: String) throws -> [CauseCode] {
            let predictions = try Self.predictions(
                """
                SEC("kprobe/do_sys_openat2") int plain(void *context) { return 0; }
                SEC("\(section)") int other(void *context) { return 0; }
                """,
                on: Self.kernel(types: .none)
            )
            return predictions["plain"]?.reasons.map(\.code) ?? []
        }
        #expect(try codes("fentry/do_sys_openat2") == [.kernelWithoutTypes])
        #expect(try codes("freplace/function") == [])
    }

    @Test(
        "values of the configuration that may be missing",
        arguments: [
            ("extern int CONFIG_NONE __kconfig __weak;", "CONFIG_NONE", []),
            ("extern int CONFIG_NONE __kconfig;", "CONFIG_NONE", [.externUnresolved]),
            ("extern int LINUX_NONE __kconfig __weak;", "LINUX_NONE", []),
            // libbpf knows neither, weak or not.
            ("extern int NONE __kconfig __weak;", "NONE", [.externUnresolved]),
            ("extern _Bool CONFIG_HZ __kconfig __weak;", "CONFIG_HZ", [.externUnresolved]),
        ] as [(String, String, [CauseCode])]
    )
    func configuration(declaration: String, name: String, expected: [CauseCode]) throws {
        let predictions = try Self.predictions(
            "\(declaration) SEC(\"kprobe/do_sys_openat2\") int program(void *context) { return \(name); }"
        )
        #expect(predictions["program"]?.reasons.map(\.code) == expected)
    }

    @Test("an object of the other byte order is refused")
    func byteOrder() throws {
        let code = "SEC(\"kprobe/do_sys_openat2\") int program(void *context) { return 0; }"
        let object = try CheckedObject(try CompiledObject.bytes(code, .bigEndian))
        let codes = CompatibilityCheck(object, on: Self.kernel()).predictions().flatMap(\.reasons).map(\.code)
        #expect(codes == [.foreignByteOrder])
    }

    @Test(
        "where programs may sleep is known of some hooks and functions",
        arguments: [
            ("lsm.s/file_open", "6.1.1", .fits), ("lsm.s/file_open", "5.10.1", .willFail),
            ("lsm.s/bprm_committed_creds", "5.10.1", .fits), ("lsm.s/task_free", "6.12.1", .willFail),
            ("lsm.s/file_open", "8.0.1", .cannotTell), ("lsm.s/some_hook", "6.1.1", .cannotTell),
            ("iter.s/task", "6.1.1", .fits), ("iter.s/task", "5.10.1", .fits),
            ("fentry.s/__x64_sys_getpgid", "6.1.1", .fits), ("fentry.s/vfs_read", "6.1.1", .cannotTell),
        ] as [(String, String, Prediction)]
    )
    func sleeping(section: String, version: String, expected: Prediction) throws {
        let contents = try CompiledObject.contents("SEC(\"\(section)\") int program(void *context) { return 0; }")
        let program = try #require(contents.programs.first)
        var findings = Findings()
        SleepingRequirements(try #require(program.definition), program.target, Self.kernel(version)).check(
            into: &findings
        )
        #expect(findings.reasons.map(\.code) == (expected == .willFail ? [.targetNotSleepable] : []))
        #expect(findings.unknowns.map(\.code) == (expected == .cannotTell ? [.targetNotSleepable] : []))
    }

    @Test(
        "without injection of errors programs sleep at system calls since 7.2",
        arguments: [("6.12.1", Prediction.willFail), ("7.0.1", .cannotTell), ("7.2.1", .fits)]
    )
    func sleepingAtCalls(version: String, expected: Prediction) throws {
        let contents = try CompiledObject.contents(
            "SEC(\"fentry.s/__x64_sys_getpgid\") int program(void *context) { return 0; }"
        )
        let program = try #require(contents.programs.first)
        let kernel = Self.kernel(version, configuration: "CONFIG_HZ=250\n")
        var findings = Findings()
        SleepingRequirements(try #require(program.definition), program.target, kernel).check(into: &findings)
        #expect(findings.reasons.isEmpty == (expected != .willFail))
        #expect(findings.unknowns.isEmpty == (expected != .cannotTell))
    }

    @Test(
        "an open target is none where the kernel has what test attaches to in its place",
        arguments: [
            ("fentry", ["bpf_fentry_test1"], [] as [CauseCode], [] as [CauseCode]),
            ("fentry", ["other"], [.targetUnset], []),
            ("fentry/dummy_open", ["dummy_open"], [], [.targetRefused]),
            ("lsm.s", ["bpf_lsm_file_open"], [], []),
            ("fentry.s", ["bpf_fentry_test1"], [], [.targetNotSleepable]),
        ]
    )
    func openTarget(
        section: String,
        functions: [String],
        reasons: [CauseCode],
        unknowns: [CauseCode]
    ) throws {
        let bytes = try CompiledObject.bytes("SEC(\"\(section)\") int program(void *context) { return 0; }")
        let kernelBytes = try CompiledObject.bytes(
            functions.map { "int \($0)(int number) { return number; }" }.joined(separator: "\n")
        )
        let types = try #require(try ObjectContents(kernelBytes).types)
        let kernel = CheckedKernel(
            version: "6.12.1",
            profile: KernelProfile(
                .madeUp,
                configuration: KernelConfiguration(Array("CONFIG_FUNCTION_ERROR_INJECTION=y\n".utf8))
            ),
            types: .present(types)
        )
        var findings = Findings()
        ProgramRequirements(try CheckedObject(bytes), 0, kernel).check(into: &findings)
        #expect(findings.reasons.map(\.code).filter { $0.kind == .target } == reasons)
        #expect(findings.unknowns.map(\.code).filter { $0.kind == .target } == unknowns)
    }

    @Test("an attach type that is left out is the first of its type of program")
    func firstAttachType() throws {
        var account = KernelAccount.madeUp
        account.programTypes = TypeAnswers(present: [8])
        account.helpers = [
            HelperAnswers(programType: 8, attachType: 0, isSleepable: false, present: [1], last: 5),
            HelperAnswers(programType: 8, attachType: 1, isSleepable: false, present: [1, 2], last: 5),
        ]
        let kernel = CheckedKernel(
            version: "6.1.1",
            profile: KernelProfile(account, configuration: nil),
            types: .notKnown
        )
        func prediction(_ helper: Int32) throws -> Prediction? {
            var builder = ObjectBuilder()
            builder.add("program", section: "cgroup/skb", [.call(helper), .move(0, 0), .exit])
            return CompatibilityCheck(try CheckedObject(builder.build()), on: kernel).predictions().first?.prediction
        }
        #expect(try prediction(1) == .fits)
        #expect(try prediction(2) == .willFail)
    }

    @Test("a program for an attach type that came later can be loaded, and not attached")
    func attachTypes() throws {
        var blob = TypeBlob()
        _ = blob.enumeration("bpf_attach_type", (0...37).map { ("BPF_\($0)", $0) } + [("__MAX_BPF_ATTACH_TYPE", 38)])
        let kernel = Self.kernel("5.10.262", types: .present(try BTFTypes(blob.bytes)))
        func attachment(_ section: String) throws -> [CauseCode] {
            let predictions = try Self.predictions(
                "SEC(\"\(section)\") int program(void *context) { return 0; }",
                on: kernel
            )
            let prediction = try #require(predictions["program"])
            #expect(prediction.reasons.isEmpty)
            return prediction.attachment.map(\.code)
        }
        for section in [
            "tcx/ingress", "netkit/primary", "kprobe.multi/vfs_*", "kprobe.session/vfs_read", "uprobe.multi",
        ] {
            #expect(try attachment(section) == [.attachTypeLacking], "\(section)")
        }
        for section in ["tc", "tc/ingress", "xdp", "sk_reuseport"] {
            #expect(try attachment(section) == [], "\(section)")
        }
    }

    @Test("of atomic operations only an addition can be written for kernels before 5.12")
    func atomics() throws {
        let bytes = try CompiledObject.contents(
            """
            u64 counter;
            SEC("raw_tp/sys_enter") int added(void *context) { return __sync_fetch_and_add(&counter, 1) == 3; }
            SEC("raw_tp/sys_enter") int swapped(void *context) { return __sync_val_compare_and_swap(&counter, 0, 1) == 0; }
            """
        )
        let programs = try bytes.linkedPrograms()
        let later = programs.map { $0.laterInstructions(unknownTo: nil) }
        #expect(later.map { $0.map(\.since) } == [[LinuxVersion(5, 12)], [LinuxVersion(5, 12)]])
        #expect(later[0].first?.cure?.contains("__ATOMIC_RELAXED") == true)
        #expect(later[1].first?.cure?.contains("compare-and-swap needs Linux 5.12") == true)
        #expect(later.allSatisfy { $0.allSatisfy { $0.cure?.contains("-mcpu=v2") != true } })
        // A kernel that is known to know it has nothing to refuse.
        let profile = KernelProfile(.madeUp, configuration: nil)
        #expect(programs.allSatisfy { $0.laterInstructions(unknownTo: profile).isEmpty })
    }
}
