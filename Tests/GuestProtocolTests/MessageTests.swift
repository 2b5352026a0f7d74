// SPDX-License-Identifier: Apache-2.0

import GuestProtocol
import LoaderContract
import Testing

@Suite struct MessageTests {
    private static let digest = [UInt8](repeating: 0xab, count: 32)

    static let hostMessages: [HostMessage] =
        [
            .load(
                LoadRequest(
                    id: 3,
                    name: "a.bpf.o",
                    digest: digest,
                    object: [1, 2, 3],
                    strategy: .perProgram,
                    skipped: ["one", ""],
                    logLimit: 99,
                    relocationLimit: 100,
                    contract: LoaderContract([
                        .maxEntries(map: "hash", 1), .anyTarget(program: "p"), .valueSize(map: "stacks", 1016),
                        .innerMaxEntries(map: "rings", 4096),
                        .innerMap(map: "outer", InnerMap(type: 27, keySize: 1, valueSize: 2, maxEntries: 4096)),
                    ])
                )
            ),
            .witness(WitnessRequest(id: 4, digest: digest, object: [])),
            .module(ModuleRequest(id: 5, module: [1, 2, 3])),
            .fault(.truncatedFrame),
            .greet(Greeting(seconds: 1_700_000_000, nanoseconds: 5, entropy: digest)),
            .warmUp,
            .imageRun(
                ImageRun(
                    id: 9,
                    device: "/dev/vda",
                    fileSystem: "ext4",
                    folders: [
                        HostFolder(tag: "a", target: "/host", transport: .virtiofs),
                        HostFolder(tag: "b", target: "/objects", transport: .plan9),
                    ],
                    arguments: ["/bin/sh", "-c", ""],
                    environment: ["PATH=/bin"]
                )
            ),
            .powerOff,
        ] + SurveySubject.allCases.map(HostMessage.survey)

    static let guestMessages: [GuestMessage] = [
        .ready(Ready(release: "6.1.0", libbpfVersion: "1.7.0", clockSource: "tsc", seconds: 1_700_000_001)),
        .started(ProgramStarted(request: 1, program: "trace_open")),
        .program(
            ProgramReport(
                request: 1,
                program: "trace_open",
                section: "kprobe/f",
                type: 2,
                stage: .kernel,
                errno: 13,
                log: Array("R0 !read_ok".utf8),
                isLogCut: true,
                warnings: "libbpf: …",
                target: "file_open"
            )
        ),
        .map(MapReport(request: 1, map: "events", index: 2, type: 27, maxEntries: 0, errno: 22, warnings: "")),
        .relocations(RelocationReport(request: 1, text: Array("libbpf: …".utf8), isCut: true)),
        .object(ObjectReport(request: 1, stage: .notLoaded, errno: 3, warnings: "w", taint: 512)),
        .witness(WitnessReport(request: 4, status: -1000, output: [0xff], taint: 512)),
        .module(ModuleReport(request: 7, errno: 8)),
        .warm(WarmReport(btfErrno: 2)),
        .surveyPart(SurveyPart(subject: .symbols, bytes: Array("ffffffff81000000 T _text\n".utf8))),
        .types(TypeReport(subject: .mapTypes, present: [1, 2], absent: [30], notProbed: [99])),
        .helpers(
            HelperReport(
                programType: 26,
                attachType: 24,
                isSleepable: true,
                obstacle: "",
                present: [1, 2, 3],
                notProbed: [4],
                last: 211
            )
        ),
        .helpers(
            HelperReport(
                programType: 27,
                attachType: 0,
                isSleepable: false,
                obstacle: "its helpers are its target's",
                present: [],
                notProbed: [],
                last: 0
            )
        ),
        .surveyEnd(SurveyEnd(subject: .configuration, errno: 2)),
        .surveyEnd(SurveyEnd(subject: .symbols, isCut: true)),
        .imageOutput(ImageOutput(request: 9, stream: .errors, bytes: [0, 255])),
        .imageReport(ImageReport(request: 9, stage: .notPrepared, status: 19, message: "mount it", taint: 1 << 9)),
        .complaint("what?"),
    ]

    @Test("a message of the host arrives as it was sent", arguments: hostMessages)
    func host(message: HostMessage) throws {
        #expect(try HostMessage(message.frame) == message)
    }

    @Test("a message of the guest arrives as it was sent", arguments: guestMessages)
    func guest(message: GuestMessage) throws {
        #expect(try GuestMessage(message.frame) == message)
    }

    @Test("a message that ends too early or goes on too long is malformed", arguments: guestMessages)
    func malformed(message: GuestMessage) {
        let frame = message.frame
        for length in 0..<frame.payload.count {
            let cut = Frame(kind: frame.kind, payload: Array(frame.payload.prefix(length)))
            #expect(throws: ProtocolError.self) { try GuestMessage(cut) }
        }
        #expect(throws: ProtocolError.self) { try GuestMessage(Frame(kind: frame.kind, payload: frame.payload + [0])) }
    }

    @Test("values that a field cannot have are malformed")
    func impossibleValues() {
        #expect(throws: ProtocolError.self) { try HostMessage(Frame(kind: 3, payload: [99])) }
        #expect(throws: ProtocolError.self) { try HostMessage(Frame(kind: 7, payload: [0])) }
        // A count of numbers that the message has no room for.
        #expect(throws: ProtocolError.self) {
            try GuestMessage(Frame(kind: 110, payload: [33, 0xff, 0xff, 0xff, 0xff, 1, 0, 0, 0]))
        }
        // A setting of no kind that there is, and more settings than there are.
        for settings: [UInt8] in [[1, 0, 0, 0, 9], [0xff, 0xff, 0xff, 0xff]] {
            let fields = [UInt8](repeating: 0, count: 12)
            #expect(throws: ProtocolError.self) {
                try HostMessage(Frame(kind: 1, payload: fields + [LoadStrategy.onePass.rawValue] + fields + settings))
            }
        }
        #expect(throws: ProtocolError.unknownMessage(77)) { try HostMessage(Frame(kind: 77, payload: [])) }
    }
}
