// SPDX-License-Identifier: Apache-2.0

import Assumptions
import BPFObject
import BTF
import CompatibilityCheck
import Foundation
import KernelProfile
import KernelStore
import Results
import VerifierLog

/// Objects held against what kernels have, kernels side by side; no guest is started.
public struct CheckRun: Sendable {
    private let objects: [TestObject]
    private let kernels: [SelectedKernel]
    private let store: KernelStore
    private let isAsCompiled: Bool
    private let loadsModules: Bool

    /// - Parameters:
    ///   - isAsCompiled: nothing is assumed of what objects leave to their loaders.
    ///   - loadsModules: the modules that an object needs are loaded before it, as in a test.
    public init(
        objects: [TestObject],
        kernels: [SelectedKernel],
        store: KernelStore,
        isAsCompiled: Bool = false,
        loadsModules: Bool = true
    ) {
        self.loadsModules = loadsModules
        self.objects = objects
        self.kernels = kernels
        self.store = store
        self.isAsCompiled = isAsCompiled
    }

    /// What came of one kernel.
    private struct Column: Sendable {
        let kernel: CheckKernel
        let cells: [CheckCell]
        var wholes: [CheckWhole] = []
        let isUsable: Bool
    }

    /// An object that was read whole, or why it can't be.
    private enum Reading: Sendable {
        case object(CheckedObject)
        case failure(BPFObjectError)
    }

    /// - Parameter findsOldest: looks for the oldest kernel that each program fits on, too.
    public func run(findsOldest: Bool = false) async throws -> CheckResults {
        let clock = ContinuousClock()
        let start = clock.now
        let read = await readings()
        let columns = try await withThrowingTaskGroup(of: (Int, Column).self) { group in
            for (index, selected) in kernels.enumerated() {
                group.addTask { (index, try await column(selected, read)) }
            }
            return try await group.reduce(into: [Int: Column]()) { $0[$1.0] = $1.1 }
        }
        let ordered = kernels.indices.compactMap { columns[$0] }
        var results = CheckResults(
            tool: ToolVersion.current,
            objects: objects.map(\.described),
            kernels: ordered.map(\.kernel),
            cells: ordered.flatMap(\.cells),
            wholes: ordered.flatMap(\.wholes),
            seconds: 0
        )
        if findsOldest {
            let ascending = ordered.filter(\.isUsable).map(\.kernel).sorted {
                KernelVersion($0.version) < KernelVersion($1.version)
            }
            results.oldest = results.oldestKernels(ascending.map(\.spec))
        }
        results.seconds = (clock.now - start) / .seconds(1)
        return results
    }

    private func readings() async -> [Reading] {
        await withTaskGroup(of: (Int, Reading).self) { group in
            for (index, object) in objects.enumerated() {
                group.addTask {
                    do throws(BPFObjectError) {
                        return (index, .object(try CheckedObject(object.bytes, isAsCompiled: isAsCompiled)))
                    } catch {
                        return (index, .failure(error))
                    }
                }
            }
            let found = await group.reduce(into: [Int: Reading]()) { $0[$1.0] = $1.1 }
            return objects.indices.compactMap { found[$0] }
        }
    }

    private func column(_ selected: SelectedKernel, _ readings: [Reading]) async throws -> Column {
        guard case .available(let spec, let kernel) = selected else {
            guard case .unavailable(let spec, let reason) = selected else { throw CancellationError() }
            let absent = CheckKernel(
                spec: spec,
                version: spec,
                release: "",
                digest: "",
                source: "",
                isSurveyed: false,
                failure: reason
            )
            return Column(kernel: absent, cells: [], isUsable: false)
        }
        var (checked, failure) = try await store.checked(kernel)
        try Task.checkCancellation()
        var modules: CheckedObjectModules?
        do {
            modules = try await CheckedObjectModules(
                of: objects,
                on: checked,
                from: ModuleSupply(store: store, kernel: kernel),
                isLoading: loadsModules
            )
        } catch let error as KernelStoreError {
            failure = [failure, "\(error)"].compactMap { $0 }.joined(separator: "; ")
        }
        let described = CheckKernel(
            spec: spec,
            version: kernel.version,
            release: kernel.release,
            digest: kernel.digest,
            source: kernel.source,
            isSurveyed: checked.profile != nil,
            failure: failure
        )
        var cells: [CheckCell] = []
        var wholes: [CheckWhole] = []
        for (index, object) in objects.enumerated() {
            switch readings[index] {
            case .object(let contents):
                var kernel = checked
                kernel.modules = modules?.known(to: index)
                let predictions = CompatibilityCheck(contents, on: kernel).predictions()
                if let whole = predictions.first.flatMap({ CheckWhole($0.shared, object, spec) }) {
                    wholes.append(whole)
                }
                cells += predictions.map { prediction in
                    CheckCell(
                        prediction,
                        object,
                        spec,
                        assumed: contents.assumptions.words(of: prediction.program),
                        modules: modules?.needed(by: index)
                    )
                }
            case .failure(let reason):
                cells += object.contents.programs.map { CheckCell(unreadable: reason, $0.name, object, spec) }
            }
        }
        return Column(kernel: described, cells: cells, wholes: wholes, isUsable: true)
    }
}

