// SPDX-License-Identifier: Apache-2.0

import ChildProcess
import Foundation
import KernelProfile
import SystemPackage

/// That a kernel was surveyed, and which blobs hold what came of it.
///
/// Its file has the image's digest for its name: kernels with the same image share it, whatever they are called.
struct ProfileRecord: Codable, Hashable {
    /// `KernelProfile.form` of what the blob holds.
    let form: UInt32
    /// SHA-256 of the kernel's image.
    let image: String
    /// The profile, compressed by zstd.
    let profile: Blob
    /// The BTF of the running kernel: the very blob of the kernel's record, unless the kernel says otherwise. nil where it has
    /// none.
    let btf: Blob?
    let surveyed: Date

    var blobs: [Blob] { [profile] + [btf].compactMap { $0 } }
}

extension KernelStore {
    private var profiles: FilePath { root.appending("profiles") }
    private static let packLimit = Duration.seconds(120)
    private static let configurationLimit = 4 << 20

    /// What the kernel is for BPF, as a guest has told it.
    ///
    /// - Returns: nil where that has not been found out yet, or by an older version that asked for less.
    /// - Throws: `KernelStoreError` where what was kept can't be read, or is not what was kept.
    public func profile(of kernel: Kernel) async throws -> KernelProfile? {
        guard let record = profileRecord(of: kernel), record.form == KernelProfile.form else { return nil }
        let path = blobs.path(of: record.profile)
        guard blobs.isSound(record.profile) else {
            throw KernelStoreError.damagedProfile(kernel: kernel.name, reason: "\(path) is not what was written")
        }
        let result = try await Self.run("zstd", ["-dc", path.string])
        guard result.ending.isSuccess else {
            throw KernelStoreError.damagedProfile(kernel: kernel.name, reason: result.errorText)
        }
        var read: KernelProfile
        var configuration: Blob?
        do throws(KernelProfile.Refusal) {
            let profile = try KernelProfile(result.output)
            // The file that came with the kernel is looked at anew each time: it is not the image's, and may be another's.
            if profile.configuration == nil, let config = kernel.config {
                configuration = config
            }
            read = profile
        } catch {
            throw KernelStoreError.damagedProfile(kernel: kernel.name, reason: "\(error)")
        }
        read.modules = try await moduleIndex(of: kernel)
        guard let configuration else { return read }
        let file = blobs.path(of: configuration)
        guard blobs.isSound(configuration) else {
            // Half of one would say of what it lacks that it is off.
            throw KernelStoreError.damaged(path: file.string, reason: "it is not the configuration that was kept")
        }
        var profile = read
        profile.configuration = KernelConfiguration(try BlobStore.read(file))
        return profile
    }

    /// Keeps what a running kernel has said of itself, in the place of what it said before.
    @discardableResult
    public func keepProfile(of kernel: Kernel, from account: KernelAccount) async throws -> KernelProfile {
        let profile = KernelProfile(account, configuration: try await unpackedConfiguration(account))
        let bytes = try profile.encoded()
        try await scratch.with { folder in
            let plain = folder.appending("profile")
            let packed = folder.appending("profile.zst")
            try Data(bytes).write(to: URL(filePath: plain.string))
            let result = try await Self.run("zstd", ["-q", "-19", plain.string, "-o", packed.string])
            guard result.ending.isSuccess else { throw KernelStoreError.toolFailed(result.errorText) }
            let compressed = try BlobStore.read(packed)
            try await whileUnchanged {
                let there = try kernels()
                // Removed while it was surveyed: nothing would ever remove its profile.
                guard there.contains(where: { $0.digest == kernel.digest }) else {
                    throw KernelStoreError.notInStore(name: kernel.name, there: there.map(\.name))
                }
                let record = ProfileRecord(
                    form: KernelProfile.form,
                    image: kernel.digest,
                    profile: try blobs.replace(compressed),
                    btf: try account.typeInformation.map { bytes throws(KernelStoreError) in try blobs.add(bytes) },
                    surveyed: Date(timeIntervalSince1970: Date().timeIntervalSince1970.rounded(.down))
                )
                try write(record)
                keepOnlyWhatIsNeeded(by: there)
            }
        }
        return profile
    }

    /// The blob that holds the kernel's profile, and when it was made; nil where there is none.
    public func profileKept(of kernel: Kernel) -> (blob: Blob, surveyed: Date)? {
        profileRecord(of: kernel).map { ($0.profile, $0.surveyed) }
    }

    /// Removes blobs and profiles that none of these kernels has. Called under the store's lock.
    func keepOnlyWhatIsNeeded(by kernels: [Kernel]) {
        var needed = Set(kernels.flatMap(\.blobs))
        let names = Set(kernels.map { "\($0.digest).json" })
        for name in (try? FileManager.default.contentsOfDirectory(atPath: profiles.string)) ?? []
        where !names.contains(name) {
            unlink(profiles.appending(name).string)
        }
        for kernel in kernels { needed.formUnion(profileRecord(of: kernel)?.blobs ?? []) }
        blobs.keepOnly(needed)
    }

    func profilePath(of kernel: Kernel) -> FilePath { profiles.appending("\(kernel.digest).json") }

    func profileRecord(of kernel: Kernel) -> ProfileRecord? {
        let path = profilePath(of: kernel)
        let decoder = JSONDecoder()
        decoder.dateDecodingStrategy = .iso8601
        // A record that can't be read is one that is not there: the kernel is surveyed anew.
        let there = FileManager.default.contents(atPath: path.string)
        guard let data = there ?? hold.path(of: path).flatMap({ FileManager.default.contents(atPath: $0.string) }),
            let record = try? decoder.decode(ProfileRecord.self, from: data), record.image == kernel.digest
        else { return nil }
        return record
    }

    private func write(_ record: ProfileRecord) throws(KernelStoreError) {
        let path = profiles.appending("\(record.image).json")
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        encoder.dateEncodingStrategy = .iso8601
        do {
            try FileManager.default.createDirectory(
                atPath: profiles.string,
                withIntermediateDirectories: true,
                attributes: [.posixPermissions: 0o700]
            )
            try encoder.encode(record).write(to: URL(filePath: path.string), options: .atomic)
        } catch {
            throw .storage(path: path.string, reason: error.localizedDescription)
        }
    }

    private func unpackedConfiguration(_ account: KernelAccount) async throws -> KernelConfiguration? {
        guard let packed = account.packedConfiguration else { return nil }
        return try await scratch.with { folder in
            let file = folder.appending("config.gz")
            try Data(packed).write(to: URL(filePath: file.string))
            let result = try await Self.run("gzip", ["-dc", file.string], outputLimit: Self.configurationLimit)
            guard result.ending.isSuccess else { throw KernelStoreError.toolFailed(result.errorText) }
            return KernelConfiguration(result.output)
        }
    }

    private static func run(
        _ tool: String,
        _ arguments: [String],
        outputLimit: Int = 64 << 20
    ) async throws -> CommandResult {
        do {
            return try await Command(tool, arguments).run(within: packLimit, outputLimit: outputLimit)
        } catch let error as CommandError {
            throw KernelStoreError.toolFailed("\(error)")
        }
    }
}
