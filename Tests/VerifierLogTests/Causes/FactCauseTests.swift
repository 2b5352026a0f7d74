// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import VerifierLog

/// Causes of refusals without words: told from what is known of program, map and kernel, and never from what is not.
@Suite struct FactCauseTests {
    private func map(_ type: UInt32, entries: UInt32 = 8, errno: Int32 = 22, exists: Bool? = nil) -> Evidence.MapFacts {
        Evidence.MapFacts(name: "things", index: 0, type: type, maxEntries: entries, errno: errno, typeExists: exists)
    }

    private func code(_ map: Evidence.MapFacts, on release: String?) -> CauseCode {
        var evidence = Evidence(refusal: .map(map), errno: map.errno)
        evidence.kernel.release = release
        return Cause(of: evidence).code
    }

    private static let hash: UInt32 = 1
    private static let hashOfMaps: UInt32 = 13
    private static let bloomFilter: UInt32 = 30

    @Test(
        "a type of map is lacking where the kernel says so, or is older than the type; else its attributes are refused"
    )
    func mapTypes() {
        #expect(code(map(Self.bloomFilter), on: "5.10.0") == .mapTypeLacking)
        #expect(code(map(Self.bloomFilter), on: "6.1.0") == .mapAttributes)
        #expect(code(map(Self.bloomFilter, exists: true), on: "5.10.0") == .mapAttributes)
        #expect(code(map(Self.bloomFilter, exists: false), on: nil) == .mapTypeLacking)
        #expect(code(map(Self.bloomFilter), on: nil) == .mapAttributes)
        #expect(code(map(222), on: "7.2.0") == .mapTypeLacking)
    }

    @Test("what a loader sets is told from what the kernel refuses")
    func loaderContract() {
        #expect(code(map(Self.hash, entries: 0), on: "6.1.0") == .maxEntriesUnset)
        #expect(code(map(Self.hashOfMaps), on: "6.1.0") == .innerMapUnset)
        #expect(code(map(Self.hash), on: "6.1.0") == .mapAttributes)
    }

    @Test("memory and privilege have their own errno")
    func limits() {
        #expect(code(map(Self.hash, errno: 12), on: "6.1.0") == .memoryLimit)
        #expect(code(map(Self.hash, errno: 7), on: "6.1.0") == .memoryLimit)
        #expect(code(map(Self.hash, errno: 1), on: "6.1.0") == .permission)
        #expect(code(map(Self.hash, errno: 28), on: "6.1.0") == .mapAttributes)
    }

