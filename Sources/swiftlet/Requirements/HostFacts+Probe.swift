// SPDX-License-Identifier: Apache-2.0
import Glibc

extension HostFacts {
    /// Reads them from this machine. What cannot be read counts as missing.
    static func probe() -> HostFacts {
        var name = utsname()
        uname(&name)
        let release = withUnsafeBytes(of: &name.release) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        return HostFacts(
            isRoot: geteuid() == 0, kernelRelease: release,
            filesystems: Set(
                text("/proc/filesystems").split(separator: "\n").compactMap { $0.split(separator: "\t").last.map(String.init) }),
            namespaces: Set(["cgroup", "ipc", "mnt", "net", "pid", "uts"].filter { access("/proc/self/ns/\($0)", F_OK) == 0 }),
            cgroupControllers: cgroupControllers(mounts: text("/proc/self/mountinfo"), read: text),
            seccompActions: Set(text("/proc/sys/kernel/seccomp/actions_avail").split(whereSeparator: \.isWhitespace).map(String.init)))
    }

    /// Controllers of version 1 stand in the options of their mounts, those of version 2 in a file of the one mount.
    ///
    /// Source: proc_pid_mountinfo(5).
    package static func cgroupControllers(mounts: String, read: (String) -> String) -> Set<String> {
        var controllers: Set<String> = []
        for mount in mounts.split(separator: "\n") {
            guard let dash = mount.firstRange(of: " - ") else { continue }
            let tail = mount[dash.upperBound...].split(separator: " ")
            let head = mount[..<dash.lowerBound].split(separator: " ")
            if tail.first == "cgroup", let options = tail.last {
                controllers.formUnion(options.split(separator: ",").map(String.init))
            } else if tail.first == "cgroup2", head.count > 4 {
                controllers.formUnion(read("\(head[4])/cgroup.controllers").split(whereSeparator: \.isWhitespace).map(String.init))
            }
        }
        return controllers
    }

    static func text(_ path: String) -> String {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return "" }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var block = [UInt8](repeating: 0, count: 16 * 1024)
        while true {
            let count = Glibc.read(descriptor, &block, block.count)
            guard count > 0 else { return String(decoding: bytes, as: UTF8.self) }
            bytes += block[..<count]
        }
    }
}
