// SPDX-License-Identifier: Apache-2.0
import CLinux
import Glibc
import LinuxSystem

/// Where the kernel ends a process for want of memory, v2 ends all of its cgroup (`memory.oom.group`). v1 has no such word: it tells who listens, and the launcher
/// ends the rest, so that an instance is whole or gone. Source: cgroup-v1/memory.rst, "OOM Control".
extension InstanceCgroup {
    /// Becomes readable when the kernel is about to end a process here; nil on v2.
    func watchOutOfMemory() throws(SystemCallError) -> Descriptor.Box? {
        guard let branch = tree.branches.first(where: { !$0.isUnified && $0.controllers.contains(.memory) }) else { return nil }
        let control = Descriptor.Box(try openAt(branch.folder.number, "\(name)/memory.oom_control", flags: O_RDONLY))
        let number = try systemCall("eventfd") { eventfd(0, CInt(EFD_CLOEXEC) | CInt(EFD_NONBLOCK)) }
        let event = Descriptor.Box(Descriptor(owning: number))
        try writeText(branch.folder.number, "\(name)/cgroup.event_control", "\(event.number) \(control.number)")
        return event
    }
}
