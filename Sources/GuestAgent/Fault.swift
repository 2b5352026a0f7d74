// SPDX-License-Identifier: Apache-2.0

import CGuest
import Glibc
import GuestProtocol

extension Fault {
    /// Does to this guest what the host asked for; see `Fault`.
    func happen(_ port: HostPort) throws(AgentError) {
        let reply = GuestMessage.complaint("a frame that is about to be spoilt").frame.encoded()
        switch self {
        case .panic:
            try write("c", to: "/proc/sysrq-trigger")
        case .warning:
            // TAINT_WARN; what is written is added to what is there (Documentation/admin-guide/sysctl/kernel.rst).
            try write("512", to: "/proc/sys/kernel/tainted")
        case .noTypes:
            let error = guest_mount("tmpfs", "/sys/kernel/btf", "tmpfs", nil)
            guard error == 0 else { throw .mountFailed(target: "/sys/kernel/btf", errno: error) }
        case .hang:
            while true { pause() }
        case .exit:
            Glibc.exit(0)
        case .corruptFrame:
            var spoilt = reply
            spoilt[spoilt.count - 1] ^= 1
            try port.send(bytes: spoilt)
        case .truncatedFrame:
            try port.send(bytes: Array(reply.prefix(reply.count - 3)))
            throw .portFailed(operation: "finish a frame for", errno: EPIPE)
        }
    }

    private func write(_ word: String, to path: String) throws(AgentError) {
        let descriptor = open(path, O_WRONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .portFailed(operation: "open \(path) for", errno: errno) }
        _ = Glibc.write(descriptor, word, word.utf8.count)
        close(descriptor)
    }
}
