// SPDX-License-Identifier: Apache-2.0

import CGuest
import Glibc
import GuestProtocol

/// What this kernel is, told to the host: files as they are, which the host reads better than an emulated guest would, and
/// what only trying shows.
struct Survey {
    private let port: HostPort
    private var isMounted = false

    /// Most that is handed out of one file: kallsyms of the largest kernels takes some 20 MB.
    private static let fileLimit = 64 << 20

    init(port: HostPort) {
        self.port = port
    }

    mutating func answer(_ subject: SurveySubject) throws(AgentError) {
        mountWhatIsMissing()
        switch subject {
        case .typeInformation: try send(subject, "/sys/kernel/btf/vmlinux")
        case .symbols: try send(subject, "/proc/kallsyms")
        case .traceableFunctions: try send(subject, "/sys/kernel/tracing/available_filter_functions")
        case .probeBlacklist: try send(subject, "/sys/kernel/debug/kprobes/blacklist")
        case .traceEvents: try send(subject, "/sys/kernel/tracing/available_events")
        case .securityModules: try send(subject, "/sys/kernel/security/lsm")
        case .lockdown: try send(subject, "/sys/kernel/security/lockdown")
        case .configuration: try send(subject, "/proc/config.gz")
        case .jitSetting: try send(subject, "/proc/sys/net/core/bpf_jit_enable")
        case .unprivilegedSetting: try send(subject, "/proc/sys/kernel/unprivileged_bpf_disabled")
        case .programTypes, .mapTypes:
            try port.send(.types(TypeProbe.report(on: subject)))
            try port.send(.surveyEnd(SurveyEnd(subject: subject)))
        case .helpers:
            for probe in HelperProbe.all { try port.send(.helpers(probe.report())) }
            try port.send(.surveyEnd(SurveyEnd(subject: subject)))
        case .instructions:
            try port.send(.types(InstructionProbe.report()))
            try port.send(.surveyEnd(SurveyEnd(subject: subject)))
        }
    }

    /// Here and not at the start: only a guest that is surveyed has them, and that one is thrown away. A kernel without them
    /// has no files there, which is told of each file.
    private mutating func mountWhatIsMissing() {
        guard !isMounted else { return }
        isMounted = true
        for (type, target) in [("debugfs", "/sys/kernel/debug"), ("securityfs", "/sys/kernel/security")] {
            _ = guest_mount(type, target, type, nil)
        }
    }

    private func send(_ subject: SurveySubject, _ path: String) throws(AgentError) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            return try port.send(.surveyEnd(SurveyEnd(subject: subject, errno: errno)))
        }
        defer { close(descriptor) }
        var total = 0
        while true {
            let (bytes, error) = Self.read(descriptor, most: min(SurveyPart.longest, Self.fileLimit - total + 1))
            if error != 0 { return try port.send(.surveyEnd(SurveyEnd(subject: subject, errno: error))) }
            total += bytes.count
            guard total <= Self.fileLimit else {
                return try port.send(.surveyEnd(SurveyEnd(subject: subject, isCut: true)))
            }
            guard !bytes.isEmpty else { return try port.send(.surveyEnd(SurveyEnd(subject: subject))) }
            try port.send(.surveyPart(SurveyPart(subject: subject, bytes: bytes)))
        }
    }

    /// The next bytes of a file, or a positive errno. These files come a page at a time, whatever is asked for.
    private static func read(_ descriptor: Int32, most: Int) -> (bytes: [UInt8], errno: Int32) {
        var error: Int32 = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: most) { buffer, filled in
            while filled < most {
                let count = Glibc.read(descriptor, buffer.baseAddress.map { $0 + filled }, most - filled)
                if count < 0 && errno == EINTR { continue }
                if count < 0 { error = errno }
                guard count > 0 else { return }
                filled += count
            }
        }
        return (bytes, error)
    }
}
