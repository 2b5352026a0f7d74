// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import VerifierLog

/// The rules on words and facts alone; Tests/Causes has the programs that make real kernels say them.
@Suite struct CauseTests {
    private func cause(_ lines: String..., change: (inout Evidence) -> Void = { _ in }) -> Cause {
        let log = lines.joined(separator: "\n") + "\nprocessed 9 insns (limit 1000000) max_states_per_insn 0\n"
        var evidence = Evidence(refusal: .program, errno: 22, log: VerifierLog(Array(log.utf8)))
        change(&evidence)
        return Cause(of: evidence)
    }

    @Test(
        "words that no rule knows stay what they are",
        arguments: [
            "something that no kernel has said yet", "R1 is fine", "div by zero is what it should have said",
            "user: \"R0 invalid mem access 'map_value_or_null'\"", "libbpf: R0 !read_ok", "invalid shift", "🦆", "#",
            "R#",
        ]
    )
    func unknown(line: String) {
        let cause = cause("0: (95) exit", line)
        #expect(cause.code == .unknown)
        #expect(cause.sentence == line)
        #expect(cause.cure == nil && cause.since == nil)
    }

    @Test("words that stand before the last instruction are not the reason")
    func earlier() {
        #expect(cause("0: (b7) r0 = 0", "div by zero", "1: (95) exit", "no reason known").code == .unknown)
    }

