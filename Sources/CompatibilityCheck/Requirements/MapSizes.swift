// SPDX-License-Identifier: Apache-2.0

import BPFObject
import KernelProfile
import VerifierLog

/// What kernels take as the size of a map's keys and values, type by type (`map_alloc_check` of each in kernel/bpf/).
struct MapSizes {
    private let definition: MapDefinition
    private let title: String
    private let kernel: CheckedKernel

    init(_ definition: MapDefinition, _ title: String, _ kernel: CheckedKernel) {
        self.definition = definition
        self.title = title
        self.kernel = kernel
    }

    /// Where the values that each processor has a copy of end (`PCPU_MIN_UNIT_SIZE` in include/linux/percpu.h).
    private static let largestPerProcessor: UInt32 = 32 << 10
    /// `MAX_BPF_STACK` in include/linux/filter.h, which keys had to fit in before Linux 5.11.
    private static let largestKeyOnStack: UInt32 = 512
    /// Larger ones are more than some kernels allocate at once (`KMALLOC_MAX_SIZE`).
    private static let largestAllocation: UInt32 = 2 << 20
    /// `sysctl_perf_event_max_stack`, if nobody has changed it.
    private static let deepestStack: UInt32 = 127

    func check(into findings: inout Findings) {
        checkKey(&findings)
        checkValue(&findings)
        if definition.extra != 0, ![30, 33].contains(definition.type) {
            refuse("maps of this type have no map_extra", &findings)
        }
        // Storage is kept by types, from which the kernel knows what it holds.
        if [24, 28, 29, 32].contains(definition.type), definition.keyType == 0 || definition.valueType == 0 {
            refuse("it must say the types of its keys and values (__type), and not only their sizes", &findings)
        }
    }

    private func refuse(_ sentence: String, _ findings: inout Findings) {
        findings.fails(Reason(.mapAttributes, "\(title): \(sentence)"))
    }

    private func checkKey(_ findings: inout Findings) {
        let key = definition.keySize
        switch definition.type {
        case 14, 15, 16, 17, 20:
            if key != 4 { refuse("its keys must have 4 bytes, not \(key)", &findings) }
        case 11:
            // A length of 4 bytes, and 1 to 256 bytes.
            if !(5...260).contains(key) { refuse("its keys must have 5 to 260 bytes, not \(key)", &findings) }
        case 19, 21:
            if ![8, 16].contains(key) { refuse("its keys must have 8 or 16 bytes, not \(key)", &findings) }
        case 18:
            if key == 0 { refuse("it says no size of its keys", &findings) }
            if key > Self.largestKeyOnStack {
                refuse("its keys can have at most 512 bytes, and have \(key)", &findings)
            }
        case 1, 5, 9, 10, 13, 25: checkHashKey(key, &findings)
        case 33:
            if key != 0 || definition.valueSize != 0 { refuse("it has neither keys nor values", &findings) }
        default: break
        }
    }

    private func checkHashKey(_ key: UInt32, _ findings: inout Findings) {
        if definition.type == 25 {
            if key != 4 { refuse("its keys must have 4 bytes, not \(key)", &findings) }
            return
        }
        guard key > Self.largestKeyOnStack else { return }
        // 5.11 came with helpers up to ktime_get_coarse_ns and beyond.
        guard !kernel.hasHelper(160) else { return }
        // Where no helper is known, none of these is known to be missing.
        guard kernel.callbacks == .absent else {
            findings.cannotTell(
                Reason(.mapAttributes, "\(title): it is not known whether this kernel takes keys of \(key) bytes")
            )
            return
        }
        findings.fails(
            Reason(
                .mapAttributes,
                "\(title): its keys have \(key) bytes; this kernel takes keys of at most 512 bytes",
                cure:
                    "a smaller key, such as a hash of what is looked up; keys above 512 bytes need Linux 5.11 or later"
            )
        )
    }

    private func checkValue(_ findings: inout Findings) {
        let value = definition.valueSize
        switch definition.type {
        case 17:
            if value != 4 { refuse("its values must have 4 bytes, not \(value)", &findings) }
        case 14, 15, 16, 18, 20, 25:
            if ![4, 8].contains(value) { refuse("its values must have 4 or 8 bytes, not \(value)", &findings) }
        case 11, 19, 21, 24, 28, 29, 32:
            if value == 0 { refuse("it says no size of its values", &findings) }
        default: break
        }
        checkLargeValue(value, &findings)
    }

    private func checkLargeValue(_ value: UInt32, _ findings: inout Findings) {
        func isUncertain(_ sentence: String) {
            findings.cannotTell(Reason(.memoryLimit, "\(title): \(sentence)"))
        }
        let isLarge = value > Self.largestPerProcessor
        switch definition.type {
        case 6:
            guard isLarge else { return }
            findings.fails(
                Reason(
                    .memoryLimit,
                    "\(title): of each processor it can hold values of 32 KB at most, and they have \(value) bytes"
                )
            )
        case 5, 10, 21:
            guard isLarge else { return }
            isUncertain("it is not known whether this kernel takes values of \(value) bytes for each processor")
        case 7:
            guard value / 8 > Self.deepestStack else { return }
            findings.cannotTell(
                Reason(
                    .mapAttributes,
                    "\(title): its values have \(value / 8) addresses, and kernels take as many as "
                        + "kernel.perf_event_max_stack says: 127, unless it was changed"
                )
            )
        case 19, 24, 28, 29, 32:
            guard isLarge else { return }
            isUncertain("it is not known whether this kernel keeps \(value) bytes with each object")
        case 2: break
        default:
            guard value > Self.largestAllocation else { return }
            isUncertain("it is not known whether this kernel takes values of \(value) bytes")
        }
    }
}
