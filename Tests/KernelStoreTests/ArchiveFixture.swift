// SPDX-License-Identifier: Apache-2.0

import ChildProcess
import Foundation
import KernelStore
import SystemPackage
import TestKernels

/// A Debian archive on loopback, made on the spot and signed with a key of its own.
struct ArchiveFixture: Sendable {
    let folder: FilePath
    let suite = "testing-kernels"
    private var root: FilePath { folder.appending("archive") }
    var keyring: FilePath { folder.appending("keyring.gpg") }
    private var home: FilePath { folder.appending("gnupg") }

    static let release = "6.1.0-99-cloud-amd64"
    static let package = "linux-image-\(release)"

    /// Makes the archive with one kernel in it.
    init(in folder: FilePath) async throws {
        self.folder = folder
        try FileManager.default.createDirectory(
            atPath: folder.appending("gnupg").string,
            withIntermediateDirectories: true,
            attributes: [.posixPermissions: 0o700]
        )
        try await run(
            "gpg",
            ["--batch", "--passphrase", "", "--quick-gen-key", "archive@test.invalid", "rsa2048", "sign", "0"]
        )
        try await run("gpg", ["--batch", "--output", keyring.string, "--export"])
        try await addKernel(Self.release, version: "6.1.999-1")
        try await sign()
    }

    /// The archive as the store is told of it, at `port`.
    func archive(port: Int, name: String = PackageArchive.debianName, isStrict: Bool = false) -> PackageArchive {
        PackageArchive(
            name: name,
            main: "http://127.0.0.1:\(port)",
            security: nil,
            keyring: keyring,
            suites: [.init(suite)],
            isStrict: isStrict
        )
    }

    var packageFile: FilePath { root.appending("pool/\(Self.package).deb") }
    var index: FilePath { root.appending("dists/\(suite)/main/binary-amd64/Packages") }

    /// A kernel as Ubuntu packages it: image, modules and configuration in two packages, the first of which depends on the
    /// second.
    ///
    /// - Parameter hasModules: whether the archive has the second one.
    func addDividedKernel(_ release: String, version: String, hasModules: Bool = true) async throws {
        let image = FakeKernel.image(release: release, payload: try await FakeKernel.payload(in: folder))
        try await addPackage(
            "linux-image-\(release)",
            version: version,
            dependencies: "kmod, linux-base (>= 4.5), linux-modules-\(release)",
            files: ["boot/vmlinuz-\(release)": image]
        )
        guard hasModules else { return }
        try await addPackage(
            "linux-modules-\(release)",
            version: version,
            files: [
                "boot/config-\(release)": Array("CONFIG_BPF=y\n".utf8),
                "lib/modules/\(release)/kernel/virtio_pci.ko": try await FakeKernel.module(in: folder),
            ]
        )
    }

    func addPackage(
        _ name: String,
        version: String,
        dependencies: String? = nil,
        files: [String: [UInt8]]
    ) async throws {
        let tree = folder.appending("tree-\(name)")
        for (path, bytes) in files {
            let file = tree.appending(path)
            try FileManager.default.createDirectory(
                atPath: file.removingLastComponent().string,
                withIntermediateDirectories: true
            )
            try file.write(bytes)
        }
        let control = tree.appending("DEBIAN")
        try FileManager.default.createDirectory(atPath: control.string, withIntermediateDirectories: true)
        try control.appending("control").write(
            """
            Package: \(name)
            Version: \(version)
            Architecture: amd64
            Maintainer: Nobody <nobody@test.invalid>
            \(dependencies.map { "Depends: \($0)\n" } ?? "")Description: a kernel for a test

            """
        )
        let pool = root.appending("pool")
        try FileManager.default.createDirectory(atPath: pool.string, withIntermediateDirectories: true)
        let target = pool.appending("\(name).deb")
        try await run("dpkg-deb", ["--root-owner-group", "-Znone", "--build", tree.string, target.string])
    }

    /// - Parameter imageRelease: what the image says of itself, where that is not what the package says.
    func addKernel(_ release: String, version: String, imageRelease: String? = nil) async throws {
        let image = FakeKernel.image(
            release: imageRelease ?? release,
            payload: try await FakeKernel.payload(in: folder)
        )
        // Something that does not compress, so that a download takes more than one packet.
        var ballast: [UInt8] = []
        for _ in 0..<(1 << 20) { ballast.append(UInt8.random(in: 0...255)) }
        try await addPackage(
            "linux-image-\(release)",
            version: version,
            files: [
                "boot/vmlinuz-\(release)": image, "boot/config-\(release)": Array("CONFIG_BPF=y\n".utf8),
                "boot/ballast-\(release)": ballast,
            ]
        )
    }

