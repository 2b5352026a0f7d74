// SPDX-License-Identifier: Apache-2.0

import BTF
import TestObjects
import Testing

@testable import BPFObject

@Suite struct MapTests {
    private static let maps = """
        struct key { u32 a; u64 b; };
        struct inner {
            __uint(type, 2);
            __uint(max_entries, 4);
            __type(key, u32);
            __type(value, u64);
        };
        struct inner first SEC(".maps"), second SEC(".maps");
        struct {
            __uint(type, 12);
            __uint(max_entries, 8);
            __uint(key_size, 4);
            __array(values, struct inner);
        } outer SEC(".maps") = { .values = { [1] = (void *)&first, [3] = (void *)&second } };
        int tail(void *context);
        struct {
            __uint(type, 3);
            __uint(max_entries, 2);
            __uint(key_size, 4);
            __array(values, int (void *));
        } calls SEC(".maps") = { .values = { [1] = (void *)&tail } };
        struct {
            __uint(type, 1);
            __uint(max_entries, 100);
            __type(key, struct key);
            __type(value, u64[3]);
            __uint(map_flags, 1 | 1 << 10);
            __uint(numa_node, 2);
            __uint(pinning, 1);
            __uint(map_extra, 5);
        } all SEC(".maps");
        const volatile int constant = 3;
        int variable = 4;
        static volatile int own;
        int custom SEC(".data.custom") = 1;
        SEC("xdp") int tail(void *context) {
            u32 key = constant;
            u64 *value = bpf_map_lookup_elem(&all, &key);
            return value ? *value + variable + own + custom : 0;
        }
        """

    @Test("a declared map has all that its fields say", arguments: Target.allCases)
    func declared(target: Target) throws {
        let map = try #require(try CompiledObject.contents(Self.maps, target).map("all"))
        #expect(map.origin == .declared)
        #expect(map.definition.typeName == "hash")
        #expect(map.definition.keySize == 16)
        #expect(map.definition.valueSize == 24)
        #expect(map.definition.maxEntries == 100)
        #expect(map.definition.flagNames == ["BPF_F_NO_PREALLOC", "BPF_F_MMAPABLE"])
        #expect(map.definition.numaNode == 2)
        #expect(map.definition.extra == 5)
        #expect(map.definition.isPinned)
        #expect(map.inner == nil)
    }

    @Test("a map of maps says what those in it are, and which stand there from the start", arguments: Target.allCases)
    func maps(target: Target) throws {
        let map = try #require(try CompiledObject.contents(Self.maps, target).map("outer"))
        #expect(map.definition.typeName == "array_of_maps")
        #expect(map.definition.valueSize == 4)
        #expect(map.inner?.typeName == "array")
        #expect(map.inner?.valueSize == 8)
        #expect(map.inner?.maxEntries == 4)
        #expect(map.initialValues.map(\.index) == [1, 3])
        #expect(map.initialValues.map(\.name) == ["first", "second"])
    }

    @Test("a program array says which programs stand there from the start", arguments: Target.allCases)
    func programs(target: Target) throws {
        let map = try #require(try CompiledObject.contents(Self.maps, target).map("calls"))
        #expect(map.initialValues.map(\.index) == [1])
        #expect(map.initialValues.map(\.name) == ["tail"])
        #expect(map.inner == nil)
    }

    @Test("global data are maps too, with the flags that libbpf gives them", arguments: Target.allCases)
    func data(target: Target) throws {
        let contents = try CompiledObject.contents(Self.maps, target)
        let data = contents.maps.filter { $0.origin == .data }
        #expect(Set(data.map(\.name)) == [".data", ".data.custom", ".rodata", ".bss"])
        #expect(contents.map(".rodata")?.definition.flagNames == ["BPF_F_RDONLY_PROG", "BPF_F_MMAPABLE"])
        #expect(contents.map(".data")?.definition.flagNames == ["BPF_F_MMAPABLE"])
        #expect(contents.map(".bss")?.definition.flags == 0)
        #expect(contents.map(".bss")?.definition.valueSize == 4)
    }

