// SPDX-License-Identifier: Apache-2.0

import BPFObject

/// All that is known of one refusal: what causes are told from, and nothing else.
///
/// What is not known is nil or empty; no rule takes that for "no".
public struct Evidence: Sendable, Hashable {
    public var refusal: Refusal
    /// Positive; 0 where there was none.
    public var errno: Int32
    /// The verifier's log; empty where it was never asked, or said nothing.
    public var log: VerifierLog
    /// The kernel cut the log: its end, and with it the reason, may be missing.
    public var isLogCut: Bool
    /// libbpf's warnings, a line each, as it printed them.
    public var warnings: [String]
    public var program: ProgramFacts
    /// The maps of the object that are known, in no order.
    public var maps: [MapFacts]
    public var kernel: KernelFacts

    public init(
        refusal: Refusal,
        errno: Int32 = 0,
        log: VerifierLog = VerifierLog([]),
        isLogCut: Bool = false,
        warnings: [String] = [],
        program: ProgramFacts = ProgramFacts(),
        maps: [MapFacts] = [],
        kernel: KernelFacts = KernelFacts()
    ) {
        self.refusal = refusal
        self.errno = errno
        self.log = log
        self.isLogCut = isLogCut
        self.warnings = warnings
        self.program = program
        self.maps = maps
        self.kernel = kernel
    }

    /// Who refused what.
    public enum Refusal: Sendable, Hashable {
        /// `bpf(BPF_PROG_LOAD)` failed.
        case program
        /// `bpf(BPF_MAP_CREATE)` failed: every program of the object goes down with the map.
        case map(MapFacts)
        /// libbpf gave up on the program, or on the whole object, before it asked the kernel.
        case loader
        /// libbpf can't open the object.
        case object
    }

    /// What the object says of the program.
    public struct ProgramFacts: Sendable, Hashable {
        public var name: String?
        /// ELF section: `fentry.s/vfs_open`.
        public var section: String?
        /// `enum bpf_prog_type`.
        public var type: UInt32?
        /// The licence of the object; empty where it has none, nil where that is not known.
        public var license: String?
        public var isSleepable: Bool?
        public var instructionCount: Int?
        /// The helpers that its code calls, reached or not, by number (`enum bpf_func_id`); nil where not known.
        public var helpers: Set<UInt32>?
        /// Whether it was loaded with privilege (CAP_BPF and CAP_PERFMON, or root), which lets it do more.
        public var isPrivileged: Bool?
        /// The CO-RE relocation that found nothing where the verifier stopped: `struct task_struct.no_such_field`.
        public var unmatchedRelocation: String?
        /// The kfunc that was not resolved where the verifier stopped.
        public var unresolvedKfunc: String?
        /// How the object and how the kernel declare that kfunc, where the kernel has it otherwise; else nil.
        public var kfuncDeclarations: KfuncDeclarations?
        /// What was set in the place of the object's loader, where the refusal may be for that alone.
        public var assumption: Assumption?
        /// How many maps its code names, reached or not; nil where not known.
        public var mapCount: Int?
        /// Maps that the program may not use, by the rules for its type.
        public var mapComplaints: [Complaint] = []
        /// Tables of tail calls that the program shares with one of another kind.
        public var sharedTables: [SharedTable] = []
        /// Instructions of the program that the kernel is not known to know, in their order.
        public var laterInstructions: [LaterInstruction] = []
        /// The first instruction that takes the address of a function of the program, to be called back.
        public var firstCallback: Int?
        /// The first instruction that is wrong by itself.
        public var firstMalformed: Int?
        /// The first call of a kfunc.
        public var firstKfuncCall: Int?

        public init(
            name: String? = nil,
            section: String? = nil,
            type: UInt32? = nil,
            license: String? = nil,
            isSleepable: Bool? = nil,
            instructionCount: Int? = nil,
            helpers: Set<UInt32>? = nil,
            isPrivileged: Bool? = nil,
            unmatchedRelocation: String? = nil,
            unresolvedKfunc: String? = nil,
            assumption: Assumption? = nil
        ) {
            self.name = name
            self.section = section
            self.type = type
            self.license = license
            self.isSleepable = isSleepable
            self.instructionCount = instructionCount
            self.helpers = helpers
            self.isPrivileged = isPrivileged
            self.unmatchedRelocation = unmatchedRelocation
            self.unresolvedKfunc = unresolvedKfunc
            self.assumption = assumption
        }
    }