    @Test("the size that is too large is blamed, and not the number of entries beside it")
    func sizes() {
        func sentence(_ type: UInt32, entries: UInt32, value: UInt32, errno: Int32 = 7) -> String {
            var map = map(type, entries: entries, errno: errno)
            map.keySize = 4
            map.valueSize = value
            return Cause(of: Evidence(refusal: .map(map), errno: errno)).sentence
        }
        let perCPUArray: UInt32 = 6
        #expect(sentence(perCPUArray, entries: 1, value: 65536).contains("has 65536 bytes; one that each CPU"))
        #expect(
            sentence(perCPUArray, entries: 1, value: 65536, errno: 12).contains("has 65536 bytes; one that each CPU")
        )
        #expect(sentence(Self.hash, entries: 5, value: 8_000_000).contains("have 8000004 bytes together"))
        #expect(sentence(Self.hash, entries: 1_000_000_000, value: 8).contains("1000000000 entries of 8 bytes"))
        #expect(sentence(Self.hash, entries: 5, value: 8_000_000, errno: 12).contains("5 entries of 8000000 bytes"))
    }

    @Test(
        "a size that a type of map has a rule for is no matter of memory",
        arguments: [
            (hash, 520, 8, "5.10.0", CauseCode.mapAttributes, "5.11"), (hash, 520, 8, "6.1.0", .memoryLimit, nil),
            (hash, 512, 8, "5.10.0", .memoryLimit, nil), (hash, 520, 8, nil, .mapAttributes, "5.11"),
            (18, 520, 4, "6.12.0", .mapAttributes, nil), (16, 4, 4, "6.12.0", .mapAttributes, nil),
            (29, 4, 70000, "6.12.0", .mapAttributes, nil), (29, 4, 8, "6.12.0", .memoryLimit, nil),
        ] as [(UInt32, UInt32, UInt32, String?, CauseCode, String?)]
    )
    func rules(type: UInt32, key: UInt32, value: UInt32, release: String?, code: CauseCode, since: String?) {
        var map = map(type, errno: 7)
        (map.keySize, map.valueSize) = (key, value)
        var evidence = Evidence(refusal: .map(map), errno: 7)
        evidence.kernel.release = release
        let cause = Cause(of: evidence)
        #expect(cause.code == code)
        #expect(cause.since?.description == since)
    }

    private func code(
        _ section: String,
        type: UInt32?,
        errno: Int32 = 22,
        on release: String?,
        off: ConfigurationSwitch? = nil
    ) -> CauseCode {
        var evidence = Evidence(refusal: .program, errno: errno)
        evidence.program.section = section
        evidence.program.type = type
        evidence.kernel.release = release
        if let off { evidence.kernel.configuration = [off: false] }
        return Cause(of: evidence).code
    }

    @Test(
        "a program that was refused unseen: its type, what it attaches to, or the configuration, where they tell; else unseen"
    )
    func unseen() {
        #expect(code("netfilter", type: 32, on: "6.1.0") == .programTypeLacking)
        #expect(code("netfilter", type: 32, on: "6.12.0") == .refusedUnseen)
        #expect(code("netfilter", type: 32, on: nil) == .refusedUnseen)
        #expect(code("netfilter", type: 32, on: "6.12.0", off: .netfilter) == .configurationOff)
        #expect(code("?cgroup/connect_unix", type: 18, on: "6.1.0") == .attachTypeLacking)
        #expect(code("cgroup/connect4", type: 18, on: "6.1.0") == .refusedUnseen)
        #expect(code("lirc_mode2", type: 20, on: "6.1.0", off: .lirc) == .configurationOff)
        #expect(code("lirc_mode2", type: 20, on: "6.1.0", off: .lsm) == .refusedUnseen)
    }

    @Test(
        "a kfunc, or a structure, of a part of the kernel that was left out names the switch; where that is on, or came later, not",
        arguments: [
            (
                "extern (func ksym) 'scx_bpf_kick_cpu': not found in kernel or module BTFs", "6.12.0",
                CauseCode.configurationOff
            ),
            ("extern (func ksym) 'scx_bpf_kick_cpu': not found in kernel or module BTFs", "6.1.0", .kfuncUnknown),
            ("extern (func ksym) 'scx_bpf_kick_cpu': not found in kernel or module BTFs", nil, .kfuncUnknown),
            ("extern (func ksym) 'bpf_task_acquire': not found in kernel or module BTFs", "6.12.0", .kfuncUnknown),
            ("extern (func ksym) 'bpf_ct_release___x': not found in kernel or module BTFs", "6.1.0", .configurationOff),
            ("struct_ops init_kern: struct sched_ext_ops is not found in kernel BTF", "6.12.0", .configurationOff),
            ("struct_ops init_kern: struct sched_ext_ops is not found in kernel BTF", "6.1.0", .structOpsLacking),
        ] as [(String, String?, CauseCode)]
    )
    func subsystems(words: String, release: String?, expected: CauseCode) {
        var evidence = Evidence(refusal: .loader, errno: 3, warnings: ["libbpf: \(words)"])
        evidence.kernel.release = release
        #expect(Cause(of: evidence).code != .configurationOff, "nothing is known of the configuration")
        evidence.kernel.configuration = [.schedulerExtension: false, .conntrack: false]
        #expect(Cause(of: evidence).code == expected)
        evidence.kernel.configuration = [.schedulerExtension: true, .conntrack: true]
        #expect(Cause(of: evidence).code != .configurationOff)
    }

    @Test("a kfunc that is newer than the kernel says so besides")
    func newerKfunc() {
        var evidence = Evidence(
            refusal: .loader,
            warnings: ["libbpf: extern (func ksym) 'scx_bpf_events': not found in kernel or module BTFs"]
        )
        evidence.kernel.release = "6.12.0"
        evidence.kernel.configuration = [.schedulerExtension: false]
        let cause = Cause(of: evidence)
        #expect(
            cause.sentence
                == "CONFIG_SCHED_CLASS_EXT is off in this kernel, without which there is no scx_bpf_events(); it came with Linux 6.15"
        )
        #expect(cause.since == LinuxVersion(6, 15))
    }

    @Test("other errnos say what they say")
    func errnos() {
        #expect(code("xdp", type: 6, errno: 1, on: "6.1.0") == .permission)
        #expect(code("xdp", type: 6, errno: 12, on: "6.1.0") == .memoryLimit)
        #expect(code("xdp", type: 6, errno: 7, on: "6.1.0") == .programTooLarge)
        #expect(code("xdp", type: 6, errno: 5, on: "6.1.0") == .unknown)
        var small = Evidence(refusal: .program, errno: 7)
        small.program.instructionCount = 12
        #expect(Cause(of: small).code == .unknown)
    }

    @Test("a kernel without types is told from libbpf's words")
    func types() {
        let warning = "libbpf: kernel BTF is missing at '/sys/kernel/btf/vmlinux', was CONFIG_DEBUG_INFO_BTF enabled?"
        #expect(Cause(of: Evidence(refusal: .loader, errno: 3, warnings: [warning])).kind == .noTypes)
    }
}

