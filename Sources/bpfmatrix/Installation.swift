// SPDX-License-Identifier: Apache-2.0

import ChildProcess
import Foundation
import KernelStore
import Matrix
import SystemPackage
import VirtualMachine

/// What belongs to the tool and lies beside it.
enum Installation {
    private static let agentName = "bpfmatrix-guest"

    struct AgentMissing: Error, CustomStringConvertible {
        let searched: [FilePath]

        var description: String {
            "the guest agent \(agentName) is not where it should be (\(searched.map(\.string).joined(separator: ", "))): "
                + "swift build -c release --product \(agentName), or name it in BPFMATRIX_GUEST"
        }
    }

    /// The static agent that becomes PID 1 of each guest: `BPFMATRIX_GUEST`, or beside this executable.
    static func agent(
        environment: [String: String] = ProcessInfo.processInfo.environment
    ) throws(AgentMissing) -> FilePath {
        let chosen = environment["BPFMATRIX_GUEST"].flatMap { $0.isEmpty ? nil : FilePath($0) }
        let folder = executable.removingLastComponent()
        let beside = [
            folder.appending(agentName),
            folder.removingLastComponent().appending("libexec").appending("bpfmatrix").appending(agentName),
        ]
        let candidates = chosen.map { [$0] } ?? beside
        guard let agent = candidates.first(where: { FileManager.default.isReadableFile(atPath: $0.string) }) else {
            throw AgentMissing(searched: candidates)
        }
        return agent
    }

    /// What guests are made of: kernels out of `store`, the agent, and the machine's bpftool where there is one.
    static func supply(of store: KernelStore) async throws -> GuestSupply {
        GuestSupply(store: store, tools: try GuestTools(agent: try agent(), bpftool: try await BPFTool.locate()))
    }

    private static var executable: FilePath {
        let link = "/proc/self/exe"
        return FilePath((try? FileManager.default.destinationOfSymbolicLink(atPath: link)) ?? CommandLine.arguments[0])
    }
}
