// SPDX-License-Identifier: Apache-2.0

/// Something that happened in a run, told as it happens.
public enum RunEvent: Sendable, Hashable {
    /// Work before the kernels can be asked: "downloading 6.1.0-56-cloud-amd64". `fraction`: 0…1 where it is known.
    case working(String, fraction: Double?)
    /// Something that the user should know and that stops nothing.
    case note(String)
    /// What will be asked of whom is settled; from here on there is a matrix.
    case began(objects: [TestedObject], kernels: [TestedKernel])
    /// `isToBeSaved`: so that the next run need not wait for it.
    case booting(kernel: String, isToBeSaved: Bool)
    /// A guest answers; one that was saved is restored in a fraction of the time that a boot takes.
    case started(kernel: String, seconds: Double, isRestored: Bool)
    /// The verdicts on one object by one kernel. `kernel` is `TestedKernel.spec` in every event.
    case cells([Cell])
    case witness(WitnessStatement)
    /// This kernel can't be asked any more; its open cells have no verdict.
    case kernelFailed(kernel: String, reason: String)
}
