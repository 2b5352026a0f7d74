// SPDX-License-Identifier: Apache-2.0

/// Which object is examined next, and by whom: kernels across, objects down.
actor WorkQueue {
    private struct Column {
        var waiting: [Int]
        /// Lanes that have a guest of this kernel.
        var lanes = 0
    }

    private var columns: [Column]
    /// Fewer objects than this are not worth another guest of the same kernel: it takes as long to start as they do.
    private let worthAnotherLane: Int

    init(_ objects: [[Int]], worthAnotherLane: Int) {
        columns = objects.map { Column(waiting: $0.reversed()) }
        self.worthAnotherLane = worthAnotherLane
    }

    /// The column that a free lane should work on: one that nobody is at, otherwise the one where most is left for each;
    /// nil where it can't be of use.
    func join() -> Int? {
        let idle = columns.indices.first { columns[$0].lanes == 0 && !columns[$0].waiting.isEmpty }
        let busiest = columns.indices.filter { columns[$0].waiting.count >= worthAnotherLane }
            .max { share(of: columns[$0]) < share(of: columns[$1]) }
        guard let chosen = idle ?? busiest else { return nil }
        columns[chosen].lanes += 1
        return chosen
    }

    func leave(_ column: Int) {
        columns[column].lanes -= 1
    }

    /// Lanes that have a guest of this kernel.
    func lanes(in column: Int) -> Int { columns[column].lanes }

    /// The next object; nil where none waits.
    func take(from column: Int) -> Int? { columns[column].waiting.popLast() }

    /// The next object of those that this is true of; nil where none waits.
    func take(from column: Int, where isSuitable: @Sendable (Int) -> Bool) -> Int? {
        guard let place = columns[column].waiting.lastIndex(where: isSuitable) else { return nil }
        return columns[column].waiting.remove(at: place)
    }

    /// The object is the next again.
    func putBack(_ object: Int, to column: Int) {
        columns[column].waiting.append(object)
    }

    /// Nothing more is to be asked of this kernel.
    func close(_ column: Int) {
        columns[column].waiting = []
    }

    private func share(of column: Column) -> Double { Double(column.waiting.count) / Double(column.lanes + 1) }
}