    @Test(
        "stack that was never written is named by the variable that is handed over, with the padding in it",
        arguments: [
            ("bpf_seq_write(ctx->meta->seq, &record, sizeof(record)); @ list.bpf.c:33", "record"),
            ("bpf_map_update_elem(&table, &key, &value, 0); @ list.bpf.c:33", "variable"),
        ]
    )
    func padding(line: String, variable: String) {
        let cause = cause(
            "; \(line)",
            "24: (b7) r3 = 40                        ; R3_w=40",
            "25: (85) call bpf_seq_write#127",
            "invalid indirect read from stack R2 off -40+36 size 40"
        )
        #expect(cause.code == .stackUninitialised)
        #expect(
            cause.sentence
                == "40 bytes of the stack are handed to bpf_seq_write(), and byte 36 of them was never written"
        )
        #expect(cause.cure?.contains("the padding between and behind them: __builtin_memset(&\(variable), 0") == true)
    }

    @Test("where nothing was said the errno is")
    func silent() {
        let cause = Cause(of: Evidence(refusal: .program, errno: 95))
        #expect(cause.code == .unknown)
        #expect(cause.sentence.contains("errno 95"))
    }

    @Test(
        "garbage is unknown, and breaks nothing",
        arguments: [[0xff, 0xfe, 0], [10, 10], Array("R R R=:(()".utf8)] as [[UInt8]]
    )
    func garbage(bytes: [UInt8]) {
        #expect(Cause(of: Evidence(refusal: .program, log: VerifierLog(bytes))).code == .unknown)
    }

    @Test("what libbpf says is not taken for the verifier's, nor the other way round")
    func speakers() {
        #expect(cause("0: (95) exit", "extern 'x' (strong): not resolved").code == .unknown)
        let warned = Evidence(refusal: .loader, errno: 22, warnings: ["libbpf: prog 'x': div by zero"])
        #expect(Cause(of: warned).code == .unknown)
    }

    @Test("a helper that the kernel lacks is named, with the line that has it")
    func helper() {
        let cause = cause("4: (85) call unknown#181", "invalid func unknown#181")
        #expect(cause.code == .helperUnknown && cause.kind == .lacking)
        #expect(cause.sentence == "this kernel has no helper bpf_loop()")
        #expect(cause.since == LinuxVersion(5, 17))
    }

    @Test("the result of a call is called so, not by its register")
    func result() {
        let cause = cause(
            "5: (85) call bpf_map_lookup_elem#1",
            "6: (79) r0 = *(u64 *)(r0 +0)",
            "R0 invalid mem access 'map_value_or_null'"
        )
        #expect(cause.sentence == "the result of bpf_map_lookup_elem() may be NULL where it is used as a pointer")
        #expect(cause.words == "R0 invalid mem access 'map_value_or_null'")
    }

    @Test("a helper that old kernels print by its number alone is not called by it")
    func numbered() {
        let cause = cause(
            "5: (85) call 1",
            "6: (79) r0 = *(u64 *)(r0 +0)",
            "R0 invalid mem access 'map_value_or_null'"
        )
        #expect(cause.code == .nullDereference)
        #expect(!cause.sentence.contains("1()"), "\(cause.sentence)")
    }

    /// 6.12 of Tests/Causes/packet.c.
    @Test("a number that was a pointer into the packet before a call is stale, and one that never was is a number")
    func stale() {
        let stale = cause(
            "5: (2d) if r1 > r2 goto pc+5          ; R1_w=pkt(off=14,r=14) R2_w=pkt_end()",
            "from 4 to 6: R0=0 R6=pkt(r=14) R7=ctx()",
            "8: (85) call bpf_xdp_adjust_head#44   ; R0_w=scalar()",
            "9: (71) r1 = *(u8 *)(r6 +0)",
            "R6 invalid mem access 'scalar'"
        )
        #expect(stale.code == .stalePacketPointer)
        #expect(stale.sentence.contains("bpf_xdp_adjust_head()"))
        let other = cause(
            "7: (79) r6 = *(u64 *)(r1 +8)          ; R6_w=scalar()",
            "8: (85) call bpf_ktime_get_ns#5       ; R0_w=scalar()",
            "9: (71) r1 = *(u8 *)(r6 +0)",
            "R6 invalid mem access 'scalar'"
        )
        #expect(other.code == .scalarDereference)
        // Assigned anew after the call: what it was before is of no matter.
        let anew = cause(
            "6: (bf) r6 = r1                       ; R6_w=pkt(r=14)",
            "8: (85) call bpf_xdp_adjust_head#44   ; R0_w=scalar()",
            "9: (b7) r6 = 8                        ; R6_w=8",
            "10: (71) r1 = *(u8 *)(r6 +0)",
            "R6 invalid mem access 'scalar'"
        )
        #expect(anew.code == .scalarDereference)
    }

    /// 6.12 of Tests/Causes/packet.c.
    @Test("of several calls, the one is blamed that moves packets; none where none is known to")
    func mover() {
        let log = [
            "5: (2d) if r1 > r2 goto pc+5          ; R1_w=pkt(off=14,r=14) R2_w=pkt_end() R8=pkt(r=14)",
            "6: (85) call bpf_ktime_get_ns#5       ; R0_w=scalar()",
            "9: (85) call bpf_xdp_adjust_head#44   ; R0_w=scalar()",
            "10: (85) call bpf_get_prandom_u32#7   ; R0_w=scalar()",
            "12: (6b) *(u16 *)(r8 +12) = r6",
            "R8 invalid mem access 'scalar'",
        ]
        let blamed = cause(log.joined(separator: "\n"))
        #expect(blamed.code == .stalePacketPointer)
        #expect(blamed.sentence == "R8 pointed into the packet before bpf_xdp_adjust_head(), which may move the packet")
        let unknown = cause(log.filter { !$0.contains("adjust") }.joined(separator: "\n"))
        #expect(unknown.code == .stalePacketPointer)
        #expect(unknown.sentence == "R8 pointed into the packet before a call that may have moved the packet")
    }

    /// 6.12 of Tests/Causes/references.c.
    @Test("of several releases, the one is blamed that took this very value; none where none is known to have")
    func releaser() {
        func log(_ first: String) -> String {
            [
                "19: (bf) r7 = r0                      ; R0=sock(ref_obj_id=2) R7_w=sock(ref_obj_id=2)",
                "40: (bf) r1 = \(first)", "41: (85) call bpf_sk_release#86", "42: (bf) r1 = r6",
                "43: (b7) r2 = 0", "44: (85) call bpf_ringbuf_submit#132", "45: (61) r6 = *(u32 *)(r7 +4)",
                "R7 invalid mem access 'scalar'",
            ].joined(separator: "\n")
        }
        #expect(cause(log("r7")).code == .referenceReleased)
        #expect(cause(log("r7")).sentence == "R7 was given back by bpf_sk_release() and is used after that")
        // What R7 held is printed between the move and the call, too.
        let printed = log("r7 ; R1_w=sock(ref_obj_id=2) R7=sock(ref_obj_id=2)")
        #expect(cause(printed).sentence == cause(log("r7")).sentence)
        #expect(cause(log("r8")).code == .referenceReleased)
        #expect(cause(log("r8")).sentence == "R7 is used after it, or what it was taken from, was given back")
    }

    @Test(
        "whatever may be NULL is to be tested, wherever its type's name says so",
        arguments: [
            ("R1 invalid mem access 'ptr_or_null_'", CauseCode.nullDereference),
            ("R1 invalid mem access 'trusted_ptr_or_null_'", .nullDereference),
            ("R1 pointer arithmetic on mem_or_null prohibited", .nullDereference),
            ("R1 pointer arithmetic on ringbuf_mem_or_null prohibited, null-check it first", .nullDereference),
            ("R2 type=ptr_or_null_ expected=ptr_", .nullArgument),
            ("R1 invalid mem access 'ptr_'", .untrustedPointer),
            ("R1 pointer arithmetic on map_ptr prohibited", .pointerArithmetic),
        ]
    )
    func mayBeNull(words: String, code: CauseCode) {
        let cause = cause("0: (61) r1 = *(u32 *)(r1 +0)", words)
        #expect(cause.code == code)
        #expect(
            (cause.cure == "test it before this line: if (!pointer) return 0;")
                == (code == .nullDereference || code == .nullArgument)
        )
    }

    @Test("memory of user space is not read as the kernel's")
    func userMemory() {
        let access = "0: (61) r1 = *(u32 *)(r1 +0)"
        for words in ["R1 invalid mem access 'user_ptr_'", "R1 is ptr_task_struct access user memory: off=0"] {
            #expect(cause(access, words).code == .untrustedPointer)
            #expect(cause(access, words).cure?.contains("bpf_probe_read_user()") == true)
        }
        #expect(cause(access, "R1 is ptr_rq access percpu memory: off=4").cure?.contains("bpf_this_cpu_ptr()") == true)
    }

    @Test("the offset in a packet is told only where nothing variable was added to the pointer")
    func packetOffsets() {
        let access = "0: (71) r0 = *(u8 *)(r1 +0)"
        let fixed = cause(access, "invalid access to packet, off=20 size=1, R1(id=0,off=20,r=14)")
        #expect(fixed.sentence == "the packet is used at offset 20, and it was checked for 14 bytes only")
        let variable = cause(access, "invalid access to packet, off=41 size=1, R1(id=1,off=41,r=0)")
        #expect(variable.sentence.contains("an offset that varies") && !variable.sentence.contains("41"))
        let negative = cause(access, "invalid access to packet, off=-1 size=1, R1(id=0,off=-1,r=4)")
        #expect(negative.sentence == "the packet is used at offset -1, before its beginning")
    }

    @Test("where the offset does not vary, no check of an index is asked for")
    func constantOffsets() {
        let words = "invalid access to map value, value_size=256 off=0 size=512"
        let constant = cause(
            "0: (85) call bpf_probe_read_user#112",
            words,
            "R1 min value is outside of the allowed memory range"
        )
        #expect(constant.cure?.contains("index") == false)
        let variable = cause(
            "0: (71) r0 = *(u8 *)(r1 +0)",
            words,
            "R1 max value is outside of the allowed memory range"
        )
        #expect(variable.cure?.contains("index") == true)
    }

    @Test("what a newer kernel takes is no advice for an older one")
    func structures() {
        let words = "Arg#0 type PTR in f() is not supported yet."
        #expect(cause(words) { $0.kernel.release = "5.10.0" }.cure?.contains("structures") == false)
        #expect(cause(words) { $0.kernel.release = "6.1.0" }.cure?.contains("structures") == true)
    }

    @Test(
        "words that stand for something else than the rule beside them",
        arguments: [
            ("R4 must be a known constant", CauseCode.helperArgumentConstant),
            ("BPF_ATOMIC stores into R1 pkt is not allowed", .atomicNotAllowed),
            ("func 'f' doesn't have 3-th argument", .contextAccess),
            ("value -2147483648 makes map_value pointer be out of bounds", .unboundedOffset),
            ("value 1073741824 makes map_value pointer be out of bounds", .pointerArithmetic),
            ("The address of function f cannot be found", .targetMissing),
            ("expected prog array map for tail call", .helperNotForMapType),
            ("kernel subsystem misconfigured verifier", .helperNotForMapType),
        ]
    )
    func words(words: String, code: CauseCode) {
        #expect(cause("0: (85) call bpf_tail_call#12", words).code == code)
    }

    @Test("a back-edge is recursion only where loops are known to be allowed")
    func backEdge() {
        let words = "back-edge from insn 11 to 3"
        #expect(cause(words).code == .infiniteLoop)
        let privileged = cause(words) {
            $0.program.isPrivileged = true
            $0.kernel.release = "5.10.0-46-amd64"
        }
        #expect(privileged.code == .callDepth)
        let older = cause(words) {
            $0.program.isPrivileged = true
            $0.kernel.release = "4.19.0"
        }
        #expect(older.code == .infiniteLoop)
    }

    @Test("functions that func_info counts and nobody calls are callbacks, on kernels that know none")
    func callbacks() {
        let words = "number of funcs in func_info doesn't match number of subprogs"
        #expect(cause(words) { $0.kernel.release = "5.10.0" }.code == .callbacksUnknown)
        #expect(cause(words) { $0.kernel.release = "6.1.0" }.code == .unknown)
        let loop = cause(words) {
            $0.kernel.release = "5.10.0"
            $0.program.helpers = [1, 181]
        }
        #expect(loop.sentence.hasPrefix("bpf_loop() is handed a function"))
        #expect(loop.since == LinuxVersion(5, 17))
    }

    @Test(
        "a licence is told as the object has it",
        arguments: [("Proprietary", "licence is \"Proprietary\""), ("", "says no licence")]
    )
    func license(text: String, told: String) {
        let cause = cause("cannot call GPL-restricted function from non-GPL compatible program") {
            $0.program.license = text
        }
        #expect(cause.code == .helperNeedsGPL)
        #expect(cause.sentence.hasSuffix(told))
    }

    @Test("the reason that follows a log without its end is told, and not the place, which is lost")
    func cut() {
        let log = """
            0: (b7) r0 = 0
            1: (79) r1 = *(u64 *)(r1 +8)
            \(VerifierLog.cutNote)
            R4 !read_ok
            processed 5000 insns (limit 1000000) max_states_per_insn 0

            """
        let read = VerifierLog(Array(log.utf8), isCut: true)
        #expect(read.messages == ["R4 !read_ok"])
        #expect(read.failure == nil && read.registers.isEmpty)
        #expect(Cause(of: Evidence(refusal: .program, log: read)).code == .registerUninitialised)
    }

    /// kernel/bpf/verifier.c, 6.12, of programs that are loaded without CAP_PERFMON.
    @Test("a pointer that would be let out", arguments: ["R1 leaks addr into map", "R0 leaks addr as return value"])
    func leak(words: String) {
        #expect(cause("3: (95) exit", words).code == .pointerLeak)
    }

    @Test("a map that was not created, as libbpf words it where it rewrites the log's end")
    func missingMap() {
        let cause = cause("7: <invalid BPF map reference>", "BPF map 'table' is referenced but wasn't created")
        #expect(cause.code == .mapMissing)
        #expect(cause.sentence.hasPrefix("map 'table' was not created"))
    }

    @Test("a relocation and a kfunc, as libbpf words them where it rewrites the log's end")
    func rewritten() {
        let relocation = cause(
            "12: <invalid CO-RE relocation>",
            "failed to resolve CO-RE relocation <byte_off> [7] struct task_struct.gone (0:1 @ offset 8)"
        )
        #expect(relocation.code == .relocationWithoutMatch)
        #expect(
            cause("3: <invalid kfunc call>", "kfunc 'bpf_gone' is referenced but wasn't resolved").code == .kfuncUnknown
        )
    }
}
