// SPDX-License-Identifier: Apache-2.0

import ChildProcess
import Foundation
import GuestImages
import GuestProtocol
import KernelStore
import Matrix
import Results
import SystemPackage
import TestKernels
import Testing
import VirtualMachine

extension RealKernels {
    /// Objects that an image's own bpftool loads.
    @Suite struct ImageModeTests {
        /// The project's own image, built once and then found in the user's store.
        private func image(hostFolder: FilePath? = nil) async throws -> ImageUnderTest {
            let definitions = try ImageDefinitions(reading: TestKernels.package.appending("images.json"))
            let archive = try await PackageArchive.debian()
            let base = BaseSystem(
                mirror: archive.main,
                suite: "bookworm",
                keyring: archive.keyring
            )
            let images = try GuestImageStore(root: try TestKernels.store.root)
            let image = try await images.build("base", of: definitions, on: base) { _ in }
            return ImageUnderTest(
                disk: GuestDisk(name: "base", path: image.path, format: .raw, digest: image.sha256),
                hostFolder: hostFolder
            )
        }

        private func options(_ loader: LoaderChoice, _ image: ImageUnderTest) -> RunOptions {
            RunOptions(loader: loader, accelerator: .tcg, image: image)
        }

        @Test("an image's bpftool agrees with the agent about good and bad objects (5.10, 6.1, 7.2)")
        func agreement() async throws {
            let kernels = try await TestKernels.selected(["5.10", "6.1", "7.2"])
            let objects = [
                try await CompiledFixture.object("good", Programs.accepted),
                try await CompiledFixture.object("bad", Programs.nullDereference),
            ]
            let results = try await TestKernels.run(
                objects,
                on: kernels,
                options: options([.agent, .image], try await image())
            )
            for kernel in ["5.10", "6.1", "7.2"] {
                let said = results.bpftool.filter { $0.kernel == kernel }
                #expect(said.map(\.verdict) == [.accepted, .rejected], "\(said)")
                #expect(said.allSatisfy { $0.loader?.hasPrefix("image:bpftool ") == true })
                #expect(said.allSatisfy { $0.disagreement == nil })
            }
            #expect(results.image?.name == "base")
        }

        @Test("as the only loader it answers for whole objects (6.12)")
        func alone() async throws {
            let kernels = try await TestKernels.selected(["6.12"])
            let objects = [
                try await CompiledFixture.object("good", Programs.accepted),
                try await CompiledFixture.object("bad", Programs.nullDereference),
            ]
            let results = try await TestKernels.run(objects, on: kernels, options: options(.image, try await image()))
            #expect(results.cells.map(\.program) == ["*", "*"])
            #expect(results.cells.map(\.verdict) == [.accepted, .rejected])
            #expect(results.loader.name == "image:bpftool")
        }

        @Test("a folder of the host's is seen at /host, and can't be written to (6.1, by virtiofs)")
        func hostFolder() async throws {
            try await withScratchFolder { folder in
                let host = folder.appending("host")
                try FileManager.default.createDirectory(atPath: host.string, withIntermediateDirectories: true)
                try host.appending("here").write("from the host\n")
                let kernel = try await TestKernels.kernel("6.1")
                let supply = try await TestKernels.supply(of: try TestKernels.store)
                let image = try await image()
                let machine = supply.machine(
                    for: kernel,
                    .tcg,
                    disk: image.disk,
                    folders: [SharedFolder(tag: "host", path: host, transport: .virtiofs)]
                )
                let script = "cat /host/here; touch /host/there; mount -o remount,rw /host; touch /host/there; ls /host"
                let output = try await withVirtualMachine(machine, bootLimit: .seconds(60)) { guest in
                    try await guest.link.send(
                        .imageRun(
                            ImageRun(
                                id: 7,
                                device: GuestDisk.device,
                                fileSystem: "ext4",
                                folders: [HostFolder(tag: "host", target: "/host", transport: .virtiofs)],
                                arguments: ["/bin/sh", "-c", script],
                                environment: ["PATH=/usr/bin:/bin:/usr/sbin:/sbin"]
                            )
                        )
                    )
                    var output = ""
                    while true {
                        switch try await guest.link.next(within: .seconds(60), waitingFor: "the image") {
                        case .imageOutput(let said) where said.stream == .output:
                            output += String(decoding: said.bytes, as: UTF8.self)
                        case .imageOutput: break
                        case .imageReport(let report):
                            #expect(report.stage == .ended && report.status == 0)
                            return output
                        case let other:
                            Issue.record("\(other)")
                            return output
                        }
                    }
                }
                #expect(output == "from the host\nhere\n")
                #expect(try FileManager.default.contentsOfDirectory(atPath: host.string) == ["here"])
            }
        }

