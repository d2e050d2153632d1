// SPDX-License-Identifier: Apache-2.0

/// What `serve` needs of the machine. A pure function over what was read from it.
package enum HostRequirements {
    /// One thing that is missing, and how to get it.
    package struct Missing: Hashable, Sendable, CustomStringConvertible {
        package var what: String
        package var way: String

        package var description: String { "\(what): \(way)" }
    }

    /// Overlay roots that are shared, `openat2`, `close_range` and time-outs of seccomp's notification are all there from this one on.
    static let oldestKernel = (5, 11)
    static let namespaces = ["cgroup", "ipc", "mnt", "net", "pid", "uts"]
    static let controllers = ["cpu", "memory", "pids"]

    package static func missing(in facts: HostFacts) -> [Missing] {
        var missing: [Missing] = []
        func need(_ condition: Bool, _ what: String, _ way: String) {
            if !condition { missing.append(Missing(what: what, way: way)) }
        }
        need(
            facts.isRoot, "root",
            "start it with sudo; the host gives root up for everything that clients reach (running without root comes later)")
        need(
            isRecent(facts.kernelRelease), "Linux \(oldestKernel.0).\(oldestKernel.1) or newer",
            "this is \(facts.kernelRelease); Debian 12 and Ubuntu 22.04 have one that is new enough")
        need(facts.filesystems.contains("overlay"), "the overlay file system", "load it with `modprobe overlay`")
        let lacking = namespaces.filter { !facts.namespaces.contains($0) }
        need(
            lacking.isEmpty, "namespaces of kind \(lacking.joined(separator: ", "))",
            "the kernel was built without them; use your distribution's own kernel")
        for controller in controllers where !facts.cgroupControllers.contains(controller) {
            need(
                false, "the cgroup controller \(controller)",
                "mount cgroups (`mount -t cgroup2 none /sys/fs/cgroup`)"
                    + (controller == "memory" ? "; where the kernel was started with cgroup_disable=memory, start it without" : ""))
        }
        need(
            facts.seccompActions.contains("user_notif"), "seccomp with user notification",
            "the kernel was built without it; use your distribution's own kernel")
        return missing
    }

    static func isRecent(_ release: String) -> Bool {
        let numbers = release.split(whereSeparator: { !$0.isNumber }).prefix(2).compactMap { Int($0) }
        return numbers.count == 2 && (numbers[0], numbers[1]) >= oldestKernel
    }
}
