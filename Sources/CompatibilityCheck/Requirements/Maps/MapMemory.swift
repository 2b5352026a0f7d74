// SPDX-License-Identifier: Apache-2.0

import BPFObject
import KernelProfile
import VerifierLog

/// What kernels can allocate for a map: limits of their allocators, and memory.
extension MapRequirements {
    /// Of hash tables and of arrays that are there from the start, far above what smaller machines have.
    static let mostBytes: UInt64 = 256 << 20
    /// More than what `struct htab_elem` and its like need besides keys and values, in any kernel.
    private static let elementHeader: UInt64 = 1 << 10
    /// `BPF_LOCAL_STORAGE_MAX_VALUE_SIZE` is what is left of 64 KiB besides an element's own fields, which differ.
    private static let largestStorage: ClosedRange<UInt64> = (64 << 10) - 136...(64 << 10) - 1

    /// Lines that refuse values of each processor when the map is created, whatever its flags.
    private static func checksEarly(_ line: LinuxVersion) -> Bool {
        line == LinuxVersion(5, 10) || line >= LinuxVersion(6, 1)
    }

    func checkMemory(_ findings: inout Findings) {
        checkValue(&findings)
        let bytes = bytes
        guard bytes > Self.mostBytes else { return }
        doubt(
            "it takes \(bytes >> 20) MB, and it is not known whether there is as much memory",
            as: .memoryLimit,
            &findings
        )
    }

    private var bytes: UInt64 {
        let entries = UInt64(definition.maxEntries)
        switch definition.type {
        case 33: return 0
        case 27, 31: return entries
        case 1, 5, 9, 10,
            13 where flags.contains(.noPreallocation):
            // Its buckets are there from the start.
            return Self.roundedUp(entries) * 16
        default:
            if flags.contains(.noPreallocation) { return 0 }
            let entry = UInt64(definition.keySize) + UInt64(definition.valueSize)
            let (product, overflows) = entry.multipliedReportingOverflow(by: entries)
            return overflows ? .max : product
        }
    }

    /// To a power of two; no number here has more than 33 bits.
    private static func roundedUp(_ number: UInt64) -> UInt64 {
        var power: UInt64 = 1
        while power < number, power < 1 << 33 { power <<= 1 }
        return power
    }

    private func checkValue(_ findings: inout Findings) {
        let value = UInt64(definition.valueSize)
        switch definition.type {
        case 6, 10: checkPerProcessor(value, &findings)
        case 5:
            // Without elements from the start, some kernels between the lines that were tried may notice only when one is added.
            if flags.contains(.noPreallocation), kernel.line.map(Self.checksEarly) != true {
                guard value > kernel.largestPerProcessor ?? 32 << 10 else { return }
                doubt(
                    "it is not known whether this kernel takes values of \(value) bytes for each processor",
                    as: .memoryLimit,
                    &findings
                )
            } else {
                checkPerProcessor(value, &findings)
            }
        case 1, 9, 13: checkElement(&findings)
        case 2: checkArray(value, &findings)
        case 22, 23:
            checkAllocation(value, "a value of it has \(value) bytes, and kernels take 4 MiB at most", &findings)
        case 19, 21: checkCgroupStorage(value, &findings)
        case 24, 28, 29, 32: checkStorage(value, &findings)
        case 11: checkTrie(value, &findings)
        case 30: checkBloom(value, &findings)
        case 26:
            guard value > 2 << 20 else { return }
            doubt("it is not known whether this kernel takes values of \(value) bytes", as: .memoryLimit, &findings)
        default: break
        }
    }

    private func tooLarge(_ sentence: String, cure: String = "a smaller value", _ findings: inout Findings) {
        findings.fails(Reason(.memoryLimit, "\(title): \(sentence)", cure: cure))
    }

    private func checkPerProcessor(_ value: UInt64, _ findings: inout Findings) {
        // Pages of 64 KiB are the largest.
        guard value > 32 << 10 else { return }
        guard let most = kernel.largestPerProcessor ?? (value > 64 << 10 ? 64 << 10 : nil) else {
            doubt(
                "it is not known whether this kernel takes values of \(value) bytes for each processor",
                as: .memoryLimit,
                &findings
            )
            return
        }
        guard value > most else { return }
        tooLarge(
            "of each processor it can hold values of \(most >> 10) KB at most, and they have \(value) bytes",
            cure: "a smaller value, or a map that is not per CPU",
            &findings
        )
    }

