// SPDX-License-Identifier: Apache-2.0

/// Addresses that programs load as constants, of maps, variables, functions: `resolve_pseudo_ldimm64()`,
/// `check_pseudo_btf_id()` and `check_map_prog_compatibility()` in kernel/bpf/verifier.c.
extension CauseRule {
    static let addresses: [CauseRule] = [
        // Kernels before 5.13 know no address of a function, and those before 5.14 none of a map by its place in a list.
        CauseRule(.callbacksUnknown, verifier: "unrecognized bpf_ld_imm64 insn") { _, evidence in
            let callers = (evidence.program.helpers ?? []).intersection(HelperVersions.callers).sorted()
            guard !callers.isEmpty else { return nil }
            let names = callers.compactMap { HelperVersions.name($0) }.map { "\($0)()" }.joined(separator: ", ")
            return Account(
                "\(names) is handed the address of a function to call back, and this kernel knows no such addresses",
                cure: "write the loop out: for (int i = 0; i < 64; i++)",
                since: callers.compactMap { HelperVersions.since($0) }.max() ?? LinuxVersion(5, 13),
                instruction: evidence.program.firstCallback
            )
        },
        CauseRule(
            .instructionUnknown,
            verifier: "unrecognized bpf_ld_imm64 insn",
            "invalid bpf_ld_imm64 insn",
            "invalid BPF_LD_IMM insn"
        ) { _, evidence in
            let isOld = evidence.isOlder(than: LinuxVersion(5, 14))
            return Account(
                "an address is loaded in a way that this kernel does not know"
                    + (isOld ? ": that of a function, since 5.13, or of a map by its place in a list, since 5.14" : ""),
                cure: isOld
                    ? "call functions by their names instead of handing over their addresses"
                    : "look at the assembly in the source, or at what the loader makes of the program"
            )
        },
        CauseRule(
            .externUnresolved,
            verifier: "pseudo btf_id # in ldimm64 isn't KIND_VAR.",
            "pseudo btf_id # in ldimm64 isn't KIND_VAR or KIND_FUNC",
            "ldimm64 insn specifies invalid btf_id #."
        ) { values, evidence in
            // libbpf gives a weak variable that only the symbols have the number 0, where the object has symbols without types besides.
            if values[0] == "0" {
                return Account(
                    "the address of a variable is taken that this kernel's types do not have",
                    cure: "keep it in an object without symbols that have no type (extern const void … __ksym)"
                )
            }
            guard evidence.isOlder(than: LinuxVersion(6, 4)) else {
                return Account(
                    "the address of something is taken that is neither a variable nor a function of this kernel"
                )
            }
            return Account(
                "the address of a kfunc is taken, as bpf_ksym_exists() does, and this kernel gives only those of variables",
                cure: "ask for the kernel's version instead (LINUX_KERNEL_VERSION), or switch the program off there",
                since: LinuxVersion(6, 4)
            )
        },
        CauseRule(
            .externUnresolved,
            verifier: "ldimm64 failed to find the address for kernel symbol '…'.",
            "ldimm64 unable to resolve the size of type '…': #"
        ) { values, _ in
            Account(
                "this kernel's types know the variable \(values[0]), and its symbols do not",
                cure: "declare it weak, and test its address: extern … __ksym __weak;"
            )
        },
        CauseRule(
            .kernelWithoutTypes,
            verifier: "kernel is missing BTF, make sure CONFIG_DEBUG_INFO_BTF=y is specified in Kconfig."
        ) { _, _ in
            Account(
                "the program uses the kernel's types, and this kernel has none (BTF)",
                cure: "a kernel with CONFIG_DEBUG_INFO_BTF=y"
            )
        },
        CauseRule(
            .mapValueBounds,
            verifier: "invalid access to map value pointer, value_size=# off=#",
            "direct value offset of # is not allowed"
        ) { values, _ in
            Account(
                "the address of a global variable at offset \(values.last ?? "0") is beyond its section's map",
                cure: "use what lies in the variable"
            )
        },
        CauseRule(.helperNotForMapType, verifier: "no direct value access support for this map type") { _, _ in
            Account(
                "the address of a value is taken of a map that gives none",
                cure: "look the value up: bpf_map_lookup_elem()"
            )
        },
        CauseRule(
            .mapMissing,
            verifier: "fd # is not pointing to valid bpf_map",
            "fd # is not pointing to valid bpf_map or btf"
        ) { _, _ in
            Account(
                "a map that the code uses is not there any more, or was never created",
                cure: "keep its file descriptor open until the program is loaded"
            )
        },
        // "bpf: Remove prealloc-only restriction for …", 6.1
        CauseRule(
            .mapNotForProgram,
            verifier: "perf_event programs can only use preallocated hash map",
            "trace type programs can only use preallocated hash map",
            "Sleepable programs can only use preallocated hash maps"
        ) { _, evidence in
            Account(
                "programs of this type\(evidence.program.typeInBrackets) may only use hashes whose elements are allocated beforehand",
                cure: "leave BPF_F_NO_PREALLOC out of the map's flags",
                since: LinuxVersion(6, 1)
            )
        },
        CauseRule(.mapNotForProgram, verifier: "Sleepable programs can only use …") { values, evidence in
            Account(
                "a program that may sleep uses a map of a type that it may not: this kernel allows \(values[0])",
                cure: "use one of these; or drop the .s of the section's name"
            )
        },
        CauseRule(.mapNotForProgram, verifier: "bpf_struct_ops map cannot be used in prog") { _, _ in
            Account("the program uses a struct_ops as a map", cure: "keep what it needs in a map of its own")
        },
        CauseRule(.mapNotForProgram, verifier: "The total number of maps per program has reached the limit of #") {
            values,
            _ in
            Account(
                "the program uses more than \(values[0]) maps, the most that the kernel takes",
                cure: "keep several things in one map; global variables of a section share one"
            )
        },
        CauseRule(
            .mapNotForProgram,
            verifier: "only one cgroup storage of each type is allowed",
            "Only one arena per program"
        ) { _, _ in
            Account(
                "the program uses two maps of a type of which it may use one",
                cure: "keep both in one map"
            )
        },
        CauseRule(.mapAttributes, verifier: "arena's user address must be set via map_extra or mmap()") { _, _ in
            Account(
                "the arena has no address in user space yet",
                cure:
                    "the loader maps it before it loads the program, as libbpf does since 1.4; or __ulong(map_extra, …)"
            )
        },
        CauseRule(
            .configurationOff,
            verifier: "JIT is required to use arena",
            "callbacks are not allowed in non-JITed programs",
            "calling kernel functions are not allowed in non-JITed programs",
            "stack args are not supported in non-JITed programs",
            "program requires BPF JIT compiler but it is not available"
        ) { _, _ in
            Account(
                "the program needs the BPF compiler (JIT), which is off or missing in this kernel",
                cure: "a kernel with CONFIG_BPF_JIT=y, and sysctl net.core.bpf_jit_enable=1"
            )
        },
        CauseRule(
            .permission,
            verifier: "CAP_BPF and CAP_PERFMON are required to use arena",
            "function calls to other bpf functions are allowed for CAP_BPF and CAP_SYS_ADMIN",
            "'struct …' access is allowed only to CAP_PERFMON and CAP_SYS_ADMIN",
            "… access is allowed only to CAP_PERFMON and CAP_SYS_ADMIN",
            "destructive kfunc calls require CAP_SYS_BOOT capability",
            "destructive kfunc calls require CAP_SYS_BOOT capabilities"
        ) { _, _ in
            Account(
                "the loader lacks a privilege that the program needs",
                cure: "load as root, or with CAP_BPF and CAP_PERFMON"
            )
        },
    ]
}
