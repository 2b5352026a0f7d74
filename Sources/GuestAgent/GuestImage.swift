// SPDX-License-Identifier: Apache-2.0

import CGuest
import Glibc
import GuestProtocol

/// An image as the root of a program, with the agent still PID 1 around it.
enum GuestImage {
    /// Where the host puts the modules that it takes, named so that their order is the order to load them in.
    private static let moduleFolder = "/image-modules"
    private static let root = "/image"

    /// What a program finds in any root: the guest's own, below the image.
    private static let bound = [
        "/proc", "/sys", "/dev", GuestSystem.bpfFileSystem, "/sys/kernel/tracing", "/sys/fs/cgroup",
    ]
    /// What is the program's alone, and empty.
    private static let scratch = ["/tmp", "/run"]

    /// Why the image can't be entered.
    private struct Obstacle: Error {
        let doing: String
        let errno: Int32
    }

    static func run(_ run: ImageRun, _ port: HostPort) throws(AgentError) {
        func report(_ stage: ImageReport.Stage, _ status: Int32, _ message: String) throws(AgentError) {
            let taint = GuestSystem.taint
            try port.send(
                .imageReport(
                    ImageReport(request: run.id, stage: stage, status: status, message: message, taint: taint)
                )
            )
        }
        do throws(Obstacle) {
            try prepare(run)
        } catch {
            return try report(.notPrepared, error.errno, error.doing)
        }
        var output: [Int32] = [-1, -1]
        var errors: [Int32] = [-1, -1]
        guard guest_pipe(&output) == 0, guest_pipe(&errors) == 0 else {
            return try report(.notStarted, errno, "make a pipe")
        }
        var process: pid_t = 0
        let error = start(run, output: output[1], errors: errors[1], &process)
        close(output[1])
        close(errors[1])
        defer {
            close(output[0])
            close(errors[0])
        }
        guard error == 0 else { return try report(.notStarted, error, "run \(run.arguments.first ?? "") in the image") }
        try relay([(.output, output[0]), (.errors, errors[0])], of: run, port)
        guard let status = GuestSystem.ending(of: process) else {
            return try report(.notStarted, errno, "wait for the program")
        }
        try report(.ended, status, "")
    }

    private static func prepare(_ run: ImageRun) throws(Obstacle) {
        for name in GuestSystem.names(in: moduleFolder) {
            let error = guest_load_module("\(moduleFolder)/\(name)")
            guard error == 0 || error == EEXIST else { throw Obstacle(doing: "load \(name)", errno: error) }
        }
        mkdir(root, 0o755)
        var error = guest_mount(run.device, root, run.fileSystem, nil)
        guard error == 0 else { throw Obstacle(doing: "mount \(run.device) as \(run.fileSystem)", errno: error) }
        for path in bound {
            // What this kernel does not have is not in the image either.
            guard !GuestSystem.names(in: path).isEmpty || path == GuestSystem.bpfFileSystem else { continue }
            mkdir(root + path, 0o755)
            error = guest_bind(path, root + path)
            guard error == 0 else { throw Obstacle(doing: "mount \(path) in the image", errno: error) }
        }
        for path in scratch {
            mkdir(root + path, 0o755)
            error = guest_mount("tmpfs", root + path, "tmpfs", nil)
            guard error == 0 else { throw Obstacle(doing: "mount \(path) in the image", errno: error) }
        }
        for folder in run.folders {
            mkdir(root + folder.target, 0o755)
            error = mount(folder)
            guard error == 0 else {
                throw Obstacle(doing: "mount the host's folder \(folder.tag) at \(folder.target)", errno: error)
            }
        }
    }

    private static func mount(_ folder: HostFolder) -> Int32 {
        switch folder.transport {
        case .virtiofs: guest_mount_read_only(folder.tag, root + folder.target, "virtiofs", nil)
        // Half a megabyte at once is the most that all kernels take.
        case .plan9:
            guest_mount_read_only(
                folder.tag,
                root + folder.target,
                "9p",
                "trans=virtio,version=9p2000.L,msize=524288"
            )
        }
    }

    private static func start(_ run: ImageRun, output: Int32, errors: Int32, _ process: inout pid_t) -> Int32 {
        var arguments: [UnsafeMutablePointer<CChar>?] = run.arguments.map { strdup($0) } + [nil]
        var environment: [UnsafeMutablePointer<CChar>?] = run.environment.map { strdup($0) } + [nil]
        defer { for pointer in arguments + environment { free(pointer) } }
        guard !run.arguments.isEmpty else { return EINVAL }
        return guest_start_in(root, &arguments, &environment, output, errors, &process)
    }

    /// Hands on what comes, until both ends have been closed: by the program, and by all that it has started.
    private static func relay(
        _ streams: [(ImageOutput.Stream, Int32)],
        of run: ImageRun,
        _ port: HostPort
    ) throws(AgentError) {
        var open = streams
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        while !open.isEmpty {
            var waiting = open.map { pollfd(fd: $0.1, events: Int16(POLLIN), revents: 0) }
            guard poll(&waiting, nfds_t(waiting.count), -1) > 0 else { continue }
            for (entry, (stream, descriptor)) in zip(waiting, open) where entry.revents != 0 {
                let count = read(descriptor, &buffer, buffer.count)
                if count > 0 {
                    let output = ImageOutput(request: run.id, stream: stream, bytes: Array(buffer[..<count]))
                    try port.send(.imageOutput(output))
                } else if count == 0 || errno != EINTR {
                    open.removeAll { $0.1 == descriptor }
                }
            }
        }
    }
}