    /// What the kernel has to allocate in one piece.
    private func checkAllocation(_ bytes: UInt64, _ sentence: String, _ findings: inout Findings) {
        guard let most = kernel.largestAllocation else {
            guard bytes > 2 << 20 else { return }
            doubt(
                "it is not known whether this kernel allocates \(bytes) bytes in one piece",
                as: .memoryLimit,
                &findings
            )
            return
        }
        if bytes > most { tooLarge(sentence, &findings) }
    }

    /// `htab_map_alloc_check()` in kernel/bpf/hashtab.c
    private func checkElement(_ findings: inout Findings) {
        let element = UInt64(definition.keySize) + UInt64(definition.valueSize)
        guard let most = kernel.largestAllocation, element < most, element + Self.elementHeader >= most else {
            // One of just that size is too large already.
            checkAllocation(
                element + 1,
                "a key and a value of it have \(element) bytes together, and must stay below 4 MiB",
                &findings
            )
            return
        }
        doubt("it is not known whether this kernel takes elements of \(element) bytes", as: .memoryLimit, &findings)
    }

    /// `trie_alloc()` in kernel/bpf/lpm_trie.c: a value with its key and a node in one piece.
    private func checkTrie(_ value: UInt64, _ findings: inout Findings) {
        guard value > 2 << 20 else { return }
        guard let most = kernel.largestAllocation, value + Self.elementHeader < most || value > most else {
            doubt("it is not known whether this kernel takes values of \(value) bytes", as: .memoryLimit, &findings)
            return
        }
        if value > most { refuse("its values have \(value) bytes, and must stay below 4 MiB", &findings) }
    }

    /// Tried from 6.1 on.
    private func checkBloom(_ value: UInt64, _ findings: inout Findings) {
        guard value > 2 << 20 else { return }
        if kernel.isSince(6, 1) == true {
            checkAllocation(value, "a value of it has \(value) bytes, and kernels take 4 MiB at most", &findings)
        } else {
            doubt("it is not known whether this kernel takes values of \(value) bytes", as: .memoryLimit, &findings)
        }
    }

    /// Since "bpf: remove obsolete KMALLOC_MAX_SIZE restriction on array map value size" (6.0) values have 2 GiB at most.
    private func checkArray(_ value: UInt64, _ findings: inout Findings) {
        if value > UInt64(Int32.max) {
            tooLarge("a value of it has \(value) bytes, and kernels take 2 GiB at most", &findings)
        } else if kernel.isSince(6, 0) != true {
            checkAllocation(
                value,
                "a value of it has \(value) bytes, and this kernel takes 4 MiB at most",
                &findings
            )
        }
    }

    /// A page at most before 5.15, then as much as other storage (`cgroup_storage_map_alloc()`).
    private func checkCgroupStorage(_ value: UInt64, _ findings: inout Findings) {
        switch kernel.isSince(5, 15) {
        case true?:
            if definition.type == 21 { checkPerProcessor(value, &findings) } else { checkStorage(value, &findings) }
        case false?:
            guard let page = kernel.pageSize else {
                guard value > 4 << 10 else { return }
                doubt(
                    "it is not known whether this kernel keeps \(value) bytes with each cgroup",
                    as: .memoryLimit,
                    &findings
                )
                return
            }
            guard value > page else { return }
            tooLarge(
                "this kernel keeps \(page) bytes at most with each cgroup, and its values have \(value)",
                &findings
            )
        case nil:
            guard value > 4 << 10 else { return }
            doubt(
                "it is not known whether this kernel keeps \(value) bytes with each cgroup",
                as: .memoryLimit,
                &findings
            )
        }
    }

    /// `bpf_local_storage_map_alloc_check()` in kernel/bpf/bpf_local_storage.c
    private func checkStorage(_ value: UInt64, _ findings: inout Findings) {
        if value > Self.largestStorage.upperBound {
            findings.fails(
                Reason(
                    .mapAttributes,
                    "\(title): the kernel keeps less than 64 KiB with each object, and its values have \(value) bytes",
                    cure: "a smaller value; or a hash map with the object's address or id for its key"
                )
            )
        } else if value > Self.largestStorage.lowerBound {
            doubt(
                "it is not known whether this kernel keeps \(value) bytes with each object",
                as: .memoryLimit,
                &findings
            )
        }
    }
}
