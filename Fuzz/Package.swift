// swift-tools-version: 6.2
// SPDX-License-Identifier: Apache-2.0

import PackageDescription

// The rooms that read bytes which nobody vouches for, built so that libFuzzer sees which way each input takes. A package of
// its own, since such a build is of no use for anything else; the rooms are links to those of the product. gold, which
// Swift links with on Linux, gives up on what these builds contain; lld does not.

let instrumented: [SwiftSetting] = [.unsafeFlags(["-sanitize=fuzzer"])]

func room(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: instrumented)
}

let package = Package(
    name: "bpfmatrix-fuzz",
    platforms: [.macOS(.v15)],
    targets: [
        room("ByteReader"),
        room("ELF", ["ByteReader"]),
        room("BTF", ["ByteReader"]),
        room("Instruction", ["ByteReader"]),
        room("CORE", ["BTF", "ByteReader", "Instruction"]),
        room("BPFObject", ["BTF", "ByteReader", "ELF", "Instruction"]),
        room("VerifierLog", ["BPFObject"]),
        room("KernelProfile", ["BTF", "ByteReader", "ELF"]),
        room("LoaderContract"),
        room("Assumptions", ["BPFObject", "Instruction", "LoaderContract"]),
        room("GuestProtocol", ["ByteReader", "LoaderContract"]),
        room("Inspection", ["BPFObject", "BTF", "CORE"]),
        room("Results", ["VerifierLog"]),
        room(
            "CompatibilityCheck",
            [
                "Assumptions", "BPFObject", "BTF", "CORE", "ELF", "Instruction", "KernelProfile", "LoaderContract",
                "Results", "VerifierLog",
            ]
        ),
        room("Reports", ["BPFObject", "Inspection", "Results", "VerifierLog"]),
        // What the first inputs are made from.
        .target(name: "TestObjects", dependencies: ["BPFObject"]),
        .target(name: "TestProfiles", dependencies: ["KernelProfile"]),
        .target(name: "CFuzzer"),
        .executableTarget(
            name: "bpfmatrix-fuzz",
            dependencies: [
                "BPFObject", "BTF", "ByteReader", "CFuzzer", "CompatibilityCheck", "CORE", "ELF", "GuestProtocol",
                "Inspection", "KernelProfile", "Reports", "TestObjects", "TestProfiles", "VerifierLog",
            ],
            swiftSettings: instrumented,
            linkerSettings: [.unsafeFlags(["-sanitize=fuzzer", "-use-ld=lld"])]
        ),
    ]
)