        @Test("an image that lacks the script is told, and gives no verdict (6.12)")
        func noScript() async throws {
            var image = try await image()
            image = ImageUnderTest(disk: image.disk, script: "/no/such/script")
            let object = try await CompiledFixture.object("good", Programs.accepted)
            let results = try await TestKernels.run(
                [object],
                on: try await TestKernels.selected(["6.12"]),
                options: options(.image, image)
            )
            #expect(results.cells.map(\.verdict) == [.infrastructure])
            #expect(results.cells.first?.message?.contains("could not be started") == true)
            #expect(results.summary.exitStatus == ExitStatus.noVerdict)
        }

        @Test("a script that says all is well of everything has no vote: it accepts the bad canary (6.12)")
        func liar() async throws {
            // Its digests, its order and its end are as they should be.
            let script = """
                #!/bin/sh
                folder=$1 && shift && tried=0
                echo '{"format":2,"loader":"bpftool","version":"7.1.0","kernel":"'$(uname -r)'","tainted":0}'
                for name in "$@"; do
                    set -- $(sha256sum "$folder/$name")
                    echo '{"object":"'$name'","sha256":"'$1'","status":0,"programs":[],"tainted":0,"log":""}'
                    tried=$((tried + 1))
                done
                echo '{"end":true,"objects":'$tried'}'
                """
            let results = try await run(script)
            #expect(results.cells.map(\.verdict) == [.infrastructure])
            #expect(results.cells.first?.message?.contains("accepted the bad canary") == true, "\(results.cells)")
        }

        @Test("a kernel that a script brings down has crashed, whatever brings it its folders (6.1, by virtiofs)")
        func crash() async throws {
            // The real script as far as the canaries, and then the crash in the place of the object.
            let results = try await run(
                """
                #!/bin/sh
                folder=$1 && shift
                /scripts/test-bpf-in-vm.sh "$folder" "$1" "$2" | grep -v '"end"'
                echo c >/proc/sysrq-trigger
                sleep 60
                """,
                on: "6.1"
            )
            #expect(results.cells.map(\.verdict) == [.crashed], "\(results.cells)")
            #expect(results.summary.exitStatus == ExitStatus.notAsExpected)
        }

        /// One good object, by a script that the host's folder has.
        private func run(_ script: String, on line: String = "6.12") async throws -> MatrixResults {
            let image = try await image()
            return try await withScratchFolder { folder in
                let host = folder.appending("host, with a comma")
                try FileManager.default.createDirectory(atPath: host.string, withIntermediateDirectories: true)
                let file = host.appending("script")
                try file.write(script)
                try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: file.string)
                return try await TestKernels.run(
                    [try await CompiledFixture.object("good", Programs.accepted)],
                    on: try await TestKernels.selected([line]),
                    options: options(.image, ImageUnderTest(disk: image.disk, script: "/host/script", hostFolder: host))
                )
            }
        }

        @Test("isolated, each object has an image's guest of its own (6.12)")
        func isolated() async throws {
            var options = options(.image, try await image())
            options.isIsolating = true
            let objects = [
                try await CompiledFixture.object("good", Programs.accepted),
                try await CompiledFixture.object("bad", Programs.nullDereference),
            ]
            let kernels = try await TestKernels.selected(["6.12"])
            let supply = try await TestKernels.supply(of: try TestKernels.store)
            let (events, sink) = AsyncStream.makeStream(of: RunEvent.self)
            let results = try await MatrixRun(objects: objects, kernels: kernels, supply: supply, options: options)
                .run { sink.yield($0) }
            sink.finish()
            var guests = 0
            for await event in events { if case .started = event { guests += 1 } }
            #expect(guests == 2)
            #expect(results.cells.map(\.verdict) == [.accepted, .rejected])
        }

        @Test("a script that says nothing at all has no vote (6.12)")
        func mute() async throws {
            let image = try await image()
            let liar = ImageUnderTest(disk: image.disk, script: "/bin/true")
            let object = try await CompiledFixture.object("good", Programs.accepted)
            let results = try await TestKernels.run(
                [object],
                on: try await TestKernels.selected(["6.12"]),
                options: options(.image, liar)
            )
            #expect(results.cells.map(\.verdict) == [.infrastructure])
            #expect(results.cells.first?.message?.contains("said nothing of what loads") == true)
        }
    }
}
