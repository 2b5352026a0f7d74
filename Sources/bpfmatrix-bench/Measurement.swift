// SPDX-License-Identifier: Apache-2.0

import Foundation

/// One thing, measured several times: seconds.
struct Measurement: Codable {
    let what: String
    let seconds: [Double]

    static let runs = 5

    /// Runs `body` once for nothing, so that every measured run finds the same caches, and then `runs` times; `body`
    /// returns its own seconds.
    static func take(
        _ what: String,
        runs: Int = runs,
        isWarmedUp: Bool = true,
        _ body: @escaping () async throws -> Double
    ) async throws -> Measurement {
        if isWarmedUp { _ = try await body() }
        return try await take([(what, body)], runs: runs)[0]
    }

    /// Runs several things in turn, so that a machine that is slower for a while is so for all of them.
    static func take(
        _ subjects: [(what: String, body: () async throws -> Double)],
        runs: Int = runs
    ) async throws -> [Measurement] {
        var seconds = subjects.map { _ in [Double]() }
        for _ in 0..<runs {
            for (index, subject) in subjects.enumerated() { seconds[index].append(try await subject.body()) }
        }
        return zip(subjects, seconds).map { subject, seconds in
            let measurement = Measurement(what: subject.what, seconds: seconds)
            FileHandle.standardError.write(Data("\(measurement.line)\n".utf8))
            return measurement
        }
    }

    var median: Double {
        let sorted = seconds.sorted()
        let middle = sorted.count / 2
        return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
    }

    var line: String {
        let range = "\(Self.text(seconds.min() ?? 0)) – \(Self.text(seconds.max() ?? 0))"
        return "\(what): \(Self.text(median)) s (\(range), \(seconds.count) runs)"
    }

    static func text(_ seconds: Double) -> String { String(format: seconds < 1 ? "%.3f" : "%.2f", seconds) }
}

/// Two measurements of one run of the benchmark, one over the other: that is what travels to other machines.
struct Ratio: Codable {
    let what: String
    let value: Double
    /// What it should be at least, or at most; nil where nothing was promised.
    let reach: String?

    init(_ what: String, _ value: Double, reach: String? = nil) {
        self.what = what
        self.value = value
        self.reach = reach
    }

    init(_ above: Measurement, over below: Measurement, reach: String? = nil) {
        self.init("\(above.what) : \(below.what)", above.median / below.median, reach: reach)
    }
}

/// Everything that one run of the benchmark found out.
struct BenchmarkResults: Codable {
    var machine: String
    var emulator: String
    var measurements: [Measurement] = []
    var ratios: [Ratio] = []
    /// MiB.
    var megabytes: [String: Double] = [:]

    var table: String {
        let header = "\(machine), \(emulator)\n\n| measured | median, s | range | runs |\n| --- | --- | --- | --- |\n"
        let rows = measurements.map { measurement in
            let low = Measurement.text(measurement.seconds.min() ?? 0)
            let high = Measurement.text(measurement.seconds.max() ?? 0)
            let median = Measurement.text(measurement.median)
            return "| \(measurement.what) | \(median) | \(low) – \(high) | \(measurement.seconds.count) |\n"
        }
        let ratioRows = ratios.map { ratio in
            "| \(ratio.what) | \(String(format: "%.2f", ratio.value)) | \(ratio.reach ?? "") |\n"
        }
        let sizes = megabytes.sorted { $0.key < $1.key }.map { "| \($0.key) | \(String(format: "%.0f", $0.value)) |\n" }
        return header + rows.joined() + "\n| ratio | | reach |\n| --- | --- | --- |\n" + ratioRows.joined()
            + "\n| size | MB |\n| --- | --- |\n" + sizes.joined()
    }
}
