// SPDX-License-Identifier: Apache-2.0

/// Helpers that only programs with a licence compatible with the GPL may call (`gpl_only` in their prototypes), by their number
/// in `enum bpf_func_id`.
enum GPLHelpers {
    /// What 5.10, 6.1, 6.12 and 7.2 refuse to programs without such a licence.
    static let numbers: Set<UInt32> = [
        4, 6, 22, 25, 27, 35, 36, 45, 55, 67, 69, 100, 110, 111, 112, 113, 114, 115, 121, 158, 163, 165, 169, 170, 171,
        172, 173, 175, 176, 177, 191, 204, 205, 206, 207,
        // perf_prog_read_value, override_return, read_branch_records, seq_printf, seq_write, seq_printf_btf: by the
        // kernel's source.
        56, 58, 119, 126, 127, 150,
    ]
}