    /// A kfunc that the kernel has otherwise than the object declares it, both as C.
    public struct KfuncDeclarations: Sendable, Hashable {
        public var object: String
        public var kernel: String
        /// A structure that the object only names, and that the kernel's declaration needs whole; nil where there is none.
        public var undefinedStructure: String?

        public init(object: String, kernel: String, undefinedStructure: String? = nil) {
            self.object = object
            self.kernel = kernel
            self.undefinedStructure = undefinedStructure
        }
    }

    /// A table of tail calls, and another program that uses it.
    public struct SharedTable: Sendable, Hashable {
        public var name: String
        public var own: TailCallTable.User
        public var other: TailCallTable.User

        public init(name: String, own: TailCallTable.User, other: TailCallTable.User) {
            self.name = name
            self.own = own
            self.other = other
        }
    }

    /// An instruction that came after 5.10.
    public struct LaterInstruction: Sendable, Hashable {
        /// Its number in the program.
        public var index: Int
        /// What it is: `signed division`.
        public var words: String
        public var cure: String?
        /// The first line that has it.
        public var since: LinuxVersion

        public init(index: Int, words: String, cure: String?, since: LinuxVersion) {
            self.index = index
            self.words = words
            self.cure = cure
            self.since = since
        }
    }

    /// What rules say of a map that breaks those of its type, or that a program may not use.
    public struct Complaint: Sendable, Hashable {
        public var code: CauseCode
        public var sentence: String
        public var cure: String?
        /// Where a program has to do with it; nil where it is the map alone.
        public var instruction: Int?

        public init(_ code: CauseCode, _ sentence: String, cure: String? = nil, instruction: Int? = nil) {
            self.code = code
            self.sentence = sentence
            self.cure = cure
            self.instruction = instruction
        }
    }

    /// Something that was set in the place of the object's own loader.
    public enum Assumption: Sendable, Hashable {
        /// What the program was attached to.
        case target(String)
        /// The maps in this map of maps.
        case innerMap(String)
    }

    public struct MapFacts: Sendable, Hashable {
        public var name: String
        /// Its position among the object's maps: the number in libbpf's poison.
        public var index: UInt32?
        /// `enum bpf_map_type`.
        public var type: UInt32
        public var maxEntries: UInt32
        /// Positive errno of its creation; 0 where it was created or never tried.
        public var errno: Int32
        /// Bytes of a key and of a value; nil where not known.
        public var keySize: UInt32?
        public var valueSize: UInt32?
        /// Whether the kernel has maps of its type, asked for itself; nil where nobody asked.
        public var typeExists: Bool?
        /// Whether a map of maps says what its maps are; nil where not known.
        public var hasInnerMap: Bool?
        /// Bytes that its entries need at least; nil where not known.
        public var leastMemory: UInt64?
        /// Bytes of a key of the maps that it holds; nil where it holds none, or that is not known.
        public var innerKeySize: UInt32?
        /// Which of its type's rules it breaks; nil where none is known.
        public var complaint: Complaint?

        public init(
            name: String,
            index: UInt32? = nil,
            type: UInt32,
            maxEntries: UInt32,
            errno: Int32 = 0,
            keySize: UInt32? = nil,
            valueSize: UInt32? = nil,
            typeExists: Bool? = nil,
            hasInnerMap: Bool? = nil,
            leastMemory: UInt64? = nil,
            innerKeySize: UInt32? = nil
        ) {
            self.innerKeySize = innerKeySize
            self.name = name
            self.index = index
            self.type = type
            self.maxEntries = maxEntries
            self.errno = errno
            self.keySize = keySize
            self.valueSize = valueSize
            self.typeExists = typeExists
            self.hasInnerMap = hasInnerMap
            self.leastMemory = leastMemory
        }
    }

