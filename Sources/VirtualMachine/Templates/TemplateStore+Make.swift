// SPDX-License-Identifier: Apache-2.0

import ContentDigest
import FileLock
import Foundation
import ScratchFolder
import SystemPackage

extension TemplateStore {
    /// The template for such a guest, made by booting one where there is none.
    ///
    /// - Parameters:
    ///   - prepare: brings the booted guest to where every restored one starts; what it throws is thrown.
    ///   - booting: called where one must be made.
    /// - Throws: `MachineFailure` where no guest can be booted, `TemplateFailure` where one can't be saved.
    func template(
        for configuration: MachineConfiguration,
        limits: StartLimits,
        prepare: @escaping @Sendable (RunningMachine) async throws -> Void,
        booting: @Sendable () -> Void
    ) async throws -> Template {
        let key = try GuestIdentity(configuration)
        if let known = template(key) { return known }
        do {
            try FileManager.default.createDirectory(
                atPath: root.string,
                withIntermediateDirectories: true,
                attributes: [.posixPermissions: 0o700]
            )
            let purpose = "the saved guest of \(configuration.kernel.name)"
            return try await FileLock.with(lock(key), for: purpose, within: limits.otherMaker) {
                // Somebody else may have made it meanwhile.
                if let known = template(key) { return known }
                booting()
                return try await make(key, configuration, bootLimit: limits.boot, prepare: prepare)
            }
        } catch let error as FileLockError {
            throw TemplateFailure(description: "\(error)")
        } catch let error as ScratchFolderError {
            throw TemplateFailure(description: "\(error)")
        } catch let error as CocoaError {
            throw TemplateFailure(description: "cannot write to \(root): \(error.localizedDescription)")
        } catch let error as Errno {
            throw TemplateFailure(description: "cannot write to \(root): \(error)")
        }
    }

    private func make(
        _ key: GuestIdentity,
        _ configuration: MachineConfiguration,
        bootLimit: Duration,
        prepare: @escaping @Sendable (RunningMachine) async throws -> Void
    ) async throws -> Template {
        collect()
        try checkRoom(for: configuration)
        return try await scratch.with { scratch in
            let folder = scratch.appending("template")
            try FileManager.default.createDirectory(atPath: folder.string, withIntermediateDirectories: false)
            let memory = folder.appending(Template.memoryName)
            let state = folder.appending(Template.stateName)
            let bootSeconds = try await withVirtualMachine(
                configuration,
                start: .bootInto(memory: memory),
                limit: bootLimit
            ) { machine in
                try checkClock(of: machine)
                try await prepare(machine)
                try await machine.save(to: state)
                return machine.startDuration / .seconds(1)
            }
            let description = Template.Description(
                kernel: configuration.kernel.name,
                memoryBytes: Template.size(of: memory) ?? 0,
                stateDigest: ContentDigest(ofFile: state)?.hexadecimal ?? "",
                bootSeconds: bootSeconds
            )
            let descriptionFile = folder.appending(Template.descriptionName)
            try JSONEncoder().encode(description).write(to: URL(filePath: descriptionFile.string))
            // What the description promises must be on the disk before the name is.
            for file in [memory, state, descriptionFile] { try Self.sync(file) }
            // A folder that is no template any more is in the way.
            try? FileManager.default.removeItem(atPath: self.folder(key).string)
            guard rename(folder.string, self.folder(key).string) == 0 else { throw Errno(rawValue: errno) }
            guard let template = Template(in: self.folder(key)) else {
                throw TemplateFailure(description: "\(self.folder(key)) is not what was written")
            }
            return template
        }
    }

    /// A guest that has given up its time stamp counter keeps time in steps of four milliseconds, and every guest that is
    /// restored from it would too. arm64's counter can't be given up.
    private func checkClock(of machine: RunningMachine) throws(TemplateFailure) {
        let clock = machine.ready.clockSource
        guard clock.hasPrefix("tsc") || ["kvm-clock", "arch_sys_counter"].contains(clock) else {
            throw TemplateFailure(description: "the guest's clock source is \(clock)")
        }
    }

    /// A disk that fills up while a guest's memory is in a file on it kills QEMU without a word.
    private func checkRoom(for configuration: MachineConfiguration) throws(TemplateFailure) {
        let attributes = try? FileManager.default.attributesOfFileSystem(forPath: root.string)
        guard let free = (attributes?[.systemFreeSize] as? NSNumber)?.intValue else { return }
        let needed = configuration.memory << 20
        guard free > needed else {
            throw TemplateFailure(
                description: "\(free >> 20) MB are free at \(root), and a saved guest may take \(needed >> 20) MB"
            )
        }
    }

    private static func sync(_ file: FilePath) throws {
        let descriptor = try FileDescriptor.open(file, .readOnly, options: .closeOnExec)
        try descriptor.closeAfter {
            guard fsync(descriptor.rawValue) == 0 else { throw Errno(rawValue: errno) }
        }
    }
}
