// SPDX-License-Identifier: Apache-2.0

import CGuest
import Glibc
import GuestProtocol

/// The machine under the agent: file systems, modules, and what it says of itself.
enum GuestSystem {
    /// Where loaders pin, a file system of its own so that it can be thrown away between objects.
    static let bpfFileSystem = "/sys/fs/bpf"

    /// Type information that the host has put there for a kernel without its own: CO-RE goes by it.
    static let externalBTF: String? = access("/btf/vmlinux", R_OK) == 0 ? "/btf/vmlinux" : nil

    /// Where the host puts kernel modules, named so that their order is the order to load them in.
    private static let moduleFolder = "/modules"

    /// What loading needs. `/proc` and `/dev` are there already: early_mounts.c.
    private static let mounts: [(type: String, target: String)] = [
        ("sysfs", "/sys"),
        ("tmpfs", "/tmp"),
        ("bpf", bpfFileSystem),
        ("tracefs", "/sys/kernel/tracing"),
        ("cgroup2", "/sys/fs/cgroup"),
    ]

    static func prepare() throws(AgentError) {
        for (type, target) in mounts {
            mkdir(target, 0o755)
            let error = guest_mount(type, target, type, nil)
            // tracefs and cgroup2 may be missing from a small kernel, and no verdict depends on them.
            guard error == 0 || type == "tracefs" || type == "cgroup2" else {
                throw .mountFailed(target: target, errno: error)
            }
        }
        for path in names(in: moduleFolder).map({ "\(moduleFolder)/\($0)" }) {
            let error = guest_load_module(path)
            guard error == 0 || error == EEXIST else { throw .moduleFailed(path: path, errno: error) }
        }
    }

    /// Throws away everything that was pinned: an object must not find another's maps.
    static func freshBPFFileSystem() {
        // Unmounting waits for every processor; few objects pin anything.
        guard !names(in: bpfFileSystem).isEmpty else { return }
        _ = guest_unmount(bpfFileSystem)
        _ = guest_mount("bpf", bpfFileSystem, "bpf", nil)
    }

    /// Sets what a guest that was saved has from another time: the clock, and what its random numbers come from.
    static func refresh(_ greeting: Greeting) {
        var time = timespec(tv_sec: Int(greeting.seconds), tv_nsec: Int(greeting.nanoseconds))
        let clockError = clock_settime(CLOCK_REALTIME, &time) == 0 ? 0 : errno
        let entropyError = guest_add_entropy(greeting.entropy, greeting.entropy.count)
        // No verdict depends on either; a kernel that refuses is worth a word for whoever reads the console.
        for (what, error) in [("set the clock", clockError), ("take new randomness", entropyError)] where error != 0 {
            Console.say("cannot \(what): \(String(cString: strerror(error)))")
        }
    }

    /// Who the agent is and what it runs on: found out once, since neither changes, and to open a file takes a restored
    /// guest milliseconds. Only the time is another each time.
    static func introduction() -> Ready {
        var ready = identity
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        ready.seconds = Int64(time.tv_sec)
        return ready
    }

    private static let identity: Ready = {
        var name = utsname()
        uname(&name)
        let release = withUnsafeBytes(of: &name.release) { bytes in
            String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
        let clockSource = firstLine("/sys/devices/system/clocksource/clocksource0/current_clocksource")
        return Ready(release: release, libbpfVersion: GUEST_LIBBPF_VERSION, clockSource: clockSource ?? "", seconds: 0)
    }()

    /// Waits for a child: its exit status, or the negative number of the signal; nil, with errno, where it can't be waited
    /// for.
    static func ending(of process: pid_t) -> Int32? {
        var status: Int32 = 0
        while waitpid(process, &status, 0) < 0 {
            guard errno == EINTR else { return nil }
        }
        let signal = status & 0x7f
        return signal == 0 ? (status >> 8) & 0xff : -signal
    }

    /// The kernel's taint flags (Documentation/admin-guide/tainted-kernels.rst); 0 where they can't be read.
    static var taint: UInt64 {
        firstLine("/proc/sys/kernel/tainted").flatMap { UInt64($0) } ?? 0
    }

    /// The names in a folder, sorted; empty where there is no such folder.
    static func names(in folder: String) -> [String] {
        guard let directory = opendir(folder) else { return [] }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    /// The first line of a small file, without its newline.
    static func firstLine(_ path: String) -> String? {
        let fd = open(path, O_RDONLY | O_CLOEXEC)
        guard fd >= 0 else { return nil }
        defer { close(fd) }
        var buffer = [UInt8](repeating: 0, count: 256)
        let count = read(fd, &buffer, buffer.count)
        guard count > 0 else { return nil }
        return String(decoding: buffer[..<count].prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
    }
}
