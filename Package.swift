// swift-tools-version: 6.2
// SPDX-License-Identifier: Apache-2.0

import PackageDescription

let strict: [SwiftSetting] = [.treatAllWarnings(as: .error)]

let system = Target.Dependency.product(name: "SystemPackage", package: "swift-system")
let subprocess = Target.Dependency.product(name: "Subprocess", package: "swift-subprocess")
let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let nio: [Target.Dependency] = [
    .product(name: "NIOCore", package: "swift-nio"),
    .product(name: "NIOPosix", package: "swift-nio"),
]

/// The loader's entry points that the agent stands in front of: see Sources/CGuest/libbpf_hooks.c.
let wrappedLoaderFunctions = ["bpf_prog_load", "btf__load_vmlinux_btf", "btf__free"]

let package = Package(
    name: "bpfmatrix",
    platforms: [.macOS(.v15)],
    products: [
        .executable(name: "bpfmatrix", targets: ["bpfmatrix"]),
        .executable(name: "bpfmatrix-guest", targets: ["bpfmatrix-guest"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.2"),
    ],
    targets: [
        // Pure rooms: bytes and values in, values out.
        .target(name: "ByteReader", swiftSettings: strict),
        .target(name: "ELF", dependencies: ["ByteReader"], swiftSettings: strict),
        .target(name: "BTF", dependencies: ["ByteReader"], swiftSettings: strict),
        .target(name: "Instruction", dependencies: ["ByteReader"], swiftSettings: strict),
        .target(name: "CORE", dependencies: ["BTF", "ByteReader", "Instruction"], swiftSettings: strict),
        .target(name: "BPFObject", dependencies: ["BTF", "ByteReader", "ELF", "Instruction"], swiftSettings: strict),
        .target(name: "VerifierLog", dependencies: ["BPFObject"], swiftSettings: strict),
        .target(name: "KernelProfile", dependencies: ["BTF", "ByteReader", "ELF"], swiftSettings: strict),
        .target(
            name: "ModuleNeeds",
            dependencies: ["BPFObject", "BTF", "CORE", "KernelProfile"],
            swiftSettings: strict
        ),
        .target(
            name: "CompatibilityCheck",
            dependencies: [
                "Assumptions", "BPFObject", "BTF", "ByteReader", "CORE", "ELF", "Instruction", "KernelProfile",
                "LoaderContract", "Results", "VerifierLog",
            ],
            swiftSettings: strict
        ),
        .target(name: "LoaderContract", swiftSettings: strict),
        .target(
            name: "Assumptions",
            dependencies: ["BPFObject", "Instruction", "LoaderContract"],
            swiftSettings: strict
        ),
        .target(name: "GuestProtocol", dependencies: ["ByteReader", "LoaderContract"], swiftSettings: strict),
        .target(name: "Platform", swiftSettings: strict),
        .target(name: "Inspection", dependencies: ["BPFObject", "BTF", "CORE"], swiftSettings: strict),
        .target(name: "Results", dependencies: ["VerifierLog"], swiftSettings: strict),
        .target(
            name: "Reports",
            dependencies: ["BPFObject", "Inspection", "Results", "VerifierLog"],
            swiftSettings: strict
        ),

        // Rooms with effects.
        .target(name: "FileLock", dependencies: [system], swiftSettings: strict),
        .target(name: "FileWatch", dependencies: ["ByteReader", system], swiftSettings: strict),
        .target(name: "HostResources", swiftSettings: strict),
        .target(name: "ScratchFolder", dependencies: [system], swiftSettings: strict),
        .target(name: "ContentDigest", dependencies: [crypto, system], swiftSettings: strict),
        .target(name: "LogStore", dependencies: ["ContentDigest", system], swiftSettings: strict),
        .target(name: "ChildProcess", dependencies: [subprocess, system], swiftSettings: strict),
        .target(
            name: "Compiler",
            dependencies: ["BTF", "ChildProcess", "ContentDigest", "FileWatch", "ScratchFolder", system],
            swiftSettings: strict
        ),
        .target(
            name: "Download",
            dependencies: [
                "ContentDigest", "FileLock", system,
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "NIOCore", package: "swift-nio"),
            ],
            swiftSettings: strict
        ),
        .target(
            name: "OCIRegistry",
            dependencies: ["ByteReader", "ChildProcess", "ContentDigest", "Download", system],
            swiftSettings: strict
        ),
        .target(
            name: "KernelStore",
            dependencies: [
                "BTF", "ByteReader", "ChildProcess", "ContentDigest", "Download", "ELF", "FileLock", "KernelProfile",
                "OCIRegistry",
                "Platform", "ScratchFolder", system, "Yams",
            ],
            swiftSettings: strict
        ),
        .target(
            name: "GuestImages",
            dependencies: ["ChildProcess", "ContentDigest", "FileLock", "ScratchFolder", system],
            swiftSettings: strict
        ),
        .target(
            name: "VirtualMachine",
            dependencies: [
                "ChildProcess", "ContentDigest", "FileLock", "GuestProtocol", "Platform", "ScratchFolder", system,
            ] + nio,
            swiftSettings: strict
        ),
        .target(
            name: "VerdictCache",
            dependencies: [system, .product(name: "GRDB", package: "GRDB.swift")],
            swiftSettings: strict
        ),
        .target(
            name: "Matrix",
            dependencies: [
                "Assumptions", "BPFObject", "BTF", "CompatibilityCheck", "CORE", "ContentDigest", "GuestProtocol",
                "HostResources", "Instruction", "KernelProfile", "KernelStore", "LoaderContract", "LogStore",
                "ModuleNeeds", "Platform", "Results", "VerdictCache", "VerifierLog", "VirtualMachine", system,
            ],
            // What guests without the agent run; the second is a link to scripts/.
            resources: [.embedInCode("Foreign/foreign-init.sh"), .embedInCode("Foreign/test-bpf-in-vm.sh")],
            swiftSettings: strict
        ),
        .executableTarget(
            name: "bpfmatrix",
            dependencies: [
                "BPFObject", "ChildProcess", "Compiler", "FileLock", "FileWatch", "GuestImages", "HostResources",
                "Inspection",
                "ContentDigest", "KernelProfile", "KernelStore", "LogStore", "Matrix",
                "Platform",
                "Reports", "Results", "VerdictCache", "VerifierLog", "VirtualMachine", system,
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: strict
        ),

        .executableTarget(
            name: "bpfmatrix-bench",
            dependencies: [
                "ChildProcess", "Compiler", "GuestProtocol", "KernelStore", "Matrix", "Results", "ScratchFolder",
                "VerifierLog", "VirtualMachine", system,
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: strict
        ),

        .executableTarget(
            name: "bpfmatrix-accuracy",
            dependencies: [
                "KernelStore", "Matrix", "Reports", "Results", "VirtualMachine", system,
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: strict
        ),

        // The guest: static, without Foundation.
        .systemLibrary(name: "CLibbpf", pkgConfig: "libbpf"),
        .target(
            name: "CGuest",
            dependencies: ["CLibbpf"],
            linkerSettings: [.linkedLibrary("elf"), .linkedLibrary("z"), .linkedLibrary("zstd")]
        ),
        .target(
            name: "GuestAgent",
            dependencies: ["CGuest", "GuestProtocol", "LoaderContract"],
            swiftSettings: strict,
            linkerSettings: [.unsafeFlags(wrappedLoaderFunctions.flatMap { ["-Xlinker", "--wrap=\($0)"] })]
        ),
        .executableTarget(
            name: "bpfmatrix-guest",
            dependencies: ["GuestAgent"],
            swiftSettings: strict,
            linkerSettings: [.unsafeFlags(["-static-executable"])]
        ),

        // What tests share: real kernels, and objects that are compiled on the spot.
        .target(
            name: "TestKernels",
            dependencies: ["Compiler", "KernelStore", "Matrix", "Results", "VerifierLog", "VirtualMachine", system],
            path: "Tests/TestKernels",
            swiftSettings: strict
        ),
        // What kernels that there are not have said of themselves.
        .target(
            name: "TestProfiles",
            dependencies: ["KernelProfile"],
            path: "Tests/TestProfiles",
            swiftSettings: strict
        ),
        // Servers on loopback for the length of a test.
        .target(
            name: "TestServers",
            dependencies: ["KernelStore", "ChildProcess", "ContentDigest", "TestKernels", system],
            path: "Tests/TestServers",
            swiftSettings: strict
        ),
        // Type information that is put together by hand.
        .target(name: "TestBTF", dependencies: ["BTF", "ByteReader"], path: "Tests/TestBTF", swiftSettings: strict),
        .testTarget(name: "ByteReaderTests", dependencies: ["ByteReader"]),
        .testTarget(name: "BTFTests", dependencies: ["BTF", "ByteReader", "TestBTF"]),
        .testTarget(
            name: "ModuleNeedsTests",
            dependencies: ["BPFObject", "BTF", "KernelProfile", "ModuleNeeds", "TestBTF", "TestObjects"]
        ),
        .testTarget(name: "CORETests", dependencies: ["BTF", "ByteReader", "CORE", "Instruction", "TestBTF"]),
        // Objects that clang makes of a few lines.
        .target(
            name: "TestObjects",
            dependencies: ["BPFObject"],
            path: "Tests/TestObjects",
            swiftSettings: strict
        ),
        .testTarget(name: "BPFObjectTests", dependencies: ["BPFObject", "ELF", "Instruction", "TestObjects"]),
        .testTarget(
            name: "InspectionTests",
            dependencies: ["BPFObject", "Inspection", "Reports", "TestObjects"]
        ),
        .testTarget(
            name: "KernelProfileTests",
            dependencies: ["BTF", "ELF", "KernelProfile", "TestBTF", "TestObjects", "TestProfiles"]
        ),
        .testTarget(
            name: "CompatibilityCheckTests",
            dependencies: [
                "BPFObject", "BTF", "CompatibilityCheck", "Instruction", "KernelProfile", "Results", "TestBTF",
                "TestKernels", "TestObjects", "TestProfiles", "VerifierLog",
            ]
        ),
        .testTarget(
            name: "AssumptionsTests",
            dependencies: ["Assumptions", "BPFObject", "LoaderContract", "TestObjects"]
        ),
        .testTarget(name: "GuestProtocolTests", dependencies: ["GuestProtocol", "LoaderContract"]),
        .testTarget(name: "VerifierLogTests", dependencies: ["VerifierLog"], exclude: ["Messages"]),
        .testTarget(name: "ReportsTests", dependencies: ["Reports", "Results", "VerifierLog"]),
        .testTarget(name: "LogStoreTests", dependencies: ["ContentDigest", "LogStore", "TestKernels", system]),
        .testTarget(
            name: "VerdictCacheTests",
            dependencies: ["TestKernels", "VerdictCache", system, .product(name: "GRDB", package: "GRDB.swift")]
        ),
        .testTarget(name: "VirtualMachineTests", dependencies: ["GuestProtocol", "VirtualMachine", system]),
        .testTarget(name: "ChildProcessTests", dependencies: ["ChildProcess", "TestKernels", system]),
        .testTarget(name: "ContentDigestTests", dependencies: ["ContentDigest", "TestKernels", system]),
        .testTarget(name: "FileLockTests", dependencies: ["ChildProcess", "FileLock", "TestKernels", system]),
        .testTarget(name: "FileWatchTests", dependencies: ["FileWatch", "TestKernels", system]),
        .testTarget(
            name: "DownloadTests",
            dependencies: ["ContentDigest", "Download", "TestKernels", "TestServers", system]
        ),
        .testTarget(
            name: "OCIRegistryTests",
            dependencies: [
                "ChildProcess", "ContentDigest", "Download", "OCIRegistry", "TestKernels", "TestServers", system,
            ]
        ),
        .testTarget(name: "HostResourcesTests", dependencies: ["HostResources"]),
        .testTarget(
            name: "ScratchFolderTests",
            dependencies: ["ChildProcess", "ScratchFolder", "TestKernels", system]
        ),
        .testTarget(
            name: "CompilerTests",
            dependencies: ["BTF", "Compiler", "ELF", "KernelStore", "TestBTF", "TestKernels", "VirtualMachine", system]
        ),
        .testTarget(
            name: "GuestImagesTests",
            dependencies: ["ChildProcess", "ContentDigest", "GuestImages", "KernelStore", "TestKernels", system]
        ),
        .testTarget(
            name: "KernelStoreTests",
            dependencies: [
                "BTF", "ChildProcess", "ContentDigest", "FileLock", "KernelProfile", "KernelStore", "Matrix",
                "OCIRegistry", "Platform", "TestKernels", "TestObjects", "TestProfiles", "TestServers", system,
            ]
        ),
        .testTarget(
            name: "MatrixTests",
            dependencies: [
                "BPFObject", "ContentDigest", "GuestProtocol", "HostResources", "KernelProfile", "KernelStore",
                "LoaderContract", "LogStore",
                "Matrix", "Results", "TestKernels", "VerdictCache", "VerifierLog", "VirtualMachine", system,
            ]
        ),
        .testTarget(
            name: "CommandTests",
            dependencies: [
                "BPFObject", "ChildProcess", "Compiler", "ContentDigest", "FileLock", "Inspection", "KernelStore",
                "LogStore", "Reports", "Results",
                "TestKernels",
                "TestObjects", "TestServers", "VerifierLog",
                "bpfmatrix", system,
            ]
        ),
        .testTarget(
            name: "KernelTests",
            dependencies: [
                "BPFObject", "BTF", "ByteReader", "CORE", "ChildProcess", "Compiler", "ContentDigest", "ELF",
                "GuestImages",
                "Instruction",
                "GuestProtocol", "KernelProfile", "KernelStore", "Matrix",
                "Platform", "Results", "TestKernels", "TestServers", "VerdictCache", "VerifierLog", "VirtualMachine",
                system,
            ]
        ),
    ]
)