    /// Modules of the kernel, as far as they have what the program needs.
    public struct ModuleFacts: Sendable, Hashable {
        /// The modules that have a name which the kernel itself does not have: `nf_conntrack` for `nf_conntrack_in`, and for
        /// `nf_conn`.
        public var homes: [String: [String]]
        /// Whether modules carry the types of what they have.
        public var haveTypes: Bool
        /// Those that are loaded.
        public var loaded: Set<String> = []
        /// Those that could not be loaded, with the errno of each.
        public var failures: [String: Int32] = [:]

        public init(homes: [String: [String]] = [:], haveTypes: Bool = false) {
            self.homes = homes
            self.haveTypes = haveTypes
        }

        func home(of name: String) -> [String]? {
            homes[name].flatMap { $0.isEmpty ? nil : $0 }
        }
    }

    /// What is known of the kernel apart from what it said.
    public struct KernelFacts: Sendable, Hashable {
        /// `uname -r`.
        public var release: String?
        /// Whether it carries type information of its own.
        public var hasTypes: Bool?
        /// What its configuration says of the switches that decide something (`ConfigurationSwitch`); empty where there
        /// is no configuration to ask.
        public var configuration: [ConfigurationSwitch: Bool]
        /// The security modules in force (`/sys/kernel/security/lsm`).
        public var securityModules: [String]?
        /// What is known of its modules.
        public var modules = ModuleFacts()
        /// MiB of memory of the machine that was asked; nil where not known.
        public var memory: Int?

        public init(
            release: String? = nil,
            hasTypes: Bool? = nil,
            configuration: [ConfigurationSwitch: Bool] = [:],
            securityModules: [String]? = nil,
            memory: Int? = nil
        ) {
            self.release = release
            self.hasTypes = hasTypes
            self.configuration = configuration
            self.securityModules = securityModules
            self.memory = memory
        }

        public var version: LinuxVersion? { release.flatMap { LinuxVersion($0) } }
    }
}

/// The switches of a kernel's configuration by which BPF has something or has not; the raw value is the switch's name.
public enum ConfigurationSwitch: String, Sendable, Hashable, Codable, CaseIterable {
    case syscall = "CONFIG_BPF_SYSCALL"
    case jit = "CONFIG_BPF_JIT"
    case types = "CONFIG_DEBUG_INFO_BTF"
    case moduleTypes = "CONFIG_DEBUG_INFO_BTF_MODULES"
    case lsm = "CONFIG_BPF_LSM"
    case events = "CONFIG_BPF_EVENTS"
    case cgroup = "CONFIG_CGROUP_BPF"
    case net = "CONFIG_NET"
    case inet = "CONFIG_INET"
    case xdpSockets = "CONFIG_XDP_SOCKETS"
    case streamParser = "CONFIG_BPF_STREAM_PARSER"
    case netfilter = "CONFIG_NETFILTER_BPF_LINK"
    case lirc = "CONFIG_BPF_LIRC_MODE2"
    case lightweightTunnels = "CONFIG_LWTUNNEL_BPF"
    case functionTracer = "CONFIG_FUNCTION_TRACER"
    case directCalls = "CONFIG_DYNAMIC_FTRACE_WITH_DIRECT_CALLS"
    case errorInjection = "CONFIG_BPF_KPROBE_OVERRIDE"
    case schedulerExtension = "CONFIG_SCHED_CLASS_EXT"
    case humanInterfaceDevices = "CONFIG_HID_BPF"
    case conntrack = "CONFIG_NF_CONNTRACK"
    case networkTranslation = "CONFIG_NF_NAT"
    case flowTable = "CONFIG_NF_FLOW_TABLE"
    case keys = "CONFIG_KEYS"
    case signatures = "CONFIG_SYSTEM_DATA_VERIFICATION"
    case verity = "CONFIG_FS_VERITY"
    case cryptography = "CONFIG_CRYPTO"
    case transformation = "CONFIG_XFRM"
    case transformationInterface = "CONFIG_XFRM_INTERFACE"
    case fooOverUDP = "CONFIG_NET_FOU"
    case queueDisciplines = "CONFIG_NET_SCH_BPF"
    case sharedBuffers = "CONFIG_DMA_SHARED_BUFFER"
}
