// SPDX-License-Identifier: Apache-2.0

/// A program of a run: names are unique only together with their object's.
public struct ProgramName: Sendable, Hashable {
    /// `TestedObject.name`
    public let object: String
    /// `TestedProgram.name`; `*` for the object as a whole; `every`.
    public let program: String

    /// Stands for each of the programs of an object: no program has this name.
    public static let every = ""

    public init(object: String, program: String) {
        self.object = object
        self.program = program
    }
}

/// A reason, once for all programs and kernels that share it.
public struct Finding<Reason: Sendable & Hashable>: Sendable, Hashable {
    public let reason: Reason
    /// In the order of the cells; never empty.
    public let extents: [Extent]

    /// Programs that the reason was given for on the same kernels: for each of the one on each of the other.
    public struct Extent: Sendable, Hashable {
        /// In the order of the cells; never empty.
        public let programs: [ProgramName]
        /// `TestedKernel.spec`, in the order of the cells; never empty.
        public let kernels: [String]
    }

    public var programs: [ProgramName] { extents.flatMap(\.programs) }

    /// A reason as it was given: for one program by one kernel.
    public struct Occurrence: Sendable {
        let reason: Reason
        let program: ProgramName
        let kernel: String

        public init(_ reason: Reason, for program: ProgramName, on kernel: String) {
            self.reason = reason
            self.program = program
            self.kernel = kernel
        }
    }

    /// Findings in the order in which their reasons first occur. Takes time linear in the number of occurrences.
    public static func collect(_ occurrences: some Sequence<Occurrence>) -> [Finding] {
        var reasons: [Reason] = []
        var rows: [Reason: [(program: ProgramName, kernels: [String])]] = [:]
        var places: [Reason: [ProgramName: Int]] = [:]
        for occurrence in occurrences {
            let (reason, program) = (occurrence.reason, occurrence.program)
            if let place = places[reason]?[program] {
                if rows[reason]?[place].kernels.contains(occurrence.kernel) == true { continue }
                rows[reason]?[place].kernels.append(occurrence.kernel)
            } else {
                if rows[reason] == nil { reasons.append(reason) }
                places[reason, default: [:]][program] = rows[reason]?.count ?? 0
                rows[reason, default: []].append((program, [occurrence.kernel]))
            }
        }
        return reasons.map { reason in
            var order: [[String]] = []
            var programs: [[String]: [ProgramName]] = [:]
            for row in rows[reason] ?? [] {
                if programs[row.kernels] == nil { order.append(row.kernels) }
                programs[row.kernels, default: []].append(row.program)
            }
            return Finding(
                reason: reason,
                extents: order.map { Extent(programs: programs[$0] ?? [], kernels: $0) }
            )
        }
    }
}
