// SPDX-License-Identifier: Apache-2.0

import Results

/// The programs of a finding, in a line that stays readable however many they are: `probe.bpf.o (all 206 programs)`.
struct ProgramList {
    private let objects: [(name: String, programs: [String])]
    /// How many programs each object has.
    private let sizes: [String: Int]

    /// More programs of an object, and more objects, are counted.
    private static let mostPrograms = 4
    private static let mostObjects = 4

    /// - Parameter tested: the objects of the run; an object that is not among them is never said to be meant as a whole.
    init(_ programs: [ProgramName], of tested: [TestedObject]) {
        var order: [String] = []
        var names: [String: [String]] = [:]
        for program in programs {
            if names[program.object] == nil { order.append(program.object) }
            names[program.object, default: []].append(program.program)
        }
        objects = order.map { ($0, names[$0] ?? []) }
        sizes = Dictionary(tested.map { ($0.name, $0.programs.count) }) { one, _ in one }
    }

    var text: String {
        guard objects.count > Self.mostObjects else { return objects.map(text).joined(separator: "; ") }
        let shown = objects.prefix(Self.mostObjects - 1)
        let rest = objects.dropFirst(shown.count)
        let count = rest.map { self.count($0.name, $0.programs) }.reduce(0, +)
        let programs = count == 0 ? "" : " (\(count) programs)"
        return shown.map(text).joined(separator: "; ") + "; and \(rest.count) more objects\(programs)"
    }

    /// 0 for an object as a whole, of which no programs are counted.
    private func count(_ name: String, _ programs: [String]) -> Int {
        if programs == ["*"] { return 0 }
        return programs == [ProgramName.every] ? sizes[name] ?? 0 : programs.count
    }

    private func text(_ name: String, _ programs: [String]) -> String {
        let object = name.printable
        if programs == [ProgramName.every] { return "\(object) (all \(sizes[name] ?? 0) programs)" }
        guard programs.count > 1 else {
            return programs.first.map { $0 == "*" ? object : "\(object) \($0.printable)" } ?? object
        }
        if programs.count == sizes[name] { return "\(object) (all \(programs.count) programs)" }
        guard programs.count > Self.mostPrograms else {
            return "\(object) \(programs.map(\.printable).joined(separator: ", "))"
        }
        let shown = programs.prefix(Self.mostPrograms - 1).map(\.printable).joined(separator: ", ")
        return "\(object) \(shown) and \(programs.count - Self.mostPrograms + 1) more"
    }
}

/// Where a reason holds: programs, and the kernels that they share it on.
struct ExtentLines {
    /// One for each set of kernels; beyond a few, the rest is counted.
    let texts: [String]

    private static let most = 4

    /// - Parameter heading: what people are told a kernel by.
    init<Reason>(
        _ extents: [Finding<Reason>.Extent],
        of objects: [TestedObject],
        heading: (String) -> String
    ) {
        let shown = extents.count > Self.most ? extents.prefix(Self.most - 1) : extents[...]
        let rest = extents.dropFirst(shown.count)
        let count = rest.map(\.programs.count).reduce(0, +)
        texts =
            shown.map { extent in
                let kernels = extent.kernels.map { heading($0).printable }.joined(separator: ", ")
                return "\(ProgramList(extent.programs, of: objects).text) on \(kernels)"
            } + (rest.isEmpty ? [] : ["\(count) more programs, on other kernels"])
    }
}
