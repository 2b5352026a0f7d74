// SPDX-License-Identifier: Apache-2.0

import Platform
import SystemPackage

/// How a guest comes to run.
enum MachineStart: Sendable, Hashable {
    /// Its kernel is booted, with memory that goes with it.
    case boot
    /// Its kernel is booted with its memory in a file, so that it can be saved.
    case bootInto(memory: FilePath)
    /// It goes on where a saved one was stopped; the template's files are not changed.
    case restore(Template)

    var usesMonitor: Bool { self != .boot }

    var isRestore: Bool {
        guard case .restore = self else { return false }
        return true
    }
}

extension MachineConfiguration {
    /// The agent finds its port by this name.
    static let portName = "bpfmatrix.agent"

    private var machineType: String {
        switch (kernel.architecture, accelerator) {
        case (.amd64, _): "q35"
        // Under KVM the interrupt controller can only be the host's.
        case (.arm64, .kvm): "virt,gic-version=host"
        case (.arm64, .tcg): "virt"
        }
    }

    /// What the guest's hardware is, in QEMU's words: what a saved guest can be restored on.
    var hardware: [String] {
        [
            // Nothing that the agent does not use: no disk, no network, no display.
            "-nodefaults", "-no-user-config", "-display", "none",
            "-cpu", isPlain ? "max" : accelerator.processor(of: kernel.architecture), "-smp", "1", "-m", "\(memory)M",
            "-accel",
            accelerator.argument,
            "-device", "virtio-serial-pci",
            // A panic restarts the guest, and a restart ends QEMU.
            "-no-reboot",
        ]
    }

    /// QEMU's arguments, with the machine's own files in `directory`.
    func arguments(_ start: MachineStart, in directory: MachineDirectory) -> [String] {
        let common =
            hardware + [
                "-sandbox", "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny",
                "-chardev", "file,id=console,path=\(directory.console.option)", "-serial", "chardev:console",
                "-chardev", "socket,id=agent,path=\(directory.socket.option),server=off",
                "-device", "virtserialport,chardev=agent,name=\(Self.portName)",
            ]
        let monitor =
            start.usesMonitor
            ? [
                "-chardev", "socket,id=monitor,path=\(directory.monitor.option),server=off",
                "-mon", "chardev=monitor,mode=control",
            ] : []
        let kernel = [
            "-kernel", self.kernel.image.string, "-initrd", directory.initramfs.string, "-append", kernelCommandLine,
        ]
        let extras =
            (disk?.arguments ?? [])
            + folders.flatMap { $0.arguments(socket: directory.socket(of: $0)) }
        switch start {
        case .boot: return common + bootMemory + extras + kernel
        case .bootInto(let file): return common + monitor + memory(in: file, isShared: true) + kernel
        case .restore(let template):
            return common + monitor + memory(in: template.memory, isShared: false) + ["-incoming", "defer"]
        }
    }

    /// What it takes to restore a template with nothing around it, for benchmarks: QEMU is spoken to on its standard
    /// input. It has the same devices, connected to nobody.
    package func bareRestoreArguments(_ template: Template) -> [String] {
        hardware + [
            "-chardev", "null,id=console", "-serial", "chardev:console", "-chardev", "null,id=agent",
            "-device", "virtserialport,chardev=agent,name=\(Self.portName)", "-monitor", "stdio",
        ] + memory(in: template.memory, isShared: false) + ["-incoming", "defer"]
    }

    /// Who serves a folder reads the requests in the guest's own memory.
    private var bootMemory: [String] {
        guard folders.contains(where: { $0.transport == .virtiofs }) else { return ["-M", machineType] }
        return [
            "-object", "memory-backend-memfd,id=memory,size=\(memory)M,share=on",
            "-M", "\(machineType),memory-backend=memory",
        ]
    }

    /// Unshared, the guest sees the file and writes to pages of its own.
    private func memory(in file: FilePath, isShared: Bool) -> [String] {
        let share = isShared ? "on" : "off"
        return [
            "-object", "memory-backend-file,id=memory,size=\(memory)M,mem-path=\(file.option),share=\(share)",
            "-M", "\(machineType),memory-backend=memory",
        ]
    }
}

extension FilePath {
    /// As a value among a QEMU option's others, where a comma is written twice.
    var option: String { string.replacing(",", with: ",,") }
}

extension Accelerator {
    /// Emulated, the string instructions are done a byte at a time: without these two features the kernel clears and copies
    /// eight bytes at a time, which a run over many objects is a fifth faster for. The verifier looks at neither.
    ///
    /// On arm64 the kernel signs its return addresses, for which QEMU's default takes five times as long as all else
    /// together: its own way of signing takes next to nothing. The atomic instructions, without which old kernels refuse
    /// atomic operations that fetch, are there.
    fileprivate func processor(of architecture: Architecture) -> String {
        switch (self, architecture) {
        case (.kvm, _): "max"
        case (.tcg, .amd64): "max,erms=off,fsrm=off"
        case (.tcg, .arm64): "max,pauth-impdef=on"
        }
    }

    /// The translator keeps what it has translated; by default up to a quarter of the host's memory.
    fileprivate var argument: String {
        switch self {
        case .kvm: rawValue
        case .tcg: "\(rawValue),tb-size=64"
        }
    }
}