    @Test("an instruction's reference names its map, or its variable's place", arguments: Target.allCases)
    func references(target: Target) throws {
        let contents = try CompiledObject.contents(Self.maps, target)
        let program = try #require(try contents.program(named: "tail"))
        let used = Set(program.mapUses.map { contents.maps[$0.thing].name })
        #expect(used == ["all", ".data", ".data.custom", ".rodata", ".bss"])
    }

    @Test("what a struct_ops consists of is told by its members", arguments: Target.allCases)
    func structOps(target: Target) throws {
        let code = """
            struct table { int number; int (*init)(void); void (*gone)(void); int (*run)(int); };
            SEC("struct_ops/init") int begin(void *context) { return 0; }
            SEC("struct_ops.s/run") int go(void *context) { return 1; }
            struct table mine SEC(".struct_ops.link") = { .number = 3, .init = (void *)begin, .run = (void *)go };
            """
        let map = try #require(try CompiledObject.contents(code, target).map("mine"))
        #expect(map.origin == .structOps)
        #expect(map.definition.typeName == "struct_ops")
        #expect(map.definition.flagNames == ["BPF_F_LINK"])
        #expect(map.initialValues.map(\.member) == ["init", "run"])
        #expect(map.initialValues.map(\.name) == ["begin", "go"])
        #expect(map.isCreated)
    }

    @Test(
        "a definition that libbpf refuses is refused, and the field is told",
        arguments: [
            ("__uint(max_entries, 1);", MapDefinitionError.noType),
            ("__uint(type, 1); __uint(colour, 1);", .unknownField("colour")),
            ("__uint(type, 1); u32 max_entries;", .notANumber(field: "max_entries")),
            ("__uint(type, 1); u32 key;", .notAPointer(field: "key")),
            ("__uint(type, 1); __type(value, struct unknown);", .noSize(field: "value")),
            ("__uint(type, 1); __uint(key_size, 8); __type(key, u32);", .conflictingSizes(field: "key")),
            ("__uint(type, 1); __uint(pinning, 7);", .wrongPinning(7)),
            ("__uint(type, 1); __array(values, struct { int a; });", .valuesOfNothing),
            ("__uint(type, 12); __array(values, int);", .wrongValues),
        ]
    )
    func refused(fields: String, error: MapDefinitionError) throws {
        let code = "struct unknown; struct { \(fields) } wrong SEC(\".maps\");"
        let bytes = try CompiledObject.bytes("\(code) SEC(\"xdp\") int entry(void *context) { return 0; }")
        #expect(throws: BPFObjectError.map("wrong", error)) { try ObjectContents(bytes) }
    }

    @Test("maps in a section 'maps', as before libbpf 1.0, are refused")
    func legacy() throws {
        let code = """
            struct { u32 type, key_size, value_size, max_entries; } old SEC("maps") = { 1, 4, 4, 1 };
            SEC("xdp") int entry(void *context) { return 0; }
            """
        let bytes = try CompiledObject.bytes(code)
        #expect(throws: BPFObjectError.legacyMaps) { try ObjectContents(bytes) }
        #expect(try BPFObject(bytes).programs.map(\.name) == ["entry"])
    }

    @Test("maps in .maps need types")
    func withoutTypes() throws {
        let bytes = try CompiledObject.bytes(Self.maps, options: [])
        #expect(throws: BPFObjectError.noTypes(neededFor: "section '.maps'")) { try ObjectContents(bytes) }
    }

    private static let arena = """
        #define __arena __attribute__((address_space(1)))
        int __arena SEC(".addr_space.1") first = 3;
        int __arena SEC(".addr_space.1") second = 4;
        SEC("syscall") int entry(void *context) { return second; }
        """
    private static let arenaMap = """
        struct { __uint(type, 33); __uint(map_flags, 1 << 10); __uint(max_entries, 10); }
        """

