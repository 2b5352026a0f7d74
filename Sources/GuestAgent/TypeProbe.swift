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
        let answer = libbpf_probe_bpf_map_type(type, nil)
        return answer == 0 && type == BPF_MAP_TYPE_STRUCT_OPS ? structOps() : answer
    }

    /// libbpf 1.7 asks for such a map with a field that kernels before 6.9 do not know, and takes their complaint about that
    /// for an answer about the type. Without it, a kernel that has the type looks at the structure, and says of type 1, which
    /// is none of those that it knows, ENOTSUPP (bpf_struct_ops_map_alloc in kernel/bpf/bpf_struct_ops.c).
    private static func structOps() -> Int32 {
        var options = bpf_map_create_opts()
        options.sz = MemoryLayout<bpf_map_create_opts>.size
        options.btf_vmlinux_value_type_id = 1
        let result = bpf_map_create(BPF_MAP_TYPE_STRUCT_OPS, nil, 4, 4, 1, &options)
        if result >= 0 { close(result) }
        return result == -524 ? 1 : 0
    }
}