    /// Makes the indexes anew and signs them. - Parameter validUntil: a date as Release files have them.
    func sign(validUntil: String? = nil) async throws {
        let dists = root.appending("dists/\(suite)")
        try FileManager.default.createDirectory(
            atPath: index.removingLastComponent().string,
            withIntermediateDirectories: true
        )
        let packages = try await output("apt-ftparchive", ["packages", "pool"])
        try index.write(packages)
        for name in ["Release", "InRelease"] {
            try? FileManager.default.removeItem(atPath: dists.appending(name).string)
        }
        let options = [
            "-o", "APT::FTPArchive::Release::Suite=\(suite)", "-o", "APT::FTPArchive::Release::Codename=\(suite)",
            "-o", "APT::FTPArchive::Release::Architectures=amd64", "-o", "APT::FTPArchive::Release::Components=main",
        ]
        var release = try await output("apt-ftparchive", options + ["release", dists.string])
        if let validUntil { release = "Valid-Until: \(validUntil)\n" + release }
        try dists.appending("Release").write(release)
        try await run(
            "gpg",
            [
                "--batch", "--clearsign", "--output", dists.appending("InRelease").string,
                dists.appending("Release").string,
            ]
        )
    }

    /// Serves the archive while `body` runs, and hands it the port.
    func served<Result: Sendable>(
        behaviour: [String: String] = [:],
        _ body: @escaping @Sendable (Int) async throws -> Result
    ) async throws -> Result {
        let (ports, continuation) = AsyncStream.makeStream(of: Int.self)
        return try await withThrowingTaskGroup(of: Result?.self) { group in
            defer { group.cancelAll() }
            let server = Command("python3", ["-u", "-c", Self.server, root.string], environment: behaviour)
            group.addTask {
                _ = try await server.run(within: .seconds(300)) { line in
                    if let port = Int(line.trimmingCharacters(in: .whitespacesAndNewlines)) { continuation.yield(port) }
                }
                continuation.finish()
                return nil
            }
            group.addTask {
                for await port in ports { return try await body(port) }
                throw CocoaError(.fileReadUnknown)
            }
            while let result = try await group.next() {
                if let result { return result }
            }
            throw CancellationError()
        }
    }

    /// A web server that knows ranges and can misbehave: CUT_AFTER bytes it closes a package's connection, once;
    /// NO_RANGES it always begins at the beginning; STATUS it answers every request for a package with that.
    private static let server = """
        import http.server, os, re, sys
        root = sys.argv[1]
        cut = int(os.environ.get('CUT_AFTER', 0))
        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = 'HTTP/1.1'
            def log_message(self, *words):
                pass
            def do_GET(self):
                global cut
                path = os.path.join(root, self.path.lstrip('/'))
                is_package = path.endswith('.deb')
                if not os.path.isfile(path) or (is_package and 'STATUS' in os.environ):
                    self.send_error(int(os.environ.get('STATUS', 404)) if is_package else 404)
                    return
                body = open(path, 'rb').read()
                start = 0
                match = re.match(r'bytes=(\\d+)-', self.headers.get('Range', ''))
                if match and 'NO_RANGES' not in os.environ:
                    start = int(match.group(1))
                    self.send_response(206)
                    self.send_header('Content-Range', 'bytes %d-%d/%d' % (start, len(body) - 1, len(body)))
                else:
                    self.send_response(200)
                body = body[start:]
                self.send_header('Content-Length', str(len(body)))
                self.end_headers()
                if is_package:
                    open(os.path.join(root, 'asked'), 'a').write('%d\\n' % start)
                if is_package and cut:
                    body, cut = body[:cut], 0
                    self.close_connection = True
                self.wfile.write(body)
        server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
        print(server.server_address[1])
        server.serve_forever()
        """

    /// At which byte each request for a package began.
    var requests: [Int] {
        let text = (try? String(contentsOfFile: root.appending("asked").string, encoding: .utf8)) ?? ""
        return text.split(separator: "\n").compactMap { Int($0) }
    }

    struct Failed: Error, CustomStringConvertible {
        let description: String
    }

    @discardableResult
    private func output(_ tool: String, _ arguments: [String]) async throws -> String {
        var command = Command(tool, arguments, environment: ["GNUPGHOME": home.string])
        command.workingDirectory = root
        try FileManager.default.createDirectory(atPath: root.string, withIntermediateDirectories: true)
        let result = try await command.run(within: .seconds(60))
        guard result.ending.isSuccess else { throw Failed(description: "\(tool): \(result.errorText)") }
        return result.outputText
    }

    private func run(_ tool: String, _ arguments: [String]) async throws { try await output(tool, arguments) }
}
