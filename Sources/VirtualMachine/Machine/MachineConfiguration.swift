// SPDX-License-Identifier: Apache-2.0

import ContentDigest
import Platform
import SystemPackage

/// A kernel that QEMU can boot.
public struct BootKernel: Sendable, Hashable {
    /// As the store names it; for people.
    public var name: String
    /// bzImage, an uncompressed ELF kernel, or arm64's Image.
    public var image: FilePath
    /// SHA-256 of the image, hexadecimal.
    public var digest: String
    public var architecture: Architecture

    public init(name: String, image: FilePath, digest: String, architecture: Architecture = .host) {
        self.architecture = architecture
        self.name = name
        self.image = image
        self.digest = digest
    }

    /// Reads the whole image: what is booted is what its digest says, or is not booted.
    func verify() throws(MachineFailure) {
        guard let found = ContentDigest(ofFile: image) else {
            throw MachineFailure(.notStarted("cannot read the kernel \(name): \(image)"), isAtStart: true)
        }
        guard found.hexadecimal == digest else {
            let advice = "remove it (bpfmatrix kernels remove \(name)) and take it in again"
            throw MachineFailure(.notStarted("the kernel \(name) is damaged: \(image); \(advice)"), isAtStart: true)
        }
    }
}

/// A guest as a value: everything that decides what runs in it.
public struct MachineConfiguration: Sendable, Hashable {
    public var kernel: BootKernel
    public var initramfs: GuestInitramfs
    public var accelerator: Accelerator
    /// MiB. Enough for the agent, bpftool, a verifier log of 64 MiB on both sides of a copy, and an object's maps.
    public var memory: Int
    /// Added to the kernel's command line, after everything else.
    public var extraKernelArguments: [String]
    public var processor: HostProcessor
    /// Without anything that only makes guests faster: what they say must be the same.
    public var isPlain: Bool
    /// The emulator, looked up on PATH unless it is a path; the kernel's architecture says which.
    public var qemu: String
    /// A guest with a disk or with folders of the host's can't be saved: it is booted each time.
    public var disk: GuestDisk?
    public var folders: [SharedFolder]

    public static let usualEmulator = Architecture.host.emulator
    /// MiB.
    public static let usualMemory = 512

    public init(
        kernel: BootKernel,
        initramfs: GuestInitramfs,
        accelerator: Accelerator,
        memory: Int = Self.usualMemory,
        extraKernelArguments: [String] = [],
        processor: HostProcessor = .current,
        isPlain: Bool = false,
        qemu: String? = nil,
        disk: GuestDisk? = nil,
        folders: [SharedFolder] = []
    ) {
        self.kernel = kernel
        self.initramfs = initramfs
        self.accelerator = accelerator
        self.memory = memory
        self.extraKernelArguments = extraKernelArguments
        self.processor = processor
        self.isPlain = isPlain
        self.qemu = qemu ?? kernel.architecture.emulator
        self.disk = disk
        self.folders = folders
    }

    /// docs/performance.md has the measurements behind these. Mitigations stay as the kernel has them: what the verifier
    /// accepts may depend on them.
    public var kernelCommandLine: String {
        let always = [
            "console=\(console)", "loglevel=4",
            // An oops ends the guest as a panic does: a verdict from a damaged kernel is none.
            "oops=panic", "panic=-1",
        ]
        return (always + (isPlain ? [] : quick + quickOnX86 + clock) + extraKernelArguments).joined(separator: " ")
    }

    /// The first serial port: a 8250, or the PL011 of QEMU's `virt`.
    private var console: String {
        switch kernel.architecture {
        case .amd64: "ttyS0"
        case .arm64: "ttyAMA0"
        }
    }

    private var quick: [String] {
        ["random.trust_cpu=on", "nokaslr", "rcupdate.rcu_expedited=1", "cryptomgr.notests"]
    }

    private var quickOnX86: [String] {
        kernel.architecture == .amd64 ? ["noreplace-smp", "8250.nr_uarts=1"] : []
    }

    /// Under emulation, calibrating clocks against devices is slow and now and then fails. Told its frequency, the guest
    /// needs neither that nor ACPI; without one, it is left to find out by itself. Without ACPI there is no controller that
    /// message-signalled interrupts could go to, and 5.10 and 6.1 warn when a driver asks for some.
    private var clock: [String] {
        guard kernel.architecture == .amd64, accelerator == .tcg, let kiloHertz = processor.kiloHertz else { return [] }
        return ["acpi=off", "pci=nomsi", "no_timer_check", "tsc=reliable", "lpj=4000000", "tsc_early_khz=\(kiloHertz)"]
    }
}
