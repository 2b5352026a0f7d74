// SPDX-License-Identifier: Apache-2.0

import ContentDigest
import KernelStore
import Results
import VirtualMachine

/// What guests are made of: kernels out of the store, and the agent and bpftool that every guest has.
public struct GuestSupply: Sendable {
    public let store: KernelStore
    public let tools: GuestTools
    private let isPlain: Bool

    /// - Parameter isPlain: guests are started as QEMU and the kernels come, to compare with.
    public init(store: KernelStore, tools: GuestTools, isPlain: Bool = false) {
        self.store = store
        self.tools = tools
        self.isPlain = isPlain
    }

    public var templates: TemplateStore { TemplateStore(root: store.templates) }

    /// - Parameters:
    ///   - memory: MiB.
    ///   - disk: an image that the guest has besides.
    ///   - folders: of the host's, that the guest sees besides.
    public func machine(
        for kernel: Kernel,
        _ accelerator: Accelerator,
        memory: Int = MachineConfiguration.usualMemory,
        disk: GuestDisk? = nil,
        folders: [SharedFolder] = []
    ) -> MachineConfiguration {
        let external = kernel.isBTFExternal ? kernel.btf : nil
        let image = isPlain ? kernel.image : kernel.bootImage
        return MachineConfiguration(
            kernel: BootKernel(
                name: kernel.name,
                image: store.path(of: image),
                digest: image.sha256,
                architecture: kernel.architecture
            ),
            initramfs: GuestInitramfs(
                tools: tools,
                modules: store.guestModules(kernel.modules),
                imageModules: disk == nil ? [] : store.guestModules(kernel.imageModules ?? []),
                configuration: store.guestConfiguration(of: kernel),
                typeInformation: external.map { .init(path: store.path(of: $0), digest: $0.digest) }
            ),
            accelerator: accelerator,
            memory: memory,
            isPlain: isPlain,
            disk: disk,
            folders: folders
        )
    }

    /// What a choice comes to on this machine; `auto` may have to try a guest of `kernel`.
    ///
    /// - Throws: as `AcceleratorProbe.decide`.
    public func accelerator(_ choice: AcceleratorChoice, trial kernel: Kernel) async throws -> AcceleratorDecision {
        try await AcceleratorProbe(memory: store.acceleratorMemory).decide(choice, trial: machine(for: kernel, .tcg))
    }

    /// Boots and saves a guest of this kernel, and finds out what the kernel has for BPF, unless that has been done. That the
    /// second can't be done is told and no error: guests are of use without it.
    public func prepare(
        _ kernel: Kernel,
        _ options: RunOptions,
        report: @escaping @Sendable (RunEvent) -> Void
    ) async throws {
        let decision = try await accelerator(options.accelerator, trial: kernel)
        let guests = guests(of: kernel, decision.accelerator, options) { event in
            switch event {
            case .booting: report(.working("\(kernel.version): booting, once for all later runs", fraction: nil))
            case .note(let text): report(.note("\(kernel.version): \(text)"))
            }
        }
        try await guests.makeTemplate()
        do {
            try await survey(kernel, with: guests, options, report: report)
        } catch {
            try Task.checkCancellation()
            report(.note("\(kernel.version): what it has for BPF could not be found out: \(error)"))
        }
    }

    /// Guests of this kernel. A template holds a guest that has proved itself by every loader that it has, and parsed
    /// the kernel's BTF.
    ///
    /// - Parameter memory: MiB; nil for what the options say.
    public func guests(
        of kernel: Kernel,
        _ accelerator: Accelerator,
        _ options: RunOptions,
        memory: Int? = nil,
        report: @escaping @Sendable (GuestSource.Event) -> Void
    ) -> GuestSource {
        let loader: LoaderChoice = tools.bpftool == nil ? .agent : .both
        return GuestSource(
            machine(for: kernel, accelerator, memory: memory ?? options.guestMemory),
            templates: options.isCold ? nil : templates,
            limits: StartLimits(boot: options.limits.boot, otherMaker: options.limits.boot + .seconds(60)),
            prepare: { machine in
                let limits = options.limits
                let session = try await GuestSession.proved(machine, limits, .onePass, loader, release: kernel.release)
                try await session.warmUp()
            },
            report: report
        )
    }
}

extension KernelStore {
    /// Modules as a guest's initramfs takes them.
    func guestModules(_ modules: [KernelModule]) -> [GuestInitramfs.Module] {
        modules.map { .init(name: $0.name, path: path(of: $0.blob), digest: $0.blob.digest) }
    }

    /// A kernel's configuration likewise; nil where it isn't known.
    func guestConfiguration(of kernel: Kernel) -> GuestInitramfs.Configuration? {
        kernel.config.map { .init(release: kernel.release, path: path(of: $0), digest: $0.digest) }
    }
}
