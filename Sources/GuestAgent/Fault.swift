// SPDX-License-Identifier: Apache-2.0

import Glibc
import GuestProtocol

extension Fault {
    /// Does to this guest what the host asked for; see `Fault`.
    func happen(_ port: HostPort) throws(AgentError) {
        let reply = GuestMessage.complaint("a frame that is about to be spoilt").frame.encoded()
        switch self {
        case .panic:
            let trigger = open("/proc/sysrq-trigger", O_WRONLY | O_CLOEXEC)
            guard trigger >= 0 else { throw .portFailed(operation: "panic for", errno: errno) }
            _ = write(trigger, "c", 1)
            close(trigger)
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
}
