// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestProfiles
import Testing

@testable import KernelProfile

@Suite struct ProfileTests {
    private static let configuration = KernelConfiguration(
        Array(
            "# CONFIG_OFF is not set\nCONFIG_BPF=y\nCONFIG_BPF_JIT=m\nCONFIG_LSM=\"lockdown,bpf\"\nCONFIG_HZ=250".utf8
        )
    )
    private static let profile = KernelProfile(.madeUp, configuration: configuration)

    @Test(
        "what is known of a function is what the kernel's lists say of it",
        arguments: [
            ("do_sys_openat2", .present, .present), ("twice", .notKnown, .absent),
            ("asm_exc_page_fault", .absent, .absent),
            ("asm_alias", .absent, .absent),
            ("bpf_lsm_file_open", .present, .present), ("both", .present, .absent),
            ("virtqueue_add", .present, .notKnown),
            // Freed after the start, data, in front of a function, only in the types, made while running, rubbish.
            ("start_only", .absent, .absent), ("some_data", .absent, .absent),
            ("__pfx_do_sys_openat2", .absent, .absent),
            ("inlined_everywhere", .absent, .absent), ("bpf_prog_59f4a931744dcdc6_stand_in", .absent, .absent),
            ("too_far", .absent, .absent), ("", .absent, .absent), ("zzz", .absent, .absent),
        ] as [(String, Finding, Finding)]
    )
    func functions(name: String, kprobe: Finding, fentry: Finding) {
        #expect(Self.profile.kprobe(name) == kprobe)
        #expect(Self.profile.fentry(name) == fentry)
    }

