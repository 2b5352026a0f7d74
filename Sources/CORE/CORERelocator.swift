// SPDX-License-Identifier: Apache-2.0

import BTF

/// Resolves an object's relocations in one kernel, one after the other, as libbpf 1.7 does (relo_core.c).
///
/// Their order counts, in one case: types of the kernel that have turned out not to match for one relocation are not looked at
/// for the next ones that start from the same type. So all relocations of the programs that are loaded should come in the
/// order of the object, from the same relocator.
public struct CORERelocator: Sendable {
    private let types: BTFTypes
    private let target: CORETarget
    /// By the number of the type that relocations start from.
    private var candidates: [UInt32: [CORETarget.Candidate]] = [:]
    /// Equal relocations have equal answers: types that did not match once never do, and of those that did one is left.
    private var resolved: [Question: COREResolution] = [:]
    private var budget: Matcher.Budget

    private struct Question: Hashable {
        let type: UInt32
        let kind: UInt32
        let access: String
    }

    /// - Parameters:
    ///   - types: the object's.
    ///   - target: the kernel's.
    public init(types: BTFTypes, target: CORETarget) {
        self.init(types: types, target: target, budget: Matcher.Budget.object)
    }

    /// - Parameter budget: how much may be looked at for all relocations together.
    init(types: BTFTypes, target: CORETarget, budget: Int) {
        self.types = types
        self.target = target
        self.budget = Matcher.Budget(rest: budget)
    }

    public mutating func resolve(_ record: BTFExtensions.RelocationRecord) -> COREResolution {
        resolve(CORERelocation(record, types: types))
    }

    /// - Parameter relocation: of the object whose types were given.
    public mutating func resolve(_ relocation: CORERelocation) -> COREResolution {
        let question = Question(type: relocation.type, kind: relocation.kindNumber, access: relocation.access)
        if let known = resolved[question] { return known }
        let resolution = resolution(of: relocation)
        resolved[question] = resolution
        return resolution
    }

    private mutating func resolution(of relocation: CORERelocation) -> COREResolution {
        var local: CORESpecification?
        do throws(Matcher.Stop) {
            let specification: CORESpecification
            do throws(CORERefusal) { specification = try CORESpecification(relocation) } catch { throw .refusal(error) }
            local = specification
            // A type's number in the object itself has nothing to do with the kernel.
            if specification.kind == .typeIDLocal { return try Self.localID(specification) }
            guard let root = types.type(relocation.type), !root.name.isEmpty else { throw .refusal(.anonymousType) }
            return try resolution(of: specification, from: root)
        } catch .refusal(let refusal) {
            return COREResolution(local: local, outcome: .refused(refusal), target: nil, module: nil, miss: nil)
        } catch {
            return COREResolution(local: local, outcome: .undecided, target: nil, module: nil, miss: nil)
        }
    }

    private static func localID(_ local: CORESpecification) throws(Matcher.Stop) -> COREResolution {
        COREResolution(
            local: local,
            outcome: .value(try value(local, local)),
            target: nil,
            module: nil,
            miss: nil
        )
    }

    private mutating func resolution(
        of local: CORESpecification,
        from root: BTFType
    ) throws(Matcher.Stop) -> COREResolution {
        let all = try candidates(for: root)
        var matching: [(candidate: CORETarget.Candidate, found: CORESpecification, value: COREValue)] = []
        var farthest: (steps: Int, shortfall: Matcher.Shortfall, candidate: CORETarget.Candidate)?
        for candidate in all {
            switch try match(local, candidate) {
            case .match(let found):
                let value = try Self.value(local, found)
                try Self.checkAmbiguity(found, value, matching.first.map { ($0.found, $0.value) })
                matching.append((candidate, found, value))
            case .miss(let steps, let shortfall):
                if farthest.map({ $0.steps < steps }) ?? true { farthest = (steps, shortfall, candidate) }
            }
        }
        if let first = matching.first {
            candidates[root.id] = matching.map(\.candidate)
            return COREResolution(
                local: local,
                outcome: .value(first.value),
                target: first.found,
                module: first.candidate.module,
                miss: nil
            )
        }
        return COREResolution(
            local: local,
            outcome: try Self.outcomeOfMiss(local),
            target: nil,
            module: nil,
            miss: farthest.map { farthest in
                Matcher(local: local, target: farthest.candidate.types, budget: budget)
                    .miss(farthest.shortfall, after: farthest.steps, of: farthest.candidate.id)
            } ?? noType(local, root)
        )
    }

