// SPDX-License-Identifier: Apache-2.0

import BPFObject
import BTF
import Instruction
import KernelProfile
import Results
import TestObjects
import TestProfiles
import Testing

@testable import CompatibilityCheck

@Suite struct RequirementTests {
    private static func kernel(_ configuration: String = "", version: String = "6.1.192") -> CheckedKernel {
        let profile = KernelProfile(.madeUp, configuration: KernelConfiguration(Array(configuration.utf8)))
        return CheckedKernel(version: version, profile: profile, types: .notKnown)
    }

    @Test(
        "an instruction that came after 5.10 is told from those that did not",
        arguments: [
            (BPFInstruction(code: 0xdb), nil), (BPFInstruction(code: 0xdb, immediate: 1), .atomicFetch),
            (BPFInstruction(code: 0xc3, immediate: 0x40), .atomicFetch),
            (BPFInstruction(code: 0xdb, immediate: 0x100), .loadAcquire),
            (BPFInstruction(code: 0x91), .signExtendingLoad), (BPFInstruction(code: 0x71), nil),
            (BPFInstruction(code: 0xbf, offset: 8), .signExtendingMove), (BPFInstruction(code: 0xbf), nil),
            (BPFInstruction(code: 0xbf, offset: 1), nil),
            (BPFInstruction(code: 0x37, offset: 1), .signedDivision), (BPFInstruction(code: 0x37), nil),
            (BPFInstruction(code: 0xd7, immediate: 16), .byteSwap), (BPFInstruction(code: 0xd4, immediate: 16), nil),
            (BPFInstruction(code: 0x06), .longJump), (BPFInstruction(code: 0x05), nil),
            (BPFInstruction(code: 0xe5), .mayGoto), (.exit, nil), (.call(1), nil),
        ] as [(BPFInstruction, KernelInstruction?)]
    )
    func laterInstructions(instruction: BPFInstruction, form: KernelInstruction?) {
        #expect(instruction.laterForm == form)
    }

    @Test(
        "a value of the configuration is what libbpf makes of it",
        arguments: [
            ("CONFIG_HZ", .integer(bytes: 4, isSigned: false), .value([0xfa, 0, 0, 0])),
            ("CONFIG_BPF", .boolean, .value([1])), ("CONFIG_BPF", .tristate, .value([1, 0, 0, 0])),
            ("CONFIG_NET", .tristate, .value([2, 0, 0, 0])), ("CONFIG_NET", .boolean, .unfit("m")),
            ("CONFIG_BPF", .character, .value([0x79])), ("CONFIG_NAME", .string(bytes: 3), .value([0x61, 0x62, 0])),
            ("CONFIG_HEX", .integer(bytes: 8, isSigned: false), .value([0, 0, 0, 0x10, 0, 0, 0, 0])),
            ("CONFIG_OFF", .boolean, .unset), ("CONFIG_NAME", .integer(bytes: 4, isSigned: true), .unfit("\"abc\"")),
            ("LINUX_KERNEL_VERSION", .integer(bytes: 4, isSigned: false), .value([192, 1, 6, 0])),
            ("LINUX_SOMETHING", .boolean, .unset),
            // A number in one byte is one, if it fits; so in others.
            ("CONFIG_HZ", .character, .value([0xfa])), ("CONFIG_HEX", .character, .unfit("268435456")),
            ("CONFIG_HEX", .integer(bytes: 2, isSigned: false), .unfit("268435456")),
            ("CONFIG_BELOW", .integer(bytes: 2, isSigned: true), .value([0xff, 0xff])),
            ("CONFIG_BELOW", .integer(bytes: 2, isSigned: false), .unfit("18446744073709551615")),
            ("CONFIG_WORD", .integer(bytes: 2, isSigned: true), .unfit("40000")),
            ("CONFIG_WORD", .integer(bytes: 2, isSigned: false), .value([0x40, 0x9c])),
            // Only what stands in quotes is a string, and nothing else.
            ("CONFIG_HZ", .string(bytes: 8), .unfit("250")), ("CONFIG_BPF", .string(bytes: 4), .unfit("y")),
            ("CONFIG_LETTER", .string(bytes: 4), .value([0x79, 0])), ("CONFIG_LETTER", .boolean, .unfit("\"y\"")),
        ] as [(String, BPFExtern.ConfigurationValue, KernelSwitch)]
    )
    func switches(name: String, kind: BPFExtern.ConfigurationValue, expected: KernelSwitch) throws {
        let kernel = Self.kernel(
            "CONFIG_HZ=250\nCONFIG_BPF=y\nCONFIG_NET=m\nCONFIG_NAME=\"abc\"\nCONFIG_HEX=0x10000000\n"
                + "CONFIG_BELOW=-1\nCONFIG_WORD=40000\nCONFIG_LETTER=\"y\"\n"
        )
        #expect(KernelSwitch(name, as: kind, in: kernel) == expected)
    }

