// SPDX-License-Identifier: Apache-2.0

import CGuest
import Glibc
import GuestProtocol

/// Which program and map types this kernel has, by libbpf's own probes: it makes the smallest program or map of each.
enum TypeProbe {
    static func report(on subject: SurveySubject) -> TypeReport {
        var report = TypeReport(subject: subject, present: [], absent: [], notProbed: [])
        // 0 is no type; the first without a name is beyond what libbpf knows.
        var number: UInt32 = 1
        while let answer = subject == .programTypes ? program(number) : map(number) {
            switch answer {
            case 1: report.present.append(number)
            case 0: report.absent.append(number)
            default: report.notProbed.append(number)
            }
            number += 1
        }
        return report
    }

    /// 1, 0 or a negative errno; nil beyond the last type.
    private static func program(_ number: UInt32) -> Int32? {
        let type = bpf_prog_type(rawValue: number)
        guard libbpf_bpf_prog_type_str(type) != nil else { return nil }
        return libbpf_probe_bpf_prog_type(type, nil)
    }

    private static func map(_ number: UInt32) -> Int32? {
        let type = bpf_map_type(rawValue: number)
        guard libbpf_bpf_map_type_str(type) != nil else { return nil }
        return libbpf_probe_bpf_map_type(type, nil)
    }
}
