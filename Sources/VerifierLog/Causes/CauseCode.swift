// SPDX-License-Identifier: Apache-2.0

/// The name of a cause. Raw values are stable: scripts and expectations rely on them. docs/causes.md shows each.
public enum CauseCode: String, Sendable, Hashable, Codable, CaseIterable {
    // Memory
    case nullDereference = "null-dereference"
    case nullArgument = "null-argument"
    case scalarDereference = "scalar-dereference"
    case mapValueBounds = "map-value-bounds"
    case packetBounds = "packet-bounds"
    case stalePacketPointer = "stale-packet-pointer"
    case memoryBounds = "memory-bounds"
    case stackBounds = "stack-bounds"
    case stackUninitialised = "stack-uninitialised"
    case stackTooLarge = "stack-too-large"
    case misalignedAccess = "misaligned-access"
    case registerUninitialised = "register-uninitialised"
    case framePointerWrite = "frame-pointer-write"
    case contextAccess = "context-access"
    case contextModified = "context-modified"
    case readOnlyMemory = "read-only-memory"
    case atomicNotAllowed = "atomic-not-allowed"
    case typedPointerAccess = "typed-pointer-access"

    // Arithmetic
    case pointerArithmetic = "pointer-arithmetic"
    case unboundedOffset = "unbounded-offset"
    case pointerLeak = "pointer-leak"
    case constantOutOfRange = "constant-out-of-range"

    // Control flow
    case infiniteLoop = "infinite-loop"
    case tooComplex = "too-complex"
    case programTooLarge = "program-too-large"
    case unreachableCode = "unreachable-code"
    case missingExit = "missing-exit"
    case jumpOutOfRange = "jump-out-of-range"
    case returnValue = "return-value"
    case callDepth = "call-depth"

    // Calls
    case helperUnknown = "helper-unknown"
    case helperNotForProgramType = "helper-not-for-program-type"
    case helperNeedsGPL = "helper-needs-gpl"
    case helperArgumentType = "helper-argument-type"
    case helperArgumentSize = "helper-argument-size"
    case helperArgumentConstant = "helper-argument-constant"
    case helperNotForMapType = "helper-not-for-map-type"
    case kfuncUnknown = "kfunc-unknown"
    case kfuncNotAllowed = "kfunc-not-allowed"
    case kfuncArgument = "kfunc-argument"
    case untrustedPointer = "untrusted-pointer"
    case globalFunctionArgument = "global-function-argument"
    case mapNotForProgram = "map-not-for-program"
    case tailCall = "tail-call"
    case tailCallTable = "tail-call-table"
    case mightSleep = "might-sleep"
    case targetNotSleepable = "target-not-sleepable"
    case callbacksUnknown = "callbacks-unknown"

    // References and locks
    case referenceLeak = "reference-leak"
    case referenceReleased = "reference-released"
    case lockHeld = "lock-held"
    case callUnderLock = "call-under-lock"
    case sleepInRegion = "sleep-in-region"
    case lockNotHeld = "lock-not-held"
    case lockNotAllowed = "lock-not-allowed"
    case rcuUnbalanced = "rcu-unbalanced"
    case preemptionUnbalanced = "preemption-unbalanced"
    case dynptrMisuse = "dynptr-misuse"
    case iteratorMisuse = "iterator-misuse"
    case kptrMisuse = "kptr-misuse"
    case timerMisuse = "timer-misuse"

    // What the kernel has
    case instructionUnknown = "instruction-unknown"
    case mapTypeLacking = "map-type-lacking"
    case programTypeLacking = "program-type-lacking"
    case attachTypeLacking = "attach-type-lacking"
    case refusedUnseen = "refused-unseen"
    case structOpsLacking = "struct-ops-lacking"
    case configurationOff = "configuration-off"
    case kernelWithoutTypes = "kernel-without-types"

    // Relocations and targets
    case relocationWithoutMatch = "relocation-without-match"
    case externUnresolved = "extern-unresolved"
    case targetMissing = "target-missing"
    case moduleNotLoaded = "module-not-loaded"
    case targetUnset = "target-unset"
    case targetRefused = "target-refused"

    // Maps, loaders, limits
    case mapAttributes = "map-attributes"
    case mapMissing = "map-missing"
    case maxEntriesUnset = "max-entries-unset"
    case innerMapUnset = "inner-map-unset"
    case sectionUnknown = "section-unknown"
    case legacyMaps = "legacy-maps"
    case objectUnreadable = "object-unreadable"
    case notCompiled = "not-compiled"
    case notAnObject = "not-an-object"
    case foreignByteOrder = "foreign-byte-order"
    case memoryLimit = "memory-limit"
    case permission

    case unknown
}

extension CauseCode {
    public var kind: CauseKind {
        switch self {
        case .relocationWithoutMatch, .externUnresolved: .relocation
        case .moduleNotLoaded: .module
        case .targetMissing, .targetUnset, .targetRefused, .targetNotSleepable: .target
        case .helperUnknown, .kfuncUnknown, .instructionUnknown, .mapTypeLacking, .programTypeLacking,
            .attachTypeLacking,
            .refusedUnseen, .structOpsLacking, .callbacksUnknown:
            .lacking
        case .configurationOff: .configuration
        case .kernelWithoutTypes: .noTypes
        case .maxEntriesUnset, .innerMapUnset: .loaderContract
        case .memoryLimit, .permission, .programTooLarge: .limit
        case .sectionUnknown, .legacyMaps, .objectUnreadable, .mapAttributes, .mapMissing, .notCompiled, .notAnObject,
            .foreignByteOrder:
            .object
        case .unknown: .unknown
        default: .verifier
        }
    }
}
