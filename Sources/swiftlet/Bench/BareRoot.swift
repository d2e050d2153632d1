// SPDX-License-Identifier: Apache-2.0
import Glibc
import LinuxSystem
import Sandbox

/// Gives this thread the image's files as its root, its user, and a loopback of its own: what the program sees is what it sees as a function, but
/// it is paid once, before anything is measured.
enum BareRoot {
    /// Where the root is put together: a folder that every machine has, seen so by this thread's mount namespace only.
    private static let place = "/proc"

    static func enter(_ plan: BarePlan) throws {
        guard let top = plan.layers.last else { throw CommandFailure("the image has no layers") }
        try unshareNamespaces(Namespaces.mount | Namespaces.network)
        try mount("none", on: "/", type: nil, flags: UInt(MS_REC | MS_PRIVATE), data: nil)
        try bringLoopbackUp()
        // Relative names keep the options of a deep image within the one page that the kernel takes.
        guard chdir(plan.directory) == 0 else {
            throw CommandFailure("cannot enter \(plan.directory): \(String(cString: strerror(errno)))")
        }
        if plan.layers.count == 1 {
            try mount(top, on: place, type: nil, flags: UInt(MS_BIND), data: nil)
            try mount("none", on: place, type: nil, flags: UInt(MS_BIND | MS_REMOUNT | MS_RDONLY), data: nil)
        } else {
            // The options of an overlay name the highest first.
            let lowers = plan.layers.reversed().joined(separator: ":")
            try mount("overlay", on: place, type: "overlay", flags: UInt(MS_RDONLY), data: "lowerdir=\(lowers),userxattr")
        }
        try mountIfThere("\(place)/tmp", "tmpfs", type: "tmpfs", flags: MS_NOSUID | MS_NODEV)
        try mountIfThere("\(place)/dev", "/dev", type: nil, flags: MS_BIND)
        try mountIfThere("\(place)/proc", "proc", type: "proc", flags: MS_NOSUID | MS_NODEV | MS_NOEXEC)
        let user = try ImageUser(plan.user, passwd: file("\(place)/etc/passwd"), group: file("\(place)/etc/group"))
        guard chroot(place) == 0, chdir(plan.workingDirectory.isEmpty ? "/" : plan.workingDirectory) == 0 else {
            throw CommandFailure("cannot enter the image's directory '\(plan.workingDirectory)': \(String(cString: strerror(errno)))")
        }
        try OwnProcess.boundCapabilities(to: 0)
        guard setgroups(user.groups.count, user.groups) == 0, setgid(user.group) == 0, setuid(user.user) == 0 else {
            throw CommandFailure("cannot become user \(user.user):\(user.group): \(String(cString: strerror(errno)))")
        }
        try OwnProcess.refuseNewPrivileges()
    }

    private static func mountIfThere(_ target: String, _ source: String, type: String?, flags: Int) throws {
        if access(target, F_OK) == 0 { try mount(source, on: target, type: type, flags: UInt(flags), data: nil) }
    }

    private static func file(_ path: String) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return [] }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 1 << 20)
        return Array(bytes.prefix(max(0, read(descriptor, &bytes, bytes.count))))
    }
}
