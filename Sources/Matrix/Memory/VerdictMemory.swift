// SPDX-License-Identifier: Apache-2.0

import Results
import VerdictCache

/// What earlier runs were told, and whether this one takes it for an answer. Where it fails, kernels are asked.
public struct VerdictMemory: Sendable {
    private let cache: VerdictCache
    private let isConsulted: Bool

    /// - Parameter isConsulted: otherwise kernels are asked everything anew, and the answers replace those that are known.
    public init(_ cache: VerdictCache, isConsulted: Bool = true) {
        self.cache = cache
        self.isConsulted = isConsulted
    }

    func recall(for examinations: [KernelExamination], report: @Sendable (RunEvent) -> Void) async {
        guard isConsulted else { return }
        var questions: [QuestionKey] = []
        for examination in examinations { questions += await examination.questions }
        do throws(VerdictCacheError) {
            let answers = try cache.answers(to: questions)
            for examination in examinations { await examination.recall(answers) }
        } catch {
            report(.note("\(error)"))
        }
    }

    func keep(_ answer: [UInt8], for question: QuestionKey) throws(VerdictCacheError) {
        try cache.keep([question: answer])
    }

    func forget(_ questions: [QuestionKey]) throws(VerdictCacheError) {
        try cache.forget(questions)
    }
}
