// SPDX-License-Identifier: Apache-2.0

import ChildProcess
import Compiler
import Foundation
import HostResources
import KernelStore
import Platform
import SystemPackage
import VirtualMachine

/// What a machine has of what testing needs.
struct Checkup {
    let store: KernelStore

    /// One thing that was looked for.
    struct Finding {
        enum State {
            case present(String)
            /// Testing can't do without it.
            case missing(String)
            /// Something is slower, or can't be done, without it.
            case lacking(String)
        }

        let what: String
        let state: State

        var isMissing: Bool {
            guard case .missing = state else { return false }
            return true
        }

        var text: String {
            let (sign, words): (String, String) =
                switch state {
                case .present(let words): ("ok     ", words)
                case .missing(let words): ("MISSING", words)
                case .lacking(let words): ("without", words)
                }
            return "\(sign)  \(what): \(words)"
        }
    }

    func findings() async -> [Finding] {
        var findings = [await emulator(), await foreignEmulator(), agent(), kvm(), resources()]
        findings += [await compiler(), headers(), await bpftool()]
        findings += Self.tools.map { tool($0) } + Self.rareTools.map { tool($0, absent: Finding.State.lacking) }
        findings += [virtiofsd(), await namespaces()] + Self.imageTools.map { tool($0, absent: Finding.State.lacking) }
        findings += await sources() + [kernels(), room()]
        return findings
    }

    /// Programs that are called by name, what for, and the Debian package that has each.
    private static let tools = [
        (name: "setpriv", purpose: "ends child processes with this one", package: "util-linux"),
        (name: "prlimit", purpose: "bounds what images unpack to", package: "util-linux"),
        (name: "ldd", purpose: "finds bpftool's libraries", package: "libc-bin"),
        (name: "apt-get", purpose: "reads the Debian archive", package: "apt"),
        (name: "dpkg-deb", purpose: "unpacks kernel packages", package: "dpkg"),
        (name: "xz", purpose: "unpacks kernels and modules", package: "xz-utils"),
        (name: "gzip", purpose: "unpacks kernels and images", package: "gzip"),
        (name: "tar", purpose: "packs and unpacks sets of kernels", package: "tar"),
        (name: "lz4", purpose: "unpacks kernels", package: "lz4"),
        (name: "zstd", purpose: "unpacks kernels and images", package: "zstd"),
    ]

    /// Some kernels of a user's own are packed that way; none of the usual sources'.
    private static let rareTools = [(name: "bzip2", purpose: "unpacks kernels", package: "bzip2")]

    private func tool(
        _ tool: (name: String, purpose: String, package: String),
        absent: (String) -> Finding.State = Finding.State.missing
    ) -> Finding {
        Finding(
            what: tool.name,
            state: Command.find(tool.name).map { .present("\($0) (\(tool.purpose))") }
                ?? absent("\(tool.purpose): apt-get install \(tool.package)")
        )
    }

    /// What only images need.
    private static let imageTools = [
        (name: "mmdebstrap", purpose: "builds images", package: "mmdebstrap"),
        (name: "mke2fs", purpose: "builds images", package: "e2fsprogs"),
        (name: "qemu-img", purpose: "makes images in qcow2", package: "qemu-utils"),
        (name: "newuidmap", purpose: "without root, builds images and hands folders to guests", package: "uidmap"),
    ]

    /// What handing folders to guests and building images take where one is not root: tried, since much can forbid it.
    private func namespaces() async -> Finding {
        let options = geteuid() == 0 ? ["--mount"] : ["--user", "--map-root-user", "--map-auto", "--mount"]
        let probe = try? await Command("true").behind("unshare", options).run(within: .seconds(10))
        let reason = probe?.errorText.trimmingCharacters(in: .whitespacesAndNewlines) ?? "unshare does not run"
        let advice =
            geteuid() == 0
            ? "it takes CAP_SYS_ADMIN"
            : "it takes newuidmap (apt-get install uidmap), a line for this user in /etc/subuid and /etc/subgid, and a system that "
                + "lets users make namespaces"
        return Finding(
            what: "namespaces",
            state: probe?.ending.isSuccess == true
                ? .present("to hand folders to guests and to build images")
                : .lacking("no folders by virtiofs, no images: \(reason); \(advice)")
        )
    }

    private func virtiofsd() -> Finding {
        let purpose = "hands folders to guests with an image whose kernels have no 9p"
        return Finding(
            what: "virtiofsd",
            state: SharedFolder.server.map { .present("\($0) (\(purpose))") }
                ?? .lacking("\(purpose): apt-get install virtiofsd, or qemu-system-common before Debian 13")
        )
    }

    private func emulator() async -> Finding {
        let answer = try? await Command(Architecture.host.emulator, ["--version"]).run(within: .seconds(20))
        let version = answer?.outputText.split(separator: "\n").first.map(String.init)
        return Finding(
            what: "QEMU",
            state: version.map { .present($0) }
                ?? .missing("runs the guests: apt-get install \(Architecture.host.emulatorPackage)")
        )
    }

