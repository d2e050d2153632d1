// SPDX-License-Identifier: Apache-2.0
import Glibc
import LinuxSystem
import Sandbox

/// Mounts that are made once and copied into every instance. They lie in the launcher's own mount namespace, below `run/trees`, and go with it.
final class HostTrees {
    private let devices: Descriptor
    private let empty: Descriptor
    let hidden: [HiddenPath]

    /// - Precondition: the working folder is `run`, and the mount namespace is the launcher's own.
    init() throws(SystemCallError) {
        try makeDirectory(currentDirectory, "trees", mode: 0o700)
        devices = try Self.makeDevices()
        empty = try Self.attach(
            try newMount("tmpfs", options: [.init("size", "4k"), .init("nr_inodes", "4"), .init("mode", "0755")], attributes: Self.quiet),
            as: "empty")
        try empty.restrict(.readOnly)
        hidden =
            Self.masked.compactMap { path in
                var status = stat()
                guard lstat(path, &status) == 0 else { return nil }
                return HiddenPath(path, status.st_mode & S_IFMT == S_IFDIR ? .maskFolder : .maskFile)
            } + Self.readOnly.map { HiddenPath($0, .readOnly) }
    }

    func cloneDevices() throws(SystemCallError) -> Descriptor { try cloneTree(devices.number, "") }
    func cloneEmptyFolder() throws(SystemCallError) -> Descriptor { try cloneTree(empty.number, "") }

    private static let quiet: MountAttributes = [.noSetuid, .noDevices, .noExecution]

    /// What other container engines hide and protect. `/proc/interrupts` and `/proc/keys` tell of other tenants.
    private static let masked = [
        "/proc/acpi", "/proc/asound", "/proc/interrupts", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/sched_debug",
        "/proc/scsi",
        "/proc/timer_list", "/proc/timer_stats",
    ]
    private static let readOnly = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"]

    /// The smallest `/dev` that programs expect. It is read-only: the nodes still work, but nobody can change or replace them.
    private static func makeDevices() throws(SystemCallError) -> Descriptor {
        let tree = try attach(
            try newMount(
                "tmpfs", options: [.init("size", "64k"), .init("nr_inodes", "64"), .init("mode", "0755")],
                attributes: [.noSetuid, .noExecution]),
            as: "devices")
        for (name, minor) in [("null", 3), ("zero", 5), ("full", 7), ("random", 8), ("urandom", 9)] {
            try makeCharacterDevice(tree.number, name, major: 1, minor: UInt32(minor))
        }
        try makeCharacterDevice(tree.number, "tty", major: 5, minor: 0)
        for (name, target) in [
            ("fd", "/proc/self/fd"), ("stdin", "/proc/self/fd/0"), ("stdout", "/proc/self/fd/1"), ("stderr", "/proc/self/fd/2"),
            ("ptmx", "pts/ptmx"),
        ] { try systemCall("symlinkat \(name)") { symlinkat(target, tree.number, name) } }
        try makeDirectory(tree.number, "pts", mode: 0o755)
        try makeDirectory(tree.number, "shm", mode: 0o1777)
        try tree.restrict(.readOnly)
        return tree
    }

    private static func attach(_ mount: consuming Descriptor, as name: String) throws(SystemCallError) -> Descriptor {
        try makeDirectory(currentDirectory, "trees/\(name)", mode: 0o700)
        try mount.attach(at: currentDirectory, "trees/\(name)")
        return mount
    }
}