    private mutating func candidates(for root: BTFType) throws(Matcher.Stop) -> [CORETarget.Candidate] {
        if let known = candidates[root.id] { return known }
        try budget.take()
        let all = target.candidates(for: root)
        try budget.take(all.count)
        candidates[root.id] = all
        return all
    }

    private mutating func match(
        _ local: CORESpecification,
        _ candidate: CORETarget.Candidate
    ) throws(Matcher.Stop) -> Matcher.Result {
        let allowed = min(budget.rest, Matcher.Budget.candidate)
        var matcher = Matcher(local: local, target: candidate.types, budget: Matcher.Budget(rest: allowed))
        let result: Matcher.Result
        do throws(Matcher.Stop) {
            result = try matcher.match(candidate.id)
        } catch {
            try budget.take(allowed - matcher.budget.rest)
            throw error
        }
        try budget.take(allowed - matcher.budget.rest)
        return result
    }

    /// What is asked whether it exists does not; a type that is not there has number and size 0; all else is poisoned.
    private static func outcomeOfMiss(_ local: CORESpecification) throws(Matcher.Stop) -> COREResolution.Outcome {
        switch local.kind {
        case .fieldExists, .enumeratorExists, .typeIDTarget, .typeExists, .typeSize, .typeMatches:
            return .value(try value(local, nil))
        case .fieldByteOffset, .fieldByteSize, .fieldSigned, .fieldLeftShift, .fieldRightShift, .enumeratorValue,
            .typeIDLocal:
            // libbpf works out the object's own side first, and gives up where that can't be done.
            _ = try value(local, nil)
            return .poisoned
        }
    }

    private static func value(
        _ local: CORESpecification,
        _ target: CORESpecification?
    ) throws(Matcher.Stop) -> COREValue {
        do throws(CORERefusal) {
            return try COREValue(local: local, target: target)
        } catch {
            throw .refusal(error)
        }
    }

    private static func checkAmbiguity(
        _ found: CORESpecification,
        _ value: COREValue,
        _ first: (found: CORESpecification, value: COREValue)?
    ) throws(Matcher.Stop) {
        guard let first else { return }
        let both = ["\(first.found)", "\(found)"]
        guard first.found.bitOffset == found.bitOffset else { throw .refusal(.offsetAmbiguity(both)) }
        guard first.value.value == value.value else { throw .refusal(.valueAmbiguity(both)) }
    }

    private func noType(_ local: CORESpecification, _ root: BTFType) -> COREMiss {
        let others = target.types.ids(essentiallyNamed: root.name)
            .filter { target.types.type($0)?.kind.canBeMeant(instead: root.kind) == true }
        let word =
            switch root.kind {
            case .structure, .union: "\(root.kind.word) "
            case .enumeration, .enumeration64: "enum "
            default: ""
            }
        return .noType(
            word + root.name.essential,
            otherKind: others.first.map { "\(target.types.spelling(of: $0))" },
            knowsModules: target.modules != nil
        )
    }
}

extension BTFKind {
    /// Whether somebody who looks for the one may mean the other: not a function or variable that happens to have the name.
    fileprivate func canBeMeant(instead other: BTFKind) -> Bool {
        switch self {
        case .structure, .union, .enumeration, .enumeration64, .typedef, .forward, .integer, .float: self != other
        default: false
        }
    }
}
