// SPDX-License-Identifier: Apache-2.0

import OCIRegistry
import Platform

/// Why a kernel can't be had or kept. The first line says what to do.
public enum KernelStoreError: Error, Hashable, CustomStringConvertible {
    /// A source has no such kernel; `offered` is what there is.
    case notOffered(spec: String, by: String, offered: [String])
    /// None of several has it, or can be asked.
    case noSource(spec: String, answers: [SourceAnswer])
    case unknownSource(name: String, known: [String])
    case notInStore(name: String, there: [String])
    case nameTaken(name: String)
    /// Several kernels are of this release.
    case ambiguous(name: String, [String])
    case unusableName(String)
    /// The machine's apt configuration names no Debian archive.
    case noArchive
    case aptMissing
    /// The archive's keys are not on this machine.
    case noKeyring(path: String)
    /// apt could not read the archive's signed indexes.
    case archiveUnreadable(suites: [String], reason: String)
    /// apt does not believe the archive's indexes: their signature or digests are wrong.
    case archiveRefused(suites: [String], reason: String)
    /// What was fetched is not what the archive's signature vouches for. Nothing of it is kept.
    case refused(what: String, reason: String)
    case notDownloaded(what: String, reason: String)
    case notAKernel(path: String, reason: String)
    case notTypeInformation(path: String)
    /// The image is of another kernel than its package says.
    case anotherKernel(expected: String, found: String)
    /// The image is for another architecture than the one that was asked for.
    case anotherArchitecture(expected: Architecture, found: Architecture)
    /// An image out of a registry is of other kernels than it was asked for.
    case otherKernelInImage(image: String, asked: String, found: [String])
    /// An image out of a registry has no kernel, or not one that can be told.
    case unusableImage(image: String, reason: String)
    case registry(RegistryError)
    /// A file that no `export` has written, or that was changed since.
    case unusableSet(path: String, reason: String)
    case toolFailed(String)
    case storage(path: String, reason: String)
    case damaged(path: String, reason: String)
    /// What was found out about a kernel can't be read any more.
    case damagedProfile(kernel: String, reason: String)

    var firstLine: String { "\(self)".split(separator: "\n").first.map(String.init) ?? "" }

    public var description: String {
        switch self {
        case .notOffered(let spec, let by, let offered):
            "no kernel \(spec) in \(by). What is there: \(offered.isEmpty ? "nothing" : offered.joined(separator: ", "))"
        case .noSource(let spec, let answers):
            "no source has kernel \(spec). A kernel of your own: bpfmatrix kernels add NAME --image FILE"
                + answers.map { "\n  \($0.source): \($0.answer)" }.joined()
        case .unknownSource(let name, let known):
            "no source of kernels is called \(name); there are: \(known.joined(separator: ", ")). "
                + "More can be configured: docs/kernels.md"
        case .notInStore(let name, let there):
            "no kernel \(name) in the store; there: \(there.isEmpty ? "none" : there.joined(separator: ", "))"
        case .ambiguous(let name, let names):
            "\(name) is the release of several kernels: \(names.joined(separator: ", "))"
        case .nameTaken(let name): "the store has a kernel \(name) already: bpfmatrix kernels remove \(name)"
        case .unusableName(let name):
            "'\(name)' can't be a kernel's name: it has letters, digits, '.', '_', '+' and '-', and means no kernel yet as "
                + "6.1 or latest do"
        case .noArchive:
            "apt on this machine knows no Debian archive: set BPFMATRIX_DEBIAN_MIRROR (and "
                + "BPFMATRIX_DEBIAN_SECURITY_MIRROR) to one's base address, or add a kernel of your own with "
                + "bpfmatrix kernels add NAME --image FILE"
        case .aptMissing:
            "apt is not on this machine, and the Debian archive is read with it: add a kernel of your own with "
                + "bpfmatrix kernels add NAME --image FILE"
        case .noKeyring(let path):
            "\(path) is missing, without which nothing can be verified: install debian-archive-keyring"
        case .archiveUnreadable(let suites, let reason):
            "the Debian archive can't be read (\(suites.joined(separator: ", "))): \(reason)"
        case .archiveRefused(let suites, let reason):
            "the archive's indexes were refused, and nothing was taken from it (\(suites.joined(separator: ", "))): \(reason)"
        case .refused(let what, let reason): "\(what) was refused: \(reason). Nothing of it was kept"
        case .notDownloaded(let what, let reason):
            "\(what) could not be downloaded: \(reason). What has come is kept; the same command goes on from there"
        case .notAKernel(let path, let reason): "\(path) is not a kernel that can be booted: \(reason)"
        case .notTypeInformation(let path):
            "\(path) has no BTF: neither a .BTF section nor BTF as it is in /sys/kernel/btf/vmlinux"
        case .anotherKernel(let expected, let found): "the image is of kernel \(found), not of \(expected)"
        case .anotherArchitecture(let expected, let found):
            "the image is for \(found.rawValue), and not for \(expected.rawValue) (--arch \(found.rawValue) tests it)"
        case .otherKernelInImage(let image, let asked, let found):
            "\(image) has kernel \(found.joined(separator: ", ")), and \(asked) was asked for. Nothing of it was kept"
        case .unusableImage(let image, let reason): "\(image) can't be used: \(reason)"
        case .registry(let error): "\(error)"
        case .unusableSet(let path, let reason):
            "\(path) is no set of kernels that `bpfmatrix kernels export` has written: \(reason)"
        case .toolFailed(let reason): reason
        case .storage(let path, let reason):
            "cannot write \(path): \(reason). Free some room, or set BPFMATRIX_STORE to a folder that has it"
        case .damaged(let path, let reason): "\(path) is damaged: \(reason). Remove it and pull the kernel again"
        case .damagedProfile(let kernel, let reason):
            "what was found out about \(kernel) can't be read: \(reason). This surveys the kernel again: bpfmatrix kernels info --survey \(kernel)"
        }
    }
}
