// SPDX-License-Identifier: Apache-2.0

import ChildProcess
import Foundation
import SystemPackage

/// The emulator's executable. It is another one as soon as its file is: asking it for its version would take half as long
/// as restoring a guest.
struct EmulatorFile: Sendable, Hashable {
    /// Path, inode, size and time of change.
    let identity: String

    /// - Throws: `MachineFailure` where there is none.
    init(_ name: String) throws(MachineFailure) {
        guard let path = Command.find(name) else {
            throw MachineFailure(.notStarted("\(CommandError.notFound(name: name))"))
        }
        var status = stat()
        guard stat(path.string, &status) == 0 else {
            throw MachineFailure(.notStarted("cannot look at \(path): \(String(cString: strerror(errno)))"))
        }
        let changed = "\(status.st_mtim.tv_sec).\(status.st_mtim.tv_nsec)"
        identity = [path.string, "\(status.st_ino)", "\(status.st_size)", changed].joined(separator: " ")
    }
}
