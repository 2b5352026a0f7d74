// SPDX-License-Identifier: Apache-2.0

import Results

extension KernelExamination {
    /// A guest has loaded the modules that an object needs, but for these.
    func tellModules(of index: Int, failed: [String: Int32]) {
        let (name, modules) = (progress[index].object.name, modules[index])
        report(.note("\(subject.spec): modules loaded for \(name): \(modules.reasons.joined(separator: ", "))"))
        for (module, errno) in failed.sorted(by: { $0.key < $1.key }) {
            report(.note("\(subject.spec): the module \(module) could not be loaded (errno \(errno))"))
        }
    }
}
