// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import VerifierLog

/// What loaders say where the verifier says nothing.
@Suite struct LoaderCauseTests {
    private static func cause(_ text: String) -> Cause {
        let output = ToolOutput(Array((text + "\n").utf8))
        let lines = output.warnings.isEmpty ? output.complaints : output.warnings
        return Cause(of: Evidence(refusal: .loader, warnings: lines))
    }

    @Test(
        "libbpf's messages, as versions from 0.8 to 1.7 spell them",
        arguments: [
            ("map 'uring': failed to create: Invalid argument(-22)", .mapAttributes, "uring"),
            ("map 'uring': failed to create: -EINVAL", .mapAttributes, "uring"),
            ("map 'uring': failed to create: Cannot allocate memory(-12)", .memoryLimit, "uring"),
            ("map 'uring': failed to create: -ENOMEM", .memoryLimit, "uring"),
            ("map 'uring': failed to create: Argument list too long(-7)", .memoryLimit, "uring"),
            ("map 'uring': failed to create: Operation not permitted(-1)", .permission, "uring"),
            ("map 'uring': failed to create: -EPERM", .permission, "uring"),
            ("map 'uring': failed to create: unknown error (-524)(-524)", .mapTypeLacking, "uring"),
            ("map 'outer': failed to create inner map: -22", .mapAttributes, "outer"),
            ("map 'outer': failed to create inner map: -EINVAL", .mapAttributes, "outer"),
            ("couldn't reuse pinned map at '/sys/fs/bpf/m': parameter mismatch", .mapAttributes, "/sys/fs/bpf/m"),
            ("failed to find kernel BTF type ID of 'do_renameat2'", .targetMissing, "do_renameat2"),
            ("failed to find kernel BTF type ID of 'do_renameat2': -3", .targetMissing, "do_renameat2"),
            ("prog 'p': failed to find kernel BTF type ID of 'do_renameat2': -ESRCH", .targetMissing, "do_renameat2"),
            ("bpf_lsm_no_hook is not found in vmlinux BTF", .targetMissing, "bpf_lsm_no_hook"),
            ("vmlinux BTF is not found", .kernelWithoutTypes, "BTF"),
            ("Error loading vmlinux BTF: -2", .kernelWithoutTypes, "BTF"),
            ("Error loading vmlinux BTF: -ENOENT", .kernelWithoutTypes, "BTF"),
            ("BTF is required, but is missing or corrupted.", .objectUnreadable, "-g"),
            ("Error loading .BTF into kernel: -22. BTF is mandatory, can't proceed.", .kernelWithoutTypes, "-22"),
            ("extern (func ksym) 'bpf_no': not found in kernel or module BTFs", .kfuncUnknown, "bpf_no"),
            ("extern (func ksym) 'f': func_proto [9] incompatible with kernel [8]", .kfuncArgument, "f()"),
            ("extern (func ksym) 'f': func_proto [9] incompatible with vmlinux [8]", .kfuncArgument, "f()"),
            ("extern (var ksym) 'v': not found in kernel BTF", .externUnresolved, "v"),
            ("extern CONFIG_NO (strong) not resolved", .externUnresolved, "CONFIG_NO"),
            ("extern 'CONFIG_NO' (strong): not resolved", .externUnresolved, "CONFIG_NO"),
            ("extern (kcfg) CONFIG_X=m should be tristate or char", .externUnresolved, "CONFIG_X"),
            ("extern (kcfg) 'CONFIG_X': value 'm' implies tristate or char type", .externUnresolved, "CONFIG_X"),
            ("failed to open system Kconfig", .externUnresolved, "configuration"),
            ("prog 'p': relo #1: field offset ambiguity: 8 != 16", .relocationWithoutMatch, "CO-RE"),
            ("prog 'p': relo #0: failed to relocate: -22", .relocationWithoutMatch, "CO-RE"),
            ("failed to perform CO-RE relocations: -EINVAL", .relocationWithoutMatch, "CO-RE"),
            (
                "prog 'p': failed to create kprobe 'no_such+0x0' perf event: No such file or directory", .targetMissing,
                "no_such"
            ),
            ("prog 'p': failed to create kprobe 'no_such+0x0' perf event: -ENOENT", .targetMissing, "no_such"),
            ("failed to add legacy kprobe event for 'no_such+0x0': Invalid argument", .targetMissing, "no_such"),
            ("failed to determine tracepoint 'a/b' perf event ID: No such file or directory", .targetMissing, "a/b"),
            ("failed to determine tracepoint 'a/b' perf event ID: -EACCES", .permission, "attach"),
            ("prog 'p': failed to attach to raw tracepoint 'no_such': -EINVAL", .targetMissing, "no_such"),
            ("elf: failed to find symbol 'f' in '/bin/x'", .targetMissing, "/bin/x has no function f"),
            ("elf: endianness mismatch in a.o.", .foreignByteOrder, "order"),
            ("object 'a': loading non-native endianness is unsupported", .foreignByteOrder, "order"),
            ("legacy map definitions in SEC(\"maps\") are not supported", .legacyMaps, "maps"),
            ("sec 'xdp': program 'p' is static and not supported", .objectUnreadable, "'p'"),
            (
                "permission error while running as root; try raising 'ulimit -l'? current value: 64.0 KiB", .permission,
                "64.0 KiB"
            ),
            ("Failed to bump RLIMIT_MEMLOCK (err = -1), you might need to do it explicitly!", .permission, "memory"),
            ("prog 'p': BPF program load failed: Operation not permitted", .permission, "load"),
            ("prog 'p': BPF program load failed: -EINVAL", .refusedUnseen, "before the verifier"),
            (
                "Error in bpf_object__probe_loading():Operation not permitted(1). Couldn't load trivial BPF program. Make sure your kernel supports BPF.",
                .permission, "smallest"
            ),
            (
                "Error in bpf_object__probe_loading(): -EPERM. Couldn't load trivial BPF program. Make sure your kernel supports BPF.",
                .permission, "smallest"
            ),
        ] as [(String, CauseCode, String)]
    )
    func libbpf(text: String, code: CauseCode, part: String) {
        for line in [
            "libbpf: \(text)", "Nov 24 14:02:11 node7 agentd[812]: libbpf: \(text)",
            "level=warn msg=\"libbpf: \(text.replacing("\"", with: "\\\""))\"",
        ] {
            let cause = Self.cause(line)
            #expect(cause.code == code, "\(line)")
            #expect(cause.sentence.contains(part), "\(cause.sentence)")
        }
    }

    @Test(
        "errors of cilium/ebpf, whichever layers stand before them",
        arguments: [
            (
                "program p: apply CO-RE relocations: load kernel spec: no BTF found for kernel version 5.4.0-26-generic: not supported",
                .kernelWithoutTypes, "5.4.0-26-generic", nil
            ),
            ("map uring: map create: invalid argument", .mapAttributes, "uring", nil),
            (
                "creating collection: map uring: creating map: map create: cannot allocate memory", .memoryLimit,
                "uring", nil
            ),
            ("map uring: map create: RingBuf not supported (requires >= v5.8)", .mapTypeLacking, "RingBuf", "5.8"),
            (
                "map .rodata: map create: read- and write-only maps not supported (requires >= v5.2)", .mapAttributes,
                ".rodata", "5.2"
            ),
            (
                "map events: map create: operation not permitted (MEMLOCK may be too low, consider rlimit.RemoveMemlock)",
                .permission, "RLIMIT_MEMLOCK", nil
            ),
            (
                "map m: map create: invalid argument (MaxEntries may be incorrectly set to zero)", .maxEntriesUnset,
                "'m'", nil
            ),
            ("map outer: ArrayOfMaps requires InnerMap", .innerMapUnset, "outer", nil),
            (
                "use pinned map m: MaxEntries: 1 changed to 2: map spec is incompatible with existing map",
                .mapAttributes, "pinned", nil
            ),
            ("program p: load program: operation not permitted", .permission, "load", nil),
            ("program p: load program: invalid argument", .refusedUnseen, "before the verifier", nil),
            ("program p: load program: argument list too long", .programTooLarge, "instructions", nil),
            ("program p: load BTF: BTF not supported (requires >= v4.18)", .kernelWithoutTypes, "BTF", "4.18"),
            (
                "program p: fixing up kfuncs: kfunc \"bpf_task_acquire\": not supported", .kfuncUnknown,
                "bpf_task_acquire", "6.2"
            ),
            (
                "program p: apply CO-RE relocations: relocate struct task_struct: bad", .relocationWithoutMatch,
                "CO-RE", nil
            ),
            (
                "resolve .kconfig: config option \"CONFIG_NO\" does not exist on this kernel", .externUnresolved,
                "CONFIG_NO", nil
            ),
            ("resolve .ksyms: kernel is missing symbol: no_such", .externUnresolved, "no_such", nil),
            (
                "program p: attach Tracing/TraceFEntry: find target for fentry no_such: not found", .targetMissing,
                "no_such", nil
            ),
            ("program p: fentry no_such not supported", .targetMissing, "no_such", nil),
            (
                "opening kprobe: creating perf_kprobe PMU: token no_such: not found: no such file or directory",
                .targetMissing, "no_such", nil
            ),
            ("link tracepoint: trace event a/b: file does not exist", .targetMissing, "a/b", nil),
            ("attach: bpf_link_kprobe_multi not supported (requires >= v5.18)", .attachTypeLacking, "5.18", "5.18"),
            ("cannot start: missing CAP_BPF and CAP_PERFMON", .permission, "CAP_BPF, CAP_PERFMON", nil),
        ] as [(String, CauseCode, String, String?)]
    )
    func cilium(text: String, code: CauseCode, part: String, since: String?) {
        let escaped = text.replacing("\"", with: "\\\"")
        for line in [
            text, "2026/03/25 11:36:37 loading objects: field Objs: \(text)",
            "level=error msg=\"no tracer\" err=\"\(escaped)\"",
            "{\"level\":\"error\",\"msg\":\"x\",\"error\":\"\(escaped)\"}",
        ] {
            let cause = Self.cause(line)
            #expect(cause.code == code, "\(line)")
            #expect(cause.sentence.contains(part), "\(cause.sentence)")
            #expect(cause.since?.description == since, "\(line)")
        }
        if text.hasPrefix("program p") { #expect(Self.cause(text).program == "p") }
    }

    @Test(
        "errors of aya, with the cause on a line below",
        arguments: [
            ("map error: failed to create map `EVENTS` with code -22", .mapAttributes, "EVENTS"),
            (
                "Error: map error\n\nCaused by:\n    0: failed to create map `EVENTS`\n    1: `bpf_map_create` failed\n    2: Invalid argument (os error 22)",
                .mapAttributes, "EVENTS"
            ),
            (
                "failed to create map `EVENTS`: `bpf_map_create` failed: Operation not permitted (os error 1)",
                .permission, "EVENTS"
            ),
            (
                "the BPF_PROG_LOAD syscall failed. Verifier output: \n\nCaused by:\n    Operation not permitted (os error 1)",
                .permission, "load"
            ),
            (
                "the BPF_PROG_LOAD syscall returned Invalid argument (os error 22). Verifier output: ", .refusedUnseen,
                "before"
            ),
            ("the BPF_BTF_LOAD syscall failed. Verifier output: magic", .kernelWithoutTypes, "BTF"),
            (
                "BTF error: error parsing /sys/kernel/btf/vmlinux: No such file or directory (os error 2)",
                .kernelWithoutTypes, "BTF"
            ),
            ("unknown BTF type `no_such`", .targetMissing, "no_such"),
            (
                "error relocating function\n\nCaused by:\n    0: error relocating `xdp`\n    1: unknown symbol, index `0`",
                .objectUnreadable, "aya"
            ),
            (
                "error relocating section\n\nCaused by:\n   0: error relocating `kprobe`\n   1: applying relocation `FieldByteOffset` missing target BTF info for type `83` at instruction #10",
                .relocationWithoutMatch, "83"
            ),
            ("kernel function 'bpf_no' not found in kernel BTF", .kfuncUnknown, "bpf_no"),
            ("strong extern `no_such` not resolvable (not in kernel BTF or kallsyms)", .externUnresolved, "no_such"),
            ("error parsing BPF object: invalid program section `foo`", .sectionUnknown, "foo"),
            ("`perf_event_open` failed: No such file or directory (os error 2)", .targetMissing, "attach"),
        ] as [(String, CauseCode, String)]
    )
    func aya(text: String, code: CauseCode, part: String) {
        let cause = Self.cause(text)
        #expect(cause.code == code, "\(text)")
        #expect(cause.sentence.contains(part), "\(cause.sentence)")
    }

    @Test("what the verifier said goes before what loaders make of it")
    func verifierFirst() {
        var evidence = Evidence(refusal: .program, log: VerifierLog(Array("0: (95) exit\nno rule knows this\n".utf8)))
        evidence.warnings = ["libbpf: prog 'p': BPF program load failed: -EINVAL"]
        #expect(Cause(of: evidence).code == .unknown)
    }

    @Test(
        "text of anybody's is no refusal",
        arguments: [
            "the token is not found", "attach the file", "feature not supported", "CAP_NET_ADMIN", "kfunc",
            "(os error 2)",
        ]
    )
    func other(text: String) {
        #expect(Self.cause(text).code == .unknown, "\(text)")
    }
}