    @Test("the last part of a version counts to 255, and without a configuration its values are not known")
    func versions() {
        let kernel = Self.kernel(version: "5.10.262")
        let version = KernelSwitch("LINUX_KERNEL_VERSION", as: .integer(bytes: 4, isSigned: false), in: kernel)
        #expect(version == .value([255, 10, 5, 0]))
        let bare = CheckedKernel(version: "6.1", profile: nil, types: .notKnown)
        guard case .notKnown = KernelSwitch("CONFIG_HZ", as: .boolean, in: bare) else {
            Issue.record("CONFIG_HZ was told of a kernel without a configuration")
            return
        }
    }

    @Test("of a kernel that was never surveyed nothing fits, and it is said what is to be done")
    func withoutProfile() throws {
        var builder = ObjectBuilder()
        builder.add("good", section: "socket", [.move(0, 0), .exit])
        let object = try CheckedObject(builder.build())
        let bare = CheckedKernel(version: "6.1", profile: nil, types: .notKnown)
        let prediction = try #require(CompatibilityCheck(object, on: bare).predictions().first)
        #expect(prediction.prediction == .cannotTell)
        #expect(prediction.unknowns.first?.cure?.contains("--survey") == true)
    }

    @Test("a helper that is not for such programs is refused where it is called, and not where nothing leads")
    func helpers() throws {
        func predictions(_ instructions: [BPFInstruction]) throws -> ProgramPrediction {
            var builder = ObjectBuilder()
            builder.add("program", section: "kprobe/do_sys_openat2", instructions)
            let object = try CheckedObject(builder.build())
            return try #require(CompatibilityCheck(object, on: Self.kernel()).predictions().first)
        }
        // Of kprobes' helpers the kernel has 1 and 4, of 3 nothing is known, and 5 is the last.
        #expect(try predictions([.call(1), .move(0, 0), .exit]).prediction == .fits)
        #expect(try predictions([.call(3), .move(0, 0), .exit]).prediction == .cannotTell)
        let absent = try predictions([.call(2), .move(0, 0), .exit])
        #expect(absent.prediction == .willFail)
        #expect(absent.reasons.map(\.code) == [.helperNotForProgramType])
        #expect(try predictions([.call(6), .move(0, 0), .exit]).reasons.map(\.code) == [.helperUnknown])
        let skipped = BPFInstruction(code: 0x05, offset: 1)
        #expect(try predictions([skipped, .call(2), .move(0, 0), .exit]).prediction == .fits)
    }

    @Test("a missing kprobe target is told of attaching, and not of loading")
    func attaching() throws {
        var builder = ObjectBuilder()
        builder.add("here", section: "kprobe/do_sys_openat2", [.move(0, 0), .exit])
        builder.add("nowhere", section: "kprobe/no_such_function", [.move(0, 0), .exit])
        let predictions = CompatibilityCheck(try CheckedObject(builder.build()), on: Self.kernel()).predictions()
        #expect(predictions.map(\.prediction) == [.fits, .fits])
        #expect(predictions.map { $0.attachment.map(\.code) } == [[], [.targetMissing]])
    }

    @Test(
        "an instruction that makes no sense is told by what is wrong with it",
        arguments: [
            (BPFInstruction(code: 0xff), .opcode), (BPFInstruction(code: 0x99), .opcode),
            (BPFInstruction(code: 0x8f), .opcode), (BPFInstruction(code: 0xe6), .opcode),
            (BPFInstruction(code: 0x0d), .indirectJump), (BPFInstruction(code: 0xbf, source: 11), .register(11)),
            (BPFInstruction(code: 0x61, destination: 12), .register(12)),
            (BPFInstruction(code: 0x61, immediate: 1), .loadFields), (BPFInstruction(code: 0xb7, source: 1), .fields),
            (BPFInstruction(code: 0x0f, immediate: 7), .fields), (.exit, nil), (.call(1), nil), (.move(1, 2), nil),
            (BPFInstruction(code: 0xd7, immediate: 16), nil), (BPFInstruction(code: 0x06), nil),
            (BPFInstruction(code: 0xe5), nil), (BPFInstruction(code: 0x81), nil), (BPFInstruction(code: 0xcb), nil),
        ] as [(BPFInstruction, Malformation?)]
    )
    func malformations(instruction: BPFInstruction, expected: Malformation?) {
        #expect(instruction.malformation == expected)
    }

