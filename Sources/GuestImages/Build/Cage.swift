// SPDX-License-Identifier: Apache-2.0

import ChildProcess
import Foundation
import SystemPackage

/// In what a build runs: as something that is root over the files of the image, and that goes as a whole.
///
/// Package managers start programs that start programs; killing the first of them is not enough. With a process
/// namespace of its own the kernel kills all of them with the first (pid_namespaces(7)). Where that is not to be had, a
/// guardian outlives the first one for as long as it takes to kill the rest.
struct Cage: Sendable, Hashable {
    enum Kind: Sendable, Hashable {
        /// A user's: root in there is the user, everybody else in there is one of the user's subordinate ids.
        case userNamespaces
        /// Root's.
        case namespaces
        /// Root's in a container that may make no namespaces.
        case guarded
    }

    let kind: Kind
    /// Of unshare(1), which starts the command.
    private let options: [String]

    static let guarded = Cage(kind: .guarded, options: [])

    private static let starter = "unshare"

    private static let probeLimit = Duration.seconds(20)
    private static let removalLimit = 300

    // --map-auto takes the first block of the user's subordinate ids (subuid(5)).
    private static let userOptions = ["--user", "--map-root-user", "--map-auto"]
    private static let options = ["--mount", "--pid", "--fork", "--kill-child=KILL"]

    /// The first that works here. What does not is known only by trying: kernels, containers and security modules refuse
    /// in many ways.
    ///
    /// - Throws: `GuestImageError.noPrivileges`, which says what is missing.
    static func find() async throws -> Cage {
        guard Command.find(starter) != nil else {
            throw GuestImageError.programMissing(name: "unshare", package: "util-linux")
        }
        let isRoot = geteuid() == 0
        let identity = isRoot ? [] : userOptions
        var complaint = ""
        // In a container /proc may be partly hidden, and then no new one may be mounted.
        for options in [options + ["--mount-proc"], options] {
            let cage = Cage(kind: isRoot ? .namespaces : .userNamespaces, options: identity + options)
            let result = try await cage.command("true", []).run(within: probeLimit)
            if result.ending.isSuccess { return cage }
            complaint = result.errorText.trimmingCharacters(in: .whitespacesAndNewlines)
        }
        if isRoot { return guarded }
        throw GuestImageError.noPrivileges(reason: try await diagnosis(complaint))
    }

    private static func diagnosis(_ complaint: String) async throws -> String {
        for name in ["newuidmap", "newgidmap"] where Command.find(name) == nil {
            return "\(name) is missing: install uidmap"
        }
        let help = try await Command(starter, ["--help"]).run(within: probeLimit).outputText
        guard help.contains("--map-auto") else {
            return "unshare knows no --map-auto: util-linux 2.38 or later is needed"
        }
        let alone = try await Command("true").behind(starter, ["--user", "--map-root-user"]).run(within: probeLimit)
        guard alone.ending.isSuccess else {
            return "this system lets users make no user namespaces (\(alone.errorText.firstLine)); see "
                + "kernel.unprivileged_userns_clone, kernel.apparmor_restrict_unprivileged_userns and "
                + "user.max_user_namespaces, or build as root"
        }
        let user = NSUserName()
        for path in ["/etc/subuid", "/etc/subgid"] where !hasEntry(for: user, in: path) {
            return "\(path) gives \(user) no subordinate ids: as root run "
                + "usermod --add-subuids 100000-165535 --add-subgids 100000-165535 \(user)"
        }
        return "namespaces can't be had: \(complaint)"
    }

    /// By name or by number (subuid(5)).
    private static func hasEntry(for user: String, in path: String) -> Bool {
        let lines = (try? String(contentsOfFile: path, encoding: .utf8))?.split(separator: "\n") ?? []
        return lines.contains { $0.hasPrefix("\(user):") || $0.hasPrefix("\(geteuid()):") }
    }

    // MARK: - Commands

    /// What all processes of a guarded build have in their environments.
    private static let mark = "BPFMATRIX_BUILD"

    /// - Parameter folder: the build's own; a guardian keeps what it needs there.
    /// - Throws: `CommandError.notFound` where there is no such program.
    func command(
        _ name: String,
        _ arguments: [String],
        in folder: FilePath? = nil
    ) throws(CommandError) -> Command {
        let command = Command(name, arguments)
        guard kind == .guarded else { return try command.behind(Self.starter, options) }
        guard let folder else { return command }
        var guarded = try command.behind("sh", ["-c", Self.guardian, "sh", folder.string])
        guarded.environment[Self.mark] = folder.string
        return guarded
    }

    /// Runs the command, and beside it a shell that waits on a pipe which only this one holds open. However this one
    /// ends, the other then kills whatever still bears the mark.
    private static let guardian = #"""
        folder=$1; shift
        rm -f "$folder/alive" && mkfifo "$folder/alive" || exit 70
        env -u BPFMATRIX_BUILD setsid sh -c '
            read -r nothing <"$1/alive"
            left=yes
            while [ -n "$left" ]; do
                left=
                for process in /proc/[0-9]*; do
                    if tr "\0" "\n" <"$process/environ" 2>/dev/null | grep -qxF "BPFMATRIX_BUILD=$1"; then
                        kill -9 "${process#/proc/}" && left=yes
                    fi
                done
            done' sh "$folder" </dev/null >/dev/null 2>&1 &
        exec 9>"$folder/alive"
        "$@" 9>&-
        exit $?
        """#

    // MARK: - The end

    /// Removes a build's folder with all that is in it, whoever it belongs to, and what still runs there before.
    ///
    /// Also of builds whose process was killed, by the same user.
    static func remove(_ folder: FilePath) {
        for process in guarded(by: folder) { kill(process, SIGKILL) }
        try? FileManager.default.removeItem(atPath: folder.string)
        guard FileManager.default.fileExists(atPath: folder.string) else { return }
        // Files of other ids, in a user's build; or one that a process had still made, which is dead by now.
        let removal = Command("rm", ["-rf", "--one-file-system", "--", folder.string])
        let command = geteuid() == 0 ? removal : try? removal.behind(starter, userOptions)
        command?.undo(within: removalLimit)
    }

    private static func guarded(by folder: FilePath) -> [pid_t] {
        guard geteuid() == 0 else { return [] }
        let entry = Array("\(mark)=\(folder)".utf8)
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return names.compactMap { pid_t($0) }.filter { process in
            guard let environment = FileManager.default.contents(atPath: "/proc/\(process)/environ") else {
                return false
            }
            return environment.split(separator: 0).contains { $0.elementsEqual(entry) }
        }
    }
}

extension String {
    fileprivate var firstLine: String { split(separator: "\n").first.map(String.init) ?? "" }
}
