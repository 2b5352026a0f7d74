// SPDX-License-Identifier: Apache-2.0

import GuestProtocol
import KernelStore
import Results
import SystemPackage
import VirtualMachine

extension MatrixRun {
    /// Has an image's loader go through the objects on every kernel, as many kernels at once as there are lanes.
    ///
    /// - Returns: for each examination that there is, what the image said.
    func askImage(
        _ image: ImageUnderTest,
        _ examinations: [KernelExamination],
        report: @escaping @Sendable (RunEvent) -> Void
    ) async throws -> [[WitnessStatement]] {
        try await supply.store.withTemporaryFolder { path in
            let folder: ObjectFolder
            do {
                folder = try ObjectFolder(objects, in: path)
            } catch {
                // What the others have said stands.
                let reason = "the objects can't be written for the image: \(error)"
                return examinations.map { examination in
                    objects.map { object in
                        WitnessStatement(
                            object: object.name,
                            kernel: examination.subject.spec,
                            loader: "image:\(image.disk.name)",
                            verdict: .infrastructure,
                            output: reason
                        )
                    }
                }
            }
            return try await options.inLanes(examinations) { examination in
                try await ask(image, examination, folder, report: report)
            }
        }
    }

    private func ask(
        _ image: ImageUnderTest,
        _ examination: KernelExamination,
        _ folder: ObjectFolder,
        report: @escaping @Sendable (RunEvent) -> Void
    ) async throws -> [WitnessStatement] {
        let subject = examination.subject
        let asked = ScriptExamination(
            of: subject.spec,
            folder: folder,
            progress: await examination.progress,
            limits: options.limits.on(subject.guests.configuration.accelerator),
            loaders: await examination.loaders,
            logs: logs,
            isIsolating: options.isIsolating,
            report: report
        )
        let unnamed = "image:\(image.disk.name)"
        // A kernel that could not be booted at all is not booted again.
        if let failure = await examination.failure { return await asked.giveUp(because: failure, by: unnamed) }
        let ways: [[(shared: SharedFolder, seen: HostFolder)]]
        do {
            let transports = try subject.kernel.transports(try supply.store.configuration(of: subject.kernel))
            ways = transports.map { image.folders(objects: folder.path, by: $0) }
        } catch {
            report(.note("\(subject.spec): \(error)"))
            return await asked.giveUp(because: "\(error)", by: unnamed)
        }
        report(.booting(kernel: subject.spec, isToBeSaved: false))
        let machines = ways.map { folders in
            let machine = supply.machine(
                for: subject.kernel,
                subject.guests.configuration.accelerator,
                disk: image.disk,
                folders: folders.map(\.shared)
            )
            return ImageMachine(machine: machine, folders: folders.map(\.seen))
        }
        return try await asked.run(ImageGuest(image: image, machines: machines, release: subject.kernel.release))
    }
}