    @Test("where probes are kept to what ftrace can be attached to, other names of it and parts of it are let in too")
    func notrace() {
        let text = "CONFIG_DYNAMIC_FTRACE=y\n# CONFIG_KPROBE_EVENTS_ON_NOTRACE is not set\n"
        let profile = KernelProfile(.madeUp, configuration: KernelConfiguration(Array(text.utf8)))
        for name in ["do_sys_openat2", "another_name", "do_sys_openat2.cold", "virtqueue_add"] {
            #expect(profile.kprobe(name) == .present)
        }
        for name in ["both", "asm_alias", "asm_exc_page_fault.cold"] { #expect(profile.kprobe(name) == .absent) }
        #expect(profile.kprobe("twice") == .notKnown, "several have the name")
        #expect(profile.fentry("another_name") == .absent, "it has no type")
        #expect(profile.kprobeCount == 5)

        let allowed = KernelConfiguration(Array("\(text)CONFIG_KPROBE_EVENTS_ON_NOTRACE=y\n".utf8))
        #expect(KernelProfile(.madeUp, configuration: allowed).kprobe("both") == .present)
        // Without the configuration nobody knows.
        let unknown = KernelProfile(.madeUp, configuration: nil)
        #expect(unknown.kprobe("both") == .notKnown)
        #expect(unknown.kprobe("do_sys_openat2") == .present)
        #expect(unknown.kprobe("asm_alias") == .absent)
        #expect(unknown.kprobeCount == nil)
    }

    @Test("a name that several functions have is told, and the module of one that is not the kernel's own")
    func properties() throws {
        #expect(try #require(Self.profile.function("twice")).properties == [.symbol, .ambiguous])
        #expect(Self.profile.function("virtqueue_add")?.module == "virtio_ring")
        #expect(Self.profile.function("both")?.module == nil)
        #expect(Self.profile.function("do_sys_openat2")?.properties == [.symbol, .traceable, .typed])
        #expect(Self.profile.functionCount == 11)
        #expect(Self.profile.kprobeCount == 7)
        #expect(Self.profile.fentryCount == 2)
    }

    @Test("an instruction is known, or refused, or was not tried")
    func instructions() {
        #expect(Self.profile.instruction(.atomicFetch) == .present)
        #expect(Self.profile.instruction(.byteSwap) == .absent)
        #expect(Self.profile.instruction(.mayGoto) == .notKnown)
    }

    @Test("tracepoints, hooks and kfuncs are those that the kernel has")
    func names() {
        let profile = Self.profile
        #expect(profile.traceEvent("syscalls", "sys_enter_openat") == .present)
        #expect(profile.traceEvent("syscalls", "sys_enter_nothing") == .absent)
        #expect(profile.rawTracepoint("sched_switch") == .present)
        #expect(profile.rawTracepoint("sched_wakeup") == .present)
        #expect(profile.rawTracepoint("sched_nothing") == .absent)
        #expect(profile.hook("file_open") == .present)
        // A function of such a name that is no hook, and a member without a function.
        #expect(profile.hook("func_proto") == .absent)
        #expect(profile.hook("not_a_hook") == .absent)
        #expect(profile.kfunc("bpf_task_release") == .present)
        #expect(profile.kfunc("commit_creds") == .absent)
    }

    @Test("a hook is absent where the module that asks programs is not in force, whatever was built")
    func hooksNotInForce() {
        var account = KernelAccount.madeUp
        account.securityModules = Array("lockdown,capability".utf8)
        let profile = KernelProfile(account, configuration: nil)
        #expect(profile.hook("file_open") == .absent)
        #expect(profile.hookExists("file_open") == .present)
    }

    @Test("what the kernel does not tell is not known, and never absent")
    func untold() {
        let profile = KernelProfile(KernelAccount(release: "6.9.0"), configuration: nil)
        let findings = [
            profile.kprobe("f"), profile.fentry("f"), profile.traceEvent("a", "b"), profile.rawTracepoint("f"),
            profile.hook("f"), profile.hookExists("f"), profile.kfunc("f"), profile.programType(1), profile.mapType(1),
            profile.helper(1, programType: 1),
        ]
        #expect(findings.allSatisfy { $0 == .notKnown })
        #expect(profile.functionCount == nil && profile.facts.jit == nil && profile.configuration == nil)

        var account = KernelAccount.madeUp
        account.probeBlacklist = nil
        account.traceableFunctions = nil
        let partly = KernelProfile(account, configuration: nil)
        #expect(partly.kprobe("do_sys_openat2") == .notKnown)
        #expect(partly.kprobe("nothing") == .absent)
        #expect(partly.fentry("do_sys_openat2") == .notKnown)
    }

    @Test(
        "a helper's answer is for the program that it was tried with",
        arguments: [
            (1, 2, nil, .present), (2, 2, nil, .absent), (3, 2, nil, .notKnown), (9, 2, nil, .absent),
            (0, 2, nil, .notKnown),
            (2, 18, nil, .present), (2, 18, 8, .absent), (2, 18, 10, .present), (2, 18, 14, .notKnown),
            (1, 28, nil, .notKnown), (1, 77, nil, .notKnown),
        ] as [(UInt32, UInt32, UInt32?, Finding)]
    )
    func helpers(helper: UInt32, programType: UInt32, attachType: UInt32?, finding: Finding) {
        #expect(Self.profile.helper(helper, programType: programType, attachType: attachType) == finding)
    }

    @Test("types are present, absent, or not known")
    func types() {
        #expect([2, 20, 28, 99].map(Self.profile.programType) == [.present, .absent, .notKnown, .notKnown])
        #expect([1, 30, 2].map(Self.profile.mapType) == [.present, .absent, .notKnown])
    }

    @Test("settings are read as they stand")
    func facts() {
        let facts = Self.profile.facts
        #expect(facts.jit == 1 && facts.unprivilegedBPFDisabled == 2 && facts.lockdown == "integrity")
        #expect(facts.securityModules == ["lockdown", "capability", "bpf"])
        #expect(facts.typeCount == 26)
        #expect(facts.gaps.isEmpty)
    }

    @Test(
        "a switch has the value of its own line",
        arguments: [
            ("CONFIG_BPF", "y"), ("CONFIG_BPF_JIT", "m"), ("CONFIG_LSM", "lockdown,bpf"), ("CONFIG_HZ", "250"),
            ("CONFIG_OFF", nil), ("CONFIG_BP", nil), ("BPF", nil), ("", nil),
        ] as [(String, String?)]
    )
    func switches(name: String, value: String?) {
        #expect(Self.configuration.value(of: name) == value)
    }

    @Test("BTF that can't be read leaves a gap that is told, and nothing of it is taken for true")
    func brokenTypes() {
        for length in [0, 3, 23, 30, 200] {
            var account = KernelAccount.madeUp
            account.typeInformation = account.typeInformation.map { Array($0.prefix(length)) }
            let profile = KernelProfile(account, configuration: nil)
            #expect(profile.facts.gaps.count == 1)
            #expect(profile.hookExists("file_open") == .notKnown)
            #expect(profile.fentry("do_sys_openat2") == .notKnown)
            #expect(profile.kprobe("do_sys_openat2") == .present)
        }
    }

    @Test(
        "lists of text are read whatever their lines are",
        arguments: [
            "\t", "-\t", "0\tname", "\tname-", "0-\tname", "0x-\tname", "-", "0x1-0x2\t", "0x\t-", " ", " [module]",
            "\t\t", "-\t-",
            "0xffffffffffffffffffffffff-0x1\tname", "f T", "f T ", "f  x", "f T a\t", "f T a\t[",
            "ffff T _stext\nffff T _etext",
            "1 T _etext\n2 T _stext", "ffffffffffffffff T _etext\n0 T _stext", "0 T _stext\n0 T _etext", "\u{e4} T a",
            "[", "[]", "a [b",
            "none [", "]", "\0", "99999999999999999999999",
        ]
    )
    func strangeLines(text: String) throws {
        for ending in ["", "\n", "\r\n", "\n\n"] {
            let bytes = Array((text + ending).utf8)
            var account = KernelAccount.madeUp
            account.symbols = (account.symbols ?? []) + bytes
            account.traceableFunctions = bytes
            account.probeBlacklist = bytes
            account.traceEvents = bytes
            account.securityModules = bytes
            account.lockdown = bytes
            account.jitSetting = bytes
            account.unprivilegedSetting = bytes
            let profile = KernelProfile(account, configuration: KernelConfiguration(bytes))
            #expect(try KernelProfile(profile.encoded()) == profile)
            account.symbols = bytes
            _ = KernelProfile(account, configuration: nil)
        }
    }

    // MARK: The form

    @Test("a profile that was written is read as it was, with everything and with nothing in it")
    func roundTrip() throws {
        for profile in [Self.profile, KernelProfile(KernelAccount(release: ""), configuration: nil)] {
            #expect(try KernelProfile(profile.encoded()) == profile)
        }
    }

    @Test("bytes that are cut, or go on, are refused")
    func cut() throws {
        let bytes = try Self.profile.encoded()
        for length in 0..<bytes.count {
            #expect(throws: KernelProfile.Refusal.self) { try KernelProfile(Array(bytes.prefix(length))) }
        }
        #expect(throws: KernelProfile.Refusal.self) { try KernelProfile(bytes + [0]) }
    }

    @Test("bytes that were changed are refused, or are another profile that can be asked: nothing traps")
    func damaged() throws {
        let bytes = try Self.profile.encoded()
        var refused = 0
        for index in bytes.indices {
            for change: UInt8 in [0xff, 0x01, 0x80] {
                var changed = bytes
                changed[index] ^= change
                guard let profile = try? KernelProfile(changed) else {
                    refused += 1
                    continue
                }
                for name in ["do_sys_openat2", "a", "zzz", "virtqueue_add"] { _ = profile.function(name) }
                _ = profile.functions?.names
                _ = profile.fentryCount
            }
        }
        #expect(refused > 0)
    }

    @Test("another form is named")
    func otherForm() throws {
        var bytes = try Self.profile.encoded()
        bytes[8] = 99
        #expect(throws: KernelProfile.Refusal.otherForm(99)) { try KernelProfile(bytes) }
    }

    @Test("a table finds each of its names, and none between them, before them or behind them")
    func table() throws {
        let names = (0..<500).map { "name_\($0 * 2)" } + ["", "\u{e4}", "name", "name_"]
        let table = try NameTable(reading: NameTable(Dictionary(uniqueKeysWithValues: zip(names, 0...))).contents)
        for (index, name) in names.enumerated() { #expect(table[name] == UInt32(index)) }
        for absent in ["name_1", "name_999999", "mane", "z", "\u{0}"] { #expect(table[absent] == nil) }
        #expect(Set(table.names) == Set(names))
        #expect(table.count == names.count)
    }
}
