// SPDX-License-Identifier: Apache-2.0

import SystemPackage

/// A guest as a value: everything that decides what QEMU is told.
public struct MachineConfiguration: Sendable, Hashable {
    /// bzImage or an uncompressed ELF kernel.
    public var kernelImage: FilePath
    public var initramfs: FilePath
    public var accelerator: Accelerator
    /// MiB. Enough for the agent, bpftool, a verifier log of 64 MiB on both sides of a copy, and an object's maps.
    public var memory: Int
    /// Added to the kernel's command line, after everything else.
    public var extraKernelArguments: [String]
    public var processor: HostProcessor
    /// The emulator, looked up on PATH unless it is a path.
    public var qemu: String

    public init(
        kernelImage: FilePath,
        initramfs: FilePath,
        accelerator: Accelerator,
        memory: Int = 512,
        extraKernelArguments: [String] = [],
        processor: HostProcessor = .current,
        qemu: String = "qemu-system-x86_64"
    ) {
        self.kernelImage = kernelImage
        self.initramfs = initramfs
        self.accelerator = accelerator
        self.memory = memory
        self.extraKernelArguments = extraKernelArguments
        self.processor = processor
        self.qemu = qemu
    }

    /// The agent finds its port by this name.
    static let portName = "bpfmatrix.agent"

    /// QEMU's arguments, with the machine's own files in `directory`.
    func arguments(in directory: MachineDirectory) -> [String] {
        let devices = [
            // Nothing that the agent does not use: no disk, no network, no display.
            ["-nodefaults", "-no-user-config", "-display", "none"],
            ["-M", "q35", "-cpu", "max", "-smp", "1", "-m", "\(memory)M", "-accel", accelerator.rawValue],
            ["-sandbox", "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny"],
            // A panic restarts the guest, and a restart ends QEMU.
            ["-no-reboot"],
            ["-chardev", "file,id=console,path=\(directory.console)", "-serial", "chardev:console"],
            ["-device", "virtio-serial-pci"],
            ["-chardev", "socket,id=agent,path=\(directory.socket),server=off"],
            ["-device", "virtserialport,chardev=agent,name=\(Self.portName)"],
            ["-kernel", kernelImage.string, "-initrd", initramfs.string, "-append", kernelCommandLine],
        ]
        return devices.flatMap { $0 }
    }

    /// docs/performance.md has the measurements behind these. Mitigations stay as the kernel has them: what the verifier
    /// accepts may depend on them.
    public var kernelCommandLine: String {
        let always = [
            "console=ttyS0", "loglevel=4",
            // An oops ends the guest as a panic does: a verdict from a damaged kernel is none.
            "oops=panic", "panic=-1",
            "random.trust_cpu=on", "nokaslr", "rcupdate.rcu_expedited=1", "cryptomgr.notests", "noreplace-smp",
            "8250.nr_uarts=1",
        ]
        return (always + clock + extraKernelArguments).joined(separator: " ")
    }

    /// Under emulation, calibrating clocks against devices is slow and now and then fails. Told its frequency, the guest
    /// needs neither that nor ACPI; without one, it is left to find out by itself.
    private var clock: [String] {
        guard accelerator == .tcg, let kiloHertz = processor.kiloHertz else { return [] }
        return ["acpi=off", "no_timer_check", "tsc=reliable", "lpj=4000000", "tsc_early_khz=\(kiloHertz)"]
    }
}
