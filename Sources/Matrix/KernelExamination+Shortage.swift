// SPDX-License-Identifier: Apache-2.0

import GuestProtocol
import Results

/// Guests have less memory than the machines that objects are made for. What a kernel refuses for want of memory is asked once
/// more in a larger guest, so that the guest's limit is not taken for the object's.
extension KernelExamination {
    /// Objects that are to be asked about in a larger guest, after the others.
    var deferred: [Int] { progress.indices.filter { progress[$0].isInNeedOfMemory && !progress[$0].isDone } }

    func isDeferred(_ index: Int) -> Bool { progress[index].isInNeedOfMemory && !isAskingLargerGuests }

    /// From now on guests are the larger ones.
    func beginAskingLargerGuests() {
        isAskingLargerGuests = true
    }

    /// - Returns: false where there is no larger guest to be had, or the object is in one already.
    func askLargerGuest(about index: Int, because shortage: MemoryShortage) -> Bool {
        guard let larger = subject.largerGuests, !shortage.isBeyond(larger.configuration.memory) else { return false }
        return askLargerGuest(about: index, because: "\(shortage)")
    }

    /// - Returns: false where there is no larger guest to be had, or the object is in one already.
    func askLargerGuest(about index: Int, because reason: String) -> Bool {
        guard let larger = subject.largerGuests, !isAskingLargerGuests else { return false }
        progress[index].isInNeedOfMemory = true
        report(
            .note(
                "\(subject.spec): \(progress[index].object.name) is tried again in a guest with "
                    + "\(larger.configuration.memory) MiB, later: \(reason)"
            )
        )
        return true
    }

    /// MiB of the guests that are being asked.
    var guestMemory: Int {
        let larger = isAskingLargerGuests ? subject.largerGuests : nil
        return (larger ?? subject.guests).configuration.memory
    }
}
