// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import KernelStore
import Matrix
import Results

/// Which kernels, and where from.
struct KernelArguments: ParsableArguments {
    @Flag(help: "Refuse an archive's indexes that are past their own date, instead of saying so and going on.")
    var strict = false

    func selection(in store: KernelStore) -> KernelSelection {
        let isStrict = strict
        return KernelSelection(store: store) { try await DebianArchive.configured(isStrict: isStrict) }
    }

    /// `5.10,6.1` and `5.10 6.1` alike.
    static func specs(_ words: [String]) -> [String] {
        words.flatMap { $0.split(separator: ",") }.map { $0.trimmingPrefix(" ") }.filter { !$0.isEmpty }.map(
            String.init
        )
    }
}
