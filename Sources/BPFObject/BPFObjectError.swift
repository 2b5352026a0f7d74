// SPDX-License-Identifier: Apache-2.0

import BTF
import ELF

/// Why a file is not a BPF object that could be tested, or read whole. Each says what the file is instead.
public enum BPFObjectError: Error, Hashable, CustomStringConvertible {
    case notELF
    case unreadable(ELFError)
    /// An ELF file for another machine (`e_machine`), with no BPF object inside.
    case notBPF(machine: UInt16)
    /// BPF, but not an object file (`ET_REL`).
    case notRelocatable
    /// No function in any executable section but `.text`.
    case noPrograms
    /// Verdicts are told apart by the programs' names.
    case sameName(String)

    // What libbpf refuses to open, found when all of the object is read.

    /// A function whose symbol does not lie in its section, or is not made of whole instructions.
    case brokenFunction(String, section: String)
    /// A program that is not visible outside its source: `static` before a function with `SEC`.
    case staticProgram(String, section: String)
    /// A relocation of no instruction, or against no symbol; `offset` is in bytes.
    case brokenRelocation(section: String, offset: Int)
    /// An instruction with more than one relocation; `instruction` counts from the function's start.
    case relocatedTwice(function: String, instruction: Int)
    /// A CO-RE relocation of half an instruction, or that starts from no type or in no section; `offset` is in bytes.
    case brokenCORERelocation(section: String, offset: Int)
    /// An instruction refers to what it can't: a call of data, data where no map is.
    case unexpectedReference(function: String, to: String)
    /// A call leads to where no function is; `instruction` counts from the section's start.
    case noSuchFunction(caller: String, section: String, instruction: Int)
    /// More functions are reached than any kernel takes.
    case tooManyFunctions(program: String)
    /// Programs that share functions come to more than any loader would want to relocate.
    case tooManyInstructions(program: String)
    /// The object's BTF can't be read.
    case types(BTFError)
    /// BTF is needed for something, and the object has none.
    case noTypes(neededFor: String)
    case map(String, MapDefinitionError)
    /// Global variables in an arena, of which the object has none.
    case noArena
    /// libbpf takes one arena.
    case twoArenas(String, String)
    /// Maps as libbpf knew them before 1.0, in a section `maps`.
    case legacyMaps
    /// An extern without a type, or in a section that libbpf gives no meaning to.
    case unknownExtern(String, section: String?)

    public var description: String {
        switch self {
        case .notELF: "not an ELF file: expected a BPF object (clang -target bpf -c), or a binary that embeds one"
        case .unreadable(let error): "\(error)"
        case .notBPF(let machine):
            "an ELF file for another machine (e_machine \(machine)) without a BPF object inside: "
                + "compile with -target bpf, or give a binary that embeds its objects"
        case .notRelocatable: "a BPF file, but not an object: link with `bpftool gen object`, not with a linker"
        case .sameName(let name): "a BPF object with two programs of the same name: \(name)"
        case .noPrograms: "a BPF object without programs: no function is in a section such as SEC(\"kprobe/…\")"
        case .brokenFunction(let name, let section):
            "a damaged BPF object: function '\(name)' does not lie in its section '\(section)' as whole instructions"
        case .staticProgram(let name, let section):
            "program '\(name)' in section '\(section)' is static, which libbpf refuses: leave `static` out"
        case .brokenRelocation(let section, let offset):
            "a damaged BPF object: the relocation at byte \(offset) of section '\(section)' is of no instruction, "
                + "or names no symbol"
        case .relocatedTwice(let function, let instruction):
            "a damaged BPF object: instruction \(instruction) of function '\(function)' is relocated twice"
        case .brokenCORERelocation(let section, let offset):
            "a CO-RE relocation that libbpf refuses, at byte \(offset) of section '\(section)': it is of no whole instruction, or "
                + "of a type that the object does not have"
        case .unexpectedReference(let function, let symbol):
            "function '\(function)' refers to '\(symbol)' in a way that libbpf does not know: only calls and loads of "
                + "addresses can refer to functions, maps, global variables and externs"
        case .noSuchFunction(let caller, let section, let instruction):
            "function '\(caller)' calls instruction \(instruction) of section '\(section)', where no function begins"
        case .tooManyFunctions(let program):
            "program '\(program)' reaches more than \(ProgramLayout.functionLimit) functions; no kernel takes more than 256"
        case .tooManyInstructions(let program):
            "with program '\(program)' the object's programs come to more than \(ObjectContents.instructionLimit) "
                + "instructions: each has a copy of the functions that it reaches"
        case .types(let error): "damaged type information: \(error)"
        case .noTypes(let need): "the object has no BTF, which \(need) needs: compile with -g"
        case .map(let name, let error): "map '\(name)': \(error)"
        case .noArena:
            "global variables in an arena, and no arena: declare one in SEC(\".maps\") with BPF_MAP_TYPE_ARENA"
        case .twoArenas(let one, let other): "two arenas, '\(one)' and '\(other)': libbpf takes one in an object"
        case .legacyMaps:
            "maps in a section 'maps', which libbpf refuses since 1.0: declare them in SEC(\".maps\") with __uint and __type"
        case .unknownExtern(let name, let section?):
            "extern '\(name)' is of a type that libbpf does not know in section '\(section)'"
        case .unknownExtern(let name, nil):
            "extern '\(name)' is neither __kconfig nor __ksym, or has no type: nobody could resolve it"
        }
    }

    /// Whether libbpf 1.7 refuses to open such an object for sure, on every machine. Of others that are not read whole it is not known.
    public var isRefusal: Bool {
        switch self {
        case .staticProgram, .map, .noTypes, .noArena, .twoArenas, .legacyMaps, .unknownExtern: true
        default: false
        }
    }

    init(_ error: ELFError) {
        self = error == .notELF ? .notELF : .unreadable(error)
    }

    /// What `body` reads, with its error as one of the object's.
    static func reading<Value>(_ body: () throws(ELFError) -> Value) throws(BPFObjectError) -> Value {
        do throws(ELFError) { return try body() } catch { throw BPFObjectError(error) }
    }

    /// The same for what its types say.
    static func readingTypes<Value>(_ body: () throws(BTFError) -> Value) throws(BPFObjectError) -> Value {
        do throws(BTFError) { return try body() } catch { throw .types(error) }
    }
}
