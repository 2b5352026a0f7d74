// SPDX-License-Identifier: Apache-2.0

import ChildProcess
import Foundation
import SystemPackage

/// virtiofsd: the process that hands a folder to a guest. QEMU connects to it when it starts.
///
/// It needs no root: it runs in namespaces of its own, where the folder is mounted read-only, so that nothing that a guest
/// says can change it.
struct FolderServer: Sendable {
    let folder: SharedFolder
    let socket: FilePath

    private static let longestLife = Duration.seconds(24 * 3600)
    private static let startLimit = Duration.seconds(10)

    /// The one that came with QEMU until 7.2, and the one that has a package of its own since (Debian, Ubuntu, Fedora).
    fileprivate enum Program {
        case ofQEMU(FilePath)
        case separate(FilePath)

        static func find() -> Program? {
            if let path = Command.find("/usr/libexec/virtiofsd") ?? Command.find("virtiofsd") { return .separate(path) }
            return Command.find("/usr/lib/qemu/virtiofsd").map { .ofQEMU($0) }
        }

        var path: FilePath {
            switch self {
            case .ofQEMU(let path), .separate(let path): path
            }
        }

        /// - Parameter socket: a name in the folder that it is started in.
        func arguments(_ socket: String) -> [String] {
            switch self {
            case .ofQEMU(let path):
                // Commas in a path can't be escaped here: hence the one that is always the same.
                [
                    path.string, "--socket-path=\(socket)", "-o",
                    "source=\(FolderServer.place),sandbox=chroot,cache=auto",
                ]
            case .separate(let path):
                [
                    path.string, "--socket-path=\(socket)", "--shared-dir=\(FolderServer.place)", "--sandbox=chroot",
                    "--cache=auto",
                ]
            }
        }
    }

    /// Where the folder is in the server's namespace, whatever it is called outside (hier(7): for mounting something for a
    /// while).
    fileprivate static let place = "/mnt"

    /// First the folder is taken and the socket's folder entered: what is mounted afterwards may lie over both. Its own process
    /// identifier goes below /run, where only root may write. Mounts of the host that are locked in a user namespace keep
    /// what they are mounted with, hence the second try.
    private static let script = """
        cd -- "$2" && mount --bind -- "$1" \(place) &&
        { mount -o remount,bind,ro,nosuid,nodev \(place) || mount -o remount,bind,ro,nosuid,nodev,noexec \(place); } &&
        mount -t tmpfs run /run && shift 2 && exec "$@"
        """

    /// Serves until the task is cancelled, or until it ends by itself, as it does after QEMU: what that means where QEMU has
    /// not ended.
    func run() async throws -> MachineFailure {
        guard let program = Program.find() else {
            throw MachineFailure(.notStarted("virtiofsd is not installed: apt-get install virtiofsd"), isAtStart: true)
        }
        // As root there is no need of a user namespace, and in a container perhaps none to be had.
        let users = geteuid() == 0 ? [] : ["--user", "--map-root-user", "--map-auto"]
        let places = [folder.path.string, socket.removingLastComponent().string]
        let server = program.arguments(socket.lastComponent?.string ?? socket.string)
        let result = try await Command("sh", ["-c", Self.script, "serve"] + places + server)
            .behind("unshare", users + ["--mount"])
            .run(within: Self.longestLife)
        return MachineFailure(
            .notStarted(
                "virtiofsd for \(folder.path) ended (\(result.ending)): \(result.errorText). Without root it needs user "
                    + "namespaces, newuidmap (apt-get install uidmap), and a line for this user in /etc/subuid and /etc/subgid; "
                    + "as root in a container, CAP_SYS_ADMIN"
            ),
            isAtStart: true
        )
    }

    /// Waits for it to listen: QEMU tries to connect only once. There is nothing to be told by when the socket appears, so it
    /// is looked for.
    func wait() async throws {
        let deadline = ContinuousClock.now + Self.startLimit
        while !FileManager.default.fileExists(atPath: socket.string) {
            guard ContinuousClock.now < deadline else {
                throw MachineFailure(.notStarted("virtiofsd for \(folder.path) does not listen"), isAtStart: true)
            }
            try await Task.sleep(for: .milliseconds(5))
        }
    }
}

extension SharedFolder {
    /// The program that hands folders to guests by virtiofs on this machine; nil where there is none.
    public static var server: FilePath? { FolderServer.Program.find()?.path }
}
