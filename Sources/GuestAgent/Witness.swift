// SPDX-License-Identifier: Apache-2.0

import CGuest
import Glibc
import GuestProtocol

/// The second witness: the host's own bpftool, run on the same bytes.
enum Witness {
    private static let bpftool = "/usr/sbin/bpftool"
    private static let objectPath = "/tmp/witness.bpf.o"
    private static let pinFolder = GuestSystem.bpfFileSystem + "/witness"
    private static let outputPath = "/tmp/witness.txt"
    /// bpftool prints a rejected program's whole log; the agent has it too, so the tail is enough.
    private static let outputLimit = 256 << 10
    /// `WitnessReport.status` where bpftool did not run.
    private static let notStarted: Int32 = -1000

    static func testify(_ request: WitnessRequest) -> WitnessReport {
        func report(_ status: Int32, _ output: [UInt8]) -> WitnessReport {
            WitnessReport(request: request.id, status: status, output: output, taint: GuestSystem.taint)
        }
        guard Digest.of(request.object) == request.digest else {
            return report(notStarted, Array("the bytes that arrived are not the ones that were announced".utf8))
        }
        if let reason = writeFile(objectPath, request.object) {
            return report(notStarted, Array("cannot write \(objectPath): \(reason)".utf8))
        }
        GuestSystem.freshBPFFileSystem()
        defer {
            GuestSystem.freshBPFFileSystem()
            unlink(objectPath)
            unlink(outputPath)
        }
        switch run([bpftool, "prog", "loadall", objectPath, pinFolder]) {
        case .ended(let status): return report(status, tail(outputPath))
        case .failed(let error):
            return report(notStarted, Array("cannot run \(bpftool): \(String(cString: strerror(error)))".utf8))
        }
    }

    private enum Ending {
        /// Exit status, or the negative number of the signal.
        case ended(Int32)
        /// errno of what kept it from starting.
        case failed(Int32)
    }

    private static func run(_ arguments: [String]) -> Ending {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 1, outputPath, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        posix_spawn_file_actions_adddup2(&actions, 1, 2)

        var pointers: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) }
        pointers.append(nil)
        defer { for pointer in pointers { free(pointer) } }
        var environment: [UnsafeMutablePointer<CChar>?] = [nil]
        var process: pid_t = 0
        let error = posix_spawn(&process, bpftool, &actions, nil, &pointers, &environment)
        guard error == 0 else { return .failed(error) }
        return GuestSystem.ending(of: process).map(Ending.ended) ?? .failed(errno)
    }

    /// nil, or why not.
    private static func writeFile(_ path: String, _ bytes: [UInt8]) -> String? {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { return String(cString: strerror(errno)) }
        defer { close(descriptor) }
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes { raw in
                write(descriptor, raw.baseAddress.map { $0 + written }, raw.count - written)
            }
            guard count > 0 else { return String(cString: strerror(errno)) }
            written += count
        }
        return nil
    }

    private static func tail(_ path: String) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return [] }
        defer { close(descriptor) }
        let size = lseek(descriptor, 0, SEEK_END)
        lseek(descriptor, max(0, size - outputLimit), SEEK_SET)
        var output: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = read(descriptor, &buffer, buffer.count)
            guard count > 0 else { return output }
            output.append(contentsOf: buffer[..<count])
        }
    }
}

/// SHA-256, as the host announces it.
enum Digest {
    static func of(_ bytes: [UInt8]) -> [UInt8] {
        var digest = [UInt8](repeating: 0, count: 32)
        bytes.withUnsafeBytes { guest_sha256($0.baseAddress, $0.count, &digest) }
        return digest
    }
}
