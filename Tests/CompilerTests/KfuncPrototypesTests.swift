// SPDX-License-Identifier: Apache-2.0

import BTF
import ELF
import Foundation
import SystemPackage
import TestBTF
import TestKernels
import Testing

@testable import Compiler

/// A kernel's functions that programs may call, in a generated vmlinux.h.
@Suite struct KfuncPrototypesTests {
    /// Types with two kfuncs, one function that is none, and a tag of a parameter.
    private func types() throws -> BTFTypes {
        var blob = TypeBlob()
        let int = blob.integer("int", size: 4, isSigned: true)
        let task = blob.structure("task_struct", size: 4, [.init("pid", int, at: 0)])
        let pointer = blob.pointer(to: task)
        let acquire = blob.prototype(returning: pointer, [("p", pointer)])
        let acquiring = blob.function("bpf_task_acquire", acquire)
        let release = blob.function("bpf_task_release", blob.prototype(returning: 0, [("p", pointer)]))
        let other = blob.function("schedule", blob.prototype(returning: 0, []))
        let hidden = blob.structure("", size: 4, [.init("x", int, at: 0)])
        let nameless = blob.function("bpf_nameless", blob.prototype(returning: blob.pointer(to: hidden), []))
        func tag(_ name: String, _ target: UInt32, _ component: Int32 = -1) {
            blob.add(kind: 17, name, sizeOrType: target, tail: [UInt32(bitPattern: component)])
        }
        tag("bpf_kfunc", acquiring)
        tag("bpf_kfunc", release)
        tag("bpf_fastcall", other)
        tag("bpf_kfunc", other, 0)
        tag("bpf_kfunc", nameless)
        return try blob.read()
    }

    @Test("what is marked as a kfunc is declared, weak; what C can't spell is left out")
    func lines() throws {
        #expect(
            KfuncPrototypes.lines(of: try types()) == [
                "extern struct task_struct *bpf_task_acquire(struct task_struct *p) __weak __ksym;",
                "extern void bpf_task_release(struct task_struct *p) __weak __ksym;",
            ]
        )
    }

    @Test("they are put before the header's end, unless bpftool has written them or there are none")
    func added() throws {
        let header = "#ifndef X\n#define X\nstruct task_struct;\n#endif /* X */\n"
        let whole = try KfuncPrototypes.added(to: header) { try types() }
        #expect(whole.hasPrefix("#ifndef X\n#define X\nstruct task_struct;\n"))
        #expect(whole.hasSuffix("#endif /* BPF_NO_KFUNC_PROTOTYPES */\n\n#endif /* X */\n"))
        #expect(try KfuncPrototypes.added(to: whole) { try types() } == whole)
        #expect(KfuncPrototypes.names(in: whole[...]) == ["bpf_task_acquire", "bpf_task_release"])
        var none = TypeBlob()
        _ = none.integer("int", size: 4)
        let empty = try none.read()
        #expect(KfuncPrototypes.added(to: header) { empty } == header)
    }

    // MARK: With a kernel's own types

    private static let opening = """
        #include "vmlinux.h"
        #include <bpf/bpf_helpers.h>
        #include <bpf/bpf_tracing.h>
        char LICENSE[] SEC("license") = "GPL";

        """

    private static let use = """
        SEC("tp_btf/task_newtask")
        int BPF_PROG(program, struct task_struct *task, u64 flags)
        {
            struct task_struct *own = bpf_task_acquire(task);
            if (own)
                bpf_task_release(own);
            return 0;
        }

        """

    private func symbols(
        _ code: String,
        _ line: String = "6.12"
    ) async throws -> (compiled: CompiledObject, symbols: [ELFSymbol]) {
        let header = try await CompiledFixture.header(line)
        return try await withScratchFolder { folder in
            let source = folder.appending("program.c")
            try source.write(Self.opening + code)
            let compiler = try await Compiler(cache: folder.appending("cache"))
            let compiled = try await compiler.compile(source, CompilerSettings(header: header))
            // The same from the cache.
            let again = try await compiler.compile(source, CompilerSettings(header: header))
            #expect(again.path == compiled.path)
            return (compiled, try ELFFile(try compiled.path.contents).symbols())
        }
    }

    private func isWeak(_ name: String, in symbols: [ELFSymbol]) -> Bool? {
        symbols.first { $0.name == name }.map { $0.binding == .weak }
    }

    @Test("a source that declares no kfunc may call the kernel's, and all of them compile", arguments: ["6.12", "7.2"])
    func undeclared(line: String) async throws {
        let (compiled, symbols) = try await symbols(Self.use, line)
        #expect(isWeak("bpf_task_acquire", in: symbols) == true)
        #expect(compiled.warnings.isEmpty)
    }

    @Test("members of structs without a name that have a tag are found (7.2)")
    func taggedMembers() async throws {
        #expect(VmlinuxHeader.hasTaggedAnonymousMembers("struct a {\n\tint x;\n\tstruct b;\n};\n"))
        #expect(!VmlinuxHeader.hasTaggedAnonymousMembers("struct b;\nstruct a {\n\tstruct b c;\n\tstruct b *d;\n};\n"))
        // In 7.2, `head` is in a union of pipe_inode_info that has a tag and no name.
        let (compiled, _) = try await symbols(
            "SEC(\"raw_tp/sys_enter\") int p(struct pipe_inode_info *pipe) { return pipe->head; }\n",
            "7.2"
        )
        #expect(compiled.warnings.isEmpty)
    }

    @Test("what a source declares itself stays as it declares it (6.12)")
    func ownDeclarations() async throws {
        let strong = """
            extern struct task_struct *bpf_task_acquire(struct task_struct *p) __ksym;
            extern void bpf_task_release(struct task_struct *p) __ksym __weak;

            """
        let (_, symbols) = try await symbols(strong + Self.use)
        #expect(isWeak("bpf_task_acquire", in: symbols) == false)
        #expect(isWeak("bpf_task_release", in: symbols) == true)
    }

    @Test("a source may declare them otherwise than the kernel has them, as ever (6.12)")
    func otherDeclarations() async throws {
        let other = """
            struct task_struct___own { int pid; } __attribute__((preserve_access_index));
            extern void *bpf_task_acquire(void *p) __ksym __weak;
            extern int bpf_task_release(struct task_struct *p) __ksym __weak;

            """
        let (_, symbols) = try await symbols(other + Self.use)
        #expect(isWeak("bpf_task_acquire", in: symbols) == true)
    }
}