extension KernelStore {
    /// What is known of a kernel, and what could not be read of it.
    func checked(_ kernel: Kernel) async throws -> (kernel: CheckedKernel, failure: String?) {
        var failures: [String] = []
        var profile: KernelProfile?
        do {
            profile = try await self.profile(of: kernel)
        } catch let error as KernelStoreError {
            failures.append("\(error)")
        }
        var types = CheckedKernel.Types.notKnown
        do throws(KernelStoreError) {
            switch try ownTypes(of: kernel) {
            case .present(let own): types = .present(own)
            case .none: types = .none
            case .notKnown: break
            }
        } catch {
            failures.append(
                "its types can't be read: \(error): remove the kernel and take it in again (bpfmatrix kernels)"
            )
        }
        let checked = CheckedKernel(version: kernel.version, profile: profile, types: types)
        return (checked, failures.isEmpty ? nil : failures.joined(separator: "; "))
    }
}

extension CheckCell {
    init(
        _ prediction: ProgramPrediction,
        _ object: TestObject,
        _ kernel: String,
        assumed: [String]?,
        modules: [String]?
    ) {
        self.init(
            object: object.name,
            program: prediction.program,
            kernel: kernel,
            prediction: prediction.prediction,
            reasons: prediction.own.reasons.map(CheckReason.init),
            unknowns: prediction.own.unknowns.map(CheckReason.init),
            // Of what can't be loaded nobody asks where it could be attached.
            attachment: prediction.prediction == .willFail ? [] : prediction.own.attachment.map(CheckReason.init),
            assumed: assumed,
            modules: modules
        )
    }

    init(unreadable error: BPFObjectError, _ program: String, _ object: TestObject, _ kernel: String) {
        let code: CauseCode =
            switch error {
            case .legacyMaps: .legacyMaps
            case _ where error.isRefusal: .objectUnreadable
            default: .unknown
            }
        let reason = CheckReason(
            code: code.rawValue,
            sentence: error.isRefusal
                ? "libbpf can't open the object: \(error)" : "the object can't be read whole: \(error)",
            place: nil,
            cure: nil
        )
        self.init(
            object: object.name,
            program: program,
            kernel: kernel,
            prediction: error.isRefusal ? .willFail : .cannotTell,
            reasons: error.isRefusal ? [reason] : [],
            unknowns: error.isRefusal ? [] : [reason],
            attachment: []
        )
    }
}

extension CheckWhole {
    /// nil where nothing concerns the object as a whole.
    init?(_ shared: Obstacles, _ object: TestObject, _ kernel: String) {
        guard !shared.reasons.isEmpty || !shared.unknowns.isEmpty || !shared.attachment.isEmpty else { return nil }
        self.init(
            object: object.name,
            kernel: kernel,
            reasons: shared.reasons.map(CheckReason.init),
            unknowns: shared.unknowns.map(CheckReason.init),
            attachment: shared.reasons.isEmpty ? shared.attachment.map(CheckReason.init) : []
        )
    }
}

extension CheckReason {
    init(_ reason: Reason) {
        self.init(
            code: reason.code.rawValue,
            sentence: reason.sentence,
            place: reason.place.map {
                CheckPlace(file: $0.file, line: $0.line, function: $0.function, text: $0.text)
            },
            cure: reason.cure
        )
    }
}