    @Test("an opcode that no kernel has is refused where nothing leads to it too, and of later kernels nothing is said")
    func deadOpcodes() throws {
        var builder = ObjectBuilder()
        builder.add(
            "program",
            section: "kprobe/do_sys_openat2",
            [BPFInstruction(code: 0x05, offset: 1), BPFInstruction(code: 0xff), .move(0, 0), .exit]
        )
        let object = try CheckedObject(builder.build())
        for (version, expected) in [("7.2.13", .willFail), ("7.3.0", .cannotTell)] as [(String, Prediction)] {
            let prediction = CompatibilityCheck(object, on: Self.kernel(version: version)).predictions().first
            #expect(prediction?.prediction == expected, "\(version)")
        }
    }

    @Test("stores at any address are followed, and those beyond the stack are nothing to go by")
    func wildStores() throws {
        // *(u64 *)(r10 - 8) = r1; r1 = 7; *(u64 *)(r10 - 16) = r1; r2 = VALUE ll; r3 = r10; r3 += r2; *(u64 *)(r3 + 0) = r1
        for value in [Int64.max, .min, -1, 0, -512, -520, 8, .max - 7, .min + 7] {
            let low = Int32(truncatingIfNeeded: value)
            let high = Int32(truncatingIfNeeded: value >> 32)
            var builder = ObjectBuilder()
            builder.add(
                "boom",
                section: "kprobe/do_sys_openat2",
                [
                    BPFInstruction(code: 0x7b, destination: 10, source: 1, offset: -8), .move(1, 7),
                    BPFInstruction(code: 0x7b, destination: 10, source: 1, offset: -16),
                    BPFInstruction(code: 0x18, destination: 2, immediate: low),
                    BPFInstruction(code: 0, immediate: high),
                    BPFInstruction(code: 0xbf, destination: 3, source: 10),
                    BPFInstruction(code: 0x0f, destination: 3, source: 2),
                    BPFInstruction(code: 0x7b, destination: 3, source: 1),
                    BPFInstruction(code: 0x79, destination: 4, source: 3, offset: -32768),
                    BPFInstruction(code: 0x7b, destination: 3, source: 1, offset: 32767), .call(9999), .move(0, 0),
                    .exit,
                ]
            )
            let predictions = CompatibilityCheck(try CheckedObject(builder.build()), on: Self.kernel()).predictions()
            #expect(predictions.map(\.prediction) == [.willFail], "\(value)")
        }
    }

    @Test("a jump that leads out of the program, forwards or backwards, is followed nowhere")
    func wildJumps() throws {
        for offset in [Int16.min, -2, 5, .max] {
            for code in [0x05, 0x15, 0x55, 0x25] as [UInt8] {
                var builder = ObjectBuilder()
                // r0 = map_lookup_elem(): a pointer or NULL; if r0 … 0 goto +offset
                builder.add(
                    "jumps",
                    section: "kprobe/do_sys_openat2",
                    [.call(1), BPFInstruction(code: code, offset: offset), .call(9999), .exit]
                )
                let object = try CheckedObject(builder.build())
                #expect(CompatibilityCheck(object, on: Self.kernel()).predictions().count == 1)
            }
        }
    }

    @Test("what concerns the object as a whole is found once, and no program has a copy of it")
    func shared() throws {
        let count = 40
        let declarations = (0..<count).map { "extern void kf_missing_\($0)(void) __ksym;\n" }.joined()
        let programs = (0..<10).map { program in
            let calls = (0..<4).map { "kf_missing_\(program * 4 + $0)();" }.joined()
            return "SEC(\"tc\") int p\(program)(void *ctx) { \(calls) return 0; }\n"
        }.joined()
        let object = try CheckedObject(try CompiledObject.bytes(declarations + programs))
        let types = try BTFTypes(try #require(KernelAccount.madeUp.typeInformation))
        let kernel = CheckedKernel(
            version: "6.9",
            profile: KernelProfile(.madeUp, configuration: nil),
            types: .present(types)
        )
        let predictions = CompatibilityCheck(object, on: kernel).predictions()
        #expect(predictions.count == 10)
        for prediction in predictions {
            #expect(prediction.shared.reasons.count == count)
            #expect(prediction.own.reasons.allSatisfy { $0.code != .kfuncUnknown })
            #expect(
                prediction.shared.reasons.withUnsafeBufferPointer(\.baseAddress)
                    == predictions[0].shared.reasons.withUnsafeBufferPointer(\.baseAddress)
            )
        }
    }
}
