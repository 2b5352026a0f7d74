// SPDX-License-Identifier: Apache-2.0

import BTF
import CORE
import TestBTF
import Testing

/// Which of several types of a kernel an object is taken to mean.
@Suite struct CandidateTests {
    private static func pair(_ offsets: [UInt32]) -> CORERelocatorTests.Pair {
        var pair = CORERelocatorTests.Pair()
        let int = pair.object.integer("int", size: 4)
        pair.root = pair.object.structure("s", size: 8, [.init("a", int, at: 0), .init("b", int, at: 4)])
        let other = pair.kernel.integer("int", size: 4)
        for (index, offset) in offsets.enumerated() {
            let name = index == 0 ? "s" : "s___\(index + 1)"
            _ = pair.kernel.structure(
                name,
                size: 64,
                [.init("b", other, at: offset), .init("m\(index)", other, at: 0)]
            )
        }
        return pair
    }

    @Test("several types that agree are as good as one")
    func agreement() throws {
        #expect(try Self.pair([16, 16, 16]).value(.fieldByteOffset, "0:1") == 16)
    }

    @Test("several types that differ are refused, whatever is asked")
    func ambiguity() throws {
        let pair = Self.pair([16, 20])
        let candidates = [
            "<byte_off> [2] struct s.b (0:0 @ offset 16)", "<byte_off> [3] struct s___2.b (0:0 @ offset 20)",
        ]
        #expect(try pair.resolve(.fieldByteOffset, "0:1").outcome == .refused(.offsetAmbiguity(candidates)))
        guard case .refused(.offsetAmbiguity) = try pair.resolve(.fieldExists, "0:1").outcome else {
            Issue.record("not refused")
            return
        }
        // Their numbers can't be the same.
        guard case .refused(.valueAmbiguity) = try pair.resolve(.typeIDTarget).outcome else {
            Issue.record("not refused")
            return
        }
        #expect(try pair.value(.typeExists) == 1 && pair.value(.typeSize) == 64)
    }

    @Test("a type that did not match once is not looked at again")
    func pruning() throws {
        var pair = Self.pair([16])
        let int = pair.kernel.integer("int", size: 4)
        _ = pair.kernel.structure("s___2", size: 64, [.init("b", int, at: 20), .init("a", int, at: 8)])
        let types = try pair.object.read()
        func relocation(_ access: String) -> CORERelocation {
            CORERelocation(types: types, type: pair.root, access: access, kind: .fieldByteOffset)
        }
        var ambiguous = try pair.relocator()
        guard case .refused = ambiguous.resolve(relocation("0:1")).outcome else {
            Issue.record("not refused")
            return
        }
        // Only the second has an `a`; from then on there is only the second.
        var pruned = try pair.relocator()
        #expect(pruned.resolve(relocation("0:0")).number == 8)
        #expect(pruned.resolve(relocation("0:1")).number == 20)
    }

    @Test("modules are asked for what the kernel itself has nothing of")
    func modules() throws {
        var pair = Self.pair([])
        var module = TypeBlob(after: pair.kernel)
        _ = module.structure("s", size: 64, [.init("b", 1, at: 24)])
        let found = try pair.resolve(.fieldByteOffset, "0:1", modules: [module])
        #expect(found.number == 24 && found.module == "m0")
        let unknown = try pair.resolve(.fieldByteOffset, "0:1", modules: nil)
        #expect(unknown.outcome == .poisoned)
        #expect(unknown.miss == .noType("struct s", otherKind: nil, knowsModules: false))

        _ = pair.kernel.structure("s", size: 64, [.init("x", 1, at: 0)])
        var late = TypeBlob(after: pair.kernel)
        _ = late.structure("s", size: 64, [.init("b", 1, at: 24)])
        #expect(try pair.resolve(.fieldByteOffset, "0:1", modules: [late]).outcome == .poisoned)
    }

    @Test("a type of the same name and another kind is none")
    func otherKind() throws {
        var pair = Self.pair([])
        _ = pair.kernel.typedef("s", 1)
        #expect(try pair.value(.typeExists) == 0)
        pair.root = pair.object.typedef("s", pair.root)
        #expect(try pair.value(.typeExists) == 0, "a struct is no integer")
        _ = pair.kernel.typedef("s", pair.kernel.structure("anything", size: 4, []))
        #expect(try pair.value(.typeExists) == 1)
    }

    @Test("a type without a name can't be looked for, and none that is not there")
    func nameless() throws {
        var pair = Self.pair([0])
        pair.root = pair.object.structure("", size: 4, [.init("b", 1, at: 0)])
        #expect(try pair.resolve(.fieldByteOffset, "0:0").outcome == .refused(.anonymousType))
        #expect(try pair.value(.typeIDLocal) == UInt64(pair.root))
        pair.root = 99
        #expect(try pair.resolve(.fieldByteOffset, "0:0").outcome == .refused(.noSuchType(99)))
    }

    @Test(
        "a way that leads nowhere is refused",
        arguments: ["", ":", "0:", "0::1", "x", "0:2", "0:-1", "0:0:0", "0:99999999999"]
    )
    func malformed(access: String) throws {
        let resolution = try Self.pair([0]).resolve(.fieldByteOffset, access)
        #expect(resolution.outcome == .refused(.malformedAccess(access)))
    }

    @Test("a way of more steps than libbpf keeps is told to be too deep")
    func tooDeep() throws {
        let access = repeatElement("0", count: 65).joined(separator: ":")
        #expect(try Self.pair([0]).resolve(.fieldByteOffset, access).outcome == .refused(.tooDeep))
    }

    @Test("a kind that is not known is refused")
    func unknownKind() throws {
        let pair = Self.pair([0])
        var relocator = try pair.relocator()
        let types = try pair.object.read()
        let relocation = CORERelocation(types: types, type: pair.root, access: "0", kindNumber: 13)
        #expect(relocator.resolve(relocation).outcome == .refused(.unknownKind(13)))
    }

    @Test("types that would take for ever are given up, and nothing is said of them")
    func entangled() throws {
        var pair = Self.pair([])
        // Two anonymous members in each of thirty structs: a thousand million ways, none of which leads to `b`.
        var inner = pair.kernel.structure("", size: 4, [.init("x", 1, at: 0)])
        for _ in 0..<30 {
            inner = pair.kernel.structure("", size: 4, [.init("", inner, at: 0), .init("", inner, at: 0)])
        }
        _ = pair.kernel.structure("s", size: 4, [.init("", inner, at: 0)])
        #expect(try pair.resolve(.fieldByteOffset, "0:1").outcome == .undecided)
    }

    @Test("anonymous structs within themselves are refused after 64 steps")
    func endless() throws {
        var pair = Self.pair([])
        let id = UInt32(try pair.kernel.read().count)
        _ = pair.kernel.structure("", size: 4, [.init("", id, at: 0)])
        _ = pair.kernel.structure("s", size: 4, [.init("", id, at: 0)])
        #expect(try pair.resolve(.fieldByteOffset, "0:1").outcome == .refused(.tooDeep))
    }
}
