// SPDX-License-Identifier: Apache-2.0

import CGuest
import Glibc
import GuestProtocol

/// The agent: PID 1 of a guest. It prepares the machine, answers the host's messages one after the other, and restarts
/// the machine when the host is gone or says so; a VM that was told not to restart ends then.
public struct Agent {
    public init() {}

    /// Never returns: PID 1 must not.
    public func run() -> Never {
        guest_link_early_mounts()
        do throws(AgentError) {
            try GuestSystem.prepare()
            let port = try HostPort.open()
            try serve(port)
        } catch {
            Console.say("\(error)")
        }
        _ = guest_restart()
        // The kernel panics when PID 1 exits, which the host sees.
        exit(1)
    }

    private func serve(_ port: HostPort) throws(AgentError) {
        var objects = ObjectLoader(port: port)
        var survey = Survey(port: port)
        while let message = try port.receive() {
            switch message {
            case .greet(let greeting):
                GuestSystem.refresh(greeting)
                try port.send(.ready(GuestSystem.introduction()))
            case .warmUp: try port.send(.warm(WarmReport(btfErrno: guest_parse_kernel_btf())))
            case .load(let request): try objects.load(request)
            case .witness(let request): try port.send(.witness(Witness.testify(request)))
            case .module(let request):
                let errno = guest_insert_module(request.module, request.module.count)
                try port.send(.module(ModuleReport(request: request.id, errno: errno)))
            case .survey(let subject): try survey.answer(subject)
            case .fault(let fault): try fault.happen(port)
            case .imageRun(let run): try GuestImage.run(run, port)
            case .powerOff: return
            }
        }
    }
}

/// What keeps the agent from answering at all; said on the console, since there is nobody else to say it to.
enum AgentError: Error, CustomStringConvertible {
    case mountFailed(target: String, errno: Int32)
    case moduleFailed(path: String, errno: Int32)
    /// No virtio port has the name that the host gave to its channel.
    case noPort(name: String)
    case portFailed(operation: String, errno: Int32)
    case notUnderstood(ProtocolError)

    var description: String {
        switch self {
        case .mountFailed(let target, let errno): "cannot mount \(target): \(message(errno))"
        case .moduleFailed(let path, let errno): "cannot load \(path): \(message(errno))"
        case .noPort(let name): "no virtio port is named \(name)"
        case .portFailed(let operation, let errno): "cannot \(operation) the host's port: \(message(errno))"
        case .notUnderstood(let error): "the host's message makes no sense: \(error)"
        }
    }

    private func message(_ errno: Int32) -> String { String(cString: strerror(errno)) }
}

/// The serial console, where the kernel speaks too.
enum Console {
    static func say(_ text: String) {
        let line = Array("bpfmatrix-guest: \(text)\n".utf8)
        _ = write(2, line, line.count)
    }
}
