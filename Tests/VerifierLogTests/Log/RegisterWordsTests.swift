// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import VerifierLog

@Suite struct RegisterWordsTests {
    @Test(
        "what a register holds is told in words",
        arguments: [
            ("ctx()", "the context"), ("ctx(id=0,off=0,imm=0)", "the context"),
            ("fp0", "the end of the stack"), ("fp-8", "the stack, at -8"), ("fp[0]-4", "the stack of frame 0, at -4"),
            ("7", "7"), ("0x1fff000", "0x1fff000"), ("inv7", "7"), ("invP2", "2"), ("P5", "5"), ("-1", "-1"),
            ("scalar()", "a number, nothing known of it"), ("inv(id=0)", "a number, nothing known of it"),
            ("inv(id=0,umax_value=31,var_off=(0x0; 0x1f))", "a number from 0 to 31"),
            (
                "scalar(smin=umin=umin32=6,smax=umax=0xffffffff,var_off=(0x0; 0xffffffff))",
                "a number from 6 to 4294967295"
            ),
            ("scalar(smin=-128,smax=127)", "a number from -128 to 127"),
            ("map_ptr(map=table,ks=4,vs=8)", "map 'table'"),
            ("map_value_or_null(id=1,off=0,ks=4,vs=8,imm=0)", "a map's value (8 bytes), or NULL"),
            ("map_value_or_null(id=1,map=table,ks=4,vs=8)", "a value of map 'table' (8 bytes), or NULL"),
            ("map_value(off=4,ks=4,vs=16,imm=0)", "a map's value (16 bytes), at offset 4"),
            (
                "map_value(map=t,ks=4,vs=16,smin=0,smax=umax=31,var_off=(0x0; 0x1f))",
                "a value of map 't' (16 bytes), at an offset from 0 to 31"
            ),
            (
                "map_value(ks=4,vs=16,smin=-9,smax=31,var_off=(0x0; 0xff))",
                "a map's value (16 bytes), at an offset without bound"
            ),
            ("pkt(id=0,off=0,r=2,imm=0)", "the packet, 2 bytes of it checked"),
            ("pkt_end(id=0,off=0,imm=0)", "the packet's end"),
            ("ringbuf_mem_or_null(id=2,ref_obj_id=2,sz=8)", "memory of a ring buffer (8 bytes), or NULL"),
            ("trusted_ptr_task_struct()", "a pointer to task_struct (trusted)"),
            ("ptr_or_null_sock(id=1)", "a pointer to sock, or NULL"),
            ("rcu_ptr_or_null_cgroup(id=2)", "a pointer to cgroup (rcu), or NULL"),
        ] as [(String, String)]
    )
    func words(spelling: String, words: String) {
        #expect(RegisterSpelling(spelling).words == words)
    }

    @Test("a spelling that is not known is not put into words", arguments: ["", "wonder(x=1)", "fpx", "()", "ptr"])
    func unknown(spelling: String) {
        #expect(RegisterSpelling(spelling).words == nil)
    }

    @Test(
        "what an instruction does to registers",
        arguments: [
            ("r6 = r0", 0xbf, [0], [6]), ("r1 = *(u64 *)(r10 -8)", 0x79, [10], [1]), ("w0 &= 31", 0x54, [0], [0]),
            ("r6 += r0", 0x0f, [6, 0], [6]), ("*(u64 *)(r10 -8) = r1", 0x7b, [10, 1], []),
            ("call bpf_map_lookup_elem#1", 0x85, [], [0, 1, 2, 3, 4, 5]), ("if r1 == 0x0 goto pc+2", 0x15, [1], []),
            ("r0 = atomic_fetch_add((u64 *)(r10 -8), r0)", 0xdb, [0, 10], [0]),
            ("lock *(u64 *)(r1 +0) += r2", 0xdb, [1, 2], []), ("exit", 0x95, [], []),
        ] as [(String, UInt8, [Int], [Int])]
    )
    func effect(text: String, opcode: UInt8, read: [Int], written: [Int]) {
        let effect = InstructionEffect(text, opcode: opcode)
        #expect(effect.read == read)
        #expect(effect.written.map(\.register) == written)
    }
}