    private func foreignEmulator() async -> Finding {
        let foreign = Architecture.host == .amd64 ? Architecture.arm64 : .amd64
        let answer = try? await Command(foreign.emulator, ["--version"]).run(within: .seconds(20))
        let version = answer?.outputText.split(separator: "\n").first.map(String.init)
        return Finding(
            what: "QEMU for \(foreign.rawValue)",
            state: version.map { .present($0) }
                ?? .lacking("no --arch \(foreign.rawValue): apt-get install \(foreign.emulatorPackage)")
        )
    }

    private func agent() -> Finding {
        do throws(Installation.AgentMissing) {
            return Finding(what: "guest agent", state: .present("\(try Installation.agent())"))
        } catch {
            return Finding(what: "guest agent", state: .missing("\(error)"))
        }
    }

    private func kvm() -> Finding {
        let what = "KVM"
        do {
            switch try AcceleratorProbe(memory: store.acceleratorMemory).remembered() {
            case let decision? where decision.accelerator == .kvm:
                return Finding(what: what, state: .present(decision.reason))
            case let decision?: return Finding(what: what, state: .lacking("\(decision.reason): guests are emulated"))
            case nil:
                return Finding(what: what, state: .lacking("not tried yet: the first test does, or doctor --deep"))
            }
        } catch {
            return Finding(what: what, state: .lacking("\(error)"))
        }
    }

    private func resources() -> Finding {
        let host = HostResources.current
        let processors = host.processors == 1 ? "1 processor" : "\(host.processors) processors"
        let memory = host.availableMemory.map { "\($0) MiB of memory available" } ?? "memory unknown"
        return Finding(what: "for guests", state: .present("\(processors), \(memory)"))
    }

    private func compiler() async -> Finding {
        do {
            let clang = try await Clang.locate()
            return Finding(what: "clang for BPF", state: .present("\(clang.path), \(clang.fullVersion)"))
        } catch {
            return Finding(what: "clang for BPF", state: .lacking("only objects can be tested, not sources: \(error)"))
        }
    }

    private func headers() -> Finding {
        let folder = Compiler.libbpfHeaders()
        return Finding(
            what: "libbpf's headers",
            state: folder.map { .present("\($0)/bpf") }
                ?? .lacking("sources that include them don't compile: scripts/setup.sh, or apt-get install libbpf-dev")
        )
    }

    private func bpftool() async -> Finding {
        let found = try? await BPFTool.locate()
        return Finding(
            what: "bpftool",
            state: found.map { .present("\($0.path), \($0.version)") }
                ?? .lacking("no second witness and no vmlinux.h: apt-get install bpftool")
        )
    }

    /// A line for each source of kernels, in the order in which they are asked.
    private func sources() async -> [Finding] {
        var findings: [Finding] = []
        do throws(SourceConfiguration.Failure) {
            for source in try SourceConfiguration.sources().sources {
                findings.append(Finding(what: "source \(source.name)", state: await state(of: source)))
            }
        } catch {
            findings.append(Finding(what: "sources", state: .missing("\(error)")))
        }
        return findings
    }

    private func state(of source: KernelSource) async -> Finding.State {
        func state(of archive: PackageArchive) -> Finding.State {
            guard FileManager.default.isReadableFile(atPath: archive.keyring.string) else {
                return .lacking("\(KernelStoreError.noKeyring(path: archive.keyring.string))")
            }
            return .present(archive.main)
        }
        switch source {
        case .registry(let registry): return .present("\(registry.repository)")
        case .archive(let archive): return state(of: archive)
        case .debian:
            do {
                let archive = try await PackageArchive.debian()
                guard case .present(let address) = state(of: archive) else { return state(of: archive) }
                let security =
                    archive.security == nil
                    ? "no archive of security updates: line 5.10 is only there" : "with security updates"
                return .present("\(address), \(security)")
            } catch {
                return .lacking("\(error)")
            }
        }
    }

    private func kernels() -> Finding {
        let versions = ((try? store.kernels()) ?? []).map(\.version)
        return Finding(
            what: "kernels",
            state: versions.isEmpty
                ? .lacking("none yet: bpfmatrix kernels pull 5.10 6.1 6.12 latest")
                : .present(versions.joined(separator: ", "))
        )
    }

    private func room() -> Finding {
        let attributes = try? FileManager.default.attributesOfFileSystem(forPath: store.root.string)
        let free = (attributes?[.systemFreeSize] as? NSNumber)?.int64Value
        let words = free.map { "\(store.root), \($0 >> 20) MB free" } ?? store.root.string
        // A kernel with all that is needed to take it in.
        let isTight = (free ?? .max) < 512 << 20
        return Finding(
            what: "store",
            state: isTight ? .missing("\(words): too little for another kernel") : .present(words)
        )
    }
}
