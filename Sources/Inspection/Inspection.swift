// SPDX-License-Identifier: Apache-2.0

/// What is in objects: what `bpfmatrix inspect --json` prints. docs/inspect.md documents the form; what is not known is
/// absent.
public struct Inspection: Sendable, Hashable, Codable {
    /// The number after the slash changes when a reader of the old form would misread the new.
    public static let schema = "bpfmatrix.inspect/1"

    public var schema = Self.schema
    public var objects: [InspectedObject]

    public init(objects: [InspectedObject]) {
        self.objects = objects
    }
}

public struct InspectedObject: Sendable, Hashable, Codable {
    /// As in results: `binary#0` for an embedded one.
    public let name: String
    /// The file that the user named: for a compiled object its source.
    public let path: String
    public let sha256: String
    public let bytes: Int
    /// `little-endian` or `big-endian`.
    public let byteOrder: String
    public let license: String?
    /// How many types its BTF has; absent where it has no BTF.
    public let types: Int?
    /// Type information that is damaged and that libbpf does without; absent where none is.
    public let damage: String?
    public var programs: [InspectedProgram]
    public let maps: [InspectedMap]
    public let externs: [InspectedExtern]
    /// Functions that no program reaches: no kernel ever gets them.
    public let unreached: [String]
}

/// A program with the functions that it reaches; instructions are numbered as the kernel numbers them.
public struct InspectedProgram: Sendable, Hashable, Codable {
    public let name: String
    public let section: String
    /// As libbpf spells it; absent where it does not know the section.
    public let type: String?
    /// What the kernel is told that it will be attached as; absent where libbpf says nothing of it.
    public let attachType: String?
    public let target: Target?
    public let isOptional: Bool
    public let isSleepable: Bool
    public let instructions: Int
    public let functions: [Function]
    public let helpers: [Callee]
    public let kernelFunctions: [Callee]
    public let externs: [Callee]
    /// Names of the maps that its instructions refer to, in the object's order.
    public let maps: [String]
    public let relocations: [Relocation]
    /// How many uses, relocations, functions and maps are not listed, as those of all programs come to too much; absent where all
    /// are.
    public var leftOut: Int?

    /// What it is for, as far as its section says.
    public struct Target: Sendable, Hashable, Codable {
        /// `kprobe`, `pattern`, `function`, `tracepoint`, `rawTracepoint`, `typedTracepoint`, `lsm`, `iterator`, `syscall`,
        /// `user`, `program`
        public let kind: String
        public let name: String
        /// Bytes into the function.
        public let offset: Int?
        public let module: String?
        /// The entry that a kernel's BTF must have before the program can be loaded.
        public let required: String?
    }

    public struct Function: Sendable, Hashable, Codable {
        public let name: String
        /// The number of its first instruction.
        public let start: Int
        public let instructions: Int
        /// The verifier examines it by itself.
        public let isGlobal: Bool
    }

    /// Something outside the object that it calls, or uses.
    public struct Callee: Sendable, Hashable, Codable {
        /// Of helpers with `bpf_`.
        public let name: String
        /// Of helpers: `enum bpf_func_id`.
        public let number: UInt32?
        public let isWeak: Bool?
        public let uses: [Place]
    }

    public struct Relocation: Sendable, Hashable, Codable {
        /// libbpf's word: `byte_off`, `field_exists`, …; the number where it is none that is known.
        public let kind: String
        /// As C has it: `struct task_struct.mm`.
        public let text: String
        /// As the object has it: `0:12`.
        public let access: String
        public let place: Place
    }

    /// An instruction, and where it comes from.
    public struct Place: Sendable, Hashable, Codable {
        public let instruction: Int
        public let function: String
        public let file: String?
        public let line: Int?
        public let column: Int?
        /// The line itself.
        public let text: String?
    }
}

public struct InspectedMap: Sendable, Hashable, Codable {
    public let name: String
    /// `declared`, `data`, `configuration`, `structOps`
    public let origin: String
    public let type: String
    public let keySize: UInt32
    public let valueSize: UInt32
    /// As C spells them; absent where only sizes are said.
    public let keyType: String?
    public let valueType: String?
    public let maxEntries: UInt32
    public let flags: [String]
    public let extra: UInt64?
    public let numaNode: UInt32?
    public let isPinned: Bool
    /// False where loaders leave it out unless told otherwise.
    public let isCreated: Bool
    public let inner: Inner?
    public let initialValues: [InitialValue]

    /// What the maps in it are like.
    public struct Inner: Sendable, Hashable, Codable {
        public let type: String
        public let keySize: UInt32
        public let valueSize: UInt32
        public let maxEntries: UInt32
        public let flags: [String]
    }

    public struct InitialValue: Sendable, Hashable, Codable {
        public let index: Int
        /// Of a `struct_ops`.
        public let member: String?
        /// The map or program.
        public let name: String
    }
}

public struct InspectedExtern: Sendable, Hashable, Codable {
    public let name: String
    /// `configuration`, `variable`, `symbol`, `function`
    public let kind: String
    public let isWeak: Bool
    /// As C declares it.
    public let declaration: String
}
