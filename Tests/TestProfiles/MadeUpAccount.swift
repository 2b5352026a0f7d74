// SPDX-License-Identifier: Apache-2.0

import KernelProfile

extension KernelAccount {
    /// Of a kernel that there is not, with a case of everything.
    public static var madeUp: KernelAccount {
        var account = KernelAccount(release: "6.9.0-mine")
        var btf = SmallBTF()
        btf.everyOtherKind()
        btf.function("do_sys_openat2")
        btf.function("inlined_everywhere")
        btf.typedef("btf_trace_sched_switch")
        btf.typedef("u32")
        btf.union("security_list_options", members: ["file_open", "not_a_hook"])
        btf.function("bpf_lsm_file_open")
        btf.function("bpf_lsm_func_proto")
        btf.tag("bpf_kfunc", of: btf.function("bpf_task_release"))
        btf.tag("other", of: btf.function("commit_creds"))
        account.typeInformation = btf.bytes
        account.symbols = Array(
            """
            ffffffff81000000 T _stext
            ffffffff81000010 T do_sys_openat2
            ffffffff81000010 T another_name
            ffffffff81000018 t do_sys_openat2.cold
            ffffffff81000020 t __pfx_do_sys_openat2
            ffffffff81000030 t twice
            ffffffff81000040 t twice
            ffffffff81000050 T asm_exc_page_fault
            ffffffff81000050 T asm_alias
            ffffffff81000058 t asm_exc_page_fault.cold
            ffffffff81000060 W bpf_lsm_file_open
            ffffffff81000070 d some_data
            ffffffff81000080 T both
            ffffffff81100000 T _etext
            ffffffff82000000 t start_only
            ffffffff82000010 t __bpf_trace_tp_map_sched_wakeup
            ffffffffc0000000 t virtqueue_add\t[virtio_ring]
            ffffffffc0000010 t both\t[virtio_ring]
            ffffffffc0000020 t bpf_prog_59f4a931744dcdc6_stand_in\t[bpf]
            no symbol
            ffffffffffffffffffffffff T too_far

            ffff
            """.utf8
        )
        account.traceableFunctions = Array("do_sys_openat2\nvirtqueue_add [virtio_ring]\nbpf_lsm_file_open\n".utf8)
        account.probeBlacklist = Array("0xffffffff81000050-0xffffffff81000060\tasm_exc_page_fault\nrubbish\n".utf8)
        account.traceEvents = Array("syscalls:sys_enter_openat\nsched:sched_switch\n".utf8)
        account.securityModules = Array("lockdown,capability,bpf".utf8)
        account.lockdown = Array("none [integrity] confidentiality\n".utf8)
        account.jitSetting = Array("1\n".utf8)
        account.unprivilegedSetting = Array("2\n".utf8)
        account.programTypes = TypeAnswers(present: [1, 2], absent: [20], notProbed: [28])
        account.mapTypes = TypeAnswers(present: [1], absent: [30])
        account.helpers = [
            HelperAnswers(programType: 2, attachType: 0, isSleepable: false, present: [1, 4], notProbed: [3], last: 5),
            HelperAnswers(programType: 18, attachType: 8, isSleepable: false, present: [1], last: 5),
            HelperAnswers(programType: 18, attachType: 10, isSleepable: false, present: [1, 2], last: 5),
            HelperAnswers(programType: 28, attachType: 0, isSleepable: false, obstacle: "it depends"),
        ]
        account.instructions = InstructionAnswers(present: [.atomicFetch], absent: [.byteSwap])
        return account
    }
}
