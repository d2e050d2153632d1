// SPDX-License-Identifier: Apache-2.0

/// What a machine has of the things that the sandbox stands on, as read from it.
package struct HostFacts: Sendable {
    package var isRoot: Bool
    /// As `uname -r` says it, for example `6.1.0-18-amd64`.
    package var kernelRelease: String
    /// From /proc/filesystems.
    package var filesystems: Set<String>
    /// The names in /proc/self/ns.
    package var namespaces: Set<String>
    /// Controllers that are mounted, of either version.
    package var cgroupControllers: Set<String>
    /// From /proc/sys/kernel/seccomp/actions_avail.
    package var seccompActions: Set<String>

    package init(
        isRoot: Bool, kernelRelease: String, filesystems: Set<String>, namespaces: Set<String>, cgroupControllers: Set<String>,
        seccompActions: Set<String>
    ) {
        self.isRoot = isRoot
        self.kernelRelease = kernelRelease
        self.filesystems = filesystems
        self.namespaces = namespaces
        self.cgroupControllers = cgroupControllers
        self.seccompActions = seccompActions
    }
}
