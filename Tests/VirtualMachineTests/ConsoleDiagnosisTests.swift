// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import VirtualMachine

@Suite struct ConsoleDiagnosisTests {
    @Test("an oops names the functions in which it happened, without what was left on the stack")
    func callers() {
        let console = """
            [    1.200001] WARNING: CPU: 0 PID: 1 at kernel/bpf/core.c:7
            [    1.200002] RIP: 0010:bpf_warned+0x9/0x20
            [    2.933007] BUG: kernel NULL pointer dereference, address: 00000000000000d8
            [    2.937837] RIP: 0010:btf_is_kernel+0x9/0x20
            [    2.938202] Code: cc cc 66 66
            [    2.940271] Call Trace:
            [    2.940773]  <TASK>
            [    2.941164]  map_kptr_match_type+0x44/0x1c0
            [    2.941500]  ? mark_fastcall_pattern_for_call+0x4c/0x240
            [    2.941580]  check_mem_access+0x10d1/0x2360
            [    2.941696]  check_store_reg+0xe6/0x160
            [    2.946052]  </TASK>
            [    2.948973] Kernel panic - not syncing: Fatal exception
            """
        #expect(
            ConsoleDiagnosis(console).finding
                == .oops(
                    "BUG: kernel NULL pointer dereference, address: 00000000000000d8, in btf_is_kernel() called by "
                        + "map_kptr_match_type() called by check_mem_access()"
                )
        )
    }

    @Test("an oops that ends in a panic is an oops; a panic by itself is one; a stall and silence are neither")
    func findings() {
        let oops = """
            [    4.1] BUG: kernel NULL pointer dereference, address: 0000000000000000
            [    4.1][  T51] Oops: 0002 [#1] SMP NOPTI
            [    4.2] Kernel panic - not syncing: Fatal exception
            """
        #expect(
            ConsoleDiagnosis(oops).finding == .oops("BUG: kernel NULL pointer dereference, address: 0000000000000000")
        )
        let panic = """
            [    3.2] sysrq: Trigger a crash
            [    3.2] Kernel panic - not syncing: sysrq triggered crash
            """
        #expect(ConsoleDiagnosis(panic).finding == .panic("Kernel panic - not syncing: sysrq triggered crash"))
        let full = "[    9.1] Kernel panic - not syncing: System is deadlocked on memory"
        #expect(
            ConsoleDiagnosis(full).finding == .outOfMemory("Kernel panic - not syncing: System is deadlocked on memory")
        )
        let ended = "[    9.1] Kernel panic - not syncing: Attempted to kill init! exitcode=0x0000000b"
        #expect(
            ConsoleDiagnosis(ended).finding
                == .initEnded("Kernel panic - not syncing: Attempted to kill init! exitcode=0x0000000b")
        )
        let stall = "[   26.0] watchdog: BUG: soft lockup - CPU#0 stuck for 22s! [init:1]\n"
        #expect(
            ConsoleDiagnosis(stall).finding == .stall("watchdog: BUG: soft lockup - CPU#0 stuck for 22s! [init:1]")
        )
        #expect(ConsoleDiagnosis("[    0.0] Linux version 6.1\n").finding == nil)
        #expect(ConsoleDiagnosis("").finding == nil)
    }

    @Test("what the agent said before it gave up is known")
    func agent() {
        let console = """
            [    1.6] random: crng init done
            bpfmatrix-guest: cannot load /modules/00-virtio.ko: Exec format error
            [    1.7] reboot: Restarting system
            """
        #expect(
            ConsoleDiagnosis(console).agentsLastWords == "cannot load /modules/00-virtio.ko: Exec format error"
        )
        #expect(ConsoleDiagnosis("[    0.0] Linux version 6.1\n").agentsLastWords == nil)
    }
}
