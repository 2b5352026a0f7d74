// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import VirtualMachine

@Suite struct MachineConfigurationTests {
    private static func machine(_ accelerator: Accelerator, kiloHertz: Int?) -> MachineConfiguration {
        MachineConfiguration(
            kernel: BootKernel(name: "k", image: "/k/vmlinuz", digest: "0"),
            initramfs: GuestInitramfs(files: []),
            accelerator: accelerator,
            extraKernelArguments: ["lsm=bpf"],
            processor: HostProcessor(model: "some", kiloHertz: kiloHertz)
        )
    }

    @Test("an emulated guest is told its clock, so that it need not calibrate")
    func emulatedClock() {
        let line = Self.machine(.tcg, kiloHertz: 2_900_000).kernelCommandLine
        #expect(line.contains("tsc_early_khz=2900000"))
        #expect(line.contains("acpi=off"))
        #expect(line.hasSuffix(" lsm=bpf"))
    }

    @Test("a guest whose clock is not known, or that has the real one, finds it out by itself")
    func ownClock() {
        for machine in [Self.machine(.tcg, kiloHertz: nil), Self.machine(.kvm, kiloHertz: 2_900_000)] {
            #expect(!machine.kernelCommandLine.contains("tsc"))
            #expect(!machine.kernelCommandLine.contains("acpi"))
        }
    }

    @Test("only an emulated processor lacks what is slow to emulate")
    func processorFeatures() {
        #expect(Self.machine(.tcg, kiloHertz: 1).hardware.contains("max,erms=off,fsrm=off"))
        #expect(Self.machine(.kvm, kiloHertz: 1).hardware.contains("max"))
    }

    @Test("an arm64 guest has its own emulator and console, and nothing that only x86 understands")
    func arm64() async throws {
        try await MachineDirectory.with { directory in
            var kernel = BootKernel(name: "k", image: "/k/Image", digest: "0")
            kernel.architecture = .arm64
            let machine = MachineConfiguration(
                kernel: kernel,
                initramfs: GuestInitramfs(files: []),
                accelerator: .tcg,
                processor: HostProcessor(model: "some", kiloHertz: 2_900_000)
            )
            #expect(machine.qemu == "qemu-system-aarch64")
            let line = machine.kernelCommandLine
            #expect(line.contains("console=ttyAMA0") && line.contains("oops=panic"))
            for word in ["ttyS0", "tsc", "acpi", "pci=", "lpj", "8250", "noreplace-smp"] {
                #expect(!line.contains(word), "\(line)")
            }
            let arguments = machine.arguments(.boot, in: directory)
            #expect(arguments.contains("virt") && arguments.contains("max,pauth-impdef=on"))
            #expect(!arguments.contains { $0.contains("erms") || $0.contains("q35") })
        }
    }

    @Test("no machine touches the kernel's mitigations, and every oops ends it")
    func commandLine() {
        let line = Self.machine(.tcg, kiloHertz: 1).kernelCommandLine
        #expect(!line.contains("mitigations"))
        #expect(line.contains("oops=panic"))
        #expect(line.contains("panic=-1"))
    }

    @Test("a guest has no network and no disk, and QEMU its sandbox")
    func isolation() async throws {
        try await MachineDirectory.with { directory in
            for start in [MachineStart.boot, .bootInto(memory: "/t/memory")] {
                let arguments = Self.machine(.tcg, kiloHertz: 1).arguments(start, in: directory)
                #expect(arguments.contains("-nodefaults"))
                #expect(!arguments.contains { $0.contains("netdev") || $0.contains("drive") || $0.contains("fsdev") })
                #expect(arguments.contains { $0.contains("spawn=deny") })
            }
        }
    }

    @Test("a comma in a path is no end of it to QEMU")
    func commas() {
        let directory = MachineDirectory(path: "/t/a,b")
        let arguments = Self.machine(.tcg, kiloHertz: 1).arguments(.bootInto(memory: "/m,n/memory"), in: directory)
        for path in ["/t/a,,b/agent,server", "/t/a,,b/qmp,server", "/t/a,,b/console", "/m,,n/memory,share"] {
            #expect(arguments.contains { $0.contains(path) }, "\(path)")
        }
    }

    @Test("on the processor itself, another processor is another guest; emulated, it is not")
    func otherProcessor() throws {
        func identity(_ accelerator: Accelerator, flags: String) throws -> GuestIdentity {
            var machine = Self.machine(accelerator, kiloHertz: nil)
            machine.qemu = "/bin/sh"
            machine.processor = HostProcessor(
                cpuInfo: "model\t\t: 85\nmodel name\t: Some CPU\nflags\t\t: \(flags)\n"
            )
            return try GuestIdentity(machine)
        }
        #expect(try identity(.kvm, flags: "avx") != identity(.kvm, flags: "avx ibrs"))
        #expect(try identity(.kvm, flags: "avx") == identity(.kvm, flags: "avx"))
        #expect(try identity(.tcg, flags: "avx") == identity(.tcg, flags: "avx ibrs"))
    }

    @Test("a machine's folder is private, short enough for a socket, and gone afterwards")
    func directory() async throws {
        let path = try await MachineDirectory.with { directory in
            #expect(directory.socket.string.utf8.count < 108)
            return directory.path.string
        }
        #expect(throws: (any Error).self) { try FileManager.default.attributesOfItem(atPath: path) }
    }

    @Test("the processor is read from what Linux prints, and its absence is borne")
    func processor() {
        let hardware = "processor\t: 0\nmodel name\t: Some CPU @ 2.90GHz\ncpu MHz\t\t: 800.123\nflags\t\t: fpu tsc\n"
        let virtual = "model name\t: Other CPU\ncpu MHz\t\t: 2596.142\nflags\t\t: fpu tsc hypervisor\n"
        let unsure = "model name\t: Other CPU\ncpu MHz\t\t: 800.123\nflags\t\t: fpu tsc\n"
        let expected: [(String, String, Int?)] = [
            (hardware, "Some CPU @ 2.90GHz", 2_900_000), (virtual, "Other CPU", 2_596_000), (unsure, "Other CPU", nil),
            ("", "unknown", nil),
        ]
        for (text, model, kiloHertz) in expected {
            let processor = HostProcessor(cpuInfo: text)
            #expect(processor.model == model && processor.kiloHertz == kiloHertz, "\(processor)")
        }
    }
}