    @Test("a global variable in the arena is told by its place there", arguments: Target.allCases)
    func arena(target: Target) throws {
        let contents = try CompiledObject.contents("\(Self.arenaMap) arena SEC(\".maps\");\n" + Self.arena, target)
        let program = try #require(try contents.program(named: "entry"))
        #expect(program.functions[0].references.map(\.target) == [.arena(offset: 4)])
        #expect(program.mapUses.map { contents.maps[$0.thing].name } == ["arena"])
    }

    @Test("variables in an arena need an arena, and one")
    func arenas() throws {
        let none = try CompiledObject.bytes(Self.arena)
        #expect(throws: BPFObjectError.noArena) { try ObjectContents(none) }
        let maps = "\(Self.arenaMap) one SEC(\".maps\"), two SEC(\".maps\");\n"
        let two = try CompiledObject.bytes(maps + Self.arena)
        #expect(throws: BPFObjectError.twoArenas("one", "two")) { try ObjectContents(two) }
    }

    @Test("a map that its section has twice is refused")
    func twice() throws {
        var bytes = try CompiledObject.bytes(Self.maps)
        let contents = try ObjectContents(bytes)
        let types = try #require(contents.types)
        let section = try #require(types.id(named: ".maps", kind: .dataSection).flatMap { types.type($0) })
        let (one, other) = (section.variables[0], section.variables[1])
        func entry(_ type: UInt32) -> [UInt8] {
            littleEndian(type) + littleEndian(other.offset) + littleEndian(other.size)
        }
        try bytes.replace(entry(other.type), with: entry(one.type))
        let name = try #require(types.type(one.type)?.name.text)
        #expect(throws: BPFObjectError.map(name, .listedTwice)) { try ObjectContents(bytes) }
    }

    @Test("a struct is read once, however many maps it defines, and however many hold such maps")
    func reads() throws {
        let many = (0..<20).map { "struct inner m\($0) SEC(\".maps\");" }.joined()
        let outer = """
            { __uint(type, 12); __uint(max_entries, 8); __uint(key_size, 4); __array(values, struct inner); }
            """
        let code = """
            struct inner { __uint(type, 2); __uint(max_entries, 4); __type(key, u32); __type(value, u64); };
            \(many)
            struct \(outer) one SEC(".maps");
            struct \(outer) two SEC(".maps");
            """
        let types = try #require(try CompiledObject.contents(code).types)
        var reader = MapDefinitionReader(types)
        let section = try #require(types.id(named: ".maps", kind: .dataSection).flatMap { types.type($0) })
        #expect(section.length == 22)
        for variable in section.variables {
            let structure = try #require(types.type(variable.type)?.target.flatMap { types.resolved($0) })
            _ = try reader.read(structure)
        }
        // `inner` of a map, `inner` of a map within one, and the two that hold them.
        #expect(reader.reads == 4)
    }

    @Test("each of many initial values goes to its own map", arguments: Target.allCases)
    func manyValues(target: Target) throws {
        let maps = (0..<50).map { number in
            """
            struct {
                __uint(type, 3); __uint(max_entries, 4); __uint(key_size, 4); __array(values, int (void *));
            } m\(number) SEC(".maps") = { .values = { [\(number % 4)] = (void *)&p\(number % 3) } };
            """
        }
        let programs = (0..<3).map { "SEC(\"xdp\") int p\($0)(void *context) { return \($0); }" }
        let contents = try CompiledObject.contents((programs + maps).joined(separator: "\n"), target)
        for number in 0..<50 {
            let values = try #require(contents.map("m\(number)")).initialValues
            #expect(values.map(\.index) == [number % 4])
            #expect(values.map(\.name) == ["p\(number % 3)"])
        }
    }
}