@Suite struct CauseCodeTests {
    @Test("every code has a kind, a meaning, and a name that scripts can rely on", arguments: CauseCode.allCases)
    func complete(code: CauseCode) {
        #expect(code.rawValue.wholeMatch(of: #/[a-z0-9]+(-[a-z0-9]+)*/#) != nil)
        #expect(code.meaning.hasSuffix(".") && code.meaning.count > 20)
        #expect((code.kind == .unknown) == (code == .unknown))
    }
}

@Suite struct AddressCauseTests {
    private func cause(_ words: String, on release: String? = nil, helpers: Set<UInt32>? = nil) -> Cause {
        let log = "0: (18) r1 = 0x0\n\(words)\nprocessed 1 insns (limit 1000000) max_states_per_insn 0 total_states 0\n"
        var evidence = Evidence(refusal: .program, errno: 22, log: VerifierLog(Array(log.utf8)))
        evidence.kernel.release = release
        evidence.program.helpers = helpers
        return Cause(of: evidence)
    }

    @Test("an address that an old kernel does not know is a callback's where the program has one, else any")
    func unrecognized() {
        let words = "unrecognized bpf_ld_imm64 insn"
        let loop: UInt32 = 181
        #expect(cause(words, on: "5.10.0", helpers: [loop]).code == .callbacksUnknown)
        #expect(cause(words, on: "5.10.0", helpers: [1]).code == .instructionUnknown)
        #expect(cause(words, on: "5.10.0").sentence.contains("since 5.13"))
        #expect(!cause(words, on: "6.1.0").sentence.contains("since"))
    }

    @Test("a kfunc's address is one that kernels before 6.4 do not give")
    func kfuncAddress() {
        let words = "pseudo btf_id 1234 in ldimm64 isn't KIND_VAR."
        #expect(cause(words, on: "6.1.0").since == LinuxVersion(6, 4))
        #expect(cause(words, on: "6.12.0").since == nil)
        #expect(cause(words, on: "6.12.0").code == .externUnresolved)
    }

    @Test(
        "words of the kernel's sources from 5.10 to 7.2",
        arguments: [
            (
                "cannot access ptr member mm with moff 2056 in struct task_struct with off 2060 size 4",
                CauseCode.typedPointerAccess
            ),
            ("struct task_struct doesn't have field at offset 12", .typedPointerAccess),
            ("R2 is ptr_task_struct invalid variable offset: off=0, var_off=(0x0; 0xff)", .typedPointerAccess),
            ("func 'vfs_open' offset 4 is not multiple of 8", .contextAccess),
            ("func 'f' arg0 'x' has type STRUCT. Only pointer access is allowed", .contextAccess),
            ("The function printk with variable args is unsupported.", .targetRefused),
            ("Attaching fexit/fmod_ret to __noreturn function 'do_exit' is rejected.", .targetRefused),
            ("Cannot replace static functions", .targetRefused),
            ("Sleepable programs can only use array and hash maps", .mapNotForProgram),
            ("The total number of maps per program has reached the limit of 64", .mapNotForProgram),
            ("arena's user address must be set via map_extra or mmap()", .mapAttributes),
            ("callbacks are not allowed in non-JITed programs", .configurationOff),
            ("kernel function bpf_x is sleepable but the program is not", .mightSleep),
            ("Leaking reference id=2 alloc_insn=3. Release it first.", .referenceLeak),
            (
                "global function calls are not allowed while holding a lock,\nuse static function instead",
                .callUnderLock
            ),
            ("Global function f() doesn't return scalar. Only those are supported.", .globalFunctionArgument),
            ("helper access to the packet is not allowed", .helperArgumentType),
            ("BPF_LD_[ABS|IND] instructions not allowed for this program type", .instructionUnknown),
            ("Cannot access kernel 'struct sock' from non-GPL compatible program", .helperNeedsGPL),
        ]
    )
    func words(words: String, expected: CauseCode) {
        let cause = cause(words)
        #expect(cause.code == expected, "\(cause.sentence)")
        #expect(cause.cure != nil)
    }
}
